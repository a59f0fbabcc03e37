/*
 * src/watch/watch.h
 *		What happens around DDL that others run.
 */
#ifndef TA_WATCH_H
#define TA_WATCH_H

#include "postgres.h"

#include "commands/event_trigger.h"
#include "nodes/parsenodes.h"

#include "store/catalog.h"
#include "store/enforced.h"

/* event.c: the three moments */
extern void ta_watch_init(void);
extern void ta_watch_start(EventTriggerData *event);
extern void ta_watch_dropped(EventTriggerData *event);
extern void ta_watch_end(EventTriggerData *event);

/* aside.c: what steps aside before a drop */
extern void ta_drop_start(DropStmt *statement);
extern void ta_drop_owned_start(DropOwnedStmt *statement);
extern void ta_drop_column_start(AlterTableStmt *statement);

/* drop.c: what was dropped */
extern void ta_drop_end(Node *statement);

/* apart.c: what this session takes apart */
extern void ta_apart_take(const char *schema, const char *name);
extern void ta_apart_forget(const char *schema, const char *table);
extern bool ta_apart_has(const char *schema, const char *name);

/* rename.c */
extern void ta_rename_start(Node *statement);
extern void ta_rename_end(Node *statement, List *commands);

/* member.c: packages */
extern void ta_member_mark(List *commands);
extern void ta_member_check_script(Node *statement);
extern void ta_member_check_alter(Oid relid);
extern void ta_member_check_drop(DropStmt *statement);
extern bool ta_member_survives(AlterTableStmt *statement);
extern void ta_member_added(AlterExtensionContentsStmt *statement);
extern void ta_package_start(Node *statement);

/* report.c: what an ALTER TABLE does to associations */
extern void ta_report_alter(AlterTableStmt *statement, Oid relid);
extern void ta_report_created(CreateStmt *statement);
extern void ta_refresh_models(List *models);
extern void ta_watch_refresh(TaDecl *decl);
extern List *ta_models_of_relation(Oid relid);

/* enforced.c: what triggers enforce */
extern List *ta_enforced_of_relation(Oid relid);
extern void ta_enforced_part_leaves(Oid part, Oid whole, bool alone, bool concurrently);
extern void ta_enforced_alter_start(AlterTableStmt *statement);
extern void ta_enforced_alter_end(AlterTableStmt *statement, Oid relid);
extern void ta_enforced_triggers_changed(Oid relid, const char *name);
extern void ta_enforced_created(CreateStmt *statement);
extern void ta_enforced_trigger_gone(const char *schema, const char *table, const char *name);
extern void ta_enforced_end(const TaEnforced *row);
extern bool ta_enforced_uses(const TaEnforced *row, Oid relid, const char *column);
extern List *
ta_enforced_speaking_of(const char *schema, const char *table, const char *column, bool of_child);

/* retype.c: another type for columns by which triggers enforce */
extern void ta_retype_start(Oid relid, const AlterTableCmd *command);
extern void ta_retype_end(Oid relid, const AlterTableCmd *command);

/* command.c: what the parse tree names */
typedef struct TaCommand
{
	Oid classid;
	Oid objid;
	Oid old_schema; /* of SET SCHEMA */
	bool created; /* a table that the command made */
} TaCommand;

extern List *ta_commands(void);
extern Oid ta_statement_relation(RangeVar *name);

#endif /* TA_WATCH_H */
