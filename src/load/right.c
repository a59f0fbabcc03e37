/*
 * src/load/right.c
 *		"right": rows of an association that no row above leads to, as of a right join.
 *
 * They stand after the roots, below an object all of whose columns are null: all
 * of an association to many below one, of one to one each below its own.
 */
#include "postgres.h"

#include "base/err.h"
#include "load/step.h"
#include "schema/soft.h"

/* ---- how they are loaded ---- */

/*
 * That no row of the parent's model leads to the row t:
 *
 * NOT EXISTS (SELECT 1 FROM s."Users" p WHERE p.id = t."userId")
 * NOT EXISTS (SELECT 1 FROM s."Todos" p, s.todo_tags e1 WHERE p.id = e1.todo_id AND e1.tag_id = t.id)
 */
static char *
unmatched_test(const TaNode *node, TaParams *params)
{
	const TaNode *parent = node->parent;
	const TaHop *last = llast(node->hops);
	int aliases = 0;
	TaSqlTable *from = ta_sql_table(params, &aliases, parent->model, "p.");
	char *live = parent->live ? ta_soft_live_sql("p.", parent->model, true) : NULL;
	const char *at = from->prefix;
	char *way_tables = "";
	char *way_where = "";
	char *test;

	if (list_length(node->hops) > 1)
	{
		TaSqlWay way = ta_sql_way_of(node);

		ta_sql_go(from, &way);
		at = way.end->prefix;
		way_tables = psprintf(", %s", way.tables.data);
		way_where = psprintf("%s AND ", way.where.data);
	}
	test = last->on ? ta_on_sql(ta_sql_node_table(params, &aliases, node), node, "p.", false)
					: ta_hop_tests(last, at, "t.");
	return psprintf("NOT EXISTS (SELECT 1 FROM %s p%s WHERE %s%s%s%s)%s",
					ta_model_table(parent->model), way_tables, way_where, test,
					live != NULL ? " AND " : "", live != NULL ? live : "",
					ta_hop_scopes(last, "t."));
}

/* The step that loads what the node's association leads to from no row. */
TaStep *
ta_right_compile(const TaNode *node, bool numbers_quoted)
{
	TaNode *roots = palloc(sizeof(TaNode));
	TaParams *params = ta_params_make();

	*roots = *node;
	roots->parent = NULL;
	roots->decl = NULL;
	roots->hops = NIL;
	roots->name = NULL;
	roots->through = NULL;
	roots->through_columns = NIL;
	if (node->to_one)
		roots->limit = -1;
	return ta_step_compile(roots, unmatched_test(node, params), params, numbers_quoted);
}

/* ---- how they are told ---- */

/* All that an object without a row has up to the association, and from there on. */
static void
write_frame(const TaStep *root, StringInfo before, StringInfo behind)
{
	StringInfo to = before;
	int length;

	appendStringInfoChar(to, '{');
	for (int i = 0; i < root->rows->nshown; i++)
		appendStringInfo(to, "%s%s", i > 0 ? "," : "",
						 ta_writer_name(root->rows->shown[i], "", ":null", &length));
	for (int i = 0; i < root->ntemplates; i++)
	{
		const TaStep *child = root->children[i];

		/* several models are one association */
		if (child->facet > 1)
			continue;
		appendStringInfo(to, "%s%s", to->data[to->len - 1] == '{' ? "" : ",", child->name_json);
		if (i == root->right_child)
			to = behind;
		else
			appendStringInfoString(to, child->to_one ? "null" : "[]");
		if (to == behind)
			appendStringInfoString(to, child->to_one ? "" : "]");
	}
	appendStringInfoChar(behind, '}');
}

/* How many objects there are. */
int
ta_right_count(const TaStep *root)
{
	if (root->right == NULL || root->right->got.count == 0)
		return 0;
	return root->children[root->right_child]->to_one ? root->right->got.count : 1;
}

/* Prepares them; returns how many bytes they take, without what is between them. */
Size
ta_right_prepare(TaStep *root)
{
	int count = ta_right_count(root);
	bool to_one;
	Size rows;

	if (count == 0)
		return 0;
	to_one = root->children[root->right_child]->to_one;
	initStringInfo(&root->right_before);
	initStringInfo(&root->right_behind);
	write_frame(root, &root->right_before, &root->right_behind);
	if (!to_one)
		appendStringInfoChar(&root->right_before, '[');
	rows = ta_tree_prepare(root->right);
	return rows + (Size) count * (root->right_before.len + root->right_behind.len) +
		   (to_one ? 0 : root->right->got.count - 1);
}

/* How many bytes the nth object takes. */
Size
ta_right_size(TaStep *root, int n)
{
	Size size = root->right_before.len + root->right_behind.len;

	if (root->children[root->right_child]->to_one)
		return size + ta_tree_row_size(root->right, n);
	for (int i = 0; i < root->right->got.count; i++)
		size += ta_tree_row_size(root->right, i) + (i > 0 ? 1 : 0);
	return size;
}

/* Writes the nth object, and returns where it ends. */
char *
ta_right_put(TaStep *root, int n, char *to)
{
	to = ta_put_bytes(to, root->right_before.data, root->right_before.len);
	if (root->children[root->right_child]->to_one)
		to = ta_tree_put_row(root->right, n, to);
	else
	{
		for (int i = 0; i < root->right->got.count; i++)
		{
			if (i > 0)
				*to++ = ',';
			to = ta_tree_put_row(root->right, i, to);
		}
	}
	return ta_put_bytes(to, root->right_behind.data, root->right_behind.len);
}
