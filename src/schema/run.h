/*
 * src/schema/run.h
 *		The one way our DDL is run.
 */
#ifndef TA_RUN_H
#define TA_RUN_H

#include "postgres.h"

extern void ta_run_ddl(const char *sql, const char *declarer);
extern void ta_run_ddl_as(const char *sql, const char *declarer, Oid role);

#endif /* TA_RUN_H */
