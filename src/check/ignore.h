/*
 * src/check/ignore.h
 *		Findings that are not to be shown.
 */
#ifndef TA_IGNORE_H
#define TA_IGNORE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/ignored.h"

extern void ta_ignore_check_owner(void);
extern void ta_ignore_check(const char *code, const char *association);
extern List *ta_ignore_filter(List *findings);
extern int ta_ignore_findings(List *findings, const char *reason);

#endif /* TA_IGNORE_H */
