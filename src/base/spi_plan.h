/*
 * src/base/spi_plan.h
 *		Kept plans of generated statements with typed parameters.
 */
#ifndef TA_SPI_PLAN_H
#define TA_SPI_PLAN_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"

#include "base/spi.h"

typedef struct _SPI_plan TaSpiPlan;

/* How a kept plan is run. */
typedef struct TaSpiRun
{
	Oid role; /* runs as this role, row security not forced */
	bool detect_new; /* must see what was committed since a transaction's snapshot was taken */
	uint64 limit; /* of rows; 0: all */
	int expected; /* SPI_OK_... that the statement gives; else a rule has rewritten it */
} TaSpiRun;

#define TA_SPI_SELECTS 5 /* SPI_OK_SELECT */
#define TA_SPI_DELETES 8 /* SPI_OK_DELETE */
#define TA_SPI_UPDATES 9 /* SPI_OK_UPDATE */

extern TaSpiPlan *
ta_spi_plan_make(const char *sql, int nargs, const Oid *types, Oid role, bool generic);
extern void ta_spi_plan_free(TaSpiPlan *plan);
extern bool ta_spi_plan_run(TaSpiPlan *plan, const Datum *values, const char *nulls,
							const TaSpiRun *how, TaRowFunction row, void *arg, uint64 *processed);

#endif /* TA_SPI_PLAN_H */
