/*
 * src/api/rows.c
 *		SQL-callable: orphans, and what assoc.repair is made of.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/orphan.h"
#include "check/repair.h"
#include "check/work.h"
#include "model/target.h"
#include "pg/facts.h"

PG_FUNCTION_INFO_V1(ta_orphans);
PG_FUNCTION_INFO_V1(ta_repair_plan);
PG_FUNCTION_INFO_V1(ta_repair_some);

/* ---- orphans ---- */

typedef struct Rows
{
	ReturnSetInfo *rsinfo;
	Oid relation;
	int32 left;
} Rows;

static void
put_orphan(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Rows *rows = arg;
	char *row[] = {psprintf("%u", rows->relation), ta_spi_text(tuple, desc, 1),
				   ta_spi_text(tuple, desc, 2)};

	ta_put_typed_row(rows->rsinfo, row);
	rows->left--;
}

/* The orphans that stand in one table: each has columns of its own. */
static void
put_orphans_of(Rows *rows, const TaState *state, bool all)
{
	List *columns = ta_reference_columns(state->reference);

	(void) ta_spi_query(psprintf("SELECT %s, %s FROM %s%s t WHERE %s ORDER BY %s LIMIT %d",
								 ta_orphan_key_json(state),
								 ta_rows_json(rows->relation, ta_rel_column_names(rows->relation)),
								 all ? "" : "ONLY ", ta_rel_qualified(rows->relation),
								 ta_orphan_condition(state), ta_rows_columns(columns), rows->left),
						put_orphan, rows);
}

/* Raises where row security would make false orphans. */
static void
check_row_security(const TaState *state)
{
	/* rows that are unfit have no parent to be seen */
	if (!OidIsValid(state->parent_rel))
		return;
	if (pg_class_aclcheck(state->parent_rel, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		ta_rel_may_count(state->parent_rel))
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("row security of %s may hide rows", ta_rel_shown(state->parent_rel)),
					errdetail("A row whose parent is hidden would be taken for an orphan."),
					errhint("Ask as a role that row security does not concern.")));
}

/*
 * assoc.orphans(association, max_rows) returns the rows without parent
 *
 * Errors: 42704, 42602 unknown association; 42809 it has no rows of its own;
 * 55000 none yet; 22023 max_rows; 42501 rights, or row security.
 */
Datum
ta_orphans(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");
	Rows rows = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	ListCell *lc;

	rows.left = PG_ARGISNULL(1) ? PG_INT32_MAX : PG_GETARG_INT32(1);
	if (rows.left < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_rows\" must not be negative"), errhint("NULL shows all.")));
	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, ta_rows_jobs(association))
	{
		const TaRepairJob *job = lfirst(lc);
		List *tables = list_make1_oid(job->state->child_rel);
		bool inherited = ta_rel_has_inheritance_children(job->state->child_rel);
		ListCell *lt;

		if (job->unique != NIL)
			continue;
		ta_rows_lock(job->state);
		check_row_security(job->state);
		if (inherited)
			tables = find_all_inheritors(job->state->child_rel, NoLock, NULL);
		foreach(lt, tables)
		{
			rows.relation = lfirst_oid(lt);
			if (rows.left > 0)
				put_orphans_of(&rows, job->state, !inherited);
		}
	}
	return (Datum) 0;
}

/* ---- repair ---- */

/*
 * assoc_internal.repair_plan(association, action, batch_size) returns a row for
 * each thing to mend: its number, a query for the places of its rows in batches,
 * what to say afterwards, whether each batch may be committed, and how many
 * passes there may be.
 *
 * Errors: as orphans; 22023 no action, an unknown one, batch_size; 55000 the
 * action can't be done.
 */
Datum
ta_repair_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *association = ta_arg_name(fcinfo, 0, "association");
	char *action = ta_arg_text(fcinfo, 1);
	int batch_size = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	bool block = IsTransactionBlock();
	List *jobs;
	ListCell *lc;
	int number = 0;

	if (batch_size < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"batch_size\" must be at least 1")));
	InitMaterializedSRF(fcinfo, 0);
	jobs = ta_rows_jobs(association);
	ta_repair_check(jobs, association, action);
	if (block)
		ereport(NOTICE, (errmsg("assoc.repair runs in a transaction block: nothing is committed "
								"between batches, and locks are held to its end")));
	foreach(lc, jobs)
	{
		const TaRepairJob *job = lfirst(lc);
		char *row[] = {psprintf("%d", number++), ta_repair_query(job, batch_size),
					   ta_repair_words(job, action), block ? "false" : "true",
					   psprintf("%d", ta_repair_passes(job, action))};

		if (ta_repair_concerns(job, action))
			ta_put_typed_row(rsinfo, row);
	}
	return (Datum) 0;
}

/* assoc_internal.repair_batch(association, action, number, relation, places, done, total) returns rows mended */
Datum
ta_repair_some(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");
	char *action = ta_arg_name(fcinfo, 1, "action");
	int number = PG_GETARG_INT32(2);
	Oid relation = PG_GETARG_OID(3);
	char *places = ta_arg_name(fcinfo, 4, "places");
	List *jobs = ta_rows_jobs(association);

	/* declarations, rights and columns may have changed since the last commit */
	ta_repair_check(jobs, association, action);
	if (number < 0 || number >= list_length(jobs))
		PG_RETURN_INT64(0);
	ta_work_say(action, association, PG_GETARG_INT64(5), PG_GETARG_INT64(6));
	PG_RETURN_INT64(ta_repair_batch(list_nth(jobs, number), action, relation, places));
}
