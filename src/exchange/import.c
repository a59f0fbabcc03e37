/*
 * src/exchange/import.c
 *		Models and associations from the foreign keys there are.
 *
 * Says of each key what the database has, so that nothing is left to plan.
 * Declares nothing itself: what is new is handed back as a document.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "exchange/import.h"
#include "exchange/import_name.h"
#include "exchange/import_propose.h"
#include "exchange/import_read.h"
#include "model/option.h"
#include "model/reference.h"

/* A junction may have so many columns besides its two keys: an id, a time or two. */
#define JUNCTION_EXTRA 3

static TaImportRow *
add_row(TaImportResult *result, const char *kind, const char *status)
{
	TaImportRow *row = palloc0(sizeof(TaImportRow));

	row->kind = kind;
	row->status = status;
	result->rows = lappend(result->rows, row);
	return row;
}

/* ---- models ---- */

/* Names the models of all tables that a key is imported from or to, in the order of the tables. */
static void
name_models(TaImport *import)
{
	ListCell *lc;

	foreach(lc, import->keys)
	{
		TaImportKey *key = lfirst(lc);

		key->child->taken_up |= key->problem == NULL;
		key->parent->taken_up |= key->problem == NULL;
	}
	foreach(lc, import->scope)
	{
		TaImportTable *table = lfirst(lc);

		if (table->taken_up && table->model == NULL)
			table->model = ta_import_name_model(import, table);
	}
	/* parents in other schemas, partitions with keys of their own */
	foreach(lc, import->keys)
	{
		TaImportKey *key = lfirst(lc);

		if (key->parent->taken_up && key->parent->model == NULL)
			key->parent->model = ta_import_name_model(import, key->parent);
		if (key->child->taken_up && key->child->model == NULL)
			key->child->model = ta_import_name_model(import, key->child);
	}
}

/* A row for the model, and its definition when it is new; once. */
static void
add_model(TaImportResult *result, TaImportTable *table)
{
	TaImportRow *row;
	TaDocumentModel *model;

	if (!table->taken_up)
		return;
	table->taken_up = false;
	row = add_row(result, "model", table->defined ? "declared" : "new");
	row->name = table->model;
	row->table = table->shown;
	if (table->defined)
		return;
	row->inferred = "name from the table's";
	model = palloc0(sizeof(TaDocumentModel));
	model->row.name = pstrdup(table->model);
	model->row.schema_name = ta_rel_schema(table->relid);
	model->row.table_name = ta_rel_name(table->relid);
	model->table_name = pstrdup(table->shown);
	model->says = true;
	row->statement = ta_document_model_call(&model->row);
	result->document.models = lappend(result->document.models, model);
}

/* ---- what keeps a key from being declared ---- */

static const char *
problem_of(const TaImportKey *key)
{
	if (key->problem != NULL)
		return key->problem;
	if (!key->child->owned)
		return psprintf("not the owner of table %s", key->child->shown);
	if (!key->parent->owned && !key->parent->defined)
		return psprintf("not the owner of table %s, which is no model", key->parent->shown);
	if (key->child->unusable || key->parent->unusable)
		return psprintf("model %s is said in two ways",
						ta_ident_quote(key->child->unusable ? key->child->model
															: key->parent->model));
	if (key->enforced && !ta_rel_may_reference(key->parent->relid, key->fk.key))
		return psprintf("no REFERENCES privilege on table %s", key->parent->shown);
	return NULL;
}

/* ---- what is declared already ---- */

/* Finds the declared sides of the key, and goes by the models they go by. */
static void
find_declared(TaImportKey *key)
{
	ListCell *lc;

	key->child_model = key->child->model;
	key->parent_model = key->parent->model;
	foreach(lc, key->child->links)
	{
		TaLink *link = lfirst(lc);
		const TaModel *parent = ta_cache_model(link->parent);

		if (parent == NULL || parent->relid != key->parent->relid ||
			link->decl->kind == TA_BELONGS_TO_MANY ||
			!ta_import_same_columns(key->fk.columns, key->fk.key, link->columns, link->key))
			continue;
		key->child_model = link->child;
		key->parent_model = link->parent;
		if (link->from_child && key->declared_to == NULL)
			key->declared_to = link->decl->alias;
		/* one with an order is a view of its own, and none of the key's sides */
		if (!link->from_child && link->decl->order_by == NULL && link->decl->scope == NULL &&
			key->declared_back == NULL)
			key->declared_back = link->decl->alias;
	}
}

/* ---- declarations ---- */

/* "NOT VALID": what of the key is worth a word. */
static const char *
evidence_of(const TaImportKey *key)
{
	List *words = list_make1(psprintf("foreign key %s", ta_ident_quote(key->fk.name)));

	if (!key->enforced)
		words = lappend(words, pstrdup("NOT ENFORCED"));
	else if (!key->fk.validated)
		words = lappend(words, pstrdup("NOT VALID"));
	if (key->fk.match == FKCONSTR_MATCH_FULL)
		words = lappend(words, pstrdup("MATCH FULL"));
	return ta_err_join(words, ", ");
}

/* Whether the action can be said of columns as they are. */
static bool
can_say_action(const TaImportKey *key, char code, List *columns)
{
	ListCell *lc;

	if (code != FKCONSTR_ACTION_SETNULL && code != FKCONSTR_ACTION_SETDEFAULT)
		return true;
	foreach(lc, columns != NIL ? columns : key->fk.columns)
	{
		const TaColumn *column = ta_rel_column(key->child->relid, lfirst(lc));

		if (column == NULL ||
			(code == FKCONSTR_ACTION_SETNULL ? column->not_null : !column->has_default))
			return false;
	}
	return true;
}

/* The option that says what the key does; unsaid where it cannot do it. */
static char *
say_action(const TaImportKey *key, const char *option, char code, List *columns, List **why)
{
	if (can_say_action(key, code, columns))
		return ta_action_text(code, columns);
	*why =
		lappend(*why, psprintf("%s not said: %s of a column %s", option, ta_action_text(code, NIL),
							   code == FKCONSTR_ACTION_SETNULL ? "that is NOT NULL"
															   : "without a default"));
	return NULL;
}

static bool
all_not_null(Oid relid, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		const TaColumn *column = ta_rel_column(relid, lfirst(lc));

		if (column == NULL || !column->not_null)
			return false;
	}
	return true;
}

/* Says of the key all that the database has of it. */
static void
say_options(TaDecl *decl, const TaImportKey *key, List **why)
{
	Oid child = key->child->relid;

	if (key->enforced)
	{
		decl->on_delete =
			say_action(key, "on_delete", key->fk.on_delete, key->fk.delete_columns, why);
		if (key->fk.on_update != FKCONSTR_ACTION_NOACTION)
			decl->on_update = say_action(key, "on_update", key->fk.on_update, NIL, why);
		if (key->fk.deferrable)
			decl->deferral = ta_deferral_text(key->fk.deferrable, key->fk.deferred);
	}
	else
		decl->enforce = pstrdup("none");
	if (all_not_null(child, key->fk.columns))
		decl->required = pstrdup("true");
	if (!OidIsValid(ta_rel_serving_index(child, key->fk.columns, InvalidOid)))
	{
		decl->index = pstrdup("false");
		*why = lappend(*why, pstrdup("no index"));
	}
}

/* The key's columns referred to, unless they are what the model's key is anyway. */
static List *
said_key(const TaImportKey *key)
{
	const TaModel *parent = ta_cache_model(key->parent_model);
	List *own = parent != NULL ? parent->key : ta_rel_primary_key(key->parent->relid);

	return ta_ident_lists_equal(own, key->fk.key) ? NIL : key->fk.key;
}

static TaDecl *
new_decl(const char *model, const char *alias, TaKind kind, const char *target)
{
	TaDecl *decl = palloc0(sizeof(TaDecl));

	decl->model = pstrdup(model);
	decl->alias = pstrdup(alias);
	decl->kind = kind;
	decl->target = pstrdup(target);
	return decl;
}

/* The row of an association that is new; it joins the document. */
static void
add_new(TaImportResult *result, TaDecl *decl, const TaImportTable *table, List *why,
		const char *evidence)
{
	TaImportRow *row = add_row(result, ta_kind_name(decl->kind), "new");

	row->name = ta_decl_name(decl);
	row->table = table->shown;
	row->target = decl->target;
	row->foreign_key = ta_ident_columns(decl->foreign_key);
	row->inferred = ta_err_join(why, "; ");
	row->evidence = evidence;
	row->statement = ta_document_call(decl);
	result->document.decls = lappend(result->document.decls, decl);
}

static void
add_other(TaImportResult *result, const char *status, TaKind kind, const char *name,
		  const TaImportTable *table, const char *target, const TaImportKey *key,
		  const char *reason)
{
	TaImportRow *row = add_row(result, ta_kind_name(kind), status);

	row->name = name;
	row->table = table->shown;
	row->target = target;
	row->foreign_key = ta_ident_columns(key->fk.columns);
	row->inferred = reason;
	row->evidence = evidence_of(key);
}

/* The child's side. */
static void
import_to(TaImport *import, TaImportResult *result, TaImportKey *key)
{
	const char *why;
	List *notes;
	TaDecl *decl;

	if (key->declared_to != NULL)
	{
		add_other(result, "declared", TA_BELONGS_TO,
				  psprintf("%s.%s", key->child_model, key->declared_to), key->child,
				  key->parent_model, key, NULL);
		return;
	}
	key->alias = ta_import_name_to(import, key, &why);
	decl = new_decl(key->child_model, key->alias, TA_BELONGS_TO, key->parent_model);
	decl->foreign_key = key->fk.columns;
	decl->target_key = said_key(key);
	notes = list_make1(pstrdup(why));
	say_options(decl, key, &notes);
	add_new(result, decl, key->child, notes, evidence_of(key));
}

/* The parent's side: to one where the columns are unique. */
static void
import_back(TaImport *import, TaImportResult *result, TaImportKey *key)
{
	Oid unique = ta_rel_key_index(key->child->relid, key->fk.columns);
	TaKind kind = OidIsValid(unique) ? TA_HAS_ONE : TA_HAS_MANY;
	const char *why;
	List *notes;
	TaDecl *decl;

	if (key->declared_back != NULL)
	{
		add_other(result, "declared", kind,
				  psprintf("%s.%s", key->parent_model, key->declared_back), key->parent,
				  key->child_model, key, NULL);
		return;
	}
	if (!key->parent->owned)
	{
		add_other(result, "skipped", kind, NULL, key->parent, key->child_model, key,
				  psprintf("not the owner of table %s", key->parent->shown));
		return;
	}
	decl = new_decl(key->parent_model, ta_import_name_back(import, key, OidIsValid(unique), &why),
					kind, key->child_model);
	decl->foreign_key = key->fk.columns;
	decl->source_key = said_key(key);
	notes = list_make1(pstrdup(why));
	if (OidIsValid(unique))
		notes =
			lappend(notes, psprintf("unique by index %s", ta_ident_quote(get_rel_name(unique))));
	add_new(result, decl, key->parent, notes, evidence_of(key));
}

/* ---- junctions ---- */

/* Whether the table's two keys make it a junction; gives them. */
static bool
is_junction(const TaImportTable *table, TaImportKey *keys[2])
{
	List *columns;
	ListCell *lc;
	int count = 0;

	foreach(lc, table->keys)
	{
		TaImportKey *key = lfirst(lc);

		if (key->twin)
			continue;
		if (count == 2 || key->problem != NULL)
			return false;
		keys[count++] = key;
	}
	/* what others refer to is a thing of its own */
	if (count != 2 || table->referenced ||
		ta_ident_lists_equal(keys[0]->fk.columns, keys[1]->fk.columns))
		return false;
	columns = list_copy(keys[0]->fk.columns);
	foreach(lc, keys[1]->fk.columns)
	{
		if (!ta_ident_list_has(columns, lfirst(lc)))
			columns = lappend(columns, lfirst(lc));
	}
	return all_not_null(table->relid, columns) &&
		   OidIsValid(ta_rel_key_index(table->relid, columns)) &&
		   list_length(ta_rel_column_names(table->relid)) <= list_length(columns) + JUNCTION_EXTRA;
}

/* The alias of the declared belongs_to_many from one key of the junction to the other, or NULL. */
static const char *
declared_across(const TaImportKey *here, const TaImportKey *there)
{
	ListCell *lc;

	foreach(lc, here->child->links)
	{
		const TaDecl *decl = ((TaLink *) lfirst(lc))->decl;

		if (decl->kind == TA_BELONGS_TO_MANY && strcmp(decl->model, here->parent_model) == 0 &&
			strcmp(decl->target, there->parent_model) == 0 &&
			strcmp(decl->through, here->child_model) == 0 &&
			ta_ident_lists_equal(decl->foreign_key, here->fk.columns) &&
			ta_ident_lists_equal(decl->other_key, there->fk.columns))
			return decl->alias;
	}
	return NULL;
}

static void
import_across(TaImport *import, TaImportResult *result, TaImportKey *here, TaImportKey *there)
{
	const char *declared = declared_across(here, there);
	TaDecl *decl;

	if (declared != NULL)
	{
		add_other(result, "declared", TA_BELONGS_TO_MANY,
				  psprintf("%s.%s", here->parent_model, declared), here->parent,
				  there->parent_model, here, NULL);
		return;
	}
	if (!here->parent->owned)
	{
		add_other(result, "skipped", TA_BELONGS_TO_MANY, NULL, here->parent, there->parent_model,
				  here, psprintf("not the owner of table %s", here->parent->shown));
		return;
	}
	decl = new_decl(here->parent_model, ta_import_name_across(import, here, there),
					TA_BELONGS_TO_MANY, there->parent_model);
	decl->through = pstrdup(here->child_model);
	decl->foreign_key = here->fk.columns;
	decl->other_key = there->fk.columns;
	decl->source_key = said_key(here);
	decl->target_key = said_key(there);
	add_new(result, decl, here->parent,
			list_make1(psprintf("alias %s from the junction's other key; %s is a junction",
								decl->alias, here->child->shown)),
			psprintf("foreign keys %s, %s", ta_ident_quote(here->fk.name),
					 ta_ident_quote(there->fk.name)));
}

/* ---- the whole ---- */

static void
import_key(TaImport *import, TaImportResult *result, TaImportKey *key)
{
	key->problem = problem_of(key);
	if (key->problem != NULL)
	{
		add_other(result, "skipped", TA_BELONGS_TO, NULL, key->child, key->parent->shown, key,
				  key->problem);
		return;
	}
	import_to(import, result, key);
	import_back(import, result, key);
}

/*
 * The keys of the schemas as rows, what is new as a document, then proposals;
 * NULL: all schemas of users.  counted: rows of an import just before, whose
 * proposals are not counted again.
 */
TaImportResult *
ta_import(const char *schemas, List *counted)
{
	TaImportResult *result = palloc0(sizeof(TaImportResult));
	TaImport *import = ta_import_read(schemas);
	ListCell *lc;

	import->counted = counted;
	/* a key that cannot be declared takes no names */
	foreach(lc, import->keys)
	{
		TaImportKey *key = lfirst(lc);

		if (key->problem == NULL)
			key->problem = problem_of(key);
	}
	name_models(import);
	foreach(lc, import->scope)
		add_model(result, lfirst(lc));
	foreach(lc, import->keys)
	{
		add_model(result, ((TaImportKey *) lfirst(lc))->child);
		add_model(result, ((TaImportKey *) lfirst(lc))->parent);
	}
	foreach(lc, import->keys)
		find_declared(lfirst(lc));
	foreach(lc, import->keys)
		import_key(import, result, lfirst(lc));
	foreach(lc, import->scope)
	{
		TaImportKey *keys[2];

		if (is_junction(lfirst(lc), keys))
		{
			import_across(import, result, keys[0], keys[1]);
			import_across(import, result, keys[1], keys[0]);
		}
	}
	result->rows = list_concat(result->rows, ta_import_propose(import));
	return result;
}
