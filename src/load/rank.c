/*
 * src/load/rank.c
 *		The first rows of each key, out of all rows in whichever order.
 *
 * Where most parents want their first few rows, one pass over the table that
 * keeps these is cheaper than a look for each parent, which reads all of its
 * rows and sorts them, and than sorting the table.  Values are compared as ORDER
 * BY compares them: by the type's own operator and the column's collation.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "load/rank.h"
#include "pg/keymatch.h"

struct TaRanker
{
	int ncolumns;
	SortSupport order; /* of each column */
	bool *by_value;
	int16 *length;
	int keep; /* so many rows of a key */
	int nkeys;
	int *count; /* that are kept, of each key */
	int *row; /* of key i: row[i * keep ...], the first first */
	Datum *values; /* of each row kept, one for each column */
	bool *nulls;
	MemoryContext context;
};

static void *
allocate(Size count, Size each)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, Max(count, 1) * each,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* How a column is compared; raises where its type has no order. */
static void
init_order(SortSupport order, const TaRank *rank, Form_pg_attribute column)
{
	const TypeCacheEntry *type = lookup_type_cache(column->atttypid, TYPECACHE_LT_OPR);

	if (!OidIsValid(type->lt_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("cannot order by a value of type %s",
															 ta_type_shown(column->atttypid, -1))));
	order->ssup_cxt = CurrentMemoryContext;
	order->ssup_collation = column->attcollation;
	/* as ORDER BY does it: null is more than every value */
	order->ssup_nulls_first =
		rank->nulls_first != TA_SAY_NOTHING ? rank->nulls_first == TA_SAY_YES : rank->descending;
	PrepareSortSupportFromOrderingOp(type->lt_opr, order);
	order->ssup_reverse = rank->descending;
}

/* For rows of so many keys, whose columns to compare begin at this one of the statement's. */
TaRanker *
ta_ranker_make(const TaStatement *statement, int nkeys, TupleDesc desc, int column)
{
	TaRanker *ranker = palloc0(sizeof(TaRanker));
	int count = statement->nranks;
	Size all = (Size) nkeys * statement->keep;

	ranker->ncolumns = count;
	ranker->order = palloc0(sizeof(SortSupportData) * count);
	ranker->by_value = palloc(sizeof(bool) * count);
	ranker->length = palloc(sizeof(int16) * count);
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, column + i);

		init_order(&ranker->order[i], &statement->ranks[i], attribute);
		ranker->by_value[i] = attribute->attbyval;
		ranker->length[i] = attribute->attlen;
	}
	ranker->keep = statement->keep;
	ranker->nkeys = nkeys;
	ranker->count = allocate(nkeys, sizeof(int));
	ranker->row = allocate(all, sizeof(int));
	ranker->values = allocate(all * count, sizeof(Datum));
	ranker->nulls = allocate(all * count, sizeof(bool));
	ranker->context = CurrentMemoryContext;
	return ranker;
}

/* Whether the values come before those that are kept at a place. */
static bool
comes_before(TaRanker *ranker, const Datum *values, const bool *nulls, Size place)
{
	const Datum *kept = &ranker->values[place * ranker->ncolumns];
	const bool *kept_nulls = &ranker->nulls[place * ranker->ncolumns];

	for (int i = 0; i < ranker->ncolumns; i++)
	{
		int order =
			ApplySortComparator(values[i], nulls[i], kept[i], kept_nulls[i], &ranker->order[i]);

		if (order != 0)
			return order < 0;
	}
	return false;
}

/* Frees what the values at a place hold. */
static void
drop(TaRanker *ranker, Size place)
{
	for (int i = 0; i < ranker->ncolumns; i++)
	{
		Size at = place * ranker->ncolumns + i;

		if (!ranker->by_value[i] && !ranker->nulls[at])
			pfree(DatumGetPointer(ranker->values[at]));
	}
}

static void
keep_values(TaRanker *ranker, Size place, const Datum *values, const bool *nulls)
{
	MemoryContext caller = MemoryContextSwitchTo(ranker->context);

	for (int i = 0; i < ranker->ncolumns; i++)
	{
		Size at = place * ranker->ncolumns + i;

		ranker->nulls[at] = nulls[i];
		ranker->values[at] =
			nulls[i] ? (Datum) 0 : datumCopy(values[i], ranker->by_value[i], ranker->length[i]);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the row if it is among the first of its key, so far.  replaces: whether
 * another one is not any more.
 */
bool
ta_ranker_take(TaRanker *ranker, int key, int row, const Datum *values, const bool *nulls,
			   bool *replaces)
{
	Size first = (Size) key * ranker->keep;
	int count = ranker->count[key];
	int at = count;
	int columns = ranker->ncolumns;

	while (at > 0 && comes_before(ranker, values, nulls, first + at - 1))
		at--;
	*replaces = count == ranker->keep;
	if (at == ranker->keep)
		return false;
	if (*replaces)
		drop(ranker, first + --count);
	else
		ranker->count[key]++;
	memmove(&ranker->row[first + at + 1], &ranker->row[first + at], sizeof(int) * (count - at));
	memmove(&ranker->values[(first + at + 1) * columns], &ranker->values[(first + at) * columns],
			sizeof(Datum) * columns * (count - at));
	memmove(&ranker->nulls[(first + at + 1) * columns], &ranker->nulls[(first + at) * columns],
			sizeof(bool) * columns * (count - at));
	ranker->row[first + at] = row;
	keep_values(ranker, first + at, values, nulls);
	return true;
}

/* Puts the rows that are left under their keys, in their order. */
void
ta_ranker_finish(TaRanker *ranker, const TaStatement *statement, TaRows *rows)
{
	int skip = statement->keep - statement->wanted;
	int filled = 0;

	rows->first = allocate((Size) ranker->nkeys + 1, sizeof(int));
	rows->order = allocate((Size) ranker->nkeys * statement->wanted, sizeof(int));
	for (int key = 0; key < ranker->nkeys; key++)
	{
		rows->first[key] = filled;
		for (int i = skip; i < ranker->count[key]; i++)
			rows->order[filled++] = ranker->row[(Size) key * ranker->keep + i];
	}
	rows->first[ranker->nkeys] = filled;
	rows->ranked = true;
}
