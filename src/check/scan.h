/*
 * src/check/scan.h
 *		Orphans of all references of a child, found by one scan of each table.
 */
#ifndef TA_SCAN_H
#define TA_SCAN_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/itemptr.h"

/* A row, in the table or partition where it is. */
typedef struct TaOrphanPlace
{
	Oid relid;
	ItemPointerData tid;
} TaOrphanPlace;

/* A reference of the child, and what is found. */
typedef struct TaScanReference
{
	List *columns; /* of char *, of the child */
	Oid parent;
	List *key; /* of char *, of the parent */
	/* only rows in which this column has this value; NULL: all */
	const char *type_column;
	const char *type_value;

	const char *method; /* bitmap or hash; NULL: not done */
	int64 count; /* of orphans */
	int workers; /* that took part */
	int nplaces;
	TaOrphanPlace *places; /* of the first some */
} TaScanReference;

extern void ta_scan_references(Oid child, List *references, int max_places, const char *names);

#endif /* TA_SCAN_H */
