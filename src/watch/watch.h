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

/* event.c: the three moments */
extern void ta_watch_init(void);
extern void ta_watch_start(EventTriggerData *event);
extern void ta_watch_dropped(EventTriggerData *event);
extern void ta_watch_end(EventTriggerData *event);

/* drop.c */
extern void ta_drop_start(DropStmt *statement);
extern void ta_drop_owned_start(DropOwnedStmt *statement);
extern void ta_drop_column_start(AlterTableStmt *statement);
extern void ta_drop_end(Node *statement);

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
