/*
 * src/load/run.c
 *		Runs the steps of a query, parents before children.
 */
#include "postgres.h"

#include "load/receive.h"
#include "load/step.h"

static void run_children(TaStep *step, TaLoadCount *count);

/* Receives the rows of a step, and collects the keys by which its children look up theirs. */
static void
receive_rows(TaStep *step, TaKeys *answered, TaRoots *roots, TaLoadCount *count)
{
	TaLookup *lookups = palloc(sizeof(TaLookup) * Max(step->nchildren, 1));

	for (int i = 0; i < step->nchildren; i++)
	{
		TaStep *child = step->children[i];

		ta_keys_init(&child->keys, child->nkeys, child->key_types);
		lookups[i].keys = &child->keys;
	}
	ta_receive(step, step->rows, &step->got, lookups, step->nchildren, answered, roots, count);
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
 * the next of them are fetched from; NULL: all are loaded.
 */
void
ta_step_run(TaStep *root, TaRoots *roots)
{
	TaLoadCount count = {0};

	receive_rows(root, NULL, roots, &count);
}
