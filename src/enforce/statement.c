/*
 * src/enforce/statement.c
 *		The child's statement trigger: what the rows that a statement inserts refer to exists.
 *
 * A weaker contract than the row trigger's, for loads: the keys are looked up
 * when the statement and its row triggers are done, each key once and in order.
 * It is never deferred, and fires only for the table that the statement names;
 * so it is for plain tables without inheritance.
 *
 * A transition table has rows without their place in the table, so whether a
 * row is still alive cannot be asked of the row itself.  A row whose parent is
 * missing is reported if one like it is in the table.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base/ident.h"
#include "enforce/batch.h"
#include "enforce/memo.h"
#include "enforce/probe.h"
#include "enforce/row.h"
#include "enforce/violation.h"
#include "pg/keymatch.h"
#include "store/restored.h"

PG_FUNCTION_INFO_V1(ta_check_statement);

/* more keys than this are not worth remembering: the next statement will not be about them */
#define REMEMBERED_KEYS 256

/* now and then, memory is looked at, and what comparisons left behind is given back */
#define ROWS_AT_A_TIME 1024

/* One trigger call. */
typedef struct Check
{
	const TriggerData *trigger;
	const TaRuleUse *use;
	MemoryContext context; /* of the batches */
	TupleTableSlot *slot;
	TaBatch **batches; /* for each target two: of rows deleted softly, and of live ones */
} Check;

static const TriggerData *
check_protocol(FunctionCallInfo fcinfo)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "check_statement")));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired AFTER STATEMENT", "check_statement")));
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired for INSERT", "check_statement"),
						errhint("SELECT * FROM assoc.apply();")));
	if (trigger->tg_newtable == NULL)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired with the table of new rows",
							   "check_statement")));
	return trigger;
}

/* ---- rows like one ---- */

/*
 * Whether a row with the same values in the columns that refer is in the child:
 *
 *		SELECT 1 FROM ONLY public.comments x
 *		WHERE x.type OPERATOR(pg_catalog.=) $1 AND x.id IS NULL
 *
 * Asked only when a violation is about to be reported.
 */
static bool
is_there(const Check *check, TupleTableSlot *row)
{
	const TaRule *rule = check->use->rule;
	Relation child = check->trigger->tg_relation;
	AttrNumber columns[INDEX_MAX_KEYS + 1];
	Oid types[INDEX_MAX_KEYS + 1];
	Datum values[INDEX_MAX_KEYS + 1];
	TaSpiRun how = {.role = rule->child_owner, .limit = 1, .expected = TA_SPI_SELECTS};
	StringInfoData sql;
	const char *word = "WHERE";
	TaSpiPlan *plan;
	uint64 found;
	int ncolumns = 0;
	int nvalues = 0;

	if (rule->type_column != 0)
		columns[ncolumns++] = ta_rule_attnum(check->use, rule->type_column);
	for (int i = 0; i < rule->ncolumns; i++)
		columns[ncolumns++] = ta_rule_attnum(check->use, rule->columns[i]);

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT 1 FROM ONLY %s x",
					 ta_ident_qualify(get_namespace_name(RelationGetNamespace(child)),
									  RelationGetRelationName(child)));
	for (int i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(child), columns[i] - 1);
		char *name = psprintf("x.%s", ta_ident_quote(NameStr(att->attname)));
		Oid equality = ta_key_operator(att->atttypid, att->atttypid);
		bool isnull;
		Datum value = slot_getattr(row, columns[i], &isnull);

		appendStringInfo(&sql, " %s ", word);
		word = "AND";
		if (isnull)
			appendStringInfo(&sql, "%s IS NULL", name);
		else if (!OidIsValid(equality))
			appendStringInfo(&sql, "%s IS NOT NULL", name);
		else
		{
			types[nvalues] = att->atttypid;
			values[nvalues++] = value;
			generate_operator_clause(&sql, name, att->atttypid, equality, psprintf("$%d", nvalues),
									 att->atttypid);
		}
	}
	plan = ta_spi_plan_make(sql.data, nvalues, types, rule->child_owner, false);
	if (!ta_spi_plan_run(plan, values, NULL, &how, NULL, NULL, &found))
		ta_violation_rewritten(rule, child);
	ta_spi_plan_free(plan);
	return found > 0;
}

/* ---- reading the rows ---- */

static TaBatch *
batch_of(const Check *check, const TaRow *row)
{
	TaBatch **batch = &check->batches[row->target->number * 2 + row->live];

	if (*batch == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(check->context);

		*batch = ta_batch_make(check->use->rule, row->target);
		MemoryContextSwitchTo(caller);
	}
	return *batch;
}

/* The keys of a row, to be looked up with the others. */
static void
collect(const Check *check, const TaRow *row)
{
	const TaRule *rule = check->use->rule;
	Datum *elements;
	int n;

	if (!rule->element)
	{
		if (!ta_memo_has(rule, row->target, row->key))
			ta_batch_add(batch_of(check, row), row->key);
		return;
	}
	n = ta_row_elements(rule, row, &elements);
	for (int i = 0; i < n; i++)
		ta_batch_add(batch_of(check, row), &elements[i]);
}

/* A row whose reference cannot even be read, if it is still there. */
static void
report_unreadable(const Check *check, TaRowKind kind)
{
	Relation child = check->trigger->tg_relation;

	if (!is_there(check, check->slot))
		return;
	if (kind == TA_ROW_UNKNOWN_TYPE)
		ta_violation_type(check->use, child, check->slot);
	if (check->use->rule->type_column != 0)
		ta_violation_half_null(check->use, child);
	ta_violation_match_full(check->use, child);
}

/* From now on the rows are read by this pointer, from the first one. */
static void
read_from_start(Tuplestorestate *rows, int pointer)
{
	tuplestore_select_read_pointer(rows, pointer);
	tuplestore_rescan(rows);
}

/* The next row that refers to something; false: there is no more. */
static bool
next_row(const Check *check, TaRow *row)
{
	while (tuplestore_gettupleslot(check->trigger->tg_newtable, true, false, check->slot))
	{
		TaRowKind kind = ta_row_read(check->use, check->slot, row);

		if (kind == TA_ROW_NOTHING)
			continue;
		if (kind == TA_ROW_REFERS)
			return true;
		report_unreadable(check, kind);
	}
	return false;
}

/* ---- looking up ---- */

/* Whether the row has this key, or its array this element. */
static bool
has_key(const TaRule *rule, const TaRow *row, const Datum *key)
{
	const Datum *mine = row->key;
	Datum *elements;
	int n = rule->element ? ta_row_elements(rule, row, &elements) : 1;

	for (int e = 0; e < n; e++)
	{
		bool same = true;

		if (rule->element)
			mine = &elements[e];
		for (int i = 0; same && i < rule->ncolumns; i++)
		{
			const TaRulePair *pair = &row->target->pair[i];

			same = datumIsEqual(mine[i], key[i], pair->child_by_value, pair->child_length);
		}
		if (same)
			return true;
	}
	return false;
}

/* The first row with the key that is still there is reported; if there is none, nothing is wrong. */
static void
report_missing(const Check *check, const TaRuleTarget *target, bool live, const Datum *key,
			   TaProbeResult result)
{
	const TaRule *rule = check->use->rule;
	Tuplestorestate *new_rows = check->trigger->tg_newtable;
	TaRow row;

	/* in the midst of the rows: where we are is kept by the pointer that reads them */
	read_from_start(new_rows, tuplestore_alloc_read_pointer(new_rows, EXEC_FLAG_REWIND));
	while (next_row(check, &row))
	{
		if (row.target != target || row.live != live || !has_key(rule, &row, key))
			continue;
		if (is_there(check, check->slot))
			ta_violation_missing(check->use, check->trigger->tg_relation, check->slot, target,
								 rule->element ? key : NULL, result);
		/* what is asked is the same for all rows with this key */
		if (!rule->element)
			break;
	}
	tuplestore_select_read_pointer(new_rows, 0);
}

/* Looks up the keys of one batch; false: the rule has changed, begin anew. */
static bool
look_up(const Check *check, const TaRuleTarget *target, bool live, TaBatch *batch)
{
	const TaRule *rule = check->use->rule;
	TaProbe probe;
	int64 n;
	bool remember;

	ta_batch_sort(batch);
	n = ta_batch_count(batch);
	if (n == 0)
		return true;
	remember = n <= REMEMBERED_KEYS && (live || target->soft_delete == 0);
	if (!ta_probe_begin(&probe, rule, target))
		return false;
	ta_probe_expect(&probe, n);
	for (int64 i = 0; i < n; i++)
	{
		const Datum *key = ta_batch_key(batch, i);
		TaProbeResult result;

		CHECK_FOR_INTERRUPTS();
		result = ta_probe_key(&probe, key, live);
		if (result != TA_PROBE_FOUND)
			report_missing(check, target, live, key, result);
		else if (remember)
			ta_memo_add(rule, target, key);
	}
	ta_probe_end(&probe);
	ta_batch_empty(batch);
	return true;
}

static bool
look_up_all(const Check *check)
{
	const TaRule *rule = check->use->rule;

	for (int i = 0; i < rule->ntargets * 2; i++)
	{
		if (check->batches[i] != NULL &&
			!look_up(check, &rule->targets[i / 2], i % 2 == 1, check->batches[i]))
			return false;
	}
	return true;
}

/* Whether the keys collected take more memory than a sort may. */
static bool
is_full(const Check *check)
{
	Size bytes = 0;

	for (int i = 0; i < check->use->rule->ntargets * 2; i++)
	{
		if (check->batches[i] != NULL)
			bytes += ta_batch_bytes(check->batches[i]);
	}
	return bytes > (Size) work_mem * 1024;
}

/* All rows of the statement; false: the rule has changed meanwhile. */
static bool
check_rows(Check *check)
{
	MemoryContext per_row =
		AllocSetContextCreate(check->context, "todo_assoc row", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(per_row);
	TaRow row;
	int64 rows = 0;

	check->batches =
		MemoryContextAllocZero(check->context, sizeof(TaBatch *) * 2 * check->use->rule->ntargets);
	read_from_start(check->trigger->tg_newtable, 0);
	while (next_row(check, &row))
	{
		collect(check, &row);
		if (++rows % ROWS_AT_A_TIME != 0)
			continue;
		if (is_full(check) && !look_up_all(check))
			return false;
		/* a row that was read from disk is in it */
		ExecClearTuple(check->slot);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(caller);
	return look_up_all(check);
}

/*
 * assoc_internal.check_statement('reference'): AFTER INSERT, with the table of
 * new rows, of each statement on a child.  Raises as check_reference() does.
 */
Datum
ta_check_statement(PG_FUNCTION_ARGS)
{
	Check check = {.trigger = check_protocol(fcinfo)};
	TupleDesc desc = RelationGetDescr(check.trigger->tg_relation);
	MemoryContext caller = CurrentMemoryContext;

	check.slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	do
	{
		CHECK_FOR_INTERRUPTS();
		check.context =
			AllocSetContextCreate(caller, "todo_assoc statement", ALLOCSET_DEFAULT_SIZES);
		check.use = ta_rule_of_child(check.trigger);
	} while (!ta_restored_passes(check.use->rule->reference, check.use->rule->child) &&
			 !check_rows(&check));
	MemoryContextSwitchTo(caller);
	/* first the slots, which may hold a row that is in the context */
	ExecDropSingleTupleTableSlot(check.slot);
	MemoryContextDelete(check.context);
	return PointerGetDatum(NULL);
}
