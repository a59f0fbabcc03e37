/*
 * src/load/receive.h
 *		Rows of a statement, written as JSON while they arrive.
 */
#ifndef TA_RECEIVE_H
#define TA_RECEIVE_H

#include "postgres.h"

#include "load/step.h"

/* What a query has loaded so far, of all its statements. */
typedef struct TaLoadCount
{
	int64 rows;
} TaLoadCount;

/* Roots that are fetched some at a time. */
typedef struct TaRoots
{
	struct PortalData *cursor;
	int batch;
	bool more; /* after a batch: whether there may be another */
} TaRoots;

/* A set of keys that rows look something up by: so many columns, after those before. */
typedef struct TaLookup
{
	int skipped; /* columns before */
	TaKeys *keys;
} TaLookup;

extern void ta_receive(TaStep *step, TaStatement *statement, TaRows *rows, TaLookup *lookups,
					   int nlookups, TaKeys *answered, TaRoots *roots, TaLoadCount *count);

#endif /* TA_RECEIVE_H */
