/*
 * src/enforce/absent.c
 *		Seeing in the child's index that nothing refers to a key.
 *
 * Most parents that are deleted have no children, and then every action's query
 * finds, and does, nothing.  That can be seen in the child's index, at a
 * fraction of the query's cost.  The index is read with the snapshot that the
 * query would get, so it holds a row if and only if the query would find one;
 * what is found, locks and waits is left to the query.
 *
 * What nobody has committed yet is in neither: its transaction holds KEY SHARE
 * on the parent, so the parent's DELETE has waited for its end, or it will wait
 * for ours.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/guc.h"
#include "enforce/absent.h"

/* The argument of a scan key that stands there already: the type's value. */
#define CONSTANT (-1)

/* How the rows that refer to a target are found; chosen once for each rule. */
typedef struct TaReferring
{
	Oid index; /* InvalidOid: no index serves */
	int nkeys;
	ScanKeyData keys[INDEX_MAX_KEYS + 1];
	int pair[INDEX_MAX_KEYS + 1]; /* whose key is the argument */
} TaReferring;

/* ---- choosing the index ---- */

/* Adds a scan key for the index column at this place. */
static void
add_key(TaReferring *way, int place, Oid operator, Oid collation, int pair, Datum argument)
{
	Oid left;
	Oid right;

	op_input_types(operator, & left, &right);
	ScanKeyEntryInitialize(&way->keys[way->nkeys], 0, place + 1, BTEqualStrategyNumber, right,
						   collation, get_opcode(operator), argument);
	way->pair[way->nkeys++] = pair;
}

/* Whether the operator is equality of the index column at this place, its left side as it is stored. */
static bool
is_equality(Relation index, int place, Oid operator)
{
	Oid left;
	Oid right;

	if (!OidIsValid(operator) ||
		get_op_opfamily_strategy(operator, index->rd_opfamily[place]) != BTEqualStrategyNumber)
		return false;
	op_input_types(operator, & left, &right);
	return left == index->rd_opcintype[place];
}

/* Adds the key for one column of the index; false: the reference has no such column, or it will not do. */
static bool
match_column(TaReferring *way, const TaRule *rule, const TaRuleTarget *target, Relation child,
			 Relation index, int place)
{
	AttrNumber attnum = index->rd_index->indkey.values[place];
	Oid collation = index->rd_indcollation[place];

	/* the query compares by the column's collation */
	if (attnum <= 0 ||
		collation != TupleDescAttr(RelationGetDescr(child), attnum - 1)->attcollation)
		return false;
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];
		Oid operator= get_commutator(pair->operator);

		if (pair->child != attnum || OidIsValid(pair->cast) || !is_equality(index, place, operator))
			continue;
		add_key(way, place, operator, collation, i, (Datum) 0);
		return true;
	}
	if (rule->type_column == attnum)
	{
		const TaRuleTest *test = &rule->types[target->number];

		if (!is_equality(index, place, test->operator))
			return false;
		add_key(way, place, test->operator, collation, CONSTANT, test->values[0]);
		return true;
	}
	return false;
}

/* Whether the index leads to all columns of the reference, and fills in how. */
static bool
serves(TaReferring *way, const TaRule *rule, const TaRuleTarget *target, Relation child,
	   Relation index)
{
	Form_pg_index form = index->rd_index;
	int pairs = 0;

	way->nkeys = 0;
	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indcheckxmin ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
		return false;
	for (int place = 0; place < form->indnkeyatts && place <= rule->ncolumns; place++)
	{
		if (!match_column(way, rule, target, child, index, place))
			break;
		if (way->pair[way->nkeys - 1] != CONSTANT)
			pairs++;
	}
	return pairs == rule->ncolumns;
}

/*
 * Chooses the index.  None where the query might do otherwise than find
 * nothing: it could be rewritten by a rule, or its owner may have no right to
 * it.  GRANT and CREATE RULE make the rule stale.
 */
static void
choose_index(TaReferring *way, const TaRule *rule, const TaRuleTarget *target, Relation child)
{
	const AclMode rights = ACL_SELECT | ACL_UPDATE | ACL_DELETE;
	ListCell *lc;

	way->index = InvalidOid;
	if (rule->element || rule->child_partitioned || child->rd_rel->relhasrules ||
		pg_class_aclmask(rule->child, rule->child_owner, rights, ACLMASK_ALL) != rights)
		return;
	foreach(lc, RelationGetIndexList(child))
	{
		TaReferring *other = palloc0(sizeof(TaReferring));
		Relation index = index_open(lfirst_oid(lc), AccessShareLock);

		if (serves(other, rule, target, child, index) &&
			(!OidIsValid(way->index) || other->nkeys > way->nkeys))
		{
			*way = *other;
			way->index = RelationGetRelid(index);
		}
		index_close(index, AccessShareLock);
	}
}

/* The way to the rows that refer to the target, made when first asked for, in the rule's memory. */
static const TaReferring *
get_way(const TaRule *rule, const TaRuleTarget *target, Relation child)
{
	if (target->referring == NULL)
	{
		MemoryContext caller =
			MemoryContextSwitchTo(GetMemoryChunkContext(unconstify(TaRule *, rule)));
		TaReferring *way = palloc0(sizeof(TaReferring));

		choose_index(way, rule, target, child);
		unconstify(TaRuleTarget *, target)->referring = way;
		MemoryContextSwitchTo(caller);
	}
	return target->referring;
}

/* Whether an index of the child leads to the rows that refer to a key of the target. */
bool
ta_absent_can_tell(const TaRule *rule, const TaRuleTarget *target, Relation child)
{
	return OidIsValid(get_way(rule, target, child)->index);
}

/* ---- looking ---- */

/* Whether a row with the key is one that counts: of the target's type, and fit for the condition. */
static bool
counts(const TaRule *rule, const TaRuleTarget *target, TupleTableSlot *row)
{
	for (int i = -1; i < rule->ncondition; i++)
	{
		const TaRuleTest *test = i < 0 ? &rule->types[target->number] : &rule->condition[i];
		bool isnull;
		Datum value;

		if (i < 0 && rule->type_column == 0)
			continue;
		value = slot_getattr(row, test->column, &isnull);
		if (!ta_rule_fits(test, value, isnull))
			return false;
	}
	return true;
}

/* Whether a row that counts has the key: by a scan that begins anew for each. */
static bool
scan_finds(const TaReferring *way, IndexScanDesc scan, TupleTableSlot *slot, const TaRule *rule,
		   const TaRuleTarget *target, const Datum *key)
{
	ScanKeyData keys[INDEX_MAX_KEYS + 1];

	memcpy(keys, way->keys, sizeof(ScanKeyData) * way->nkeys);
	for (int i = 0; i < way->nkeys; i++)
	{
		if (way->pair[i] != CONSTANT)
			keys[i].sk_argument = key[way->pair[i]];
	}
	index_rescan(scan, keys, way->nkeys, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		if (counts(rule, target, slot))
			return true;
	}
	return false;
}

/* Looks for n keys, one behind the other; sets found for each, and returns how many were. */
static int
scan_all(const TaReferring *way, const TaRule *rule, const TaRuleTarget *target, Relation child,
		 const Datum *keys, int n, bool *found)
{
	Relation index = index_open(way->index, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(child, NULL);
	IndexScanDesc scan = ta_index_beginscan(child, index, GetActiveSnapshot(), way->nkeys);
	int count = 0;

	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		found[i] = scan_finds(way, scan, slot, rule, target, keys + i * rule->ncolumns);
		count += found[i];
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, NoLock);
	return count;
}

/*
 * Looks which of n keys no row of the child refers to.  keys has the values of
 * each, none null, one key behind the other.  Clears present for those that are
 * certain; sets it for those about which the query must be asked, and returns
 * their number.  The child is open, and locked as for the query.
 */
int
ta_absent_keys(const TaRule *rule, const TaRuleTarget *target, Relation child, const Datum *keys,
			   int n, bool *present)
{
	const TaReferring *way = get_way(rule, target, child);
	Oid saved_user;
	int saved_context;
	int count;

	if (!OidIsValid(way->index) || ta_guc_probe == TA_PROBE_QUERY)
	{
		memset(present, true, n);
		return n;
	}

	/* as SPI and ri_triggers.c take theirs: after what this transaction has done, and what others have by now */
	CommandCounterIncrement();
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetLatestSnapshot()
												   : GetTransactionSnapshot());

	/* the operators' functions run as they would in the query */
	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(rule->child_owner,
						   saved_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	count = scan_all(way, rule, target, child, keys, n, present);
	SetUserIdAndSecContext(saved_user, saved_context);
	PopActiveSnapshot();
	return count;
}

/* The same for one key. */
bool
ta_absent(const TaRule *rule, const TaRuleTarget *target, Relation child, const Datum *key)
{
	bool present;

	return ta_absent_keys(rule, target, child, key, 1, &present) == 0;
}
