/*
 * src/enforce/memo.c
 *		Keys of parents that this transaction has locked.
 *
 * A key in the memo was found and locked FOR KEY SHARE by this transaction, so
 * until the transaction ends nobody else can delete that parent or change its
 * key: a probe would find it again.  Three things end that, and each drops the
 * memory: a subtransaction that aborts gives its locks back; this transaction
 * itself may delete, update or truncate parents, of which a BEFORE STATEMENT
 * trigger tells (forget_parents), and the parent is not remembered again for
 * the rest of the transaction, as that statement may go on deleting while a
 * function it calls refers to what it has not deleted yet; and a rule made anew
 * after an invalidation begins with nothing.
 *
 * Keys are compared by their bytes: equal bytes are equal by any btree
 * operator, and unequal ones only cost a probe.
 *
 * The memory is three open tables, by the keys' length, with a few places for a
 * key that depend on its hash; where all are taken, one is overwritten.  So it
 * has a bound (assoc.memo_size) and beyond it only forgets.  Each target has a
 * tag in its keys' slots, another one in each epoch; to empty the memory is to
 * begin an epoch, after which no tag in a slot is anybody's.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/guc.h"
#include "enforce/memo.h"

PG_FUNCTION_INFO_V1(ta_forget_parents);

/* A key of one column of at most four bytes: the key, and above it the tag. */
typedef uint64 ShortSlot;

/* A key of one column that is passed by value. */
typedef struct NarrowSlot
{
	uint64 key;
	uint32 tag;
} NarrowSlot;

/* Any other key that is not too long. */
#define WIDE_BYTES 58
typedef struct WideSlot
{
	uint32 tag;
	uint16 length;
	char key[WIDE_BYTES];
} WideSlot;

StaticAssertDecl(sizeof(ShortSlot) == 8 && sizeof(NarrowSlot) == 16 && sizeof(WideSlot) == 64,
				 "slots fill cache lines");

typedef enum TableKind
{
	SHORT,
	NARROW,
	WIDE
} TableKind;

typedef struct Table
{
	Size slot_size;
	uint32 ways; /* places that a key may be in, one after the other: a cache line, or two */
	void *slots;
	uint32 nslots; /* a power of two; 0: none yet */
	uint32 used; /* in this epoch */
} Table;

#define SHORT_WAYS 8
#define FIRST_SLOTS 256
/* tables bigger than this are given back at the end of the transaction */
#define KEPT_BYTES (64 * 1024)

static Table tables[] = {
	[SHORT] = {.slot_size = sizeof(ShortSlot), .ways = SHORT_WAYS},
	[NARROW] = {.slot_size = sizeof(NarrowSlot), .ways = 4},
	[WIDE] = {.slot_size = sizeof(WideSlot), .ways = 2},
};

static uint64 epoch = 1;
static uint32 first_tag = 1; /* of this epoch */
static uint32 last_tag = 0;
static uint32 victim = 0;

/* parents that this transaction changes itself, by OID; in TopTransactionContext */
static List *forgotten = NIL;

/* ---- keys ---- */

static inline uint32
mix(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return (uint32) (h >> 32);
}

/* Keys of several targets need not be far from each other: one multiplication is enough. */
static inline uint32
hash_short(ShortSlot slot)
{
	uint64 h = slot * UINT64CONST(0x9e3779b97f4a7c15);

	return (uint32) ((h >> 32) ^ (h >> 52));
}

static inline uint32
hash_value(uint32 tag, uint64 key)
{
	return mix(key ^ ((uint64) tag << 40));
}

static uint32
hash_bytes_of(uint32 tag, const char *key, int length)
{
	uint64 hash = tag;

	for (int i = 0; i < length; i += sizeof(uint64))
	{
		uint64 piece = 0;

		memcpy(&piece, key + i, Min(length - i, sizeof(uint64)));
		hash = (hash ^ piece) * UINT64CONST(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return mix(hash);
}

/* Adds a value's bytes, and their number where it varies; false: too long, or not at hand. */
static bool
append_bytes(const TaRulePair *pair, Datum value, char *into, int *length)
{
	const char *bytes;
	int n;

	if (pair->child_by_value)
	{
		bytes = (const char *) &value;
		n = sizeof(Datum);
	}
	else if (pair->child_length > 0)
	{
		bytes = DatumGetPointer(value);
		n = pair->child_length;
	}
	else if (pair->child_length == -1 && !VARATT_IS_COMPRESSED(DatumGetPointer(value)) &&
			 !VARATT_IS_EXTERNAL(DatumGetPointer(value)))
	{
		bytes = VARDATA_ANY(DatumGetPointer(value));
		n = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
		if (*length == WIDE_BYTES || n > WIDE_BYTES)
			return false;
		into[(*length)++] = (char) n;
	}
	else
		return false;
	if (*length + n > WIDE_BYTES)
		return false;
	memcpy(into + *length, bytes, n);
	*length += n;
	return true;
}

static bool
make_wide(const TaRule *rule, const TaRuleTarget *target, const Datum *key, char *bytes,
		  int *length)
{
	*length = 0;
	for (int i = 0; i < rule->ncolumns; i++)
	{
		if (!append_bytes(&target->pair[i], key[i], bytes, length))
			return false;
	}
	return true;
}

static inline ShortSlot
short_slot(uint32 tag, Datum key)
{
	return ((uint64) tag << 32) | (uint32) key;
}

/* Which table is for the target's keys. */
static inline TableKind
kind_of(const TaRule *rule, const TaRuleTarget *target)
{
	if (rule->ncolumns > 1 || !target->pair[0].child_by_value)
		return WIDE;
	return target->pair[0].child_length <= (int) sizeof(uint32) ? SHORT : NARROW;
}

/* ---- tables ---- */

/* The first of the places for this hash. */
static inline void *
set_of(const Table *table, uint32 hash)
{
	return (char *) table->slots +
		   table->slot_size * (hash & (table->nslots - 1) & ~(table->ways - 1));
}

static inline uint32
tag_of_slot(TableKind kind, const void *slot)
{
	switch (kind)
	{
		case SHORT:
			return (uint32) (*(const ShortSlot *) slot >> 32);
		case NARROW:
			return ((const NarrowSlot *) slot)->tag;
		default:
			return ((const WideSlot *) slot)->tag;
	}
}

static uint32
hash_of_slot(TableKind kind, const void *slot)
{
	switch (kind)
	{
		case SHORT:
			return hash_short(*(const ShortSlot *) slot);
		case NARROW:
			return hash_value(((const NarrowSlot *) slot)->tag, ((const NarrowSlot *) slot)->key);
		default:
			return hash_bytes_of(((const WideSlot *) slot)->tag, ((const WideSlot *) slot)->key,
								 ((const WideSlot *) slot)->length);
	}
}

/* Puts the slot's key into a free place for it, or else that of another. */
static void
put(TableKind kind, const void *slot, uint32 hash)
{
	Table *table = &tables[kind];
	uint32 ways = Max(table->ways, 1);
	char *place = set_of(table, hash);

	for (uint32 i = 0; i < ways; i++)
	{
		if (tag_of_slot(kind, place + i * table->slot_size) < first_tag)
		{
			memcpy(place + i * table->slot_size, slot, table->slot_size);
			table->used++;
			return;
		}
	}
	memcpy(place + (victim++ % ways) * table->slot_size, slot, table->slot_size);
}

static Size
table_bytes(const Table *table)
{
	return table->slot_size * table->nslots;
}

/* Gives an empty table of so many slots in its place, if the limit and the machine allow it. */
static bool
enlarge(Table *table, uint32 nslots)
{
	Size bytes = table->slot_size * nslots;
	void *slots;

	for (int i = 0; i < lengthof(tables); i++)
	{
		if (&tables[i] != table)
			bytes += table_bytes(&tables[i]);
	}
	if (bytes > (Size) ta_guc_memo_size * 1024)
		return false;
	slots = MemoryContextAllocExtended(TopMemoryContext, table->slot_size * nslots,
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
	if (slots == NULL)
		return false;
	table->slots = slots;
	table->nslots = nslots;
	table->used = 0;
	return true;
}

/* Moves to a table four times as big, or twice if that is too much; half full is full. */
static void
make_room(TableKind kind)
{
	Table *table = &tables[kind];
	Table old = *table;

	if (table->used < table->nslots / 2 || table->nslots >= PG_UINT32_MAX / 8)
		return;
	if (!enlarge(table, old.nslots == 0 ? FIRST_SLOTS : old.nslots * 4) &&
		(old.nslots == 0 || !enlarge(table, old.nslots * 2)))
		return;
	for (uint32 i = 0; i < old.nslots; i++)
	{
		const char *slot = (const char *) old.slots + i * old.slot_size;

		if (tag_of_slot(kind, slot) >= first_tag)
			put(kind, slot, hash_of_slot(kind, slot));
	}
	if (old.slots != NULL)
		pfree(old.slots);
}

/* ---- what others ask ---- */

/* What replication applies fires no statement triggers, so there nothing would tell us of a DELETE. */
static inline bool
may_remember(const TaRuleTarget *target)
{
	return target->remember && SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA &&
		   (forgotten == NIL || !list_member_oid(forgotten, target->relid));
}

/* The target's tag in this epoch. */
static inline uint32
tag_of(const TaRule *rule, const TaRuleTarget *target)
{
	if (target->memo_epoch != epoch)
	{
		rule->targets[target->number].memo_epoch = epoch;
		rule->targets[target->number].memo_tag = ++last_tag;
	}
	return target->memo_tag;
}

static bool
has_wide(const TaRule *rule, const TaRuleTarget *target, uint32 tag, const Datum *key)
{
	char bytes[WIDE_BYTES];
	int length;
	const WideSlot *set;

	if (!make_wide(rule, target, key, bytes, &length))
		return false;
	set = set_of(&tables[WIDE], hash_bytes_of(tag, bytes, length));
	for (uint32 i = 0; i < tables[WIDE].ways; i++)
	{
		if (set[i].tag == tag && set[i].length == length && memcmp(set[i].key, bytes, length) == 0)
			return true;
	}
	return false;
}

/* Whether the key is known to be in the target, and locked. */
bool
ta_memo_has(const TaRule *rule, const TaRuleTarget *target, const Datum *key)
{
	TableKind kind = kind_of(rule, target);
	uint32 tag;

	if (tables[kind].nslots == 0 || !may_remember(target))
		return false;
	tag = tag_of(rule, target);
	if (kind == SHORT)
	{
		ShortSlot slot = short_slot(tag, key[0]);
		const ShortSlot *set = set_of(&tables[SHORT], hash_short(slot));
		bool found = false;

		/* the place is anybody's guess: to look at all takes less than to guess wrong where to stop */
#pragma GCC unroll 8
		for (int i = 0; i < SHORT_WAYS; i++)
			found |= set[i] == slot;
		return found;
	}
	if (kind == NARROW)
	{
		const NarrowSlot *set = set_of(&tables[NARROW], hash_value(tag, key[0]));

		for (uint32 i = 0; i < tables[NARROW].ways; i++)
		{
			if (set[i].key == key[0] && set[i].tag == tag)
				return true;
		}
		return false;
	}
	return has_wide(rule, target, tag, key);
}

/* The key was found in the target and is locked; it is not in the memo yet. */
void
ta_memo_add(const TaRule *rule, const TaRuleTarget *target, const Datum *key)
{
	TableKind kind = kind_of(rule, target);
	union
	{
		ShortSlot narrowest;
		NarrowSlot narrow;
		WideSlot wide;
	} slot;

	if (!may_remember(target))
		return;
	make_room(kind);
	if (tables[kind].nslots == 0)
		return;
	memset(&slot, 0, sizeof(slot));
	if (kind == SHORT)
		slot.narrowest = short_slot(tag_of(rule, target), key[0]);
	else if (kind == NARROW)
		slot.narrow = (NarrowSlot){.key = key[0], .tag = tag_of(rule, target)};
	else
	{
		int length;

		if (!make_wide(rule, target, key, slot.wide.key, &length))
			return;
		slot.wide.tag = tag_of(rule, target);
		slot.wide.length = length;
	}
	put(kind, &slot, hash_of_slot(kind, &slot));
}

/* ---- forgetting ---- */

static void
forget_all(void)
{
	/* tags begin anew before they could come round: then no slot may hold one */
	bool wipe = last_tag > PG_UINT32_MAX / 2;

	for (int i = 0; i < lengthof(tables); i++)
	{
		Table *table = &tables[i];

		table->used = 0;
		if (table_bytes(table) > KEPT_BYTES)
		{
			pfree(table->slots);
			table->slots = NULL;
			table->nslots = 0;
		}
		else if (wipe && table->slots != NULL)
			memset(table->slots, 0, table_bytes(table));
	}
	if (wipe)
		last_tag = 0;
	first_tag = last_tag + 1;
	epoch++;
}

/*
 * assoc_internal.forget_parents(): BEFORE DELETE OR UPDATE OR TRUNCATE of each
 * statement on a parent, also for a session_replication_role of replica.
 */
Datum
ta_forget_parents(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid relid;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "forget_parents")));
	if (!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired BEFORE STATEMENT", "forget_parents")));

	relid = RelationGetRelid(trigger->tg_relation);
	if (!list_member_oid(forgotten, relid))
	{
		MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

		forgotten = lappend_oid(forgotten, relid);
		MemoryContextSwitchTo(caller);
	}
	return PointerGetDatum(NULL);
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	forgotten = NIL;
	forget_all();
}

static void
subxact_callback(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_all();
}

/* Called once per backend, from _PG_init. */
void
ta_memo_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterSubXactCallback(subxact_callback, NULL);
}
