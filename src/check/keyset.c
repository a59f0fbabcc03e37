/*
 * src/check/keyset.c
 *		A compact set of a table's keys, and who is not in it.
 *
 * A key is written down as bytes so that two keys are equal, by the operator
 * that a foreign key would use, if and only if their bytes are.  What is
 * looked up is compared in full, so no collision of hashes hides an orphan.
 *
 * A set is one piece of memory without pointers.  It is this backend's own, or
 * a dynamic shared memory segment that its parallel workers attach.  Only they
 * can reach it, for the user who made it, and only while that one may read
 * the parent's key columns and no row security hides parents from him.
 *
 * Lifetime: from ta_keyset_finish to ta_keyset_release, which the maker calls
 * after an error as well.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/dsm.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rls.h"

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

/* handles that name no shared segment */
#define LOCAL_HANDLES (INT64CONST(1) << 40)

typedef struct Chunk
{
	char *data;
	Size used;
} Chunk;

struct TaKeyBuild
{
	MemoryContext context;
	Size limit;
	unsigned char *bits;
	List *chunks; /* of Chunk */
	Size used; /* by all of them */
	uint64 keys;
	StringInfoData key;
	TaKeySet head; /* last: its data, which a build has not, is of no fixed size */
};

/* The sets of this backend that are open, with their segments. */
typedef struct OpenSet
{
	TaKeySet *set;
	dsm_segment *segment; /* NULL: in local memory */
	struct OpenSet *next;
} OpenSet;

static OpenSet *open_sets = NULL;
static int64 last_local = LOCAL_HANDLES;

/* ---- keys as bytes ---- */

/* How values of a base type are written down; TA_KEY_NONE where bytes do not tell equality. */
TaKeyKind
ta_key_kind(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return TA_KEY_INT;
		case FLOAT4OID:
		case FLOAT8OID:
			return TA_KEY_FLOAT;
		case NUMERICOID:
			return TA_KEY_NUMERIC;
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
			return TA_KEY_STRING;
		case BPCHAROID:
			return TA_KEY_PADDED;
		case BYTEAOID:
			return TA_KEY_BYTES;
		case BOOLOID:
		case CHAROID:
		case OIDOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
		case MACADDROID:
		case MACADDR8OID:
		case CASHOID:
			return TA_KEY_FIXED;
		default:
			return type_is_enum(type) ? TA_KEY_FIXED : TA_KEY_NONE;
	}
}

/* The value of an integer column. */
int64
ta_key_int(Oid type, Datum value)
{
	if (type == INT4OID)
		return DatumGetInt32(value);
	return type == INT8OID ? DatumGetInt64(value) : DatumGetInt16(value);
}

static void
put_float(StringInfo out, Oid type, Datum datum)
{
	float8 value = type == FLOAT4OID ? (float8) DatumGetFloat4(datum) : DatumGetFloat8(datum);

	/* equal for PostgreSQL, and of different bytes */
	if (value == 0)
		value = 0;
	if (isnan(value))
		value = get_float8_nan();
	appendBinaryStringInfo(out, (char *) &value, sizeof(value));
}

static void
put_fixed(StringInfo out, const TaKeyColumn *column, Datum value)
{
	if (column->by_value)
	{
		char bytes[sizeof(Datum)];

		store_att_byval(bytes, value, column->length);
		appendBinaryStringInfo(out, bytes, column->length);
	}
	else
		appendBinaryStringInfo(out, DatumGetPointer(value), column->length);
}

/* The key of one column of 16 bytes, such as uuid, the shortest way. */
static bool
put_sixteen(const TaKeySet *set, const Datum *values, StringInfo out)
{
	if (set->ncolumns != 1 || set->fixed_length != 16)
		return false;
	if (out->len + 17 > out->maxlen)
		enlargeStringInfo(out, 16);
	memcpy(out->data + out->len, DatumGetPointer(values[0]), 16);
	out->len += 16;
	return true;
}

/* Bytes of a length that varies: among several columns, the length comes before them. */
static void
put_bytes(StringInfo out, bool with_length, const char *bytes, Size length)
{
	uint32 prefix = (uint32) length;

	if (with_length)
		appendBinaryStringInfo(out, (char *) &prefix, sizeof(prefix));
	enlargeStringInfo(out, (int) length);
	memcpy(out->data + out->len, bytes, length);
	out->len += (int) length;
}

static void
put_varlena(StringInfo out, TaKeyKind kind, bool with_length, Datum value)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(bytes);
	Size length = VARSIZE_ANY_EXHDR(bytes);

	if (kind == TA_KEY_PADDED)
		while (length > 0 && data[length - 1] == ' ')
			length--;
	put_bytes(out, with_length, data, length);
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

static void
put_numeric(StringInfo out, bool with_length, Datum value)
{
	char *text = numeric_normalize(DatumGetNumeric(value));

	put_bytes(out, with_length, text, strlen(text));
	pfree(text);
}

/* Appends the bytes of a key, no column of it null. */
void
ta_key_put(const TaKeySet *set, bool of_parent, const Datum *values, StringInfo out)
{
	bool with_length = set->ncolumns > 1;

	if (put_sixteen(set, values, out))
		return;
	for (int i = 0; i < set->ncolumns; i++)
	{
		const TaKeyColumn *column = &set->columns[i];
		Oid type = of_parent ? column->parent_type : column->child_type;
		int64 number;

		switch (column->kind)
		{
			case TA_KEY_INT:
				number = ta_key_int(type, values[i]);
				appendBinaryStringInfo(out, (char *) &number, sizeof(number));
				break;
			case TA_KEY_FLOAT:
				put_float(out, type, values[i]);
				break;
			case TA_KEY_FIXED:
				put_fixed(out, column, values[i]);
				break;
			case TA_KEY_NUMERIC:
				put_numeric(out, with_length, values[i]);
				break;
			default:
				if (type == NAMEOID)
					put_bytes(out, with_length, NameStr(*DatumGetName(values[i])),
							  strlen(NameStr(*DatumGetName(values[i]))));
				else
					put_varlena(out, column->kind, with_length, values[i]);
		}
	}
}

/* The length that all keys have, or 0. */
static Size
fixed_length(const TaKeySet *set)
{
	Size length = 0;

	for (int i = 0; i < set->ncolumns; i++)
	{
		switch (set->columns[i].kind)
		{
			case TA_KEY_INT:
			case TA_KEY_FLOAT:
				length += sizeof(int64);
				break;
			case TA_KEY_FIXED:
				length += set->columns[i].length;
				break;
			default:
				return 0;
		}
	}
	return length;
}

/* ---- making a set ---- */

/* limit: bytes that the set may take, while it is made and after. */
TaKeyBuild *
ta_keyset_begin(Oid parent, const TaKeyColumn *columns, int ncolumns, Size limit)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc key set", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TaKeyBuild *build = palloc0(sizeof(TaKeyBuild));

	build->context = context;
	build->limit = limit;
	build->head.magic = SET_MAGIC;
	build->head.leader_pid = MyProcPid;
	build->head.database = MyDatabaseId;
	build->head.user = GetUserId();
	build->head.parent = parent;
	build->head.ncolumns = ncolumns;
	memcpy(build->head.columns, columns, sizeof(TaKeyColumn) * ncolumns);
	build->head.fixed_length = fixed_length(&build->head);
	build->head.seed = pg_prng_uint64(&pg_global_prng_state);
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
	build->head.bitmap = true;
	build->head.min = min;
	build->head.bits = range + 1;
	build->bits =
		MemoryContextAllocExtended(build->context, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static uint64
slots_for(uint64 keys)
{
	return keys <= 32 ? 64 : pg_nextpower2_64(keys * 2);
}

/* Where the key of so many bytes goes; a key does not lie in two chunks. */
static char *
chunk_space(TaKeyBuild *build, Size length)
{
	Chunk *chunk = build->chunks != NIL ? llast(build->chunks) : NULL;
	char *space;

	if (chunk == NULL || chunk->used + length > CHUNK_SIZE)
	{
		MemoryContext old = MemoryContextSwitchTo(build->context);

		chunk = palloc0(sizeof(Chunk));
		chunk->data = MemoryContextAllocHuge(build->context, Max(length, CHUNK_SIZE));
		build->chunks = lappend(build->chunks, chunk);
		MemoryContextSwitchTo(old);
	}
	space = chunk->data + chunk->used;
	chunk->used += length;
	build->used += length;
	return space;
}

/* Adds a parent's key, no column of it null.  False: the set would be too big. */
bool
ta_keyset_add(TaKeyBuild *build, const Datum *values)
{
	TaKeySet *head = &build->head;
	Size prefix = head->fixed_length == 0 ? sizeof(uint32) : 0;
	Size length;
	char *space;

	if (head->bitmap)
	{
		uint64 bit =
			(uint64) ta_key_int(head->columns[0].parent_type, values[0]) - (uint64) head->min;

		if (bit >= head->bits)
			elog(ERROR, "key outside of the range of its table");
		build->bits[bit / 8] |= 1 << (bit % 8);
		return true;
	}

	resetStringInfo(&build->key);
	ta_key_put(head, true, values, &build->key);
	length = TYPEALIGN(TA_ARENA_UNIT, prefix + build->key.len);
	build->keys++;
	if (build->used + length > ARENA_LIMIT ||
		build->used + length + CHUNK_SIZE + slots_for(build->keys) * sizeof(TaKeySlot) >
			build->limit)
		return false;
	space = chunk_space(build, length);
	if (prefix > 0)
		memcpy(space, &build->key.len, prefix);
	memcpy(space + prefix, build->key.data, build->key.len);
	return true;
}

static Size
entry_size(const TaKeySet *set, Size length)
{
	return TYPEALIGN(TA_ARENA_UNIT, length + (set->fixed_length == 0 ? sizeof(uint32) : 0));
}

/* Enters one key; a parent that has it twice counts once. */
static void
enter_key(TaKeySet *set, uint32 place, uint64 hash)
{
	TaKeySlot *slots = (TaKeySlot *) set->data;
	uint32 tag = (uint32) (hash >> 32);
	uint64 slot = hash & set->mask;
	Size length;
	const char *key = ta_key_at(set, place, &length);

	while (slots[slot].place != 0 &&
		   !(slots[slot].tag == tag && ta_key_is(set, slots[slot].place, key, length)))
		slot = (slot + 1) & set->mask;
	if (slots[slot].place == 0)
	{
		slots[slot].tag = tag;
		slots[slot].place = place;
	}
}

/* Enters the keys of one piece of the arena, the slots of some at a time on their way into the cache. */
static void
fill_slots(TaKeySet *set, Size from, Size to)
{
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
			__builtin_prefetch(set->data + (hashes[count] & set->mask) * sizeof(TaKeySlot), 1);
			at += entry_size(set, length);
		}
		for (int i = 0; i < count; i++)
			enter_key(set, places[i], hashes[i]);
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
		memcpy(arena + done, chunk->data, chunk->used);
		pfree(chunk->data);
		fill_slots(set, done, done + chunk->used);
		done += chunk->used;
	}
}

/* Room for the set, in shared memory if wished and possible, and known to this backend. */
static TaKeySet *
allocate_set(Size size, bool shared)
{
	OpenSet *open = MemoryContextAllocZero(TopMemoryContext, sizeof(OpenSet));

	open->next = open_sets;
	open_sets = open;
	if (shared)
		open->segment = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (open->segment != NULL)
		open->set = dsm_segment_address(open->segment);
	else
		open->set = MemoryContextAllocHuge(TopMemoryContext, size);
	return open->set;
}

/* The finished set.  shared: parallel workers shall find it; it may turn out local none the less. */
TaKeySet *
ta_keyset_finish(TaKeyBuild *build, bool shared)
{
	uint64 slots = build->head.bitmap ? 0 : slots_for(build->keys);
	Size bitmap_size = (build->head.bits + 7) / 8;
	Size body = build->head.bitmap ? bitmap_size : slots * sizeof(TaKeySlot) + build->used;
	Size size = offsetof(TaKeySet, data) + body;
	TaKeySet *set = allocate_set(size, shared);

	memcpy(set, &build->head, offsetof(TaKeySet, data));
	set->size = size;
	set->shared = open_sets->segment != NULL;
	set->handle = set->shared ? (int64) dsm_segment_handle(open_sets->segment) : ++last_local;
	if (set->bitmap)
		memcpy(set->data, build->bits, bitmap_size);
	else
	{
		set->mask = slots - 1;
		set->arena = offsetof(TaKeySet, data) + slots * sizeof(TaKeySlot);
		memset(set->data, 0, slots * sizeof(TaKeySlot));
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
		else if (open->set != NULL)
			pfree(open->set);
		pfree(open);
	}
}

/* ---- reaching a set ---- */

/* The set in this backend, which made it. */
static TaKeySet *
own_set(int64 handle)
{
	for (OpenSet *open = open_sets; open != NULL; open = open->next)
	{
		if (open->set != NULL && open->set->handle == handle)
			return open->set;
	}
	return NULL;
}

/* The set in shared memory, which the leader of this worker made. */
static TaKeySet *
leaders_set(int64 handle)
{
	PGPROC *leader = MyProc->lockGroupLeader;
	dsm_segment *segment;
	TaKeySet *set;

	if (leader == NULL || handle <= 0 || handle > PG_UINT32_MAX)
		return NULL;
	segment = dsm_find_mapping((dsm_handle) handle);
	if (segment == NULL)
	{
		segment = dsm_attach((dsm_handle) handle);
		if (segment == NULL)
			return NULL;
		/* until the worker ends: the executor's owner would complain of it */
		dsm_pin_mapping(segment);
	}
	set = dsm_segment_address(segment);
	if (dsm_segment_map_length(segment) < offsetof(TaKeySet, data) || set->magic != SET_MAGIC ||
		set->size > dsm_segment_map_length(segment) || set->handle != handle ||
		set->leader_pid != leader->pid)
		return NULL;
	return set;
}

/* Whether the user may read all key columns, and row security hides no parent from him. */
static bool
may_read(const TaKeySet *set)
{
	if (check_enable_rls(set->parent, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(set->parent, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < set->ncolumns; i++)
	{
		if (pg_attribute_aclcheck(set->parent, set->columns[i].parent_attnum, GetUserId(),
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* The set of this handle; raises unless this query may use it. */
TaKeySet *
ta_keyset_reach(int64 handle)
{
	TaKeySet *set = IsParallelWorker() ? leaders_set(handle) : own_set(handle);

	if (set == NULL || set->database != MyDatabaseId || set->user != GetUserId())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("there is no key set " INT64_FORMAT, handle),
						errdetail("Only assoc_internal.scan_orphans() makes them, for itself.")));
	if (!may_read(set))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for the keys of table \"%s\"",
							   get_rel_name(set->parent))));
	return set;
}
