/*
 * src/watch/command.c
 *		What a command changed, as PostgreSQL collected it.
 *
 * A parse tree holds names as they were typed, before the command; the
 * collected commands hold the objects.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "tcop/deparse_utility.h"

#include "base/spi.h"
#include "watch/watch.h"

static void
read_command(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **commands = arg;
	TaCommand *command = palloc0(sizeof(TaCommand));
	bool isnull;
	CollectedCommand *collected;

	command->classid = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));
	command->objid = DatumGetObjectId(heap_getattr(tuple, 2, desc, &isnull));
	collected = (CollectedCommand *) DatumGetPointer(heap_getattr(tuple, 3, desc, &isnull));
	if (!isnull && collected->type == SCT_Simple)
	{
		command->old_schema = collected->d.simple.secondaryObject.objectId;
		command->created =
			IsA(collected->parsetree, CreateStmt) || IsA(collected->parsetree, CreateTableAsStmt);
	}
	*commands = lappend(*commands, command);
}

/* The objects (TaCommand) that the command whose end this is has made or changed. */
List *
ta_commands(void)
{
	List *commands = NIL;

	ta_spi_fixed("SELECT c.classid, c.objid, c.command"
				 " FROM pg_catalog.pg_event_trigger_ddl_commands() c",
				 NIL, TA_AS_CALLER, read_command, &commands);
	return commands;
}

/* The relation of this name, or InvalidOid: one that is not there, or not a relation's name, is not ours to tell. */
Oid
ta_statement_relation(RangeVar *name)
{
	return name != NULL ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
}
