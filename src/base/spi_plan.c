/*
 * src/base/spi_plan.c
 *		The SPI door's other leaf: kept plans of generated statements.
 *
 * For what triggers run as the owner of a table.  The statement's text holds
 * only qualified names, operators of an operator family and parameters, for
 * whatever else it named could be somebody's code; who makes it sees to that.
 * Such a plan is never run by who made it but with a role, and snapshots, as
 * PostgreSQL's own foreign keys run theirs.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "base/spi_plan.h"

StaticAssertDecl(TA_SPI_SELECTS == SPI_OK_SELECT && TA_SPI_DELETES == SPI_OK_DELETE &&
					 TA_SPI_UPDATES == SPI_OK_UPDATE,
				 "results of SPI have other numbers");

/*
 * Plans the statement as the role and keeps it; who asked frees it.  generic:
 * it is never planned for the values of one call (for arrays of keys that
 * costs more than it gives).
 */
TaSpiPlan *
ta_spi_plan_make(const char *sql, int nargs, const Oid *types, Oid role, bool generic)
{
	SPIPlanPtr plan;
	Oid saved_user;
	int saved_context;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(role,
						   saved_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	SPI_connect();
	plan = SPI_prepare_cursor(sql, nargs, unconstify(Oid *, types),
							  generic ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed for \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	SPI_finish();
	SetUserIdAndSecContext(saved_user, saved_context);
	return plan;
}

void
ta_spi_plan_free(TaSpiPlan *plan)
{
	SPI_freeplan(plan);
}

/*
 * Runs the plan and hands each row to the function, if there is one.  Triggers
 * that it fires are queued with those of the statement around us.
 *
 * Snapshots: at READ COMMITTED a fresh one.  Else the transaction's, unless the
 * caller must see newer rows: then the latest, and a row to be changed that the
 * transaction's own does not see is a serialization failure (the cross-check).
 *
 * Returns false if the statement turned out to be another kind of statement,
 * which only a rule on the table can do.
 */
bool
ta_spi_plan_run(TaSpiPlan *plan, const Datum *values, const char *nulls, const TaSpiRun *how,
				TaRowFunction row, void *arg, uint64 *processed)
{
	MemoryContext caller = CurrentMemoryContext;
	Snapshot snapshot = InvalidSnapshot;
	Snapshot crosscheck = InvalidSnapshot;
	Oid saved_user;
	int saved_context;
	int result;
	uint64 count;

	SPI_connect();
	if (IsolationUsesXactSnapshot() && how->detect_new)
	{
		CommandCounterIncrement(); /* what this transaction has done must be seen */
		snapshot = GetLatestSnapshot();
		crosscheck = GetTransactionSnapshot();
	}

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(how->role,
						   saved_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	result = SPI_execute_snapshot(plan, unconstify(Datum *, values), nulls, snapshot, crosscheck,
								  false, false, (long) how->limit);
	/* an error restores the identity at (sub)transaction abort */
	SetUserIdAndSecContext(saved_user, saved_context);
	if (result < 0)
		elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));

	count = SPI_processed;
	if (row != NULL && SPI_tuptable != NULL)
	{
		SPITupleTable *table = SPI_tuptable;
		MemoryContext spi = MemoryContextSwitchTo(caller);

		for (uint64 i = 0; i < count; i++)
			row(table->vals[i], table->tupdesc, arg);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	if (processed != NULL)
		*processed = count;
	return result == how->expected;
}
