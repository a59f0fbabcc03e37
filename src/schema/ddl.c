/*
 * src/schema/ddl.c
 *		A step of the plan as SQL, with what it locks and costs.
 *
 * Pure text.  The lock levels are PostgreSQL's own (AlterTableGetLockLevel and
 * the manual's "Explicit Locking"); test/sql/plan_locks holds each against
 * what pg_locks shows while the statement runs.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"
#include "schema/native.h"
#include "schema/soft.h"

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
	static const TaColumn type_column = {.type = TEXTOID,
										 .typmod = -1,
										 .collation = DEFAULT_COLLATION_OID};
	const TaReference *reference = state->reference;
	ListCell *lc;
	ListCell *lk;

	if (reference->type_column != NULL && strcmp(reference->type_column, column) == 0)
		return &type_column;
	if (reference->type_column != NULL)
		return strcmp(linitial(reference->columns), column) == 0 ? ta_targets_key_column(reference)
																 : NULL;

	forboth(lc, state->reference->columns, lk, state->reference->key)
	{
		if (strcmp(lfirst(lc), column) == 0)
			return ta_rel_column(state->parent_rel, lfirst(lk));
	}
	return NULL;
}

/* The type of a column that is to be created: its key's, or an array of such. */
static char *
new_column_type(const TaState *state, const char *column)
{
	const TaColumn *key = key_of(state, column);

	return state->reference->element ? ta_array_type_sql(key) : ta_type_sql(key);
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
					 .match_full = state->match_full,
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

/*
 * The rows of a facet that the unique index of a has_one counts: "commentableType"
 * = 'Post'; where rows can be deleted softly, AND "deletedAt" IS NULL.
 */
char *
ta_ddl_facet_condition(const TaState *facet)
{
	const char *name = facet->reference->type_column;
	const TaStateTarget *target = linitial(facet->targets);
	char *live = ta_soft_live_sql("", facet->child, true);
	char *type = ta_type_test_sql("", name, ta_rel_column(facet->child_rel, name),
								  target->target->type_value);

	return live != NULL ? psprintf("%s AND %s", type, live) : type;
}

static char *
create_index_sql(const TaStep *step, bool unique)
{
	const char *live;

	/* a has_one of several targets' has at most one of its own type */
	if (step->state->filter != NULL)
		return psprintf("CREATE UNIQUE INDEX %s%s ON %s (%s) WHERE %s",
						step->concurrently ? "CONCURRENTLY " : "", ta_ident_quote(step->name),
						child_sql(step->state), ta_ident_columns(step->state->reference->columns),
						ta_ddl_facet_condition(step->state));
	if (step->state->reference->element)
		return psprintf("CREATE INDEX %s%s ON %s USING gin (%s)",
						step->concurrently ? "CONCURRENTLY " : "", ta_ident_quote(step->name),
						child_sql(step->state), ta_ident_columns(step->state->reference->columns));
	live = unique ? ta_soft_live_sql("", step->state->child, true) : NULL;
	return psprintf("CREATE %sINDEX %s%s ON %s (%s)%s%s", unique ? "UNIQUE " : "",
					step->concurrently ? "CONCURRENTLY " : "", ta_ident_quote(step->name),
					child_sql(step->state),
					ta_ident_columns(ta_reference_columns(step->state->reference)),
					live != NULL ? " WHERE " : "", live != NULL ? live : "");
}

/*
 * What the calls below name: the association, 'Todo.user'; of a junction that
 * no belongs_to speaks of, and of what nobody declares, the reference itself.
 */
static char *
called(const TaStep *step)
{
	const TaDecl *serves = step->state->reference->serves;

	if (serves == NULL || serves->kind == TA_BELONGS_TO_MANY)
		return quote_literal_cstr(step->state->reference->name);
	return quote_literal_cstr(step->association);
}

/* SELECT assoc_internal.enforce('Todo.user', in_place_of => 'Todos_userId_fkey') */
char *
ta_ddl_enforce_call(const TaStep *step, const char *in_place_of)
{
	if (in_place_of == NULL)
		return psprintf("SELECT assoc_internal.enforce(%s)", called(step));
	return psprintf("SELECT assoc_internal.enforce(%s, in_place_of => %s)", called(step),
					quote_literal_cstr(in_place_of));
}

char *
ta_ddl_validate_call(const TaStep *step)
{
	return psprintf("SELECT assoc_internal.validate_reference(%s)", called(step));
}

char *
ta_ddl_unenforce_call(const TaStep *step)
{
	return psprintf("SELECT assoc_internal.unenforce(%s)", called(step));
}

/* The tables that have the reference's triggers. */
static char *
enforced_shown(const TaState *state)
{
	const TaEnforced *row = state->wanted != NULL ? state->wanted : state->in_force;
	List *shown = list_make1(child_shown(state));
	ListCell *lc;

	foreach(lc, row != NULL ? row->targets : NIL)
	{
		TaEnforcedTarget *target = lfirst(lc);
		Oid relid = ta_rel_lookup(target->schema, target->table);
		char *name = OidIsValid(relid) ? ta_rel_shown(relid)
									   : ta_ident_qualify(target->schema, target->table);

		if (!ta_ident_list_has(shown, name))
			shown = lappend(shown, name);
	}
	return ta_err_join(shown, ", ");
}

/* ADD COLUMN "commentablePostId" bigint GENERATED ALWAYS AS (CASE .. END) STORED, .. */
static char *
add_generated_clauses(const TaStep *step)
{
	List *clauses = NIL;
	ListCell *lc;

	foreach(lc, step->natives)
	{
		const TaState *native = lfirst(lc);

		clauses = lappend(clauses, psprintf("ADD COLUMN %s %s GENERATED ALWAYS AS (%s) STORED",
											ta_ident_quote(linitial(native->reference->columns)),
											ta_type_sql(ta_native_column(native)),
											ta_native_expression(native)));
	}
	return ta_err_join(clauses, ", ");
}

/* DROP CONSTRAINT "Comments_commentableType_check", DROP COLUMN "commentablePostId" */
static char *
drop_native_clauses(const TaStep *step)
{
	List *clauses = NIL;
	ListCell *lc;

	foreach(lc, step->constraints)
		clauses = lappend(clauses, psprintf("DROP CONSTRAINT %s", ta_ident_quote(lfirst(lc))));
	foreach(lc, step->columns)
		clauses = lappend(clauses, psprintf("DROP COLUMN %s", ta_ident_quote(lfirst(lc))));
	return ta_err_join(clauses, ", ");
}

/* The child, and what the keys that go with the columns refer to. */
static char *
natives_shown(const TaStep *step)
{
	const TaState *state = step->state;
	List *shown = list_make1(child_shown(state));
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(state->child_rel))
	{
		TaForeignKey *fk = lfirst(lc);
		char *parent = ta_rel_shown(fk->parent);

		if ((ta_ident_list_has(step->constraints, fk->name) ||
			 ta_ident_list_has(step->columns, linitial(fk->columns))) &&
			!ta_ident_list_has(shown, parent))
			shown = lappend(shown, parent);
	}
	return ta_err_join(shown, ", ");
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
			if (step->on != NULL)
			{
				step->sql = psprintf("ALTER TABLE %s ADD COLUMN %s uuid",
									 ta_ident_qualify(step->on->schema, step->on->table),
									 ta_ident_quote(step->column));
				step->on_table = OidIsValid(step->on->relid)
									 ? ta_rel_shown(step->on->relid)
									 : ta_ident_qualify(step->on->schema, step->on->table);
				break;
			}
			step->sql =
				psprintf("ALTER TABLE %s ADD COLUMN %s %s", table, ta_ident_quote(step->column),
						 new_column_type(state, step->column));
			step->rewrites = !state->reference->element &&
							 ta_type_needs_rewrite(key_of(state, step->column)->type);
			break;
		case TA_STEP_ADD_GENERATED:
			step->sql = psprintf("ALTER TABLE %s %s", table, add_generated_clauses(step));
			/* a table that is made in the same plan has no rows */
			step->scans = step->rewrites = OidIsValid(state->child_rel);
			break;
		case TA_STEP_ADD_CHECK:
			step->sql = psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID", table,
								 ta_ident_quote(step->name), ta_native_condition(state));
			break;
		case TA_STEP_REPLACE_CHECK:
			step->sql = psprintf(
				"ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s CHECK (%s) NOT VALID", table,
				ta_ident_quote(step->name), ta_ident_quote(step->name), ta_native_condition(state));
			break;
		case TA_STEP_DROP_NATIVES:
			step->sql = psprintf("ALTER TABLE %s %s", table, drop_native_clauses(step));
			step->on_table = natives_shown(step);
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
		case TA_STEP_ENFORCE:
			step->sql = ta_ddl_enforce_call(step, step->name);
			/* triggers are made under the weaker, and dropped under the stronger */
			if (state->in_force == NULL && step->name == NULL)
				step->lock = LOCK_SHARE_ROW_EXCLUSIVE;
			step->on_table = enforced_shown(state);
			break;
		case TA_STEP_UNENFORCE:
			step->sql = ta_ddl_unenforce_call(step);
			step->on_table = enforced_shown(state);
			break;
		case TA_STEP_VALIDATE_TRIGGERS:
			step->sql = ta_ddl_validate_call(step);
			step->lock = LOCK_SHARE_UPDATE_EXCLUSIVE;
			step->scans = true;
			break;
		case TA_STEP_CREATE_UNIQUE_INDEX:
		case TA_STEP_CREATE_INDEX:
			step->sql = create_index_sql(step, step->kind == TA_STEP_CREATE_UNIQUE_INDEX);
			step->lock = step->concurrently ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_SHARE;
			step->in_transaction = !step->concurrently;
			step->scans = true;
			/* while rows block the new one, the one there was stays */
			if (step->replaces != NULL)
			{
				step->sql = psprintf("%s;\nDROP INDEX %s%s", step->sql,
									 step->concurrently ? "CONCURRENTLY " : "",
									 ta_ident_qualify(state->child->schema, step->replaces));
				if (!step->concurrently)
					step->lock = LOCK_ACCESS_EXCLUSIVE;
			}
			break;
		case TA_STEP_ENFORCE_KEY:
			step->sql = psprintf("ALTER TABLE %s ALTER CONSTRAINT %s ENFORCED", table,
								 ta_ident_quote(step->name));
			step->on_table = both_shown(state);
			step->scans = true;
			break;
		case TA_STEP_VALIDATE:
		case TA_STEP_VALIDATE_CHECK:
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
	return new_column_type(step->state, step->column);
}

/* ---- what is left to the user ---- */

/* The statement that drops what apply() made for native keys of a polymorphic reference; NULL: it made nothing. */
static char *
drop_natives_hint(const TaState *state)
{
	TaStep step = {.state = state, .columns = state->our_columns};

	if (state->our_check != NULL)
		step.constraints = list_make1(unconstify(char *, state->our_check));
	if (step.columns == NIL && step.constraints == NIL)
		return NULL;
	return psprintf("ALTER TABLE %s %s;", child_sql(state), drop_native_clauses(&step));
}

/* The statement that drops what serves a forgotten association, or NULL. */
char *
ta_ddl_drop_hint(const TaState *state)
{
	if (state->problem == NULL && state->reference->type_column != NULL)
		return drop_natives_hint(state);
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
 * heirs: rows of tables that inherit from the parent will do as well.  full: by MATCH
 * FULL a row that is null in part refers to nothing as well, and breaks the key.
 */
char *
ta_ddl_key_orphans(Oid child, List *columns, Oid parent, bool heirs, List *key_columns, bool full,
				   bool count)
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
					full ? psprintf("(%s)", refers) : refers,
					heirs ? ta_rel_qualified(parent) : rows_of(parent),
					ta_err_join(joins, " AND "));
}

/*
 * The elements u.e of a row t's array that refer to nothing, as FROM and WHERE; a
 * null refers to nothing and breaks nothing:
 *
 * pg_catalog.unnest(t."tagIds") u (e) WHERE u.e IS NOT NULL AND NOT EXISTS (SELECT 1 FROM s."Tags" p
 * WHERE p.id OPERATOR(pg_catalog.=) u.e)
 */
char *
ta_ddl_lost_elements(const TaState *state)
{
	const char *key_name = linitial(state->reference->key);
	const TaColumn *column = ta_rel_column(state->child_rel, linitial(state->reference->columns));
	const TaColumn *key = ta_rel_column(state->parent_rel, key_name);

	return psprintf("pg_catalog.unnest(t.%s) u (e) WHERE u.e IS NOT NULL AND NOT EXISTS (SELECT 1 "
					"FROM %s p WHERE %s%s%s)",
					ta_ident_quote(column->name),
					state->parent->heirs ? ta_rel_qualified(state->parent_rel)
										 : rows_of(state->parent_rel),
					ta_key_test_sql(psprintf("p.%s", ta_ident_quote(key_name)), key, "u.e",
									ta_element_column(column)),
					state->scope != NULL ? " AND " : "",
					state->scope != NULL ? ta_scope_test_sql(state->scope, state->parent_rel, "p.")
										 : "");
}

/* The least of them, as a value. */
char *
ta_ddl_lost_element(const TaState *state)
{
	return psprintf("(SELECT u.e FROM %s ORDER BY u.e LIMIT 1)", ta_ddl_lost_elements(state));
}

/* SELECT t.* FROM s."Todos" t WHERE EXISTS (SELECT 1 FROM pg_catalog.unnest(t."tagIds") u (e) WHERE ..) */
static char *
element_orphans(const TaState *state, bool count)
{
	return psprintf("SELECT %s FROM %s t WHERE EXISTS (SELECT 1 FROM %s)%s%s",
					count ? "pg_catalog.count(*)" : "t.*", rows_of(state->child_rel),
					ta_ddl_lost_elements(state), state->condition != NULL ? " AND " : "",
					state->condition != NULL
						? ta_scope_test_sql(state->condition, state->child_rel, "t.")
						: "");
}

/*
 * The same of a reference to one table, whose rows may have to fit a scope:
 *
 * SELECT t.* FROM .. WHERE t."userId" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM s."Users" p WHERE
 * p.id OPERATOR(pg_catalog.=) t."userId" AND p.role OPERATOR(pg_catalog.=) 'admin'::text)
 */
static char *
plain_orphans(const TaState *state, bool count)
{
	char *query =
		ta_ddl_key_orphans(state->child_rel, state->reference->columns, state->parent_rel,
						   state->parent->heirs, state->reference->key, state->match_full, count);

	if (state->scope != NULL)
	{
		/* within the parenthesis that ends it */
		query[strlen(query) - 1] = '\0';
		query =
			psprintf("%s AND %s)", query, ta_scope_test_sql(state->scope, state->parent_rel, "p."));
	}
	if (state->condition != NULL)
		query = psprintf("%s AND %s", query,
						 ta_scope_test_sql(state->condition, state->child_rel, "t."));
	return query;
}

/* t."commentableType" = 'Post' */
char *
ta_ddl_type_test(const TaState *state, const TaStateTarget *target)
{
	const char *name = state->reference->type_column;

	return ta_type_test_sql("t.", name, ta_rel_column(state->child_rel, name),
							target->target->type_value);
}

/*
 * The rows of one target's type that refer to nothing, as above with the type:
 *
 * SELECT t.* FROM s."Comments" t WHERE t."commentableType" = 'Post' AND t."commentableId" IS NOT
 * NULL AND NOT EXISTS (...)
 */
static char *
target_orphans(const TaState *state, const TaStateTarget *target)
{
	return psprintf("%s AND %s",
					ta_ddl_key_orphans(state->child_rel, state->reference->columns, target->relid,
									   target->model->heirs, target->target->key, false, false),
					ta_ddl_type_test(state, target));
}

/*
 * What is true of a row t that no target can make right: of one column alone,
 * or of a type that is none.
 *
 * ((t."commentableType" IS NULL) <> (t."commentableId" IS NULL) OR t."commentableType" IS NOT NULL
 * AND NOT (t."commentableType" = 'Post' OR ...))
 */
char *
ta_ddl_unfit_condition(const TaState *state)
{
	List *types = NIL;
	char *type = psprintf("t.%s", ta_ident_quote(state->reference->type_column));
	char *key = psprintf("t.%s", ta_ident_quote(linitial(state->reference->columns)));
	ListCell *lc;

	foreach(lc, state->targets)
		types = lappend(types, ta_ddl_type_test(state, lfirst(lc)));
	return psprintf("((%s IS NULL) OPERATOR(pg_catalog.<>) (%s IS NULL) OR (%s IS NOT NULL AND NOT "
					"(%s)))",
					type, key, type, ta_err_join(types, " OR "));
}

/* SELECT t.* FROM s."Comments" t WHERE ((t."commentableType" IS NULL) <> .. ) */
char *
ta_ddl_unfit_query(const TaState *state, bool count)
{
	return psprintf("SELECT %s FROM %s t WHERE %s", count ? "pg_catalog.count(*)" : "t.*",
					rows_of(state->child_rel), ta_ddl_unfit_condition(state));
}

/* Those of each target, and those that are unfit: no row is in two of them. */
static char *
polymorphic_orphans(const TaState *state, bool count)
{
	List *parts = list_make1(ta_ddl_unfit_query(state, false));
	char *query;
	ListCell *lc;

	foreach(lc, state->targets)
		parts = lappend(parts, target_orphans(state, lfirst(lc)));
	query = ta_err_join(parts, " UNION ALL ");
	return count ? psprintf("SELECT pg_catalog.count(*) FROM (%s) o", query) : query;
}

/* The same for a reference. */
char *
ta_ddl_orphans_query(const TaState *state, bool count)
{
	if (state->reference->type_column != NULL)
		return polymorphic_orphans(state, count);
	if (state->reference->element)
		return element_orphans(state, count);
	return plain_orphans(state, count);
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
	char *live = ta_soft_live_sql("t.", state->child, true);
	char *filter = psprintf("%s%s%s%s", state->filter != NULL ? state->filter : "",
							state->filter != NULL ? " AND " : "", live != NULL ? live : "",
							live != NULL ? " AND " : "");
	char *groups =
		psprintf("SELECT %s, pg_catalog.count(*) FROM %s t WHERE %s%s GROUP BY %s HAVING "
				 "pg_catalog.count(*) OPERATOR(pg_catalog.>) 1",
				 ta_ident_prefixed_columns("t.", columns), rows_of(state->child_rel), filter,
				 all_columns("t.", columns, "IS NOT NULL", " AND "),
				 ta_ident_prefixed_columns("t.", columns));

	return count ? psprintf("SELECT pg_catalog.count(*) FROM (%s) d", groups) : groups;
}
