/*
 * src/load/resolve.c
 *		From the names of a query to models, associations and columns.
 *
 * What does not exist raises, with the place in the query and the nearest
 * name.  What a condition or an order names is looked up where its SQL is
 * written.
 */
#include "postgres.h"

#include "base/err.h"
#include "base/guc.h"
#include "base/ident.h"
#include "load/aggregate.h"
#include "load/allow.h"
#include "load/node.h"
#include "load/sql.h"
#include "model/lookup.h"
#include "model/target.h"

/* ---- names ---- */

/* The model's association of this alias; raises 42704. */
const TaDecl *
ta_node_association(const TaModel *model, const char *alias, const char *path)
{
	List *names = NIL;
	const char *nearest;
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		TaDecl *decl = lfirst(lc);

		if (strcmp(decl->alias, alias) == 0)
			return decl;
		if (!ta_ident_list_has(names, decl->alias))
			names = lappend(names, decl->alias);
	}
	nearest = ta_err_nearest(alias, names);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("%s has no association \"%s\"", model->name, alias),
					errdetail("At %s.", ta_query_at(path)),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
					: names != NIL  ? errhint("It has %s.", ta_err_list(names, 20))
									: errhint("It has no associations: declare one, or import the "
											   "foreign keys.")));
	return NULL;
}

/* The column of the model's table; raises 42703. */
const TaColumn *
ta_node_column(const TaModel *model, const char *name, const char *path)
{
	const TaColumn *column = ta_rel_column(model->relid, name);
	List *names;
	const char *nearest;

	if (column != NULL)
		return column;
	names = ta_rel_column_names(model->relid);
	nearest = ta_err_nearest(name, names);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("%s has no column \"%s\"", model->name, name),
					errdetail("At %s.", ta_query_at(path)),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Its columns are %s.", ta_err_list(names, 20))));
	return NULL;
}

/* The model of a declaration, with a table that is there; raises. */
static const TaModel *
usable_model(const char *name)
{
	const TaModel *model = ta_lookup_model(name);

	ta_check_usable(model);
	return model;
}

/* ---- what is shown ---- */

static TaNodeColumn *
make_column(const TaColumn *column, const char *shown)
{
	TaNodeColumn *made = palloc0(sizeof(TaNodeColumn));

	made->column = column;
	made->shown = shown != NULL ? shown : column->name;
	return made;
}

static TaNodeColumn *
find_shown(List *columns, const char *shown)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		if (strcmp(((TaNodeColumn *) lfirst(lc))->shown, shown) == 0)
			return lfirst(lc);
	}
	return NULL;
}

static void
twice(const char *name, const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_ALIAS), errmsg("\"%s\" would be in the result twice", name),
			 errdetail("At %s.", ta_query_at(path)),
			 errhint("Give one of them another name: [\"column\", \"name\"], or \"as\" of "
					 "an include.")));
}

/* todos._count, reviews._avg.rating, under its own name or another; NULL: the name is none. */
static TaNodeColumn *
make_aggregate(const TaModel *model, const TaQueryName *name)
{
	TaNodeColumn *made;
	List *names;

	if (strchr(name->name, '.') == NULL || ta_rel_column(model->relid, name->name) != NULL)
		return NULL;
	names = ta_query_split_dots(name->name);
	if (ta_aggregate_at(names) != 1)
		return NULL;
	made = palloc0(sizeof(TaNodeColumn));
	made->aggregate = ta_aggregate_resolve(model, names, name->path);
	made->shown = name->shown != NULL ? name->shown : name->name;
	return made;
}

/* Adds the named columns, and aggregates if they may be, to those that are shown. */
static List *
add_columns(List *columns, const TaModel *model, List *names, bool aggregates, const TaQuery *allow)
{
	ListCell *lc;

	foreach(lc, names)
	{
		TaQueryName *name = lfirst(lc);
		TaNodeColumn *made = aggregates ? make_aggregate(model, name) : NULL;

		if (made == NULL)
			made = make_column(ta_node_column(model, name->name, name->path), name->shown);
		ta_allow_name(allow, TA_ALLOW_SHOW, model, name->name, name->path);
		if (find_shown(columns, made->shown) != NULL)
			twice(made->shown, name->path);
		columns = lappend(columns, made);
	}
	return columns;
}

/* The columns that a level shows, in the order of the result; without a list all that are allowed. */
static List *
columns_of(const TaModel *model, const TaQuery *query, const TaQuery *allow)
{
	List *columns = NIL;
	List *excluded = NIL;
	ListCell *lc;

	if (query->attributes_said)
		return add_columns(NIL, model, query->attributes, true, allow);
	foreach(lc, query->attributes_less)
	{
		TaQueryName *name = lfirst(lc);

		excluded = lappend(excluded, ta_node_column(model, name->name, name->path)->name);
	}
	foreach(lc, ta_rel_column_names(model->relid))
	{
		if (!ta_ident_list_has(excluded, lfirst(lc)) && ta_allow_shows(allow, lfirst(lc)))
			columns = lappend(columns, make_column(ta_rel_column(model->relid, lfirst(lc)), NULL));
	}
	return add_columns(columns, model, query->attributes_more, true, allow);
}

/* ---- order ---- */

/* Adds the key, which breaks ties; a key that is ordered by already needs nothing. */
static List *
add_key(List *order, const TaModel *model)
{
	ListCell *lc;

	foreach(lc, model->key)
	{
		TaNodeOrder *item = palloc0(sizeof(TaNodeOrder));

		item->column = lfirst(lc);
		order = lappend(order, item);
	}
	return order;
}

static List *
order_of(const TaModel *model, const TaQuery *query, const TaQuery *allow)
{
	List *order = NIL;
	ListCell *lc;

	foreach(lc, query->order)
	{
		TaQueryOrder *said = lfirst(lc);
		TaNodeOrder *item = palloc0(sizeof(TaNodeOrder));
		int aggregate = ta_aggregate_at(said->names);

		item->said = said;
		if (aggregate > 0)
		{
			item->names = list_truncate(list_copy(said->names), aggregate - 1);
			item->aggregate = list_copy_tail(said->names, aggregate - 1);
		}
		else
		{
			item->names = list_truncate(list_copy(said->names), list_length(said->names) - 1);
			item->column = llast(said->names);
		}
		item->descending = said->descending;
		item->nulls_first = said->nulls_first;
		if (item->names == NIL && item->column != NULL)
		{
			(void) ta_node_column(model, item->column, said->path);
			ta_allow_name(allow, TA_ALLOW_ORDER, model, item->column, said->path);
		}
		order = lappend(order, item);
	}
	return order;
}

/* ---- levels ---- */

static TaNode *resolve_include(const TaNode *parent, const TaQuery *query, int depth);
static List *resolve_all(const TaNode *node, const TaQuery *level, const TaQuery *all, int depth);

/* Raises where a name is a column that is shown, or another association's. */
static void
check_names(const TaNode *node)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, node->children)
	{
		TaNode *child = lfirst(lc);

		if (find_shown(node->columns, child->name) != NULL ||
			(node->through != NULL && strcmp(node->through, child->name) == 0) ||
			ta_ident_list_has(names, child->name))
			twice(child->name, child->path);
		names = lappend(names, unconstify(char *, child->name));
	}
	if (node->through != NULL && find_shown(node->columns, node->through) != NULL)
		twice(node->through, node->path);
	/* its own name stands below each of its rows again */
	if (node->recursive &&
		(find_shown(node->columns, node->name) != NULL || ta_ident_list_has(names, node->name) ||
		 (node->through != NULL && strcmp(node->through, node->name) == 0)))
		twice(node->name, node->path);
}

/* Raises where two associations both have rows of their own to tell. */
static void
check_rights(const TaNode *node)
{
	bool found = false;
	ListCell *lc;

	foreach(lc, node->children)
	{
		const TaNode *child = lfirst(lc);

		if (child->right && found)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("only one association may be \"right\""),
							errdetail("At %s.", ta_query_path_key(child->path, "right"))));
		found = found || child->right;
	}
}

/* What every level has; the model is set. */
static void
resolve_level(TaNode *node, const TaQuery *query, int depth)
{
	ListCell *lc;

	if (depth > ta_guc_max_depth)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the query includes associations more than %d levels deep",
							   ta_guc_max_depth),
						errdetail("At %s.", ta_query_at(query->path)),
						errhint("The setting assoc.max_depth says how deep it may go.")));
	ta_allow_options(node->allow, query);
	node->level = depth;
	node->path = query->path;
	node->said = query;
	node->columns = columns_of(node->model, query, node->allow);
	node->where = query->where;
	node->where_path =
		query->where_path != NULL ? query->where_path : ta_query_path_key(query->path, "where");
	node->limit = query->limit;
	node->offset = query->offset;
	node->live = node->model->soft_delete != NULL && query->paranoid != TA_SAY_NO;
	node->order = order_of(node->model, query, node->allow);
	foreach(lc, query->include)
	{
		const TaQuery *include = lfirst(lc);

		node->children =
			include->all == TA_SAY_YES
				? list_concat(node->children, resolve_all(node, query, include, depth + 1))
				: lappend(node->children, resolve_include(node, include, depth + 1));
	}
	check_names(node);
	check_rights(node);
}

/* Whether at most one row can have given values in the columns. */
static bool
is_unique(const TaModel *model, List *columns)
{
	return OidIsValid(ta_rel_unique_index(model->relid, columns));
}

/* Whether the association to one finds one row at most by an index, so that none need be chosen. */
static bool
finds_one(const TaNode *node)
{
	const TaHop *hop = linitial(node->hops);

	if (list_length(node->hops) != 1 || hop->on || node->decl->order_by != NULL ||
		node->order != NIL)
		return false;
	return is_unique(node->model, hop->to_parent ? hop->link.key : hop->link.columns);
}

/* How many of each parent's, and which first. */
static void
resolve_choice(TaNode *node, const TaQuery *query)
{
	if (node->to_one && (query->limit >= 0 || query->offset > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s leads to one row: it has no limit or offset", ta_decl_name(node->decl)),
				 errdetail("At %s.", ta_query_path_key(query->path,
													   query->limit >= 0 ? "limit" : "offset"))));
	if (!node->to_one)
		ta_allow_limit(node->allow, query, node->limit, ta_decl_name(node->decl));
	if (node->to_one && !finds_one(node))
		node->limit = 1;
	if (!query->order_said)
		node->default_order = node->decl->order_by;
	if (node->order != NIL || node->default_order != NULL || node->limit >= 0 || node->offset > 0)
		node->order = add_key(node->order, node->model);
}

/* What is said of the junction. */
static void
resolve_through(TaNode *node, const TaQueryThrough *through)
{
	const TaModel *junction;

	if (node->decl->kind != TA_BELONGS_TO_MANY)
	{
		if (through != NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("%s has no junction", ta_decl_name(node->decl)),
							errdetail("At %s.", through->path),
							errhint("Only a belongs_to_many has one.")));
		return;
	}
	junction = usable_model(node->decl->through);
	node->through_model = junction;
	node->through_live =
		junction->soft_delete != NULL && (through == NULL || through->paranoid != TA_SAY_NO);
	if (through == NULL)
		return;
	node->through_columns =
		add_columns(NIL, junction, through->attributes, false, ta_allow_through(node->allow));
	if (node->through_columns != NIL)
		node->through = through->shown != NULL ? through->shown : junction->name;
	node->through_where = through->where;
	node->through_where_path = ta_query_path_key(through->path, "where");
}

/* Both models of a step must have their table and columns. */
static void
check_hop(const TaNode *node, const TaHop *hop)
{
	const TaModel *child = usable_model(hop->link.child);
	const TaModel *parent = usable_model(hop->link.parent);
	ListCell *ln;

	foreach(ln, hop->link.columns)
		(void) ta_node_column(child, lfirst(ln), node->path);
	if (hop->link.type_column != NULL)
		(void) ta_node_column(child, hop->link.type_column, node->path);
	if (hop->link.key == NIL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("model \"%s\" has no key", parent->name),
						errdetail("%s needs it, at %s.", ta_decl_name(node->decl),
								  ta_query_at(node->path)),
						errhint("Give its table a primary key, or say one: SELECT "
								"assoc.define_model(..., key => 'id').")));
	foreach(ln, hop->link.key)
		(void) ta_node_column(parent, lfirst(ln), node->path);
}

/* The same for every step of the way; that of a query's own condition was checked with it. */
static void
check_hops(const TaNode *node)
{
	ListCell *lc;

	foreach(lc, node->hops)
	{
		const TaHop *hop = lfirst(lc);

		if (!hop->on)
			check_hop(node, hop);
	}
}

/* From a row to itself, by its key. */
static TaHop *
make_self_hop(const TaModel *model)
{
	TaHop *hop = palloc0(sizeof(TaHop));

	hop->self = true;
	hop->link.child = hop->link.parent = model->name;
	hop->link.columns = hop->link.key = model->key;
	return hop;
}

/*
 * The steps of an association, and two more where arrays are in it: elements are
 * read from their row again, each a link to another row; and a row that several
 * elements lead to, on a path, is loaded by its own key, so that it is one.
 */
static List *
hops_of(const TaModel *model, const TaDecl *decl)
{
	List *hops = ta_hops_of(decl);
	const TaHop *first = linitial(hops);
	const TaHop *last = llast(hops);

	if (last->element && !last->to_parent && list_length(hops) > 1 &&
		ta_hop_to_model(last)->key != NIL)
		hops = lappend(hops, make_self_hop(ta_hop_to_model(last)));
	return first->element && first->to_parent ? lcons(make_self_hop(model), hops) : hops;
}

/* What goes on from its own rows: {"recursive": true, "depth": 3}. */
static void
resolve_recursion(TaNode *node, const TaQuery *query)
{
	if (query->recursive != TA_SAY_YES)
		return;
	if (strcmp(node->model->name, node->parent->model->name) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s leads to another model: it cannot be recursive",
							   ta_decl_name(node->decl)),
						errdetail("At %s.", ta_query_path_key(query->path, "recursive"))));
	if (node->model->key == NIL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("model \"%s\" has no key", node->model->name),
						errdetail("A row must be known again, at %s.", ta_query_at(query->path)),
						errhint("Give its table a primary key, or say one: SELECT "
								"assoc.define_model(..., key => 'id').")));
	ta_allow_recursion(node->allow, query, ta_decl_name(node->decl));
	node->recursive = true;
	node->depth = query->depth;
}

/* The condition that stands for the keys of an association of one step. */
static TaHop *
resolve_on(const TaNode *parent, const TaDecl *decl, const TaQuery *query, List *hops)
{
	const char *path = ta_query_path_key(query->path, "on");

	if (list_length(hops) > 1)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s is several steps away: \"on\" cannot stand for them",
							   ta_decl_name(decl)),
						errdetail("At %s.", path)));
	return ta_on_hop(parent->model, decl, linitial(hops), query->on, path);
}

/* That rows which no row above leads to are told: of one association of the roots, all of which are loaded. */
static void
resolve_right(TaNode *node, const TaQuery *query)
{
	const char *path = ta_query_path_key(query->path, "right");
	const TaQuery *above = node->parent->said;

	/* with "required" it is an inner join, as in Sequelize */
	if (query->right != TA_SAY_YES || query->required == TA_SAY_YES)
		return;
	if (node->parent->parent != NULL || node->recursive)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"right\" is of an association of the roots"), errdetail("At %s.", path)));
	if (above->limit >= 0 || above->offset > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"right\" goes with all roots, without limit and offset"),
						errdetail("At %s.", path)));
	node->filters = true;
	/* as with SQL's WHERE, of which a row that is not there fits none */
	node->right = above->where == NULL;
}

/* One association, to one model. */
static TaNode *
resolve_association(const TaNode *parent, const TaDecl *decl, const TaQuery *query,
					const TaQuery *allow, int depth)
{
	TaNode *node = palloc0(sizeof(TaNode));

	node->allow = allow;
	node->parent = parent;
	node->decl = decl;
	node->path = query->path;
	node->model = usable_model(decl->target);
	node->hops = hops_of(parent->model, decl);
	if (query->on != NULL)
		node->hops = list_make1(resolve_on(parent, decl, query, node->hops));
	node->to_one = ta_decl_to_one(decl);
	node->name = query->shown != NULL ? query->shown : query->association;
	node->filters = query->required == TA_SAY_YES ||
					(query->required == TA_SAY_NOTHING && query->where != NULL);
	check_hops(node);
	resolve_level(node, query, depth);
	resolve_through(node, query->through);
	resolve_choice(node, query);
	resolve_recursion(node, query);
	resolve_right(node, query);
	check_names(node);
	return node;
}

static TaNode *
resolve_include(const TaNode *parent, const TaQuery *query, int depth)
{
	const TaDecl *decl = ta_node_association(parent->model, query->association, query->path);
	const TaQuery *allow =
		ta_allow_association(parent->allow, parent->model, query->association, query->path);
	List *decls = NIL;
	List *facets = NIL;
	TaNode *node;
	ListCell *lc;

	if (ta_decl_is_polymorphic(decl))
		decls = ta_decl_facets(decl);
	ta_query_check_targets(decl, query, decls);
	if (!ta_decl_is_polymorphic(decl))
		return resolve_association(parent, decl, query, allow, depth);
	foreach(lc, decls)
	{
		const TaDecl *facet = lfirst(lc);

		facets =
			lappend(facets,
					resolve_association(parent, facet, ta_query_of_target(query, facet->target),
										ta_query_of_target(allow, facet->target), depth));
	}
	node = palloc0(sizeof(TaNode));
	node->decl = decl;
	node->path = query->path;
	node->said = query;
	node->to_one = true;
	node->facets = facets;
	node->name = query->shown != NULL ? query->shown : query->association;
	/* a where that is said of one model is asked of its rows only, but some row there must be */
	foreach(lc, facets)
		node->filters = node->filters || ((TaNode *) lfirst(lc))->filters;
	return node;
}

/* Whether the model is that of the node, or of one that leads to it. */
static bool
is_on_the_way(const TaNode *node, const char *model)
{
	for (; node != NULL; node = node->parent)
	{
		if (strcmp(node->model->name, model) == 0)
			return true;
	}
	return false;
}

/* Whether the association leads back to a model on the way, one of several included. */
static bool
leads_back(const TaNode *node, const TaDecl *decl)
{
	ListCell *lc;

	if (!ta_decl_is_polymorphic(decl))
		return is_on_the_way(node, decl->target);
	foreach(lc, ta_decl_facets(decl))
	{
		if (is_on_the_way(node, ((TaDecl *) lfirst(lc))->target))
			return true;
	}
	return false;
}

/* Whether the level names the association itself, under its own name. */
static bool
names_itself(const TaQuery *level, const char *alias)
{
	ListCell *lc;

	foreach(lc, level->include)
	{
		const TaQuery *include = lfirst(lc);

		if (include->association != NULL && strcmp(include->association, alias) == 0 &&
			(include->shown == NULL || strcmp(include->shown, alias) == 0))
			return true;
	}
	return false;
}

/*
 * {"all": true}: every association of the model that the level does not name
 * itself.  With "nested" the same below each, but for those that lead back to a
 * model on the way.
 */
static List *
resolve_all(const TaNode *node, const TaQuery *level, const TaQuery *all, int depth)
{
	List *nodes = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_cache_associations(node->model))
	{
		const TaDecl *decl = lfirst(lc);
		TaQuery *query;

		/* several may declare it */
		if (ta_ident_list_has(names, decl->alias) || names_itself(level, decl->alias) ||
			(all->inner && leads_back(node, decl)))
			continue;
		names = lappend(names, decl->alias);
		query = palloc(sizeof(TaQuery));
		*query = *all;
		query->all = TA_SAY_NOTHING;
		query->association = decl->alias;
		if (all->nested == TA_SAY_YES)
		{
			TaQuery *below = palloc(sizeof(TaQuery));

			*below = *all;
			below->inner = true;
			query->include = lappend(list_copy(query->include), below);
		}
		nodes = lappend(nodes, resolve_include(node, query, depth));
	}
	return nodes;
}

/* An association with nothing asked of its rows; raises with the place of what does not exist. */
TaNode *
ta_node_associated(const TaModel *model, const char *alias, const char *path)
{
	TaNode parent = {.model = model};
	TaQuery *query = ta_query_make(path);

	query->association = alias;
	query->attributes_said = true;
	return resolve_include(&parent, query, 0);
}

/*
 * The roots of a query and all below them; raises with the place of what does
 * not exist, or is outside of what is allowed (NULL: everything is).
 */
TaNode *
ta_node_resolve(const char *model, const TaQuery *query, const TaQuery *allow)
{
	TaNode *node = palloc0(sizeof(TaNode));

	node->allow = allow;
	node->model = usable_model(model);
	resolve_level(node, query, 0);
	if (node->order != NIL || node->limit >= 0 || node->offset > 0)
		node->order = add_key(node->order, node->model);
	return node;
}
