/*
 * src/base/guc.c
 *		Settings.
 *
 * None changes what a declaration means.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/guc.h"

int ta_guc_max_depth = 16;
int ta_guc_max_rows = 10000000;
int ta_guc_memo_size = 16384;
int ta_guc_package_ddl = TA_PACKAGE_DDL_WARN;
int ta_guc_probe = TA_PROBE_AUTO;
int ta_guc_progress_interval = 10000;

static const struct config_enum_entry package_ddl_values[] = {
	{"off", TA_PACKAGE_DDL_OFF, false},
	{"warn", TA_PACKAGE_DDL_WARN, false},
	{"error", TA_PACKAGE_DDL_ERROR, false},
	{NULL, 0, false},
};

static const struct config_enum_entry probe_values[] = {
	{"auto", TA_PROBE_AUTO, false},
	{"query", TA_PROBE_QUERY, false},
	{NULL, 0, false},
};

/* Called once per backend, from _PG_init. */
void
ta_guc_init(void)
{
	DefineCustomIntVariable("assoc.max_depth",
							"How many levels of associations one query may load.",
							"A query that goes deeper is an error.", &ta_guc_max_depth, 16, 0, 1000,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("assoc.max_rows", "How many rows one query may load.",
							"A query that finds more is an error: nothing is cut.",
							&ta_guc_max_rows, 10000000, 1, PG_INT32_MAX, PGC_USERSET, 0, NULL, NULL,
							NULL);
	DefineCustomIntVariable("assoc.memo_size",
							"Memory for the parents that a transaction has locked.",
							"A reference to a parent that is remembered is not looked up again. "
							"0 remembers none.",
							&ta_guc_memo_size, 16384, 0, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomEnumVariable("assoc.package_ddl",
							 "What is done about hand-made DDL on a table of an extension.",
							 "A dump does not hold it: restoring makes the extension again, by its "
							 "scripts alone.",
							 &ta_guc_package_ddl, TA_PACKAGE_DDL_WARN, package_ddl_values,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(
		"assoc.probe", "How triggers look for what is referred to.",
		"query: by SQL always, as a native key does. For tests: both ways find "
		"the same.",
		&ta_guc_probe, TA_PROBE_AUTO, probe_values, PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomIntVariable("assoc.progress_interval",
							"How often assoc.repair tells how far it is.",
							"It tells after a batch; 0 tells after each.",
							&ta_guc_progress_interval, 10000, 0, PG_INT32_MAX, PGC_USERSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	MarkGUCPrefixReserved("assoc");
}
