/*
 * src/api/check.c
 *		SQL-callable: validate.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "api/args.h"
#include "base/err.h"
#include "check/finding.h"
#include "check/validate.h"

PG_FUNCTION_INFO_V1(ta_validate);
PG_FUNCTION_INFO_V1(ta_validate_v2);

#define FINDING_COLUMNS 6 /* in 1.1 */

/* in an error's DETAIL, at most so many */
#define DETAIL_LIMIT 20

/* Raises with the findings that are so bad. */
static void
fail(List *findings, TaSeverity limit)
{
	List *lines = NIL;
	ListCell *lc;

	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);

		if (finding->severity >= limit)
			lines = lappend(lines,
							psprintf("%s %s: %s%s%s", ta_severity_name(finding->severity),
									 finding->code,
									 finding->association != NULL ? finding->association : "",
									 finding->association != NULL ? ": " : "", finding->message));
	}
	if (lines == NIL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
			 errmsg("validation failed with %d %s", list_length(lines),
					list_length(lines) == 1 ? "finding" : "findings"),
			 errdetail("%s%s", ta_err_join(list_truncate(list_copy(lines), DETAIL_LIMIT), "\n"),
					   list_length(lines) > DETAIL_LIMIT ? "\n..." : ""),
			 errhint("SELECT * FROM assoc.validate();")));
}

/*
 * assoc.validate(associations, min_severity, fail_on) returns the findings: as
 * it is in a database at version 1.1
 *
 * Changes nothing.  Errors: 42704, 42602 unknown associations; 22023 unknown
 * severity; 23000 there are findings as bad as fail_on.
 */
Datum
ta_validate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *min_severity = ta_arg_text(fcinfo, 1);
	char *fail_on = ta_arg_text(fcinfo, 2);
	TaSeverity least =
		min_severity != NULL ? ta_severity_parse(min_severity, "min_severity") : TA_INFO;
	TaSeverity limit = fail_on != NULL ? ta_severity_parse(fail_on, "fail_on") : TA_ERROR;
	List *findings;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	findings = ta_validate_declared(ta_arg_text(fcinfo, 0));
	if (fail_on != NULL)
		fail(findings, limit);
	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		const char *row[FINDING_COLUMNS] = {ta_severity_name(finding->severity),
											finding->code,
											finding->association,
											finding->message,
											finding->fix,
											finding->detail};

		if (finding->severity >= least)
			ta_put_row(rsinfo, row, FINDING_COLUMNS);
	}
	return (Datum) 0;
}

/*
 * assoc.validate(associations, min_severity, fail_on, data) returns the findings
 *
 * Changes nothing.  Errors: 42704, 42602 unknown associations; 22023 unknown
 * severity; 23000 there are findings as bad as fail_on.
 */
Datum
ta_validate_v2(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *min_severity = ta_arg_text(fcinfo, 1);
	char *fail_on = ta_arg_text(fcinfo, 2);
	TaSeverity least =
		min_severity != NULL ? ta_severity_parse(min_severity, "min_severity") : TA_INFO;
	TaSeverity limit = fail_on != NULL ? ta_severity_parse(fail_on, "fail_on") : TA_ERROR;
	bool data = PG_ARGISNULL(3) || PG_GETARG_BOOL(3);
	List *findings;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	findings = ta_validate_all(ta_arg_text(fcinfo, 0), data);
	if (fail_on != NULL)
		fail(findings, limit);
	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		char *row[] = {unconstify(char *, ta_severity_name(finding->severity)),
					   unconstify(char *, finding->code),
					   unconstify(char *, finding->association),
					   finding->message,
					   finding->fix,
					   finding->count == TA_NO_COUNT ? NULL
													 : psprintf(INT64_FORMAT, finding->count),
					   finding->samples,
					   finding->detail,
					   ta_finding_docs(finding->code)};

		if (finding->severity >= least)
			ta_put_typed_row(rsinfo, row);
	}
	return (Datum) 0;
}
