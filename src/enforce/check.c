/*
 * src/enforce/check.c
 *		The child's row trigger: what a row refers to exists, and is locked.
 *
 * Does what RI_FKey_check does, in its order; what need not ask the database
 * (nulls, the memo) is looked at before the row's own liveness, for both only
 * end the check.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "enforce/memo.h"
#include "enforce/probe.h"
#include "enforce/row.h"
#include "enforce/violation.h"
#include "store/restored.h"

PG_FUNCTION_INFO_V1(ta_check_reference);
PG_FUNCTION_INFO_V1(ta_by_this_transaction);

static TriggerData *
check_protocol(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "check_reference")));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired AFTER ROW", "check_reference")));
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired for INSERT or UPDATE", "check_reference")));
	return trigger;
}

/* Whether the transaction made this version, so that its own check may have been left to the next one's. */
static bool
is_ours(TupleTableSlot *slot)
{
	bool isnull;
	TransactionId xmin =
		DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));

	return TransactionIdIsCurrentTransactionId(xmin);
}

/* The row that a check is about, and whether it need be looked at. */
static TupleTableSlot *
new_version(const TriggerData *trigger)
{
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newslot : trigger->tg_trigslot;
}

/*
 * Whether the row still is to be checked: not if it was deleted since, or updated,
 * for then the newer version's check is the one that counts; nor if an update
 * left it referring as it did.
 */
static bool
need_check(const TriggerData *trigger, const TaRuleUse *use, TupleTableSlot *slot)
{
	if (!table_tuple_satisfies_snapshot(trigger->tg_relation, slot, SnapshotSelf))
		return false;
	return !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) || is_ours(trigger->tg_trigslot) ||
		   !ta_row_refers_alike(use, trigger->tg_trigslot, slot);
}

/* The key was found for a row of this kind; a row deleted softly proves less of its parent. */
static void
remember(const TaRule *rule, const TaRow *row, const Datum *key)
{
	if (row->live || row->target->soft_delete == 0)
		ta_memo_add(rule, row->target, key);
}

/* One key of the row; false: the rule has changed, begin anew. */
static bool
check_key(const TriggerData *trigger, const TaRuleUse *use, TupleTableSlot *slot, const TaRow *row)
{
	TaProbe probe;
	TaProbeResult result;

	if (ta_memo_has(use->rule, row->target, row->key) || !need_check(trigger, use, slot))
		return true;
	if (!ta_probe_begin(&probe, use->rule, row->target))
		return false;
	result = ta_probe_key(&probe, row->key, row->live);
	ta_probe_end(&probe);
	if (result != TA_PROBE_FOUND)
		ta_violation_missing(use, trigger->tg_relation, slot, row->target, NULL, result);
	remember(use->rule, row, row->key);
	return true;
}

/* All elements of the row's array, with the target opened once. */
static bool
check_elements(const TriggerData *trigger, const TaRuleUse *use, TupleTableSlot *slot,
			   const TaRow *row)
{
	TaProbe probe;
	Datum *elements;
	int n;
	bool open = false;

	if (!need_check(trigger, use, slot))
		return true;
	n = ta_row_elements(use->rule, row, &elements);
	for (int i = 0; i < n; i++)
	{
		TaProbeResult result;

		if (ta_memo_has(use->rule, row->target, &elements[i]))
			continue;
		if (!open && !ta_probe_begin(&probe, use->rule, row->target))
			return false;
		open = true;
		result = ta_probe_key(&probe, &elements[i], row->live);
		if (result != TA_PROBE_FOUND)
			ta_violation_missing(use, trigger->tg_relation, slot, row->target, &elements[i],
								 result);
		remember(use->rule, row, &elements[i]);
	}
	if (open)
		ta_probe_end(&probe);
	return true;
}

/* Checks the row; false: the rule has changed meanwhile. */
static bool
check_row(const TriggerData *trigger, const TaRuleUse *use)
{
	TupleTableSlot *slot = new_version(trigger);
	TaRow row;
	TaRowKind kind = ta_row_read(use, slot, &row);

	if (kind == TA_ROW_NOTHING)
		return true;
	if (kind == TA_ROW_REFERS)
		return use->rule->element ? check_elements(trigger, use, slot, &row)
								  : check_key(trigger, use, slot, &row);
	if (!need_check(trigger, use, slot))
		return true;
	if (kind == TA_ROW_UNKNOWN_TYPE)
		ta_violation_type(use, trigger->tg_relation, slot);
	if (use->rule->type_column != 0)
		ta_violation_half_null(use, trigger->tg_relation);
	ta_violation_match_full(use, trigger->tg_relation);
	return true;
}

/*
 * assoc_internal.check_reference('reference'): AFTER INSERT OR UPDATE of each row
 * of a child, or of a partition of it.  Raises 23503 as a native key does, 40001
 * where a native key does, and 55000 if the reference cannot be enforced.
 */
Datum
ta_check_reference(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = check_protocol(fcinfo);
	const TaRuleUse *use = ta_rule_of_child(trigger);

	if (ta_restored_passes(use->rule->reference, use->rule->child))
		return PointerGetDatum(NULL);
	while (!check_row(trigger, use))
	{
		CHECK_FOR_INTERRUPTS();
		use = ta_rule_of_child(trigger);
	}
	return PointerGetDatum(NULL);
}

/*
 * assoc_internal.by_this_transaction(xid): for the WHEN of a trigger, whether this
 * transaction made the version with this xmin.
 */
Datum
ta_by_this_transaction(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(TransactionIdIsCurrentTransactionId(PG_GETARG_TRANSACTIONID(0)));
}
