/*
 * src/base/guc.h
 *		Settings.
 */
#ifndef TA_GUC_H
#define TA_GUC_H

#include "postgres.h"

/* What is done about hand-made DDL on a package's table. */
typedef enum TaPackageDdl
{
	TA_PACKAGE_DDL_OFF,
	TA_PACKAGE_DDL_WARN,
	TA_PACKAGE_DDL_ERROR
} TaPackageDdl;

/* How enforcement looks for a key; for tests. */
typedef enum TaProbeWay
{
	TA_PROBE_AUTO,
	TA_PROBE_QUERY
} TaProbeWay;

extern int ta_guc_max_depth; /* of what one query loads */
extern int ta_guc_max_rows; /* of what one query loads */
extern int ta_guc_memo_size; /* kB */
extern int ta_guc_package_ddl; /* a TaPackageDdl */
extern int ta_guc_probe; /* a TaProbeWay */
extern int ta_guc_progress_interval; /* ms; read by the procedure assoc.repair */

extern void ta_guc_init(void);

#endif /* TA_GUC_H */
