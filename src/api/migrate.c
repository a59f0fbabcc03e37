/*
 * src/api/migrate.c
 *		SQL-callable: packages up and down, their state, dump and restore.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "api/args.h"
#include "check/finding.h"
#include "check/validate.h"
#include "exchange/generate.h"
#include "migrate/history.h"
#include "migrate/package.h"
#include "migrate/release.h"
#include "migrate/restore.h"
#include "migrate/run.h"
#include "migrate/status.h"
#include "pg/facts.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(ta_migrate);
PG_FUNCTION_INFO_V1(ta_undo);
PG_FUNCTION_INFO_V1(ta_undo_all);
PG_FUNCTION_INFO_V1(ta_migration_list);
PG_FUNCTION_INFO_V1(ta_generate_migration);
PG_FUNCTION_INFO_V1(ta_release);
PG_FUNCTION_INFO_V1(ta_restore_preamble);
PG_FUNCTION_INFO_V1(ta_pre_restore);
PG_FUNCTION_INFO_V1(ta_post_restore);
PG_FUNCTION_INFO_V1(ta_grant_owner);
PG_FUNCTION_INFO_V1(ta_settle_history);

#define STEP_COLUMNS 6
#define LIST_COLUMNS 9
#define RESTORE_COLUMNS 4

/* ---- up and down ---- */

/* A row for each step. */
static Datum
return_steps(FunctionCallInfo fcinfo, List *steps)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int number = 0;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, steps)
	{
		TaMigrated *step = lfirst(lc);
		char *row[STEP_COLUMNS] = {0};
		int c = 0;

		row[c++] = psprintf("%d", ++number);
		row[c++] = step->from;
		row[c++] = step->to;
		row[c++] = step->script;
		row[c++] = psprintf(INT64_FORMAT " microseconds", step->duration);
		row[c++] = step->rows_dropped < 0 ? NULL : psprintf(INT64_FORMAT, step->rows_dropped);
		ta_put_typed_row(rsinfo, row);
	}
	return (Datum) 0;
}

/*
 * assoc.migrate(package, version) returns the steps that ran
 *
 * Errors: 42704 unknown package or version; 22023 the version is below, or is
 * no number; 55000 no scripts lead there, files are gone, a restore is not
 * ended; and whatever a script raises, with the script in its context.
 */
Datum
ta_migrate(PG_FUNCTION_ARGS)
{
	return return_steps(fcinfo,
						ta_migrate_up(ta_arg_name(fcinfo, 0, "package"), ta_arg_text(fcinfo, 1)));
}

/*
 * assoc.undo(package, steps, version) returns the steps that ran
 *
 * Errors: as migrate; 22023 also for fewer than one step, or more than there are.
 */
Datum
ta_undo(PG_FUNCTION_ARGS)
{
	int steps = PG_ARGISNULL(1) ? 1 : PG_GETARG_INT32(1);

	return return_steps(fcinfo, ta_migrate_down(ta_arg_name(fcinfo, 0, "package"), steps,
												ta_arg_text(fcinfo, 2)));
}

/*
 * assoc.undo_all(package, confirm) returns the steps that ran
 *
 * Errors: 42704 unknown package; 55000 its tables hold rows; 2BP01 something
 * else depends on it.
 */
Datum
ta_undo_all(PG_FUNCTION_ARGS)
{
	bool confirm = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);

	return return_steps(fcinfo, ta_migrate_to_nothing(ta_arg_name(fcinfo, 0, "package"), confirm));
}

/* ---- looking ---- */

/* assoc_internal.migration_list(): a row per version of each package */
Datum
ta_migration_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, ta_package_names())
	{
		TaPackage *package = ta_package_find(lfirst(lc));
		ListCell *ls;

		foreach(ls, package != NULL ? ta_migration_statuses(package) : NIL)
		{
			TaVersionStatus *status = lfirst(ls);
			const TaHistoryRow *applied = status->applied;
			char *row[LIST_COLUMNS] = {0};
			int c = 0;

			row[c++] = package->name;
			row[c++] = status->version;
			row[c++] = unconstify(char *, status->state);
			row[c++] = status->is_current ? "true" : "false";
			row[c++] = status->has_down ? "true" : "false";
			row[c++] = applied != NULL ? applied->applied_at : NULL;
			row[c++] = applied != NULL ? applied->applied_by : NULL;
			row[c++] = applied != NULL ? applied->duration : NULL;
			row[c++] = unconstify(char *, status->changed);
			ta_put_typed_row(rsinfo, row);
		}
	}
	return (Datum) 0;
}

/*
 * assoc.generate_migration(package, from_version, to_version) returns the scripts
 *
 * Changes nothing.  Errors: 42704 unknown package; 55000 it is not installed;
 * 22023 it is at another version, or to_version is not above it; 42710 that
 * version is there already.
 */
Datum
ta_generate_migration(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TaGenerated *generated;

	InitMaterializedSRF(fcinfo, 0);
	generated = ta_generate(ta_arg_name(fcinfo, 0, "package"), ta_arg_text(fcinfo, 1),
							ta_arg_text(fcinfo, 2));
	if (generated != NULL)
	{
		const char *up[] = {generated->up_file, generated->up};
		const char *down[] = {generated->down_file, generated->down};

		ta_put_row(rsinfo, up, 2);
		ta_put_row(rsinfo, down, 2);
	}
	return (Datum) 0;
}

/* assoc.release(package) returns text; 42704 it is not installed, 42501 not its owner, 55000 being restored */
Datum
ta_release(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ta_release_package(ta_arg_name(fcinfo, 0, "package"))));
}

/* ---- dump and restore ---- */

/* assoc.restore_preamble() returns lines of SQL */
Datum
ta_restore_preamble(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	foreach(lc, ta_restore_statements())
	{
		const char *line = lfirst(lc);

		ta_put_row(rsinfo, &line, 1);
	}
	return (Datum) 0;
}

/* assoc.pre_restore() returns text; 42501 no package is the user's */
Datum
ta_pre_restore(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ta_restore_begin()));
}

/*
 * assoc.post_restore() returns what was put back, and what validate() finds of packages
 *
 * Errors: 42501 no package is the user's, or a table of it is not; rows that
 * break a key are no error.
 */
Datum
ta_post_restore(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, ta_restore_end())
	{
		TaRestored *restored = lfirst(lc);
		const char *row[RESTORE_COLUMNS] = {restored->package, restored->item, restored->outcome,
											restored->detail};

		ta_put_row(rsinfo, row, RESTORE_COLUMNS);
	}
	foreach(lc, ta_validate_declared(NULL))
	{
		TaFinding *finding = lfirst(lc);
		const char *row[RESTORE_COLUMNS] = {finding->package, finding->code, "finding",
											finding->message};

		if (finding->severity > TA_INFO)
			ta_put_row(rsinfo, row, RESTORE_COLUMNS);
	}
	return (Datum) 0;
}

/* assoc.grant_owner() returns text; 42501 not the owner of the extension */
Datum
ta_grant_owner(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ta_grant_to_owner()));
}

/* assoc_internal.settle_history(): AFTER INSERT on the history, by whoever wrote it directly */
Datum
ta_settle_history(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "settle_history")));
	if (((TriggerData *) fcinfo->context)->tg_relation->rd_id !=
		ta_rel_lookup("assoc_internal", "history"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" is for the tables of todo_assoc", "settle_history")));
	if (!ta_catalog_is_writing())
		ta_history_settle();
	return PointerGetDatum(NULL);
}
