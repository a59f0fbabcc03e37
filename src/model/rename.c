/*
 * src/model/rename.c
 *		Renaming models and associations, and what depends on an association.
 *
 * A rename goes through every row that says the name: models, targets,
 * junctions, inverses, paths.  References keep their names.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/lookup.h"
#include "model/rename.h"
#include "model/target.h"
#include "pg/facts.h"
#include "store/cache.h"
#include "store/ignored.h"
#include "store/quarantine.h"

/* The model's association of this alias, or NULL; a broken path must not raise here. */
static const TaDecl *
find_alias(const char *model_name, const char *alias)
{
	const TaModel *model = ta_cache_model(model_name);
	ListCell *lc;

	if (model == NULL)
		return NULL;
	foreach(lc, ta_cache_associations(model))
	{
		TaDecl *decl = lfirst(lc);

		if (strcmp(decl->alias, alias) == 0)
			return decl;
	}
	return NULL;
}

/*
 * The path with each step that is model.alias replaced by the new alias; sets
 * found when there was one.  new_alias NULL: only looks.
 */
static char *
rewrite_path(const TaDecl *path, const char *model, const char *alias, const char *new_alias,
			 bool *found)
{
	const char *at = path->model;
	List *steps = NIL;
	const char *start = path->through;

	*found = false;
	for (;;)
	{
		const char *end = strchrnul(start, '.');
		char *step = pnstrdup(start, end - start);
		const TaDecl *decl = at != NULL ? find_alias(at, step) : NULL;

		if (at != NULL && strcmp(at, model) == 0 && strcmp(step, alias) == 0)
		{
			*found = true;
			if (new_alias != NULL)
				step = pstrdup(new_alias);
		}
		steps = lappend(steps, step);
		at = decl != NULL ? decl->target : NULL;
		if (*end == '\0')
			return ta_err_join(steps, ".");
		start = end + 1;
	}
}

/* The names (Model.alias) of the associations whose path goes through this one. */
List *
ta_paths_through(const char *model, const char *alias)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_with_path())
	{
		TaDecl *path = lfirst(lc);
		bool found;

		(void) rewrite_path(path, model, alias, NULL, &found);
		if (found)
			names = lappend(names, (char *) ta_decl_name(path));
	}
	return names;
}

/* A name that another declarer says as well can't be renamed from here. */
static void
check_only_declarer(const char *what, const char *name, const char *declarer)
{
	if (strcmp(declarer, ta_declarer()) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s \"%s\" is declared %s", what, name,
					declarer[0] == '\0' ? "by hand" : psprintf("by package \"%s\"", declarer)),
			 errhint("Rename it where it was declared.")));
}

/* What is kept under the association's name has the new one. */
static void
follow_name(const char *association, const char *new_name)
{
	ta_ignored_rename(association, new_name);
	ta_quarantine_rename_association(association, new_name);
}

/* The other sides of a polymorphic belongs_to say its alias: another declarer's can't be renamed from here. */
static void
check_other_sides(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_links_polymorphic(decl->model, decl->alias, decl))
	{
		const TaDecl *other = ((TaLink *) lfirst(lc))->decl;

		check_only_declarer("association", ta_decl_name(other), other->declarer);
	}
}

/* Whether a type column somewhere says the model's name, for want of a type value. */
static bool
name_is_type_value(const char *name)
{
	ListCell *lc;

	foreach(lc, ta_references_polymorphic())
	{
		if (ta_reference_target(lfirst(lc), name) != NULL)
			return true;
	}
	return false;
}

/* The rows that are there say the old name: it stays the model's type value. */
static void
keep_type_value(const char *name, const char *new_name)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models_named(new_name))
	{
		TaModelRow *row = lfirst(lc);

		row->type_value = pstrdup(name);
		ta_catalog_put_model(row);
	}
}

/*
 * Renames a model; the new name must be free, the user own its table.  Returns
 * whether its old name is its type value from now on.
 */
bool
ta_rename_model_to(const char *name, const char *new_name)
{
	const TaModel *model;
	bool keeps;
	ListCell *lc;

	ta_check_model_name(new_name);
	ta_catalog_lock();
	model = ta_lookup_model(name);
	if (OidIsValid(model->relid))
		ta_check_owner(model->relid);
	foreach(lc, model->declarers)
		check_only_declarer("model", name, lfirst(lc));
	if (ta_cache_model(new_name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("model \"%s\" already exists", new_name),
				 errhint("SELECT * FROM assoc.describe(%s) shows it.",
						 quote_literal_cstr(new_name))));
	keeps = strcmp(model->type_value, name) == 0 && name_is_type_value(name);
	ta_catalog_rename_model(name, new_name);
	if (keeps)
		keep_type_value(name, new_name);
	foreach(lc, ta_catalog_decls_of_model(new_name))
	{
		const char *alias = ((TaDecl *) lfirst(lc))->alias;

		follow_name(psprintf("%s.%s", name, alias), psprintf("%s.%s", new_name, alias));
	}
	return keeps;
}

/*
 * What was inferred from the alias is said from now on: inferred again from the
 * new one it would be another column.
 */
static List *
without_foreign_key(List *inferred)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, inferred)
	{
		if (strcmp(lfirst(lc), "foreign_key") != 0 && strcmp(lfirst(lc), "type_column") != 0)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* Renames an association, in the paths and inverses that say it too. */
void
ta_rename_association_to(const char *model_name, const char *alias, const char *new_alias)
{
	const TaModel *model;
	List *rows;
	ListCell *lc;
	List *paths;

	ta_check_alias(new_alias);
	ta_catalog_lock();
	model = ta_lookup_model(model_name);
	(void) ta_lookup_alias(model, alias);
	if (OidIsValid(model->relid))
	{
		ta_check_owner(model->relid);
		if (ta_rel_column(model->relid, new_alias) != NULL)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
							errmsg("alias \"%s\" is also a column of %s", new_alias,
								   ta_rel_shown(model->relid)),
							errhint("Choose another.")));
	}
	if (ta_catalog_decls_named(model->name, new_alias) != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already has an association \"%s\"", model->name, new_alias),
				 errhint("SELECT * FROM assoc.describe(%s) shows it.",
						 quote_literal_cstr(model->name))));

	/* the paths first: they are found by the alias as it is */
	paths = ta_catalog_decls_with_path();
	foreach(lc, paths)
	{
		TaDecl *path = lfirst(lc);
		bool found;

		path->through = rewrite_path(path, model->name, alias, new_alias, &found);
		if (found)
			ta_catalog_put_decl(path);
	}

	rows = ta_catalog_decls_named(model->name, alias);
	foreach(lc, rows)
	{
		TaDecl *decl = lfirst(lc);
		List *others;
		ListCell *lo;

		if (ta_decl_is_polymorphic(decl))
			check_other_sides(decl);
		check_only_declarer("association", ta_decl_name(decl), decl->declarer);
		others = decl->reference != NULL ? ta_catalog_decls_of_reference(decl->reference) : NIL;
		foreach(lo, others)
		{
			TaDecl *other = lfirst(lo);

			if (other->inverse != NULL && strcmp(other->inverse, alias) == 0 &&
				strcmp(other->target, model->name) == 0)
			{
				other->inverse = pstrdup(new_alias);
				ta_catalog_put_decl(other);
			}
		}
		ta_catalog_delete_decl(decl->model, alias, decl->declarer);
		decl->alias = pstrdup(new_alias);
		decl->inferred = without_foreign_key(decl->inferred);
		ta_catalog_put_decl(decl);
		if (ta_decl_is_polymorphic(decl))
			ta_catalog_rename_polymorphic(decl->model, alias, new_alias);
	}
	follow_name(psprintf("%s.%s", model->name, alias), psprintf("%s.%s", model->name, new_alias));
}
