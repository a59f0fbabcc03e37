/*
 * src/model/declare.c
 *		Declaring and forgetting models and associations.
 *
 * Declaring is not changing: rows are written here, DDL is planned elsewhere.
 * Everything runs under the catalog lock, so a second session that declares
 * the same waits, then finds the first one's row and joins or replaces it.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/check.h"
#include "model/declare.h"
#include "model/element.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/reference.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "store/ignored.h"

/* ---- models ---- */

static bool
same_model(const TaModelRow *a, const TaModelRow *b)
{
	return ta_ident_same(a->schema_name, b->schema_name) &&
		   ta_ident_same(a->table_name, b->table_name) && ta_ident_same(a->singular, b->singular) &&
		   ta_ident_same(a->plural, b->plural) && ta_ident_lists_equal(a->key, b->key) &&
		   ta_ident_same(a->accessors, b->accessors) &&
		   ta_ident_same(a->type_value, b->type_value) &&
		   ta_ident_same(a->soft_delete, b->soft_delete) && ta_ident_same(a->heirs, b->heirs) &&
		   ta_ident_lists_equal(a->inferred, b->inferred);
}

/* The column that an argument names; raises when the table has none of that name. */
static TaColumn *
said_column(Oid relid, const char *name, const char *argument)
{
	TaColumn *column = ta_rel_column(relid, name);
	const char *nearest;

	if (column != NULL)
		return column;
	nearest = ta_err_nearest(name, ta_rel_column_names(relid));
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("column \"%s\" of %s does not exist (argument \"%s\")", name,
						   ta_rel_shown(relid), argument),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Its columns are %s.",
											  ta_err_list(ta_rel_column_names(relid), 20))));
	return NULL;
}

/* A said key must be columns of the table. */
static void
check_model_key(Oid relid, List *key)
{
	ListCell *lc;

	foreach(lc, key)
		(void) said_column(relid, lfirst(lc), "key");
}

/* A row lives while the column is null or, if boolean, not true: so it must be able to. */
static void
check_soft_delete(Oid relid, const TaModelRow *said)
{
	TaColumn *column;

	if (said->soft_delete == NULL)
		return;
	if (said->soft_delete[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"soft_delete\" must not be empty")));
	column = said_column(relid, said->soft_delete, "soft_delete");
	if (column->not_null && getBaseType(column->type) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("rows of %s cannot be deleted softly by column \"%s\"", ta_rel_shown(relid),
						column->name),
				 errdetail("It is %s NOT NULL, and a row lives while it is null.",
						   ta_type_shown(column->type, column->typmod)),
				 errhint("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL; or name a boolean column, "
						 "by which a row lives while it is not true.",
						 ta_rel_qualified(relid), ta_ident_quote(column->name))));
	if (column->generated)
		ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
						errmsg("rows of %s cannot be deleted softly by column \"%s\"",
							   ta_rel_shown(relid), column->name),
						errdetail("It is generated, and cannot be set.")));
	if (ta_ident_list_has(said->key != NIL ? said->key : ta_rel_primary_key(relid),
						  said->soft_delete))
		ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
						errmsg("rows of %s cannot be deleted softly by column \"%s\"",
							   ta_rel_shown(relid), column->name),
						errdetail("It is part of the key by which others refer to them.")));
}

/* Partitions are no heirs: their rows are the table's own. */
static void
check_heirs(Oid relid, const TaModelRow *said)
{
	if (said->heirs == NULL || strcmp(said->heirs, "true") != 0 ||
		ta_rel_kind(relid) != RELKIND_PARTITIONED_TABLE)
		return;
	ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
					errmsg("partitioned table %s has no heirs", ta_rel_shown(relid)),
					errdetail("The rows of its partitions are its own, and may be referred to."),
					errhint("Leave out argument \"heirs\".")));
}

/* The table of a model that is being defined: as typed, as defined before, or inferred from the name. */
static Oid
table_for_model(const TaModelRow *said, const char *typed_table, TaModelRow *row, List **notes)
{
	const TaModel *known = ta_cache_model(said->name);
	Oid relid;

	if (typed_table != NULL)
		return ta_lookup_table(typed_table, false);
	if (known != NULL)
	{
		if (!OidIsValid(known->relid))
			ta_check_usable(known);
		row->inferred = list_copy(known->inferred);
		return known->relid;
	}
	relid = ta_lookup_infer_table(said->name);
	known = ta_lookup_model_of_table(relid);
	if (known != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("table %s is already model \"%s\"", ta_rel_shown(relid), known->name),
				 errhint("To define a second model on it, say the table: "
						 "SELECT assoc.define_model(%s, %s).",
						 quote_literal_cstr(said->name),
						 quote_literal_cstr(ta_rel_qualified(relid)))));
	row->inferred = list_make1("table_name");
	*notes = lappend(*notes, psprintf("table inferred"));
	return relid;
}

/*
 * Defines a model, or replaces what this declarer said of it.  typed_table
 * NULL: inferred from the name.  Raises on bad names, on tables that cannot be
 * a model's or are not the user's, and when declarers disagree.  What was
 * inferred from the model before is for ta_declare_settle.
 */
TaChange
ta_define(const TaModelRow *said, const char *typed_table, List **notes)
{
	TaModelRow row = *said;
	TaChange change = TA_ADDED;
	const TaModel *model;
	List *before;
	Oid relid;
	ListCell *lc;

	ta_check_model_name(said->name);
	if (said->singular != NULL)
		ta_check_alias(said->singular);
	if (said->plural != NULL)
		ta_check_alias(said->plural);
	if (said->type_value != NULL && said->type_value[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"type_value\" must not be empty")));
	ta_catalog_lock();
	before = ta_catalog_models_named(said->name);

	relid = table_for_model(said, typed_table, &row, notes);
	ta_check_model_table(relid);
	ta_check_owner(relid);
	check_model_key(relid, said->key);
	check_soft_delete(relid, said);
	check_heirs(relid, said);

	model = ta_cache_model(said->name);
	if (model != NULL && OidIsValid(model->relid) && model->relid != relid)
		ta_check_owner(model->relid);

	row.declarer = pstrdup(ta_declarer());
	row.schema_name = ta_rel_schema(relid);
	row.table_name = ta_rel_name(relid);
	foreach(lc, before)
	{
		TaModelRow *old = lfirst(lc);

		if (strcmp(old->declarer, row.declarer) == 0)
			change = same_model(old, &row) ? TA_UNCHANGED : TA_CHANGED;
	}
	if (change != TA_UNCHANGED)
		ta_catalog_put_model(&row);

	ta_check_usable(ta_cache_model(said->name));
	return change;
}

/* The associations that go by the model's key, names or columns: to be settled when it changed. */
List *
ta_decls_about(const char *model)
{
	return list_concat(ta_catalog_decls_of_model(model), ta_catalog_decls_using_model(model));
}

/* ---- associations ---- */

/* The model that the association leads to, or the several of a polymorphic one. */
static char *
target_words(const TaDecl *decl)
{
	return ta_decl_is_polymorphic(decl) ? ta_targets_in_words(decl->targets, "or")
										: pstrdup(decl->target);
}

/* Several declarers of one association must mean the same one. */
static void
check_declarers_agree(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		TaDecl *other = lfirst(lc);

		if (other->kind == decl->kind && ta_ident_same(other->target, decl->target) &&
			ta_ident_same(other->through, decl->through) &&
			ta_ident_same(other->polymorphic, decl->polymorphic) &&
			ta_ident_same(other->reference, decl->reference) &&
			ta_ident_same(other->other_reference, decl->other_reference))
			continue;
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
						errmsg("association \"%s\" is already declared, and differently",
							   ta_decl_name(decl)),
						errdetail("Declared %s: %s %s.",
								  other->declarer[0] == '\0'
									  ? "by hand"
									  : psprintf("by package \"%s\"", other->declarer),
								  ta_kind_words(other->kind), target_words(other)),
						errhint("Say another alias, or change it where it was declared.")));
	}
}

/* Checks every reference the declaration is a view of, with all that is said of it. */
static void
check_references(const TaDecl *decl)
{
	const char *names[] = {decl->reference, decl->other_reference};

	for (int i = 0; i < lengthof(names); i++)
	{
		TaReference *reference = names[i] != NULL ? ta_reference_named(names[i]) : NULL;

		/* none: the row was inferred again meanwhile, and is checked as it is now */
		if (reference != NULL)
			ta_reference_check(reference);
	}
}

/* Forgets what was recorded for a reference that nobody declares any more. */
static void
forget_reference(const char *reference)
{
	if (reference != NULL && ta_catalog_decls_of_reference(reference) == NIL)
		ta_catalog_forget(reference);
}

/* Infers a stored row again; returns it if that changed it. */
static TaDecl *
infer_row_again(const TaDecl *row)
{
	TaDecl *again;

	if (row->inferred == NIL)
		return NULL;
	again = ta_infer_again(row);
	if (ta_decl_equal(row, again))
		return NULL;
	ta_catalog_put_decl(again);
	forget_reference(row->reference);
	forget_reference(row->other_reference);
	return again;
}

/* Two models between which something was declared, or the sides of a polymorphic belongs_to. */
typedef struct Pair
{
	const char *child;
	const char *parent;
	const char *polymorphic; /* its alias; NULL: parent is the one */
} Pair;

static List *
links_of_pair(const Pair *pair)
{
	return pair->polymorphic != NULL ? ta_links_polymorphic(pair->child, pair->polymorphic, NULL)
									 : ta_links_between(pair->child, pair->parent, NULL);
}

static List *
add_pair(List *pairs, HTAB *known, const TaLink *link)
{
	char name[2 * NAMEDATALEN];
	bool found;
	Pair *pair;

	/* a model's name is not empty, so the two forms are never the same */
	snprintf(name, sizeof(name), link->polymorphic != NULL ? "%s\n\n%s" : "%s\n%s", link->child,
			 link->polymorphic != NULL ? link->polymorphic : link->parent);
	hash_search(known, name, HASH_ENTER, &found);
	if (found)
		return pairs;
	pair = palloc(sizeof(Pair));
	pair->child = link->child;
	pair->parent = link->parent;
	pair->polymorphic = link->polymorphic;
	return lappend(pairs, pair);
}

/*
 * After these were stored: infers again all that was inferred between the same
 * models, so that the result does not depend on the order of declarations.
 * First what belongs, then the other sides, which look at it.  Returns the
 * rows that changed (TaDecl).  Raises where several foreign keys fit.
 */
List *
ta_declare_settle(List *decls)
{
	HASHCTL ctl = {.keysize = 2 * NAMEDATALEN,
				   .entrysize = 2 * NAMEDATALEN,
				   .hcxt = CurrentMemoryContext};
	HTAB *known = hash_create("todo_assoc pairs", list_length(decls) + 16, &ctl,
							  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	List *pairs = NIL;
	List *changed = NIL;
	ListCell *lc;

	foreach(lc, decls)
	{
		TaLink links[2];
		int count = ta_decl_links(lfirst(lc), links);

		for (int i = 0; i < count; i++)
			pairs = add_pair(pairs, known, &links[i]);
	}
	for (int round = 0; round < 2; round++)
	{
		foreach(lc, pairs)
		{
			Pair *pair = lfirst(lc);
			ListCell *ll;

			foreach(ll, links_of_pair(pair))
			{
				TaLink *link = lfirst(ll);
				TaDecl *again;

				if (link->from_child != (round == 0))
					continue;
				again = infer_row_again(link->decl);
				if (again != NULL)
					changed = lappend(changed, again);
			}
		}
	}
	hash_destroy(known);
	return changed;
}

/* The kind of the other side: a belongs_to's is to-one when its column is unique. */
static TaKind
inverse_kind(const TaDecl *decl)
{
	const TaModel *child;
	TaLink links[2];

	if (decl->kind == TA_BELONGS_TO_MANY)
		return TA_BELONGS_TO_MANY;
	if (decl->kind == TA_REFERENCES_MANY)
		return TA_HAS_MANY;
	if (decl->kind != TA_BELONGS_TO)
		return ta_decl_links(decl, links) == 1 && ta_link_by_element(&links[0]) ? TA_REFERENCES_MANY
																				: TA_BELONGS_TO;
	child = ta_lookup_model(decl->model);
	return OidIsValid(child->relid) &&
				   OidIsValid(ta_rel_unique_index(child->relid, decl->foreign_key))
			   ? TA_HAS_ONE
			   : TA_HAS_MANY;
}

/* The row as it is stored now: declaring other things may have inferred it again. */
const TaDecl *
ta_declare_as_stored(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, decl->declarer) == 0)
			return lfirst(lc);
	}
	return decl;
}

/* Declares the other side under the alias that was said; NULL when it is there already. */
TaDeclared *
ta_declare_inverse(const TaDecl *decl)
{
	TaDecl other = {0};
	List *present = ta_catalog_decls_named(decl->target, decl->inverse);
	ListCell *lc;

	decl = ta_declare_as_stored(decl);
	foreach(lc, present)
	{
		TaDecl *old = lfirst(lc);

		if (!ta_ident_same(old->reference, decl->reference) &&
			!ta_ident_same(old->reference, decl->other_reference))
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
							errmsg("association \"%s\" is not the inverse of \"%s\"",
								   ta_decl_name(old), ta_decl_name(decl)),
							errdetail("It has another foreign key, %s.",
									  old->foreign_key == NIL ? "along a path"
															  : ta_ident_columns(old->foreign_key)),
							errhint("Say another alias as the inverse.")));
		return NULL;
	}

	other.model = decl->target;
	other.alias = decl->inverse;
	other.kind = inverse_kind(decl);
	other.target = decl->model;
	other.inverse = decl->alias;
	if (decl->kind == TA_BELONGS_TO_MANY)
	{
		other.through = decl->through;
		other.polymorphic = decl->polymorphic;
		if (!ta_decl_inferred(decl, "other_key"))
			other.foreign_key = decl->other_key;
		if (!ta_decl_inferred(decl, "foreign_key"))
			other.other_key = decl->foreign_key;
	}
	/* else it finds its foreign key: ours, for it says whose inverse it is */
	return ta_declare(&other);
}

/* The junction that was only planned for an association goes with it, unless something else uses it. */
static void
forget_planned_junction(const TaDecl *decl, const char *declarer)
{
	const TaModel *junction =
		decl->kind == TA_BELONGS_TO_MANY ? ta_cache_model(decl->through) : NULL;

	if (junction == NULL || OidIsValid(junction->relid) ||
		!ta_ident_list_has(junction->inferred, "new_table") ||
		ta_catalog_decls_of_model(junction->name) != NIL ||
		ta_catalog_decls_using_model(junction->name) != NIL)
		return;
	ta_catalog_delete_model(junction->name, declarer);
}

/* The other side that this declarer said has an inverse has none any more. */
static void
forget_inverse(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_of_model(decl->target))
	{
		TaDecl *other = lfirst(lc);

		if (other->inverse == NULL || strcmp(other->inverse, decl->alias) != 0 ||
			strcmp(other->target, decl->model) != 0 || strcmp(other->declarer, ta_declarer()) != 0)
			continue;
		other->inverse = NULL;
		ta_catalog_put_decl(other);
	}
}

/*
 * Resolves and stores an association.  When the rest of a document is stored
 * as well, ta_declare_settle and ta_declare_check must follow.
 */
TaDeclared *
ta_declare_unchecked(const TaDecl *said)
{
	TaDeclared *result = palloc0(sizeof(TaDeclared));
	const TaDecl *replaced = NULL;
	TaDecl *decl;
	ListCell *lc;

	ta_catalog_lock();
	decl = ta_resolve(said, &result->notes);
	decl->declarer = pstrdup(ta_declarer());
	result->decl = decl;

	result->change = TA_ADDED;
	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		TaDecl *old = lfirst(lc);

		if (strcmp(old->declarer, decl->declarer) != 0)
			continue;
		result->change = ta_decl_equal(old, decl) ? TA_UNCHANGED : TA_CHANGED;
		replaced = old;
		result->before = ta_retire_before(old);
		if (old->kind == decl->kind && ta_ident_same(old->target, decl->target))
			continue;
		forget_inverse(old);
		result->notes = lappend(result->notes, psprintf("replaces %s %s", ta_kind_words(old->kind),
														target_words(old)));
	}
	if (result->change == TA_UNCHANGED)
		return result;
	ta_catalog_put_decl(decl);
	if (replaced != NULL)
		forget_planned_junction(replaced, ta_declarer());
	return result;
}

/* Raises when the stored association contradicts others, or cannot stand. */
void
ta_declare_check(const TaDecl *decl)
{
	check_declarers_agree(decl);
	check_references(decl);
	if (ta_decl_is_path(decl))
		(void) ta_hops_of(decl);
}

/*
 * Declares an association: resolves, stores and checks it, and the inverse
 * that was said with it.  Replaces what this declarer said of it before.
 * Raises on everything that is wrong; then nothing was done.
 */
TaDeclared *
ta_declare(const TaDecl *said)
{
	TaDeclared *result = ta_declare_unchecked(said);
	List *settled =
		result->change == TA_UNCHANGED ? NIL : ta_declare_settle(list_make1(result->decl));
	ListCell *lc;

	foreach(lc, settled)
	{
		TaDecl *moved = lfirst(lc);

		if (strcmp(ta_decl_name(moved), ta_decl_name(result->decl)) == 0)
		{
			if (strcmp(moved->declarer, result->decl->declarer) == 0)
				result->decl = moved;
			continue;
		}
		result->moved = lappend(result->moved, moved);
		result->notes = lappend(result->notes, psprintf("%s follows", ta_decl_name(moved)));
	}
	if (result->change != TA_UNCHANGED)
		ta_declare_check(result->decl);
	foreach(lc, result->moved)
		ta_declare_check(lfirst(lc));
	if (result->change != TA_UNCHANGED)
		ta_retire_check(result->before);
	if (result->decl->inverse != NULL && result->change != TA_UNCHANGED)
		result->inverse = ta_declare_inverse(result->decl);
	return result;
}

/* ---- forgetting ---- */

/* Raises when only others said it: what a package's script says, its scripts take back. */
static void
check_said_by_us(const char *what, const char *name, bool by_us, const char *other)
{
	if (by_us)
		return;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("%s \"%s\" is declared %s", what, name,
						   other[0] == '\0' ? "by hand" : psprintf("by package \"%s\"", other)),
					errhint("Drop it where it was declared.")));
}

/*
 * When one of its views is dropped alone, what the others inferred with its
 * help is from now on as good as said: they stay what they are.
 */
void
ta_keep_inferred(const TaDecl *dropped)
{
	const char *names[] = {dropped->reference, dropped->other_reference};

	for (int i = 0; i < lengthof(names); i++)
	{
		ListCell *lc;

		foreach(lc, names[i] == NULL ? NIL : ta_catalog_decls_of_reference(names[i]))
		{
			TaDecl *decl = lfirst(lc);
			bool second =
				decl->kind == TA_BELONGS_TO_MANY && strcmp(decl->reference, names[i]) != 0;
			int before = list_length(decl->inferred);
			ListCell *lo;

			foreach(lo, decl->inferred)
			{
				if (strcmp(lfirst(lo), second ? "other_key" : "foreign_key") == 0 ||
					strcmp(lfirst(lo),
						   second || ta_decl_from_child(decl) ? "target_key" : "source_key") == 0)
					decl->inferred = foreach_delete_current(decl->inferred, lo);
			}
			if (list_length(decl->inferred) != before)
				ta_catalog_put_decl(decl);
		}
	}
}

/*
 * Forgets what this declarer said of the association.  Raises when it said
 * nothing.  Whether something depends on it is the caller's question.
 */
void
ta_forget_association(const TaDecl *decl)
{
	bool by_us = false;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, ta_declarer()) == 0)
			by_us = true;
	}
	check_said_by_us("association", ta_decl_name(decl), by_us, decl->declarer);
	ta_catalog_delete_decl(decl->model, decl->alias, ta_declarer());
	ta_ignored_forget(decl->model, decl->alias);
	forget_inverse(decl);
	forget_planned_junction(decl, ta_declarer());
	forget_reference(decl->reference);
	forget_reference(decl->other_reference);
}

/* Forgets one declarer's row, whose table or columns are gone, and what was kept for it alone. */
void
ta_forget_row(const TaDecl *row)
{
	ta_catalog_delete_decl(row->model, row->alias, row->declarer);
	ta_ignored_forget(row->model, row->alias);
	forget_planned_junction(row, row->declarer);
	forget_reference(row->reference);
	forget_reference(row->other_reference);
}

/* The same for a model; its associations are the caller's care. */
void
ta_forget_model(const char *name)
{
	List *rows = ta_catalog_models_named(name);
	bool by_us = false;
	ListCell *lc;

	/* a junction that was only planned went with its last association */
	if (rows == NIL)
		return;
	foreach(lc, rows)
	{
		if (strcmp(((TaModelRow *) lfirst(lc))->declarer, ta_declarer()) == 0)
			by_us = true;
	}
	check_said_by_us("model", name, by_us, ((TaModelRow *) linitial(rows))->declarer);
	ta_catalog_delete_model(name, ta_declarer());
}
