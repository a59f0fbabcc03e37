/*
 * src/migrate/restore.h
 *		Dump and restore of packages.
 */
#ifndef TA_RESTORE_H
#define TA_RESTORE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* What post_restore did. */
typedef struct TaRestored
{
	char *package;
	char *item;
	const char *outcome;
	char *detail;
} TaRestored;

extern void ta_restore_check_not_running(const char *package);
extern List *ta_restore_running(void);
extern List *ta_restore_statements(void);
extern void ta_lifted_move_table(const char *schema, const char *table, const char *new_schema,
								 const char *new_table);
extern void ta_lifted_rename_column(const char *schema, const char *table, const char *column,
									const char *new_name);
extern void ta_lifted_rename_schema(const char *schema, const char *new_schema);
extern char *ta_restore_begin(void);
extern List *ta_restore_end(void);
extern char *ta_grant_to_owner(void);

#endif /* TA_RESTORE_H */
