/*
 * src/enforce/probe_index.c
 *		The same promise by the target's index, without a query.
 *
 * The steps and their order are those that PostgreSQL 19's own fast path arrived
 * at: the target is locked and this transaction's work made visible
 * (enforce/probe), then a snapshot taken, then, as the target's owner, the index
 * scanned; the row is locked, at READ COMMITTED in its last version, whose key
 * is compared again if the chain of versions was followed.
 *
 * Everything is opened for one call and closed in it: handles that outlived it
 * would keep ALTER TABLE away later in the transaction, and dangle after an
 * error in a subtransaction.
 *
 * Many keys that come in the index's order need not each be looked for from the
 * root: the index is walked from one to the next where most of what is in it is
 * asked for.  The walk only ever finds; what it does not, is looked for as ever.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "enforce/probe_index.h"

/* fewer keys than this are not worth a trial */
#define WALK_KEYS 256
/* a walk goes from a key to the next in no more steps than this; else it jumps there, from the root */
#define WALK_STEPS 16
/* what a jump costs, in steps, with the entries of a page that it reads; and what a search costs that is spared */
#define JUMP_STEPS 40
#define SEARCH_STEPS 8

typedef struct Walk
{
	bool on;
	bool set_out; /* the scan is at the entry that was looked at last */
	int64 left; /* steps; each key found brings some, and when there are none the walk is over */
	int64
		most; /* what is left of them is never more, lest where keys are near pays for where they are far */
	ScanKeyData from; /* the key, and all after it */
} Walk;

struct TaIndexProbe
{
	Relation index;
	Snapshot snapshot;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	bool pushed; /* the snapshot is active: a cast may look at it */
	ScanKeyData keys[INDEX_MAX_KEYS];
	Walk walk;
};

/* What the query would be refused for, is refused here: rights of the target's owner. */
static void
check_rights(const TaProbe *probe)
{
	const TaRuleTarget *target = probe->target;
	Oid namespace_oid = RelationGetNamespace(probe->parent);
	const char *name = RelationGetRelationName(probe->parent);

	if (ta_namespace_aclcheck(namespace_oid, target->owner, ACL_USAGE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(namespace_oid));
	if (pg_class_aclcheck(target->relid, target->owner, ACL_UPDATE) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(target->relid, target->owner, ACL_UPDATE, ACLMASK_ANY) !=
			ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
	for (int i = 0; i < probe->rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];

		if (pg_class_aclcheck(target->relid, target->owner, ACL_SELECT) != ACLCHECK_OK &&
			pg_attribute_aclcheck(target->relid, pair->parent, target->owner, ACL_SELECT) !=
				ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
		if (ta_function_aclcheck(pair->equal.fn_oid, target->owner, ACL_EXECUTE) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(pair->equal.fn_oid));
		if (OidIsValid(pair->cast) &&
			ta_function_aclcheck(pair->cast, target->owner, ACL_EXECUTE) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(pair->cast));
	}
}

/* Opens the index and takes the snapshot; the target is open and locked. */
struct TaIndexProbe *
ta_probe_index_begin(const TaProbe *probe)
{
	const TaRule *rule = probe->rule;
	TaRuleTarget *target = &rule->targets[probe->target->number];
	struct TaIndexProbe *state = palloc(sizeof(struct TaIndexProbe));
	const char *command = target->share ? "SELECT FOR SHARE" : "SELECT FOR KEY SHARE";

	/* row locks write */
	if (probe->parent->rd_rel->relpersistence != RELPERSISTENCE_TEMP)
		PreventCommandIfReadOnly(command);
	PreventCommandIfParallelMode(command);
	if (!target->rights_checked)
	{
		check_rights(probe);
		target->rights_checked = true;
	}

	state->index = index_open(target->index, AccessShareLock);
	/* at READ COMMITTED a fresh one, else the transaction's; after the lock, for it may have waited */
	state->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	state->scan = ta_index_beginscan(probe->parent, state->index, state->snapshot, rule->ncolumns);
	state->slot = MakeSingleTupleTableSlot(target->row, table_slot_callbacks(probe->parent));
	state->pushed = false;
	state->walk.on = false;
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];
		int place = target->index_column[i];

		ScanKeyEntryInitializeWithInfo(&state->keys[place], 0, place + 1, BTEqualStrategyNumber,
									   pair->right_type == pair->left_type ? InvalidOid
																		   : pair->right_type,
									   pair->collation, unconstify(FmgrInfo *, &pair->equal),
									   (Datum) 0);
		state->pushed = state->pushed || OidIsValid(pair->cast);
	}
	if (state->pushed)
		PushActiveSnapshot(state->snapshot);
	return state;
}

void
ta_probe_index_end(TaProbe *probe)
{
	struct TaIndexProbe *state = probe->index;

	if (state->pushed)
		PopActiveSnapshot();
	index_endscan(state->scan);
	ExecDropSingleTupleTableSlot(state->slot);
	UnregisterSnapshot(state->snapshot);
	index_close(state->index, NoLock);
	pfree(state);
	probe->index = NULL;
}

/* The version that was locked is not the one that was found: does it still have the key? */
static bool
still_matches(const TaProbe *probe, TupleTableSlot *slot)
{
	for (int i = 0; i < probe->rule->ncolumns; i++)
	{
		const TaRulePair *pair = &probe->target->pair[i];
		bool isnull;
		Datum value = slot_getattr(slot, pair->parent, &isnull);

		if (isnull ||
			!DatumGetBool(
				FunctionCall2Coll(unconstify(FmgrInfo *, &pair->equal), pair->collation, value,
								  probe->index->keys[probe->target->index_column[i]].sk_argument)))
			return false;
	}
	return true;
}

static void
raise_serialization(bool deleted)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg(deleted ? TA_CONCURRENT_DELETE
								   : "could not serialize access due to concurrent update")));
}

/* Locks the row in the slot; false: it is gone, or has another key by now. */
static bool
lock_row(const TaProbe *probe)
{
	struct TaIndexProbe *state = probe->index;
	TM_FailureData failure;
	uint8 flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	switch (table_tuple_lock(probe->parent, &state->slot->tts_tid, state->snapshot, state->slot,
							 state->snapshot->curcid,
							 probe->target->share ? LockTupleShare : LockTupleKeyShare,
							 LockWaitBlock, flags, &failure))
	{
		case TM_Ok:
			return !failure.traversed || still_matches(probe, state->slot);
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				raise_serialization(true);
			return false;
		case TM_Updated:
			if (IsolationUsesXactSnapshot())
				raise_serialization(false);
			elog(ERROR, "the last version of a row was not found");
			return false;
		case TM_SelfModified:
			/* by this very command, or a later one: it counts no more */
			return false;
		case TM_Invisible:
			elog(ERROR, "attempted to lock invisible tuple");
			return false;
		default:
			elog(ERROR, "unexpected result of locking a row");
			return false;
	}
}

/* Whether the row may be referred to. */
static TaProbeResult
judge(const TaRuleTarget *target, TupleTableSlot *slot, bool live)
{
	bool isnull;
	Datum value;

	for (int i = 0; i < target->nscope; i++)
	{
		value = slot_getattr(slot, target->scope[i].column, &isnull);
		if (!ta_rule_fits(&target->scope[i], value, isnull))
			return TA_PROBE_OUTSIDE;
	}
	if (target->soft_delete != 0 && live)
	{
		value = slot_getattr(slot, target->soft_delete, &isnull);
		if (!isnull && (!target->soft_delete_boolean || DatumGetBool(value)))
			return TA_PROBE_DELETED;
	}
	return TA_PROBE_FOUND;
}

/* The key as the operators take it. */
static void
set_keys(const TaProbe *probe, const Datum *key)
{
	for (int i = 0; i < probe->rule->ncolumns; i++)
	{
		const TaRulePair *pair = &probe->target->pair[i];
		Datum value = key[i];

		if (OidIsValid(pair->cast))
			value = FunctionCall3(unconstify(FmgrInfo *, &pair->cast_function), value,
								  Int32GetDatum(-1), BoolGetDatum(false));
		probe->index->keys[probe->target->index_column[i]].sk_argument = value;
	}
}

/* ---- walking ---- */

/* As ta_probe_expect. */
void
ta_probe_index_expect(TaProbe *probe, int64 keys)
{
	const TaRulePair *pair = &probe->target->pair[0];
	struct TaIndexProbe *state = probe->index;
	Oid operator;

	/* to pass by rows that nobody asked for would be to have read them, at SERIALIZABLE */
	if (keys < WALK_KEYS || probe->rule->ncolumns != 1 || OidIsValid(pair->cast) ||
		IsolationIsSerializable())
		return;
	operator= get_opfamily_member(state->index->rd_opfamily[0], pair->left_type, pair->right_type,
								  BTGreaterEqualStrategyNumber);
	if (!OidIsValid(operator))
		return;
	/* a trial costs a few hundredths of the whole */
	state->walk = (Walk){.on = true, .left = keys / 4, .most = keys / 4};
	ScanKeyEntryInitialize(&state->walk.from, 0, 1, BTGreaterEqualStrategyNumber,
						   state->keys[0].sk_subtype, pair->collation, get_opcode(operator),
						   (Datum) 0);
}

/* Whether the walk comes to a row with the key, which is in the slot then. */
static bool
walk_to_key(const TaProbe *probe)
{
	struct TaIndexProbe *state = probe->index;
	Walk *walk = &state->walk;

	for (int i = 0; walk->set_out && i < WALK_STEPS; i++)
	{
		walk->left--;
		if (!index_getnext_slot(state->scan, ForwardScanDirection, state->slot))
			break;
		if (still_matches(probe, state->slot))
		{
			walk->left = Min(walk->left + SEARCH_STEPS, walk->most);
			return true;
		}
	}
	walk->left -= JUMP_STEPS;
	walk->on = walk->left > -JUMP_STEPS;
	walk->set_out = walk->on;
	if (!walk->on)
		return false;
	walk->from.sk_argument = state->keys[0].sk_argument;
	index_rescan(state->scan, &walk->from, 1, NULL, 0);
	return index_getnext_slot(state->scan, ForwardScanDirection, state->slot) &&
		   still_matches(probe, state->slot);
}

/* ---- looking for a key ---- */

/* All rows with the key, from the root of the index. */
static TaProbeResult
search(const TaProbe *probe, bool live)
{
	struct TaIndexProbe *state = probe->index;
	TaProbeResult result = TA_PROBE_MISSING;

	state->walk.set_out = false;
	index_rescan(state->scan, state->keys, probe->rule->ncolumns, NULL, 0);
	/* more than one row only where the key is not unique: one that fits is enough */
	while (result != TA_PROBE_FOUND &&
		   index_getnext_slot(state->scan, ForwardScanDirection, state->slot))
	{
		/* one that does not fit is not locked, and not waited for; one that does may not by then */
		TaProbeResult found = judge(probe->target, state->slot, live);

		if (found == TA_PROBE_FOUND)
		{
			if (!lock_row(probe))
				continue;
			found = judge(probe->target, state->slot, live);
		}
		if (found == TA_PROBE_FOUND || result == TA_PROBE_MISSING)
			result = found;
	}
	return result;
}

/* As ta_probe_key. */
TaProbeResult
ta_probe_index_key(TaProbe *probe, const Datum *key, bool live)
{
	struct TaIndexProbe *state = probe->index;
	TaProbeResult result;
	Oid saved_user;
	int saved_context;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(probe->target->owner,
						   saved_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	set_keys(probe, key);
	if (state->walk.on && walk_to_key(probe) &&
		judge(probe->target, state->slot, live) == TA_PROBE_FOUND && lock_row(probe) &&
		judge(probe->target, state->slot, live) == TA_PROBE_FOUND)
		result = TA_PROBE_FOUND;
	else
		result = search(probe, live);
	ExecClearTuple(state->slot);
	/* an error restores the identity at (sub)transaction abort */
	SetUserIdAndSecContext(saved_user, saved_context);
	return result;
}
