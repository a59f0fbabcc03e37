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

/* What both validate functions are told. */
typedef struct Call
{
	char *associations;
	TaSeverity least; /* to show */
	bool fails;
	TaSeverity limit; /* to fail on */
} Call;

/* The arguments associations, min_severity, fail_on; prepares for rows. */
static Call
read_call(FunctionCallInfo fcinfo)
{
	char *min_severity = ta_arg_text(fcinfo, 1);
	char *fail_on = ta_arg_text(fcinfo, 2);
	Call call = {.associations = ta_arg_text(fcinfo, 0),
				 .least = TA_INFO,
				 .fails = fail_on != NULL,
				 .limit = TA_ERROR};

	if (min_severity != NULL)
		call.least = ta_severity_parse(min_severity, "min_severity");
	if (fail_on != NULL)
		call.limit = ta_severity_parse(fail_on, "fail_on");
	InitMaterializedSRF(fcinfo, 0);
	return call;
}

/* The findings to show; raises if there is one to fail on. */
static List *
shown(const Call *call, List *findings)
{
	List *result = NIL;
	ListCell *lc;

	if (call->fails)
		fail(findings, call->limit);
	foreach(lc, findings)
	{
		if (((TaFinding *) lfirst(lc))->severity >= call->least)
			result = lappend(result, lfirst(lc));
	}
	return result;
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
	Call call = read_call(fcinfo);
	List *findings = shown(&call, ta_validate_declared(call.associations));
	ListCell *lc;

	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		const char *row[FINDING_COLUMNS] = {ta_severity_name(finding->severity),
											finding->code,
											finding->association,
											finding->message,
											finding->fix,
											finding->detail};

		ta_put_row((ReturnSetInfo *) fcinfo->resultinfo, row, FINDING_COLUMNS);
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
	Call call = read_call(fcinfo);
	bool data = PG_ARGISNULL(3) || PG_GETARG_BOOL(3);
	List *findings = shown(&call, ta_validate_all(call.associations, data));
	ListCell *lc;

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

		ta_put_typed_row((ReturnSetInfo *) fcinfo->resultinfo, row);
	}
	return (Datum) 0;
}
