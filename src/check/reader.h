/*
 * src/check/reader.h
 *		Some columns of all rows of a table, a page at a time.
 */
#ifndef TA_READER_H
#define TA_READER_H

#include "postgres.h"

#include "access/attnum.h"
#include "storage/block.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* Rows that are read together; values of types passed by reference last as long as the call that gets them. */
typedef struct TaRows
{
	int count;
	Datum **values; /* of each column, of each row */
	bool **nulls;
	ItemPointerData *tids;
} TaRows;

typedef void (*TaRowsFunction)(const TaRows *rows, void *arg);

typedef struct TaReader TaReader;

extern bool ta_reader_by_pages(Relation rel);
extern TaReader *
ta_reader_open(Relation rel, const AttrNumber *attnums, int ncolumns, Snapshot snapshot);
extern void
ta_reader_pages(TaReader *reader, BlockNumber from, BlockNumber to, TaRowsFunction take, void *arg);
extern void ta_reader_all(TaReader *reader, TaRowsFunction take, void *arg);
extern void ta_reader_close(TaReader *reader);

#endif /* TA_READER_H */
