/*
 * src/watch/member.c
 *		Extensions: marks of what a package's script makes, hand-made DDL on
 *		their tables, and what must not be dropped with us.
 *
 * A dump holds an extension as CREATE EXTENSION and the rows that are marked.
 * An index, a column or a trigger that somebody adds to one of its tables is
 * not in it, and is lost without a word.  So there is a word when it is made.
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/guc.h"
#include "base/ident.h"
#include "migrate/mark.h"
#include "migrate/run.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/run.h"
#include "watch/watch.h"

/* ---- within a package's script ---- */

/* Marks what the script has just made. */
void
ta_member_mark(List *commands)
{
	ListCell *lc;

	foreach(lc, commands)
	{
		TaCommand *command = lfirst(lc);

		if (command->classid == RelationRelationId && get_rel_name(command->objid) != NULL)
			ta_mark_member(command->objid, command->created);
	}
}

/* A restore runs the script before it makes the tables that are no package's. */
static void
warn_of_stranger(Oid relid, const TaExtension *package)
{
	if (!OidIsValid(relid) || ta_rel_is_temporary(relid) || OidIsValid(ta_ext_of_relation(relid)))
		return;
	ereport(WARNING,
			(errmsg("the script of package \"%s\" changes %s, which is not part of it",
					package->name, ta_rel_shown(relid)),
			 errdetail("A restore runs the script before that table is there, and fails."),
			 errhint(
				 "Create the table in the package; or say ALTER TABLE IF EXISTS, with ADD COLUMN "
				 "IF NOT EXISTS and the like.")));
}

/* A table that the script lets go is in the dump, and made by the script as well. */
static void
warn_of_detached(AlterExtensionContentsStmt *statement)
{
	if (statement->action == +1 || statement->objtype != OBJECT_TABLE)
		return;
	ereport(
		WARNING,
		(errmsg("the script lets table %s go from package \"%s\"",
				NameListToString(castNode(List, statement->object)), statement->extname),
		 errdetail("A restore finds it made by the script and in the dump, twice."),
		 errhint("Leave it in the package: its rows are dumped. SELECT assoc.release(%s) ends a "
				 "package and keeps its tables.",
				 quote_literal_cstr(statement->extname))));
}

/* A command of a package's script: tells what a restore could not do again. */
void
ta_member_check_script(Node *statement)
{
	const TaExtension *package = ta_ext(CurrentExtensionObject);

	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			if (!castNode(AlterTableStmt, statement)->missing_ok)
				warn_of_stranger(ta_statement_relation(
									 castNode(AlterTableStmt, statement)->relation),
								 package);
			break;
		case T_IndexStmt:
			warn_of_stranger(ta_statement_relation(castNode(IndexStmt, statement)->relation),
							 package);
			break;
		case T_CreateTrigStmt:
			warn_of_stranger(ta_statement_relation(castNode(CreateTrigStmt, statement)->relation),
							 package);
			break;
		case T_AlterExtensionContentsStmt:
			warn_of_detached(castNode(AlterExtensionContentsStmt, statement));
			break;
		default:
			break;
	}
}

/* ---- by hand ---- */

/* Tells, or refuses, that a relation of an extension is changed from outside its scripts. */
void
ta_member_check_alter(Oid relid)
{
	Oid oid;
	TaExtension *extension;

	if (ta_guc_package_ddl == TA_PACKAGE_DDL_OFF || ta_ddl_is_ours() || !OidIsValid(relid))
		return;
	oid = ta_ext_of_relation(relid);
	if (!OidIsValid(oid) || (OidIsValid(CurrentExtensionObject) && oid == CurrentExtensionObject))
		return;
	extension = ta_ext(oid);
	if (extension == NULL)
		return;
	if (get_rel_relkind(relid) == RELKIND_INDEX ||
		get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, false);
	ereport(ta_guc_package_ddl == TA_PACKAGE_DDL_ERROR ? ERROR : WARNING,
			(errcode(ta_guc_package_ddl == TA_PACKAGE_DDL_ERROR
						 ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
						 : ERRCODE_WARNING),
			 errmsg("%s belongs to extension \"%s\": this change is not part of a dump",
					ta_rel_shown(relid), extension->name),
			 errdetail("Restoring makes the extension again, by its scripts alone."),
			 ta_ext_requires(oid, "todo_assoc")
				 ? errhint("Write it into the package's next version: SELECT filename, script FROM "
						   "assoc.generate_migration(%s);",
						   quote_literal_cstr(extension->name))
				 : 0));
}

/* DROP INDEX, TRIGGER, RULE or POLICY: afterwards nobody knows whose it was. */
void
ta_member_check_drop(DropStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->objects)
	{
		List *name = lfirst(lc);

		/* a trigger, rule or policy is named after its table */
		if (statement->removeType != OBJECT_INDEX)
			name = list_truncate(list_copy(name), list_length(name) - 1);
		if (name != NIL)
			ta_member_check_alter(ta_statement_relation(makeRangeVarFromNameList(name)));
	}
}

/* Whether a dump holds what the command changes: a partition brings its own place, a valid key is one anyway. */
bool
ta_member_survives(AlterTableStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_ValidateConstraint:
			case AT_AttachPartition:
				break;
			default:
				return false;
		}
	}
	return true;
}

/* ALTER EXTENSION .. ADD TABLE: only a script can mark it. */
void
ta_member_added(AlterExtensionContentsStmt *statement)
{
	Oid relid;
	Oid oid;
	char *condition;

	if (statement->action != +1 ||
		(statement->objtype != OBJECT_TABLE && statement->objtype != OBJECT_SEQUENCE))
		return;
	relid = ta_statement_relation(makeRangeVarFromNameList(castNode(List, statement->object)));
	oid = OidIsValid(relid) ? ta_ext_of_relation(relid) : InvalidOid;
	if (!ta_ext_requires(oid, "todo_assoc") || ta_ext_dump_mark(oid, relid, &condition))
		return;
	ereport(
		WARNING,
		(errmsg("the rows of %s are not part of a dump", ta_rel_shown(relid)),
		 errdetail("It belongs to package \"%s\" now, which has not marked it.",
				   statement->extname),
		 errhint("The package's next version can: SELECT pg_catalog.pg_extension_config_dump(%s, "
				 "'');",
				 quote_literal_cstr(ta_rel_qualified(relid)))));
}

/* ---- CREATE, ALTER and DROP EXTENSION, before ---- */

/* The names that are quoted in a hint: release('a'), release('b') */
static void
refuse_drop(List *packages)
{
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop extension todo_assoc because packages depend on it"),
			 errdetail("Packages are %s; they would be dropped too, with their tables and rows.",
					   ta_err_list(packages, 20)),
			 errhint("SELECT assoc.release(%s); keeps the tables, SELECT * FROM assoc.undo_all(%s, "
					 "confirm => true); drops them.",
					 quote_literal_cstr(linitial(packages)),
					 quote_literal_cstr(linitial(packages)))));
}

/* Raises when todo_assoc is to be dropped, and packages that are not named too would go with it. */
static void
check_drop(DropStmt *statement)
{
	List *dropped = NIL;
	List *packages = NIL;
	ListCell *lc;

	foreach(lc, statement->objects)
		dropped = lappend(dropped, strVal(lfirst(lc)));
	if (!ta_ident_list_has(dropped, "todo_assoc"))
		return;
	foreach(lc, ta_ext_requiring("todo_assoc"))
	{
		TaExtension *package = lfirst(lc);

		if (!ta_ident_list_has(dropped, package->name))
			packages = lappend(packages, package->name);
	}
	if (packages != NIL)
		refuse_drop(packages);
}

/* DROP OWNED takes todo_assoc with its owner's things, and packages of others would go with it. */
static void
check_drop_owned(DropOwnedStmt *statement)
{
	TaExtension *self = ta_ext(get_extension_oid("todo_assoc", true));
	List *roles = NIL;
	List *packages = NIL;
	ListCell *lc;

	foreach(lc, statement->roles)
		roles = lappend_oid(roles, get_rolespec_oid(lfirst(lc), true));
	if (self == NULL || !list_member_oid(roles, self->owner))
		return;
	foreach(lc, ta_ext_requiring("todo_assoc"))
	{
		TaExtension *package = lfirst(lc);

		if (!list_member_oid(roles, package->owner))
			packages = lappend(packages, package->name);
	}
	if (packages != NIL)
		refuse_drop(packages);
}

/* Waits for our own runs on the same extension, and guards against the loss of packages. */
void
ta_package_start(Node *statement)
{
	ListCell *lc;

	if (IsA(statement, CreateExtensionStmt))
		ta_migrate_lock(castNode(CreateExtensionStmt, statement)->extname);
	else if (IsA(statement, AlterExtensionStmt))
	{
		ta_migrate_lock(castNode(AlterExtensionStmt, statement)->extname);
		ta_mark_begin(castNode(AlterExtensionStmt, statement)->extname);
	}
	else if (IsA(statement, DropOwnedStmt))
		check_drop_owned(castNode(DropOwnedStmt, statement));
	else if (IsA(statement, DropStmt) &&
			 castNode(DropStmt, statement)->removeType == OBJECT_EXTENSION)
	{
		check_drop(castNode(DropStmt, statement));
		foreach(lc, castNode(DropStmt, statement)->objects)
			ta_migrate_lock(strVal(lfirst(lc)));
	}
}
