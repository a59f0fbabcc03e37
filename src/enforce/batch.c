/*
 * src/enforce/batch.c
 *		Keys of many rows, each once, in order.
 *
 * Probing in order is worth more than anything else where parents are many:
 * index and heap are read from end to end, not here and there.  Where parents
 * are few, a filter keeps most repetitions from being collected at all: a table
 * of keys seen lately, where a key has four places and the last comer takes
 * one.  What it lets through twice is left out after sorting.
 *
 * Lives in the current context, for one call.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "base/guc.h"
#include "enforce/batch.h"

#define FIRST_KEYS 64
#define FIRST_SLOTS 1024
#define WAYS 8 /* of 8 bytes: a cache line */
/* a filter of this size or more must have spared one key in 20, or is given up */
#define TRIAL_SLOTS 65536
#define TRIAL_SHARE 20

/* The key and 1; 0: there is none. */
typedef uint64 FilterSlot;

struct TaBatch
{
	const TaRule *rule;
	const TaRuleTarget *target;
	int width; /* columns */
	bool narrow; /* one column, passed by value */
	MemoryContext context;
	MemoryContext copies; /* of values passed by reference */
	Datum *keys;
	int64 n;
	int64 max;
	SortSupport order; /* of each column, unless narrow; NULL: not sorted yet */

	/* the filter; narrow only */
	FilterSlot *slots;
	uint32 nslots; /* a power of two; 0: there is none */
	uint32 used;
	uint32 victim;
	int64 lookups;
	int64 hits;
};

#define ST_SORT sort_narrow
#define ST_ELEMENT_TYPE Datum
#define ST_COMPARE(a, b)                                                                           \
	((int64) * (a) < (int64) * (b) ? -1 : ((int64) * (a) > (int64) * (b) ? 1 : 0))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- the filter ---- */

static inline FilterSlot *
filter_set(const TaBatch *batch, uint64 key)
{
	uint64 h = key * UINT64CONST(0x9e3779b97f4a7c15);

	return batch->slots + ((h >> 32) & (batch->nslots - 1) & ~(WAYS - 1));
}

static void
filter_put(TaBatch *batch, uint64 key)
{
	FilterSlot *set = filter_set(batch, key);
	int way = 0;

	/* the one key that would look like none is never found, and so looked up */
	while (way < WAYS && set[way] != 0)
		way++;
	if (way < WAYS)
		batch->used++;
	else
		way = batch->victim++ % WAYS;
	set[way] = key + 1;
}

/* A filter of so many slots; keys of the old one move. */
static void
enlarge_filter(TaBatch *batch, uint32 nslots)
{
	FilterSlot *old = batch->slots;
	uint32 old_nslots = batch->nslots;

	batch->slots = MemoryContextAllocExtended(batch->context, sizeof(FilterSlot) * nslots,
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	batch->nslots = nslots;
	batch->used = 0;
	for (uint32 i = 0; i < old_nslots; i++)
	{
		if (old[i] != 0)
			filter_put(batch, old[i] - 1);
	}
	if (old != NULL)
		pfree(old);
}

/* The filter is half full: it grows, as far as it may, or goes where keys do not repeat. */
static void
review_filter(TaBatch *batch)
{
	if (batch->nslots >= TRIAL_SLOTS && batch->hits < batch->lookups / TRIAL_SHARE)
	{
		pfree(batch->slots);
		batch->slots = NULL;
		batch->nslots = 0;
	}
	else if (batch->nslots < PG_UINT32_MAX / 8 &&
			 sizeof(FilterSlot) * 4 * (Size) batch->nslots <= (Size) ta_guc_memo_size * 1024)
		enlarge_filter(batch, batch->nslots * 4);
}

/* Whether the key was there lately; puts it there. */
static inline bool
filter_has(TaBatch *batch, uint64 key)
{
	FilterSlot *set = filter_set(batch, key);

	batch->lookups++;
	for (int i = 0; i < WAYS; i++)
	{
		if (set[i] == key + 1 && set[i] != 0)
		{
			batch->hits++;
			return true;
		}
	}
	if (batch->used > batch->nslots / 2)
		review_filter(batch);
	if (batch->nslots > 0)
		filter_put(batch, key);
	return false;
}

/* ---- collecting ---- */

/* An empty batch for keys of the target. */
TaBatch *
ta_batch_make(const TaRule *rule, const TaRuleTarget *target)
{
	TaBatch *batch = palloc0(sizeof(TaBatch));

	batch->rule = rule;
	batch->target = target;
	batch->width = rule->ncolumns;
	batch->narrow = rule->ncolumns == 1 && target->pair[0].child_by_value;
	batch->context = CurrentMemoryContext;
	batch->copies = batch->narrow ? NULL
								  : AllocSetContextCreate(CurrentMemoryContext, "todo_assoc keys",
														  ALLOCSET_DEFAULT_SIZES);
	return batch;
}

static void
make_room(TaBatch *batch)
{
	if (batch->n < batch->max)
		return;
	batch->max = batch->max == 0 ? FIRST_KEYS : batch->max * 2;
	if (batch->keys == NULL)
		batch->keys = MemoryContextAlloc(batch->context, sizeof(Datum) * batch->width * batch->max);
	else
		batch->keys = repalloc_huge(batch->keys, sizeof(Datum) * batch->width * batch->max);
}

/* Adds the key, unless it was there lately. */
void
ta_batch_add(TaBatch *batch, const Datum *key)
{
	if (batch->narrow)
	{
		if (batch->nslots > 0)
		{
			if (filter_has(batch, key[0]))
				return;
		}
		else if (++batch->lookups == FIRST_KEYS && ta_guc_memo_size > 0)
			enlarge_filter(batch, FIRST_SLOTS);
		make_room(batch);
		batch->keys[batch->n++] = key[0];
		return;
	}

	make_room(batch);
	for (int i = 0; i < batch->width; i++)
	{
		const TaRulePair *pair = &batch->target->pair[i];
		MemoryContext caller = MemoryContextSwitchTo(batch->copies);

		batch->keys[batch->n * batch->width + i] =
			datumCopy(key[i], pair->child_by_value, pair->child_length);
		MemoryContextSwitchTo(caller);
	}
	batch->n++;
}

/* Memory that the keys take, without the filter, which has a bound of its own. */
Size
ta_batch_bytes(const TaBatch *batch)
{
	Size bytes = sizeof(Datum) * batch->width * batch->n;

	return batch->copies == NULL ? bytes : bytes + MemoryContextMemAllocated(batch->copies, false);
}

/* ---- putting in order ---- */

static int
compare_keys(const void *a, const void *b, void *arg)
{
	TaBatch *batch = arg;
	const Datum *left = a;
	const Datum *right = b;

	for (int i = 0; i < batch->width; i++)
	{
		int result = ApplySortComparator(left[i], false, right[i], false, &batch->order[i]);

		if (result != 0)
			return result;
	}
	return 0;
}

static void
prepare_order(TaBatch *batch)
{
	if (batch->order != NULL)
		return;
	batch->order = MemoryContextAllocZero(batch->context, sizeof(SortSupportData) * batch->width);
	for (int i = 0; i < batch->width; i++)
	{
		const TaRulePair *pair = &batch->target->pair[i];
		TypeCacheEntry *type = lookup_type_cache(pair->child_type, TYPECACHE_LT_OPR);
		SortSupport order = &batch->order[i];

		if (!OidIsValid(type->lt_opr))
			elog(ERROR, "type %u has no order", pair->child_type);
		order->ssup_cxt = batch->context;
		order->ssup_collation = pair->collation;
		PrepareSortSupportFromOrderingOp(type->lt_opr, order);
	}
}

/* Sorts the keys and leaves each once.  By-value keys go by their bits: any order will do that all keep to. */
void
ta_batch_sort(TaBatch *batch)
{
	Size size = sizeof(Datum) * batch->width;
	int64 kept = 0;

	if (batch->n < 2)
		return;
	if (batch->narrow)
		sort_narrow(batch->keys, batch->n);
	else
	{
		prepare_order(batch);
		qsort_arg(batch->keys, batch->n, size, compare_keys, batch);
	}
	for (int64 i = 1; i < batch->n; i++)
	{
		Datum *last = batch->keys + kept * batch->width;
		Datum *next = batch->keys + i * batch->width;

		if (batch->narrow ? *last == *next : compare_keys(last, next, batch) == 0)
			continue;
		kept++;
		memmove(batch->keys + kept * batch->width, next, size);
	}
	batch->n = kept + 1;
}

int64
ta_batch_count(const TaBatch *batch)
{
	return batch->n;
}

const Datum *
ta_batch_key(const TaBatch *batch, int64 number)
{
	return batch->keys + number * batch->width;
}

/*
 * The keys have been dealt with.  The filter stays: what it knows needs no second
 * look in this statement.
 */
void
ta_batch_empty(TaBatch *batch)
{
	batch->n = 0;
	if (batch->copies != NULL)
		MemoryContextReset(batch->copies);
}
