/*
 * src/schema/native.c
 *		A polymorphic reference as native keys of generated columns.
 *
 * A native key refers to one table.  So each target has a column of its own,
 * which is generated: what the foreign key holds in rows of the target's type,
 * and null in others.  On it there is a key like any other, and a CHECK says
 * what no key can: that the type is one of the targets' and that none of the
 * two columns is null alone.
 *
 * ALTER TABLE s."Comments" ADD COLUMN "commentablePostId" bigint GENERATED
 * ALWAYS AS (CASE WHEN "commentableType" = 'Post'::text THEN "commentableId" END) STORED;
 * ALTER TABLE s."Comments" ADD CONSTRAINT "Comments_commentablePostId_fkey"
 * FOREIGN KEY ("commentablePostId") REFERENCES s."Posts" (id);
 * ALTER TABLE s."Comments" ADD CONSTRAINT "Comments_commentableType_check" CHECK
 * (("commentableType" IS NULL) = ("commentableId" IS NULL) AND "commentableType" =
 * ANY (ARRAY['Photo'::text, 'Post'::text]));
 *
 * To what plans, renders and checks keys, such a column is a plain reference:
 * a state of its own, whose whole is the polymorphic one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/naming.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/expression.h"
#include "pg/keymatch.h"
#include "schema/native.h"

/* ---- what is generated ---- */

/* The column of the polymorphic reference, as there is one or will be; NULL: no target says a type. */
static const TaColumn *
key_column(const TaState *whole)
{
	const char *name = linitial(whole->reference->columns);
	const TaColumn *column =
		OidIsValid(whole->child_rel) ? ta_rel_column(whole->child_rel, name) : NULL;

	return column != NULL ? column : ta_targets_key_column(whole->reference);
}

/*
 * Type and collation of a native's column: those of the polymorphic one, and not
 * of the target's key, for a value that the key can't have refers to nothing,
 * and is no error of a cast.  Of a domain its base: it may refuse nulls.
 */
const TaColumn *
ta_native_column(const TaState *native)
{
	const TaColumn *column = key_column(native->whole);
	TaColumn *result;

	if (column == NULL)
		return NULL;
	result = palloc(sizeof(TaColumn));
	*result = *column;
	result->type = getBaseTypeAndTypmod(column->type, &result->typmod);
	return result;
}

/* "commentableType" OPERATOR(pg_catalog.=) 'Post'::pg_catalog.text */
static char *
type_test(const TaState *whole, const TaTarget *target)
{
	const char *name = whole->reference->type_column;

	return ta_type_test_sql("", name,
							OidIsValid(whole->child_rel) ? ta_rel_column(whole->child_rel, name)
														 : NULL,
							target->type_value);
}

/* CASE WHEN "commentableType" OPERATOR(pg_catalog.=) 'Post'::pg_catalog.text THEN "commentableId" END */
static char *
expression_of(const TaState *whole, const TaTarget *target)
{
	return psprintf("CASE WHEN %s THEN %s END", type_test(whole, target),
					ta_ident_quote(linitial(whole->reference->columns)));
}

/* What the native's column is made of. */
char *
ta_native_expression(const TaState *native)
{
	return expression_of(native->whole, linitial(native->reference->targets));
}

/* The ways in which somebody may have written it: as we do, with the type in front, with the bare value. */
static List *
expressions_of(const TaState *whole, const TaTarget *target)
{
	const char *name = whole->reference->type_column;
	Oid type = getBaseType(ta_rel_column(whole->child_rel, name)->type);
	char *column = ta_ident_quote(name);
	char *key = ta_ident_quote(linitial(whole->reference->columns));
	char *value = quote_literal_cstr(target->type_value);
	List *values = list_make2(psprintf("%s::%s", value,
									   format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY)),
							  value);
	List *expressions = list_make1(expression_of(whole, target));
	ListCell *lc;

	/* a number as such */
	if (type == INT2OID || type == INT4OID || type == INT8OID)
		values = lappend(values, unconstify(char *, target->type_value));
	foreach(lc, values)
	{
		expressions = lappend(expressions, psprintf("CASE WHEN %s = %s THEN %s END", column,
													(char *) lfirst(lc), key));
		expressions = lappend(expressions, psprintf("CASE %s WHEN %s THEN %s END", column,
													(char *) lfirst(lc), key));
	}
	return expressions;
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * What the CHECK says; the types in the order of the alphabet, so that it does
 * not depend on that of the declarations.  Two nulls make it null, which passes.
 *
 * ("commentableType" IS NULL) OPERATOR(pg_catalog.=) ("commentableId" IS NULL) AND
 * "commentableType" OPERATOR(pg_catalog.=) ANY (ARRAY['Photo'::pg_catalog.text, 'Post'::pg_catalog.text])
 */
char *
ta_native_condition(const TaState *state)
{
	const TaReference *reference = state->reference;
	const TaColumn *column = OidIsValid(state->child_rel)
								 ? ta_rel_column(state->child_rel, reference->type_column)
								 : NULL;
	Oid base = column != NULL ? getBaseType(column->type) : TEXTOID;
	/* varchar is compared as text; said so, a dump writes it in the same words */
	Oid type = base == VARCHAROID ? TEXTOID : base;
	char *type_sql = format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);
	char *name = ta_ident_quote(reference->type_column);
	List *values = NIL;
	ListCell *lc;

	foreach(lc, reference->targets)
		values = lappend(values, unconstify(char *, ((TaTarget *) lfirst(lc))->type_value));
	list_sort(values, compare_texts);
	foreach(lc, values)
		lfirst(lc) = psprintf("%s::%s", quote_literal_cstr(lfirst(lc)), type_sql);
	return psprintf("(%s IS NULL) OPERATOR(pg_catalog.=) (%s IS NULL) AND %s %s ANY (ARRAY[%s])",
					name, ta_ident_quote(linitial(reference->columns)), name,
					ta_key_operator_sql(type, type), ta_err_join(values, ", "));
}

/* ---- names ---- */

/* Whether a column or association of the child's table has the name, or one of the natives. */
static bool
name_taken(const TaState *state, List *natives, const char *name)
{
	ListCell *lc;

	if (OidIsValid(state->child_rel) && ta_rel_column(state->child_rel, name) != NULL)
		return true;
	if (ta_ident_list_has(ta_reference_columns(state->reference), name))
		return true;
	foreach(lc, ta_cache_associations(state->child))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, name) == 0)
			return true;
	}
	foreach(lc, natives)
	{
		if (strcmp(linitial(((TaState *) lfirst(lc))->reference->columns), name) == 0)
			return true;
	}
	return false;
}

/* commentablePostId or commentable_post_id, as the table writes its columns; with a number if that is taken. */
static char *
invent_name(const TaState *state, List *natives, const char *model)
{
	List *columns = OidIsValid(state->child_rel) ? ta_rel_column_names(state->child_rel)
												 : ta_reference_columns(state->reference);
	char *stem = ta_name_foreign_key(state->reference->polymorphic, model, false);
	char *name =
		ta_name_foreign_key(stem, "id", ta_name_style_is_snake(columns, state->child->table));

	for (int number = 0;; number++)
	{
		char *numbered = ta_ident_numbered(name, number);

		if (!name_taken(state, natives, numbered))
			return numbered;
	}
}

/* ---- states ---- */

/* The plain reference of one target's column, which may be yet to be made. */
static TaState *
native_of(TaState *state, List *natives, TaStateTarget *target, List *ours)
{
	TaState *native = palloc(sizeof(TaState));
	TaReference *reference = palloc(sizeof(TaReference));
	char *column =
		OidIsValid(state->child_rel) && state->missing == NIL
			? ta_rel_generated_as(state->child_rel, expressions_of(state, target->target), ours)
			: NULL;

	*native = *state;
	*reference = *state->reference;
	native->reference = reference;
	native->whole = state;
	native->natives = NIL;
	native->missing = NIL;
	/* it is null in the rows of other targets */
	native->all_not_null = false;
	reference->type_column = NULL;
	reference->polymorphic = NULL;
	reference->parent = target->target->model;
	reference->key = target->target->key;
	reference->targets = list_make1(unconstify(TaTarget *, target->target));
	reference->one = NULL;
	native->parent = target->model;
	native->parent_rel = target->relid;
	native->targets = list_make1(target);
	if (column == NULL)
	{
		column = invent_name(state, natives, target->target->model);
		native->missing = list_make1(column);
	}
	reference->columns = list_make1(column);
	return native;
}

/*
 * The natives (TaState) of a polymorphic reference, one a target, but for their
 * keys and options.  recorded: its rows of what apply() created.
 */
List *
ta_natives(TaState *state, List *recorded)
{
	List *ours = ta_recorded_values(recorded, TA_ITEM_COLUMN);
	List *natives = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
		natives = lappend(natives, native_of(state, natives, lfirst(lc), ours));
	return natives;
}

/* Reads the CHECK there is, and which columns and CHECK apply() has made. */
void
ta_native_read_check(TaState *state, List *recorded)
{
	List *generated =
		OidIsValid(state->child_rel) ? ta_rel_generated_columns(state->child_rel) : NIL;
	List *names = ta_recorded_values(recorded, TA_ITEM_CHECK);
	ListCell *lc;

	if (!OidIsValid(state->child_rel))
		return;
	foreach(lc, ta_recorded_values(recorded, TA_ITEM_COLUMN))
	{
		/* one that is generated no more is the user's now */
		if (ta_ident_list_has(generated, lfirst(lc)))
			state->our_columns = lappend(state->our_columns, lfirst(lc));
	}
	if (names != NIL && ta_rel_has_check(state->child_rel, linitial(names)))
		state->our_check = linitial(names);
	if (state->missing != NIL || state->targets == NIL)
		return;
	state->check = ta_rel_check_as(state->child_rel, ta_native_condition(state), state->our_check);
	if (state->check == NULL)
		state->other_check = state->our_check != NULL
								 ? state->our_check
								 : ta_rel_check_like(state->child_rel, ta_native_condition(state));
}

/* ---- what natives can do, and are ---- */

/*
 * Whether a key of a generated column can have the action: PostgreSQL lets
 * nobody write such a column, not even a key.
 */
bool
ta_native_action_fits(const char *action, bool on_delete)
{
	char code = ta_action_parse(action).code;

	return code == FKCONSTR_ACTION_NOACTION || code == FKCONSTR_ACTION_RESTRICT ||
		   (on_delete && code == FKCONSTR_ACTION_CASCADE);
}

/* Whether there is a key of any target. */
bool
ta_native_any(const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->natives)
	{
		if (((TaState *) lfirst(lc))->fk != NULL)
			return true;
	}
	return false;
}

/* Whether the keys of all targets and the CHECK are there, and all rows are known to be right by them. */
bool
ta_native_valid(const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->natives)
	{
		const TaForeignKey *fk = ((TaState *) lfirst(lc))->fk;

		if (fk == NULL || !fk->validated || fk->temporal)
			return false;
	}
	return state->natives != NIL && state->check != NULL && state->check->validated;
}

/* The native of this target; NULL: there is none. */
const TaState *
ta_native_of(const TaState *state, const char *model)
{
	ListCell *lc;

	foreach(lc, state->natives)
	{
		const TaState *native = lfirst(lc);

		if (strcmp(native->reference->parent, model) == 0)
			return native;
	}
	return NULL;
}

/* The names (of char *) of the table's foreign keys that serve polymorphic references: none is an association of its own. */
List *
ta_native_key_names(Oid child)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_references_polymorphic())
	{
		const TaReference *reference = lfirst(lc);
		const TaModel *model = ta_cache_model(reference->child);
		const TaState *state;
		ListCell *ln;

		if (model == NULL || model->relid != child)
			continue;
		state = ta_state(reference, ta_catalog_recorded(reference->name));
		foreach(ln, state->natives)
		{
			const TaForeignKey *fk = ta_state_key(lfirst(ln));

			if (fk != NULL)
				names = lappend(names, fk->name);
		}
	}
	return names;
}
