/*
 * src/schema/trigger.c
 *		The triggers by which a reference is enforced.
 *
 * What a row of assoc_internal.enforced needs on which table, whether it is
 * there, and how it is made and dropped: always as the owner of the table that
 * has the trigger.  Their names and their argument hold no name of a table or
 * column, so no rename touches them.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/level.h"
#include "schema/run.h"
#include "schema/trigger.h"

/* A trigger as it shall be. */
typedef struct Wanted
{
	Oid relid;
	char *name;
	const char *function; /* in assoc_internal */
	int16 type; /* bits TRIGGER_TYPE_* */
	bool constraint;
	const char *deferral; /* as ta_deferral_text writes it */
	const char *reference; /* its argument; NULL: it serves all references of the table */
	char *when; /* NULL: always */
	bool old_rows; /* REFERENCING OLD TABLE */
	bool new_rows;
	bool always; /* fires under every session_replication_role */
} Wanted;

#define AFTER_ROW TRIGGER_TYPE_ROW
#define AFTER_STATEMENT 0
#define OLD_ROWS "old_rows"
#define NEW_ROWS "new_rows"

static const char *const functions[] = {"check_reference",  "check_statement", "parent_deleted",
										"parent_updated",   "parent_ended",    "parent_moved",
										"parent_truncated", "parent_ending"};

/* ---- which tables ---- */

/*
 * The table, first, and its partitions.  Tables that inherit from it are part of
 * it only if it is a parent whose heirs count: else, as for a native key, their
 * rows neither refer nor are referred to.
 */
static List *
tree_of(Oid relid, bool heirs)
{
	if (!OidIsValid(relid))
		return NIL;
	return heirs || get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE
			   ? find_all_inheritors(relid, NoLock, NULL)
			   : list_make1_oid(relid);
}

static Oid
child_of(const TaEnforced *row)
{
	return ta_rel_lookup(row->child_schema, row->child_table);
}

static Oid
parent_of(const TaEnforcedTarget *target)
{
	return ta_rel_lookup(target->schema, target->table);
}

/* The tables (OIDs, each once) that may have triggers of the reference: child, parents, and what is below those. */
List *
ta_triggers_relations(const TaEnforced *row)
{
	List *relations = list_concat_unique_oid(NIL, tree_of(child_of(row), false));
	ListCell *lc;

	foreach(lc, row->targets)
	{
		const TaEnforcedTarget *target = lfirst(lc);

		relations = list_concat_unique_oid(relations, tree_of(parent_of(target), target->heirs));
	}
	return relations;
}

/* ---- conditions ---- */

/* Whether values of the type that are equal are the same bytes. */
static bool
is_bytewise(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case NAMEOID:
		case TEXTOID:
		case VARCHAROID:
		case BYTEAOID:
		case UUIDOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case MACADDROID:
		case CASHOID:
			return true;
		default:
			return false;
	}
}

/*
 * OLD."userId" IS DISTINCT FROM NEW."userId", where PostgreSQL's own equality
 * tells a change; else whether the bytes differ, which calls nobody's code.
 * bytewise: values that are equal and not the same count as changed.
 */
static char *
changed_sql(Oid relid, const char *name, bool bytewise)
{
	TaColumn *column = ta_rel_column(relid, name);
	char *quoted = ta_ident_quote(name);
	Oid type;

	if (column == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("column %s of %s does not exist", quoted, ta_rel_shown(relid))));
	type = getBaseType(column->type);
	if (type < FirstNormalObjectId && OidIsValid(ta_key_operator(type, type)) &&
		(!bytewise || is_bytewise(type)) &&
		(!OidIsValid(column->collation) || get_collation_isdeterministic(column->collation)))
		return psprintf("OLD.%s IS DISTINCT FROM NEW.%s", quoted, quoted);
	return psprintf("pg_catalog.record_image_ne(ROW(OLD.%s), ROW(NEW.%s))", quoted, quoted);
}

static char *
any_changed_sql(Oid relid, List *columns, bool bytewise)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, columns)
		tests = lappend(tests, changed_sql(relid, lfirst(lc), bytewise));
	return ta_err_join(tests, " OR ");
}

/*
 * NEW."tenant" IS DISTINCT FROM NULL AND .., or, for any column, with OR.  IS NOT
 * NULL would be another question of a column of a row type: whether its fields are.
 */
static char *
not_null_sql(const char *row, List *columns, bool any)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, columns)
		tests = lappend(tests,
						psprintf("%s.%s IS DISTINCT FROM NULL", row, ta_ident_quote(lfirst(lc))));
	return ta_err_join(tests, any ? " OR " : " AND ");
}

static int
compare_columns(const ListCell *a, const ListCell *b)
{
	AttrNumber left = ((TaColumn *) lfirst(a))->attnum;
	AttrNumber right = ((TaColumn *) lfirst(b))->attnum;

	return (left > right) - (left < right);
}

/* The columns that a scope or condition names, in the table's order, which no rename changes. */
static List *
scope_columns(const char *scope, Oid relid)
{
	List *columns = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_scope_columns(scope))
	{
		TaColumn *column = ta_rel_column(relid, lfirst(lc));

		if (column == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("column %s of %s does not exist", ta_ident_quote(lfirst(lc)),
								   ta_rel_shown(relid))));
		columns = lappend(columns, column);
	}
	list_sort(columns, compare_columns);
	foreach(lc, columns)
		names = lappend(names, ((TaColumn *) lfirst(lc))->name);
	return names;
}

/*
 * When an UPDATE of the child must be checked: when it refers to anything, and
 * what the check looks at changed, or the row is this transaction's, for its
 * first check is left to the version that is live then.
 *
 *		(NEW."userId" IS DISTINCT FROM NULL) AND (OLD."userId" IS DISTINCT FROM NEW."userId"
 *			OR assoc_internal.by_this_transaction(OLD.xmin))
 *
 * As for a native key, an event that is not needed is not queued: one that is
 * deferred would hold the table until the end of the transaction.  Where rows
 * may move between partitions the second part is missing, for core evaluates
 * the condition for the root, too, whose OLD row then has no xmin; the check
 * looks for itself.
 */
static char *
child_condition(const TaEnforced *row, Oid child)
{
	List *columns = list_copy(row->columns);
	char *refers;

	if (row->type_column != NULL)
		columns = lappend(columns, row->type_column);
	refers = not_null_sql("NEW", columns, row->match_full || row->type_column != NULL);
	if (get_rel_relkind(child) == RELKIND_PARTITIONED_TABLE)
		return refers;
	if (row->condition != NULL)
		columns = list_concat(columns, scope_columns(row->condition, child));
	if (row->child_soft_delete != NULL)
		columns = lappend(columns, row->child_soft_delete);
	return psprintf("(%s) AND (%s OR assoc_internal.by_this_transaction(OLD.xmin))", refers,
					any_changed_sql(child, columns, false));
}

/* The columns by which the target's rows come to be referred to, or not any more, under the same key. */
static List *
life_columns(const TaEnforcedTarget *target, Oid parent)
{
	List *columns = target->scope != NULL ? scope_columns(target->scope, parent) : NIL;

	return target->soft_delete != NULL ? lappend(columns, target->soft_delete) : columns;
}

/*
 * When an UPDATE of a parent must be looked at, for a new key, for a life that
 * ends or begins, or for either: nothing refers to a key with a null in it.  Two
 * types may say one table: then by what either of them asks.  NULL: never.
 *
 *		OLD.id IS DISTINCT FROM NULL AND (OLD.id IS DISTINCT FROM NEW.id OR
 *			OLD."deletedAt" IS DISTINCT FROM NEW."deletedAt")
 */
static char *
parent_condition(const TaEnforced *row, Oid parent, bool of_key, bool of_life)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, row->targets)
	{
		const TaEnforcedTarget *target = lfirst(lc);
		List *changed = NIL;
		List *life;
		char *test;

		if (parent_of(target) != parent)
			continue;
		life = of_life ? life_columns(target, parent) : NIL;
		if (of_key)
			changed = lappend(changed, any_changed_sql(parent, target->key, true));
		if (life != NIL)
			changed = lappend(changed, any_changed_sql(parent, life, false));
		if (changed == NIL)
			continue;
		test = psprintf("%s AND (%s)", not_null_sql("OLD", target->key, false),
						ta_err_join(changed, " OR "));
		if (!ta_ident_list_has(tests, test))
			tests = lappend(tests, test);
	}
	return tests != NIL ? ta_err_join(tests, " OR ") : NULL;
}

/*
 * When a row of the parent must be locked before it is updated; NULL: a child's
 * lock stands in the way of all that counts.  KEY SHARE does not, where no
 * unique index is on the key.
 */
static char *
ending_condition(const TaEnforced *row, Oid parent)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, row->targets)
	{
		const TaEnforcedTarget *target = lfirst(lc);
		List *columns = life_columns(target, parent);
		char *test;

		if (parent_of(target) != parent)
			continue;
		if (columns != NIL)
		{
			test = any_changed_sql(parent, columns, false);
			if (!ta_ident_list_has(tests, test))
				tests = lappend(tests, test);
		}
		if (target->heirs || !OidIsValid(ta_rel_key_index(parent, target->key)))
		{
			test = any_changed_sql(parent, target->key, true);
			if (!ta_ident_list_has(tests, test))
				tests = lappend(tests, test);
		}
	}
	return tests != NIL ? ta_err_join(tests, " OR ") : NULL;
}

/* ---- what a row needs ---- */

static TaTriggerFact *
find(List *facts, const char *name)
{
	ListCell *lc;

	foreach(lc, facts)
	{
		TaTriggerFact *fact = lfirst(lc);

		if (strcmp(fact->name, name) == 0)
			return fact;
	}
	return NULL;
}

static Wanted *
add(List **wanted, Oid relid, TaTriggerKind kind, const TaEnforced *row, const char *function,
	int16 type)
{
	Wanted *trigger = palloc0(sizeof(Wanted));

	trigger->relid = relid;
	trigger->name = ta_trigger_name(kind, row->reference);
	trigger->function = function;
	trigger->type = type;
	trigger->deferral = "none";
	trigger->reference = row->reference;
	*wanted = lappend(*wanted, trigger);
	return trigger;
}

static void
add_of_child(List **wanted, const TaEnforced *row, Oid child)
{
	bool statement = strcmp(row->mode, "statement") == 0;
	Wanted *trigger = add(wanted, child, TA_TRIGGER_CHECK_INSERT, row,
						  statement ? "check_statement" : "check_reference",
						  (statement ? AFTER_STATEMENT : AFTER_ROW) | TRIGGER_TYPE_INSERT);

	trigger->constraint = !statement;
	trigger->new_rows = statement;
	trigger->deferral = row->deferral;
	/* also where inserts are checked once a statement: most updates change no key, which a condition tells, and a table of all rows does not */
	trigger = add(wanted, child, TA_TRIGGER_CHECK_UPDATE, row, "check_reference",
				  AFTER_ROW | TRIGGER_TYPE_UPDATE);
	trigger->constraint = true;
	trigger->deferral = row->deferral;
	trigger->when = child_condition(row, child);
}

/* Only NO ACTION waits for the end of the transaction: an action is taken at once. */
static const char *
action_deferral(const TaEnforced *row, const char *action)
{
	return ta_action_parse(action).code == FKCONSTR_ACTION_NOACTION ? row->deferral : "none";
}

/*
 * What happens to a parent's rows by an UPDATE.  A row that goes to another
 * partition fires the trigger for DELETE; and what ends its life is to its
 * children what its DELETE is.  Each has a trigger of its own where the two come
 * at different moments.
 */
static void
add_of_updates(List **wanted, const TaEnforced *row, Oid parent)
{
	const char *deleted = action_deferral(row, row->on_delete);
	const char *updated = action_deferral(row, row->on_update);
	char *ended = strcmp(deleted, updated) != 0 ? parent_condition(row, parent, false, true) : NULL;
	Wanted *trigger = add(wanted, parent, TA_TRIGGER_UPDATED, row, "parent_updated",
						  AFTER_ROW | TRIGGER_TYPE_UPDATE);

	trigger->constraint = true;
	trigger->deferral = updated;
	trigger->when = parent_condition(row, parent, true, ended == NULL);
	if (ended != NULL)
	{
		trigger = add(wanted, parent, TA_TRIGGER_ENDED, row, "parent_ended",
					  AFTER_ROW | TRIGGER_TYPE_UPDATE);
		trigger->constraint = true;
		trigger->deferral = deleted;
		trigger->when = ended;
	}
	if (strcmp(deleted, updated) != 0 && get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE)
	{
		trigger = add(wanted, parent, TA_TRIGGER_MOVED, row, "parent_moved",
					  AFTER_ROW | TRIGGER_TYPE_DELETE);
		trigger->constraint = true;
		trigger->deferral = updated;
	}
}

/*
 * AFTER DELETE of a parent's rows.  Of each row it is a constraint trigger, for
 * that may be deferred.  In mode trigger, one for the statement comes with one
 * that never fires, and for which PostgreSQL keeps the table from becoming
 * part of another, by whose name its rows could be deleted:
 *
 *		CREATE TRIGGER "RI_assoc_aw_0123456789abcdef" AFTER DELETE ON s."Users"
 *		REFERENCING OLD TABLE AS old_rows FOR EACH ROW WHEN (false) ...
 */
static void
add_deleted(List **wanted, const TaEnforced *row, Oid parent, bool statement)
{
	Wanted *trigger = add(wanted, parent, TA_TRIGGER_DELETED, row, "parent_deleted",
						  (statement ? AFTER_STATEMENT : AFTER_ROW) | TRIGGER_TYPE_DELETE);

	trigger->constraint = !statement;
	trigger->old_rows = statement;
	trigger->deferral = statement ? "none" : action_deferral(row, row->on_delete);
	if (!statement || strcmp(row->mode, "statement") == 0)
		return;
	trigger = add(wanted, parent, TA_TRIGGER_WHOLE, row, "parent_deleted",
				  AFTER_ROW | TRIGGER_TYPE_DELETE);
	trigger->old_rows = true;
	trigger->when = pstrdup("false");
}

/* Whether the parent has the reference's trigger for DELETE, and it is one of each row. */
static bool
acts_on_each_row(const TaEnforced *row, Oid parent)
{
	TaTriggerFact *fact =
		find(ta_rel_triggers(parent), ta_trigger_name(TA_TRIGGER_DELETED, row->reference));

	return fact != NULL && (fact->type & TRIGGER_TYPE_ROW) != 0;
}

/*
 * A parent, and its partitions, which get row triggers by themselves, and nothing else.
 *
 * Updates stay with the rows: most change no key, which a condition tells
 * without keeping every row of the statement twice, and what changes one is
 * followed row by row.
 */
static void
add_of_parent(List **wanted, const TaEnforced *row, Oid parent, bool keep_rows)
{
	char *ending = ending_condition(row, parent);
	bool statement = ta_level_is_statement(row, parent);
	ListCell *lc;

	/* where one for the statement would do, one for each row does as well */
	if (keep_rows && statement && strcmp(row->mode, "trigger") == 0)
		statement = !acts_on_each_row(row, parent);
	add_deleted(wanted, row, parent, statement);
	add_of_updates(wanted, row, parent);
	if (ending != NULL)
		add(wanted, parent, TA_TRIGGER_ENDING, row, "parent_ending",
			TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_ROW | TRIGGER_TYPE_UPDATE)
			->when = ending;
	foreach(lc, tree_of(parent, false))
		(void) add(wanted, lfirst_oid(lc), TA_TRIGGER_TRUNCATED, row, "parent_truncated",
				   AFTER_STATEMENT | TRIGGER_TYPE_TRUNCATE);
	if (ta_rel_is_plain_table(parent))
	{
		Wanted *forget = add(wanted, parent, TA_TRIGGER_FORGET, row, "forget_parents",
							 TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_UPDATE |
								 TRIGGER_TYPE_TRUNCATE);

		forget->reference = NULL;
		forget->always = true;
	}
}

/* Whether rows of the tables that inherit from the parent may be referred to. */
static bool
has_heirs(const TaEnforced *row, Oid parent)
{
	ListCell *lc;

	foreach(lc, row->targets)
	{
		const TaEnforcedTarget *target = lfirst(lc);

		if (target->heirs && parent_of(target) == parent)
			return true;
	}
	return false;
}

/* Heirs get no trigger by themselves: each the ones of its own rows that the parent has (of_parent). */
static void
add_of_heirs(List **wanted, const TaEnforced *row, Oid parent, List *of_parent)
{
	List *heirs = has_heirs(row, parent) ? list_delete_first(tree_of(parent, true)) : NIL;
	ListCell *lc;

	foreach(lc, heirs)
	{
		ListCell *lw;

		foreach(lw, of_parent)
		{
			Wanted *trigger;

			if (((Wanted *) lfirst(lw))->reference == NULL)
				continue;
			trigger = palloc(sizeof(Wanted));
			*trigger = *(Wanted *) lfirst(lw);
			trigger->relid = lfirst_oid(lc);
			*wanted = lappend(*wanted, trigger);
		}
	}
}

/*
 * The triggers (Wanted) that the row needs on the tables that are there.
 * keep_rows: a parent's trigger of each row stays where one for the statement
 * would do.
 */
static List *
wanted_triggers(const TaEnforced *row, bool keep_rows)
{
	List *wanted = NIL;
	List *parents = NIL;
	Oid child = child_of(row);
	ListCell *lc;

	if (OidIsValid(child))
		add_of_child(&wanted, row, child);
	foreach(lc, row->targets)
	{
		Oid parent = parent_of(lfirst(lc));
		List *of_parent = NIL;

		/* two types may say one table */
		if (!OidIsValid(parent) || list_member_oid(parents, parent))
			continue;
		parents = lappend_oid(parents, parent);
		add_of_parent(&of_parent, row, parent, keep_rows);
		add_of_heirs(&wanted, row, parent, of_parent);
		wanted = list_concat(wanted, of_parent);
	}
	return wanted;
}

/* ---- what is there ---- */

/* The function of this name in assoc_internal; InvalidOid: this version has none. */
static Oid
function_oid(const char *name)
{
	return LookupFuncName(list_make2(makeString("assoc_internal"), makeString(pstrdup(name))), 0,
						  NULL, true);
}

/* Whether the trigger is one of the reference's, whatever its name. */
static bool
is_of(const TaTriggerFact *fact, const char *reference)
{
	if (!ta_ident_same(fact->argument, reference))
		return false;
	for (int i = 0; i < lengthof(functions); i++)
	{
		if (fact->function == function_oid(functions[i]))
			return true;
	}
	return false;
}

static bool
is_as_wanted(const TaTriggerFact *fact, const Wanted *wanted)
{
	return fact->function == function_oid(wanted->function) && fact->type == wanted->type &&
		   ta_ident_same(fact->argument, wanted->reference) &&
		   fact->constraint == wanted->constraint &&
		   strcmp(ta_deferral_text(fact->deferrable, fact->deferred), wanted->deferral) == 0 &&
		   ta_ident_same(fact->old_table, wanted->old_rows ? OLD_ROWS : NULL) &&
		   ta_ident_same(fact->new_table, wanted->new_rows ? NEW_ROWS : NULL) &&
		   (wanted->when == NULL
				? fact->when == NULL
				: fact->when != NULL &&
					  equal(fact->when, ta_trigger_condition(wanted->relid, wanted->when)));
}

/* Whether it fires in an ordinary session, and where it must, in every one. */
static bool
is_enabled(const TaTriggerFact *fact, const Wanted *wanted)
{
	if (wanted->always)
		return fact->enabled == TRIGGER_FIRES_ALWAYS;
	return fact->enabled == TRIGGER_FIRES_ON_ORIGIN || fact->enabled == TRIGGER_FIRES_ALWAYS;
}

/*
 * Sets the triggers that the row needs against those there are.  missing and
 * altered get words (of char *), disabled gets facts (TaTriggerFact); what
 * PostgreSQL made for a partition is as that of the whole.
 */
void
ta_triggers_compare(const TaEnforced *row, List **missing, List **altered, List **disabled)
{
	List *facts = NIL;
	Oid facts_of = InvalidOid;
	ListCell *lc;

	*missing = *altered = *disabled = NIL;
	foreach(lc, wanted_triggers(row, true))
	{
		Wanted *wanted = lfirst(lc);
		TaTriggerFact *fact;
		char *shown;

		if (facts_of != wanted->relid)
		{
			facts_of = wanted->relid;
			facts = ta_rel_triggers(facts_of);
		}
		fact = find(facts, wanted->name);
		shown =
			psprintf("trigger %s of %s", ta_ident_quote(wanted->name), ta_rel_shown(wanted->relid));
		if (fact == NULL)
			*missing = lappend(*missing, psprintf("%s is missing", shown));
		else if (!is_as_wanted(fact, wanted))
			*altered = lappend(*altered, psprintf("%s is not as it was made", shown));
		else if (!is_enabled(fact, wanted))
			*disabled = lappend(*disabled, fact);
	}
}

/* Whether the parent's side acts when a key goes. */
bool
ta_triggers_on_parent(const TaEnforced *row, Oid parent)
{
	return find(ta_rel_triggers(parent), ta_trigger_name(TA_TRIGGER_DELETED, row->reference)) !=
		   NULL;
}

/* ALTER TABLE s."Todos" ENABLE TRIGGER "RI_assoc_c_0123456789abcdef"; of the one that all sessions need, ALWAYS */
char *
ta_trigger_enable_sql(const TaTriggerFact *fact)
{
	bool always = strcmp(fact->name, ta_trigger_name(TA_TRIGGER_FORGET, "")) == 0;

	return psprintf("ALTER TABLE %s ENABLE %sTRIGGER %s", ta_rel_qualified(fact->relid),
					always ? "ALWAYS " : "", ta_ident_quote(fact->name));
}

/* ---- making and dropping ---- */

/*
 * CREATE CONSTRAINT TRIGGER "RI_assoc_c_0123456789abcdef" AFTER INSERT ON s."Todos"
 * DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (...)
 * EXECUTE FUNCTION assoc_internal.check_reference('Todos_userId')
 */
static char *
create_sql(const Wanted *wanted)
{
	StringInfoData buf;
	List *events = NIL;

	if (wanted->type & TRIGGER_TYPE_INSERT)
		events = lappend(events, "INSERT");
	if (wanted->type & TRIGGER_TYPE_DELETE)
		events = lappend(events, "DELETE");
	if (wanted->type & TRIGGER_TYPE_UPDATE)
		events = lappend(events, "UPDATE");
	if (wanted->type & TRIGGER_TYPE_TRUNCATE)
		events = lappend(events, "TRUNCATE");
	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE %sTRIGGER %s %s %s ON %s",
					 wanted->constraint ? "CONSTRAINT " : "", ta_ident_quote(wanted->name),
					 wanted->type & TRIGGER_TYPE_BEFORE ? "BEFORE" : "AFTER",
					 ta_err_join(events, " OR "), ta_rel_qualified(wanted->relid));
	if (strcmp(wanted->deferral, "none") != 0)
		appendStringInfo(&buf, " DEFERRABLE INITIALLY %s",
						 strcmp(wanted->deferral, "deferred") == 0 ? "DEFERRED" : "IMMEDIATE");
	if (wanted->old_rows || wanted->new_rows)
		appendStringInfo(&buf, " REFERENCING%s%s",
						 wanted->old_rows ? " OLD TABLE AS " OLD_ROWS : "",
						 wanted->new_rows ? " NEW TABLE AS " NEW_ROWS : "");
	appendStringInfo(&buf, " FOR EACH %s", wanted->type & TRIGGER_TYPE_ROW ? "ROW" : "STATEMENT");
	if (wanted->when != NULL)
		appendStringInfo(&buf, " WHEN (%s)", wanted->when);
	appendStringInfo(&buf, " EXECUTE FUNCTION assoc_internal.%s(%s)", wanted->function,
					 wanted->reference != NULL ? quote_literal_cstr(wanted->reference) : "");
	return buf.data;
}

/* Runs DDL as the table's owner; operators without a schema are pg_catalog's. */
static void
run_as_owner(Oid relid, const char *sql, const char *declarer)
{
	int nest = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	ta_run_ddl_as(sql, declarer, ta_rel_owner(relid));
	AtEOXact_GUC(true, nest);
}

static void
drop_trigger(Oid relid, const char *name, const char *declarer)
{
	run_as_owner(relid,
				 psprintf("DROP TRIGGER %s ON %s", ta_ident_quote(name), ta_rel_qualified(relid)),
				 declarer);
}

/* Drops those of the reference's triggers on the table that are not wanted as they are. */
static void
drop_others(Oid relid, const TaEnforced *row, List *wanted)
{
	ListCell *lc;

	foreach(lc, ta_rel_triggers(relid))
	{
		TaTriggerFact *fact = lfirst(lc);
		bool keep = false;
		ListCell *lw;

		/* those of a partition go with those of the whole */
		if (fact->cloned || !is_of(fact, row->reference))
			continue;
		foreach(lw, wanted)
		{
			Wanted *trigger = lfirst(lw);

			keep = keep || (trigger->relid == relid && strcmp(trigger->name, fact->name) == 0 &&
							is_as_wanted(fact, trigger) && is_enabled(fact, trigger));
		}
		if (!keep)
			drop_trigger(relid, fact->name, row->declarer);
	}
}

/* Makes one trigger unless it is there; one for all references that is not as it should be is made anew. */
static void
make_trigger(const Wanted *wanted, const TaEnforced *row)
{
	TaTriggerFact *fact = find(ta_rel_triggers(wanted->relid), wanted->name);

	if (fact != NULL && is_as_wanted(fact, wanted) && is_enabled(fact, wanted))
		return;
	if (fact != NULL)
		drop_trigger(wanted->relid, wanted->name, row->declarer);
	run_as_owner(wanted->relid, create_sql(wanted), row->declarer);
	if (wanted->always)
		run_as_owner(wanted->relid,
					 psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s",
							  ta_rel_qualified(wanted->relid), ta_ident_quote(wanted->name)),
					 row->declarer);
}

/*
 * Makes the triggers that the row needs, as the owners of their tables, in the
 * place of any others of the reference.  The caller has the locks, and has
 * asked for the rights.
 */
void
ta_triggers_make(const TaEnforced *row)
{
	List *wanted = wanted_triggers(row, false);
	ListCell *lc;

	foreach(lc, ta_triggers_relations(row))
		drop_others(lfirst_oid(lc), row, wanted);
	foreach(lc, wanted)
		make_trigger(lfirst(lc), row);
}

/* Whether the table is a parent in another row than the reference's. */
static bool
is_parent_elsewhere(Oid relid, const char *reference)
{
	ListCell *lc;

	foreach(lc, ta_enforced_of_table(ta_rel_schema(relid), ta_rel_name(relid)))
	{
		TaEnforced *row = lfirst(lc);
		ListCell *lt;

		foreach(lt, row->targets)
		{
			if (strcmp(row->reference, reference) != 0 && parent_of(lfirst(lt)) == relid)
				return true;
		}
	}
	return false;
}

/* Drops the triggers that one table has for the reference, and what it needs for no other. */
void
ta_triggers_drop_on(Oid relid, const TaEnforced *row)
{
	drop_others(relid, row, NIL);
	if (!is_parent_elsewhere(relid, row->reference) &&
		find(ta_rel_triggers(relid), ta_trigger_name(TA_TRIGGER_FORGET, "")) != NULL)
		drop_trigger(relid, ta_trigger_name(TA_TRIGGER_FORGET, ""), row->declarer);
}

/* Drops all triggers of the row's reference, which nothing is said of any more; others of their tables may gain by it. */
void
ta_triggers_drop(const TaEnforced *row)
{
	ListCell *lc;

	foreach(lc, ta_triggers_relations(row))
		ta_triggers_drop_on(lfirst_oid(lc), row);
	foreach(lc, ta_triggers_relations(row))
		ta_triggers_settle(lfirst_oid(lc));
}

/* Drops those on tables that another row of the same reference does not speak of. */
void
ta_triggers_drop_elsewhere(const TaEnforced *old, const TaEnforced *row)
{
	List *stay = ta_triggers_relations(row);
	ListCell *lc;

	foreach(lc, ta_triggers_relations(old))
	{
		if (!list_member_oid(stay, lfirst_oid(lc)))
			ta_triggers_drop_on(lfirst_oid(lc), old);
	}
}

/*
 * Drops those of a table, and of what is below it, whose condition names
 * columns: they would keep the columns from being given another type.
 * ta_triggers_restore brings them back.
 */
void
ta_triggers_drop_conditions(const TaEnforced *row, Oid relid)
{
	ListCell *lc;

	foreach(lc, tree_of(relid, true))
	{
		ListCell *lf;

		foreach(lf, ta_rel_triggers(lfirst_oid(lc)))
		{
			TaTriggerFact *fact = lfirst(lf);

			if (!fact->cloned && fact->when != NULL && is_of(fact, row->reference))
				drop_trigger(lfirst_oid(lc), fact->name, row->declarer);
		}
	}
}

/* Makes the triggers that are not there, and leaves those alone that are. */
void
ta_triggers_restore(const TaEnforced *row)
{
	ListCell *lc;

	foreach(lc, wanted_triggers(row, true))
	{
		Wanted *wanted = lfirst(lc);

		if (find(ta_rel_triggers(wanted->relid), wanted->name) == NULL)
			make_trigger(wanted, row);
	}
}

/* ---- a parent's trigger for DELETE: of each row, or of the statement ---- */

/* Whether a reference in mode trigger acts on the parent's rows once a statement. */
static bool
acts_on_statement(const TaEnforced *row, Oid parent)
{
	TaTriggerFact *fact =
		find(ta_rel_triggers(parent), ta_trigger_name(TA_TRIGGER_DELETED, row->reference));

	return strcmp(row->mode, "trigger") == 0 && fact != NULL && is_of(fact, row->reference) &&
		   !(fact->type & TRIGGER_TYPE_ROW);
}

/* ALTER TABLE s."Users" DISABLE TRIGGER "RI_assoc_a_0123456789abcdef", if that is how it was */
static void
switch_as(const TaTriggerFact *was, const TaEnforced *row)
{
	const char *how = was->enabled == TRIGGER_DISABLED           ? "DISABLE"
					  : was->enabled == TRIGGER_FIRES_ALWAYS     ? "ENABLE ALWAYS"
					  : was->enabled == TRIGGER_FIRES_ON_REPLICA ? "ENABLE REPLICA"
																 : NULL;

	if (how != NULL)
		run_as_owner(was->relid,
					 psprintf("ALTER TABLE %s %s TRIGGER %s", ta_rel_qualified(was->relid), how,
							  ta_ident_quote(was->name)),
					 row->declarer);
}

/* Drops the triggers, if they are there, by which a statement's rows are acted on together. */
static void
drop_deleted(const TaEnforced *row, Oid parent)
{
	static const TaTriggerKind kinds[] = {TA_TRIGGER_DELETED, TA_TRIGGER_WHOLE};

	for (int i = 0; i < lengthof(kinds); i++)
	{
		char *name = ta_trigger_name(kinds[i], row->reference);

		if (find(ta_rel_triggers(parent), name) != NULL)
			drop_trigger(parent, name, row->declarer);
	}
}

/* Gives the parent the level of trigger that it may have now; makes none where there is none. */
static void
settle(const TaEnforced *row, Oid parent)
{
	TaTriggerFact *was =
		find(ta_rel_triggers(parent), ta_trigger_name(TA_TRIGGER_DELETED, row->reference));
	bool statement = ta_level_is_statement(row, parent);
	List *wanted = NIL;
	ListCell *lc;

	if (strcmp(row->mode, "trigger") != 0 || was == NULL || !is_of(was, row->reference) ||
		statement == !(was->type & TRIGGER_TYPE_ROW))
		return;
	drop_deleted(row, parent);
	add_deleted(&wanted, row, parent, statement);
	foreach(lc, wanted)
		make_trigger(lfirst(lc), row);
	switch_as(was, row);
}

/*
 * Something has changed of the table by which its references' triggers for
 * DELETE are of each row or of the statement: they are made so.
 */
void
ta_triggers_settle(Oid parent)
{
	ListCell *lc;

	if (!OidIsValid(parent) || get_rel_relkind(parent) != RELKIND_RELATION)
		return;
	foreach(lc, ta_enforced_of_table(ta_rel_schema(parent), ta_rel_name(parent)))
	{
		const TaEnforced *row = lfirst(lc);
		ListCell *lt;

		foreach(lt, row->targets)
		{
			if (parent_of(lfirst(lt)) == parent)
				settle(row, parent);
		}
	}
}

/*
 * The table is about to become part of another: what is acted on once a
 * statement steps aside, and ta_triggers_restore brings it back, of each row.
 */
void
ta_triggers_leave_statement(Oid parent)
{
	ListCell *lc;

	foreach(lc, ta_enforced_of_table(ta_rel_schema(parent), ta_rel_name(parent)))
	{
		const TaEnforced *row = lfirst(lc);

		if (acts_on_statement(row, parent))
			drop_deleted(row, parent);
	}
}

/* ENABLE TRIGGER ALL, as in a dump of data alone, leaves the one that every session needs to ordinary ones. */
void
ta_triggers_wake(Oid relid)
{
	TaTriggerFact *fact = find(ta_rel_triggers(relid), ta_trigger_name(TA_TRIGGER_FORGET, ""));

	if (fact != NULL && fact->function == function_oid("forget_parents") &&
		fact->enabled == TRIGGER_FIRES_ON_ORIGIN)
		run_as_owner(relid, ta_trigger_enable_sql(fact), "");
}

/* Whether it is the child's, not one of a table that refers to itself as parent. */
static bool
is_check(const TaTriggerFact *fact)
{
	return fact->function == function_oid("check_reference") ||
		   fact->function == function_oid("check_statement");
}

/* Switches the child's triggers off, so that rows come in any order, or on again. */
void
ta_triggers_switch_child(const TaEnforced *row, bool on)
{
	Oid child = child_of(row);
	ListCell *lc;

	foreach(lc, OidIsValid(child) ? ta_rel_triggers(child) : NIL)
	{
		TaTriggerFact *fact = lfirst(lc);

		if (is_check(fact) && is_of(fact, row->reference) &&
			(fact->enabled == TRIGGER_DISABLED) == on)
			run_as_owner(child,
						 psprintf("ALTER TABLE %s %s TRIGGER %s", ta_rel_qualified(child),
								  on ? "ENABLE" : "DISABLE", ta_ident_quote(fact->name)),
						 row->declarer);
	}
}
