/*
 * src/model/path.c
 *		From an association to the references it walks along.
 *
 * belongs_to, references_many, has_one and has_many are one hop, belongs_to_many is two (to the
 * junction, to the target), a path is the hops of its associations.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/element.h"
#include "model/lookup.h"
#include "model/naming.h"
#include "model/path.h"
#include "model/target.h"

/* longer chains of paths through paths are a cycle or a mistake */
#define MAX_PATH_DEPTH 32

const char *
ta_hop_to(const TaHop *hop)
{
	return hop->to_parent ? hop->link.parent : hop->link.child;
}

static TaHop *
make_hop(const TaLink *link, bool to_parent)
{
	TaHop *hop = palloc0(sizeof(TaHop));

	hop->link = *link;
	hop->to_parent = to_parent;
	hop->element = ta_link_by_element(link);
	if (link->type_column != NULL)
	{
		const TaModel *parent = ta_cache_model(link->parent);

		hop->type_value = parent != NULL ? parent->type_value : link->parent;
	}
	return hop;
}

/* The aliases of a path, as written. */
static List *
split_path(const char *path)
{
	List *aliases = NIL;
	const char *start = path;

	for (;;)
	{
		const char *end = strchrnul(start, '.');

		aliases = lappend(aliases, ta_ident_trim(start, end));
		if (*end == '\0')
			return aliases;
		start = end + 1;
	}
}

static List *
hops_of(const TaDecl *decl, int depth)
{
	List *hops = NIL;
	TaLink links[2];
	int count = ta_decl_links(decl, links);

	if (depth > MAX_PATH_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("the path of association \"%s\" goes through itself", ta_decl_name(decl)),
				 errhint("Declare it again with another path.")));

	if (ta_decl_is_polymorphic(decl))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("association \"%s\" leads to several models", ta_decl_name(decl)),
				 errdetail("It is polymorphic: to %s.",
						   ta_targets_in_words(ta_decl_target_names(decl), "or")),
				 errhint("A path goes along associations of one target; take the other side of "
						 "it.")));
	if (ta_decl_is_path(decl))
	{
		const TaModel *model = ta_lookup_model(decl->model);
		ListCell *lc;

		foreach(lc, split_path(decl->through))
		{
			TaDecl *step = ta_lookup_alias(model, lfirst(lc));

			hops = list_concat(hops, hops_of(step, depth + 1));
			model = ta_lookup_model(step->target);
		}
	}
	else if (count == 1)
		hops = list_make1(make_hop(&links[0], ta_decl_from_child(decl)));
	else if (count == 2)
		hops = list_make2(make_hop(&links[0], false), make_hop(&links[1], true));

	/* a path's own scope comes on top of its last association's */
	if (hops != NIL && decl->scope != NULL)
	{
		TaHop *last = llast(hops);

		last->scopes = lappend(last->scopes, decl->scope);
	}
	return hops;
}

/* The hops (TaHop) from the association's model to its target; a broken path raises. */
List *
ta_hops_of(const TaDecl *decl)
{
	return hops_of(decl, 0);
}

static char *
path_problem(const TaDecl *decl, int depth)
{
	const char *at = decl->model;
	ListCell *lc;

	if (depth > MAX_PATH_DEPTH)
		return psprintf("its path goes through itself");
	foreach(lc, split_path(decl->through))
	{
		const TaModel *model = ta_cache_model(at);
		const TaDecl *step = NULL;
		ListCell *la;

		if (model == NULL)
			return psprintf("model \"%s\" on its path does not exist", at);
		foreach(la, ta_cache_associations(model))
		{
			if (strcmp(((TaDecl *) lfirst(la))->alias, lfirst(lc)) == 0)
				step = lfirst(la);
		}
		if (step == NULL)
			return psprintf("model \"%s\" on its path has no association \"%s\"", at,
							(char *) lfirst(lc));
		if (ta_decl_is_polymorphic(step))
			return psprintf("association \"%s\" on its path leads to several models",
							ta_decl_name(step));
		if (ta_decl_is_path(step))
		{
			char *deeper = path_problem(step, depth + 1);

			if (deeper != NULL)
				return deeper;
		}
		at = step->target;
	}
	if (strcmp(at, decl->target) != 0)
		return psprintf("its path leads to model \"%s\", not to \"%s\"", at, decl->target);
	return NULL;
}

/* What breaks an association's path, or NULL; where ta_hops_of would raise, this does not. */
char *
ta_path_problem(const TaDecl *decl)
{
	return path_problem(decl, 0);
}

/* Whether the association leads to at most one row. */
bool
ta_decl_to_one(const TaDecl *decl)
{
	return decl->kind == TA_BELONGS_TO || decl->kind == TA_HAS_ONE;
}

/* The association of the model that leads to the target: by these aliases, or the only one. */
static const TaDecl *
last_step(const TaModel *model, const TaModel *target, const char *alias)
{
	List *fitting = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		TaDecl *decl = lfirst(lc);

		if (strcmp(decl->target, target->name) != 0 || ta_ident_list_has(names, decl->alias))
			continue;
		if (strcmp(decl->alias, alias) == 0 || strcmp(decl->alias, ta_name_singular(alias)) == 0)
			return decl;
		fitting = lappend(fitting, decl);
		names = lappend(names, decl->alias);
	}
	if (list_length(fitting) == 1)
		return linitial(fitting);
	if (fitting == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the path leads to model \"%s\", which has no association to \"%s\"",
							   model->name, target->name),
						errhint("Declare one, or name a path that ends at \"%s\".", target->name)));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_ALIAS),
			 errmsg("the path leads to model \"%s\", which has several associations to \"%s\"",
					model->name, target->name),
			 errdetail("They are %s.", ta_err_list(names, 12)),
			 errhint("Add one of them to the path, after a dot.")));
	return NULL;
}

/*
 * Checks a path as typed, 'todos.tags', from the model, and returns it whole:
 * one that stops a step before the target (Rails' through: :todos) gets the
 * last association added.  Unknown aliases and other ends raise.
 */
char *
ta_path_resolve(const TaModel *model, const char *typed, const TaModel *target, const char *alias)
{
	List *aliases = split_path(typed);
	ListCell *lc;

	foreach(lc, aliases)
	{
		TaDecl *step = ta_lookup_alias(model, lfirst(lc));

		(void) ta_hops_of(step);
		model = ta_lookup_model(step->target);
	}
	if (strcmp(model->name, target->name) != 0)
		aliases = lappend(aliases, pstrdup(last_step(model, target, alias)->alias));
	return ta_err_join(aliases, ".");
}
