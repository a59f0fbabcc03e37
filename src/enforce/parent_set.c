/*
 * src/enforce/parent_set.c
 *		The parent's side for the rows of a statement together.
 *
 * For triggers AFTER a statement, with its old (and new) rows in transition
 * tables.  What the rows' own triggers would do one by one is done by one query
 * for many keys, or is seen in one walk through the child's index not to be
 * needed.  Where the outcome could depend on the order of rows, or a row must be
 * named in an error, they are gone through one by one after all: ON UPDATE
 * CASCADE, keys that are not unique, elements, whatever is still referred to
 * under RESTRICT and NO ACTION, and in mode trigger a child with BEFORE ROW
 * triggers: they would see, and could change, rows that their own command is
 * about to change.
 *
 * Nothing is kept after the call.  Memory is that of a chunk of keys.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "enforce/absent.h"
#include "enforce/action.h"
#include "enforce/ending.h"
#include "enforce/parent_set.h"
#include "enforce/rule_make.h"
#include "pg/facts.h"

/* Keys that are acted on together: enough to make scanning a child without an index rare. */
#define CHUNK_KEYS 131072
#define CHUNK_BYTES (64 * 1024 * 1024)

/* A few keys are sooner done one by one. */
#define SET_KEYS 2

typedef struct Set
{
	TaParentEvent event; /* its rows: slots for those of the transition tables */
	Relation child;
	const TaRuleAction *action;
	TupleTableSlot *row; /* for a key of the chunk */
	MemoryContext context; /* of the chunk */
	Datum *keys; /* those of the chunk, one behind the other */
	int n;
	Size bytes;
} Set;

/* The event of key number i: its rows have nothing but the old key, and no action here looks at another. */
static TaParentEvent
event_of(Set *set, int i)
{
	const TaRule *rule = set->event.use->rule;
	TaParentEvent event = set->event;

	ExecStoreAllNullTuple(set->row);
	for (int c = 0; c < rule->ncolumns; c++)
	{
		int place = ta_rule_attnum(event.use, event.target->pair[c].parent) - 1;

		set->row->tts_values[place] = set->keys[i * rule->ncolumns + c];
		set->row->tts_isnull[place] = false;
	}
	event.old = set->row;
	if (event.new != NULL)
		event.new = set->row;
	return event;
}

/* One by one: each key, or those that are marked. */
static void
act_each(Set *set, const TaRuleAction *action, const bool *marked)
{
	for (int i = 0; i < set->n; i++)
	{
		TaParentEvent event;

		CHECK_FOR_INTERRUPTS();
		if (marked != NULL && !marked[i])
			continue;
		event = event_of(set, i);
		ta_enact(&event, set->child, action);
	}
}

/* The chunk's keys as arrays, one for each column. */
static void
make_arrays(Set *set, Datum *arrays)
{
	const TaRule *rule = set->event.use->rule;
	Datum *values = palloc(sizeof(Datum) * set->n);

	for (int c = 0; c < rule->ncolumns; c++)
	{
		Oid type = getBaseType(set->event.target->pair[c].parent_type);
		int16 length;
		bool by_value;
		char align;

		for (int i = 0; i < set->n; i++)
			values[i] = set->keys[i * rule->ncolumns + c];
		get_typlenbyvalalign(type, &length, &by_value, &align);
		arrays[c] = PointerGetDatum(construct_array(values, set->n, type, length, by_value, align));
	}
}

static bool
query_set(Set *set, TaActionQuery query)
{
	Datum arrays[INDEX_MAX_KEYS];

	make_arrays(set, arrays);
	return ta_enact_query(&set->event, set->child, query, arrays);
}

/* RESTRICT and NO ACTION: what is referred to is left to the rows' own way, which names the first. */
static void
refuse(Set *set, const TaRuleAction *action)
{
	bool *present = palloc(sizeof(bool) * set->n);
	int count = ta_absent_keys(set->event.use->rule, set->event.target, set->child, set->keys,
							   set->n, present);

	/* with no index to tell, one scan of the child may tell that there are none */
	if (count == 0 || (count == set->n && !query_set(set, TA_QUERY_REFERRED)))
		return;
	act_each(set, action, present);
}

/* Whether the table runs code of its owner before each row that the action deletes or updates. */
static bool
has_before_row(Relation rel, bool deleted)
{
	const TriggerDesc *triggers = rel->trigdesc;

	return triggers != NULL &&
		   (deleted ? triggers->trig_delete_before_row : triggers->trig_update_before_row);
}

/* The same of the child, or of one of its partitions, for the action; its query locks them no less. */
static bool
child_has_before_row(const Set *set)
{
	const TaRule *rule = set->event.use->rule;
	bool deleted = set->action->kind == TA_RULE_CASCADE;
	bool found = has_before_row(set->child, deleted);
	ListCell *lc;

	if (found || !rule->child_partitioned)
		return found;
	foreach(lc, find_all_inheritors(rule->child, ta_enact_lock(set->action), NULL))
	{
		Relation part = table_open(lfirst_oid(lc), NoLock);

		found = found || has_before_row(part, deleted);
		table_close(part, NoLock);
	}
	return found;
}

/* Whether the keys must be gone through one by one. */
static bool
needs_each(const Set *set)
{
	const TaRule *rule = set->event.use->rule;

	if (set->n < SET_KEYS || !set->event.target->unique ||
		!ta_query_has_set(rule, set->event.target))
		return true;
	return !rule->statement && set->action->kind != TA_RULE_NO_ACTION &&
		   set->action->kind != TA_RULE_RESTRICT && child_has_before_row(set);
}

static void
act_together(Set *set)
{
	static const TaRuleAction no_action = {.kind = TA_RULE_NO_ACTION};
	bool updated = set->event.new != NULL;

	switch (set->action->kind)
	{
		case TA_RULE_NO_ACTION:
		case TA_RULE_RESTRICT:
			refuse(set, set->action);
			break;
		case TA_RULE_CASCADE:
			(void) query_set(set, TA_QUERY_DELETE);
			break;
		case TA_RULE_SET_NULL:
			(void) query_set(set, updated ? TA_QUERY_NULL_UPDATED : TA_QUERY_NULL_DELETED);
			break;
		case TA_RULE_SET_DEFAULT:
			(void) query_set(set, updated ? TA_QUERY_DEFAULT_UPDATED : TA_QUERY_DEFAULT_DELETED);
			refuse(set, &no_action);
			break;
	}
}

/* Acts on the chunk, and begins a new one. */
static void
flush(Set *set)
{
	MemoryContext caller = MemoryContextSwitchTo(set->context);

	if (needs_each(set))
		act_each(set, set->action, NULL);
	else
		act_together(set);

	MemoryContextSwitchTo(caller);
	MemoryContextReset(set->context);
	set->keys = NULL;
	set->n = 0;
	set->bytes = 0;
}

/* Adds the old key of the row at hand to the chunk. */
static void
add_key(Set *set)
{
	const TaRule *rule = set->event.use->rule;
	TupleDesc desc = RelationGetDescr(set->event.parent);
	MemoryContext caller = MemoryContextSwitchTo(set->context);

	if (set->keys == NULL)
		set->keys = palloc(sizeof(Datum) * CHUNK_KEYS * rule->ncolumns);
	for (int c = 0; c < rule->ncolumns; c++)
	{
		AttrNumber attnum = ta_rule_attnum(set->event.use, set->event.target->pair[c].parent);
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
		bool isnull;
		Datum value = slot_getattr(set->event.old, attnum, &isnull);

		set->keys[set->n * rule->ncolumns + c] = datumCopy(value, att->attbyval, att->attlen);
		if (!att->attbyval)
			set->bytes += datumGetSize(value, att->attbyval, att->attlen);
	}
	set->n++;
	MemoryContextSwitchTo(caller);
	if (set->n == CHUNK_KEYS || set->bytes >= CHUNK_BYTES)
		flush(set);
}

/* Goes to the next row whose key is gone; false: there is none. */
static bool
next_row(Set *set, const TriggerData *trigger)
{
	TaParentEvent *event = &set->event;

	while (tuplestore_gettupleslot(trigger->tg_oldtable, true, false, event->old))
	{
		CHECK_FOR_INTERRUPTS();
		/* the rows of an UPDATE stand in both tables in the same order */
		if (event->new != NULL &&
			!tuplestore_gettupleslot(trigger->tg_newtable, true, false, event->new))
			elog(ERROR, "the transition tables of an UPDATE differ");
		if (ta_ending_is_referable(event) && (event->new == NULL || !ta_event_has_same_key(event)))
			return true;
	}
	return false;
}

/*
 * Does what the action says for all rows of a statement, of one target: the
 * trigger's table, of which the trigger has the old rows, and of an UPDATE the
 * new ones.  The child is open, with the action's lock.
 */
void
ta_parent_set(const TriggerData *trigger, const TaRuleUse *use, const TaRuleTarget *target,
			  Relation child)
{
	bool updated = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	TupleDesc desc = RelationGetDescr(trigger->tg_relation);
	Set set = {.event = {.use = use, .target = target, .parent = trigger->tg_relation},
			   .child = child,
			   .action = updated ? &use->rule->on_update : &use->rule->on_delete};

	/* of such a row only the row itself can tell whether it was locked, or is the table's own and not an heir's */
	if ((updated && (!target->unique || target->soft_delete != 0 || target->nscope > 0)) ||
		!ta_rel_is_plain_table(RelationGetRelid(trigger->tg_relation)))
		ta_rule_unresolved(use->rule->reference,
						   psprintf("Trigger \"%s\" on table \"%s\" must be FOR EACH ROW.",
									trigger->tg_trigger->tgname,
									RelationGetRelationName(trigger->tg_relation)));
	set.row = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	set.event.old = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(trigger->tg_oldtable);
	if (updated)
	{
		set.event.new = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
		tuplestore_rescan(trigger->tg_newtable);
	}
	set.context =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc keys", ALLOCSET_DEFAULT_SIZES);

	while (next_row(&set, trigger))
	{
		/*
		 * In the order of the rows: a key that one row gave up and another one
		 * took is followed by the children as the rows' own triggers would.
		 */
		if (updated && set.action->kind == TA_RULE_CASCADE)
			ta_enact(&set.event, child, set.action);
		else
			add_key(&set);
	}
	flush(&set);

	MemoryContextDelete(set.context);
	ExecDropSingleTupleTableSlot(set.row);
	ExecDropSingleTupleTableSlot(set.event.old);
	if (updated)
		ExecDropSingleTupleTableSlot(set.event.new);
}
