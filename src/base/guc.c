/*
 * src/base/guc.c
 *		Settings.
 *
 * None changes what a declaration means.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/guc.h"

int ta_guc_package_ddl = TA_PACKAGE_DDL_WARN;

static const struct config_enum_entry package_ddl_values[] = {
	{"off", TA_PACKAGE_DDL_OFF, false},
	{"warn", TA_PACKAGE_DDL_WARN, false},
	{"error", TA_PACKAGE_DDL_ERROR, false},
	{NULL, 0, false},
};

/* Called once per backend, from _PG_init. */
void
ta_guc_init(void)
{
	DefineCustomEnumVariable("assoc.package_ddl",
							 "What is done about hand-made DDL on a table of an extension.",
							 "A dump does not hold it: restoring makes the extension again, by its "
							 "scripts alone.",
							 &ta_guc_package_ddl, TA_PACKAGE_DDL_WARN, package_ddl_values,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("assoc");
}
