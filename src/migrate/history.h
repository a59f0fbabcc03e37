/*
 * src/migrate/history.h
 *		What was migrated, undone or noticed.
 */
#ifndef TA_HISTORY_H
#define TA_HISTORY_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Mirrors assoc_internal.history; times and intervals are text. */
typedef struct TaHistoryRow
{
	char *package;
	const char *action;
	char *from_version;
	char *to_version;
	char *script;
	char *sha256;
	char *applied_at;
	char *applied_by;
	char *duration;
	char *rows_dropped;
} TaHistoryRow;

extern bool ta_history_exists(void);
extern void ta_history_add(const TaHistoryRow *row);
extern List *ta_history_of(const char *package);
extern TaHistoryRow *ta_history_last(const char *package);
extern void ta_history_observe(void);
extern bool ta_history_observe_drop(const char *package);
extern void ta_history_settle(void);

/* While a function of ours changes this package, what is noticed of it is no news; returns what was expected before. */
extern const char *ta_history_expect(const char *package);

#endif /* TA_HISTORY_H */
