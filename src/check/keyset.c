/*
 * src/check/keyset.c
 *		A compact set of a table's keys.
 *
 * What is looked up is compared in full, so no collision of hashes hides an
 * orphan.
 *
 * A set is one piece of memory without pointers.  It is this backend's own, or
 * a dynamic shared memory segment that its parallel workers attach.
 *
 * Lifetime: from ta_keyset_finish to ta_keyset_release, which the maker calls
 * after an error as well.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/dsm.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "check/keyset.h"

#define SET_MAGIC UINT64CONST(0x746f646f6b657973)

/* pieces in which keys are collected */
#define CHUNK_SIZE (1024 * 1024)

/* offsets have 32 bits: 16 GB */
#define ARENA_LIMIT ((Size) 0xFFFFFFF0 * TA_ARENA_UNIT)

/* keys entered together */
#define FILL_KEYS 64

/* a bitmap up to this size is worth it however few its keys are */
#define SMALL_BITMAP (1024 * 1024)

/* what memory is asked for in, where it can be */
#define LINE 64
#define HUGE_PAGE (2 * 1024 * 1024)

typedef struct Chunk
{
	char *data;
	Size used;
} Chunk;

struct TaKeyBuild
{
	MemoryContext context;
	Size limit;
	Oid types[INDEX_MAX_KEYS];
	unsigned char *bits;
	List *chunks; /* of Chunk */
	Chunk *chunk; /* the last */
	Size used; /* by all of them */
	uint64 keys;
	Size longest;
	StringInfoData key;
	TaKeySet head;
};

/* The sets of this backend that are open, with their memory. */
typedef struct OpenSet
{
	TaKeySet *set;
	dsm_segment *segment; /* NULL: in local memory */
	void *memory;
	struct OpenSet *next;
} OpenSet;

static OpenSet *open_sets = NULL;

/* ---- making a set ---- */

/* Which slots hold keys of so many bytes. */
static TaSetLayout
layout_for(Size length)
{
	if (length <= sizeof(uint64))
		return TA_SET_WORDS;
	if (length <= 2 * sizeof(uint64))
		return TA_SET_PAIRS;
	return length <= TA_SLOT_WORDS * sizeof(uint64) ? TA_SET_QUADS : TA_SET_ARENA;
}

static Size
slot_size(TaSetLayout layout)
{
	return layout == TA_SET_ARENA ? sizeof(TaKeySlot) : ta_slot_words(layout) * sizeof(uint64);
}

/* Slots of one line of the cache. */
static int
slots_of_line(TaSetLayout layout)
{
	return (int) (LINE / slot_size(layout));
}

/* Five of eight are in use, or half if there is room. */
static uint64
slots_for(TaSetLayout layout, uint64 keys, bool roomy)
{
	return TYPEALIGN(slots_of_line(layout), 64 + (roomy ? keys * 2 : keys + keys / 8 * 5));
}

/* types: the base types of the parent's columns; limit: bytes that the set may take, while it is made and after. */
TaKeyBuild *
ta_keyset_begin(const TaKeyShape *shape, const Oid *types, Size limit)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc key set", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TaKeyBuild *build = palloc0(sizeof(TaKeyBuild));

	build->context = context;
	build->limit = limit;
	memcpy(build->types, types, sizeof(Oid) * shape->ncolumns);
	build->head.magic = SET_MAGIC;
	build->head.shape = *shape;
	build->head.layout = shape->fixed_length == 0 ? TA_SET_ARENA : layout_for(shape->fixed_length);
	for (int i = 0; i <= TA_SLOT_WORDS; i++)
		build->head.seeds[i] = pg_prng_uint64(&pg_global_prng_state) | 1;
	initStringInfo(&build->key);
	MemoryContextSwitchTo(old);
	return build;
}

/* Makes it a bitmap of the integers from min to max, if that is smaller than what else there is. */
void
ta_keyset_use_bitmap(TaKeyBuild *build, int64 min, int64 max, double rows)
{
	uint64 range = (uint64) max - (uint64) min;
	Size bytes = range / 8 + 1;

	/* made here and then copied: two of them fit */
	if (bytes > build->limit / 2 || (bytes > SMALL_BITMAP && (double) bytes > rows * sizeof(int64)))
		return;
	build->head.layout = TA_SET_BITMAP;
	build->head.min = min;
	build->head.bits = range + 1;
	build->bits =
		MemoryContextAllocExtended(build->context, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Where the key of so many bytes goes; a key does not lie in two chunks. */
static char *
chunk_space(TaKeyBuild *build, Size length)
{
	Chunk *chunk = build->chunk;
	char *space;

	if (chunk == NULL || chunk->used + length > CHUNK_SIZE)
	{
		MemoryContext old = MemoryContextSwitchTo(build->context);

		build->chunk = chunk = palloc0(sizeof(Chunk));
		chunk->data = MemoryContextAllocHuge(build->context, Max(length, CHUNK_SIZE));
		build->chunks = lappend(build->chunks, chunk);
		MemoryContextSwitchTo(old);
	}
	space = chunk->data + chunk->used;
	chunk->used += length;
	build->used += length;
	return space;
}

/* Whether the finished set and what it is made of fit, with so many slots. */
static bool
fits(const TaKeyBuild *build, TaSetLayout layout, bool roomy)
{
	uint64 slots = slots_for(layout, build->keys, roomy);

	return slots <= PG_UINT32_MAX &&
		   build->used + CHUNK_SIZE + slots * slot_size(layout) <= build->limit;
}

static void
add_bit(TaKeyBuild *build, int64 number)
{
	uint64 bit = (uint64) number - (uint64) build->head.min;

	if (bit >= build->head.bits)
		elog(ERROR, "key outside of the range of its table");
	build->bits[bit / 8] |= 1 << (bit % 8);
}

/* A key of any length, with that before it unless all have the same. */
static bool
add_entry(TaKeyBuild *build, const Datum *values)
{
	Size prefix = build->head.shape.fixed_length == 0 ? sizeof(uint32) : 0;
	const char *bytes;
	Size length;
	Size entry;
	uint32 stored;
	char *space;

	resetStringInfo(&build->key);
	ta_key_put(&build->head.shape, build->types, values, &build->key);
	bytes = build->key.data;
	length = build->key.len;
	entry = TYPEALIGN(TA_ARENA_UNIT, prefix + length);
	if (build->used + entry > ARENA_LIMIT)
		return false;
	space = chunk_space(build, entry);
	stored = (uint32) length;
	memcpy(space, &stored, prefix);
	memcpy(space + prefix, bytes, length);
	build->longest = Max(build->longest, length);
	return true;
}

/* Adds a parent's key, no column of it null.  False: the set would be too big. */
bool
ta_keyset_add(TaKeyBuild *build, const Datum *values)
{
	TaKeySet *head = &build->head;
	Oid type = build->types[0];
	uint64 words[TA_SLOT_WORDS];

	if (head->layout == TA_SET_BITMAP)
	{
		add_bit(build, ta_key_int(type, values[0]));
		return true;
	}
	build->keys++;
	if (!fits(build, head->layout, false))
		return false;
	if (head->layout == TA_SET_ARENA)
		return add_entry(build, values);
	if (head->layout == TA_SET_WORDS && head->shape.ncolumns == 1)
	{
		words[0] = ta_key_word(&head->shape.columns[0], type, values[0]);
		memcpy(chunk_space(build, sizeof(uint64)), words, sizeof(uint64));
		return true;
	}
	resetStringInfo(&build->key);
	ta_key_put(&head->shape, build->types, values, &build->key);
	ta_key_pack(head, build->key.data, build->key.len, words);
	memcpy(chunk_space(build, slot_size(head->layout)), words, slot_size(head->layout));
	return true;
}

/* ---- filling it ---- */

/* Enters one key of so many words. */
static inline void
enter_words(TaKeySet *set, uint64 slot, const uint64 *words, int width)
{
	uint64 *slots = ta_key_body(set);

	if (ta_slot_is_empty(words, width))
	{
		set->has_zero = true;
		return;
	}
	while (!ta_slot_is_empty(slots + slot * width, width) &&
		   !ta_slot_has(slots + slot * width, words, width))
		slot = ta_key_next_slot(set, slot);
	memcpy(slots + slot * width, words, width * sizeof(uint64));
}

/* Enters one key of the arena; a parent that has it twice counts once. */
static void
enter_place(TaKeySet *set, uint64 slot, uint32 place, uint32 tag)
{
	TaKeySlot *slots = ta_key_body(set);
	Size length;
	const char *key = ta_key_at(set, place, &length);

	while (slots[slot].place != 0 &&
		   !(slots[slot].tag == tag && ta_key_is(set, slots[slot].place, key, length)))
		slot = ta_key_next_slot(set, slot);
	if (slots[slot].place == 0)
	{
		slots[slot].tag = tag;
		slots[slot].place = place;
	}
}

/* What has been collected, one key after the other. */
typedef struct Cursor
{
	const char *at;
	const char *end;
} Cursor;

/* The next key in the form in which slots hold it. */
static void
next_packed(const TaKeySet *set, Cursor *cursor, uint64 *words)
{
	uint32 length;

	if (set->shape.fixed_length > 0)
	{
		memcpy(words, cursor->at, slot_size(set->layout));
		cursor->at += slot_size(set->layout);
		return;
	}
	memcpy(&length, cursor->at, sizeof(length));
	ta_key_pack(set, cursor->at + sizeof(length), length, words);
	cursor->at += TYPEALIGN(TA_ARENA_UNIT, sizeof(length) + length);
}

static uint64
hash_of(const uint64 *words, const TaKeySet *set, int width)
{
	if (width == 1)
		return ta_words_hash(set, words, 1);
	return width == 2 ? ta_words_hash(set, words, 2) : ta_words_hash(set, words, TA_SLOT_WORDS);
}

/* Enters the keys of one piece into the slots, those of some at a time on their way into the cache. */
static void
fill_packed(TaKeySet *set, const Chunk *chunk)
{
	Cursor cursor = {chunk->data, chunk->data + chunk->used};
	uint64 keys[FILL_KEYS][TA_SLOT_WORDS];
	uint64 slots[FILL_KEYS];
	int width = ta_slot_words(set->layout);
	Size size = slot_size(set->layout);

	while (cursor.at < cursor.end)
	{
		int count = 0;

		for (; cursor.at < cursor.end && count < FILL_KEYS; count++)
		{
			next_packed(set, &cursor, keys[count]);
			slots[count] = ta_key_slot(set, hash_of(keys[count], set, width));
			__builtin_prefetch((char *) ta_key_body(set) + slots[count] * size, 1);
		}
		for (int i = 0; i < count; i++)
			enter_words(set, slots[i], keys[i], width);
	}
}

static Size
entry_size(const TaKeySet *set, Size length)
{
	return TYPEALIGN(TA_ARENA_UNIT, length + (set->shape.fixed_length == 0 ? sizeof(uint32) : 0));
}

/* The same of one piece of the arena. */
static void
fill_arena(TaKeySet *set, Size from, Size to)
{
	TaKeySlot *body = ta_key_body(set);
	uint32 places[FILL_KEYS];
	uint64 hashes[FILL_KEYS];
	Size length;

	for (Size at = from; at < to;)
	{
		int count = 0;

		for (; at < to && count < FILL_KEYS; count++)
		{
			const char *key;

			places[count] = (uint32) (at / TA_ARENA_UNIT) + 1;
			key = ta_key_at(set, places[count], &length);
			hashes[count] = ta_key_hash(set, key, length);
			__builtin_prefetch(&body[ta_key_slot(set, hashes[count])], 1);
			at += entry_size(set, length);
		}
		for (int i = 0; i < count; i++)
			enter_place(set, ta_key_slot(set, hashes[i]), places[i], (uint32) hashes[i]);
	}
}

/* Moves the collected keys into the set, piece by piece, so that they are not held twice. */
static void
move_keys(TaKeyBuild *build, TaKeySet *set)
{
	char *arena = (char *) set + set->arena;
	Size done = 0;
	ListCell *lc;

	foreach(lc, build->chunks)
	{
		Chunk *chunk = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (set->layout == TA_SET_ARENA)
		{
			memcpy(arena + done, chunk->data, chunk->used);
			fill_arena(set, done, done + chunk->used);
			done += chunk->used;
		}
		else
			fill_packed(set, chunk);
		pfree(chunk->data);
	}
}

/* ---- its memory ---- */

/* Asks for few and big pages; where that is not to be had it is only slower. */
static void
ask_huge_pages(void *memory, Size size)
{
#ifdef MADV_HUGEPAGE
	char *begin = (char *) TYPEALIGN(HUGE_PAGE, memory);
	char *end = (char *) TYPEALIGN_DOWN(HUGE_PAGE, (char *) memory + size);

	if (begin < end)
		(void) madvise(begin, end - begin, MADV_HUGEPAGE);
#endif
}

/* Room for the set, in shared memory if wished and possible, and known to this backend. */
static TaKeySet *
allocate_set(Size size, bool shared)
{
	OpenSet *open = MemoryContextAllocZero(TopMemoryContext, sizeof(OpenSet));

	open->next = open_sets;
	open_sets = open;
	if (shared)
		open->segment = dsm_create(size + PG_CACHE_LINE_SIZE, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (open->segment != NULL)
		open->set = (TaKeySet *) CACHELINEALIGN(dsm_segment_address(open->segment));
	else
	{
		open->memory = MemoryContextAllocHuge(TopMemoryContext, size + PG_CACHE_LINE_SIZE);
		open->set = (TaKeySet *) CACHELINEALIGN(open->memory);
	}
	ask_huge_pages(open->set, size);
	return open->set;
}

/* The finished set.  shared: parallel workers shall find it; it may turn out local none the less. */
TaKeySet *
ta_keyset_finish(TaKeyBuild *build, bool shared)
{
	TaKeySet *head = &build->head;
	Size body;
	TaKeySet *set;

	if (head->layout == TA_SET_ARENA && head->shape.fixed_length == 0)
	{
		/* a byte more is needed for the length */
		TaSetLayout shorter = layout_for(build->longest + 1);

		if (fits(build, shorter, false))
			head->layout = shorter;
	}
	head->body = CACHELINEALIGN(sizeof(TaKeySet));
	if (head->layout == TA_SET_BITMAP)
		body = (head->bits + 7) / 8;
	else
	{
		head->slots = slots_for(head->layout, build->keys, fits(build, head->layout, true));
		head->bucket_slots = slots_of_line(head->layout);
		head->buckets = head->slots / head->bucket_slots;
		body = head->slots * slot_size(head->layout);
	}
	head->arena = head->body + body;
	head->size = head->arena + (head->layout == TA_SET_ARENA ? build->used : 0);

	set = allocate_set(head->size, shared);
	*set = *head;
	if (open_sets->segment != NULL)
		set->handle = dsm_segment_handle(open_sets->segment);
	if (set->layout == TA_SET_BITMAP)
		memcpy(ta_key_body(set), build->bits, body);
	else
	{
		memset(ta_key_body(set), 0, body);
		move_keys(build, set);
	}
	ta_keyset_abandon(build);
	return set;
}

void
ta_keyset_abandon(TaKeyBuild *build)
{
	MemoryContextDelete(build->context);
}

/* What ta_keyset_release gives back to: the sets that are open now. */
void *
ta_keyset_mark(void)
{
	return open_sets;
}

/* Gives back the sets made since the mark, after an error too. */
void
ta_keyset_release(void *mark)
{
	while (open_sets != NULL && open_sets != mark)
	{
		OpenSet *open = open_sets;

		open_sets = open->next;
		if (open->segment != NULL)
			dsm_detach(open->segment);
		else if (open->memory != NULL)
			pfree(open->memory);
		pfree(open);
	}
}

/*
 * In a parallel worker: the set that the leader made, until the worker ends.
 * Several references may have the same one, and it can be attached once only.
 */
const TaKeySet *
ta_keyset_attach(dsm_handle handle)
{
	dsm_segment *segment = dsm_find_mapping(handle);
	TaKeySet *set;

	if (segment == NULL)
		segment = dsm_attach(handle);
	if (segment == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("could not map dynamic shared memory segment")));
	/* until the worker ends, whatever resource owner there is meanwhile */
	dsm_pin_mapping(segment);
	set = (TaKeySet *) CACHELINEALIGN(dsm_segment_address(segment));
	if (dsm_segment_map_length(segment) < sizeof(TaKeySet) || set->magic != SET_MAGIC)
		elog(ERROR, "segment %u holds no key set", handle);
	return set;
}
