/*
 * src/check/finding.c
 *		One thing that is wrong, and what mends it.
 */
#include "postgres.h"

#include "check/finding.h"

/* ---- severities ---- */

static const char *const severities[] = {
	[TA_INFO] = "info",
	[TA_WARNING] = "warning",
	[TA_ERROR] = "error",
};

const char *
ta_severity_name(TaSeverity severity)
{
	return severities[severity];
}

/* The severity of that name; raises for any other. */
TaSeverity
ta_severity_parse(const char *name, const char *argument)
{
	for (int i = 0; i < lengthof(severities); i++)
	{
		if (pg_strcasecmp(name, severities[i]) == 0)
			return (TaSeverity) i;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown severity \"%s\" in argument \"%s\"", name, argument),
					errhint("Use error, warning or info.")));
	return TA_INFO;
}

/* ---- codes ---- */

/* Every code there is; docs/validate.md has a heading for each.  In the order of the alphabet. */
static const char *const codes[] = {
	/* declarations and schema */
	"accessor_altered",
	"accessor_missing",
	"cascade_crosses_owners",
	"cascade_cycle",
	"cascade_restricted",
	"collation_differs",
	"declaration_unfit",
	"default_missing",
	"fk_duplicate",
	"fk_implied",
	"fk_index_invalid",
	"fk_index_missing",
	"fk_index_unusable",
	"fk_not_inherited",
	"fk_not_valid",
	"fk_partly_null",
	"fk_triggers_disabled",
	"fk_undeclared",
	"heirs_unenforced",
	"index_redundant",
	"inverse_contradictory",
	"inverse_missing",
	"junction_not_unique",
	"key_running_out",
	"model_missing",
	"name_is_column",
	"not_visible",
	"order_index_missing",
	"path_broken",
	"polymorphic_nullability",
	"references_denied",
	"required_cycle",
	"rls_hides_target",
	"soft_cascade_refused",
	"soft_delete_unenforced",
	"step_pending",
	"target_not_readable",
	"trigger_disabled",
	"trigger_missing",
	"type_differs",
	"type_narrower",
	"unique_counts_deleted",
	/* rows */
	"cycle",
	"default_row_missing",
	"duplicate_links",
	"duplicates",
	"half_null",
	"key_near_limit",
	"live_child_of_deleted",
	"orphans",
	"row_security",
	"unknown_type",
	/* packages and the extension itself */
	"conflict",
	"down_missing",
	"history_differs",
	"owner_differs",
	"restore_not_ended",
	"script_changed",
	"sequence_not_dumped",
	"table_not_dumped",
	"version_missing",
	"version_not_default",
	"watch_disabled",
};

/* The codes (char *), for a hint. */
List *
ta_finding_codes(void)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(codes); i++)
		names = lappend(names, unconstify(char *, codes[i]));
	return names;
}

bool
ta_finding_code_known(const char *code)
{
	for (int i = 0; i < lengthof(codes); i++)
	{
		if (strcmp(code, codes[i]) == 0)
			return true;
	}
	return false;
}

/* Where the code is explained. */
char *
ta_finding_docs(const char *code)
{
	return psprintf("docs/validate.md#%s", code);
}

/* ---- findings ---- */

/* A finding of that code at the end of the list; what else there is to say of it, the caller adds. */
TaFinding *
ta_finding_add(List **findings, TaSeverity severity, const char *code, char *message, char *fix)
{
	TaFinding *finding = palloc0(sizeof(TaFinding));

	finding->severity = severity;
	finding->code = code;
	finding->message = message;
	finding->fix = fix;
	finding->count = TA_NO_COUNT;
	finding->order = list_length(*findings);
	*findings = lappend(*findings, finding);
	return finding;
}

/* Something that the caller may not look at: all of it is one finding, whose detail lists it. */
void
ta_finding_not_visible(List **findings, char *what)
{
	ListCell *lc;

	foreach(lc, *findings)
	{
		TaFinding *finding = lfirst(lc);

		if (strcmp(finding->code, "not_visible") != 0)
			continue;
		finding->detail = psprintf("%s; %s", finding->detail, what);
		return;
	}
	ta_finding_add(findings, TA_INFO, "not_visible",
				   pstrdup("you may not look at everything that is checked"), NULL)
		->detail = what;
}

static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const TaFinding *left = lfirst(a);
	const TaFinding *right = lfirst(b);
	int result = (int) right->severity - (int) left->severity;

	if (result == 0)
		result = strcmp(left->code, right->code);
	if (result == 0)
		result = strcmp(left->association != NULL ? left->association : "",
						right->association != NULL ? right->association : "");
	/* list_sort is not stable; steps stay in the order to run them */
	return result != 0 ? result : left->order - right->order;
}

/* Whether both say the same of the same association: two declarers have said it. */
static bool
is_same(const TaFinding *a, const TaFinding *b)
{
	return a->severity == b->severity && strcmp(a->code, b->code) == 0 && a->association != NULL &&
		   b->association != NULL && strcmp(a->association, b->association) == 0;
}

/* The worst first, and each once. */
List *
ta_finding_sort(List *findings)
{
	List *result = NIL;
	ListCell *lc;

	list_sort(findings, compare_findings);
	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		bool again = false;

		for (int i = list_length(result) - 1; i >= 0 && is_same(list_nth(result, i), finding); i--)
			again = again ||
					strcmp(((TaFinding *) list_nth(result, i))->message, finding->message) == 0;
		if (!again)
			result = lappend(result, finding);
	}
	return result;
}
