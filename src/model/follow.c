/*
 * src/model/follow.c
 *		Renames in the database, followed in what is declared.
 *
 * Names are text in our catalog, so that a row means the same after a restore;
 * the price is that a rename must be carried through every row that holds the
 * name, whoever said it.  References and aliases keep their own names.
 */
#include "postgres.h"

#include "base/ident.h"
#include "model/declare.h"
#include "model/follow.h"
#include "model/option.h"
#include "model/reference.h"
#include "pg/facts.h"
#include "store/cache.h"
#include "store/enforced.h"

/* ---- tables ---- */

/* Adds the models' names, each once. */
static List *
names_of(List *rows)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, rows)
	{
		TaModelRow *row = lfirst(lc);

		if (!ta_ident_list_has(names, row->name))
			names = lappend(names, row->name);
	}
	return names;
}

/* A table has another name or schema; returns the models (of char *) that stand for it. */
List *
ta_follow_table(const char *schema, const char *table, const char *new_schema,
				const char *new_table)
{
	List *models = names_of(ta_catalog_models_of_table(schema, table));

	if (models != NIL)
		ta_catalog_move_table(schema, table, new_schema, new_table);
	return models;
}

/* A schema has another name; returns the models (of char *) whose tables are in it. */
List *
ta_follow_schema(const char *schema, const char *new_schema)
{
	List *models = names_of(ta_catalog_models_of_schema(schema));

	if (models != NIL)
		ta_catalog_rename_schema(schema, new_schema);
	return models;
}

/* ---- columns ---- */

/* The model whose columns the declaration names there, or NULL. */
const char *
ta_column_use_model(const TaDecl *decl, TaColumnUse use)
{
	switch (use)
	{
		case TA_USE_FOREIGN_KEY:
		case TA_USE_ON_DELETE:
		case TA_USE_CONDITION:
			return ta_decl_is_path(decl) ? NULL : ta_decl_child(decl);
		case TA_USE_OTHER_KEY:
			return decl->kind == TA_BELONGS_TO_MANY ? decl->through : NULL;
		case TA_USE_SOURCE_KEY:
			return decl->model;
		case TA_USE_TARGET_KEY:
		case TA_USE_SCOPE:
		case TA_USE_ORDER_BY:
			return decl->target;
	}
	return NULL;
}

/* Whether the declaration filters or orders by this column of the model, or has it in its condition. */
bool
ta_decl_shows_column(const TaDecl *decl, const char *model, const char *column)
{
	if (decl->condition != NULL &&
		ta_ident_same(ta_column_use_model(decl, TA_USE_CONDITION), model) &&
		ta_ident_list_has(ta_scope_columns(decl->condition), column))
		return true;
	if (strcmp(decl->target, model) != 0)
		return false;
	return (decl->scope != NULL && ta_ident_list_has(ta_scope_columns(decl->scope), column)) ||
		   (decl->order_by != NULL && ta_ident_list_has(ta_order_columns(decl->order_by), column));
}

/* The list with the name replaced, in its place. */
static List *
rename_in(List *columns, const char *column, const char *new_name)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, columns)
		result = lappend(result, strcmp(lfirst(lc), column) == 0 ? pstrdup(new_name) : lfirst(lc));
	return result;
}

/* "SET NULL (a)": the columns of an action. */
static char *
rename_in_action(char *on_delete, const char *column, const char *new_name)
{
	TaAction action = ta_action_parse(on_delete);

	return action.columns == NIL
			   ? on_delete
			   : ta_action_text(action.code, rename_in(action.columns, column, new_name));
}

static bool
names_columns_of(const TaDecl *decl, TaColumnUse use, const char *model)
{
	const char *named = ta_column_use_model(decl, use);

	return named != NULL && strcmp(named, model) == 0;
}

/* Renames the model's column in one row; writes it only if that changed it. */
static void
rename_in_decl(const TaDecl *row, const char *model, const char *column, const char *new_name)
{
	TaDecl decl = *row;

	if (names_columns_of(row, TA_USE_FOREIGN_KEY, model))
		decl.foreign_key = rename_in(row->foreign_key, column, new_name);
	if (names_columns_of(row, TA_USE_OTHER_KEY, model))
		decl.other_key = rename_in(row->other_key, column, new_name);
	if (names_columns_of(row, TA_USE_SOURCE_KEY, model))
		decl.source_key = rename_in(row->source_key, column, new_name);
	if (names_columns_of(row, TA_USE_TARGET_KEY, model))
		decl.target_key = rename_in(row->target_key, column, new_name);
	if (row->type_column != NULL && names_columns_of(row, TA_USE_FOREIGN_KEY, model) &&
		strcmp(row->type_column, column) == 0)
		decl.type_column = pstrdup(new_name);
	if (row->other_type_column != NULL && names_columns_of(row, TA_USE_OTHER_KEY, model) &&
		strcmp(row->other_type_column, column) == 0)
		decl.other_type_column = pstrdup(new_name);
	if (row->on_delete != NULL && names_columns_of(row, TA_USE_ON_DELETE, model))
		decl.on_delete = rename_in_action(row->on_delete, column, new_name);
	if (row->scope != NULL && names_columns_of(row, TA_USE_SCOPE, model))
		decl.scope = ta_scope_rename(row->scope, column, new_name);
	if (row->condition != NULL && names_columns_of(row, TA_USE_CONDITION, model))
		decl.condition = ta_scope_rename(row->condition, column, new_name);
	if (row->order_by != NULL && names_columns_of(row, TA_USE_ORDER_BY, model))
		decl.order_by = ta_order_rename(row->order_by, column, new_name);
	if (!ta_decl_equal(row, &decl))
		ta_catalog_put_decl(&decl);
}

/*
 * A column of the table (as it is named now) has another name; returns the
 * models (of char *) that stand for the table.
 */
List *
ta_follow_column(const char *schema, const char *table, const char *column, const char *new_name)
{
	List *rows = ta_catalog_models_of_table(schema, table);
	List *models = names_of(rows);
	ListCell *lc;

	foreach(lc, rows)
	{
		TaModelRow *row = lfirst(lc);

		if (!ta_ident_list_has(row->key, column) && !ta_ident_same(row->soft_delete, column))
			continue;
		row->key = rename_in(row->key, column, new_name);
		if (ta_ident_same(row->soft_delete, column))
			row->soft_delete = pstrdup(new_name);
		ta_catalog_put_model(row);
	}
	foreach(lc, models)
	{
		ListCell *ld;

		foreach(ld, ta_decls_about(lfirst(lc)))
			rename_in_decl(lfirst(ld), lfirst(lc), column, new_name);
	}
	return models;
}

/* ---- what triggers enforce ---- */

static bool
is_table(const char *schema, const char *table, const char *of_schema, const char *of_table)
{
	return strcmp(schema, of_schema) == 0 && strcmp(table, of_table) == 0;
}

/* The child's columns in one row. */
static void
rename_in_enforced(TaEnforced *row, const char *column, const char *new_name)
{
	row->columns = rename_in(row->columns, column, new_name);
	if (ta_ident_same(row->type_column, column))
		row->type_column = pstrdup(new_name);
	if (ta_ident_same(row->child_soft_delete, column))
		row->child_soft_delete = pstrdup(new_name);
	row->on_delete = rename_in_action(row->on_delete, column, new_name);
	row->on_update = rename_in_action(row->on_update, column, new_name);
	if (row->condition != NULL)
		row->condition = ta_scope_rename(row->condition, column, new_name);
}

/* A column of the table (as it is named now) has another name: in what is in force, whether it is declared or not. */
void
ta_follow_enforced(const char *schema, const char *table, const char *column, const char *new_name)
{
	ListCell *lc;

	foreach(lc, ta_enforced_of_table(schema, table))
	{
		TaEnforced *row = lfirst(lc);
		ListCell *lt;

		if (is_table(row->child_schema, row->child_table, schema, table))
			rename_in_enforced(row, column, new_name);
		foreach(lt, row->targets)
		{
			TaEnforcedTarget *target = lfirst(lt);

			if (!is_table(target->schema, target->table, schema, table))
				continue;
			target->key = rename_in(target->key, column, new_name);
			if (ta_ident_same(target->soft_delete, column))
				target->soft_delete = pstrdup(new_name);
			if (target->scope != NULL)
				target->scope = ta_scope_rename(target->scope, column, new_name);
		}
		ta_enforced_put(row);
	}
}

/* ---- what apply() made ---- */

/* The object is gone, and with a key the defaults that it was made with. */
static void
forget_object(const TaRecorded *row)
{
	ta_catalog_forget_item(row->reference, row->item);
	if (!ta_recorded_is(row, TA_ITEM_CONSTRAINT))
		return;
	/* of a polymorphic reference, the keys to other targets have them as well */
	if (ta_recorded_values(ta_catalog_recorded(row->reference), TA_ITEM_CONSTRAINT) != NIL)
		return;
	ta_catalog_forget_item(row->reference, TA_ITEM_ON_DELETE);
	ta_catalog_forget_item(row->reference, TA_ITEM_ON_UPDATE);
	ta_catalog_forget_item(row->reference, TA_ITEM_DEFERRAL);
}

/*
 * A constraint, index or generated column of the table has another name, or (new_name NULL) is
 * gone: what was recorded of it follows.  Returns whether something was.
 */
bool
ta_follow_object(Oid relid, const char *item, const char *name, const char *new_name)
{
	bool found = false;
	ListCell *lc;

	foreach(lc, ta_catalog_recorded_objects(item, name))
	{
		TaRecorded *row = lfirst(lc);
		TaReference *reference = ta_reference_named(row->reference);
		const TaModel *child = reference != NULL ? ta_cache_model(reference->child) : NULL;

		if (child == NULL || child->relid != relid)
			continue;
		if (new_name != NULL)
			ta_catalog_rename_recorded(row, new_name);
		else
			forget_object(row);
		found = true;
	}
	return found;
}
