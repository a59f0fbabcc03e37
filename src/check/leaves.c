/*
 * src/check/leaves.c
 *		The tables in which the rows of a table are: itself, or its partitions.
 *
 * Rows of inheritance children are not the table's, as for a foreign key.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "check/leaves.h"
#include "pg/facts.h"

/* ---- which they are ---- */

/* The attribute numbers of the columns; false: one does not exist, or is in no tuple. */
static bool
find_columns(Oid relid, List *columns, AttrNumber *attnums)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		HeapTuple tuple = SearchSysCacheAttName(relid, lfirst(lc));
		Form_pg_attribute att;
		bool good;

		if (!HeapTupleIsValid(tuple))
			return false;
		att = (Form_pg_attribute) GETSTRUCT(tuple);
		attnums[foreach_current_index(lc)] = att->attnum;
		good = att->attnum > 0 && TA_ATTRIBUTE_STORED(att);
		ReleaseSysCache(tuple);
		if (!good)
			return false;
	}
	return true;
}

/* So many workers as a sequential scan would have (compute_parallel_worker): one more each time the table is three times as big. */
static int
workers_for(uint64 pages)
{
	uint64 threshold = Max(min_parallel_table_scan_size, 1);
	int workers = 0;

	for (; pages >= threshold && workers < max_parallel_workers_per_gather; threshold *= 3)
		workers++;
	return workers;
}

/* Adds a table; false: its rows can't be read from here. */
static bool
add_leaf(TaLeaves *leaves, Oid relid, List *columns, int *asked, bool *shareable)
{
	Relation rel = table_open(relid, AccessShareLock);
	TaLeaf *leaf = &leaves->leaf[leaves->count];
	bool good = rel->rd_rel->relkind == RELKIND_RELATION && !RELATION_IS_OTHER_TEMP(rel) &&
				find_columns(relid, columns, leaves->attnums + leaves->count * leaves->ncolumns);

	if (good)
	{
		leaf->relid = relid;
		leaf->by_pages = ta_reader_by_pages(rel);
		leaf->first = leaves->units;
		leaf->units = leaf->by_pages ? RelationGetNumberOfBlocks(rel) : 1;
		leaves->units += leaf->units;
		leaves->rows += Max(rel->rd_rel->reltuples, 0);
		*asked = Max(*asked, RelationGetParallelWorkers(rel, -1));
		*shareable &= leaf->by_pages && !RelationUsesLocalBuffers(rel);
		leaves->count++;
	}
	table_close(rel, NoLock);
	return good;
}

/*
 * The leaves of a table or partitioned table, locked as a query would, and as
 * many pages of each as the active snapshot can see rows on.  NULL: some of it,
 * or of these columns (char *, each once), is not to be had from pages.
 */
TaLeaves *
ta_leaves(Oid relid, List *columns)
{
	TaLeaves *leaves = palloc0(sizeof(TaLeaves));
	bool partitioned = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	List *relids =
		partitioned ? find_all_inheritors(relid, AccessShareLock, NULL) : list_make1_oid(relid);
	int asked = -1;
	bool shareable = true;
	ListCell *lc;

	leaves->ncolumns = list_length(columns);
	leaves->leaf = palloc0(sizeof(TaLeaf) * list_length(relids));
	leaves->root = palloc(sizeof(AttrNumber) * leaves->ncolumns);
	leaves->attnums = palloc(sizeof(AttrNumber) * leaves->ncolumns * list_length(relids));
	if (!find_columns(relid, columns, leaves->root))
		return NULL;
	foreach(lc, relids)
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_PARTITIONED_TABLE)
			continue;
		if (!add_leaf(leaves, lfirst_oid(lc), columns, &asked, &shareable))
			return NULL;
	}
	if (shareable)
		leaves->workers =
			asked >= 0 ? Min(asked, max_parallel_workers_per_gather) : workers_for(leaves->units);
	return leaves;
}

/* Whether the user may SELECT these columns of all rows of the table. */
bool
ta_leaves_readable(Oid relid, const AttrNumber *attnums, int count)
{
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < count; i++)
	{
		if (pg_attribute_aclcheck(relid, attnums[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* ---- reading ---- */

/* Reads all rows by the active snapshot. */
void
ta_leaves_read(const TaLeaves *leaves, TaRowsFunction take, void *arg)
{
	for (int i = 0; i < leaves->count; i++)
	{
		const TaLeaf *leaf = &leaves->leaf[i];
		MemoryContext context =
			AllocSetContextCreate(CurrentMemoryContext, "todo_assoc leaf", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		Relation rel = table_open(leaf->relid, NoLock);
		TaReader *reader = ta_reader_open(rel, leaves->attnums + i * leaves->ncolumns,
										  leaves->ncolumns, GetActiveSnapshot());

		if (leaf->by_pages)
			ta_reader_pages(reader, 0, (BlockNumber) leaf->units, take, arg);
		else
			ta_reader_all(reader, take, arg);
		ta_reader_close(reader);
		table_close(rel, NoLock);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
}
