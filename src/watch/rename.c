/*
 * src/watch/rename.c
 *		Renames and moves of tables, columns, schemas, constraints and indexes.
 *
 * The parse tree holds the old name and the new one, the collected command the
 * object; of SET SCHEMA it also holds the schema that the object was in.
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "commands/extension.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "migrate/restore.h"
#include "model/declare.h"
#include "model/follow.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/run.h"
#include "store/cache.h"
#include "store/enforced.h"
#include "store/quarantine.h"
#include "watch/watch.h"

/* ---- before ---- */

/*
 * If rows of ours will have to change, waits for who declares or applies now,
 * before the command locks the table: a lock in the other order could be a
 * deadlock.
 */
void
ta_rename_start(Node *statement)
{
	RangeVar *name = IsA(statement, RenameStmt)
						 ? castNode(RenameStmt, statement)->relation
						 : castNode(AlterObjectSchemaStmt, statement)->relation;
	Oid relid = ta_statement_relation(name);
	bool ours = false;

	if (IsA(statement, RenameStmt) && castNode(RenameStmt, statement)->renameType == OBJECT_SCHEMA)
		ours = ta_catalog_models_of_schema(castNode(RenameStmt, statement)->subname) != NIL ||
			   ta_enforced_in_schema(castNode(RenameStmt, statement)->subname);
	else if (IsA(statement, AlterObjectSchemaStmt) &&
			 castNode(AlterObjectSchemaStmt, statement)->objectType == OBJECT_EXTENSION)
		ours = true;
	else if (OidIsValid(relid) && (get_rel_relkind(relid) == RELKIND_INDEX ||
								   get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX))
		ours = ta_models_of_relation(IndexGetRelation(relid, true)) != NIL;
	else if (OidIsValid(relid))
		ours = ta_models_of_relation(relid) != NIL || ta_enforced_of_relation(relid) != NIL;
	if (ours)
		ta_catalog_lock_rows();
}

/* ---- after ---- */

/* The relation that the command renamed or moved. */
static TaCommand *
relation_of(List *commands)
{
	ListCell *lc;

	foreach(lc, commands)
	{
		TaCommand *command = lfirst(lc);

		if (command->classid == RelationRelationId)
			return command;
	}
	return NULL;
}

static void
table_renamed(Oid relid, const char *old_name)
{
	char kind = get_rel_relkind(relid);
	char *schema = ta_rel_schema(relid);
	char *name = ta_rel_name(relid);

	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
	{
		Oid table = IndexGetRelation(relid, true);

		(void) ta_follow_object(table, TA_ITEM_INDEX, old_name, name);
		(void) ta_follow_object(table, TA_ITEM_UNIQUE_INDEX, old_name, name);
		return;
	}
	ta_lifted_move_table(schema, old_name, schema, name);
	ta_quarantine_move_table(relid, schema, old_name);
	ta_enforced_move_table(schema, old_name, schema, name);
	ta_refresh_models(ta_follow_table(schema, old_name, schema, name));
}

/* A column, in the table and in those that have it from there. */
static void
column_renamed(Oid relid, const char *old_name, const char *new_name)
{
	List *models = NIL;
	ListCell *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid table = lfirst_oid(lc);

		ta_lifted_rename_column(ta_rel_schema(table), ta_rel_name(table), old_name, new_name);
		ta_follow_enforced(ta_rel_schema(table), ta_rel_name(table), old_name, new_name);
		(void) ta_follow_object(table, TA_ITEM_COLUMN, old_name, new_name);
		models = list_concat(models, ta_follow_column(ta_rel_schema(table), ta_rel_name(table),
													  old_name, new_name));
	}
	ta_refresh_models(models);
}

/* An accessor, and the schema that its table has left. */
typedef struct LeftAccessor
{
	Oid schema;
	Oid relid;
	const TaDecl *decl;
} LeftAccessor;

static void
drop_left_accessor(void *arg)
{
	const LeftAccessor *left = arg;

	ta_accessor_drop_in(left->schema, left->relid, left->decl);
}

/* The accessors that stayed where the table was; one that a view uses stays, and does what it did. */
static void
drop_left_accessors(List *models, Oid old_schema, Oid relid)
{
	ListCell *lc;

	foreach(lc, models)
	{
		const TaModel *model = ta_cache_model(lfirst(lc));
		ListCell *ld;

		foreach(ld, model != NULL ? ta_cache_associations(model) : NIL)
		{
			LeftAccessor left = {.schema = old_schema, .relid = relid, .decl = lfirst(ld)};
			ErrorData *error = ta_run_try(drop_left_accessor, &left);

			if (error != NULL)
				ereport(WARNING, (errcode(error->sqlerrcode),
								  errmsg("the accessor \"%s\" stays in schema %s", left.decl->alias,
										 ta_ident_quote(get_namespace_name(old_schema))),
								  errdetail("%s", error->message)));
		}
	}
}

static List *
table_moved(Oid relid, Oid old_schema)
{
	char *schema = get_namespace_name(old_schema);
	List *models;

	if (schema == NULL || old_schema == get_rel_namespace(relid))
		return NIL;
	ta_lifted_move_table(schema, ta_rel_name(relid), ta_rel_schema(relid), ta_rel_name(relid));
	ta_quarantine_move_table(relid, schema, ta_rel_name(relid));
	ta_enforced_move_table(schema, ta_rel_name(relid), ta_rel_schema(relid), ta_rel_name(relid));
	models = ta_follow_table(schema, ta_rel_name(relid), ta_rel_schema(relid), ta_rel_name(relid));
	drop_left_accessors(models, old_schema, relid);
	return models;
}

/* An extension's members moved with it; first all tables, for an accessor names several. */
static void
extension_moved(Oid extension, Oid old_schema)
{
	List *models = NIL;
	ListCell *lc;

	foreach(lc, ta_ext_member_tables(extension))
		models = list_concat(models, table_moved(lfirst_oid(lc), old_schema));
	ta_refresh_models(models);
}

static void
renamed(RenameStmt *statement, List *commands)
{
	TaCommand *command = relation_of(commands);

	switch (statement->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_INDEX:
			if (command != NULL)
				table_renamed(command->objid, statement->relation->relname);
			break;
		case OBJECT_COLUMN:
			if (command != NULL)
				column_renamed(command->objid, statement->subname, statement->newname);
			break;
		case OBJECT_TABCONSTRAINT:
		{
			Oid relid = ta_statement_relation(statement->relation);

			if (!OidIsValid(relid))
				break;
			(void) ta_follow_object(relid, TA_ITEM_CONSTRAINT, statement->subname,
									statement->newname);
			(void) ta_follow_object(relid, TA_ITEM_CHECK, statement->subname, statement->newname);
			break;
		}
		case OBJECT_SCHEMA:
			ta_lifted_rename_schema(statement->subname, statement->newname);
			ta_quarantine_rename_schema(statement->subname, statement->newname);
			ta_enforced_rename_schema(statement->subname, statement->newname);
			ta_refresh_models(ta_follow_schema(statement->subname, statement->newname));
			break;
		default:
			break;
	}
}

/* A RENAME or SET SCHEMA was done: the catalog and the accessors follow. */
void
ta_rename_end(Node *statement, List *commands)
{
	AlterObjectSchemaStmt *move;
	ListCell *lc;

	if (IsA(statement, RenameStmt))
	{
		renamed(castNode(RenameStmt, statement), commands);
		return;
	}
	move = castNode(AlterObjectSchemaStmt, statement);
	foreach(lc, commands)
	{
		TaCommand *command = lfirst(lc);

		if (command->classid == ExtensionRelationId && move->objectType == OBJECT_EXTENSION)
			extension_moved(command->objid, command->old_schema);
		else if (command->classid == RelationRelationId)
			ta_refresh_models(table_moved(command->objid, command->old_schema));
	}
}
