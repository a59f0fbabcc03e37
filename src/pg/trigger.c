/*
 * src/pg/trigger.c
 *		Facts about the triggers of a relation.
 *
 * Those of constraints that PostgreSQL keeps itself are left out.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "pg/trigger.h"

/* The attribute of the row as a C string; NULL for SQL NULL. */
static char *
text_of(HeapTuple tuple, int attribute, TupleDesc desc)
{
	bool isnull;
	Datum value = heap_getattr(tuple, attribute, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static char *
name_of(HeapTuple tuple, int attribute, TupleDesc desc)
{
	bool isnull;
	Datum value = heap_getattr(tuple, attribute, desc, &isnull);

	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

/* The only argument: tgargs holds each with a zero byte after it. */
static char *
argument_of(HeapTuple tuple, TupleDesc desc)
{
	bool isnull;
	bytea *arguments;

	if (((Form_pg_trigger) GETSTRUCT(tuple))->tgnargs != 1)
		return NULL;
	arguments = DatumGetByteaPP(heap_getattr(tuple, Anum_pg_trigger_tgargs, desc, &isnull));
	return pnstrdup(VARDATA_ANY(arguments), VARSIZE_ANY_EXHDR(arguments));
}

/* The relation's own triggers (TaTriggerFact), by name. */
List *
ta_rel_triggers(Oid relid)
{
	Relation catalog = table_open(TriggerRelationId, AccessShareLock);
	List *facts = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		TupleDesc desc = RelationGetDescr(catalog);
		TaTriggerFact *fact;
		char *when;

		if (form->tgisinternal)
			continue;
		fact = palloc0(sizeof(TaTriggerFact));
		fact->relid = relid;
		fact->name = pstrdup(NameStr(form->tgname));
		fact->function = form->tgfoid;
		fact->type = form->tgtype;
		fact->enabled = form->tgenabled;
		fact->constraint = OidIsValid(form->tgconstraint);
		fact->deferrable = form->tgdeferrable;
		fact->deferred = form->tginitdeferred;
		fact->cloned = OidIsValid(form->tgparentid);
		fact->argument = argument_of(tuple, desc);
		fact->old_table = name_of(tuple, Anum_pg_trigger_tgoldtable, desc);
		fact->new_table = name_of(tuple, Anum_pg_trigger_tgnewtable, desc);
		when = text_of(tuple, Anum_pg_trigger_tgqual, desc);
		if (when != NULL)
			fact->when = stringToNode(when);
		facts = lappend(facts, fact);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return facts;
}

/* Whether native keys refer to the relation, of this table or another, so that it has the triggers of their actions. */
bool
ta_rel_is_native_parent(Oid relid)
{
	Relation catalog = table_open(TriggerRelationId, AccessShareLock);
	bool found = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		found = form->tgisinternal && RI_FKey_trigger_type(form->tgfoid) == RI_TRIGGER_PK;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* The one expression of "SELECT expression". */
static Node *
parse_expression(const char *sql)
{
	List *statements = raw_parser(psprintf("SELECT %s", sql), RAW_PARSE_DEFAULT);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);

	return linitial_node(ResTarget, select->targetList)->val;
}

/* OLD or NEW, as CREATE TRIGGER gives them to the condition. */
static void
add_row(ParseState *pstate, Relation rel, const char *alias)
{
	ParseNamespaceItem *item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
															 makeAlias(alias, NIL), false, false);

	addNSItemToQuery(pstate, item, false, true, true);
}

/*
 * A trigger's condition as the catalog would hold it, for comparison by
 * equal().  Operators without a schema are pg_catalog's.
 */
Node *
ta_trigger_condition(Oid relid, const char *sql)
{
	Relation rel = table_open(relid, AccessShareLock);
	ParseState *pstate = make_parsestate(NULL);
	int nest = NewGUCNestLevel();
	Node *condition;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	add_row(pstate, rel, "old");
	add_row(pstate, rel, "new");
	condition = transformWhereClause(pstate, parse_expression(sql), EXPR_KIND_TRIGGER_WHEN, "WHEN");
	assign_expr_collations(pstate, condition);
	free_parsestate(pstate);
	AtEOXact_GUC(true, nest);
	table_close(rel, AccessShareLock);
	return condition;
}
