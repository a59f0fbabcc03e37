/*
 * src/enforce/violation.c
 *		What users read when a reference is violated.
 *
 * The only place that raises 23503.  What a native key would say of the same
 * case is said in its words, byte for byte, with the same fields: drivers and
 * ORMs recognise them.  What no native key knows keeps the message, and says
 * more in its DETAIL.
 *
 * Values are shown only to who may read them: SELECT on the key columns, and no
 * row security on the table.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "base/err.h"
#include "enforce/violation.h"

/* how many types a DETAIL names */
#define MAX_TYPES 10

/* Columns of one row, with their values, as a DETAIL shows them. */
typedef struct Shown
{
	bool readable;
	StringInfoData names;
	StringInfoData values;
} Shown;

/* Whether the user may see the columns' values. */
static bool
may_read(Oid relid, const AttrNumber *columns, int ncolumns)
{
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < ncolumns; i++)
	{
		if (pg_attribute_aclcheck(relid, columns[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

static void
append_value(Shown *shown, const char *name, Oid type, Datum value, bool isnull)
{
	const char *separator = shown->names.len > 0 ? ", " : "";
	Oid output;
	bool varlena;

	appendStringInfo(&shown->names, "%s%s", separator, name);
	if (isnull)
	{
		appendStringInfo(&shown->values, "%snull", separator);
		return;
	}
	getTypeOutputInfo(type, &output, &varlena);
	appendStringInfo(&shown->values, "%s%s", separator, OidOutputFunctionCall(output, value));
}

/* The columns of the row; element: the value of one element stands for the array's. */
static Shown
show(Relation rel, TupleTableSlot *row, const AttrNumber *columns, int ncolumns,
	 const TaRulePair *pair, const Datum *element)
{
	Shown shown = {.readable = may_read(RelationGetRelid(rel), columns, ncolumns)};

	initStringInfo(&shown.names);
	initStringInfo(&shown.values);
	if (!shown.readable)
		return shown;
	for (int i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), columns[i] - 1);
		bool isnull;
		Datum value = slot_getattr(row, columns[i], &isnull);

		if (element != NULL && i == ncolumns - 1)
			append_value(&shown, NameStr(att->attname), pair->child_type, *element, false);
		else
			append_value(&shown, NameStr(att->attname), att->atttypid, value, isnull);
	}
	return shown;
}

/* The schema, table and constraint of the error: always the child's. */
static int
constraint_fields(const TaRule *rule, Oid child)
{
	char *table = get_rel_name(child);
	char *schema = get_namespace_name(get_rel_namespace(child));

	if (table != NULL && schema != NULL)
	{
		err_generic_string(PG_DIAG_SCHEMA_NAME, schema);
		err_generic_string(PG_DIAG_TABLE_NAME, table);
	}
	err_generic_string(PG_DIAG_CONSTRAINT_NAME, rule->name);
	return 0;
}

/* ---- the child's side ---- */

/* The columns that refer, as numbered in the trigger's table; the type column is the first. */
static int
child_columns(const TaRuleUse *use, AttrNumber *columns)
{
	const TaRule *rule = use->rule;
	int n = 0;

	if (rule->type_column != 0)
		columns[n++] = ta_rule_attnum(use, rule->type_column);
	for (int i = 0; i < rule->ncolumns; i++)
		columns[n++] = ta_rule_attnum(use, rule->columns[i]);
	return n;
}

static void
raise_child(const TaRuleUse *use, Relation child, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("insert or update on table \"%s\" violates foreign key constraint \"%s\"",
					RelationGetRelationName(child), use->rule->name),
			 errdetail_internal("%s", detail),
			 constraint_fields(use->rule, RelationGetRelid(child))));
}

/* What keeps a row that has the key from being referred to, for who may know; NULL: nothing to tell. */
static char *
hindrance(const TaRuleTarget *target, TaProbeResult result)
{
	AttrNumber columns[INDEX_MAX_KEYS];
	List *tests = NIL;
	int n = 0;

	if (result == TA_PROBE_DELETED)
	{
		if (!may_read(target->relid, &target->soft_delete, 1))
			return NULL;
		return psprintf("its row is deleted (\"%s\")",
						get_attname(target->relid, target->soft_delete, false));
	}
	if (result != TA_PROBE_OUTSIDE)
		return NULL;
	for (int i = 0; i < target->nscope; i++)
	{
		if (n < INDEX_MAX_KEYS)
			columns[n++] = target->scope[i].column;
		tests = lappend(tests, unconstify(char *, target->scope[i].shown));
	}
	if (target->nscope > INDEX_MAX_KEYS || !may_read(target->relid, columns, n))
		return NULL;
	return psprintf("only rows with %s may be referred to", ta_err_join(tests, " and "));
}

/*
 * The key (or this element of the array) is not in the target, or its row must not
 * be referred to.
 */
void
ta_violation_missing(const TaRuleUse *use, Relation child, TupleTableSlot *row,
					 const TaRuleTarget *target, const Datum *element, TaProbeResult result)
{
	AttrNumber columns[INDEX_MAX_KEYS + 1];
	int n = child_columns(use, columns);
	Shown shown = show(child, row, columns, n, &target->pair[0], element);
	const char *parent = get_rel_name(target->relid);
	char *why = hindrance(target, result);
	char *key =
		shown.readable ? psprintf("Key (%s)=(%s)", shown.names.data, shown.values.data) : "Key";

	if (why != NULL)
		raise_child(use, child,
					psprintf("%s is present in table \"%s\", but %s.", key, parent, why));
	else
		raise_child(use, child, psprintf("%s is not present in table \"%s\".", key, parent));
	pg_unreachable();
}

/* MATCH FULL: some columns are null and others are not. */
void
ta_violation_match_full(const TaRuleUse *use, Relation child)
{
	raise_child(use, child, "MATCH FULL does not allow mixing of null and nonnull key values.");
	pg_unreachable();
}

/* Polymorphic: a type without a key, or a key without a type. */
void
ta_violation_half_null(const TaRuleUse *use, Relation child)
{
	AttrNumber columns[INDEX_MAX_KEYS + 1];
	int n = child_columns(use, columns);
	List *names = NIL;

	for (int i = 0; i < n; i++)
		names = lappend(names,
						NameStr(TupleDescAttr(RelationGetDescr(child), columns[i] - 1)->attname));
	raise_child(use, child,
				psprintf("A polymorphic reference does not allow mixing of null and "
						 "nonnull values in (%s).",
						 ta_err_join(names, ", ")));
	pg_unreachable();
}

/* Polymorphic: the type is none that is known. */
void
ta_violation_type(const TaRuleUse *use, Relation child, TupleTableSlot *row)
{
	const TaRule *rule = use->rule;
	AttrNumber column = ta_rule_attnum(use, rule->type_column);
	Shown shown = show(child, row, &column, 1, NULL, NULL);
	List *types = NIL;

	for (int i = 0; i < rule->ntargets; i++)
		types = lappend(types, unconstify(char *, rule->targets[i].type_value));
	if (shown.readable)
		raise_child(use, child,
					psprintf("Key (%s)=(%s) is none of the types that can be referred to: %s.",
							 shown.names.data, shown.values.data, ta_err_list(types, MAX_TYPES)));
	raise_child(use, child,
				psprintf("Key is none of the types that can be referred to: %s.",
						 ta_err_list(types, MAX_TYPES)));
	pg_unreachable();
}

/* ---- the parent's side ---- */

TA_NORETURN static void
raise_parent(const TaRuleUse *use, Relation parent, TupleTableSlot *row, const TaRuleTarget *target,
			 bool restricts, const char *hint)
{
	const TaRule *rule = use->rule;
	const char *child = get_rel_name(rule->child);
	bool own_text = restricts && TA_RESTRICT_HAS_TEXT;
	AttrNumber columns[INDEX_MAX_KEYS];
	Shown shown;
	char *key;

	for (int i = 0; i < rule->ncolumns; i++)
		columns[i] = ta_rule_attnum(use, target->pair[i].parent);
	shown = show(parent, row, columns, rule->ncolumns, NULL, NULL);
	key = shown.readable ? psprintf("Key (%s)=(%s)", shown.names.data, shown.values.data) : "Key";

	ereport(ERROR,
			(errcode(restricts ? TA_RESTRICT_SQLSTATE : ERRCODE_FOREIGN_KEY_VIOLATION),
			 own_text
				 ? errmsg("update or delete on table \"%s\" violates RESTRICT setting of foreign "
						  "key constraint \"%s\" on table \"%s\"",
						  RelationGetRelationName(parent), rule->name, child)
				 : errmsg("update or delete on table \"%s\" violates foreign key constraint "
						  "\"%s\" on table \"%s\"",
						  RelationGetRelationName(parent), rule->name, child),
			 own_text ? errdetail("%s is referenced from table \"%s\".", key, child)
					  : errdetail("%s is still referenced from table \"%s\".", key, child),
			 hint != NULL ? errhint("%s", hint) : 0, constraint_fields(rule, rule->child)));
	pg_unreachable();
}

/*
 * The row of the parent (a version that still has the key, of the trigger's
 * table) is still referred to.  restricts: the action is RESTRICT.
 */
void
ta_violation_referenced(const TaRuleUse *use, Relation parent, TupleTableSlot *row,
						const TaRuleTarget *target, bool restricts)
{
	raise_parent(use, parent, row, target, restricts, NULL);
}

/* The row was deleted softly, and CASCADE would delete the child's rows softly, too, but has no column for that. */
void
ta_violation_stays(const TaRuleUse *use, Relation parent, TupleTableSlot *row,
				   const TaRuleTarget *target)
{
	raise_parent(
		use, parent, row, target, false,
		psprintf("Rows of \"%s\" have no column by which they could be deleted softly with "
				 "it: delete them first, say soft_delete of their model, or another "
				 "on_delete.",
				 get_rel_name(use->rule->child)));
}

/* A query of ours came back as something else. */
void
ta_violation_rewritten(const TaRule *rule, Relation parent)
{
	ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("referential integrity query on \"%s\" from constraint \"%s\" on \"%s\" "
						   "gave unexpected result",
						   RelationGetRelationName(parent), rule->name, get_rel_name(rule->child)),
					errhint("This is most likely due to a rule having rewritten the query.")));
}
