/*
 * src/load/select.c
 *		The SELECT statements of a query: roots, rows of an association, links.
 *
 * Each node is one statement, or two where it is some steps away: first links,
 * from the parents to the keys of the rows, then the rows, each once.
 */
#include "postgres.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/aggregate.h"
#include "load/allow.h"
#include "load/find_key.h"
#include "load/sql.h"
#include "model/option.h"
#include "pg/facts.h"
#include "schema/soft.h"

/* ---- pieces ---- */

static void
add_condition(StringInfo where, const char *condition)
{
	if (condition != NULL && condition[0] != '\0')
		appendStringInfo(where, "%s%s", where->len > 0 ? " AND " : "", condition);
}

/* That the node's rows were not deleted softly, if that matters. */
static void
add_live(StringInfo where, const TaSqlTable *table, const TaNode *node)
{
	if (node->live)
		add_condition(where, ta_soft_live_sql(table->prefix, node->model, true));
}

/* What is asked of the node's rows: they fit its where, and have what is required of them. */
static void
add_conditions(StringInfo where, TaSqlTable *table, const TaNode *node)
{
	ListCell *lc;

	if (node->where != NULL)
		add_condition(where, ta_where_sql(table, node->where, node->where_path));
	foreach(lc, node->children)
	{
		TaNode *child = lfirst(lc);

		if (child->filters)
			add_condition(where, ta_sql_exists(table, child));
	}
}

/* t.id, t."createdAt" AS is not needed: names are kept beside the statement */
static List *
column_list(List *columns, TaSqlTable *table)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, columns)
	{
		const TaNodeColumn *column = lfirst(lc);

		result = lappend(result, column->aggregate != NULL
									 ? ta_sql_aggregate(table, column->aggregate)
									 : psprintf("%s%s", table->prefix,
												ta_ident_quote(column->column->name)));
	}
	return result;
}

/* The table whose column is ordered by: the node's own, or one that associations to one lead to. */
static TaSqlTable *
order_table(const TaNodeOrder *item, TaSqlTable *table)
{
	ListCell *lc;

	foreach(lc, item->names)
	{
		const TaDecl *decl = ta_node_association(table->model, lfirst(lc), item->said->path);

		if (!ta_decl_to_one(decl))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("cannot order by a column of %s, which leads to several rows",
								   ta_decl_name(decl)),
							errdetail("At %s.", item->said->path),
							errhint("Order by columns of associations to one row.")));
		table = ta_sql_join(table, decl, item->said->path);
	}
	if (item->said == NULL)
		return table;
	if (item->column != NULL)
		(void) ta_node_column(table->model, item->column, item->said->path);
	ta_allow_name(table->allow, TA_ALLOW_ORDER, table->model,
				  item->column != NULL ? item->column : ta_err_join(item->aggregate, "."),
				  item->said->path);
	return table;
}

/* What an item orders by. */
static char *
order_value(const TaNodeOrder *item, TaSqlTable *table)
{
	TaSqlTable *at = order_table(item, table);

	if (item->column != NULL)
		return psprintf("%s%s", at->prefix, ta_ident_quote(item->column));
	return ta_sql_aggregate(at, ta_aggregate_resolve(at->model, item->aggregate, item->said->path));
}

/* ORDER BY's list, or NULL. */
static char *
order_list(const TaNode *node, TaSqlTable *table)
{
	List *items = NIL;
	ListCell *lc;

	if (node->default_order != NULL)
		items = lappend(items, ta_order_sql(node->default_order, table->prefix));
	foreach(lc, node->order)
	{
		const TaNodeOrder *item = lfirst(lc);

		items = lappend(items, psprintf("%s%s%s", order_value(item, table),
										item->descending ? " DESC" : "",
										item->nulls_first == TA_SAY_YES  ? " NULLS FIRST"
										: item->nulls_first == TA_SAY_NO ? " NULLS LAST"
																		 : ""));
	}
	return items != NIL ? ta_err_join(items, ", ") : NULL;
}

/* " ORDER BY ... LIMIT ... OFFSET ..." */
static char *
order_and_limit(const TaNode *node, TaSqlTable *table)
{
	char *order = order_list(node, table);
	StringInfoData sql;

	initStringInfo(&sql);
	if (order != NULL)
		appendStringInfo(&sql, " ORDER BY %s", order);
	/* checked numbers, written out: the planner must know them */
	if (node->limit >= 0)
		appendStringInfo(&sql, " LIMIT " INT64_FORMAT, node->limit);
	if (node->offset > 0)
		appendStringInfo(&sql, " OFFSET " INT64_FORMAT, node->offset);
	return sql.data;
}

/* ---- what is required ---- */

/*
 * One model's rows, from a row of the table: s.todos e1 WHERE u.id = e1."userId" AND ...
 *
 * key: only the row with this key, or NULL.  end: whose columns they have.
 */
static char *
along_sql(TaSqlTable *from, const TaNode *node, const TaKeyTest *key, TaSqlTable **end)
{
	TaSqlWay way = {.decl = node->decl,
					.node = node,
					.hops = node->hops,
					.live = node->live,
					.through_live = node->through_live,
					.through_where = node->through_where,
					.through_where_path = node->through_where_path,
					.through_allow = ta_allow_through(node->allow)};
	StringInfoData where;

	ta_sql_go(from, &way);
	way.end->allow = node->allow;
	add_live(&way.where, way.end, node);
	if (ta_node_takes_first(node))
		ta_sql_choose(&way, order_list(node, way.end));
	initStringInfo(&where);
	appendStringInfoString(&where, way.where.data);
	add_conditions(&where, way.end, node);
	if (key != NULL)
		add_condition(&where, ta_find_key_test(node->model, key->key, key->type, way.end->prefix,
											   from->params));
	*end = way.end;
	return psprintf("%s%s WHERE %s", way.tables.data, ta_sql_joins(way.end), where.data);
}

/* EXISTS (SELECT 1 FROM ...) */
static char *
exists_sql(TaSqlTable *from, const TaNode *node, const TaKeyTest *key)
{
	TaSqlTable *end;

	return psprintf("EXISTS (SELECT 1 FROM %s)", along_sql(from, node, key, &end));
}

/* How many there are, each once: (SELECT pg_catalog.count(*) FROM ...) */
static char *
count_sql(TaSqlTable *from, const TaNode *node)
{
	TaSqlTable *end;
	char *rows = along_sql(from, node, NULL, &end);

	if (node->model->key == NIL || !ta_node_may_repeat(node))
		return psprintf("(SELECT pg_catalog.count(*) FROM %s)", rows);
	return psprintf("(SELECT pg_catalog.count(DISTINCT (%s)) FROM %s)",
					ta_ident_prefixed_columns(end->prefix, node->model->key), rows);
}

/*
 * (SELECT pg_catalog.avg(e1.rating) FROM ...); where a path may lead to a row twice
 *
 * (SELECT pg_catalog.avg(x.c) FROM (SELECT DISTINCT ON (e1.id) e1.rating FROM ...) x(c))
 */
static char *
column_aggregate_sql(TaSqlTable *from, const TaNodeAggregate *aggregate)
{
	const TaNode *node = aggregate->node;
	TaSqlTable *end;
	char *rows = along_sql(from, node, NULL, &end);
	char *column = psprintf("%s%s", end->prefix, ta_ident_quote(aggregate->column->name));

	if (node->model->key == NIL || !ta_node_may_repeat(node))
		return psprintf("(SELECT pg_catalog.%s(%s) FROM %s)", aggregate->function + 1, column,
						rows);
	return psprintf("(SELECT pg_catalog.%s(x.c) FROM (SELECT DISTINCT ON (%s) %s FROM %s) x(c))",
					aggregate->function + 1,
					ta_ident_prefixed_columns(end->prefix, node->model->key), column, rows);
}

/* The models that a node may lead to. */
static List *
models_of(const TaNode *node)
{
	return node->model != NULL ? list_make1(unconstify(TaNode *, node)) : node->facets;
}

/* The aggregate of a row of the table, as an expression. */
char *
ta_sql_aggregate(TaSqlTable *from, const TaNodeAggregate *aggregate)
{
	List *counts = NIL;
	ListCell *lc;

	if (aggregate->column != NULL)
		return column_aggregate_sql(from, aggregate);
	if (strcmp(aggregate->function, "_exists") == 0)
		return ta_sql_exists(from, aggregate->node);
	foreach(lc, models_of(aggregate->node))
		counts = lappend(counts, count_sql(from, lfirst(lc)));
	return counts == NIL ? pstrdup("0::pg_catalog.int8")
						 : psprintf("(%s)", ta_err_join(counts, " OPERATOR(pg_catalog.+) "));
}

/* That a row of the table has one of the node's, at least. */
char *
ta_sql_exists(TaSqlTable *from, const TaNode *node)
{
	List *any = NIL;
	ListCell *lc;

	if (node->model != NULL)
		return exists_sql(from, node, NULL);
	foreach(lc, node->facets)
		any = lappend(any, exists_sql(from, lfirst(lc), NULL));
	return any == NIL ? pstrdup("false") : psprintf("(%s)", ta_err_join(any, " OR "));
}

/* ---- roots ---- */

/* FROM and WHERE of the roots; key_test: what else must hold, or NULL. */
static void
add_roots(StringInfo sql, const TaNode *node, TaSqlTable *table, const char *key_test)
{
	StringInfoData where;

	initStringInfo(&where);
	add_condition(&where, key_test);
	add_live(&where, table, node);
	add_conditions(&where, table, node);
	appendStringInfo(sql, " FROM %s t%s", ta_model_table(node->model), ta_sql_joins(table));
	if (where.len > 0)
		appendStringInfo(sql, " WHERE %s", where.data);
}

/*
 * The roots: SELECT t.id, t.name, t.id FROM s."Users" t WHERE ... ORDER BY ... LIMIT ...
 *
 * What is shown comes first, then what is looked up by (hidden).
 */
char *
ta_sql_roots(const TaNode *node, TaParams *params, const char *key_test, List *hidden)
{
	int aliases = 0;
	TaSqlTable *table = ta_sql_node_table(params, &aliases, node);
	List *columns = list_concat(column_list(node->columns, table), hidden);
	char *order = order_and_limit(node, table);
	StringInfoData sql;

	initStringInfo(&sql);
	/* no column at all: each row is still one */
	appendStringInfo(&sql, "SELECT %s", columns != NIL ? ta_err_join(columns, ", ") : "NULL");
	add_roots(&sql, node, table, key_test);
	appendStringInfoString(&sql, order);
	return sql.data;
}

/* How many roots there are: SELECT pg_catalog.count(*) FROM s."Users" t WHERE ... */
char *
ta_sql_count(const TaNode *node, TaParams *params)
{
	int aliases = 0;
	TaSqlTable *table = ta_sql_node_table(params, &aliases, node);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.count(*)");
	add_roots(&sql, node, table, NULL);
	return sql.data;
}

/*
 * About the associated rows of one root, whose test is key_test: NULL in no row
 * where it is not there.
 *
 * SELECT (SELECT pg_catalog.count(*) FROM ...) FROM s."Users" t WHERE t.id = $1
 * SELECT EXISTS (SELECT 1 FROM ...) AND EXISTS (...) FROM s."Users" t WHERE t.id = $1
 *
 * keys (of TaKeyTest): whether each is among them; NIL: how many there are.
 */
char *
ta_sql_about(const TaNode *root, const TaNode *node, List *keys, const char *key_test,
			 TaParams *params)
{
	int aliases = 0;
	TaSqlTable *table = ta_sql_node_table(params, &aliases, root);
	List *parts = NIL;
	StringInfoData sql;
	ListCell *lc;
	ListCell *lk;

	foreach(lc, models_of(node))
	{
		if (keys == NIL)
			parts = lappend(parts, count_sql(table, lfirst(lc)));
		foreach(lk, keys)
			parts = lappend(parts, exists_sql(table, lfirst(lc), lfirst(lk)));
	}
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s",
					 parts == NIL
						 ? "0"
						 : ta_err_join(parts, keys == NIL ? " OPERATOR(pg_catalog.+) " : " AND "));
	add_roots(&sql, root, table, key_test);
	return sql.data;
}

/* ---- associations ---- */

/* All steps but the last: the first is reached from the keys k. */
TaSqlWay
ta_sql_way_of(const TaNode *node)
{
	return (TaSqlWay){.decl = node->decl,
					  .hops = list_truncate(list_copy(node->hops), list_length(node->hops) - 1),
					  .live = node->live,
					  .through_live = node->through_live,
					  .through_where = node->through_where,
					  .through_where_path = node->through_where_path,
					  .through_allow = ta_allow_through(node->allow),
					  .through_ends = true};
}

/*
 * From the parents' keys to those of the rows, and what is shown of the junction:
 *
 * SELECT k.n, e1.since, e1.tag_id FROM pg_catalog.unnest($1) WITH ORDINALITY k(k1, n),
 * s.todo_tags e1 WHERE k.k1 = e1.todo_id
 *
 * DISTINCT where a path may lead to a row twice.  Without a join with the keys the
 * key comes instead of its number:
 *
 * SELECT e1.todo_id, e1.since, e1.tag_id FROM s.todo_tags e1 WHERE e1.todo_id = ANY ($1)
 */
char *
ta_sql_links(const TaNode *node, TaParams *params, TaLook look)
{
	TaSqlWay way = ta_sql_way_of(node);
	const TaHop *first = linitial(node->hops);
	bool joins = look == TA_LOOK_JOIN;
	int aliases = 0;
	const char *at;
	List *columns;

	way.look = look;
	ta_sql_go(ta_sql_table(params, &aliases, NULL, "k."), &way);
	at = way.end->prefix;
	/* rows of another type have null instead of a key, and lead nowhere */
	columns = list_concat(column_list(node->through_columns, way.end),
						  ta_hop_keys(llast(node->hops), at));
	return psprintf("SELECT %s%s, %s FROM %s%s%s WHERE %s",
					ta_node_may_repeat(node) ? "DISTINCT " : "",
					joins ? "k.n" : ta_ident_prefixed_columns(way.start, ta_hop_to_columns(first)),
					ta_err_join(columns, ", "), joins ? ta_keys_sql(first, "k") : "",
					joins ? ", " : "", way.tables.data, way.where.data);
}

/* c1, c2, ..., c<count> */
static char *
numbered(int count)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= count; i++)
		appendStringInfo(&buf, "%sc%d", i == 1 ? "" : ", ", i);
	return buf.data;
}

/*
 * So many rows of each parent, with an index: a look at each parent's
 *
 * SELECT k.n, c1, c2 FROM keys k CROSS JOIN LATERAL (SELECT t.id, t.title FROM ... WHERE ...
 * ORDER BY ... LIMIT 3) x(c1, c2)
 */
static char *
lateral_sql(const TaNode *node, const char *keys, List *columns, const char *from,
			const char *where, TaSqlTable *table)
{
	StringInfoData sql;
	char *names = numbered(list_length(columns));

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT k.n, %s FROM %s CROSS JOIN LATERAL (SELECT %s FROM %s WHERE %s",
					 names, keys, ta_err_join(columns, ", "), from, where);
	appendStringInfo(&sql, "%s) x(%s)", order_and_limit(node, table), names);
	return sql.data;
}

/*
 * The same without an index: all of them once, each numbered among its parent's
 *
 * SELECT n, c1, c2 FROM (SELECT k.n, pg_catalog.row_number() OVER (PARTITION BY k.n ORDER BY ...),
 * t.id, t.title FROM keys k, ... WHERE ...) x(n, r, c1, c2) WHERE r <= 3
 */
static char *
numbering_sql(const TaNode *node, const char *keys, List *columns, const char *from,
			  const char *where, TaSqlTable *table)
{
	StringInfoData sql;
	char *names = numbered(list_length(columns));
	char *order = order_list(node, table);

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT n, %s FROM (SELECT k.n, pg_catalog.row_number() OVER (PARTITION BY "
					 "k.n%s%s), %s FROM %s, %s WHERE %s) x(n, r, %s) WHERE true",
					 names, order != NULL ? " ORDER BY " : "", order != NULL ? order : "",
					 ta_err_join(columns, ", "), keys, from, where, names);
	if (node->offset > 0)
		appendStringInfo(&sql, " AND r OPERATOR(pg_catalog.>) " INT64_FORMAT, node->offset);
	if (node->limit >= 0)
		appendStringInfo(&sql, " AND r OPERATOR(pg_catalog.<=) " INT64_FORMAT,
						 node->limit > PG_INT64_MAX - node->offset ? PG_INT64_MAX
																   : node->offset + node->limit);
	return sql.data;
}

/*
 * All rows, with what tells which of each parent's are the first:
 *
 * SELECT t."userId", t.id, t.title, t."createdAt", t.id FROM s."Todos" t WHERE ...
 */
static char *
ranked_sql(const TaNode *node, List *columns, StringInfo tables, const char *where,
		   TaSqlTable *table)
{
	List *values = NIL;
	ListCell *lc;

	foreach(lc, node->order)
		values = lappend(values, order_value(lfirst(lc), table));
	appendStringInfo(tables, "%s t%s", ta_model_table(node->model), ta_sql_joins(table));
	return psprintf("SELECT %s, %s, %s FROM %s WHERE %s",
					ta_ident_prefixed_columns("t.", ta_hop_to_columns(linitial(node->hops))),
					ta_err_join(columns, ", "), ta_err_join(values, ", "), tables->data, where);
}

/* The statement of its parts; what is joined is known when conditions and order are written. */
static char *
rows_sql(const TaNode *node, const char *keys, List *columns, StringInfo tables, const char *where,
		 TaSqlTable *table, const TaHop *alone)
{
	/* rendered first: it may join what the tables must then name */
	char *order = order_list(node, table);
	StringInfoData sql;

	appendStringInfo(tables, "%s t%s", ta_model_table(node->model), ta_sql_joins(table));
	if (ta_node_chooses(node))
		return ta_node_looks(node) ? lateral_sql(node, keys, columns, tables->data, where, table)
								   : numbering_sql(node, keys, columns, tables->data, where, table);

	initStringInfo(&sql);
	if (alone != NULL)
		appendStringInfo(&sql, "SELECT %s, %s FROM %s WHERE %s",
						 ta_ident_prefixed_columns("t.", ta_hop_to_columns(alone)),
						 ta_err_join(columns, ", "), tables->data, where);
	else
		appendStringInfo(&sql, "SELECT k.n, %s FROM %s, %s WHERE %s", ta_err_join(columns, ", "),
						 keys, tables->data, where);
	if (order != NULL)
		appendStringInfo(&sql, " ORDER BY %s", order);
	return sql.data;
}

/*
 * Of several rows the first, if it is as it was asked for; NULL: nothing is asked.
 * By a look at each parent's, or without an index all of them once:
 *
 * SELECT k.n, t.id FROM keys k CROSS JOIN LATERAL (SELECT t.* FROM ... WHERE ... ORDER BY ...
 * LIMIT 1) t WHERE t.title = $2
 *
 * SELECT k.n, t.id FROM (SELECT k.n, pg_catalog.row_number() OVER (PARTITION BY k.n ORDER BY ...)
 * AS r, t.*::s.todos AS w FROM keys k, ... WHERE ...) k CROSS JOIN LATERAL (SELECT (k.w).*) t
 * WHERE k.r = 1 AND t.title = $2
 */
static char *
first_sql(const TaNode *node, const char *keys, List *columns, const char *tables,
		  const char *where, TaSqlTable *inner)
{
	TaSqlTable *table = ta_sql_node_table(inner->params, inner->aliases, node);
	StringInfoData asked;
	char *order;

	initStringInfo(&asked);
	add_conditions(&asked, table, node);
	if (asked.len == 0)
		return NULL;
	order = order_list(node, inner);
	/* t.* with a cast is one value; t alone might be a column of that name */
	if (!ta_node_looks(node))
		return psprintf(
			"SELECT k.n, %s FROM (SELECT k.n, pg_catalog.row_number() OVER (PARTITION BY "
			"k.n%s%s) AS r, t.*::%s AS w FROM %s, %s%s t%s WHERE %s) k CROSS JOIN LATERAL "
			"(SELECT (k.w).*) t%s WHERE k.r OPERATOR(pg_catalog.=) 1 AND %s",
			ta_err_join(columns, ", "), order != NULL ? " ORDER BY " : "",
			order != NULL ? order : "", ta_model_table(node->model), keys, tables,
			ta_model_table(node->model), ta_sql_joins(inner), where, ta_sql_joins(table),
			asked.data);
	return psprintf("SELECT k.n, %s FROM %s CROSS JOIN LATERAL (SELECT t.* FROM %s%s t%s WHERE "
					"%s%s%s LIMIT 1) t%s WHERE %s",
					ta_err_join(columns, ", "), keys, tables, ta_model_table(node->model),
					ta_sql_joins(inner), where, order != NULL ? " ORDER BY " : "",
					order != NULL ? order : "", ta_sql_joins(table), asked.data);
}

/*
 * The rows of an association, each after the number of the key that it answers:
 *
 * SELECT k.n, t.id, t.title FROM pg_catalog.unnest($1) WITH ORDINALITY k(k1, n), s."Todos" t
 * WHERE k.k1 = t."userId" AND ... ORDER BY ...
 *
 * The keys are the parents', or those that links gave.  Without a join with them
 * the key comes instead of its number.
 */
char *
ta_sql_rows(const TaNode *node, TaParams *params, List *hidden, TaLook look)
{
	const TaHop *last = llast(node->hops);
	bool by_links = ta_sql_needs_links(node);
	bool has_way = !by_links && list_length(node->hops) > 1;
	int aliases = 0;
	TaSqlTable *keys_table = ta_sql_table(params, &aliases, NULL, "k.");
	TaSqlTable *table = ta_sql_node_table(params, &aliases, node);
	char *keys = ta_keys_sql(by_links ? last : linitial(node->hops), "k");
	List *columns = column_list(node->columns, table);
	TaSqlWay way = ta_sql_way_of(node);
	StringInfoData where;
	StringInfoData tables;

	initStringInfo(&where);
	initStringInfo(&tables);
	if (has_way)
	{
		ta_sql_go(keys_table, &way);
		appendStringInfo(&where, "%s AND %s", way.where.data,
						 ta_hop_tests(last, way.end->prefix, "t."));
		/* with links it is these that show the junction */
		columns = list_concat(columns, column_list(node->through_columns, way.end));
	}
	else
		appendStringInfoString(&where, last->on ? ta_on_sql(table, node, "k.", true)
												: ta_hop_look_tests(last, look, "t."));
	appendStringInfoString(&where, ta_hop_scopes(last, "t."));
	if (has_way && ta_node_may_repeat(node))
	{
		char *exists = psprintf("EXISTS (SELECT 1 FROM %s WHERE %s)", way.tables.data, where.data);

		resetStringInfo(&where);
		appendStringInfoString(&where, exists);
	}
	else if (has_way)
		appendStringInfo(&tables, "%s, ", way.tables.data);
	add_live(&where, table, node);
	columns = list_concat(columns, hidden);
	/* no column at all: each row is still one */
	if (columns == NIL)
		columns = list_make1("NULL");
	if (ta_node_takes_first(node))
	{
		char *first = first_sql(node, keys, columns, tables.data, where.data, table);

		if (first != NULL)
			return first;
	}
	add_conditions(&where, table, node);
	if (look == TA_LOOK_ALL && ta_node_chooses(node))
		return ranked_sql(node, columns, &tables, where.data, table);
	return rows_sql(node, keys, columns, &tables, where.data, table,
					look != TA_LOOK_JOIN ? last : NULL);
}
