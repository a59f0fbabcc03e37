/*
 * src/enforce/parent.c
 *		The triggers of a parent: protocol, which keys are gone, and who acts.
 *
 * Constraint triggers of our own have none of the queue's knowledge of native
 * keys, so what RI_FKey_pk_upd_check_required() leaves out is left out here: a
 * row with a null in its key, and one whose key has the same bytes as before.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "enforce/action.h"
#include "enforce/ending.h"
#include "enforce/parent_set.h"
#include "enforce/rule.h"
#include "enforce/violation.h"

PG_FUNCTION_INFO_V1(ta_parent_deleted);
PG_FUNCTION_INFO_V1(ta_parent_moved);
PG_FUNCTION_INFO_V1(ta_parent_updated);
PG_FUNCTION_INFO_V1(ta_parent_ended);
PG_FUNCTION_INFO_V1(ta_parent_truncated);

/*
 * Raises unless the function was called as it is meant to be: for the kind of
 * event, AFTER each row, or AFTER a statement whose rows it is given.
 */
static void
check_protocol(FunctionCallInfo fcinfo, const char *function, TriggerEvent event)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" was not called by trigger manager", function)));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired AFTER %s", function,
							   event == TRIGGER_EVENT_TRUNCATE ? "STATEMENT" : "ROW")));
	if ((trigger->tg_event & TRIGGER_EVENT_OPMASK) != event)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired for %s", function,
							   event == TRIGGER_EVENT_DELETE   ? "DELETE"
							   : event == TRIGGER_EVENT_UPDATE ? "UPDATE"
															   : "TRUNCATE")));
	if (event != TRIGGER_EVENT_TRUNCATE && TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) &&
		(trigger->tg_oldtable == NULL ||
		 (event == TRIGGER_EVENT_UPDATE && trigger->tg_newtable == NULL)))
		ereport(
			ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"%s\" must be given the rows of a statement", function),
			 errhint("CREATE TRIGGER .. REFERENCING OLD TABLE AS old_rows%s FOR EACH STATEMENT.",
					 event == TRIGGER_EVENT_UPDATE ? " NEW TABLE AS new_rows" : "")));
}

/*
 * The reference's rule, with the child locked: what is read of the rule is read
 * under the lock, for names, columns and indexes may have changed while we
 * waited.
 */
static const TaRuleUse *
lock_child(const TriggerData *trigger, TriggerEvent event, Relation *child)
{
	for (;;)
	{
		const TaRuleUse *use = ta_rule_of_parent(trigger);
		LOCKMODE lock = event == TRIGGER_EVENT_DELETE   ? ta_enact_lock(&use->rule->on_delete)
						: event == TRIGGER_EVENT_UPDATE ? ta_enact_lock(&use->rule->on_update)
														: AccessShareLock;

		CHECK_FOR_INTERRUPTS();
		/* if it is gone, the rule says so when it is made anew */
		*child = try_table_open(use->rule->child, lock);
		if (*child != NULL && use->rule->valid)
			return use;
		if (*child != NULL)
			table_close(*child, NoLock);
	}
}

/* What becomes of those that refer to a row that is deleted, moved, or gets another key. */
static void
act_on_key(TaParentEvent *event, Relation child)
{
	const TaRule *rule = event->use->rule;
	bool updated = event->new != NULL || event->moved;

	if (!ta_ending_is_referable(event) || (event->new != NULL &&ta_event_has_same_key(event)))
		return;
	if (event->new != NULL && !event->target->unique)
		ta_ending_check_locked(event);
	ta_enact(event, child, updated ? &rule->on_update : &rule->on_delete);
}

/* What becomes of those that refer to a row that is deleted softly, leaves its scope, or comes back. */
static void
act_on_life(TaParentEvent *event)
{
	bool was;
	bool is;

	if (event->target->soft_delete == 0 && event->target->nscope == 0)
		return;
	was = ta_ending_eligible(event, event->old);
	is = ta_ending_eligible(event, event->new);
	if (was && !is)
		ta_ending_check_locked(event);
	if (was != is)
		ta_enact_eligible(event, is);
}

/* Whether another trigger of the reference on the table, of this kind, fires as well. */
static bool
another_fires(const TriggerData *trigger, TaTriggerKind kind)
{
	const TriggerDesc *triggers = trigger->tg_relation->trigdesc;
	char *name;

	/* one without an argument is not ours, and refused */
	if (trigger->tg_trigger->tgnargs != 1)
		return false;
	name = ta_trigger_name(kind, trigger->tg_trigger->tgargs[0]);
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *other = &triggers->triggers[i];

		if (strcmp(other->tgname, name) == 0)
			return other->tgenabled == TRIGGER_FIRES_ALWAYS ||
				   other->tgenabled == TRIGGER_FIRES_ON_ORIGIN;
	}
	return false;
}

/* What an event of the parent's is about. */
#define OF_KEY 1
#define OF_LIFE 2

/* The rows that refer to the old row of the trigger, by each of the targets that its table is. */
static void
act(const TriggerData *trigger, bool updated, bool moved, int about)
{
	TriggerEvent kind = updated || moved ? TRIGGER_EVENT_UPDATE : TRIGGER_EVENT_DELETE;
	Relation child;
	const TaRuleUse *use;
	const TaRule *rule;

	/* a statement without rows is to rows' triggers none */
	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) &&
		tuplestore_tuple_count(trigger->tg_oldtable) == 0)
		return;
	use = lock_child(trigger, kind, &child);
	rule = use->rule;
	for (int i = 0; i < rule->ntargets; i++)
	{
		TaParentEvent event = {.use = use,
							   .target = &rule->targets[i],
							   .parent = trigger->tg_relation,
							   .tuple = trigger->tg_trigtuple,
							   .old = trigger->tg_trigslot,
							   .new = updated ? trigger->tg_newslot : NULL,
							   .moved = moved};

		if (!ta_event_is_in_target(&event))
			continue;
		if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		{
			ta_parent_set(trigger, use, event.target, child);
			continue;
		}
		if (about & OF_KEY)
			act_on_key(&event, child);
		if (about & OF_LIFE)
			act_on_life(&event);
	}
	table_close(child, NoLock);
}

/* Whether the row that is deleted went to another partition. */
static bool
is_moved(const TriggerData *trigger)
{
	return TRIGGER_FIRED_FOR_ROW(trigger->tg_event) &&
		   HeapTupleHeaderIndicatesMovedPartitions(trigger->tg_trigtuple->t_data);
}

/*
 * assoc_internal.parent_deleted(): AFTER DELETE of each row, or of a statement.
 *
 * A row that an UPDATE moves to another partition is deleted in the one and
 * inserted in the other.  The queue leaves such a DELETE out for native keys
 * only; to us the old row says where it went.
 */
Datum
ta_parent_deleted(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_protocol(fcinfo, "parent_deleted", TRIGGER_EVENT_DELETE);
	if (!is_moved(trigger))
		act(trigger, false, false, OF_KEY);
	else if (!another_fires(trigger, TA_TRIGGER_MOVED))
		act(trigger, false, true, OF_KEY);
	return PointerGetDatum(NULL);
}

/*
 * assoc_internal.parent_moved(): AFTER DELETE of each row that an UPDATE has
 * moved to another partition, where ON UPDATE comes at another moment than ON
 * DELETE.
 */
Datum
ta_parent_moved(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_protocol(fcinfo, "parent_moved", TRIGGER_EVENT_DELETE);
	if (is_moved(trigger))
		act(trigger, false, true, OF_KEY);
	return PointerGetDatum(NULL);
}

/* assoc_internal.parent_updated(): AFTER UPDATE of each row, or of a statement. */
Datum
ta_parent_updated(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_protocol(fcinfo, "parent_updated", TRIGGER_EVENT_UPDATE);
	act(trigger, true, false, another_fires(trigger, TA_TRIGGER_ENDED) ? OF_KEY : OF_KEY | OF_LIFE);
	return PointerGetDatum(NULL);
}

/*
 * assoc_internal.parent_ended(): AFTER UPDATE of each row by which it may be
 * deleted softly, leave its scope, or come back, where that comes at another
 * moment than ON UPDATE: what it means to the children is ON DELETE's.
 */
Datum
ta_parent_ended(PG_FUNCTION_ARGS)
{
	check_protocol(fcinfo, "parent_ended", TRIGGER_EVENT_UPDATE);
	act((TriggerData *) fcinfo->context, true, false, OF_LIFE);
	return PointerGetDatum(NULL);
}

/* Raises what a native key would, whose HINT may name CASCADE; that does not reach our children. */
static void
refuse_truncate(Relation parent, Relation child)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot truncate a table referenced in a foreign key constraint"),
			 errdetail("Table \"%s\" references \"%s\".", RelationGetRelationName(child),
					   RelationGetRelationName(parent)),
			 errhint("Truncate table \"%s\" at the same time.", RelationGetRelationName(child))));
}

/*
 * assoc_internal.parent_truncated(): AFTER TRUNCATE.
 *
 * A native key refuses TRUNCATE of its parent unless the child is in the same
 * command.  Here it is refused if a row is left that refers to the table: of
 * the child, if it was in the same command, none is, but only after it.  One
 * partition of a parent is refused like the whole.
 */
Datum
ta_parent_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation child;
	const TaRuleUse *use;

	check_protocol(fcinfo, "parent_truncated", TRIGGER_EVENT_TRUNCATE);
	use = lock_child(trigger, TRIGGER_EVENT_TRUNCATE, &child);
	for (int i = 0; i < use->rule->ntargets; i++)
	{
		TaParentEvent event = {.use = use,
							   .target = &use->rule->targets[i],
							   .parent = trigger->tg_relation};

		if (ta_event_is_in_target(&event) && ta_enact_any_left(&event))
			refuse_truncate(event.parent, child);
	}
	table_close(child, NoLock);
	return PointerGetDatum(NULL);
}
