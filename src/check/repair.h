/*
 * src/check/repair.h
 *		Mending rows that break an association.
 */
#ifndef TA_REPAIR_H
#define TA_REPAIR_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "schema/state.h"

/* One thing to mend: rows of one table, by one rule. */
typedef struct TaRepairJob
{
	const TaState *state;
	const char *association; /* as it was named */
	List *unique; /* of char *: rows that have these columns twice; NIL: orphans */
	bool living; /* of those only rows that are not deleted softly: a has_one's */
} TaRepairJob;

extern List *ta_rows_jobs(const char *association);
extern void ta_rows_lock(const TaState *state);
extern void ta_repair_check(List *jobs, const char *association, const char *action);
extern char *ta_repair_query(const TaRepairJob *job, int batch_size);
extern int64
ta_repair_batch(const TaRepairJob *job, const char *action, Oid relation, const char *places);
extern char *ta_repair_words(const TaRepairJob *job, const char *action);
extern int ta_repair_passes(const TaRepairJob *job, const char *action);
extern bool ta_repair_concerns(const TaRepairJob *job, const char *action);

#endif /* TA_REPAIR_H */
