/*
 * src/migrate/history.c
 *		What was migrated, undone or noticed.
 *
 * A row for each script.  Our functions write theirs; what a plain CREATE,
 * ALTER or DROP EXTENSION did shows as a difference between the version of a
 * package and the last row about it, and is added as "observed": so nothing is
 * lost that happened while the event triggers were off.
 *
 * A restore is such a difference twice over: it creates the package, which is
 * observed, and then brings the rows of the database that was dumped; see
 * ta_history_settle().
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "base/spi.h"
#include "migrate/history.h"
#include "migrate/package.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "store/catalog.h"

#define EQ " OPERATOR(pg_catalog.=) "

/* the package that a function of ours is changing; empty: none */
static char expected[NAMEDATALEN] = "";

/* Whether todo_assoc is there and at 1.1 or later: the library may be newer than the database's extension. */
bool
ta_history_exists(void)
{
	return OidIsValid(ta_rel_lookup("assoc_internal", "history"));
}

const char *
ta_history_expect(const char *package)
{
	const char *before = pstrdup(expected);

	strlcpy(expected, package, sizeof(expected));
	return before;
}

/* ---- rows ---- */

/* The version of todo_assoc in this database. */
static char *
extension_version(void)
{
	TaExtension *extension = ta_ext(get_extension_oid("todo_assoc", true));

	return extension != NULL ? extension->version : pstrdup(TA_VERSION);
}

/* Adds a row; who is the session's user, for a function may run as somebody else. */
void
ta_history_add(const TaHistoryRow *row)
{
	List *texts = list_make5(row->package, (char *) row->action, row->from_version, row->to_version,
							 row->script);

	texts = lappend(texts, row->sha256);
	texts = lappend(texts, GetUserNameFromId(GetSessionUserId(), false));
	texts = lappend(texts, row->duration);
	texts = lappend(texts, row->rows_dropped);
	texts = lappend(texts, (char *) GetConfigOption("server_version", false, false));
	texts = lappend(texts, extension_version());
	/* the order of rows is that of their times, also when the clock was put back */
	ta_catalog_write("INSERT INTO assoc_internal.history (package, action, from_version,"
					 " to_version, script, sha256, applied_by, duration, rows_dropped,"
					 " server_version, extension_version, applied_at) VALUES ($1, $2, $3, $4, $5,"
					 " $6, $7, $8::pg_catalog.interval, $9::pg_catalog.int8, $10, $11,"
					 " GREATEST(pg_catalog.clock_timestamp(),"
					 " (SELECT pg_catalog.max(h.applied_at) OPERATOR(pg_catalog.+)"
					 " '00:00:00.000001'::pg_catalog.interval"
					 " FROM assoc_internal.history h WHERE h.package" EQ "$1)))",
					 texts);
}

static void
read_row(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaHistoryRow *row = palloc0(sizeof(TaHistoryRow));
	int c = 1;

	row->package = ta_spi_text(tuple, desc, c++);
	row->action = ta_spi_text(tuple, desc, c++);
	row->from_version = ta_spi_text(tuple, desc, c++);
	row->to_version = ta_spi_text(tuple, desc, c++);
	row->script = ta_spi_text(tuple, desc, c++);
	row->sha256 = ta_spi_text(tuple, desc, c++);
	row->applied_at = ta_spi_text(tuple, desc, c++);
	row->applied_by = ta_spi_text(tuple, desc, c++);
	row->duration = ta_spi_text(tuple, desc, c++);
	*rows = lappend(*rows, row);
}

/*
 * The package's rows (TaHistoryRow), the latest first; without those that
 * ta_history_settle() will take back, for a restore may have written them
 * with triggers disabled.
 */
List *
ta_history_of(const char *package)
{
	List *rows = NIL;
	List *kept = NIL;
	ListCell *lc;

	ta_spi_fixed("SELECT h.package, h.action, h.from_version, h.to_version, h.script, h.sha256,"
				 " h.applied_at, h.applied_by, h.duration FROM assoc_internal.history h"
				 " WHERE h.package" EQ "$1 ORDER BY h.applied_at",
				 list_make1((char *) package), TA_AS_CATALOG, read_row, &rows);
	foreach(lc, rows)
	{
		TaHistoryRow *row = lfirst(lc);

		if (strcmp(row->action, "observed") != 0 || kept == NIL ||
			ta_ident_same(row->from_version, ((TaHistoryRow *) linitial(kept))->to_version))
			kept = lcons(row, kept);
	}
	return kept;
}

/* The latest row about the package, or NULL. */
TaHistoryRow *
ta_history_last(const char *package)
{
	List *rows = ta_history_of(package);

	return rows != NIL ? linitial(rows) : NULL;
}

/* ---- noticing ---- */

/* Adds what led from one version to another: a row for each script, if they can be told. */
static void
add_observed(const char *name, const char *from, const char *to)
{
	TaPackage *package = ta_package_find(name);
	List *path = package != NULL && to != NULL ? ta_package_path(package, from, to) : NIL;
	TaHistoryRow row = {.package = pstrdup(name), .action = "observed"};
	ListCell *lc;

	row.from_version = from != NULL ? pstrdup(from) : NULL;
	foreach(lc, path)
	{
		TaScript *script = lfirst(lc);

		row.to_version = script->to;
		row.script = script->file;
		row.sha256 = ta_script_sha256(script);
		ta_history_add(&row);
		row.from_version = script->to;
	}
	if (path == NIL)
	{
		row.to_version = to != NULL ? pstrdup(to) : NULL;
		ta_history_add(&row);
	}
}

/* Adds what happened to packages behind our back. */
void
ta_history_observe(void)
{
	ListCell *lc;

	if (!ta_history_exists())
		return;
	foreach(lc, ta_ext_requiring("todo_assoc"))
	{
		TaExtension *extension = lfirst(lc);
		TaHistoryRow *last = ta_history_last(extension->name);
		const char *known = last != NULL ? last->to_version : NULL;

		if (!ta_ident_same(known, extension->version) && strcmp(expected, extension->name) != 0)
			add_observed(extension->name, known, extension->version);
	}
}

/* An extension was dropped; if the history knows it as a package, that is its end.  Returns whether it was one. */
bool
ta_history_observe_drop(const char *package)
{
	TaHistoryRow *last = ta_history_last(package);

	if (last == NULL)
		return false;
	if (last->to_version != NULL && strcmp(expected, package) != 0)
		add_observed(package, last->to_version, NULL);
	return true;
}

/* ---- after a restore ---- */

/*
 * Rows were written directly, which a restore does.  An observed row that does
 * not begin where the row before it ends tells of the restore's own CREATE
 * EXTENSION (from nothing, where the history has the package), or was added
 * between two rows of the restore: it goes, and with it each that then hangs
 * in the air.  Where the history now ends at another version than the package
 * has, that is noted.
 */
void
ta_history_settle(void)
{
	while (
		ta_catalog_write("DELETE FROM assoc_internal.history d USING (SELECT h.id,"
						 " pg_catalog.lag(h.to_version) OVER w AS before,"
						 " pg_catalog.row_number() OVER w AS number FROM assoc_internal.history h"
						 " WINDOW w AS (PARTITION BY h.package ORDER BY h.applied_at)) p"
						 " WHERE p.id" EQ "d.id AND d.action" EQ "'observed'"
						 " AND p.number OPERATOR(pg_catalog.>) 1"
						 " AND d.from_version IS DISTINCT FROM p.before",
						 NIL) > 0)
		;
	ta_history_observe();
}
