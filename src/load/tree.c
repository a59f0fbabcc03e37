/*
 * src/load/tree.c
 *		The result of a query out of the rows of its steps.
 *
 * The exact size is known before anything is written, so it is written once, into
 * its place, without asking for room.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "load/step.h"

/* ---- lists ---- */

/* A list of rows below one parent. */
typedef struct Children
{
	int from;
	int to;
} Children;

static inline Children
children_of(const TaStep *parent, int item, int number)
{
	const TaStep *child = parent->children[number];
	int key;
	const int *first;

	if (child->recursive)
		return (Children){child->item_first[item], child->item_first[item + 1]};
	key = parent->got.lookup[number][ta_step_row(parent, item)];
	first = child->links != NULL ? child->list_first : child->got.first;
	if (key < 0)
		return (Children){0, 0};
	return (Children){first[key], first[key + 1]};
}

/* The item at a place of a list. */
static inline int
item_at(const TaStep *step, int n)
{
	return step->recursive       ? n
		   : step->links != NULL ? step->list_row[n]
								 : ta_rows_nth(&step->got, n);
}

static inline int
link_at(const TaStep *step, int n)
{
	return step->recursive ? step->item_link[n] : step->list_link[n];
}

/* ---- sizes ---- */

static inline Size
shown_size(const TaRows *rows, int row)
{
	return rows->offset[row + 1] - rows->offset[row];
}

/* Commas between what an object holds; the same for all rows of a step. */
static int
commas(const TaStep *step)
{
	int items = (step->rows->nshown > 0 ? 1 : 0) + (step->through != NULL ? 1 : 0);

	for (int i = 0; i < step->nchildren; i++)
		items += step->children[i]->facet <= 1 ? 1 : 0;
	return Max(items - 1, 0);
}

static inline Size
item_size(const TaStep *step, int item)
{
	return step->size != NULL ? step->size[item]
							  : shown_size(&step->got, ta_step_row(step, item)) + 2 + commas(step);
}

/* The nth of a list, with the junction's row. */
static inline Size
listed_size(const TaStep *step, int n)
{
	Size size = item_size(step, item_at(step, n));

	if (step->through != NULL)
		size += step->through_length + shown_size(&step->link_rows, link_at(step, n)) + 1;
	return size;
}

/* Whether a polymorphic association has a row of this model; or of none, which its last one says. */
bool
ta_tree_is_told(const TaStep *parent, int item, int number)
{
	const TaStep *child = parent->children[number];

	if (child->facet == 0)
		return true;
	for (int i = number - child->facet + 1; i <= number; i++)
	{
		Children found = children_of(parent, item, i);

		if (found.from < found.to)
			return i == number;
	}
	return child->facet == child->nfacets;
}

/* The value of an association: a list, an object or null. */
Size
ta_tree_child_size(TaStep *parent, int item, int number)
{
	const TaStep *child = parent->children[number];
	Children found = children_of(parent, item, number);
	Size size = 2;

	if (child->to_one)
		return found.from < found.to ? listed_size(child, found.from) : strlen("null");
	for (int i = found.from; i < found.to; i++)
		size += listed_size(child, i) + (i > found.from ? 1 : 0);
	return size;
}

static void
set_sizes(TaStep *step)
{
	int count = ta_step_count_items(step);

	step->size = ta_allocate_huge(count, sizeof(Size));
	for (int item = 0; item < count; item++)
	{
		Size size = shown_size(&step->got, ta_step_row(step, item)) + 2 + commas(step);

		for (int i = 0; i < step->nchildren; i++)
		{
			if (ta_tree_is_told(step, item, i))
				size += step->children[i]->name_length + ta_tree_child_size(step, item, i);
		}
		step->size[item] = size;
		if (item % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
prepare(TaStep *step)
{
	check_stack_depth();
	for (int i = 0; i < step->nchildren; i++)
		prepare(step->children[i]);
	/* what is recursive was grouped while it was loaded */
	if (step->name != NULL && !step->recursive)
		ta_step_group(step);
	if (step->nchildren > 0)
		set_sizes(step);
}

/* Puts rows under their parents, and returns how many bytes all roots take, without what is between them. */
Size
ta_tree_prepare(TaStep *root)
{
	Size total = 0;

	prepare(root);
	for (int i = 0; i < root->got.count; i++)
		total += item_size(root, i);
	return total;
}

Size
ta_tree_row_size(TaStep *step, int row)
{
	return item_size(step, row);
}

/* ---- writing ---- */

static char *put_item(TaStep *step, int item, int link, char *to);

/* The nth of a list. */
static char *
put_listed(TaStep *step, int n, char *to)
{
	return put_item(step, item_at(step, n), step->through != NULL ? link_at(step, n) : 0, to);
}

/* Writes the value of an association, and returns where it ends. */
char *
ta_tree_put_child(TaStep *parent, int item, int number, char *to)
{
	TaStep *child = parent->children[number];
	Children found = children_of(parent, item, number);

	if (child->to_one)
		return found.from < found.to ? put_listed(child, found.from, to)
									 : ta_put_bytes(to, "null", 4);
	*to++ = '[';
	for (int i = found.from; i < found.to; i++)
	{
		if (i > found.from)
			*to++ = ',';
		to = put_listed(child, i, to);
	}
	*to++ = ']';
	return to;
}

static char *
put_item(TaStep *step, int item, int link, char *to)
{
	int row = ta_step_row(step, item);
	char *start;

	*to++ = '{';
	start = to;
	to = ta_put_bytes(to, step->got.buffer.data + step->got.offset[row],
					  shown_size(&step->got, row));
	if (step->through != NULL)
	{
		if (to > start)
			*to++ = ',';
		to = ta_put_bytes(to, step->through_json, step->through_length);
		to = ta_put_bytes(to, step->link_rows.buffer.data + step->link_rows.offset[link],
						  shown_size(&step->link_rows, link));
		*to++ = '}';
	}
	for (int i = 0; i < step->nchildren; i++)
	{
		if (!ta_tree_is_told(step, item, i))
			continue;
		if (to > start)
			*to++ = ',';
		to = ta_put_bytes(to, step->children[i]->name_json, step->children[i]->name_length);
		to = ta_tree_put_child(step, item, i, to);
	}
	*to++ = '}';
	return to;
}

/* Writes a root with all below it, and returns where it ends. */
char *
ta_tree_put_row(TaStep *step, int row, char *to)
{
	return put_item(step, row, 0, to);
}
