/*
 * src/load/group.c
 *		Rows under the keys that they answer, by counting.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "load/step.h"

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
	next = ta_allocate_huge(nkeys, sizeof(int));
	memcpy(next, rows->first, sizeof(int) * (Size) nkeys);
	rows->order = ta_allocate_huge(rows->count, sizeof(int));
	for (int i = 0; i < rows->count; i++)
		rows->order[next[rows->key[i]]++] = i;
	pfree(next);
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
	int *told = NULL; /* for each row's key, the key after whose links it was taken last */
	int filled = 0;

	if (total > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the query leads to more rows than can be counted"),
						errdetail("At %s.", ta_query_at(step->path))));
	linked = ta_allocate_huge(total, sizeof(Linked));
	step->list_first = ta_allocate_huge(step->keys.count + 1, sizeof(int));
	if (step->each_once)
	{
		told = ta_allocate_huge(step->link_keys.count, sizeof(int));
		memset(told, 0xff, sizeof(int) * (Size) step->link_keys.count);
	}
	for (int key = 0; key < step->keys.count; key++)
	{
		step->list_first[key] = filled;
		for (int i = links->first[key]; i < links->first[key + 1]; i++)
		{
			int link = ta_rows_nth(links, i);
			int target = links->lookup[0][link];

			if (told != NULL && target >= 0 && told[target] == key)
				continue;
			if (told != NULL && target >= 0)
				told[target] = key;
			for (int j = target < 0 ? 0 : step->got.first[target];
				 target >= 0 && j < step->got.first[target + 1]; j++)
				linked[filled++] = (Linked){ta_rows_nth(&step->got, j), link};
		}
		if (step->ordered && filled - step->list_first[key] > 1)
			qsort(linked + step->list_first[key], filled - step->list_first[key], sizeof(Linked),
				  compare_linked);
	}
	step->list_first[step->keys.count] = filled;
	step->list_row = ta_allocate_huge(total, sizeof(int));
	step->list_link = ta_allocate_huge(total, sizeof(int));
	for (int i = 0; i < filled; i++)
	{
		step->list_row[i] = linked[i].row;
		step->list_link[i] = linked[i].link;
	}
	pfree(linked);
}

/* Puts the rows of an association under the keys by which its parent looks them up. */
void
ta_step_group(TaStep *step)
{
	if (step->got.ranked)
		return;
	if (step->links == NULL)
	{
		group_rows(&step->got, step->keys.count);
		return;
	}
	group_rows(&step->got, step->link_keys.count);
	group_rows(&step->link_rows, step->keys.count);
	follow_links(step);
}
