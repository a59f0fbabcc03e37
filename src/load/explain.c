/*
 * src/load/explain.c
 *		How a query is loaded: each of its statements, why so, and what it costs.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi_stream.h"
#include "load/explain.h"
#include "load/step.h"

typedef struct Explainer
{
	bool actual; /* the query was run */
	TaExplainRow row;
	void *arg;
} Explainer;

/* One statement, before its strategy is said. */
typedef struct Told
{
	TaExplained row;
	TaStatement *statement;
	const TaNode *node;
	TaLook look; /* how it was run, or would be */
	const TaHop *hop; /* that leads to its rows; NULL: roots */
	double keys; /* as it was, or is expected */
} Told;

/* ---- what is expected ---- */

/* what the planner takes an array for whose elements it doesn't know */
#define ELEMENTS_OF_UNKNOWN_ARRAY 10.0

static double
estimate(const TaStatement *statement, TaLook look, int unknown)
{
	TaSpiQuery query = ta_params_query(statement->params[look], statement->sql[look]);

	return ta_spi_estimate(&query, unknown);
}

/* Rows of the table at most, if it is known how many it has. */
static double
at_most_all(double rows, Oid relid)
{
	double all = ta_scan_count_rows(relid);

	return all >= 0 ? Min(rows, all) : rows;
}

static double
estimate_by_keys(TaStatement *statement, const TaNode *node, double keys)
{
	TaLook look = statement->any_to > 0 ? TA_LOOK_ANY : TA_LOOK_JOIN;

	ta_statement_write(statement, node, look);
	return estimate(statement, look, statement->nkeys) / ELEMENTS_OF_UNKNOWN_ARRAY * keys;
}

/* ---- why ---- */

static TaLook
look_of(const Told *told, const Explainer *explainer)
{
	return explainer->actual ? told->statement->ran
							 : ta_statement_look(told->statement, told->keys);
}

/* s."Todos"("userId") */
static char *
columns_sql(const TaHop *hop)
{
	return psprintf("%s(%s)", ta_ident_quote(ta_hop_to_model(hop)->table),
					ta_ident_prefixed_columns("", ta_hop_to_columns(hop)));
}

static char *
index_text(Oid index, const TaHop *hop)
{
	if (hop->on)
		return pstrdup("a condition instead of the association's keys");
	return OidIsValid(index) ? psprintf("index %s", ta_ident_quote(get_rel_name(index)))
							 : psprintf("no index on %s", columns_sql(hop));
}

/* A statement by the parents' keys, or one that reads all rows. */
static void
tell_keys(Told *told, const Explainer *explainer)
{
	TaStatement *statement = told->statement;
	const char *about = explainer->actual ? "" : "about ";
	Oid index = told->hop->on ? InvalidOid
							  : ta_rel_serving_index(ta_hop_to_model(told->hop)->relid,
													 ta_hop_to_columns(told->hop), InvalidOid);

	told->row.strategy = told->look == TA_LOOK_ALL ? "whole table" : "by keys";
	told->row.why = statement->all_from == 0 ? psprintf("%s%.0f keys; %s", about, told->keys,
														index_text(index, told->hop))
					: statement->all_from == PG_INT32_MAX
						? psprintf("%s%.0f keys; %s; how many rows there are is not known", about,
								   told->keys, index_text(index, told->hop))
						: psprintf("%s%.0f keys; %s; from %d keys on the whole table", about,
								   told->keys, index_text(index, told->hop), statement->all_from);
}

/* So many rows of each parent. */
static void
tell_chosen(Told *told, const TaNode *node, const Explainer *explainer)
{
	Oid index = ta_node_index(node);

	if (told->look == TA_LOOK_ALL)
	{
		tell_keys(told, explainer);
		told->row.why = psprintf("a limit for each parent; %s", told->row.why);
		return;
	}
	told->row.strategy = ta_node_looks(node) ? "each parent" : "numbered";
	told->row.why =
		psprintf("%s; %s",
				 ta_node_takes_first(node) ? "the first of several" : "a limit for each parent",
				 index_text(index, told->hop));
}

/* ---- statements ---- */

static void
tell(Told *told, const TaRows *rows, const Explainer *explainer)
{
	TaStatement *statement = told->statement;

	ta_statement_write(statement, told->node, told->look);
	told->row.sql = statement->sql[told->look];
	told->row.keys = told->hop != NULL ? told->keys : -1;
	told->row.actual_rows = !explainer->actual ? -1
							: rows->ranked     ? rows->first[(int) told->keys]
											   : rows->count;
	told->row.milliseconds = statement->milliseconds;
	explainer->row(&told->row, explainer->arg);
}

static void
explain_children(const TaStep *step, const char *edge, double rows, const Explainer *explainer);

/* The links of an association; returns how many rows they lead to. */
static double
explain_links(const TaStep *step, const char *edge, double parents, const Explainer *explainer)
{
	Told told = {.row = {.edge = edge, .step = "links"},
				 .statement = step->links,
				 .node = step->node,
				 .hop = linitial(step->node->hops)};

	told.keys = explainer->actual ? step->keys.count : parents;
	told.row.estimated_rows = estimate_by_keys(step->links, step->node, told.keys);
	told.look = look_of(&told, explainer);
	tell_keys(&told, explainer);
	tell(&told, &step->link_rows, explainer);
	return told.row.estimated_rows;
}

static void
explain_association(const TaStep *step, const char *edge, double parents,
					const Explainer *explainer)
{
	const TaNode *node = step->node;
	Told told = {.row = {.edge = edge, .step = "rows"},
				 .statement = step->rows,
				 .node = node,
				 .hop = step->links != NULL ? llast(node->hops) : linitial(node->hops)};

	parents = at_most_all(parents, ta_hop_from_model(linitial(node->hops))->relid);
	if (step->links != NULL)
	{
		parents = explain_links(step, edge, parents, explainer);
		parents = at_most_all(parents, node->model->relid);
	}
	told.keys = !explainer->actual    ? parents
				: step->links != NULL ? step->link_keys.count
									  : step->keys.count;
	told.row.estimated_rows =
		at_most_all(estimate_by_keys(step->rows, node, told.keys), node->model->relid);
	told.look = look_of(&told, explainer);
	if (ta_node_chooses(node))
		tell_chosen(&told, node, explainer);
	else
		tell_keys(&told, explainer);
	tell(&told, &step->got, explainer);
	explain_children(step, edge, told.row.estimated_rows, explainer);
}

static void
explain_children(const TaStep *step, const char *edge, double rows, const Explainer *explainer)
{
	for (int i = 0; i < step->nchildren; i++)
	{
		const TaStep *child = step->children[i];
		char *name = psprintf("%s.%s", edge, child->node->name);

		if (child->facet > 0)
			name = psprintf("%s (%s)", name, child->node->model->name);
		explain_association(child, name, rows, explainer);
	}
}

/* Roots, or what is told after them, and all below. */
static void
explain_roots(const TaStep *root, const char *edge, const char *why, const Explainer *explainer)
{
	Told told = {.row = {.edge = edge, .step = "roots", .strategy = "query", .why = why},
				 .statement = root->rows,
				 .node = root->node};

	told.row.estimated_rows = estimate(root->rows, TA_LOOK_JOIN, 0);
	tell(&told, &root->got, explainer);
	explain_children(root, edge, told.row.estimated_rows, explainer);
}

/*
 * Hands on each statement of the steps, those above first.  actual: they were
 * run, and keep how that went.
 */
void
ta_explain(const TaStep *root, bool actual, TaExplainRow row, void *arg)
{
	Explainer explainer = {.actual = actual, .row = row, .arg = arg};
	const char *model = root->node->model->name;

	explain_roots(root, model, "the rows of the model that fit", &explainer);
	if (root->right != NULL)
		explain_roots(root->right,
					  psprintf("%s.%s (of none)", model,
							   root->children[root->right_child]->node->name),
					  "the rows that no row of the model leads to", &explainer);
}
