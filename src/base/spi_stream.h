/*
 * src/base/spi_stream.h
 *		Queries as the caller, with values, whose rows are handed on as they come.
 */
#ifndef TA_SPI_STREAM_H
#define TA_SPI_STREAM_H

#include "postgres.h"

#include "base/spi.h"

/* How a query is planned. */
typedef enum TaSpiPlanning
{
	TA_PLAN_AUTO, /* as PostgreSQL does it: for the values a few times, then once for all */
	TA_PLAN_ONCE, /* once for all values */
	TA_PLAN_EACH /* for the values of each call */
} TaSpiPlanning;

typedef struct TaSpiQuery
{
	const char *sql;
	int nparams;
	const Oid *types;
	const Datum *values;
	const char *nulls;
	TaSpiPlanning planning;
} TaSpiQuery;

extern void ta_spi_stream_query(const TaSpiQuery *query, TaSlotFunction row, void *arg);
extern void ta_spi_stream_trim(void);

/* spi_estimate.c */
extern double ta_spi_estimate(const TaSpiQuery *query, int unknown);

/* A query whose rows are fetched some at a time, also in later calls of a function. */
typedef struct PortalData TaSpiCursor;

extern TaSpiCursor *ta_spi_cursor_open(const TaSpiQuery *query);
extern bool ta_spi_cursor_fetch(TaSpiCursor *cursor, int count, TaSlotFunction row, void *arg);
extern void ta_spi_cursor_close(TaSpiCursor *cursor);

#endif /* TA_SPI_STREAM_H */
