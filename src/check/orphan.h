/*
 * src/check/orphan.h
 *		The rows of a child that refer to no row of the parent, and rows as JSON.
 */
#ifndef TA_ORPHAN_H
#define TA_ORPHAN_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "check/scan.h"
#include "schema/state.h"

typedef struct TaOrphans
{
	int64 count; /* of rows */
	char *samples; /* JSON array of foreign keys, each once; NULL: there are none */
} TaOrphans;

extern bool ta_rows_exist(const TaState *state);
extern bool ta_orphans_excluded(const TaState *state);
extern char *ta_orphan_condition(const TaState *state);
extern void ta_orphan_count(const TaState *state, const TaScanReference *scanned, int samples,
							TaOrphans *result);
extern char *ta_orphan_key_json(const TaState *state);
extern void ta_rows_sample(const TaState *state, List *columns, const char *rows, int samples,
						   TaOrphans *result);
extern char *ta_rows_json(Oid relid, List *columns);
extern char *ta_rows_parent(const TaState *state);
extern char *ta_rows_not_null(List *columns);
extern char *ta_rows_same_key(const TaState *state, const char *key_prefix);
extern char *ta_rows_columns(List *columns);

#endif /* TA_ORPHAN_H */
