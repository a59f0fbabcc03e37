/*
 * src/enforce/rule.c
 *		Rules of this backend: found by trigger, dropped by invalidation.
 *
 * A rule rides on the relation cache of all tables it was made from: of its
 * child, of the child's partitions on which a trigger has fired, and of its
 * targets.  Writes of its catalog rows (store/guard) and DDL arrive through that
 * one channel.  What no relation's cache entry depends on (names of schemas,
 * roles, functions, operators) drops all rules.
 *
 * Lifetime: a rule has a memory context of its own, in which all that belongs
 * to it is.  An invalidation may arrive under a reader; it marks the rule,
 * unlinks it, and leaves it on a list that is freed at the end of the top
 * transaction, with its kept plans.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "enforce/rule.h"
#include "enforce/rule_make.h"
#include "pg/facts.h"

typedef struct KeptPlan
{
	int purpose;
	int target;
	TaSpiPlan *plan;
} KeptPlan;

/* That a rule depends on a relation. */
typedef struct Link
{
	dlist_node of_relation;
	struct TaRuleEntry *entry;
	struct Link *next_of_entry;
} Link;

/* A rule as a trigger sees it. */
typedef struct Use
{
	TaRuleUse use; /* first: a TaRuleUse * is a Use * */
	Oid trigger;
	struct Use *next_of_entry;
} Use;

typedef struct TaRuleEntry
{
	TaRule *rule;
	MemoryContext context;
	uint64 hash; /* of the reference */
	Link *links;
	Use *uses;
	List *plans; /* of KeptPlan * */
	struct TaRuleEntry *next_dead;
} Entry;

typedef struct ReferenceSlot
{
	uint64 hash; /* key */
	Entry *entry;
} ReferenceSlot;

typedef struct TriggerSlot
{
	Oid trigger; /* key */
	Use *use;
} TriggerSlot;

typedef struct RelationSlot
{
	Oid relid; /* key */
	dlist_head links;
} RelationSlot;

static HTAB *by_reference = NULL;
static HTAB *by_trigger = NULL;
static HTAB *by_relation = NULL;
static Entry *dead = NULL;

/* the trigger that fired last, in most cases the one that fires next */
static Use *last_use = NULL;

/* counts invalidations: what was read before one must not be kept after it */
static uint64 invalidations = 0;

/* our own table: gone with DROP EXTENSION */
static Oid config_relid = InvalidOid;

/* ---- invalidation ---- */

/* Nobody finds the rule any more; who holds it may read on.  Allocates nothing. */
static void
kill_entry(Entry *entry)
{
	entry->rule->valid = false;
	for (Link *link = entry->links; link != NULL; link = link->next_of_entry)
		dlist_delete(&link->of_relation);
	for (Use *use = entry->uses; use != NULL; use = use->next_of_entry)
		hash_search(by_trigger, &use->trigger, HASH_REMOVE, NULL);
	hash_search(by_reference, &entry->hash, HASH_REMOVE, NULL);
	last_use = NULL;
	entry->next_dead = dead;
	dead = entry;
}

static void
kill_all(void)
{
	HASH_SEQ_STATUS status;
	ReferenceSlot *slot;

	/* removing the element just returned is allowed while scanning */
	hash_seq_init(&status, by_reference);
	while ((slot = hash_seq_search(&status)) != NULL)
		kill_entry(slot->entry);
}

static void
relcache_callback(Datum arg, Oid relid)
{
	RelationSlot *slot;

	invalidations++;
	if (!OidIsValid(relid) || relid == config_relid)
	{
		kill_all();
		return;
	}
	slot = hash_search(by_relation, &relid, HASH_FIND, NULL);
	while (slot != NULL && !dlist_is_empty(&slot->links))
		kill_entry(dlist_head_element(Link, of_relation, &slot->links)->entry);
}

static void
syscache_callback(Datum arg, TaSysCacheId cacheid, uint32 hashvalue)
{
	invalidations++;
	kill_all();
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	while (dead != NULL)
	{
		Entry *entry = dead;
		ListCell *lc;

		dead = entry->next_dead;
		foreach(lc, entry->plans)
			ta_spi_plan_free(((KeptPlan *) lfirst(lc))->plan);
		MemoryContextDelete(entry->context);
	}
}

/* ---- making and finding rules ---- */

static uint64
hash_reference(const char *reference)
{
	return hash_bytes_extended((const unsigned char *) reference, strlen(reference), 0);
}

/* From now on the relation's invalidation is the entry's. */
static void
link_relation(Entry *entry, Oid relid)
{
	Link *link;
	RelationSlot *slot;
	bool found;

	link = MemoryContextAlloc(entry->context, sizeof(Link));
	slot = hash_search(by_relation, &relid, HASH_ENTER, &found);
	if (!found)
		dlist_init(&slot->links);
	dlist_push_head(&slot->links, &link->of_relation);
	link->entry = entry;
	link->next_of_entry = entry->links;
	entry->links = link;
}

/* Puts a complete rule where it is found. */
static void
publish(Entry *entry)
{
	ReferenceSlot *slot;
	bool found;

	slot = hash_search(by_reference, &entry->hash, HASH_ENTER, &found);
	if (found)
		kill_entry(slot->entry); /* of another reference with the same hash: they take turns */
	slot = hash_search(by_reference, &entry->hash, HASH_ENTER, &found);
	slot->entry = entry;
	entry->rule->valid = true;
	link_relation(entry, entry->rule->child);
	for (int i = 0; i < entry->rule->ntargets; i++)
	{
		ListCell *lc;

		link_relation(entry, entry->rule->targets[i].relid);
		foreach(lc, entry->rule->targets[i].heirs)
			link_relation(entry, lfirst_oid(lc));
	}
}

/* Makes the rule anew, until nothing changes while it is made. */
static Entry *
make_entry(const char *reference)
{
	for (;;)
	{
		uint64 seen = invalidations;
		MemoryContext context;
		MemoryContext caller;
		Entry *entry;

		CHECK_FOR_INTERRUPTS();

		/* below the caller's context, so that an error frees it; moved when it is whole */
		context =
			AllocSetContextCreate(CurrentMemoryContext, "todo_assoc rule", ALLOCSET_SMALL_SIZES);
		caller = MemoryContextSwitchTo(context);
		config_relid = ta_rel_lookup("assoc_internal", "enforced");
		entry = palloc0(sizeof(Entry));
		entry->context = context;
		entry->hash = hash_reference(reference);
		entry->rule = ta_rule_make(reference);
		entry->rule->entry = entry;
		entry->rule->context = context;
		MemoryContextSwitchTo(caller);
		if (seen != invalidations)
		{
			MemoryContextDelete(context);
			continue;
		}
		MemoryContextSetParent(context, CacheMemoryContext);
		publish(entry);
		return entry;
	}
}

/* The rule of this reference, made if need be.  Invalidations on their way reach us here. */
static Entry *
find_entry(const char *reference)
{
	uint64 hash = hash_reference(reference);
	ReferenceSlot *slot;

	AcceptInvalidationMessages();
	slot = hash_search(by_reference, &hash, HASH_FIND, NULL);
	if (slot != NULL && strcmp(slot->entry->rule->reference, reference) == 0)
		return slot->entry;
	return make_entry(reference);
}

/* ---- uses by triggers ---- */

/* Whether the relation is the table, or one of its partitions at any depth. */
static bool
is_or_is_partition_of(Relation rel, Oid relid)
{
	if (RelationGetRelid(rel) == relid)
		return true;
	return rel->rd_rel->relispartition &&
		   list_member_oid(get_partition_ancestors(RelationGetRelid(rel)), relid);
}

/* The side of the rule that the trigger's table is on: the table the rule names; InvalidOid: none. */
static Oid
side_of(const TaRule *rule, Relation rel, bool child)
{
	if (child)
		return is_or_is_partition_of(rel, rule->child) ? rule->child : InvalidOid;
	for (int i = 0; i < rule->ntargets; i++)
	{
		if (is_or_is_partition_of(rel, rule->targets[i].relid) ||
			list_member_oid(rule->targets[i].heirs, RelationGetRelid(rel)))
			return rule->targets[i].relid;
	}
	return InvalidOid;
}

/* How many columns the table has, dropped ones counted. */
static int
count_columns(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int n;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	n = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return n;
}

/* The numbers that a table's columns have in its partition or heir, by name; NULL: the same. */
static AttrNumber *
map_columns(Oid table, Relation partition)
{
	int n = count_columns(table);
	AttrNumber *map;
	bool same = true;

	if (table == RelationGetRelid(partition))
		return NULL;
	map = palloc0(sizeof(AttrNumber) * n);
	for (int i = 0; i < n; i++)
	{
		char *name = get_attname(table, i + 1, true);

		/* a dropped column is none of the rule's */
		map[i] = name == NULL ? InvalidAttrNumber : get_attnum(RelationGetRelid(partition), name);
		same = same && map[i] == i + 1;
	}
	return same ? NULL : map;
}

/* How the trigger uses the rule, in the rule's memory; NULL when something has changed meanwhile. */
static Use *
try_use(const TriggerData *trigger, bool child)
{
	Relation rel = trigger->tg_relation;
	Entry *entry = find_entry(trigger->tg_trigger->tgargs[0]);
	uint64 seen = invalidations;
	Oid table = side_of(entry->rule, rel, child);
	MemoryContext caller;
	TriggerSlot *slot;
	Use *use;
	bool found;

	if (!OidIsValid(table))
		ta_rule_unresolved(entry->rule->reference,
						   psprintf("Trigger \"%s\" is on table \"%s\", which is not its %s.",
									trigger->tg_trigger->tgname, RelationGetRelationName(rel),
									child ? "child" : "parent"));

	caller = MemoryContextSwitchTo(entry->context);
	use = palloc0(sizeof(Use));
	use->use.rule = entry->rule;
	use->use.relid = RelationGetRelid(rel);
	use->use.map = map_columns(table, rel);
	use->trigger = trigger->tg_trigger->tgoid;
	MemoryContextSwitchTo(caller);
	if (seen != invalidations)
		return NULL;

	if (table != RelationGetRelid(rel))
		link_relation(entry, RelationGetRelid(rel));
	slot = hash_search(by_trigger, &use->trigger, HASH_ENTER, &found);
	if (found)
		kill_entry(slot->use->use.rule->entry); /* an OID that has been used before */
	if (!entry->rule->valid)
		return NULL;
	slot = hash_search(by_trigger, &use->trigger, HASH_ENTER, &found);
	slot->use = use;
	use->next_of_entry = entry->uses;
	entry->uses = use;
	return use;
}

/* How the trigger uses the rule that its argument names. */
static Use *
make_use(const TriggerData *trigger, bool child)
{
	Use *use;

	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("trigger \"%s\" must have the name of a reference as its argument",
							   trigger->tg_trigger->tgname)));
	while ((use = try_use(trigger, child)) == NULL)
		CHECK_FOR_INTERRUPTS();
	return use;
}

static inline const TaRuleUse *
find_use(const TriggerData *trigger, bool child)
{
	TriggerSlot *slot;

	/* an entry that was killed is in no last_use and in no slot */
	if (last_use != NULL && last_use->trigger == trigger->tg_trigger->tgoid &&
		last_use->use.relid == RelationGetRelid(trigger->tg_relation))
		return &last_use->use;
	slot = hash_search(by_trigger, &trigger->tg_trigger->tgoid, HASH_FIND, NULL);
	if (slot != NULL && slot->use->use.relid == RelationGetRelid(trigger->tg_relation))
		last_use = slot->use;
	else
		last_use = make_use(trigger, child);
	return &last_use->use;
}

/*
 * The rule that a trigger on a child works by.  Raises 55000 if the reference
 * cannot be resolved, or the trigger's table is not its child nor a partition of it.
 */
const TaRuleUse *
ta_rule_of_child(const TriggerData *trigger)
{
	return find_use(trigger, true);
}

/* The same for a trigger on a parent.  Several targets may be the trigger's table. */
const TaRuleUse *
ta_rule_of_parent(const TriggerData *trigger)
{
	return find_use(trigger, false);
}

/* ---- plans ---- */

/* The plan kept for the rule under this purpose and target, or NULL. */
TaSpiPlan *
ta_rule_plan(const TaRule *rule, int purpose, int target)
{
	ListCell *lc;

	foreach(lc, rule->entry->plans)
	{
		KeptPlan *kept = lfirst(lc);

		if (kept->purpose == purpose && kept->target == target)
			return kept->plan;
	}
	return NULL;
}

/* Keeps the plan with the rule, which frees it. */
void
ta_rule_keep_plan(const TaRule *rule, int purpose, int target, TaSpiPlan *plan)
{
	MemoryContext caller = MemoryContextSwitchTo(rule->entry->context);
	KeptPlan *kept = palloc(sizeof(KeptPlan));

	kept->purpose = purpose;
	kept->target = target;
	kept->plan = plan;
	rule->entry->plans = lappend(rule->entry->plans, kept);
	MemoryContextSwitchTo(caller);
}

/* Called once per backend, from _PG_init. */
void
ta_rule_init(void)
{
	static const TaSysCacheId caches[] = {NAMESPACEOID, AUTHOID,          AUTHMEMMEMROLE, OPEROID,
										  AMOPOPID,     CASTSOURCETARGET, PROCOID};
	HASHCTL references = {.keysize = sizeof(uint64), .entrysize = sizeof(ReferenceSlot)};
	HASHCTL triggers = {.keysize = sizeof(Oid), .entrysize = sizeof(TriggerSlot)};
	HASHCTL relations = {.keysize = sizeof(Oid), .entrysize = sizeof(RelationSlot)};

	by_reference = hash_create("todo_assoc rules", 64, &references, HASH_ELEM | HASH_BLOBS);
	by_trigger = hash_create("todo_assoc triggers", 64, &triggers, HASH_ELEM | HASH_BLOBS);
	by_relation = hash_create("todo_assoc rule tables", 64, &relations, HASH_ELEM | HASH_BLOBS);

	CacheRegisterRelcacheCallback(relcache_callback, (Datum) 0);
	for (int i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], syscache_callback, (Datum) 0);
	RegisterXactCallback(xact_callback, NULL);
}
