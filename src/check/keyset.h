/*
 * src/check/keyset.h
 *		A compact set of a table's keys.
 */
#ifndef TA_KEYSET_H
#define TA_KEYSET_H

#include "postgres.h"

#include "storage/dsm.h"

#include "check/keybytes.h"

typedef enum TaSetLayout
{
	TA_SET_BITMAP, /* a bit for each integer from the least to the greatest */
	TA_SET_WORDS, /* the keys themselves in the slots, eight bytes each */
	TA_SET_PAIRS, /* the same, sixteen bytes each */
	TA_SET_QUADS, /* thirty-two */
	TA_SET_ARENA /* slots that tell where the key is */
} TaSetLayout;

/* The most words that a slot holds. */
#define TA_SLOT_WORDS 4

/* The arena's keys begin at multiples of this. */
#define TA_ARENA_UNIT 4

typedef struct TaKeySlot
{
	uint32 tag; /* of the hash, what does not choose the slot */
	uint32 place; /* in the arena, in units, plus one; 0: empty */
} TaKeySlot;

/* What the set begins with; all of it is one piece of memory, without pointers. */
typedef struct TaKeySet
{
	uint64 magic;
	Size size;
	dsm_handle handle; /* of its segment; 0: it is in local memory */
	TaSetLayout layout;
	TaKeyShape shape;
	bool has_zero; /* the key that is all zeros, for an empty slot is, too */
	int64 min;
	uint64 bits;
	uint64 seeds[TA_SLOT_WORDS + 1]; /* all odd */
	uint64 slots;
	uint64 buckets;
	int bucket_slots;
	Size body; /* where the bitmap begins, or the slots */
	Size arena; /* where it begins */
} TaKeySet;

typedef struct TaKeyBuild TaKeyBuild;

/*
 * Hashes need only spread well, for keys are compared in full.  The seeds are
 * others in each set, so that nobody can make keys that meet.
 */
static inline uint64
ta_hash_end(const TaKeySet *set, uint64 hash)
{
	hash ^= hash >> 32;
	hash *= set->seeds[TA_SLOT_WORDS];
	return hash ^ (hash >> 29);
}

/* The hash of a key of so many words, width being known to the compiler. */
static inline uint64
ta_words_hash(const TaKeySet *set, const uint64 *words, int width)
{
	uint64 hash = set->seeds[TA_SLOT_WORDS];

#pragma GCC unroll 4
	for (int i = 0; i < width; i++)
		hash += (words[i] ^ (words[i] >> 32)) * set->seeds[i];
	return ta_hash_end(set, hash);
}

/* The hash of a key of any length, eight bytes at a time. */
static inline uint64
ta_key_hash(const TaKeySet *set, const char *key, Size length)
{
	uint64 hash = set->seeds[0] ^ length;
	uint64 word;

	for (; length >= sizeof(word); key += sizeof(word), length -= sizeof(word))
	{
		memcpy(&word, key, sizeof(word));
		hash = (hash ^ word) * set->seeds[1];
		hash ^= hash >> 32;
	}
	if (length > 0)
	{
		word = 0;
		memcpy(&word, key, length);
		hash = (hash ^ word) * set->seeds[1];
	}
	return ta_hash_end(set, hash);
}

/* The slot where the search for a key of this hash begins: the first of a line of the cache. */
static inline uint64
ta_key_slot(const TaKeySet *set, uint64 hash)
{
	return (((hash >> 32) * set->buckets) >> 32) * set->bucket_slots;
}

static inline uint64
ta_key_next_slot(const TaKeySet *set, uint64 slot)
{
	return slot + 1 < set->slots ? slot + 1 : 0;
}

static inline void *
ta_key_body(const TaKeySet *set)
{
	return (char *) set + set->body;
}

/* The key at this place of the arena. */
static inline const char *
ta_key_at(const TaKeySet *set, uint32 place, Size *length)
{
	const char *entry = (const char *) set + set->arena + (Size) (place - 1) * TA_ARENA_UNIT;
	uint32 stored;

	if (set->shape.fixed_length > 0)
	{
		*length = set->shape.fixed_length;
		return entry;
	}
	memcpy(&stored, entry, sizeof(stored));
	*length = stored;
	return entry + sizeof(stored);
}

static inline bool
ta_key_is(const TaKeySet *set, uint32 place, const char *key, Size length)
{
	Size stored;
	const char *there = ta_key_at(set, place, &stored);

	return stored == length && memcmp(there, key, length) == 0;
}

/* The words of a slot, where the key itself is in it. */
static inline int
ta_slot_words(TaSetLayout layout)
{
	return layout == TA_SET_WORDS ? 1 : layout == TA_SET_PAIRS ? 2 : TA_SLOT_WORDS;
}

/* The longest key that a slot holds: one whose length varies needs a byte for that. */
static inline Size
ta_slot_key(const TaKeySet *set)
{
	return ta_slot_words(set->layout) * sizeof(uint64) - (set->shape.fixed_length == 0 ? 1 : 0);
}

/* Copies at most 32 bytes, by pieces that overlap: most keys are of two or three sizes, which a call would find out anew. */
static inline void
ta_copy_short(char *to, const char *from, Size length)
{
	if (length >= 16)
	{
		memcpy(to, from, 16);
		memcpy(to + length - 16, from + length - 16, 16);
	}
	else if (length >= 8)
	{
		memcpy(to, from, 8);
		memcpy(to + length - 8, from + length - 8, 8);
	}
	else
	{
		for (Size i = 0; i < length; i++)
			to[i] = from[i];
	}
}

/* A key of at most ta_slot_key bytes in the form in which slots hold it. */
static inline void
ta_key_pack(const TaKeySet *set, const char *key, Size length, uint64 words[TA_SLOT_WORDS])
{
	words[0] = words[1] = words[2] = words[3] = 0;
	ta_copy_short((char *) words, key, length);
	if (set->shape.fixed_length == 0)
		((char *) words)[ta_slot_key(set)] = (char) length;
}

/* Whether the slot is empty; a key that is all zeros is never in one. */
static inline bool
ta_slot_is_empty(const uint64 *slot, int width)
{
	uint64 any = 0;

#pragma GCC unroll 4
	for (int i = 0; i < width; i++)
		any |= slot[i];
	return any == 0;
}

static inline bool
ta_slot_has(const uint64 *slot, const uint64 *words, int width)
{
	uint64 difference = 0;

#pragma GCC unroll 4
	for (int i = 0; i < width; i++)
		difference |= slot[i] ^ words[i];
	return difference == 0;
}

/* Whether the key of so many words is in the set, its search beginning at this slot. */
static inline bool
ta_key_has(const TaKeySet *set, uint64 slot, const uint64 *words, int width)
{
	const uint64 *slots = ta_key_body(set);

	for (;; slot = ta_key_next_slot(set, slot))
	{
		if (ta_slot_has(slots + slot * width, words, width))
			return !ta_slot_is_empty(words, width) || set->has_zero;
		if (ta_slot_is_empty(slots + slot * width, width))
			return set->has_zero && ta_slot_is_empty(words, width);
	}
}

extern TaKeyBuild *ta_keyset_begin(const TaKeyShape *shape, const Oid *types, Size limit);
extern void ta_keyset_use_bitmap(TaKeyBuild *build, int64 min, int64 max, double rows);
extern bool ta_keyset_add(TaKeyBuild *build, const Datum *values);
extern TaKeySet *ta_keyset_finish(TaKeyBuild *build, bool shared);
extern void ta_keyset_abandon(TaKeyBuild *build);
extern void *ta_keyset_mark(void);
extern void ta_keyset_release(void *mark);
extern const TaKeySet *ta_keyset_attach(dsm_handle handle);

#endif /* TA_KEYSET_H */
