/*
 * src/load/targets.c
 *		What a query says of one model of a polymorphic association.
 */
#include "postgres.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/node.h"
#include "model/target.h"

/* What is said of one of several models, or NULL. */
static const TaQuery *
find_target(const TaQuery *query, const char *model)
{
	ListCell *lc;

	foreach(lc, query->targets)
	{
		if (strcmp(((TaQuery *) lfirst(lc))->association, model) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* The level for one of several models: what is said of it replaces what is said of all; includes are added. */
const TaQuery *
ta_query_of_target(const TaQuery *query, const char *model)
{
	const TaQuery *target = query != NULL ? find_target(query, model) : NULL;
	TaQuery *level;

	if (target == NULL)
		return query;
	level = palloc(sizeof(TaQuery));
	*level = *query;
	if (target->attributes_said || target->attributes_more != NIL || target->attributes_less != NIL)
	{
		level->attributes_said = target->attributes_said;
		level->attributes = target->attributes;
		level->attributes_more = target->attributes_more;
		level->attributes_less = target->attributes_less;
	}
	if (target->where != NULL)
	{
		level->where = target->where;
		level->where_path = ta_query_path_key(target->path, "where");
	}
	if (target->paranoid != TA_SAY_NOTHING)
		level->paranoid = target->paranoid;
	level->include = list_concat_copy(query->include, target->include);
	return level;
}

/* Raises where something is said that an association to one model, or to several (facets), does not have. */
void
ta_query_check_targets(const TaDecl *decl, const TaQuery *query, List *facets)
{
	List *models = NIL;
	ListCell *lc;

	if (ta_decl_is_polymorphic(decl) && (query->recursive == TA_SAY_YES || query->on != NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(query->on != NULL ? "%s leads to several models: it has its keys only"
										  : "%s leads to several models: it cannot be recursive",
						ta_decl_name(decl)),
				 errdetail("At %s.", ta_query_path_key(query->path,
													   query->on != NULL ? "on" : "recursive"))));
	if (ta_decl_is_polymorphic(decl) && query->right == TA_SAY_YES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s leads to several models: it has no right side", ta_decl_name(decl)),
				 errdetail("At %s.", ta_query_path_key(query->path, "right"))));
	if (query->targets != NIL && !ta_decl_is_polymorphic(decl))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s leads to one model: it has no targets", ta_decl_name(decl)),
						errdetail("At %s.", ta_query_path_key(query->path, "targets"))));
	foreach(lc, facets)
		models = lappend(models, ((TaDecl *) lfirst(lc))->target);
	foreach(lc, query->targets)
	{
		const TaQuery *target = lfirst(lc);
		const char *nearest = ta_err_nearest(target->association, models);

		if (!ta_ident_list_has(models, target->association))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("%s does not lead to \"%s\"", ta_decl_name(decl), target->association),
					 errdetail("At %s.", target->path),
					 nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									 : errhint("It leads to %s.", ta_err_list(models, 20))));
	}
}
