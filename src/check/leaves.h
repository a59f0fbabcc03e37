/*
 * src/check/leaves.h
 *		The tables in which the rows of a table are: itself, or its partitions.
 */
#ifndef TA_LEAVES_H
#define TA_LEAVES_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/block.h"

#include "check/reader.h"

typedef struct TaLeaf
{
	Oid relid;
	bool by_pages; /* else it is read as a whole, as one unit */
	uint64 first; /* unit of all leaves */
	uint64 units; /* pages */
} TaLeaf;

typedef struct TaLeaves
{
	int count;
	int ncolumns;
	uint64 units; /* of all */
	double rows; /* as ANALYZE or VACUUM last knew them; 0: unknown */
	int workers; /* worth it for reading them */
	TaLeaf *leaf;
	AttrNumber *root; /* the columns, in the table itself */
	AttrNumber *attnums; /* and in each leaf, one after the other */
} TaLeaves;

extern TaLeaves *ta_leaves(Oid relid, List *columns);
extern bool ta_leaves_readable(Oid relid, const AttrNumber *attnums, int count);
extern void ta_leaves_read(const TaLeaves *leaves, TaRowsFunction take, void *arg);

#endif /* TA_LEAVES_H */
