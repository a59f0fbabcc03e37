/*
 * src/schema/ddl.c
 *		A step of the plan as SQL, with what it locks and costs.
 *
 * Pure text.  The lock levels are PostgreSQL's own (AlterTableGetLockLevel and
 * the manual's "Explicit Locking"); test/sql/plan_locks holds each against
 * what pg_locks shows while the statement runs.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"

#define LOCK_SHARE "SHARE"
#define LOCK_SHARE_UPDATE_EXCLUSIVE "SHARE UPDATE EXCLUSIVE"
#define LOCK_SHARE_ROW_EXCLUSIVE "SHARE ROW EXCLUSIVE"
#define LOCK_ACCESS_EXCLUSIVE "ACCESS EXCLUSIVE"

/* The child's name in SQL, also of a table that is yet to be created. */
static char *
child_sql(const TaState *state)
{
	return ta_ident_qualify(state->child->schema, state->child->table);
}

static char *
parent_sql(const TaState *state)
{
	return ta_ident_qualify(state->parent->schema, state->parent->table);
}

static char *
child_shown(const TaState *state)
{
	return OidIsValid(state->child_rel) ? ta_rel_shown(state->child_rel) : child_sql(state);
}

/* Both tables of the reference, each once. */
static char *
both_shown(const TaState *state)
{
	if (state->child_rel == state->parent_rel)
		return child_shown(state);
	return psprintf("%s, %s", child_shown(state), ta_rel_shown(state->parent_rel));
}

/* The type of the column's key, for a column that is to be created. */
static const TaColumn *
key_of(const TaState *state, const char *column)
{
	ListCell *lc;
	ListCell *lk;

	forboth(lc, state->reference->columns, lk, state->reference->key)
	{
		if (strcmp(lfirst(lc), column) == 0)
			return ta_rel_column(state->parent_rel, lfirst(lk));
	}
	return NULL;
}

/*
 * CREATE TABLE s.todo_tags ("todoId" integer NOT NULL, "tagId" integer NOT NULL,
 * PRIMARY KEY ("todoId", "tagId"))
 */
static char *
create_table_sql(const TaStep *step)
{
	StringInfoData buf;
	ListCell *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE TABLE %s (", child_sql(step->state));
	foreach(lc, step->key)
	{
		const TaColumn *key = key_of(step->state, lfirst(lc));

		if (key == NULL)
			key = key_of(step->other, lfirst(lc));
		appendStringInfo(&buf, "%s %s NOT NULL, ", ta_ident_quote(lfirst(lc)), ta_type_sql(key));
	}
	appendStringInfo(&buf, "PRIMARY KEY (%s))", ta_ident_columns(step->key));
	return buf.data;
}

/*
 * ADD CONSTRAINT "Todos_userId_fkey" FOREIGN KEY ("userId") REFERENCES s."Users" (id)
 * ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
 */
char *
ta_ddl_key_clause(const TaKeyText *key)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)",
					 ta_ident_quote(key->name), ta_ident_columns(key->columns), key->parent,
					 ta_ident_columns(key->key));
	if (key->match_full)
		appendStringInfoString(&buf, " MATCH FULL");
	if (strcmp(key->on_update, "NO ACTION") != 0)
		appendStringInfo(&buf, " ON UPDATE %s", ta_action_sql(key->on_update));
	if (strcmp(key->on_delete, "NO ACTION") != 0)
		appendStringInfo(&buf, " ON DELETE %s", ta_action_sql(key->on_delete));
	if (strcmp(key->deferral, "immediate") == 0)
		appendStringInfoString(&buf, " DEFERRABLE");
	else if (strcmp(key->deferral, "deferred") == 0)
		appendStringInfoString(&buf, " DEFERRABLE INITIALLY DEFERRED");
	return buf.data;
}

/* The key that the step adds. */
static char *
add_key_clause(const TaStep *step)
{
	const TaState *state = step->state;
	TaKeyText key = {.name = step->name,
					 .columns = state->reference->columns,
					 .parent = parent_sql(state),
					 .key = state->reference->key,
					 .match_full = state->fk != NULL && state->fk->match == FKCONSTR_MATCH_FULL,
					 .on_delete = state->on_delete.value,
					 .on_update = state->on_update.value,
					 .deferral = state->deferral.value};

	return ta_ddl_key_clause(&key);
}

/* A key that is there, as it would be added. */
char *
ta_ddl_existing_key_clause(const TaForeignKey *fk)
{
	TaKeyText key = {.name = fk->name,
					 .columns = fk->columns,
					 .parent = ta_rel_qualified(fk->parent),
					 .key = fk->key,
					 .match_full = fk->match == FKCONSTR_MATCH_FULL,
					 .on_delete = ta_action_text(fk->on_delete, fk->delete_columns),
					 .on_update = ta_action_text(fk->on_update, NIL),
					 .deferral = ta_deferral_text(fk->deferrable, fk->deferred)};

	return ta_ddl_key_clause(&key);
}

static const char *
not_valid(const TaState *state)
{
	return state->checks_at_once ? "" : " NOT VALID";
}

/* The deferral as ALTER CONSTRAINT takes it. */
const char *
ta_ddl_deferral(const char *deferral)
{
	if (strcmp(deferral, "none") == 0)
		return "NOT DEFERRABLE";
	return strcmp(deferral, "deferred") == 0 ? "DEFERRABLE INITIALLY DEFERRED"
											 : "DEFERRABLE INITIALLY IMMEDIATE";
}

static char *
create_index_sql(const TaStep *step, bool unique)
{
	return psprintf("CREATE %sINDEX %s%s ON %s (%s)", unique ? "UNIQUE " : "",
					step->concurrently ? "CONCURRENTLY " : "", ta_ident_quote(step->name),
					child_sql(step->state), ta_ident_columns(step->state->reference->columns));
}

/* Fills in a step's SQL, lock, tables and costs. */
void
ta_ddl_render(TaStep *step)
{
	const TaState *state = step->state;
	const char *table;

	step->in_transaction = true;
	if (step->kind == TA_STEP_PROBLEM)
	{
		step->in_transaction = false;
		return;
	}

	table = child_sql(state);
	step->lock = LOCK_ACCESS_EXCLUSIVE;
	step->on_table = child_shown(state);
	switch (step->kind)
	{
		case TA_STEP_PROBLEM:
			break;
		case TA_STEP_CREATE_TABLE:
			step->sql = create_table_sql(step);
			break;
		case TA_STEP_ADD_COLUMN:
			step->sql =
				psprintf("ALTER TABLE %s ADD COLUMN %s %s", table, ta_ident_quote(step->column),
						 ta_type_sql(key_of(state, step->column)));
			step->rewrites = ta_type_needs_rewrite(key_of(state, step->column)->type);
			break;
		case TA_STEP_DROP_NOT_NULL:
			step->sql = psprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", table,
								 ta_ident_quote(step->column));
			break;
		case TA_STEP_SET_NOT_NULL:
			step->sql = psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", table,
								 ta_ident_quote(step->column));
			step->scans = true;
			break;
		case TA_STEP_DROP_FOREIGN_KEY:
			step->sql =
				psprintf("ALTER TABLE %s DROP CONSTRAINT %s", table, ta_ident_quote(step->name));
			step->on_table = both_shown(state);
			break;
		case TA_STEP_DROP_INDEX:
			step->sql =
				psprintf("DROP INDEX %s", ta_ident_qualify(state->child->schema, step->name));
			break;
		case TA_STEP_ADD_FOREIGN_KEY:
			step->sql =
				psprintf("ALTER TABLE %s %s%s", table, add_key_clause(step), not_valid(state));
			step->lock = LOCK_SHARE_ROW_EXCLUSIVE;
			step->on_table = both_shown(state);
			step->scans = state->checks_at_once;
			break;
		case TA_STEP_REPLACE_FOREIGN_KEY:
			/* one statement: there is no moment without a key */
			step->sql =
				psprintf("ALTER TABLE %s DROP CONSTRAINT %s, %s%s", table,
						 ta_ident_quote(step->name), add_key_clause(step), not_valid(state));
			step->on_table = both_shown(state);
			step->scans = state->checks_at_once;
			break;
		case TA_STEP_ALTER_DEFERRAL:
			step->sql =
				psprintf("ALTER TABLE %s ALTER CONSTRAINT %s %s", table, ta_ident_quote(step->name),
						 ta_ddl_deferral(state->deferral.value));
			break;
		case TA_STEP_CREATE_UNIQUE_INDEX:
		case TA_STEP_CREATE_INDEX:
			step->sql = create_index_sql(step, step->kind == TA_STEP_CREATE_UNIQUE_INDEX);
			step->lock = step->concurrently ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_SHARE;
			step->in_transaction = !step->concurrently;
			step->scans = true;
			break;
		case TA_STEP_VALIDATE:
			step->sql = psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", table,
								 ta_ident_quote(step->name));
			step->lock = LOCK_SHARE_UPDATE_EXCLUSIVE;
			step->scans = true;
			break;
	}
}

/* The type of the column that the step adds. */
char *
ta_ddl_column_type(const TaStep *step)
{
	return ta_type_sql(key_of(step->state, step->column));
}

/* ---- what is left to the user ---- */

/* The statement that drops what serves a forgotten association, or NULL. */
char *
ta_ddl_drop_hint(const TaState *state)
{
	if (state->problem != NULL || state->fk == NULL)
		return NULL;
	return psprintf("ALTER TABLE %s DROP CONSTRAINT %s;", child_sql(state),
					ta_ident_quote(state->fk->name));
}

/* The rows a key of the table sees: not those of its inheritance children. */
static char *
rows_of(Oid relid)
{
	return psprintf("%s%s", ta_rel_has_inheritance_children(relid) ? "ONLY " : "",
					ta_rel_qualified(relid));
}

/* t.a IS NOT NULL AND t.b IS NOT NULL */
static char *
all_columns(const char *prefix, List *columns, const char *test, const char *glue)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, columns)
		tests = lappend(tests, psprintf("%s%s %s", prefix, ta_ident_quote(lfirst(lc)), test));
	return ta_err_join(tests, glue);
}

/*
 * The rows that refer to nothing (MATCH SIMPLE: a null refers to nothing and breaks nothing):
 *
 * SELECT t.* FROM s."Todos" t WHERE t."userId" IS NOT NULL AND NOT EXISTS
 * (SELECT 1 FROM s."Users" p WHERE p.id OPERATOR(pg_catalog.=) t."userId")
 *
 * full: by MATCH FULL a row that is null in part refers to nothing as well, and breaks the key.
 */
char *
ta_ddl_key_orphans(Oid child, List *columns, Oid parent, List *key_columns, bool full, bool count)
{
	List *joins = NIL;
	char *refers;
	ListCell *lc;
	ListCell *lk;

	forboth(lc, columns, lk, key_columns)
	{
		TaColumn *column = ta_rel_column(child, lfirst(lc));
		TaColumn *key = ta_rel_column(parent, lfirst(lk));

		joins =
			lappend(joins, ta_key_test_sql(psprintf("p.%s", ta_ident_quote(lfirst(lk))), key,
										   psprintf("t.%s", ta_ident_quote(lfirst(lc))), column));
	}
	refers = all_columns("t.", columns, "IS NOT NULL", full ? " OR " : " AND ");
	return psprintf("SELECT %s FROM %s t WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)",
					count ? "pg_catalog.count(*)" : "t.*", rows_of(child),
					full ? psprintf("(%s)", refers) : refers, rows_of(parent),
					ta_err_join(joins, " AND "));
}

/* The same for a reference. */
char *
ta_ddl_orphans_query(const TaState *state, bool count)
{
	return ta_ddl_key_orphans(state->child_rel, state->reference->columns, state->parent_rel,
							  state->reference->key,
							  state->fk != NULL && state->fk->match == FKCONSTR_MATCH_FULL, count);
}

/* SELECT t.* FROM s."Todos" t WHERE t."userId" IS NULL */
char *
ta_ddl_nulls_query(const TaState *state, const char *column, bool count)
{
	return psprintf("SELECT %s FROM %s t WHERE t.%s IS NULL", count ? "pg_catalog.count(*)" : "t.*",
					rows_of(state->child_rel), ta_ident_quote(column));
}

/* SELECT "userId", count(*) FROM s."Profiles" GROUP BY 1 HAVING count(*) > 1 */
char *
ta_ddl_duplicates_query(const TaState *state, bool count)
{
	List *columns = state->reference->columns;
	char *groups = psprintf("SELECT %s, pg_catalog.count(*) FROM %s t WHERE %s GROUP BY %s HAVING "
							"pg_catalog.count(*) OPERATOR(pg_catalog.>) 1",
							ta_ident_prefixed_columns("t.", columns), rows_of(state->child_rel),
							all_columns("t.", columns, "IS NOT NULL", " AND "),
							ta_ident_prefixed_columns("t.", columns));

	return count ? psprintf("SELECT pg_catalog.count(*) FROM (%s) d", groups) : groups;
}
