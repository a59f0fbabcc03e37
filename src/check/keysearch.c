/*
 * src/check/keysearch.c
 *		Looks up the keys of rows in a set, and counts those that are not in it.
 *
 * Keys are looked up 64 at a time: what is slow is not the work but waiting for
 * memory, and 64 waits at once take little longer than one.  So they are kept
 * back until there are that many; ta_search_end looks up the rest.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "check/keysearch.h"

/* looked up together; and how many bytes they may hold meanwhile */
#define BATCH_KEYS 64
#define BATCH_BYTES (64 * 1024)

/* keys that slots hold are looked up one by one, each so many rows after it was taken */
#define RING_KEYS 40

/* a bitmap bigger than this is not in the cache */
#define CACHED_BITMAP (512 * 1024 * UINT64CONST(8))

struct TaKeySearch
{
	const TaKeySet *set;
	const TaKeySource *source;
	const char *filter; /* its value's bytes */
	FmgrInfo casts[INDEX_MAX_KEYS];
	bool plain; /* one column, without cast */
	MemoryContext scratch; /* for values that are cast, and toasted ones */
	TaKeyResult *result;
	int max_places;
	uint32 leaf;

	int pending; /* how many wait; of keys that slots hold: which place of the ring is free */
	int waiting; /* in the ring */
	TaPlace places[BATCH_KEYS];
	uint64 slots[BATCH_KEYS]; /* where the search begins */
	uint64 words[BATCH_KEYS][TA_SLOT_WORDS]; /* of keys that slots hold */
	StringInfoData keys; /* others: one after the other */
	int begins[BATCH_KEYS + 1];
	uint32 tags[BATCH_KEYS];
	StringInfoData one; /* a short key, or what is filtered by */
};

/* ---- what is found ---- */

static void
report_orphan(TaKeySearch *search, int pending)
{
	TaKeyResult *result = search->result;

	result->count++;
	if (result->nplaces < search->max_places)
		result->places[result->nplaces++] = search->places[pending];
}

/* ---- looking up what waits ---- */

static void
look_in_bitmap(TaKeySearch *search)
{
	const TaKeySet *set = search->set;
	const unsigned char *bits = ta_key_body(set);

	for (int i = 0; i < search->pending; i++)
	{
		uint64 bit = search->slots[i];

		if (unlikely(bit >= set->bits || (bits[bit / 8] & (1 << (bit % 8))) == 0))
			report_orphan(search, i);
	}
}

/* width: of the layout, known to the compiler. */
static inline void
look_in_slots(TaKeySearch *search, int i, int width)
{
	if (unlikely(!ta_key_has(search->set, search->slots[i], search->words[i], width)))
		report_orphan(search, i);
}

static inline int
ring_place(int place)
{
	return place & (BATCH_KEYS - 1);
}

/* All that wait in the ring, the oldest first. */
static void
empty_ring(TaKeySearch *search)
{
	int width = ta_slot_words(search->set->layout);

	for (; search->waiting > 0; search->waiting--)
	{
		int i = ring_place(search->pending - search->waiting);

		if (width == 1)
			look_in_slots(search, i, 1);
		else if (width == 2)
			look_in_slots(search, i, 2);
		else
			look_in_slots(search, i, TA_SLOT_WORDS);
	}
}

/* Brings the keys of the arena that the batch will be compared with into the cache. */
static void
prefetch_keys(const TaKeySearch *search)
{
	const TaKeySet *set = search->set;
	const TaKeySlot *slots = ta_key_body(set);

	for (int i = 0; i < search->pending; i++)
	{
		for (uint64 slot = search->slots[i]; slots[slot].place != 0;
			 slot = ta_key_next_slot(set, slot))
		{
			if (slots[slot].tag == search->tags[i])
			{
				const char *entry = (const char *) set + set->arena +
									(Size) (slots[slot].place - 1) * TA_ARENA_UNIT;

				__builtin_prefetch(entry);
				__builtin_prefetch(entry + sizeof(uint32) + search->begins[i + 1] -
								   search->begins[i] - 1);
				break;
			}
		}
	}
}

static void
look_in_arena(TaKeySearch *search)
{
	const TaKeySet *set = search->set;
	const TaKeySlot *slots = ta_key_body(set);

	search->begins[search->pending] = search->keys.len;
	prefetch_keys(search);
	for (int i = 0; i < search->pending; i++)
	{
		const char *key = search->keys.data + search->begins[i];
		Size length = (Size) (search->begins[i + 1] - search->begins[i]);
		uint64 slot = search->slots[i];

		while (slots[slot].place != 0 && !(slots[slot].tag == search->tags[i] &&
										   ta_key_is(set, slots[slot].place, key, length)))
			slot = ta_key_next_slot(set, slot);
		if (slots[slot].place == 0)
			report_orphan(search, i);
	}
	search->keys.len = 0;
}

static void
flush(TaKeySearch *search)
{
	const TaKeySet *set = search->set;

	switch (set->layout)
	{
		case TA_SET_BITMAP:
			look_in_bitmap(search);
			break;
		case TA_SET_WORDS:
		case TA_SET_PAIRS:
		case TA_SET_QUADS:
			empty_ring(search);
			break;
		case TA_SET_ARENA:
			look_in_arena(search);
			break;
	}
	search->pending = 0;
}

/* ---- taking keys ---- */

static inline void
place_next(TaKeySearch *search, const TaRows *rows, int row)
{
	search->places[search->pending].leaf = search->leaf;
	search->places[search->pending].tid = rows->tids[row];
}

static inline void
taken(TaKeySearch *search)
{
	if (++search->pending == BATCH_KEYS)
		flush(search);
}

/* A key that is longer than any in the set. */
static void
take_stranger(TaKeySearch *search)
{
	report_orphan(search, search->pending);
}

static inline void
take_integer(TaKeySearch *search, int64 number)
{
	const TaKeySet *set = search->set;
	/* what is below the least wraps to above the greatest */
	uint64 bit = (uint64) number - (uint64) set->min;

	search->slots[search->pending] = bit;
	if (set->bits > CACHED_BITMAP && bit < set->bits)
		__builtin_prefetch((const char *) ta_key_body(set) + bit / 8);
	taken(search);
}

/* The key that is in the pending words. */
static inline void
take_words(TaKeySearch *search, int width)
{
	const TaKeySet *set = search->set;
	uint64 slot = ta_key_slot(set, ta_words_hash(set, search->words[search->pending], width));

	search->slots[search->pending] = slot;
	__builtin_prefetch((const uint64 *) ta_key_body(set) + slot * width);
	search->pending = ring_place(search->pending + 1);
	if (search->waiting < RING_KEYS)
		search->waiting++;
	else
		look_in_slots(search, ring_place(search->pending - RING_KEYS - 1), width);
}

/* The key of the arena that is the last in keys. */
static inline void
take_long(TaKeySearch *search, int begin)
{
	const TaKeySet *set = search->set;
	uint64 hash = ta_key_hash(set, search->keys.data + begin, (Size) (search->keys.len - begin));
	uint64 slot = ta_key_slot(set, hash);

	search->begins[search->pending] = begin;
	search->tags[search->pending] = (uint32) hash;
	search->slots[search->pending] = slot;
	__builtin_prefetch((const TaKeySlot *) ta_key_body(set) + slot);
	taken(search);
	if (search->keys.len >= BATCH_BYTES)
		flush(search);
}

/* The bytes of a key, whatever it is. */
static void
take_bytes(TaKeySearch *search, const char *bytes, Size length)
{
	const TaKeySet *set = search->set;
	int begin = search->keys.len;

	if (set->layout == TA_SET_ARENA)
	{
		if (begin + length >= (Size) search->keys.maxlen)
			enlargeStringInfo(&search->keys, (int) length);
		memcpy(search->keys.data + begin, bytes, length);
		search->keys.len += (int) length;
		take_long(search, begin);
	}
	else if (length > ta_slot_key(set))
		take_stranger(search);
	else
	{
		ta_key_pack(set, bytes, length, search->words[search->pending]);
		if (set->layout == TA_SET_WORDS)
			take_words(search, 1);
		else if (set->layout == TA_SET_PAIRS)
			take_words(search, 2);
		else
			take_words(search, TA_SLOT_WORDS);
	}
}

/* A key of several columns, or one that has to be computed. */
static void
take_computed(TaKeySearch *search, const Datum *values)
{
	const TaKeySource *source = search->source;
	Datum cast[INDEX_MAX_KEYS] = {0};
	MemoryContext old = MemoryContextSwitchTo(search->scratch);

	for (int i = 0; i < source->ncolumns; i++)
		cast[i] =
			OidIsValid(source->casts[i]) ? FunctionCall1(&search->casts[i], values[i]) : values[i];
	if (search->set->layout == TA_SET_BITMAP)
		take_integer(search, ta_key_int(source->types[0], cast[0]));
	else
	{
		search->one.len = 0;
		ta_key_put(&search->set->shape, source->types, cast, &search->one);
		take_bytes(search, search->one.data, search->one.len);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(search->scratch);
}

/* ---- rows ---- */

/* Whether the row is one of those that refer to this parent. */
static bool
passes(TaKeySearch *search, const TaRows *rows, int row)
{
	const TaKeyFilter *filter = &search->source->filter;
	Datum value = rows->values[filter->column][row];
	const char *bytes;
	Size length;
	MemoryContext old;

	if (rows->nulls[filter->column][row])
		return false;
	if (!ta_key_in_place(&filter->shape, NAMEOID, filter->type, value, &bytes, &length))
	{
		old = MemoryContextSwitchTo(search->scratch);
		search->one.len = 0;
		ta_key_put(&filter->shape, &filter->type, &value, &search->one);
		MemoryContextSwitchTo(old);
		MemoryContextReset(search->scratch);
		bytes = search->one.data;
		length = search->one.len;
	}
	return length == filter->length && memcmp(bytes, search->filter, length) == 0;
}

/* Any key of any rows. */
static void
search_any(TaKeySearch *search, const TaRows *rows)
{
	const TaKeySource *source = search->source;
	Datum values[INDEX_MAX_KEYS] = {0};

	for (int row = 0; row < rows->count; row++)
	{
		bool null = false;
		const char *bytes;
		Size length;

		for (int i = 0; i < source->ncolumns; i++)
		{
			values[i] = rows->values[source->columns[i]][row];
			null |= rows->nulls[source->columns[i]][row];
		}
		/* a key with a null refers to nothing */
		if (null || (source->filter.column >= 0 && !passes(search, rows, row)))
			continue;
		place_next(search, rows, row);
		if (search->plain && ta_key_in_place(&search->set->shape, NAMEOID, source->types[0],
											 values[0], &bytes, &length))
		{
			if (search->set->layout == TA_SET_QUADS && length < TA_SLOT_WORDS * sizeof(uint64))
			{
				ta_key_pack(search->set, bytes, length, search->words[search->pending]);
				take_words(search, TA_SLOT_WORDS);
			}
			else
				take_bytes(search, bytes, length);
		}
		else
			take_computed(search, values);
	}
}

/* Keys of one column of a fixed length, for which all there is to do stands here. */
static void
search_fixed(TaKeySearch *search, const TaRows *rows)
{
	const TaKeySet *set = search->set;
	const TaKeyColumn *column = &set->shape.columns[0];
	const Datum *values = rows->values[search->source->columns[0]];
	const bool *nulls = rows->nulls[search->source->columns[0]];
	Oid type = search->source->types[0];

	for (int row = 0; row < rows->count; row++)
	{
		if (nulls[row] || (search->source->filter.column >= 0 && !passes(search, rows, row)))
			continue;
		place_next(search, rows, row);
		if (set->layout == TA_SET_BITMAP)
			take_integer(search, ta_key_int(type, values[row]));
		else if (set->layout == TA_SET_WORDS)
		{
			search->words[search->pending][0] = ta_key_word(column, type, values[row]);
			take_words(search, 1);
		}
		else
		{
			memcpy(search->words[search->pending], DatumGetPointer(values[row]), 16);
			take_words(search, 2);
		}
	}
}

/* The rows of one page; leaf: of which table. */
void
ta_search_rows(TaKeySearch *search, uint32 leaf, const TaRows *rows)
{
	const TaKeySet *set = search->set;

	search->leaf = leaf;
	if (search->plain && (set->layout == TA_SET_BITMAP || set->shape.fixed_length == 16 ||
						  (set->layout == TA_SET_WORDS && set->shape.fixed_length > 0)))
		search_fixed(search, rows);
	else
		search_any(search, rows);
}

/* ---- begin and end ---- */

/*
 * In the current context.  filter: the bytes of the value that the source
 * filters by.  result has room for max_places.
 */
TaKeySearch *
ta_search_begin(const TaKeySet *set, const TaKeySource *source, const char *filter,
				TaKeyResult *result, int max_places)
{
	TaKeySearch *search = palloc0(sizeof(TaKeySearch));

	Assert(source->ncolumns == set->shape.ncolumns);
	search->set = set;
	search->source = source;
	search->filter = filter;
	search->result = result;
	search->max_places = max_places;
	search->plain = source->ncolumns == 1 && !OidIsValid(source->casts[0]);
	search->scratch =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc search", ALLOCSET_SMALL_SIZES);
	initStringInfo(&search->keys);
	initStringInfo(&search->one);
	for (int i = 0; i < source->ncolumns; i++)
	{
		if (OidIsValid(source->casts[i]))
			fmgr_info(source->casts[i], &search->casts[i]);
	}
	return search;
}

/* Looks up the keys that wait: then the result is complete. */
void
ta_search_end(TaKeySearch *search)
{
	flush(search);
}
