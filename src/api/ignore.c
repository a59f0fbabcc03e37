/*
 * src/api/ignore.c
 *		SQL-callable: ignore, ignore_all, unignore.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "check/finding.h"
#include "check/ignore.h"
#include "check/validate.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(ta_ignore);
PG_FUNCTION_INFO_V1(ta_ignore_all);
PG_FUNCTION_INFO_V1(ta_unignore);

/*
 * assoc.ignore(code, association, reason) returns text
 *
 * Errors: 22004 no code; 22023 unknown code; 42704, 42602 unknown association;
 * 42501 not the owner.
 */
Datum
ta_ignore(PG_FUNCTION_ARGS)
{
	char *code = ta_arg_name(fcinfo, 0, "code");
	char *association = ta_arg_text(fcinfo, 1);
	TaIgnored row = {.code = code, .message = pstrdup(""), .reason = ta_arg_text(fcinfo, 2)};
	bool changed;

	ta_catalog_lock();
	ta_ignore_check(code, association);
	row.association = association != NULL ? association : pstrdup("");
	changed = ta_ignored_put(&row);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf("%s%s%s: ignored%s", code, association != NULL ? " of " : " everywhere",
				 association != NULL ? association : "", changed ? "" : " already")));
}

/*
 * assoc.ignore_all(reason) returns text
 *
 * Errors: 42501 not the owner of the extension.
 */
Datum
ta_ignore_all(PG_FUNCTION_ARGS)
{
	int count;

	ta_catalog_lock();
	ta_ignore_check_owner();
	count = ta_ignore_findings(ta_validate_all(NULL, true), ta_arg_text(fcinfo, 0));
	PG_RETURN_TEXT_P(
		cstring_to_text(count == 0 ? pstrdup("nothing to ignore")
								   : psprintf("%d %s ignored: assoc.validate() shows what is new",
											  count, count == 1 ? "finding" : "findings")));
}

/*
 * assoc.unignore(code, association) returns text
 *
 * Errors: as ignore.
 */
Datum
ta_unignore(PG_FUNCTION_ARGS)
{
	char *code = ta_arg_text(fcinfo, 0);
	char *association = ta_arg_text(fcinfo, 1);
	uint64 count;

	ta_catalog_lock();
	ta_ignore_check(code, association);
	count = ta_ignored_delete(code, association);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf("%s%s%s: %s", code != NULL ? code : "every finding",
				 association != NULL ? " of " : "", association != NULL ? association : "",
				 count == 0 ? "nothing was ignored"
							: psprintf("shown again (" UINT64_FORMAT " ignored)", count))));
}
