/*
 * src/check/scan.h
 *		Orphans found by one scan of each table.
 */
#ifndef TA_SCAN_H
#define TA_SCAN_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern bool ta_scan_orphans(Oid child, List *columns, Oid parent, List *key_columns,
							int max_samples, int64 *count, char **samples, const char **method);

#endif /* TA_SCAN_H */
