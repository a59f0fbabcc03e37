/*
 * src/store/ignored.c
 *		Rows of assoc_internal.ignored: findings that are not to be shown.
 *
 * As in store/catalog, every statement is fixed and runs as the owner of our
 * tables; who may ask for it is checked by the caller before.  The table came
 * with 1.2: in a database that is still at an older version nothing is ignored.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/lsyscache.h"

#include "base/spi.h"
#include "store/catalog.h"
#include "store/ignored.h"

#define EQ " OPERATOR(pg_catalog.=) "

/* Whether the database is at a version that has the table. */
bool
ta_ignored_available(void)
{
	return OidIsValid(get_relname_relid("ignored", get_namespace_oid("assoc_internal", true)));
}

static void
read_row(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaIgnored *row = palloc0(sizeof(TaIgnored));

	row->code = ta_spi_text(tuple, desc, 1);
	row->association = ta_spi_text(tuple, desc, 2);
	row->message = ta_spi_text(tuple, desc, 3);
	row->reason = ta_spi_text(tuple, desc, 4);
	*rows = lappend(*rows, row);
}

/* All rows (TaIgnored), ordered as they are written in a document. */
List *
ta_ignored_rows(void)
{
	List *rows = NIL;

	if (ta_ignored_available())
		ta_spi_fixed("SELECT d.code, d.association, d.message, d.reason"
					 " FROM assoc_internal.ignored d ORDER BY d.code COLLATE pg_catalog.\"C\","
					 " d.association COLLATE pg_catalog.\"C\","
					 " d.message COLLATE pg_catalog.\"C\"",
					 NIL, TA_AS_CATALOG, read_row, &rows);
	return rows;
}

/* Adds the row, or changes the reason of the one there is; returns whether that differs from before. */
bool
ta_ignored_put(const TaIgnored *row)
{
	return ta_catalog_write("INSERT INTO assoc_internal.ignored AS d (code, association, message,"
							" reason) VALUES ($1, $2, $3, $4)"
							" ON CONFLICT (code, association, message) DO UPDATE SET"
							" reason = excluded.reason"
							" WHERE NOT (COALESCE(d.reason, '')" EQ
							"COALESCE(excluded.reason, ''))",
							list_make4(row->code, row->association, row->message, row->reason)) > 0;
}

/* Deletes the rows of this code and association; NULL: of any.  Returns how many they were. */
uint64
ta_ignored_delete(const char *code, const char *association)
{
	return ta_catalog_write("DELETE FROM assoc_internal.ignored d WHERE ($1 IS NULL OR d.code" EQ
							"$1) AND ($2 IS NULL OR d.association" EQ "$2)",
							list_make2((char *) code, (char *) association));
}

/* An association was renamed, and what messages say of it is with it. */
void
ta_ignored_rename(const char *association, const char *new_name)
{
	if (ta_ignored_available())
		ta_catalog_write("UPDATE assoc_internal.ignored d SET association = $2,"
						 " message = pg_catalog.replace(d.message, $1, $2)"
						 " WHERE d.association" EQ "$1",
						 list_make2((char *) association, (char *) new_name));
}

/* The association is said by nobody any more: what was ignored of it goes. */
void
ta_ignored_forget(const char *model, const char *alias)
{
	if (ta_ignored_available())
		ta_catalog_write("DELETE FROM assoc_internal.ignored d WHERE d.association"
						 " OPERATOR(pg_catalog.=) pg_catalog.concat($1, '.', $2) AND NOT EXISTS"
						 " (SELECT FROM assoc_internal.declaration o WHERE o.model" EQ
						 "$1 AND o.alias" EQ "$2)",
						 list_make2((char *) model, (char *) alias));
}

/* The same of all that went with a package. */
void
ta_ignored_sweep(void)
{
	if (ta_ignored_available())
		ta_catalog_write("DELETE FROM assoc_internal.ignored d WHERE NOT d.association" EQ
						 "'' AND NOT EXISTS (SELECT FROM assoc_internal.declaration o"
						 " WHERE pg_catalog.concat(o.model, '.', o.alias)" EQ "d.association)",
						 NIL);
}
