/*
 * src/check/keyset.h
 *		A compact set of a table's keys, and who is not in it.
 */
#ifndef TA_KEYSET_H
#define TA_KEYSET_H

#include "postgres.h"

#include "access/attnum.h"
#include "lib/stringinfo.h"
#include "pg_config_manual.h"

/* How a value is written down so that equal values, and only they, have equal bytes. */
typedef enum TaKeyKind
{
	TA_KEY_NONE, /* no such way is known */
	TA_KEY_INT,
	TA_KEY_FLOAT,
	TA_KEY_NUMERIC,
	TA_KEY_STRING,
	TA_KEY_PADDED, /* char(n): blanks at the end count for nothing */
	TA_KEY_BYTES,
	TA_KEY_FIXED
} TaKeyKind;

typedef struct TaKeyColumn
{
	TaKeyKind kind;
	Oid parent_type;
	Oid child_type; /* of the values that are looked up */
	AttrNumber parent_attnum;
	int16 length; /* TA_KEY_FIXED */
	bool by_value;
	NameData child_name;
} TaKeyColumn;

/* The arena's keys begin at multiples of this. */
#define TA_ARENA_UNIT 4

typedef struct TaKeySlot
{
	uint32 tag; /* of the hash, what does not choose the slot */
	uint32 place; /* in the arena, in units, plus one; 0: empty */
} TaKeySlot;

/* What the set begins with. */
typedef struct TaKeySet
{
	uint64 magic;
	Size size;
	int64 handle;
	int leader_pid;
	Oid database;
	Oid user;
	Oid parent;
	bool shared;
	bool bitmap;
	int ncolumns;
	TaKeyColumn columns[INDEX_MAX_KEYS];
	Size fixed_length; /* of each key in the arena; 0: it varies, and stands before it */
	int64 min;
	uint64 bits;
	uint64 seed;
	uint64 mask; /* number of slots less one */
	Size arena; /* where it begins */
	char data[FLEXIBLE_ARRAY_MEMBER]; /* the bitmap; or slots, and the arena */
} TaKeySet;

typedef struct TaKeyBuild TaKeyBuild;

/*
 * The hash of a key, eight bytes at a time: it runs once a row, and need only
 * spread well, for keys are compared in full.  The seed is another in each
 * set, so that nobody can make keys that meet.
 */
static inline uint64
ta_key_hash(const TaKeySet *set, const char *key, Size length)
{
	const uint64 factor = UINT64CONST(0x9E3779B97F4A7C15);
	uint64 hash = set->seed ^ (length * factor);
	uint64 word;

	for (; length >= sizeof(word); key += sizeof(word), length -= sizeof(word))
	{
		memcpy(&word, key, sizeof(word));
		hash = (hash ^ word) * factor;
		hash ^= hash >> 32;
	}
	if (length > 0)
	{
		word = 0;
		memcpy(&word, key, length);
		hash = (hash ^ word) * factor;
		hash ^= hash >> 32;
	}
	hash *= factor;
	return hash ^ (hash >> 29);
}

/* The key at this place of the arena. */
static inline const char *
ta_key_at(const TaKeySet *set, uint32 place, Size *length)
{
	const char *entry = (const char *) set + set->arena + (Size) (place - 1) * TA_ARENA_UNIT;
	uint32 stored;

	if (set->fixed_length > 0)
	{
		*length = set->fixed_length;
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

	/* of a length that the compiler knows */
	if (set->fixed_length == 16)
		return memcmp(there, key, 16) == 0;
	return stored == length && memcmp(there, key, length) == 0;
}

extern TaKeyKind ta_key_kind(Oid type);
extern int64 ta_key_int(Oid type, Datum value);
extern void ta_key_put(const TaKeySet *set, bool of_parent, const Datum *values, StringInfo out);

extern TaKeyBuild *
ta_keyset_begin(Oid parent, const TaKeyColumn *columns, int ncolumns, Size limit);
extern void ta_keyset_use_bitmap(TaKeyBuild *build, int64 min, int64 max, double rows);
extern bool ta_keyset_add(TaKeyBuild *build, const Datum *values);
extern TaKeySet *ta_keyset_finish(TaKeyBuild *build, bool shared);
extern void ta_keyset_abandon(TaKeyBuild *build);
extern void *ta_keyset_mark(void);
extern void ta_keyset_release(void *mark);
extern TaKeySet *ta_keyset_reach(int64 handle);

#endif /* TA_KEYSET_H */
