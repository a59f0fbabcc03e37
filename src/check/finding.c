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
	finding->order = list_length(*findings);
	finding->count = -1;
	*findings = lappend(*findings, finding);
	return finding;
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

/* The worst first. */
void
ta_finding_sort(List *findings)
{
	list_sort(findings, compare_findings);
}
