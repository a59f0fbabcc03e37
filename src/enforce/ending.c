/*
 * src/enforce/ending.c
 *		Updates after which a row of a parent may no longer be referred to.
 *
 * A child's check locks its parent FOR KEY SHARE.  PostgreSQL lets that stand
 * in the way of a DELETE, and of an UPDATE of columns that have a unique index,
 * but not of any other UPDATE.  Those that take a row from its children all the
 * same (it is deleted softly, it leaves the scope, or its key has no unique
 * index) must wait for who refers to it, and make him wait.  So a trigger
 * BEFORE the row's UPDATE locks it FOR UPDATE.
 *
 * Who has inserted a child, and then updates the same parent, deadlocks with
 * who takes it away meanwhile: that one has locked the row for its UPDATE before
 * any trigger is called.
 *
 * A later BEFORE trigger may still turn an UPDATE into one of these.  The old
 * row tells: an UPDATE by who has locked it FOR UPDATE marks it as one whose
 * key changes.  The AFTER trigger raises if that is not so.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "enforce/ending.h"
#include "enforce/rule.h"
#include "enforce/rule_make.h"

PG_FUNCTION_INFO_V1(ta_parent_ending);

/* Whether the row is not deleted softly. */
bool
ta_ending_lives(const TaParentEvent *event, TupleTableSlot *row)
{
	const TaRuleTarget *target = event->target;
	bool isnull;
	Datum value;

	if (target->soft_delete == 0)
		return true;
	value = slot_getattr(row, ta_rule_attnum(event->use, target->soft_delete), &isnull);
	return isnull || (target->soft_delete_boolean && !DatumGetBool(value));
}

/* Whether children may refer to the row: it is not deleted softly, and fits the scope. */
bool
ta_ending_eligible(const TaParentEvent *event, TupleTableSlot *row)
{
	const TaRuleTarget *target = event->target;
	bool isnull;
	Datum value;

	for (int i = 0; i < target->nscope; i++)
	{
		value = slot_getattr(row, ta_rule_attnum(event->use, target->scope[i].column), &isnull);
		if (!ta_rule_fits(&target->scope[i], value, isnull))
			return false;
	}
	return ta_ending_lives(event, row);
}

/*
 * Whether rows may refer to the old row at all: it has a key, and, unless
 * children that were deleted softly kept theirs, is none that checks refuse.
 * What a deferred check has yet to refuse is not this row's affair.
 */
bool
ta_ending_is_referable(const TaParentEvent *event)
{
	return !ta_event_has_null(event) &&
		   (event->use->rule->child_soft_delete != 0 || ta_ending_eligible(event, event->old));
}

/* The column that says which rows were deleted softly together; 0: there is none. */
AttrNumber
ta_ending_batch_column(Oid relid)
{
	AttrNumber attnum = get_attnum(relid, "deletion_id");

	return attnum > 0 && get_atttype(relid, attnum) == UUIDOID ? attnum : InvalidAttrNumber;
}

/* Whether the UPDATE takes the row from those that refer to it, in a way that KEY SHARE does not stand in. */
static bool
ends(const TaParentEvent *event)
{
	if (ta_event_has_null(event))
		return false;
	if (!event->target->unique && !ta_event_has_same_key(event))
		return true;
	return ta_ending_eligible(event, event->old) && !ta_ending_eligible(event, event->new);
}

/* Raises unless the old row was locked FOR UPDATE before it was updated. */
void
ta_ending_check_locked(const TaParentEvent *event)
{
	if (event->tuple != NULL && (event->tuple->t_data->t_infomask2 & HEAP_KEYS_UPDATED) != 0)
		return;
	ta_rule_unresolved(
		event->use->rule->reference,
		psprintf("A row of table \"%s\" was taken from those that refer to it without"
				 " a lock: the trigger \"%s\" is missing, or a later one has changed"
				 " the row.",
				 RelationGetRelationName(event->parent),
				 ta_trigger_name(TA_TRIGGER_ENDING, event->use->rule->reference)));
}

/* Locks the row FOR UPDATE: waits for who refers to it, and lets nobody do so from now on. */
static void
lock_row(const TriggerData *trigger)
{
	TupleTableSlot *slot = table_slot_create(trigger->tg_relation, NULL);
	TM_FailureData failure;
	TM_Result result;

	result = table_tuple_lock(trigger->tg_relation, &trigger->tg_trigtuple->t_self,
							  GetActiveSnapshot(), slot, GetCurrentCommandId(false),
							  LockTupleExclusive, LockWaitBlock, 0, &failure);
	/* the UPDATE has locked this version already; one that this command has changed it tells of itself */
	if (result != TM_Ok && result != TM_SelfModified)
		elog(ERROR, "could not lock the row to be updated: %d", result);
	ExecDropSingleTupleTableSlot(slot);
}

/* The new row with the mark of its batch: a new one when it is deleted softly, none when it lives again. */
static HeapTuple
mark_batch(const TaParentEvent *event, HeapTuple row)
{
	TupleDesc desc = RelationGetDescr(event->parent);
	int column = ta_ending_batch_column(RelationGetRelid(event->parent));
	bool was = ta_ending_eligible(event, event->old);
	bool is = ta_ending_eligible(event, event->new);
	bool isnull = is;
	Datum value;

	if (column == 0 || event->target->soft_delete == 0 || was == is ||
		event->use->rule->on_delete.kind != TA_RULE_CASCADE)
		return row;
	/* one that an action of ours has set is that of the row above */
	if (!is && !slot_attisnull(event->new, column))
		return row;
	value = is ? (Datum) 0 : DirectFunctionCall1(gen_random_uuid, (Datum) 0);
	return heap_modify_tuple_by_cols(row, desc, 1, &column, &value, &isnull);
}

/*
 * assoc_internal.parent_ending('reference'): BEFORE UPDATE of each row of a
 * parent that can be deleted softly, has a scope, or whose key is not unique.
 */
Datum
ta_parent_ending(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const TaRuleUse *use;
	HeapTuple row;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "parent_ending")));
	if (!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired BEFORE UPDATE for each row",
							   "parent_ending")));

	use = ta_rule_of_parent(trigger);
	row = trigger->tg_newtuple;
	for (int i = 0; i < use->rule->ntargets; i++)
	{
		TaParentEvent event = {.use = use,
							   .target = &use->rule->targets[i],
							   .parent = trigger->tg_relation,
							   .tuple = trigger->tg_trigtuple,
							   .old = trigger->tg_trigslot,
							   .new = trigger->tg_newslot};

		if (!ta_event_is_in_target(&event))
			continue;
		if (ends(&event))
			lock_row(trigger);
		row = mark_batch(&event, row);
	}
	return PointerGetDatum(row);
}
