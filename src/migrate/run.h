/*
 * src/migrate/run.h
 *		Taking a package up and down.
 */
#ifndef TA_RUN_MIGRATE_H
#define TA_RUN_MIGRATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* What became of one step. */
typedef struct TaMigrated
{
	char *from; /* NULL: made */
	char *to; /* NULL: dropped */
	char *script; /* NULL: none */
	int64 duration; /* microseconds */
	int64 rows_dropped; /* -1: not a step down */
} TaMigrated;

extern List *ta_migrate_up(const char *name, const char *version);
extern List *ta_migrate_down(const char *name, int steps, const char *version);
extern List *ta_migrate_to_nothing(const char *name, bool confirm);
extern void ta_migrate_lock(const char *name);
extern void ta_migrate_count_dropped(Oid relid);

#endif /* TA_RUN_MIGRATE_H */
