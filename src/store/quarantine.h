/*
 * src/store/quarantine.h
 *		Rows of assoc_internal.quarantine: rows of tables that repair put aside.
 */
#ifndef TA_QUARANTINE_H
#define TA_QUARANTINE_H

#include "postgres.h"

extern uint64 ta_quarantine_put(const char *association, const char *reason, Oid relid,
								const char *rows, const char *gone);
extern void ta_quarantine_rename_association(const char *association, const char *new_name);
extern void ta_quarantine_move_table(Oid relid, const char *schema, const char *table);
extern void ta_quarantine_rename_schema(const char *schema, const char *new_schema);

#endif /* TA_QUARANTINE_H */
