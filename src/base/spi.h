/*
 * src/base/spi.h
 *		The one SPI door.
 */
#ifndef TA_SPI_H
#define TA_SPI_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "nodes/pg_list.h"

/* Called for each result row, in the caller's memory context. */
typedef void (*TaRowFunction)(HeapTuple tuple, TupleDesc desc, void *arg);

/* Called for each row as it comes; false ends the query. */
typedef bool (*TaSlotFunction)(TupleTableSlot *slot, void *arg);

typedef enum TaSpiIdentity
{
	TA_AS_CALLER, /* text is built or the rows are the user's: run as who asks */
	TA_AS_CATALOG /* a fixed statement on our own tables: run as their owner */
} TaSpiIdentity;

extern uint64
ta_spi_fixed(const char *sql, List *texts, TaSpiIdentity identity, TaRowFunction row, void *arg);
extern uint64 ta_spi_query(const char *sql, TaRowFunction row, void *arg);
extern void ta_spi_stream(const char *sql, TaSlotFunction row, void *arg);
extern void ta_spi_utility(const char *sql);
extern int64 ta_spi_count(const char *sql);

extern char *ta_spi_text(HeapTuple tuple, TupleDesc desc, int column);
extern void ta_spi_keep_text(HeapTuple tuple, TupleDesc desc, void *arg);
extern int ta_spi_column(TupleDesc desc, const char *name);
extern char *ta_spi_named_text(HeapTuple tuple, TupleDesc desc, const char *name);

#endif /* TA_SPI_H */
