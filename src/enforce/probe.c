/*
 * src/enforce/probe.c
 *		The promise that a key exists in a target, and is locked: by query.
 *
 * The query is what a native key runs, and the oracle for enforce/probe_index,
 * which does the same faster where it can; assoc.probe = query makes all go
 * this way:
 *
 *		SELECT 1 FROM ONLY public."Users" x
 *		WHERE x.id OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x
 *
 * FOR SHARE where KEY SHARE would not keep the row as it is (see enforce/rule.h).
 * Where the target has a scope, or can be deleted softly, a row that does not
 * fit is none: it is not locked, and not waited for.  Why there is none is
 * asked afterwards, for the error alone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/guc.h"
#include "base/ident.h"
#include "enforce/action_sql.h"
#include "enforce/probe.h"
#include "enforce/probe_index.h"
#include "enforce/rule_make.h"
#include "enforce/violation.h"
#include "pg/keymatch.h"

/* What the query's rows say. */
typedef struct Answer
{
	const TaRuleTarget *target;
	bool live;
	TaProbeResult reason;
} Answer;

/* Whether the value is one of the test's. */
bool
ta_rule_fits(const TaRuleTest *test, Datum value, bool isnull)
{
	if (isnull)
		return test->null;
	for (int i = 0; i < test->nvalues; i++)
	{
		if (DatumGetBool(FunctionCall2Coll(unconstify(FmgrInfo *, &test->equal), test->collation,
										   value, test->values[i])))
			return true;
	}
	return false;
}

/* Whether a row of the query fits: its columns are those of select_list. */
static TaProbeResult
judge(const Answer *answer, HeapTuple tuple, TupleDesc desc)
{
	const TaRuleTarget *target = answer->target;
	bool isnull;
	Datum value;

	for (int i = 0; i < target->nscope; i++)
	{
		value = heap_getattr(tuple, i + 1, desc, &isnull);
		if (!ta_rule_fits(&target->scope[i], value, isnull))
			return TA_PROBE_OUTSIDE;
	}
	if (target->soft_delete != 0 && answer->live)
	{
		value = heap_getattr(tuple, target->nscope + 1, desc, &isnull);
		if (!isnull && (!target->soft_delete_boolean || DatumGetBool(value)))
			return TA_PROBE_DELETED;
	}
	return TA_PROBE_FOUND;
}

/* One that fits by now came too late to be locked. */
static void
read_answer(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Answer *answer = arg;
	TaProbeResult result = judge(answer, tuple, desc);

	if (result != TA_PROBE_FOUND && answer->reason == TA_PROBE_MISSING)
		answer->reason = result;
}

/* x.role, x."deletedAt" */
static char *
select_list(const TaProbe *probe)
{
	const TaRuleTarget *target = probe->target;
	TupleDesc desc = RelationGetDescr(probe->parent);
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i <= target->nscope; i++)
	{
		AttrNumber column = i < target->nscope ? target->scope[i].column : target->soft_delete;

		if (column != 0)
			appendStringInfo(&list, "%sx.%s", i > 0 ? ", " : "",
							 ta_ident_quote(NameStr(TupleDescAttr(desc, column - 1)->attname)));
	}
	return list.data;
}

/* The query above, or the one for the reason, with its parameters' types. */
static char *
make_query(const TaProbe *probe, int purpose, Oid *types)
{
	const TaRuleTarget *target = probe->target;
	TupleDesc desc = RelationGetDescr(probe->parent);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s FROM %s%s x",
					 purpose == TA_PLAN_REASON ? select_list(probe) : "1",
					 ta_rule_descends(target) ? "" : "ONLY ",
					 ta_ident_qualify(get_namespace_name(RelationGetNamespace(probe->parent)),
									  RelationGetRelationName(probe->parent)));
	for (int i = 0; i < probe->rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];
		Form_pg_attribute key = TupleDescAttr(desc, pair->parent - 1);

		types[i] = pair->child_type;
		appendStringInfoString(&sql, i == 0 ? " WHERE " : " AND ");
		generate_operator_clause(&sql, psprintf("x.%s", ta_ident_quote(NameStr(key->attname))),
								 pair->parent_type, pair->operator, psprintf("$%d", i + 1),
								 pair->child_type);
		if (OidIsValid(pair->collation) && pair->collation != DEFAULT_COLLATION_OID)
			appendStringInfo(&sql, " COLLATE %s", ta_collation_sql(pair->collation));
	}
	if (purpose == TA_PLAN_REASON)
		return sql.data;
	ta_query_add_eligible(&sql, target, purpose == TA_PLAN_CHECK_LIVE);
	appendStringInfo(&sql, " FOR %s OF x", target->share ? "SHARE" : "KEY SHARE");
	return sql.data;
}

static TaSpiPlan *
get_plan(const TaProbe *probe, int purpose)
{
	TaSpiPlan *plan = ta_rule_plan(probe->rule, purpose, probe->target->number);
	Oid types[INDEX_MAX_KEYS];

	if (plan == NULL)
	{
		char *sql = make_query(probe, purpose, types);

		plan = ta_spi_plan_make(sql, probe->rule->ncolumns, types, probe->target->owner, false);
		ta_rule_keep_plan(probe->rule, purpose, probe->target->number, plan);
	}
	return plan;
}

/* Runs the query for one key; the number of rows. */
static uint64
run_query(TaProbe *probe, int purpose, const Datum *key, Answer *answer)
{
	const TaRuleTarget *target = probe->target;
	/* a fresh snapshot is what makes partitions being detached unseen (find_inheritance_children) */
	TaSpiRun how = {.role = target->owner,
					.detect_new = target->partitioned,
					.limit = answer != NULL ? 0 : 1,
					.expected = TA_SPI_SELECTS};
	uint64 found;

	if (!ta_spi_plan_run(get_plan(probe, purpose), key, NULL, &how,
						 answer != NULL ? read_answer : NULL, answer, &found))
		ta_violation_rewritten(probe->rule, probe->parent);
	return found;
}

/* Asks the query for one key. */
static TaProbeResult
query_key(TaProbe *probe, const Datum *key, bool live)
{
	const TaRuleTarget *target = probe->target;
	Answer answer = {.target = target, .live = live, .reason = TA_PROBE_MISSING};

	live = live && target->soft_delete != 0;
	if (run_query(probe, live ? TA_PLAN_CHECK_LIVE : TA_PLAN_CHECK, key, NULL) > 0)
		return TA_PROBE_FOUND;
	if (target->nscope > 0 || live)
		(void) run_query(probe, TA_PLAN_REASON, key, &answer);
	return answer.reason;
}

/*
 * Opens and locks the target, and makes what this transaction has done visible.
 * Returns false, with nothing open, when the rule has become invalid while it
 * waited for the lock: get it anew and try again.
 */
bool
ta_probe_begin(TaProbe *probe, const TaRule *rule, const TaRuleTarget *target)
{
	probe->rule = rule;
	probe->target = target;
	probe->index = NULL;
	LockRelationOid(target->relid, RowShareLock);
	if (!rule->valid)
	{
		/* it may be gone */
		UnlockRelationOid(target->relid, RowShareLock);
		return false;
	}
	probe->parent = table_open(target->relid, NoLock);

	/* the rows of this very statement are seen: references to the same table, WITH, other triggers */
	CommandCounterIncrement();
	if (rule->valid && !target->index_chosen)
		ta_rule_look_at_target(rule, target, probe->parent);
	if (!rule->valid)
	{
		table_close(probe->parent, NoLock);
		return false;
	}
	if (OidIsValid(target->index) && ta_guc_probe == TA_PROBE_AUTO)
		probe->index = ta_probe_index_begin(probe);
	return true;
}

/*
 * Tells that so many keys will be asked for, each once and in ascending order:
 * they may be found faster then.  Nothing depends on its being true.
 */
void
ta_probe_expect(TaProbe *probe, int64 keys)
{
	if (probe->index != NULL)
		ta_probe_index_expect(probe, keys);
}

/*
 * Looks for a row with the key (values of the child's types, none null), locks it
 * FOR KEY SHARE, and says what was found.  live: a row that is deleted softly
 * will not do.  Raises 40001 where a native key does.
 */
TaProbeResult
ta_probe_key(TaProbe *probe, const Datum *key, bool live)
{
	if (probe->index != NULL)
		return ta_probe_index_key(probe, key, live);
	return query_key(probe, key, live);
}

/* Closes what was opened; the lock on the target stays. */
void
ta_probe_end(TaProbe *probe)
{
	if (probe->index != NULL)
		ta_probe_index_end(probe);
	table_close(probe->parent, NoLock);
}
