/*
 * src/load/way.c
 *		SQL along an association within one statement: by EXISTS, or joined.
 *
 * What leads to one row is joined, LEFT JOIN, so that its columns are null
 * where there is none; what leads to several is asked by EXISTS.
 */
#include "postgres.h"

#include "base/ident.h"
#include "load/allow.h"
#include "load/sql.h"
#include "model/option.h"
#include "model/target.h"
#include "schema/soft.h"

typedef struct TaSqlJoin
{
	const char *name; /* of the table joined to, and the association: "t.assignee" */
	char *sql;
	TaSqlTable *table;
} TaSqlJoin;

TaSqlTable *
ta_sql_table(TaParams *params, int *aliases, const TaModel *model, const char *prefix)
{
	TaSqlTable *table = palloc0(sizeof(TaSqlTable));

	table->params = params;
	table->aliases = aliases;
	table->model = model;
	table->prefix = prefix;
	table->base = table;
	return table;
}

/* The table of a node's rows, t. */
TaSqlTable *
ta_sql_node_table(TaParams *params, int *aliases, const TaNode *node)
{
	TaSqlTable *table = ta_sql_table(params, aliases, node->model, "t.");

	table->allow = node->allow;
	return table;
}

static char *
without_dot(const char *prefix)
{
	return pnstrdup(prefix, strlen(prefix) - 1);
}

/* The tables of the steps, e1, e2, ..., and what must hold of them. */
void
ta_sql_go(TaSqlTable *from, TaSqlWay *way)
{
	bool junction = way->decl->kind == TA_BELONGS_TO_MANY;
	const char *at = from->prefix;
	ListCell *lc;

	initStringInfo(&way->tables);
	initStringInfo(&way->where);
	foreach(lc, way->hops)
	{
		const TaHop *hop = lfirst(lc);
		const TaModel *model = ta_hop_to_model(hop);
		bool last = lnext(way->hops, lc) == NULL && !way->through_ends;
		char *prefix = psprintf("e%d.", ++*from->aliases);
		char *live = NULL;

		appendStringInfo(&way->tables, "%s%s %s", way->tables.len > 0 ? ", " : "",
						 ta_model_table(model), without_dot(prefix));
		way->end = ta_sql_table(from->params, from->aliases, model, prefix);
		appendStringInfo(&way->where, "%s%s%s", way->where.len > 0 ? " AND " : "",
						 hop->on ? ta_on_sql(way->end, way->node, at, false)
						 : from->model != NULL || lc != list_head(way->hops)
							 ? ta_hop_tests(hop, at, prefix)
							 : ta_hop_look_tests(hop, way->look, prefix),
						 ta_hop_scopes(hop, prefix));
		if (lc == list_head(way->hops))
			way->start = prefix;
		at = prefix;
		if (last || hop->self)
			continue;
		if (junction ? way->through_live : way->live)
			live = ta_soft_live_sql(prefix, model, true);
		if (live != NULL)
			appendStringInfo(&way->where, " AND %s", live);
		if (junction && way->through_where != NULL)
		{
			way->end->allow = way->through_allow;
			appendStringInfo(&way->where, " AND %s",
							 ta_where_sql(way->end, way->through_where, way->through_where_path));
			appendStringInfoString(&way->tables, ta_sql_joins(way->end));
		}
	}
}

/* Raises where an association cannot be followed within a statement. */
void
ta_sql_check_way(const TaDecl *decl, const char *path)
{
	if (ta_decl_is_polymorphic(decl))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s leads to several models: their columns cannot be named",
							   ta_decl_name(decl)),
						errdetail("At %s.", ta_query_at(path))));
}

/* Whether one row at most is found by the association's columns. */
static bool
finds_one(const TaDecl *decl, List *hops)
{
	const TaHop *hop = linitial(hops);

	return list_length(hops) == 1 && decl->order_by == NULL &&
		   OidIsValid(ta_rel_unique_index(ta_hop_to_model(hop)->relid, ta_hop_to_columns(hop)));
}

/* ORDER BY of the association's own order, and its key; NULL: it has neither. */
static char *
choice_order(const TaDecl *decl, const TaSqlTable *table)
{
	char *order = NULL;

	if (decl->order_by != NULL)
		order = ta_order_sql(decl->order_by, table->prefix);
	if (table->model->key != NIL)
		order = psprintf("%s%s%s", order != NULL ? order : "", order != NULL ? ", " : "",
						 ta_ident_prefixed_columns(table->prefix, table->model->key));
	return order;
}

/*
 * Makes the way end at the first row by the order, where it could be several:
 *
 * (SELECT e2.* FROM s.todos e2 WHERE t.id = e2.user_id ORDER BY e2.id DESC LIMIT 1) e2
 *
 * What is asked of that row comes after: another row is not taken instead.
 */
void
ta_sql_choose(TaSqlWay *way, const char *order)
{
	char *tables = psprintf("(SELECT %s* FROM %s%s WHERE %s%s%s LIMIT 1) %s", way->end->prefix,
							way->tables.data, ta_sql_joins(way->end), way->where.data,
							order != NULL ? " ORDER BY " : "", order != NULL ? order : "",
							without_dot(way->end->prefix));

	way->end->joins = NIL;
	resetStringInfo(&way->tables);
	appendStringInfoString(&way->tables, tables);
	resetStringInfo(&way->where);
	appendStringInfoString(&way->where, "true");
}

/*
 * The way along an association to rows that live, to one the first by its order.
 * path: where the query says so; raises where it may not.
 */
void
ta_sql_go_along(TaSqlTable *from, const TaDecl *decl, const char *path, TaSqlWay *way)
{
	char *live;

	*way = (TaSqlWay){.decl = decl, .hops = ta_hops_of(decl), .live = true, .through_live = true};
	ta_sql_go(from, way);
	way->end->allow = ta_allow_association(from->allow, from->model, decl->alias, path);
	live = ta_soft_live_sql(way->end->prefix, way->end->model, true);
	if (live != NULL)
		appendStringInfo(&way->where, " AND %s", live);
	if (ta_decl_to_one(decl) && !finds_one(decl, way->hops))
		ta_sql_choose(way, choice_order(decl, way->end));
}

/*
 * LEFT JOIN s."Users" e1 ON (...); where several rows may be found, the first of them:
 *
 * LEFT JOIN LATERAL (SELECT e1.* FROM ... WHERE ... ORDER BY e1.id LIMIT 1) e1 ON true
 */
static char *
join_sql(TaSqlTable *from, const TaDecl *decl, const char *path, TaSqlTable **joined)
{
	TaSqlWay way;

	ta_sql_go_along(from, decl, path, &way);
	*joined = way.end;
	return psprintf(" LEFT JOIN %s%s ON (%s)", finds_one(decl, way.hops) ? "" : "LATERAL ",
					way.tables.data, way.where.data);
}

/* The row that an association to one leads to, joined once however often it is named. */
TaSqlTable *
ta_sql_join(TaSqlTable *from, const TaDecl *decl, const char *path)
{
	TaSqlTable *base = from->base;
	TaSqlJoin *join;
	char *name = psprintf("%s%s", from->prefix, decl->alias);
	ListCell *lc;

	foreach(lc, base->joins)
	{
		join = lfirst(lc);
		if (strcmp(join->name, name) == 0)
			return join->table;
	}
	ta_sql_check_way(decl, path);
	join = palloc0(sizeof(TaSqlJoin));
	join->name = name;
	join->sql = join_sql(from, decl, path, &join->table);
	join->table->base = base;
	base->joins = lappend(base->joins, join);
	return join->table;
}

/* What was joined to the table, to stand after its name. */
char *
ta_sql_joins(const TaSqlTable *table)
{
	StringInfoData sql;
	ListCell *lc;

	initStringInfo(&sql);
	foreach(lc, table->joins)
		appendStringInfoString(&sql, ((TaSqlJoin *) lfirst(lc))->sql);
	return sql.data;
}
