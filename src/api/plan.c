/*
 * src/api/plan.c
 *		SQL-callable: plan and apply.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "schema/accessor.h"
#include "schema/apply.h"
#include "schema/plan.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(ta_plan);
PG_FUNCTION_INFO_V1(ta_apply);

#define PLAN_COLUMNS 9
#define APPLY_COLUMNS (PLAN_COLUMNS + 2)

static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text != NULL)
		values[column] = CStringGetTextDatum(text);
}

/* The columns that plan and apply share: step .. in_transaction. */
static void
fill_step(Datum *values, bool *nulls, int number, const TaStep *step)
{
	int c = 0;

	values[c++] = Int32GetDatum(number);
	set_text(values, nulls, c++, step->association);
	set_text(values, nulls, c++, step->reason);
	set_text(values, nulls, c++, step->sql);
	set_text(values, nulls, c++, step->lock);
	set_text(values, nulls, c++, step->on_table);
	values[c++] = BoolGetDatum(step->scans);
	values[c++] = BoolGetDatum(step->rewrites);
	values[c++] = BoolGetDatum(step->in_transaction);
}

/*
 * assoc.plan(associations, online) returns the steps
 *
 * Changes nothing and needs no privilege beyond calling it.  Errors: 42704,
 * 42602 for unknown associations and models.
 */
Datum
ta_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool online = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	List *steps;
	int number = 0;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	steps = ta_plan_steps(ta_plan_selected(ta_arg_text(fcinfo, 0)), online, NULL);
	if (PG_ARGISNULL(0))
		steps = ta_plan_undeclared(steps, NULL);
	foreach(lc, steps)
	{
		Datum values[PLAN_COLUMNS] = {0};
		bool nulls[PLAN_COLUMNS] = {0};

		fill_step(values, nulls, ++number, lfirst(lc));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* A step that made a column or table may have given an accessor its types. */
static void
refresh_accessors(List *references)
{
	ListCell *lc;

	foreach(lc, references)
	{
		ListCell *lv;

		foreach(lv, ((TaReference *) lfirst(lc))->views)
			(void) ta_accessor_refresh(lfirst(lv));
	}
}

/*
 * assoc.apply(associations, lock_timeout, online) returns the steps and what became of them
 *
 * Errors: as plan; 55P03 a lock was not to be had in time; 55006 rows changed
 * in this transaction await their triggers; 42501 and others from the DDL
 * itself, which runs as the caller.  Bad rows are no error: blocked.  In a
 * package's script, all means all that the package says.
 */
Datum
ta_apply(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *lock_timeout = ta_arg_text(fcinfo, 1);
	bool online = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	List *references;
	List *steps;
	List *outcomes;
	int number = 0;
	int nest = NewGUCNestLevel();
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	/* for every lock, that on the catalog too: another apply() may hold it for long */
	(void) set_config_option("lock_timeout", lock_timeout == NULL ? "0" : lock_timeout, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ta_catalog_lock();
	references = ta_plan_selected(ta_arg_text(fcinfo, 0));
	/* a package's script does what the package says, not what awaits in the database it comes to */
	if (creating_extension && PG_ARGISNULL(0))
		references = ta_plan_said_by(references, ta_declarer());
	steps = ta_plan_steps(references, online, NULL);
	if (PG_ARGISNULL(0))
		steps = ta_plan_undeclared(steps, creating_extension ? ta_declarer() : NULL);
	outcomes = ta_apply_steps(steps, online);
	refresh_accessors(references);
	AtEOXact_GUC(true, nest);
	foreach(lc, outcomes)
	{
		TaOutcome *outcome = lfirst(lc);
		Datum values[APPLY_COLUMNS] = {0};
		bool nulls[APPLY_COLUMNS] = {0};

		fill_step(values, nulls, ++number, outcome->step);
		set_text(values, nulls, PLAN_COLUMNS, outcome->outcome);
		set_text(values, nulls, PLAN_COLUMNS + 1, outcome->detail);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
