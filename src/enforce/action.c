/*
 * src/enforce/action.c
 *		What becomes of the rows that refer to a parent whose key is gone.
 *
 * As ri_triggers.c does it: one query for each row of the parent, as the owner
 * of the table that is read or changed, row security not forced, with triggers
 * fired at the end of the statement around us.  It sees the latest rows: at
 * REPEATABLE READ and SERIALIZABLE a child that was committed after this
 * transaction's snapshot would be left an orphan otherwise.  A row to be
 * changed that this snapshot does not see is a serialization failure.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "executor/tuptable.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "enforce/absent.h"
#include "enforce/action.h"
#include "enforce/action_sql.h"
#include "enforce/ending.h"
#include "enforce/violation.h"

/* Whether the target is the trigger's table, or one that it is a part of. */
bool
ta_event_is_in_target(const TaParentEvent *event)
{
	Oid relid = RelationGetRelid(event->parent);

	return event->target->relid == relid || list_member_oid(event->target->heirs, relid) ||
		   (event->parent->rd_rel->relispartition &&
			list_member_oid(get_partition_ancestors(relid), event->target->relid));
}

/* Whether a column of the key is null: then nothing refers to the row. */
bool
ta_event_has_null(const TaParentEvent *event)
{
	for (int i = 0; i < event->use->rule->ncolumns; i++)
	{
		if (slot_attisnull(event->old, ta_rule_attnum(event->use, event->target->pair[i].parent)))
			return true;
	}
	return false;
}

/* Whether the key has the bytes it had: equal values in other bytes are passed on to the children. */
bool
ta_event_has_same_key(const TaParentEvent *event)
{
	TupleDesc desc = RelationGetDescr(event->parent);

	for (int i = 0; i < event->use->rule->ncolumns; i++)
	{
		AttrNumber attnum = ta_rule_attnum(event->use, event->target->pair[i].parent);
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
		bool old_null;
		bool new_null;
		Datum old = slot_getattr(event->old, attnum, &old_null);
		Datum new = slot_getattr(event->new, attnum, &new_null);

		if (old_null != new_null)
			return false;
		if (!old_null && !datum_image_eq(old, new, att->attbyval, att->attlen))
			return false;
	}
	return true;
}

/* The lock on the child that the action's query will take. */
LOCKMODE
ta_enact_lock(const TaRuleAction *action)
{
	return action->kind == TA_RULE_NO_ACTION || action->kind == TA_RULE_RESTRICT ? RowShareLock
																				 : RowExclusiveLock;
}

/* The statement that SPI runs for the query, and whether it reads or changes rows. */
static int
expected_of(TaActionQuery query)
{
	switch (query)
	{
		case TA_QUERY_REPLACED:
		case TA_QUERY_REPLACED_LIVE:
		case TA_QUERY_MOVED:
		case TA_QUERY_REFERRED:
		case TA_QUERY_REFERRED_LIVE:
		case TA_QUERY_LEFT:
			return TA_SPI_SELECTS;
		case TA_QUERY_DELETE:
			return TA_SPI_DELETES;
		default:
			return TA_SPI_UPDATES;
	}
}

static Oid
role_of(const TaRule *rule, const TaRuleTarget *target, TaActionQuery query)
{
	return query == TA_QUERY_REPLACED || query == TA_QUERY_REPLACED_LIVE || query == TA_QUERY_MOVED
			   ? target->owner
			   : rule->child_owner;
}

/*
 * The plan, kept with the rule.  Planning may take notice of a change that
 * makes the rule stale: then the plan is for this once (what it was made from
 * is locked), and the rule's next user makes all anew.
 */
static TaSpiPlan *
plan_of(const TaRule *rule, const TaRuleTarget *target, TaActionQuery query, TaQueryKeys keys,
		bool *kept)
{
	int purpose = TA_PLAN_PARENT + (int) query * TA_KEYS_FORMS + (int) keys;
	TaSpiPlan *plan = ta_rule_plan(rule, purpose, target->number);

	*kept = true;
	if (plan == NULL)
	{
		Oid types[TA_ACTION_MAX_PARAMETERS];
		int ntypes;
		char *sql = ta_query_sql(rule, target, query, keys, types, &ntypes);

		/*
		 * A plan for given values would cast the key to the type of the
		 * elements beforehand, also where none is equal to it and it does not
		 * fit; and for a large array it costs more than it gives.
		 */
		plan = ta_spi_plan_make(sql, ntypes, types, role_of(rule, target, query),
								rule->element || keys != TA_KEYS_ONE);
		*kept = rule->valid;
		if (*kept)
			ta_rule_keep_plan(rule, purpose, target->number, plan);
		pfree(sql);
	}
	return plan;
}

/* Runs the query and hands its rows to the function, if there is one; how many it found, or changed. */
static uint64
run_any(const TaRule *rule, const TaRuleTarget *target, Relation parent, TaActionQuery query,
		TaQueryKeys keys, const Datum *values, const char *nulls, uint64 limit, TaRowFunction row,
		void *arg)
{
	TaSpiRun how = {.role = role_of(rule, target, query),
					.detect_new = true,
					.limit = limit,
					.expected = expected_of(query)};
	bool kept;
	TaSpiPlan *plan = plan_of(rule, target, query, keys, &kept);
	uint64 processed;

	if (!ta_spi_plan_run(plan, values, nulls, &how, row, arg, &processed))
		ta_violation_rewritten(rule, parent);
	if (!kept)
		ta_spi_plan_free(plan);
	return processed;
}

/* The same for the event's row. */
static uint64
run_query(const TaParentEvent *event, TaActionQuery query, const Datum *values, const char *nulls,
		  uint64 limit, TaRowFunction row, void *arg)
{
	return run_any(event->use->rule, event->target, event->parent, query, TA_KEYS_ONE, values,
				   nulls, limit, row, arg);
}

/* The key of a row of the trigger's table. */
static void
key_values(const TaParentEvent *event, TupleTableSlot *slot, Datum *values, char *nulls)
{
	for (int i = 0; i < event->use->rule->ncolumns; i++)
	{
		bool isnull;

		values[i] =
			slot_getattr(slot, ta_rule_attnum(event->use, event->target->pair[i].parent), &isnull);
		nulls[i] = isnull ? 'n' : ' ';
	}
}

/* Runs a query about the event's old key; whether it found a row. */
static bool
find(const TaParentEvent *event, TaActionQuery query)
{
	Datum values[INDEX_MAX_KEYS];
	char nulls[INDEX_MAX_KEYS];

	key_values(event, event->old, values, nulls);
	return run_query(event, query, values, nulls, 1, NULL, NULL) > 0;
}

/* Runs a query that changes all rows that refer to the event's old key. */
static void
change(const TaParentEvent *event, TaActionQuery query)
{
	Datum values[INDEX_MAX_KEYS];
	char nulls[INDEX_MAX_KEYS];

	key_values(event, event->old, values, nulls);
	(void) run_query(event, query, values, nulls, 0, NULL, NULL);
}

/*
 * Raises for a row that went to another partition.  That was an UPDATE of the
 * table as a whole, which is what a native key names then.
 */
static void
refuse_moved(const TaParentEvent *event, bool restricted)
{
	const TaRule *rule = event->use->rule;
	TaRuleUse use = {.rule = rule, .relid = event->target->relid};
	Relation parent = table_open(event->target->relid, AccessShareLock);
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(parent), &TTSOpsVirtual);

	ExecStoreAllNullTuple(row);
	for (int i = 0; i < rule->ncolumns; i++)
	{
		AttrNumber column = event->target->pair[i].parent;

		row->tts_values[column - 1] = slot_getattr(event->old, ta_rule_attnum(event->use, column),
												   &row->tts_isnull[column - 1]);
	}
	ta_violation_referenced(&use, parent, row, event->target, restricted);
}

/* Raises if a row refers to the old key. */
static void
refuse_referred(const TaParentEvent *event, bool restricted)
{
	if (!find(event, TA_QUERY_REFERRED))
		return;
	if (event->moved)
		refuse_moved(event, restricted);
	ta_violation_referenced(event->use, event->parent, event->old, event->target, restricted);
}

/* ---- a key that follows ---- */

typedef struct Moved
{
	const TaRule *rule;
	const TaRuleTarget *target;
	Datum *values;
	char *nulls;
} Moved;

static void
keep_key(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Moved *moved = arg;

	for (int i = 0; i < moved->rule->ncolumns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool isnull;
		Datum value = heap_getattr(tuple, i + 1, desc, &isnull);

		moved->values[i] = isnull ? (Datum) 0 : datumCopy(value, att->attbyval, att->attlen);
		moved->nulls[i] = isnull ? 'n' : ' ';
	}
}

/*
 * The key that a row has in the partition that it was moved to.  The old row
 * says which command has moved it, not where: the new one is the only row that
 * command made.  Of several nobody could tell which is whose.
 */
static void
find_moved(const TaParentEvent *event, Datum *values, char *nulls)
{
	Moved moved = {event->use->rule, event->target, values, nulls};
	HeapTupleHeader old = event->tuple->t_data;
	Datum made_by[2] = {TransactionIdGetDatum(HeapTupleHeaderGetUpdateXid(old)),
						CommandIdGetDatum(HeapTupleHeaderGetCmax(old))};

	if (run_query(event, TA_QUERY_MOVED, made_by, NULL, 2, keep_key, &moved) == 1)
		return;
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("constraint \"%s\" on table \"%s\" cannot follow several rows to other "
						   "partitions of \"%s\"",
						   moved.rule->name, get_rel_name(moved.rule->child),
						   get_rel_name(moved.target->relid)),
					errdetail("Rows refer to a key that an UPDATE has moved with others."),
					errhint("Move the rows that are referred to one by one.")));
}

static void
follow(const TaParentEvent *event)
{
	const TaRule *rule = event->use->rule;
	Datum values[2 * INDEX_MAX_KEYS];
	char nulls[2 * INDEX_MAX_KEYS];

	key_values(event, event->old, values, nulls);
	if (event->new != NULL)
		key_values(event, event->new, values + rule->ncolumns, nulls + rule->ncolumns);
	else if (!find(event, TA_QUERY_REFERRED))
		return;
	else
		find_moved(event, values + rule->ncolumns, nulls + rule->ncolumns);
	(void) run_query(event, TA_QUERY_FOLLOW, values, nulls, 0, NULL, NULL);
}

/* ---- actions ---- */

/*
 * A row whose default is the very key that is gone does not change, and so its
 * own check is not made: the one of NO ACTION is made instead.
 */
static void
set_default(const TaParentEvent *event, bool updated)
{
	change(event, updated ? TA_QUERY_DEFAULT_UPDATED : TA_QUERY_DEFAULT_DELETED);
	if (!find(event, TA_QUERY_REPLACED))
		refuse_referred(event, false);
}

/*
 * Does what the action says.  The child is open, with the action's lock.
 *
 * Of a key that several rows of the parent may have, each keeps the children
 * valid: nothing happens until the last one goes.  Two sessions that delete the
 * last two of them at the same time each ask for the other's row and lock it,
 * so one waits for the other, or the deadlock detector ends one.  A row that
 * went to another partition may have its key still.
 */
void
ta_enact(const TaParentEvent *event, Relation child, const TaRuleAction *action)
{
	bool updated = event->new != NULL || event->moved;
	Datum key[INDEX_MAX_KEYS];
	char nulls[INDEX_MAX_KEYS];

	key_values(event, event->old, key, nulls);
	if (ta_absent(event->use->rule, event->target, child, key))
		return;
	if ((action->kind == TA_RULE_NO_ACTION || !event->target->unique || event->moved) &&
		find(event, TA_QUERY_REPLACED))
		return;

	switch (action->kind)
	{
		case TA_RULE_NO_ACTION:
			refuse_referred(event, false);
			break;
		case TA_RULE_RESTRICT:
			refuse_referred(event, true);
			break;
		case TA_RULE_CASCADE:
			if (updated)
				follow(event);
			else
				change(event, TA_QUERY_DELETE);
			break;
		case TA_RULE_SET_NULL:
			change(event, updated ? TA_QUERY_NULL_UPDATED : TA_QUERY_NULL_DELETED);
			break;
		case TA_RULE_SET_DEFAULT:
			set_default(event, updated);
			break;
	}
}

/* ---- rows that end, and live again ---- */

/* The values of TA_QUERY_END and TA_QUERY_REVIVE: the key, the batch, and when it was. */
static void
batch_values(const TaParentEvent *event, TupleTableSlot *row, Datum *values, char *nulls)
{
	AttrNumber batch = ta_ending_batch_column(RelationGetRelid(event->parent));
	int n = event->use->rule->ncolumns;
	bool isnull = true;

	key_values(event, event->new, values, nulls);
	values[n] = batch != 0 ? slot_getattr(row, batch, &isnull) : (Datum) 0;
	nulls[n++] = isnull ? 'n' : ' ';
	isnull = true;
	values[n] =
		event->target->soft_delete != 0
			? slot_getattr(row, ta_rule_attnum(event->use, event->target->soft_delete), &isnull)
			: (Datum) 0;
	nulls[n] = isnull ? 'n' : ' ';
}

/* CASCADE: children are deleted softly as their parent is, under its mark. */
static void
end_children(const TaParentEvent *event)
{
	Datum values[TA_ACTION_MAX_PARAMETERS];
	char nulls[TA_ACTION_MAX_PARAMETERS];

	batch_values(event, event->new, values, nulls);
	(void) run_query(event, TA_QUERY_END, values, nulls, 0, NULL, NULL);
}

/* Those that were deleted softly with it live again, and no others. */
static void
revive_children(const TaParentEvent *event)
{
	const TaRule *rule = event->use->rule;
	Datum values[TA_ACTION_MAX_PARAMETERS];
	char nulls[TA_ACTION_MAX_PARAMETERS];

	if (rule->on_delete.kind != TA_RULE_CASCADE || rule->child_soft_delete == 0 ||
		ta_ending_batch_column(rule->child) == 0)
		return;
	batch_values(event, event->old, values, nulls);
	if (nulls[rule->ncolumns] != 'n')
		(void) run_query(event, TA_QUERY_REVIVE, values, nulls, 0, NULL, NULL);
}

/*
 * What becomes of the living children of a row that stays, with its key, but
 * may no longer be referred to: what ON DELETE says.  If it may again, its batch
 * comes back.  CASCADE deletes children that cannot be deleted softly where the
 * row has left the scope; where it was deleted softly itself it refuses, for
 * they could not come back with it.
 */
void
ta_enact_eligible(const TaParentEvent *event, bool eligible)
{
	const TaRule *rule = event->use->rule;
	TaParentEvent now = *event;

	now.old = event->new;
	if (ta_event_has_null(&now))
		return;
	if (eligible)
	{
		revive_children(event);
		return;
	}
	if ((rule->on_delete.kind == TA_RULE_NO_ACTION || !event->target->unique) &&
		find(&now, TA_QUERY_REPLACED_LIVE))
		return;

	switch (rule->on_delete.kind)
	{
		case TA_RULE_NO_ACTION:
		case TA_RULE_RESTRICT:
			break;
		case TA_RULE_CASCADE:
			if (rule->child_soft_delete != 0)
				end_children(event);
			else if (ta_ending_lives(event, event->new))
				change(&now, TA_QUERY_DELETE);
			else if (find(&now, TA_QUERY_REFERRED_LIVE))
				ta_violation_stays(event->use, event->parent, event->new, event->target);
			return;
		case TA_RULE_SET_NULL:
			change(&now, TA_QUERY_NULL_LIVE);
			return;
		case TA_RULE_SET_DEFAULT:
			change(&now, TA_QUERY_DEFAULT_LIVE);
			break;
	}
	if (find(&now, TA_QUERY_REFERRED_LIVE))
		ta_violation_referenced(event->use, event->parent, event->new, event->target,
								rule->on_delete.kind == TA_RULE_RESTRICT);
}

/* Whether a row of the child refers to anything in the target; the event has no rows. */
bool
ta_enact_any_left(const TaParentEvent *event)
{
	return run_query(event, TA_QUERY_LEFT, NULL, NULL, 1, NULL, NULL) > 0;
}

/* ---- many keys at once ---- */

/*
 * Runs a query about the old keys of many rows, each of its parameters an
 * array.  Returns whether it found, or changed, a row.
 */
bool
ta_enact_query(const TaParentEvent *event, Relation child, TaActionQuery query, const Datum *arrays)
{
	const TaRule *rule = event->use->rule;
	const TaRuleTarget *target = event->target;
	TaQueryKeys keys = ta_query_has_any(rule, target) && ta_absent_can_tell(rule, target, child)
						   ? TA_KEYS_ANY
						   : TA_KEYS_JOINED;

	return run_any(rule, target, event->parent, query, keys, arrays, NULL,
				   expected_of(query) == TA_SPI_SELECTS ? 1 : 0, NULL, NULL) > 0;
}
