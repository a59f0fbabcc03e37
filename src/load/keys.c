/*
 * src/load/keys.c
 *		The distinct keys by which rows are looked up, numbered from 0.
 *
 * Keys with the same bytes are one key.  Keys that are equal in other bytes are
 * two, and each finds the same rows: PostgreSQL compares, not we.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "load/keys.h"
#include "load/query.h"
#include "pg/keymatch.h"

#define FIRST_ROOM 64

/* A column of keys; path: what needs them, for the error where a type has no arrays. */
void
ta_key_type_init(TaKeyType *type, Oid oid, const char *path)
{
	type->type = oid;
	type->array_type = get_array_type(oid);
	if (!OidIsValid(type->array_type))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("an association by a column of type %s cannot be loaded",
							   ta_type_shown(oid, -1)),
						errdetail("At %s; the type has no array type.", ta_query_at(path))));
	get_typlenbyvalalign(oid, &type->length, &type->by_value, &type->align);
}

static void
empty_slots(TaKeys *keys, uint32 count)
{
	keys->mask = count - 1;
	keys->slots = MemoryContextAllocHuge(keys->context, sizeof(int) * (Size) count);
	memset(keys->slots, 0xff, sizeof(int) * (Size) count);
}

/* No keys yet; they and what they need live in the current context. */
void
ta_keys_init(TaKeys *keys, int ncolumns, const TaKeyType *types)
{
	memset(keys, 0, sizeof(TaKeys));
	keys->ncolumns = ncolumns;
	keys->types = types;
	keys->context = CurrentMemoryContext;
	keys->room = FIRST_ROOM;
	keys->values = palloc(sizeof(Datum) * FIRST_ROOM * ncolumns);
	keys->hashes = palloc(sizeof(uint32) * FIRST_ROOM);
	empty_slots(keys, FIRST_ROOM * 2);
}

static inline uint32
hash_number(uint64 number)
{
	number *= UINT64CONST(0x9E3779B97F4A7C15);
	return murmurhash32((uint32) (number >> 32));
}

static inline uint32
hash_of(const TaKeys *keys, const Datum *values)
{
	uint32 hash = 0;

	for (int i = 0; i < keys->ncolumns; i++)
	{
		const TaKeyType *type = &keys->types[i];

		hash = hash_combine(hash, type->by_value
									  ? hash_number((uint64) values[i])
									  : datum_image_hash(values[i], type->by_value, type->length));
	}
	return hash;
}

static inline bool
are_same(const TaKeys *keys, int number, const Datum *values)
{
	const Datum *kept = &keys->values[(Size) number * keys->ncolumns];

	for (int i = 0; i < keys->ncolumns; i++)
	{
		const TaKeyType *type = &keys->types[i];

		if (type->by_value ? kept[i] != values[i]
						   : !datum_image_eq(kept[i], values[i], type->by_value, type->length))
			return false;
	}
	return true;
}

/* Twice the room, and half of the slots are free again. */
static void
grow(TaKeys *keys)
{
	keys->room *= 2;
	keys->values = repalloc_huge(keys->values, sizeof(Datum) * (Size) keys->room * keys->ncolumns);
	keys->hashes = repalloc_huge(keys->hashes, sizeof(uint32) * (Size) keys->room);
	pfree(keys->slots);
	empty_slots(keys, (uint32) keys->room * 2);
	for (int i = 0; i < keys->count; i++)
	{
		uint32 slot = keys->hashes[i] & keys->mask;

		while (keys->slots[slot] >= 0)
			slot = (slot + 1) & keys->mask;
		keys->slots[slot] = i;
	}
}

static int
add(TaKeys *keys, const Datum *values, uint32 hash)
{
	MemoryContext caller = MemoryContextSwitchTo(keys->context);
	Datum *kept = &keys->values[(Size) keys->count * keys->ncolumns];

	for (int i = 0; i < keys->ncolumns; i++)
	{
		const TaKeyType *type = &keys->types[i];

		kept[i] = type->by_value       ? values[i]
				  : type->length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(values[i]))
									   : datumCopy(values[i], type->by_value, type->length);
	}
	keys->hashes[keys->count] = hash;
	MemoryContextSwitchTo(caller);
	return keys->count++;
}

/* The number of the key, a new one if it was not there; -1 if a column is null. */
int
ta_keys_number(TaKeys *keys, const Datum *values, const bool *nulls)
{
	uint32 hash;
	uint32 slot;

	for (int i = 0; i < keys->ncolumns; i++)
	{
		if (nulls[i])
			return -1;
	}
	hash = hash_of(keys, values);
	for (slot = hash & keys->mask; keys->slots[slot] >= 0; slot = (slot + 1) & keys->mask)
	{
		int number = keys->slots[slot];

		if (keys->hashes[number] == hash && are_same(keys, number, values))
			return number;
	}
	if (keys->count == keys->room)
	{
		grow(keys);
		for (slot = hash & keys->mask; keys->slots[slot] >= 0;)
			slot = (slot + 1) & keys->mask;
	}
	keys->slots[slot] = add(keys, values, hash);
	return keys->slots[slot];
}

/* so many places for a key are not too many */
#define PLACES_PER_KEY 8

/* Lays keys that are all there out for being found, if they are integers that lie close together. */
void
ta_keys_lay_out(TaKeys *keys)
{
	int64 low = PG_INT64_MAX;
	int64 high = PG_INT64_MIN;

	keys->dense = NULL;
	if (keys->ncolumns > 1 || keys->count == 0 ||
		(keys->types[0].type != INT2OID && keys->types[0].type != INT4OID &&
		 keys->types[0].type != INT8OID) ||
		!keys->types[0].by_value)
		return;
	for (int i = 0; i < keys->count; i++)
	{
		low = Min(low, (int64) keys->values[i]);
		high = Max(high, (int64) keys->values[i]);
	}
	keys->low = low;
	keys->range = (uint64) high - (uint64) low;
	if (keys->range >= (uint64) keys->count * PLACES_PER_KEY)
		return;
	keys->range++;
	keys->dense = MemoryContextAllocHuge(keys->context, sizeof(int) * keys->range);
	memset(keys->dense, 0xff, sizeof(int) * keys->range);
	for (int i = 0; i < keys->count; i++)
		keys->dense[(uint64) keys->values[i] - (uint64) low] = i;
}

/* The number of the key; -1 if it was never numbered, or a column is null. */
int
ta_keys_find(const TaKeys *keys, const Datum *values, const bool *nulls)
{
	uint32 hash;

	if (keys->dense != NULL)
	{
		uint64 place = (uint64) values[0] - (uint64) keys->low;

		return nulls[0] || place >= keys->range ? -1 : keys->dense[place];
	}

	for (int i = 0; i < keys->ncolumns; i++)
	{
		if (nulls[i])
			return -1;
	}
	hash = hash_of(keys, values);
	for (uint32 slot = hash & keys->mask; keys->slots[slot] >= 0; slot = (slot + 1) & keys->mask)
	{
		int number = keys->slots[slot];

		if (keys->hashes[number] == hash && are_same(keys, number, values))
			return number;
	}
	return -1;
}

/* A column of all keys, in the order of their numbers, as an array. */
Datum
ta_keys_array(const TaKeys *keys, int column)
{
	const TaKeyType *type = &keys->types[column];
	Datum *values = keys->values;

	if (keys->ncolumns > 1)
	{
		values = MemoryContextAllocHuge(CurrentMemoryContext,
										sizeof(Datum) * (Size) Max(keys->count, 1));
		for (int i = 0; i < keys->count; i++)
			values[i] = keys->values[(Size) i * keys->ncolumns + column];
	}
	return PointerGetDatum(construct_array(values, keys->count, type->type, type->length,
										   type->by_value, type->align));
}
