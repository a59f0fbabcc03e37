/*
 * src/load/run.c
 *		Runs the steps of a query, parents before children.
 */
#include "postgres.h"

#include "load/receive.h"
#include "load/step.h"

static void run_children(TaStep *step, TaLoadCount *count);

/* Adds the next level below a recursive step, unless there is none to come. */
static void
go_on(TaStep *step, const TaKeys *answered)
{
	TaStep *again = answered->count > 0 ? ta_step_again(step) : NULL;

	if (again != NULL)
		step->children[step->nchildren++] = again;
}

/* The lookups of a step's rows, in the order of its columns: of its children, its own next level, itself. */
static int
make_lookups(TaStep *step, TaLookup *lookups)
{
	int count = 0;

	for (; count < step->nchildren; count++)
	{
		TaStep *child = step->children[count];

		child->parent = step;
		ta_keys_init(&child->keys, child->nkeys, child->key_types);
		lookups[count].keys = &child->keys;
	}
	if (step->nid_types == 0)
		return count;
	/* the columns of a next level that does not come */
	lookups[count].skipped = step->recursive && count == step->ntemplates ? step->nkeys : 0;
	lookups[count].keys = step->ids;
	step->id_lookup = count;
	return count + 1;
}

/* Receives the rows of a step, and collects the keys by which its children look up theirs. */
static void
receive_rows(TaStep *step, TaKeys *answered, TaRoots *roots, TaLoadCount *count)
{
	TaLookup *lookups;
	int nlookups;

	step->nchildren = step->ntemplates;
	step->size = NULL;
	if (step->recursive && answered != NULL)
	{
		step->ids = step->parent->ids;
		go_on(step, answered);
	}
	else if (step->nid_types > 0)
	{
		step->ids = palloc(sizeof(TaKeys));
		ta_keys_init(step->ids, step->nid_types, step->id_types);
	}
	lookups = palloc0(sizeof(TaLookup) * (step->nchildren + 1));
	nlookups = make_lookups(step, lookups);
	ta_receive(step, step->rows, &step->got, lookups, nlookups, answered, roots, count);
	if (step->recursive)
		ta_step_make_items(step);
	/* no row is shown: none is below it either */
	if (step->recursive && step->nitems == 0)
		step->nchildren = 0;
	run_children(step, count);
}

static void
run_association(TaStep *step, TaLoadCount *count)
{
	TaLookup lookup = {.keys = &step->link_keys};

	if (step->links == NULL)
	{
		receive_rows(step, &step->keys, NULL, count);
		return;
	}
	ta_keys_init(&step->link_keys, step->nlink_keys, step->link_key_types);
	ta_receive(step, step->links, &step->link_rows, &lookup, 1, &step->keys, NULL, count);
	receive_rows(step, &step->link_keys, NULL, count);
}

static void
run_children(TaStep *step, TaLoadCount *count)
{
	for (int i = 0; i < step->nchildren; i++)
		run_association(step->children[i], count);
}

/*
 * Loads the roots and all below them, into the current context.  roots: where
 * the next of them are fetched from; NULL: all are loaded, and what is told after
 * them.
 */
void
ta_step_run(TaStep *root, TaRoots *roots)
{
	TaLoadCount count = {0};

	receive_rows(root, NULL, roots, &count);
	if (roots == NULL && root->right != NULL)
		ta_step_run(root->right, NULL);
}
