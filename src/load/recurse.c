/*
 * src/load/recurse.c
 *		What goes on from its own rows: a step for each level, until there are no more.
 *
 * Each level is loaded by one statement, however many rows lead to a row.  It is
 * shown below each of them: once for each way from a root, which is an item.  A
 * row that is on the way already is left out, and so the way ends.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "load/step.h"

/* Its texts are shared, what it is run with is its own. */
static TaStatement *
copy_statement(const TaStatement *statement)
{
	TaStatement *copy;

	if (statement == NULL)
		return NULL;
	copy = palloc(sizeof(TaStatement));
	*copy = *statement;
	return copy;
}

/* A step of its own that is loaded alike, and what is below it. */
static TaStep *
copy_step(const TaStep *step)
{
	TaStep *copy = palloc(sizeof(TaStep));

	*copy = *step;
	copy->rows = copy_statement(step->rows);
	copy->links = copy_statement(step->links);
	/* what a run before added is of that run */
	copy->nchildren = step->ntemplates;
	copy->children = palloc(sizeof(TaStep *) * (step->ntemplates + 1));
	for (int i = 0; i < step->ntemplates; i++)
		copy->children[i] = copy_step(step->children[i]);
	return copy;
}

/* The next level of a recursive step that has not run yet; NULL: that is too deep. */
TaStep *
ta_step_again(const TaStep *step)
{
	TaStep *again;

	if (step->depth == 1)
		return NULL;
	again = copy_step(step);
	again->level++;
	if (again->depth > 0)
		again->depth--;
	return again;
}

/* Whether the row is on the way from where the association was first gone along to the parent's item. */
static bool
is_above(const TaStep *step, int item, int id)
{
	const TaStep *parent = step->parent;

	for (;;)
	{
		if (parent->got.lookup[parent->id_lookup][ta_step_row(parent, item)] == id)
			return true;
		if (parent->node != step->node)
			return false;
		item = parent->item_parent[item];
		parent = parent->parent;
	}
}

/* Room for as many items as there may be. */
static void
make_room(TaStep *step, int *room)
{
	Size size;

	if (step->nitems < *room)
		return;
	if (*room >= PG_INT32_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the query leads to more rows than can be counted"),
						errdetail("At %s.", ta_query_at(step->path))));
	*room *= 2;
	size = sizeof(int) * (Size) *room;
	step->item_row = repalloc_huge(step->item_row, size);
	step->item_link = repalloc_huge(step->item_link, size);
	step->item_parent = repalloc_huge(step->item_parent, size);
}

/* The items below one of the parent's. */
static void
add_items(TaStep *step, int item, int key, int *room)
{
	const int *first = step->links != NULL ? step->list_first : step->got.first;

	for (int n = key < 0 ? 0 : first[key]; key >= 0 && n < first[key + 1]; n++)
	{
		int row = step->links != NULL ? step->list_row[n] : ta_rows_nth(&step->got, n);

		if (is_above(step, item, step->got.lookup[step->id_lookup][row]))
			continue;
		make_room(step, room);
		step->item_row[step->nitems] = row;
		step->item_link[step->nitems] = step->links != NULL ? step->list_link[n] : 0;
		step->item_parent[step->nitems++] = item;
	}
}

/* Raises where a tree is deeper than a query may be. */
static void
check_level(const TaStep *step)
{
	if (step->nitems > 0 && step->level > ta_guc_max_depth)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the query leads more than %d levels deep", ta_guc_max_depth),
						errdetail("At %s.", ta_query_at(step->path)),
						errhint("Give it a \"depth\", or raise assoc.max_depth.")));
}

/*
 * The items of a recursive step whose rows were received, as the number-th child
 * of its parent.
 */
void
ta_step_make_items(TaStep *step)
{
	const TaStep *parent = step->parent;
	int count = ta_step_count_items(parent);
	int number = 0;
	int room = 64;

	while (parent->children[number] != step)
		number++;
	ta_step_group(step);
	step->nitems = 0;
	step->item_row = palloc(sizeof(int) * room);
	step->item_link = palloc(sizeof(int) * room);
	step->item_parent = palloc(sizeof(int) * room);
	step->item_first =
		MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int) * ((Size) count + 1));
	for (int item = 0; item < count; item++)
	{
		step->item_first[item] = step->nitems;
		add_items(step, item, parent->got.lookup[number][ta_step_row(parent, item)], &room);
		if (item % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	step->item_first[count] = step->nitems;
	check_level(step);
}
