/*
 * src/schema/inverse.c
 *		What takes a step back: for the down script of a migration.
 *
 * Read while the step has not run yet, so that what it drops or replaces can
 * still be seen.  Pure text but for that.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"

#include "base/err.h"
#include "base/ident.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"
#include "schema/inverse.h"

static char *
child_sql(const TaStep *step)
{
	return ta_ident_qualify(step->state->child->schema, step->state->child->table);
}

/* The definition of the index of the child that the step drops. */
static char *
index_definition(const TaStep *step, const char *name)
{
	Oid index = ta_rel_lookup(step->state->child->schema, name);

	return OidIsValid(index) ? pg_get_indexdef_string(index) : NULL;
}

/* The key as it is now. */
static char *
existing_key(const TaStep *step)
{
	const TaForeignKey *fk = ta_state_key(step->state);

	return psprintf("%s%s", ta_ddl_existing_key_clause(fk),
					!fk->enforced    ? " NOT ENFORCED"
					: !fk->validated ? " NOT VALID"
									 : "");
}

/* Whether the plan puts another key in the place of the one there is. */
static bool
is_replaced(const TaState *state)
{
	return strcmp(state->on_delete.value, state->on_delete.found) != 0 ||
		   strcmp(state->on_update.value, state->on_update.found) != 0;
}

/*
 * Only a new key of the same name is not valid again.  A key that the plan
 * makes, or replaces, is undone with the step that does so.
 */
static char *
unvalidate(const TaStep *step)
{
	const TaForeignKey *fk = step->state->fk;

	if (fk == NULL || fk->validated || is_replaced(step->state))
		return NULL;
	return psprintf("ALTER TABLE %s DROP CONSTRAINT %s, %s", child_sql(step),
					ta_ident_quote(step->name), existing_key(step));
}

/*
 * A key whose place triggers took comes back before they go.  Options that were
 * changed are those of the declaration, which the script takes back before; rows
 * that were known to be right are checked by what they were right by.
 */
static char *
unenforce(const TaStep *step)
{
	if (step->state->in_force != NULL && step->state->in_force->validated)
		return psprintf("%s;\n%s", ta_ddl_enforce_call(step, NULL), ta_ddl_validate_call(step));
	if (step->state->in_force != NULL)
		return ta_ddl_enforce_call(step, NULL);
	if (step->name == NULL)
		return ta_ddl_unenforce_call(step);
	return psprintf("ALTER TABLE %s %s;\n%s", child_sql(step), existing_key(step),
					ta_ddl_unenforce_call(step));
}

/* DROP COLUMN "commentablePostId", .. */
static char *
drop_generated(const TaStep *step)
{
	List *clauses = NIL;
	ListCell *lc;

	foreach(lc, step->natives)
		clauses = lappend(clauses, psprintf("DROP COLUMN %s",
											ta_ident_quote(linitial(
												((TaState *) lfirst(lc))->reference->columns))));
	return ta_err_join(clauses, ", ");
}

/* CHECK (..) of this name, as it is now: ADD CONSTRAINT .. */
static char *
existing_check(const TaStep *step, const char *name)
{
	Oid oid = get_relation_constraint_oid(step->state->child_rel, name, false);

	return psprintf("ADD CONSTRAINT %s %s", ta_ident_quote(name),
					TextDatumGetCString(
						DirectFunctionCall1(pg_get_constraintdef, ObjectIdGetDatum(oid))));
}

/* Whether an index has one of these columns. */
static bool
has_column(Oid index, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		if (get_attnum(index, lfirst(lc)) != InvalidAttrNumber)
			return true;
	}
	return false;
}

/*
 * What was dropped with the columns of native keys comes back as it is now: the
 * columns, the keys, the CHECK, then indexes.
 */
static char *
add_natives(const TaStep *step)
{
	Oid child = step->state->child_rel;
	List *clauses = NIL;
	List *statements;
	List *indexes;
	Relation rel;
	ListCell *lc;

	foreach(lc, step->columns)
		clauses = lappend(clauses, psprintf("ADD COLUMN %s %s GENERATED ALWAYS AS (%s) STORED",
											ta_ident_quote(lfirst(lc)),
											ta_type_sql(ta_rel_column(child, lfirst(lc))),
											ta_generated_sql(child, lfirst(lc))));
	foreach(lc, ta_rel_foreign_keys(child))
	{
		TaForeignKey *fk = lfirst(lc);

		if (ta_ident_list_has(step->constraints, fk->name) ||
			ta_ident_list_has(step->columns, linitial(fk->columns)))
			clauses = lappend(clauses, psprintf("%s%s", ta_ddl_existing_key_clause(fk),
												fk->validated ? "" : " NOT VALID"));
	}
	foreach(lc, step->constraints)
	{
		if (ta_rel_has_check(child, lfirst(lc)))
			clauses = lappend(clauses, existing_check(step, lfirst(lc)));
	}
	statements =
		list_make1(psprintf("ALTER TABLE %s %s", child_sql(step), ta_err_join(clauses, ", ")));
	rel = relation_open(child, AccessShareLock);
	indexes = RelationGetIndexList(rel);
	relation_close(rel, AccessShareLock);
	foreach(lc, indexes)
	{
		if (has_column(lfirst_oid(lc), step->columns))
			statements = lappend(statements, pg_get_indexdef_string(lfirst_oid(lc)));
	}
	return ta_err_join(statements, ";\n");
}

/* The statement that undoes the step when it has run; NULL: there is nothing to undo. */
char *
ta_inverse_sql(const TaStep *step)
{
	char *table = child_sql(step);
	char *name = step->name != NULL ? ta_ident_quote(step->name) : NULL;
	char *column = step->column != NULL ? ta_ident_quote(step->column) : NULL;

	switch (step->kind)
	{
		case TA_STEP_PROBLEM:
			return NULL;
		case TA_STEP_VALIDATE:
			return unvalidate(step);
		case TA_STEP_CREATE_TABLE:
			return psprintf("DROP TABLE %s", table);
		case TA_STEP_ADD_COLUMN:
			if (step->on != NULL)
				table = ta_ident_qualify(step->on->schema, step->on->table);
			return psprintf("ALTER TABLE %s DROP COLUMN %s", table, column);
		case TA_STEP_DROP_NOT_NULL:
			return psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", table, column);
		case TA_STEP_SET_NOT_NULL:
			return psprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", table, column);
		case TA_STEP_ADD_FOREIGN_KEY:
			return psprintf("ALTER TABLE %s DROP CONSTRAINT %s", table, name);
		case TA_STEP_DROP_FOREIGN_KEY:
			return psprintf("ALTER TABLE %s %s", table, existing_key(step));
		case TA_STEP_REPLACE_FOREIGN_KEY:
			return psprintf("ALTER TABLE %s DROP CONSTRAINT %s, %s", table, name,
							existing_key(step));
		case TA_STEP_ALTER_DEFERRAL:
			return psprintf("ALTER TABLE %s ALTER CONSTRAINT %s %s", table, name,
							ta_ddl_deferral(step->state->deferral.found));
		case TA_STEP_ENFORCE_KEY:
			return psprintf("ALTER TABLE %s ALTER CONSTRAINT %s NOT ENFORCED", table, name);
		case TA_STEP_ENFORCE:
			return unenforce(step);
		case TA_STEP_UNENFORCE:
			return ta_ddl_enforce_call(step, NULL);
		case TA_STEP_VALIDATE_CHECK:
		case TA_STEP_VALIDATE_TRIGGERS:
			return NULL;
		case TA_STEP_ADD_GENERATED:
			return psprintf("ALTER TABLE %s %s", table, drop_generated(step));
		case TA_STEP_ADD_CHECK:
			return psprintf("ALTER TABLE %s DROP CONSTRAINT %s", table, name);
		case TA_STEP_REPLACE_CHECK:
			return psprintf("ALTER TABLE %s DROP CONSTRAINT %s, %s", table, name,
							existing_check(step, step->name));
		case TA_STEP_DROP_NATIVES:
			return add_natives(step);
		case TA_STEP_CREATE_UNIQUE_INDEX:
		case TA_STEP_CREATE_INDEX:
			table =
				psprintf("DROP INDEX %s", ta_ident_qualify(step->state->child->schema, step->name));
			return step->replaces == NULL
					   ? table
					   : psprintf("%s;\n%s", index_definition(step, step->replaces), table);
		case TA_STEP_DROP_INDEX:
			return index_definition(step, step->name);
	}
	return NULL;
}
