/*
 * src/watch/retype.c
 *		ALTER COLUMN .. TYPE of columns by which triggers enforce.
 *
 * PostgreSQL makes a native key again after such a command, but keeps a column
 * that a trigger's condition names from being given another type.  So our
 * triggers with conditions step aside before the command and are made again at
 * its end, under the lock that dropping them took.
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/trigger.h"
#include "watch/watch.h"

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/* Whether what was equal before is equal after, and nothing else: values that go over as they are, or not at all. */
static bool
keeps_values(Oid relid, const AlterTableCmd *command)
{
	const ColumnDef *def = castNode(ColumnDef, command->def);
	TaColumn *column = ta_rel_column(relid, command->name);
	Oid type = LookupTypeNameOid(NULL, def->typeName, true);

	if (column == NULL || def->raw_default != NULL || def->collClause != NULL)
		return false;
	if (is_integer(type))
		return is_integer(column->type);
	return is_text(type) && def->typeName->typmods == NIL && is_text(column->type) &&
		   (!OidIsValid(column->collation) || get_collation_isdeterministic(column->collation));
}

/*
 * The rows (TaEnforced) by whose triggers the column is held, of the table and
 * of those that inherit it: the command reaches them, too.  relations gets, for
 * each, the table that has the column.
 */
static List *
rows_that_use(Oid relid, const char *column, List **relations)
{
	List *rows = NIL;
	ListCell *lc;

	*relations = NIL;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid part = lfirst_oid(lc);
		ListCell *lr;

		/* PostgreSQL will refuse */
		if (!ta_rel_owned_by_user(part))
			continue;
		foreach(lr, ta_enforced_of_relation(part))
		{
			TaEnforced *row = lfirst(lr);

			if (!ta_enforced_uses(row, part, column))
				continue;
			rows = lappend(rows, row);
			*relations = lappend_oid(*relations, part);
		}
	}
	return rows;
}

/*
 * ALTER COLUMN .. TYPE is about to begin, by who may.  A native key would check
 * all rows where their values may change; here they count as unchecked.
 */
void
ta_retype_start(Oid relid, const AlterTableCmd *command)
{
	List *relations;
	List *rows = rows_that_use(relid, command->name, &relations);
	bool keeps = rows == NIL || keeps_values(relid, command);
	ListCell *lc;
	ListCell *lr;

	forboth(lc, rows, lr, relations)
	{
		TaEnforced *row = lfirst(lc);

		ta_triggers_drop_conditions(row, lfirst_oid(lr));
		if (row->validated && !keeps)
			ta_enforced_set_validated(row->reference, false);
	}
}

/* The type that is compared with a key's. */
static Oid
reference_type(const TaEnforced *row, const TaColumn *column)
{
	return row->element ? get_element_type(getBaseType(column->type)) : column->type;
}

/* Raises, as PostgreSQL does for a native key, unless the columns can still be compared. */
static void
check_comparable(const TaEnforced *row)
{
	Oid child = ta_rel_lookup(row->child_schema, row->child_table);
	ListCell *lc;

	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);
		Oid parent = ta_rel_lookup(target->schema, target->table);
		ListCell *lr;
		ListCell *lk;

		forboth(lr, row->columns, lk, target->key)
		{
			TaColumn *column = OidIsValid(child) ? ta_rel_column(child, lfirst(lr)) : NULL;
			TaColumn *key = OidIsValid(parent) ? ta_rel_column(parent, lfirst(lk)) : NULL;
			Oid type;

			/* what is not there, the triggers tell */
			if (column == NULL || key == NULL)
				continue;
			type = reference_type(row, column);
			if (OidIsValid(type) && ta_key_cast_is_plain(key->type, type))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("foreign key constraint \"%s\" cannot be implemented", row->name),
					 errdetail("Key columns \"%s\" and \"%s\" are of incompatible types: %s and "
							   "%s.",
							   column->name, key->name, ta_type_shown(column->type, column->typmod),
							   ta_type_shown(key->type, key->typmod)),
					 errhint("Let nothing enforce it until both have their types: enforce => "
							 "'none' in its declaration, then SELECT * FROM assoc.apply();")));
		}
	}
}

/* The command has given the column its type. */
void
ta_retype_end(Oid relid, const AlterTableCmd *command)
{
	List *relations;
	ListCell *lc;

	foreach(lc, rows_that_use(relid, command->name, &relations))
	{
		check_comparable(lfirst(lc));
		ta_triggers_restore(lfirst(lc));
	}
}
