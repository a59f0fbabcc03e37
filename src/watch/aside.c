/*
 * src/watch/aside.c
 *		Before a drop: our accessors step aside.
 *
 * A function that takes or returns rows of a table would hold it.  So those of
 * the associations of a table that is about to go are dropped first, by who may
 * drop it; what associations hold is watch/drop's to say, when it is gone.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "migrate/run.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "watch/watch.h"

/* Accessors that take or return rows of the models' table. */
static void
step_aside(List *models)
{
	ListCell *lc;

	foreach(lc, models)
	{
		ListCell *ld;

		foreach(ld, ta_decls_about(lfirst(lc)))
			ta_accessor_step_aside(lfirst(ld));
	}
}

/* A table is about to be dropped, by who may. */
static void
table_goes(Oid relid)
{
	List *models = NIL;
	ListCell *lc;

	ta_migrate_count_dropped(relid);
	/* its partitions go with it, and what takes or returns their rows */
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		models = list_concat(models, ta_models_of_relation(lfirst_oid(lc)));
	if (models == NIL && ta_enforced_of_relation(relid) == NIL)
		return;
	ta_catalog_lock_rows();
	step_aside(models);
}

/* Whether the user may drop the relation: else PostgreSQL says so, and nothing must have happened. */
static bool
may_drop(Oid relid)
{
	return ta_rel_owned_by_user(relid) ||
		   ta_namespace_ownercheck(get_rel_namespace(relid), GetUserId());
}

static void
schema_goes(const char *schema)
{
	Oid nsp = get_namespace_oid(schema, true);
	ListCell *lc;

	if (!OidIsValid(nsp) || !ta_namespace_ownercheck(nsp, GetUserId()))
		return;
	foreach(lc, ta_catalog_models_of_schema(schema))
	{
		TaModelRow *row = lfirst(lc);
		Oid relid = ta_rel_lookup(row->schema_name, row->table_name);

		if (OidIsValid(relid))
			table_goes(relid);
	}
}

static void
extension_goes(const char *name)
{
	TaExtension *extension = ta_ext(get_extension_oid(name, true));
	ListCell *lc;

	if (extension == NULL || !has_privs_of_role(GetUserId(), extension->owner))
		return;
	foreach(lc, ta_ext_member_tables(extension->oid))
	{
		/* what a run of ours drops with the package is counted there */
		List *models = ta_models_of_relation(lfirst_oid(lc));

		if (models == NIL)
			continue;
		ta_catalog_lock_rows();
		step_aside(models);
	}
}

/* DROP TABLE, DROP VIEW and the like, DROP SCHEMA, DROP EXTENSION. */
void
ta_drop_start(DropStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->objects)
	{
		Oid relid;

		switch (statement->removeType)
		{
			case OBJECT_SCHEMA:
				schema_goes(strVal(lfirst(lc)));
				break;
			case OBJECT_EXTENSION:
				extension_goes(strVal(lfirst(lc)));
				break;
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
				relid = ta_statement_relation(makeRangeVarFromNameList(lfirst(lc)));
				if (!OidIsValid(relid) || !may_drop(relid))
					break;
				ta_enforced_part_leaves(relid, InvalidOid, list_length(statement->objects) == 1,
										false);
				table_goes(relid);
				break;
			default:
				break;
		}
	}
}

/* DROP OWNED BY: every model's table that is one of the roles'. */
void
ta_drop_owned_start(DropOwnedStmt *statement)
{
	ListCell *lr;

	foreach(lr, statement->roles)
	{
		Oid role = get_rolespec_oid(lfirst(lr), true);
		ListCell *lc;

		if (!OidIsValid(role) || !has_privs_of_role(GetUserId(), role))
			continue;
		foreach(lc, ta_catalog_models())
		{
			TaModelRow *row = lfirst(lc);
			Oid relid = ta_rel_lookup(row->schema_name, row->table_name);

			if (OidIsValid(relid) && ta_rel_owner(relid) == role)
				table_goes(relid);
		}
	}
}

/* ALTER TABLE .. DROP COLUMN may end associations: rows of ours. */
void
ta_drop_column_start(AlterTableStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->subtype != AT_DropColumn)
			continue;
		if (ta_models_of_relation(ta_statement_relation(statement->relation)) != NIL)
			ta_catalog_lock_rows();
		return;
	}
}
