/*
 * src/check/work.h
 *		What a long check or repair is at, for pg_stat_activity.
 */
#ifndef TA_WORK_H
#define TA_WORK_H

#include "postgres.h"

extern void ta_work_say(const char *what, const char *association, int64 rows, int64 total);
extern void ta_work_end(void);

#endif /* TA_WORK_H */
