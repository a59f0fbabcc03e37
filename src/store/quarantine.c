/*
 * src/store/quarantine.c
 *		Rows of assoc_internal.quarantine: rows of tables that repair put aside.
 *
 * As in store/catalog, every statement is fixed and runs as the owner of our
 * tables.  A row knows its table by name and owner, as it must mean the same
 * after a restore; renames are followed.  The table came with 1.2.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/spi.h"
#include "pg/facts.h"
#include "store/catalog.h"
#include "store/quarantine.h"

#define EQ " OPERATOR(pg_catalog.=) "

/*
 * Keeps rows of the table: those of the JSON object, under the places where they
 * stood, whose place is in the JSON array gone.  Returns how many they are.
 */
uint64
ta_quarantine_put(const char *association, const char *reason, Oid relid, const char *rows,
				  const char *gone)
{
	return ta_catalog_write(
		"INSERT INTO assoc_internal.quarantine (association, reason, schema_name, table_name,"
		" table_owner, taken_by, \"row\") SELECT $1, $2, $3, $4, $5, $6, r.value FROM"
		" pg_catalog.jsonb_each($7::pg_catalog.jsonb) r WHERE $8::pg_catalog.jsonb"
		" OPERATOR(pg_catalog.?) r.key",
		list_concat(list_make5((char *) association, (char *) reason, ta_rel_schema(relid),
							   ta_rel_name(relid), GetUserNameFromId(ta_rel_owner(relid), false)),
					list_make3(GetUserNameFromId(GetUserId(), false), (char *) rows,
							   (char *) gone)));
}

/* Whether there may be rows: every rename asks, and nearly always there are none. */
static bool
has_rows(void)
{
	Oid relid = get_relname_relid("quarantine", get_namespace_oid("assoc_internal", true));
	Relation rel;
	bool result;

	if (!OidIsValid(relid))
		return false;
	rel = table_open(relid, AccessShareLock);
	result = RelationGetNumberOfBlocks(rel) > 0;
	table_close(rel, AccessShareLock);
	return result;
}

/* An association has another name. */
void
ta_quarantine_rename_association(const char *association, const char *new_name)
{
	if (has_rows())
		(void) ta_catalog_write("UPDATE assoc_internal.quarantine q SET association = $2"
								" WHERE q.association" EQ "$1",
								list_make2((char *) association, (char *) new_name));
}

/* The table was of this name, in this schema, before. */
void
ta_quarantine_move_table(Oid relid, const char *schema, const char *table)
{
	if (has_rows())
		(void) ta_catalog_write("UPDATE assoc_internal.quarantine q SET schema_name = $4,"
								" table_name = $5 WHERE q.schema_name" EQ "$1 AND q.table_name" EQ
								"$2 AND q.table_owner" EQ "$3",
								list_make5((char *) schema, (char *) table,
										   GetUserNameFromId(ta_rel_owner(relid), false),
										   ta_rel_schema(relid), ta_rel_name(relid)));
}

/* A schema has another name. */
void
ta_quarantine_rename_schema(const char *schema, const char *new_schema)
{
	if (has_rows())
		(void) ta_catalog_write("UPDATE assoc_internal.quarantine q SET schema_name = $2"
								" WHERE q.schema_name" EQ "$1",
								list_make2((char *) schema, (char *) new_schema));
}
