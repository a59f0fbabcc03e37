/*
 * src/pg/partial.h
 *		Unique indexes that count only some rows of a table.
 */
#ifndef TA_PARTIAL_H
#define TA_PARTIAL_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern bool ta_index_is_unique_where(Oid index, Oid relid, List *columns, const char *condition);
extern Oid ta_rel_unique_index_where(Oid relid, List *columns, const char *condition);

#endif /* TA_PARTIAL_H */
