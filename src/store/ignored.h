/*
 * src/store/ignored.h
 *		Rows of assoc_internal.ignored: findings that are not to be shown.
 */
#ifndef TA_IGNORED_H
#define TA_IGNORED_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct TaIgnored
{
	char *code;
	char *association; /* "": of any */
	char *message; /* "": whatever it says */
	char *reason; /* NULL: none was given */
} TaIgnored;

extern bool ta_ignored_available(void);
extern List *ta_ignored_rows(void);
extern bool ta_ignored_put(const TaIgnored *row);
extern uint64 ta_ignored_delete(const char *code, const char *association);
extern void ta_ignored_rename(const char *association, const char *new_name);
extern void ta_ignored_forget(const char *model, const char *alias);
extern void ta_ignored_sweep(void);

#endif /* TA_IGNORED_H */
