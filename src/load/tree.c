/*
 * src/load/tree.c
 *		The result of a query out of the rows of its steps.
 *
 * Rows are put under their parents by the numbers of keys, by counting.  The
 * exact size is known before anything is written, so it is written once, into
 * its place, without asking for room.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "load/step.h"

static void *
allocate(Size count, Size each)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * each);
}

/* ---- rows under keys ---- */

/* Groups rows by the key that they answer, in the order in which they came. */
static void
group_rows(TaRows *rows, int nkeys)
{
	bool sorted = true;
	int *next;

	rows->first = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(int) * ((Size) nkeys + 1),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < rows->count; i++)
	{
		rows->first[rows->key[i] + 1]++;
		sorted = sorted && (i == 0 || rows->key[i - 1] <= rows->key[i]);
	}
	for (int i = 0; i < nkeys; i++)
		rows->first[i + 1] += rows->first[i];
	rows->order = NULL;
	if (sorted)
		return;
	next = allocate(nkeys, sizeof(int));
	memcpy(next, rows->first, sizeof(int) * (Size) nkeys);
	rows->order = allocate(rows->count, sizeof(int));
	for (int i = 0; i < rows->count; i++)
		rows->order[next[rows->key[i]]++] = i;
	pfree(next);
}

static inline int
nth_row(const TaRows *rows, int n)
{
	return rows->order != NULL ? rows->order[n] : n;
}

typedef struct Linked
{
	int row;
	int link;
} Linked;

static int
compare_linked(const void *a, const void *b)
{
	const Linked *left = a;
	const Linked *right = b;

	if (left->row != right->row)
		return left->row < right->row ? -1 : 1;
	return left->link < right->link ? -1 : left->link > right->link;
}

/* How many rows the links of all keys lead to. */
static Size
count_linked(const TaStep *step)
{
	Size count = 0;

	for (int i = 0; i < step->link_rows.count; i++)
	{
		int key = step->link_rows.lookup[0][i];

		if (key >= 0)
			count += step->got.first[key + 1] - step->got.first[key];
	}
	return count;
}

/* The rows of each key along its links; in the order of the rows if that counts, else of the links. */
static void
follow_links(TaStep *step)
{
	const TaRows *links = &step->link_rows;
	Size total = count_linked(step);
	Linked *linked;
	int filled = 0;

	if (total > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the query leads to more rows than can be counted"),
						errdetail("At %s.", ta_query_at(step->path))));
	linked = allocate(total, sizeof(Linked));
	step->list_first = allocate(step->keys.count + 1, sizeof(int));
	for (int key = 0; key < step->keys.count; key++)
	{
		step->list_first[key] = filled;
		for (int i = links->first[key]; i < links->first[key + 1]; i++)
		{
			int link = nth_row(links, i);
			int target = links->lookup[0][link];

			for (int j = target < 0 ? 0 : step->got.first[target];
				 target >= 0 && j < step->got.first[target + 1]; j++)
				linked[filled++] = (Linked){nth_row(&step->got, j), link};
		}
		if (step->ordered && filled - step->list_first[key] > 1)
			qsort(linked + step->list_first[key], filled - step->list_first[key], sizeof(Linked),
				  compare_linked);
	}
	step->list_first[step->keys.count] = filled;
	step->list_row = allocate(total, sizeof(int));
	step->list_link = allocate(total, sizeof(int));
	for (int i = 0; i < filled; i++)
	{
		step->list_row[i] = linked[i].row;
		step->list_link[i] = linked[i].link;
	}
	pfree(linked);
}

/* A list of rows below one parent. */
typedef struct Children
{
	int from;
	int to;
} Children;

static inline Children
children_of(const TaStep *parent, int row, int number)
{
	const TaStep *child = parent->children[number];
	int key = parent->got.lookup[number][row];
	const int *first = child->links != NULL ? child->list_first : child->got.first;

	if (key < 0)
		return (Children){0, 0};
	return (Children){first[key], first[key + 1]};
}

static inline int
row_at(const TaStep *step, int n)
{
	return step->links != NULL ? step->list_row[n] : nth_row(&step->got, n);
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
row_size(const TaStep *step, int row)
{
	return step->size != NULL ? step->size[row] : shown_size(&step->got, row) + 2 + commas(step);
}

/* The nth of a list, with the junction's row. */
static inline Size
listed_size(const TaStep *step, int n)
{
	Size size = row_size(step, row_at(step, n));

	if (step->through != NULL)
		size += step->through_length + shown_size(&step->link_rows, step->list_link[n]) + 1;
	return size;
}

/* Whether a polymorphic association has a row of this model; or of none, which its last one says. */
bool
ta_tree_is_told(const TaStep *parent, int row, int number)
{
	const TaStep *child = parent->children[number];

	if (child->facet == 0)
		return true;
	for (int i = number - child->facet + 1; i <= number; i++)
	{
		Children found = children_of(parent, row, i);

		if (found.from < found.to)
			return i == number;
	}
	return child->facet == child->nfacets;
}

/* The value of an association: a list, an object or null. */
Size
ta_tree_child_size(TaStep *parent, int row, int number)
{
	const TaStep *child = parent->children[number];
	Children found = children_of(parent, row, number);
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
	step->size = allocate(step->got.count, sizeof(Size));
	for (int row = 0; row < step->got.count; row++)
	{
		Size size = shown_size(&step->got, row) + 2 + commas(step);

		for (int i = 0; i < step->nchildren; i++)
		{
			if (ta_tree_is_told(step, row, i))
				size += step->children[i]->name_length + ta_tree_child_size(step, row, i);
		}
		step->size[row] = size;
		if (row % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
prepare(TaStep *step)
{
	check_stack_depth();
	for (int i = 0; i < step->nchildren; i++)
		prepare(step->children[i]);
	if (step->links != NULL)
	{
		group_rows(&step->got, step->link_keys.count);
		group_rows(&step->link_rows, step->keys.count);
		follow_links(step);
	}
	else if (step->name != NULL)
		group_rows(&step->got, step->keys.count);
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
		total += row_size(root, i);
	return total;
}

Size
ta_tree_row_size(TaStep *step, int row)
{
	return row_size(step, row);
}

/* ---- writing ---- */

static inline char *
put(char *to, const char *bytes, Size length)
{
	memcpy(to, bytes, length);
	return to + length;
}

static char *put_row(TaStep *step, int row, int link, char *to);

/* The nth of a list. */
static char *
put_listed(TaStep *step, int n, char *to)
{
	return put_row(step, row_at(step, n), step->through != NULL ? step->list_link[n] : 0, to);
}

/* Writes the value of an association, and returns where it ends. */
char *
ta_tree_put_child(TaStep *parent, int row, int number, char *to)
{
	TaStep *child = parent->children[number];
	Children found = children_of(parent, row, number);

	if (child->to_one)
		return found.from < found.to ? put_listed(child, found.from, to) : put(to, "null", 4);
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
put_row(TaStep *step, int row, int link, char *to)
{
	char *start;

	*to++ = '{';
	start = to;
	to = put(to, step->got.buffer.data + step->got.offset[row], shown_size(&step->got, row));
	if (step->through != NULL)
	{
		if (to > start)
			*to++ = ',';
		to = put(to, step->through_json, step->through_length);
		to = put(to, step->link_rows.buffer.data + step->link_rows.offset[link],
				 shown_size(&step->link_rows, link));
		*to++ = '}';
	}
	for (int i = 0; i < step->nchildren; i++)
	{
		if (!ta_tree_is_told(step, row, i))
			continue;
		if (to > start)
			*to++ = ',';
		to = put(to, step->children[i]->name_json, step->children[i]->name_length);
		to = ta_tree_put_child(step, row, i, to);
	}
	*to++ = '}';
	return to;
}

/* Writes a root with all below it, and returns where it ends. */
char *
ta_tree_put_row(TaStep *step, int row, char *to)
{
	return put_row(step, row, 0, to);
}
