/*
 * src/migrate/mark.h
 *		Rows of a package's tables in a dump: marks, and the rule of seed rows.
 */
#ifndef TA_MARK_H
#define TA_MARK_H

#include "postgres.h"

extern void ta_mark_init(void);
extern bool ta_in_package_script(void);
extern void ta_mark_member(Oid relid, bool created);
extern void ta_mark_begin(const char *package);
extern void ta_mark_check(void);
extern void ta_mark_after_script(void);

#endif /* TA_MARK_H */
