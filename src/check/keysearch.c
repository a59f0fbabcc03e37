/*
 * src/check/keysearch.c
 *		Looks keys up in a set, and counts those that are not in it.
 *
 * The state of the aggregate assoc_internal.orphan_keys.  Keys of a hash set
 * are looked up 64 at a time: what is slow is not the work but waiting for
 * memory, and 64 waits at once take little longer than one.  Whoever asks for
 * a result, or hands the state on, has the keys still waiting looked up first.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/json.h"
#include "check/keysearch.h"
#include "check/keyset.h"

/* looked up together; and how many bytes they may hold meanwhile */
#define BATCH_KEYS 64
#define BATCH_BYTES (64 * 1024)

struct TaKeySearch
{
	MemoryContext context;
	MemoryContext scratch; /* for one sample */
	const TaKeySet *set; /* NULL: the state came from a worker, and looks nothing up */
	int64 count;
	int max_samples;
	List *samples; /* of char *: JSON objects */
	int pending;
	StringInfoData keys;
	int begins[BATCH_KEYS + 1];
	uint64 hashes[BATCH_KEYS];
};

/* ---- samples ---- */

/* The value of one column out of the key's bytes, as text; moves on behind it. */
static char *
column_text(const TaKeySet *set, const TaKeyColumn *column, const char **at, const char *end)
{
	int64 number;
	float8 real;
	uint32 length;
	Oid output;
	bool varlena;
	Datum value;
	const char *bytes = *at;

	getTypeOutputInfo(column->child_type, &output, &varlena);
	switch (column->kind)
	{
		case TA_KEY_INT:
			memcpy(&number, bytes, sizeof(number));
			*at += sizeof(number);
			return psprintf(INT64_FORMAT, number);
		case TA_KEY_FLOAT:
			memcpy(&real, bytes, sizeof(real));
			*at += sizeof(real);
			value = column->child_type == FLOAT4OID ? Float4GetDatum((float4) real)
													: Float8GetDatum(real);
			return OidOutputFunctionCall(output, value);
		case TA_KEY_FIXED:
			*at += column->length;
			if (!column->by_value)
				return OidOutputFunctionCall(output, PointerGetDatum(bytes));
			number = 0; /* lends its alignment */
			memcpy(&number, bytes, column->length);
			return OidOutputFunctionCall(output, fetch_att(&number, true, column->length));
		default:
			break;
	}

	length = (uint32) (end - bytes);
	if (set->ncolumns > 1)
	{
		memcpy(&length, bytes, sizeof(length));
		bytes += sizeof(length);
	}
	*at = bytes + length;
	if (column->kind != TA_KEY_BYTES)
		return pnstrdup(bytes, length);
	return OidOutputFunctionCall(output,
								 PointerGetDatum(cstring_to_text_with_len(bytes, (int) length)));
}

/* {"userId": 7, "tenant": "a"} */
static char *
sample_text(const TaKeySet *set, const char *key, Size length)
{
	StringInfoData out;
	const char *at = key;

	initStringInfo(&out);
	for (int i = 0; i < set->ncolumns; i++)
	{
		const TaKeyColumn *column = &set->columns[i];
		char *text = column_text(set, column, &at, key + length);

		appendStringInfoString(&out, i == 0 ? "{" : ", ");
		ta_json_put_string(&out, NameStr(column->child_name));
		appendStringInfoString(&out, ": ");
		if (column->kind == TA_KEY_INT)
			appendStringInfoString(&out, text);
		else
			ta_json_put_string(&out, text);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* One more key that is not in the set. */
static void
report_orphan(TaKeySearch *search, const char *key, Size length)
{
	MemoryContext old;
	char *text;

	search->count++;
	if (list_length(search->samples) >= search->max_samples)
		return;
	old = MemoryContextSwitchTo(search->scratch);
	text = sample_text(search->set, key, length);
	MemoryContextSwitchTo(search->context);
	search->samples = lappend(search->samples, pstrdup(text));
	MemoryContextSwitchTo(old);
	MemoryContextReset(search->scratch);
}

/* ---- looking up ---- */

static TaKeySearch *
new_search(int max_samples)
{
	TaKeySearch *search = palloc0(sizeof(TaKeySearch));

	search->context = CurrentMemoryContext;
	search->max_samples = max_samples;
	return search;
}

/* In the current context; types are those of the values to come.  Raises unless the set is the caller's to use. */
TaKeySearch *
ta_search_begin(int64 handle, int max_samples, const Oid *types, int count)
{
	TaKeySearch *search = new_search(max_samples);

	search->set = ta_keyset_reach(handle);
	search->scratch =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc sample", ALLOCSET_SMALL_SIZES);
	initStringInfo(&search->keys);
	if (count != search->set->ncolumns)
		elog(ERROR, "the key set has %d columns, not %d", search->set->ncolumns, count);
	for (int i = 0; i < count; i++)
	{
		if (getBaseType(types[i]) != search->set->columns[i].child_type)
			elog(ERROR, "column %d of the key set is of type %u, not %u", i + 1,
				 search->set->columns[i].child_type, types[i]);
	}
	return search;
}

/* Whether the key is in the set, whose slot is on its way into the cache. */
static bool
is_member(const TaKeySet *set, const char *key, Size length, uint64 hash)
{
	const TaKeySlot *slots = (const TaKeySlot *) set->data;
	uint32 tag = (uint32) (hash >> 32);

	for (uint64 slot = hash & set->mask; slots[slot].place != 0; slot = (slot + 1) & set->mask)
	{
		if (slots[slot].tag == tag && ta_key_is(set, slots[slot].place, key, length))
			return true;
	}
	return false;
}

/* Brings the keys that the batch will be compared with into the cache. */
static void
prefetch_keys(const TaKeySearch *search)
{
	const TaKeySet *set = search->set;
	const TaKeySlot *slots = (const TaKeySlot *) set->data;

	for (int i = 0; i < search->pending; i++)
	{
		uint32 tag = (uint32) (search->hashes[i] >> 32);

		for (uint64 slot = search->hashes[i] & set->mask; slots[slot].place != 0;
			 slot = (slot + 1) & set->mask)
		{
			if (slots[slot].tag == tag)
			{
				__builtin_prefetch((const char *) set + set->arena +
								   (Size) (slots[slot].place - 1) * TA_ARENA_UNIT);
				break;
			}
		}
	}
}

/* Looks up what waits. */
static void
flush(TaKeySearch *search)
{
	if (search->pending == 0)
		return;
	prefetch_keys(search);
	search->begins[search->pending] = search->keys.len;
	for (int i = 0; i < search->pending; i++)
	{
		const char *key = search->keys.data + search->begins[i];
		Size length = (Size) (search->begins[i + 1] - search->begins[i]);

		if (!is_member(search->set, key, length, search->hashes[i]))
			report_orphan(search, key, length);
	}
	search->pending = 0;
	resetStringInfo(&search->keys);
}

/* A bit each: most tables have integers for keys. */
static void
look_in_bitmap(TaKeySearch *search, Datum value)
{
	const TaKeySet *set = search->set;
	int64 number = ta_key_int(set->columns[0].child_type, value);
	uint64 bit = (uint64) number - (uint64) set->min;

	/* what is below the least wraps to above the greatest */
	if (unlikely(bit >= set->bits ||
				 (((const unsigned char *) set->data)[bit / 8] & (1 << (bit % 8))) == 0))
		report_orphan(search, (char *) &number, sizeof(number));
}

/* A child's key, no column of it null. */
void
ta_search_add(TaKeySearch *search, const Datum *values)
{
	const TaKeySet *set = search->set;
	int begin = search->keys.len;
	uint64 hash;

	if (set->bitmap)
	{
		look_in_bitmap(search, values[0]);
		return;
	}
	ta_key_put(set, false, values, &search->keys);
	hash = ta_key_hash(set, search->keys.data + begin, (Size) (search->keys.len - begin));
	__builtin_prefetch(set->data + (hash & set->mask) * sizeof(TaKeySlot));
	search->begins[search->pending] = begin;
	search->hashes[search->pending] = hash;
	search->pending++;
	if (search->pending == BATCH_KEYS || search->keys.len >= BATCH_BYTES)
		flush(search);
}

/* ---- results ---- */

/* Adds what the other found; NULL: to nothing, in the current context. */
TaKeySearch *
ta_search_merge(TaKeySearch *search, TaKeySearch *other)
{
	ListCell *lc;
	MemoryContext old;

	if (search == NULL)
		search = new_search(other->max_samples);
	old = MemoryContextSwitchTo(search->context);
	flush(search);
	flush(other);
	search->count += other->count;
	search->max_samples = Max(search->max_samples, other->max_samples);
	foreach(lc, other->samples)
	{
		if (list_length(search->samples) < search->max_samples)
			search->samples = lappend(search->samples, pstrdup(lfirst(lc)));
	}
	MemoryContextSwitchTo(old);
	return search;
}

/* Writes the state down for the leader. */
void
ta_search_write(TaKeySearch *search, StringInfo out)
{
	ListCell *lc;

	flush(search);
	pq_sendint64(out, search->count);
	pq_sendint32(out, search->max_samples);
	pq_sendint32(out, list_length(search->samples));
	foreach(lc, search->samples)
	{
		const char *text = lfirst(lc);

		pq_sendint32(out, strlen(text));
		pq_sendbytes(out, text, (int) strlen(text));
	}
}

/* The state that was written, in the current context. */
TaKeySearch *
ta_search_read(StringInfo in)
{
	int64 count = pq_getmsgint64(in);
	TaKeySearch *search = new_search((int) pq_getmsgint(in, 4));
	int samples = (int) pq_getmsgint(in, 4);

	search->count = count;
	for (int i = 0; i < samples; i++)
	{
		int length = (int) pq_getmsgint(in, 4);

		search->samples = lappend(search->samples, pnstrdup(pq_getmsgbytes(in, length), length));
	}
	return search;
}

/* The number of orphans, a blank, and a JSON array of samples. */
char *
ta_search_result(TaKeySearch *search)
{
	StringInfoData out;
	ListCell *lc;

	flush(search);
	initStringInfo(&out);
	appendStringInfo(&out, INT64_FORMAT " [", search->count);
	foreach(lc, search->samples)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(&out, ", ");
		appendStringInfoString(&out, lfirst(lc));
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}
