/*
 * src/load/allow.c
 *		What an untrusted client's query may do.
 *
 * The bound is a query itself, each of its levels a bound of that level:
 *
 * {"attributes": ["id", "title"], "include": {"assignee": ["id", "name"], "tags": true}, "limit": 100}
 *
 * attributes: what may be shown and, unless where and order say other columns,
 * asked about and ordered by; include: where associations may lead, whether
 * they are included or named in a condition; limit and offset: the most there
 * may be.  It bounds the text of a query.  What the caller may read is another
 * matter, and PostgreSQL's.
 *
 * Each function takes a level of it, NULL where nothing is bounded, and raises
 * 42501 with the place in the query of what is outside.
 */
#include "postgres.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/aggregate.h"
#include "load/allow.h"
#include "load/query_read.h"

/* ---- lists of names ---- */

static List *
names_of(List *attributes)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, attributes)
		names = lappend(names, unconstify(char *, ((TaQueryName *) lfirst(lc))->name));
	return names;
}

/* "where": ["title", "done"], or true: all that is shown, or false: nothing. */
static bool
where_names(const TaQuery *allow, List **names)
{
	const JsonbValue *where = allow->where;
	JsonbContainer *array;
	const char *path = ta_query_path_key(allow->path, "where");
	ListCell *lc;

	*names = NIL;
	if (where == NULL || (where->type == jbvBool && where->val.boolean))
		return false;
	array = ta_json_container(where, false);
	if (array == NULL && where->type != jbvBool)
		ta_query_wrong_kind(path, where, "a list of columns that conditions may name");
	foreach(lc, array != NULL ? ta_json_array(array) : NIL)
	{
		const char *item = ta_query_path_item(path, foreach_current_index(lc));

		*names = lappend(*names, ta_query_read_string(lfirst(lc), item, "a column"));
	}
	return true;
}

static bool
order_names(const TaQuery *allow, List **names)
{
	ListCell *lc;

	*names = NIL;
	foreach(lc, allow->order)
		*names = lappend(*names, ta_err_join(((TaQueryOrder *) lfirst(lc))->names, "."));
	return allow->order_said;
}

/* Whether a list is said that is not that of what may be shown. */
static bool
said_names(const TaQuery *allow, TaAllowUse use, List **names)
{
	return (use == TA_ALLOW_WHERE && where_names(allow, names)) ||
		   (use == TA_ALLOW_ORDER && order_names(allow, names));
}

/* Whether the column, or aggregate, may be shown. */
bool
ta_allow_shows(const TaQuery *allow, const char *name)
{
	if (allow == NULL)
		return true;
	if (allow->attributes_said)
		return ta_ident_list_has(names_of(allow->attributes), name);
	if (ta_ident_list_has(names_of(allow->attributes_more), name))
		return true;
	/* all columns, but aggregates only by name */
	return ta_aggregate_at(ta_query_split_dots(name)) != 1 &&
		   !ta_ident_list_has(names_of(allow->attributes_less), name);
}

/* ---- bounds ---- */

/* Raises where the column or aggregate may not be used so. */
void
ta_allow_name(const TaQuery *allow, TaAllowUse use, const TaModel *model, const char *name,
			  const char *path)
{
	static const char *const messages[] = {[TA_ALLOW_SHOW] = "\"%s\" of %s is not allowed",
										   [TA_ALLOW_WHERE] =
											   "conditions on \"%s\" of %s are not allowed",
										   [TA_ALLOW_ORDER] =
											   "an order by \"%s\" of %s is not allowed"};
	List *names;
	bool said;

	if (allow == NULL)
		return;
	said = said_names(allow, use, &names);
	if (said ? ta_ident_list_has(names, name) : ta_allow_shows(allow, name))
		return;
	if (!said && allow->attributes_said)
		names = names_of(allow->attributes);
	else if (!said)
		names = NIL;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg_internal(messages[use], name, model->name),
					errdetail("At %s.", ta_query_at(path)),
					names != NIL ? errhint("Allowed here are %s.", ta_err_list(names, 20))
					: said       ? errhint("None are allowed here.")
								 : 0));
}

/* The level of {"all": true}, as that of one of them. */
static const TaQuery *
one_of_all(const TaQuery *all)
{
	TaQuery *level = palloc(sizeof(TaQuery));

	*level = *all;
	level->all = TA_SAY_NOTHING;
	if (all->nested == TA_SAY_YES)
		level->include = lappend(list_copy(level->include), unconstify(TaQuery *, all));
	return level;
}

/* The bound where the association leads; raises where it may not be followed. */
const TaQuery *
ta_allow_association(const TaQuery *allow, const TaModel *model, const char *alias,
					 const char *path)
{
	const TaQuery *all = NULL;
	List *names = NIL;
	ListCell *lc;

	if (allow == NULL)
		return NULL;
	foreach(lc, allow->include)
	{
		const TaQuery *include = lfirst(lc);

		if (include->all == TA_SAY_YES)
			all = include;
		else if (strcmp(include->association, alias) == 0)
			return include;
		else
			names = lappend(names, unconstify(char *, include->association));
	}
	if (all != NULL)
		return one_of_all(all);
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("association \"%s\" of %s is not allowed", alias, model->name),
					errdetail("At %s.", ta_query_at(path)),
					names != NIL ? errhint("Allowed here are %s.", ta_err_list(names, 20)) : 0));
	return NULL;
}

/* The bound of a junction: only what is said of it. */
const TaQuery *
ta_allow_through(const TaQuery *allow)
{
	TaQuery *level;

	if (allow == NULL)
		return NULL;
	level = ta_query_make(ta_query_path_key(allow->path, "through"));
	level->attributes_said = true;
	if (allow->through != NULL)
	{
		level->attributes = allow->through->attributes;
		level->where = allow->through->where;
		level->paranoid = allow->through->paranoid;
	}
	return level;
}

static void
check_paranoid(TaSay allowed, TaSay said, const char *path)
{
	if (said == TA_SAY_NO && allowed != TA_SAY_NO)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("rows that were deleted softly are not allowed"),
						errdetail("At %s.", ta_query_path_key(path, "paranoid"))));
}

/* Raises where the level looks at rows that were deleted softly, or goes deeper, and may not. */
void
ta_allow_options(const TaQuery *allow, const TaQuery *query)
{
	if (allow == NULL)
		return;
	check_paranoid(allow->paranoid, query->paranoid, query->path);
	if (query->through != NULL)
		check_paranoid(ta_allow_through(allow)->paranoid, query->through->paranoid,
					   query->through->path);
}

static void
check_count(const char *key, int64 most, int64 said, bool missing, const char *what,
			const char *path)
{
	if (!missing && said <= most)
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					missing ? errmsg("%s needs a limit of " INT64_FORMAT " at most", what, most)
							: errmsg("%s may have no %s over " INT64_FORMAT, what, key, most),
					errdetail("At %s.", ta_query_at(missing ? path : ta_query_path_key(path, key))),
					errhint("Say \"%s\": " INT64_FORMAT ".", key, most)));
}

/* Raises where the level may have more rows than are allowed; what: of what they are. */
void
ta_allow_limit(const TaQuery *allow, const TaQuery *query, int64 limit, const char *what)
{
	if (allow == NULL)
		return;
	if (allow->limit >= 0)
		check_count("limit", allow->limit, limit, limit < 0, what, query->path);
	if (allow->offset > 0)
		check_count("offset", allow->offset, query->offset, false, what, query->path);
}

/* Raises where the level goes on from its own rows further than is allowed. */
void
ta_allow_recursion(const TaQuery *allow, const TaQuery *query, const char *what)
{
	if (allow == NULL)
		return;
	if (allow->recursive != TA_SAY_YES)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("%s may not be recursive", what),
				 errdetail("At %s.", ta_query_path_key(query->path, "recursive"))));
	if (allow->depth < 0)
		return;
	if (query->depth < 0)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("%s needs a depth of " INT64_FORMAT " at most", what, allow->depth),
						errdetail("At %s.", ta_query_at(query->path)),
						errhint("Say \"depth\": " INT64_FORMAT ".", allow->depth)));
	check_count("depth", allow->depth, query->depth, false, what, query->path);
}

/* ---- the bound itself ---- */

static void
check_listed(const TaModel *model, const char *name, const char *path)
{
	List *names = ta_query_split_dots(name);

	if (ta_rel_column(model->relid, name) == NULL && ta_aggregate_at(names) == 1)
		(void) ta_aggregate_resolve(model, names, path);
	else
		(void) ta_node_column(model, name, path);
}

/* The lists that a level of the bound has where a query has conditions and an order. */
static void
check_lists(const TaModel *model, const TaQuery *allow)
{
	List *names;
	ListCell *lc;

	(void) where_names(allow, &names);
	foreach(lc, names)
		check_listed(model, lfirst(lc),
					 ta_query_path_item(ta_query_path_key(allow->path, "where"),
										foreach_current_index(lc)));
	foreach(lc, allow->order)
	{
		const TaQueryOrder *order = lfirst(lc);

		if (order->descending || order->nulls_first != TA_SAY_NOTHING)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("expected a column, but found one with a direction"),
							errdetail("At %s.", order->path),
							errhint("What may be ordered by may be so in both directions.")));
		check_listed(model, ta_err_join(order->names, "."), order->path);
	}
}

/*
 * Raises where the bound, which was resolved as a query, names what there is
 * not: it was written by a developer, who must hear of it.
 */
void
ta_allow_check(const TaNode *node)
{
	ListCell *lc;

	if (node->model != NULL)
		check_lists(node->model, node->said);
	if (node->through_model != NULL && node->said->through != NULL)
		check_lists(node->through_model, ta_allow_through(node->said));
	foreach(lc, node->facets)
		ta_allow_check(lfirst(lc));
	foreach(lc, node->children)
		ta_allow_check(lfirst(lc));
}
