/*
 * src/watch/event.c
 *		The three moments around a DDL command: which statement concerns whom.
 *
 * Everything here is for every DDL command of the database, whosever it is: it
 * looks at the parse tree first, and at our catalog only where a statement of
 * that kind can concern it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"

#include "migrate/history.h"
#include "migrate/mark.h"
#include "pg/extension.h"
#include "watch/watch.h"

/*
 * The command that makes or changes an extension has begun under our eyes.
 * Cleared at its end and with any (sub)transaction that fails: then its end, if
 * it comes, notices once more what was noticed already.
 */
static bool began = false;

/* Whether there is nothing to watch: a version without the tables, our own scripts, pg_upgrade. */
static bool
asleep(void)
{
	return IsBinaryUpgrade || !ta_history_exists() ||
		   (OidIsValid(CurrentExtensionObject) &&
			CurrentExtensionObject == get_extension_oid("todo_assoc", true));
}

/* ddl_command_start: nothing is locked or looked up yet. */
void
ta_watch_start(EventTriggerData *event)
{
	Node *statement = event->parsetree;

	if (asleep())
		return;
	switch (nodeTag(statement))
	{
		case T_RenameStmt:
		case T_AlterObjectSchemaStmt:
			ta_rename_start(statement);
			break;
		case T_AlterTableStmt:
			ta_drop_column_start(castNode(AlterTableStmt, statement));
			ta_enforced_alter_start(castNode(AlterTableStmt, statement));
			break;
		case T_CreateExtensionStmt:
		case T_AlterExtensionStmt:
			began = true;
			ta_package_start(statement);
			break;
		case T_DropOwnedStmt:
			ta_package_start(statement);
			ta_drop_owned_start(castNode(DropOwnedStmt, statement));
			break;
		case T_DropStmt:
			switch (castNode(DropStmt, statement)->removeType)
			{
				case OBJECT_INDEX:
				case OBJECT_TRIGGER:
				case OBJECT_RULE:
				case OBJECT_POLICY:
					ta_member_check_drop(castNode(DropStmt, statement));
					break;
				default:
					ta_package_start(statement);
					ta_drop_start(castNode(DropStmt, statement));
					break;
			}
			break;
		default:
			break;
	}
}

/* sql_drop: the objects are gone, and can be told. */
void
ta_watch_dropped(EventTriggerData *event)
{
	if (!asleep())
		ta_drop_end(event->parsetree);
}

/* The script of a package has run a command that may have made tables. */
static void
end_in_package(Node *statement)
{
	ta_member_mark(ta_commands());
	ta_member_check_script(statement);
	/* CREATE EXTENSION .. CASCADE made us in the same command: there will be no end of it for us */
	if (!began)
		ta_history_observe();
}

/* The relation that a statement changes, of those a dump leaves out with an extension's table. */
static Oid
changed_relation(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_IndexStmt:
			return ta_statement_relation(castNode(IndexStmt, statement)->relation);
		case T_CreateTrigStmt:
			return ta_statement_relation(castNode(CreateTrigStmt, statement)->relation);
		case T_RuleStmt:
			return ta_statement_relation(castNode(RuleStmt, statement)->relation);
		case T_CreatePolicyStmt:
			return ta_statement_relation(castNode(CreatePolicyStmt, statement)->table);
		case T_AlterPolicyStmt:
			return ta_statement_relation(castNode(AlterPolicyStmt, statement)->table);
		case T_AlterSeqStmt:
			return ta_statement_relation(castNode(AlterSeqStmt, statement)->sequence);
		default:
			return InvalidOid;
	}
}

static bool
is_part_of_relation(RenameStmt *statement)
{
	return statement->renameType == OBJECT_TABCONSTRAINT ||
		   statement->renameType == OBJECT_TRIGGER || statement->renameType == OBJECT_RULE ||
		   statement->renameType == OBJECT_POLICY;
}

/* ddl_command_end: the command is done. */
void
ta_watch_end(EventTriggerData *event)
{
	Node *statement = event->parsetree;
	List *commands;
	ListCell *lc;

	if (asleep())
		return;
	if (ta_in_package_script())
		end_in_package(statement);
	switch (nodeTag(statement))
	{
		case T_CreateExtensionStmt:
		case T_AlterExtensionStmt:
			began = false;
			ta_mark_check();
			ta_history_settle();
			break;
		case T_AlterExtensionContentsStmt:
			ta_member_added(castNode(AlterExtensionContentsStmt, statement));
			break;
		case T_RenameStmt:
		case T_AlterObjectSchemaStmt:
			commands = ta_commands();
			ta_rename_end(statement, commands);
			foreach(lc, commands)
			{
				TaCommand *command = lfirst(lc);

				if (command->classid == RelationRelationId)
					ta_member_check_alter(command->objid);
			}
			/* a constraint, trigger, rule or policy of the relation that the statement names */
			if (IsA(statement, RenameStmt) && is_part_of_relation(castNode(RenameStmt, statement)))
				ta_member_check_alter(
					ta_statement_relation(castNode(RenameStmt, statement)->relation));
			if (IsA(statement, RenameStmt) &&
				castNode(RenameStmt, statement)->renameType == OBJECT_TRIGGER)
				ta_enforced_triggers_changed(ta_statement_relation(
												 castNode(RenameStmt, statement)->relation),
											 castNode(RenameStmt, statement)->newname);
			break;
		case T_AlterTableStmt:
		{
			AlterTableStmt *alter = castNode(AlterTableStmt, statement);
			Oid relid = ta_statement_relation(alter->relation);

			if (!OidIsValid(relid))
				break;
			ta_report_alter(alter, relid);
			ta_enforced_alter_end(alter, relid);
			if (!ta_member_survives(alter))
				ta_member_check_alter(relid);
			break;
		}
		case T_CreateStmt:
			if (castNode(CreateStmt, statement)->inhRelations != NIL)
				ta_report_created(castNode(CreateStmt, statement));
			ta_enforced_created(castNode(CreateStmt, statement));
			break;
		case T_CreateSchemaStmt:
			foreach(lc, castNode(CreateSchemaStmt, statement)->schemaElts)
			{
				if (IsA(lfirst(lc), CreateStmt))
					ta_enforced_created(castNode(CreateStmt, lfirst(lc)));
			}
			break;
		case T_CreateTrigStmt:
		{
			CreateTrigStmt *create = castNode(CreateTrigStmt, statement);

			ta_member_check_alter(changed_relation(statement));
			ta_enforced_triggers_changed(changed_relation(statement), create->trigname);
			break;
		}
		default:
			ta_member_check_alter(changed_relation(statement));
			break;
	}
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		began = false;
}

static void
subxact_callback(SubXactEvent event, SubTransactionId sub, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		began = false;
}

/* Called once per backend, from _PG_init. */
void
ta_watch_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterSubXactCallback(subxact_callback, NULL);
}
