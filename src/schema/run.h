/*
 * src/schema/run.h
 *		The one way our DDL is run.
 */
#ifndef TA_RUN_H
#define TA_RUN_H

#include "postgres.h"

extern bool ta_ddl_is_ours(void);
extern void ta_run_ddl(const char *sql, const char *declarer);
extern void ta_run_ddl_as(const char *sql, const char *declarer, Oid role);
extern ErrorData *ta_run_try(void (*action)(void *arg), void *arg);
extern int64 ta_run_count_as(const char *sql, Oid role);
extern ErrorData *ta_run_ddl_try(const char *sql, const char *declarer, Oid role);

#endif /* TA_RUN_H */
