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

extern int ta_guc_package_ddl; /* a TaPackageDdl */

extern void ta_guc_init(void);

#endif /* TA_GUC_H */
