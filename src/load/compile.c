/*
 * src/load/compile.c
 *		From a resolved query to the steps that load it.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/step.h"

/* with more keys the planner must know how many there are */
#define MAX_ANY 2000

/* more rows than this are not kept to find the first of each key */
#define MAX_RANKED 4000000

static TaStep *compile(const TaNode *node, bool numbers_quoted);

static const char **
names_of(List *columns)
{
	const char **names = palloc(sizeof(char *) * Max(list_length(columns), 1));
	ListCell *lc;

	foreach(lc, columns)
		names[foreach_current_index(lc)] = ((TaNodeColumn *) lfirst(lc))->shown;
	return names;
}

static TaStatement *
make_statement(List *columns)
{
	TaStatement *statement = palloc0(sizeof(TaStatement));

	statement->nshown = list_length(columns);
	statement->shown = names_of(columns);
	return statement;
}

/* Types of the columns that a hop starts from. */
static TaKeyType *
key_types(const TaHop *hop, const char *path, int *count)
{
	TaKeyType *types;

	*count = list_length(hop->link.columns);
	types = palloc0(sizeof(TaKeyType) * *count);
	for (int i = 0; i < *count; i++)
		ta_key_type_init(&types[i], ta_hop_key_type(hop, i), path);
	return types;
}

/* Parameters for the arrays of keys, whose values are known when it runs. */
static TaParams *
key_params(const TaStatement *statement)
{
	TaParams *params = ta_params_make();

	for (int i = 0; i < statement->nkeys; i++)
		(void) ta_params_add(params, statement->key_types[i].array_type, (Datum) 0, true);
	return params;
}

/* The nodes below one, each model of a polymorphic association by itself. */
static List *
flat_children(const TaNode *node)
{
	List *flat = NIL;
	ListCell *lc;

	foreach(lc, node->children)
	{
		TaNode *child = lfirst(lc);

		flat = child->model != NULL ? lappend(flat, child)
									: list_concat(flat, list_copy(child->facets));
	}
	return flat;
}

/* Whether the node's rows must be known again, so that nothing goes round in a circle. */
static bool
is_identified(const TaNode *node)
{
	ListCell *lc;

	if (node->recursive)
		return true;
	foreach(lc, node->children)
	{
		if (((TaNode *) lfirst(lc))->recursive)
			return true;
	}
	return false;
}

/* Expressions by which the rows of a node look up what is below it, and are known again. */
static List *
lookups(const TaNode *node)
{
	List *hidden = NIL;
	ListCell *lc;

	foreach(lc, flat_children(node))
		hidden = list_concat(hidden, ta_hop_keys(linitial(((TaNode *) lfirst(lc))->hops), "t."));
	if (node->recursive)
		hidden = list_concat(hidden, ta_hop_keys(linitial(node->hops), "t."));
	foreach(lc, is_identified(node) ? node->model->key : NIL)
		hidden = lappend(hidden, psprintf("t.%s", ta_ident_quote(lfirst(lc))));
	return hidden;
}

/* Types of the key by which rows are known again. */
static void
compile_identity(TaStep *step, const TaNode *node)
{
	ListCell *lc;

	step->recursive = node->recursive;
	step->depth = node->depth;
	step->level = node->level;
	if (!is_identified(node))
		return;
	step->nid_types = list_length(node->model->key);
	step->id_types = palloc0(sizeof(TaKeyType) * step->nid_types);
	foreach(lc, node->model->key)
		ta_key_type_init(&step->id_types[foreach_current_index(lc)],
						 getBaseType(ta_rel_column(node->model->relid, lfirst(lc))->type),
						 node->path);
}

static void
add_child(TaStep *step, const TaNode *node, int facet, int nfacets)
{
	TaStep *child = compile(node, step->numbers_quoted);

	if (node->right)
	{
		step->right = ta_right_compile(node, step->numbers_quoted);
		step->right_child = step->ntemplates;
	}
	child->facet = facet;
	child->nfacets = nfacets;
	child->name_json = ta_writer_name(node->name, "", ":", &child->name_length);
	step->children[step->ntemplates++] = child;
}

static void
compile_children(TaStep *step, const TaNode *node)
{
	ListCell *lc;

	step->children = palloc(sizeof(TaStep *) * (list_length(flat_children(node)) + 1));
	foreach(lc, node->children)
	{
		TaNode *child = lfirst(lc);
		ListCell *lf;

		if (child->model != NULL)
			add_child(step, child, 0, 0);
		foreach(lf, child->facets)
		{
			TaNode *facet = lfirst(lf);

			facet->name = child->name;
			add_child(step, facet, foreach_current_index(lf) + 1, list_length(child->facets));
		}
	}
	step->nchildren = step->ntemplates;
}

/* How rows are best found by so many keys. */
TaLook
ta_statement_look(const TaStatement *statement, double keys)
{
	if (statement->all_from > 0 && keys >= statement->all_from &&
		(statement->nranks == 0 || keys * statement->keep <= MAX_RANKED))
		return TA_LOOK_ALL;
	return keys <= statement->any_to ? TA_LOOK_ANY : TA_LOOK_JOIN;
}

/* Writes the statement that looks so, unless it was written before. */
void
ta_statement_write(TaStatement *statement, const TaNode *node, TaLook look)
{
	/* it may be needed longer than what is loaded now */
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(statement));
	TaParams *params;

	if (statement->sql[look] == NULL)
	{
		params = look == TA_LOOK_ALL ? ta_params_make() : key_params(statement);
		statement->sql[look] = statement->links ? ta_sql_links(node, params, look)
												: ta_sql_rows(node, params, lookups(node), look);
		statement->params[look] = params;
	}
	MemoryContextSwitchTo(caller);
}

/* How the first rows of each key are told, where all rows are read. */
static void
set_ranks(TaStatement *statement, const TaNode *node)
{
	ListCell *lc;

	statement->nranks = list_length(node->order);
	statement->ranks = palloc(sizeof(TaRank) * statement->nranks);
	foreach(lc, node->order)
	{
		const TaNodeOrder *item = lfirst(lc);

		statement->ranks[foreach_current_index(lc)] =
			(TaRank){.descending = item->descending, .nulls_first = item->nulls_first};
	}
	statement->wanted = (int) node->limit;
	statement->keep = (int) (node->offset + node->limit);
}

/* Sets by which keys the rows are found, and how; what is written now finds what is wrong in the query. */
static void
set_keys(TaStatement *statement, const TaNode *node, const TaHop *hop, const TaKeyType *types,
		 int nkeys)
{
	bool costly = !statement->links && ta_node_is_costly(node);

	statement->key_types = types;
	statement->nkeys = nkeys;
	if ((statement->links || ta_sql_may_scan(node)) && ta_scan_possible(hop))
	{
		statement->all_from = costly ? 0 : ta_scan_from(hop);
		statement->any_to = ta_scan_any_possible(hop) ? MAX_ANY : 0;
	}
	if (!costly && ta_node_may_rank(node) && ta_scan_possible(hop) &&
		!ta_node_has_order_index(node))
	{
		statement->all_from = ta_scan_from(hop);
		set_ranks(statement, node);
	}
	ta_statement_write(statement, node, statement->any_to > 0 ? TA_LOOK_ANY : TA_LOOK_JOIN);
}

/* The links of a node. */
static TaStatement *
links_statement(const TaNode *node, const TaKeyType *types, int nkeys)
{
	TaStatement *statement = make_statement(node->through_columns);

	statement->links = true;
	set_keys(statement, node, linitial(node->hops), types, nkeys);
	return statement;
}

/* The rows of a node; where there are no links, these show the junction. */
static TaStatement *
rows_statement(const TaNode *node, const TaKeyType *types, int nkeys)
{
	bool shows_junction = !ta_sql_needs_links(node) && node->through != NULL;
	TaStatement *statement = make_statement(
		shows_junction ? list_concat_copy(node->columns, node->through_columns) : node->columns);

	if (shows_junction)
	{
		statement->nthrough = list_length(node->through_columns);
		statement->through = node->through;
	}
	set_keys(statement, node, llast(node->hops), types, nkeys);
	return statement;
}

/* The statement, or the two, by which an association is loaded. */
static void
compile_statements(TaStep *step, const TaNode *node)
{
	step->key_types = key_types(linitial(node->hops), node->path, &step->nkeys);
	if (ta_sql_needs_links(node))
	{
		step->links = links_statement(node, step->key_types, step->nkeys);
		step->link_key_types = key_types(llast(node->hops), node->path, &step->nlink_keys);
		step->rows = rows_statement(node, step->link_key_types, step->nlink_keys);
	}
	else
		step->rows = rows_statement(node, step->key_types, step->nkeys);
	if (node->through != NULL && step->links != NULL)
	{
		step->through = node->through;
		step->through_json = ta_writer_name(node->through, "", ":{", &step->through_length);
	}
}

static TaStep *
compile(const TaNode *node, bool numbers_quoted)
{
	TaStep *step = palloc0(sizeof(TaStep));

	step->node = node;
	step->path = node->path;
	step->name = node->name;
	step->to_one = node->to_one;
	step->numbers_quoted = numbers_quoted;
	compile_identity(step, node);
	step->each_once = node->decl != NULL && node->decl->kind == TA_REFERENCES_MANY;
	step->ordered = node->order != NIL || node->default_order != NULL;
	if (node->decl != NULL)
		compile_statements(step, node);
	compile_children(step, node);
	return step;
}

/*
 * The steps of a query.  key_test: what else must hold of the roots, with its
 * values in params; NULL: nothing.
 */
TaStep *
ta_step_compile(const TaNode *root, const char *key_test, TaParams *params, bool numbers_quoted)
{
	TaStep *step = compile(root, numbers_quoted);

	step->rows = make_statement(root->columns);
	step->rows->params[TA_LOOK_JOIN] = params;
	step->rows->sql[TA_LOOK_JOIN] = ta_sql_roots(root, params, key_test, lookups(root));
	return step;
}
