/*
 * src/schema/inverse.c
 *		What takes a step back: for the down script of a migration.
 *
 * Read while the step has not run yet, so that what it drops or replaces can
 * still be seen.  Pure text but for that.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "base/ident.h"
#include "schema/ddl.h"
#include "schema/inverse.h"

static char *
child_sql(const TaStep *step)
{
	return ta_ident_qualify(step->state->child->schema, step->state->child->table);
}

/* The definition of the index that the step drops. */
static char *
index_definition(const TaStep *step)
{
	Oid index = ta_rel_lookup(step->state->child->schema, step->name);

	return OidIsValid(index) ? pg_get_indexdef_string(index) : NULL;
}

/* The key as it is now. */
static char *
existing_key(const TaStep *step)
{
	return psprintf("%s%s", ta_ddl_existing_key_clause(step->state->fk),
					step->state->fk->validated ? "" : " NOT VALID");
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
		case TA_STEP_CREATE_UNIQUE_INDEX:
		case TA_STEP_CREATE_INDEX:
			return psprintf("DROP INDEX %s",
							ta_ident_qualify(step->state->child->schema, step->name));
		case TA_STEP_DROP_INDEX:
			return index_definition(step);
	}
	return NULL;
}
