/*
 * src/migrate/run.c
 *		Taking a package up and down.
 *
 * Each run is part of one transaction, the caller's: what fails takes all of
 * it back.  Runs on one package wait for each other on a lock of the
 * transaction; only after it is the package's version read, so that of three
 * sessions one migrates and two find nothing to do.
 *
 * A step is one CREATE or ALTER EXTENSION, which runs one script.  Up goes only
 * up and down only down: PostgreSQL's own route, the fewest scripts, may turn.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "migrate/history.h"
#include "migrate/package.h"
#include "migrate/restore.h"
#include "migrate/run.h"
#include "migrate/script.h"
#include "migrate/version.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/run.h"

/* counts of rows in an error message stop here: it must not take long to be refused */
#define COUNT_LIMIT 100000

/* while a step goes down: the rows of the tables that it dropped */
static int64 rows_dropped = -1;

/* ---- serialising ---- */

/*
 * Waits for other runs on the package, and for plain CREATE, ALTER and DROP
 * EXTENSION of it.  The lock is on no object, but tagged with our own table and
 * the name: nobody else can take it, as one could an advisory lock, to keep
 * others from their extensions.  What they have committed is seen after it.
 */
void
ta_migrate_lock(const char *name)
{
	Oid tag = ta_rel_lookup("assoc_internal", "history");

	LockDatabaseObject(tag, DatumGetUInt32(hash_any((const unsigned char *) name, strlen(name))), 0,
					   ExclusiveLock);
}

/* Raises unless the user may change the extension, as ALTER EXTENSION does; before anything is locked. */
static void
check_owner(const char *name)
{
	TaExtension *extension = ta_ext(get_extension_oid(name, true));

	if (extension != NULL && !has_privs_of_role(GetUserId(), extension->owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of extension %s", name),
						errhint("Call it as %s.",
								ta_ident_quote(GetUserNameFromId(extension->owner, false)))));
}

/* The package, locked, as it is now. */
static TaPackage *
lock_package(const char *name)
{
	TaPackage *package;

	/* a name that does not exist locks nothing */
	(void) ta_package(name);
	check_owner(name);
	ta_migrate_lock(name);
	package = ta_package(name);
	check_owner(name);
	ta_restore_check_not_running(name);
	/* what happened behind our back stands before what we add */
	ta_history_settle();
	if (package->installed != NULL && !ta_version_is_numeric(package->installed))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("package \"%s\" is at version \"%s\", which has no place in an order", name,
						package->installed),
				 errdetail("Up and down are told by dotted numbers, such as 1.2."),
				 errhint("ALTER EXTENSION %s UPDATE TO a version that is a number.",
						 ta_ident_quote(name))));
	return package;
}

/* ---- one step ---- */

/* "1.0 up to 1.1" of a step, as a row of the history and of the result. */
static TaMigrated *
record(const TaPackage *package, const char *action, const char *from, const char *to,
	   const TaScript *script, char *sha256, int64 duration)
{
	TaMigrated *done = palloc0(sizeof(TaMigrated));
	TaHistoryRow row = {.package = package->name, .action = action, .sha256 = sha256};

	done->from = from != NULL ? pstrdup(from) : NULL;
	done->to = to != NULL ? pstrdup(to) : NULL;
	done->script = script != NULL ? script->file : NULL;
	done->duration = duration;
	done->rows_dropped = rows_dropped;
	row.from_version = done->from;
	row.to_version = done->to;
	row.script = done->script;
	row.duration = psprintf(INT64_FORMAT " microseconds", duration);
	if (rows_dropped >= 0)
		row.rows_dropped = psprintf(INT64_FORMAT, rows_dropped);
	ta_history_add(&row);
	return done;
}

/* Runs one CREATE, ALTER or DROP EXTENSION. */
static TaMigrated *
run_step(const TaPackage *package, const char *action, const char *from, const char *to,
		 const TaScript *script)
{
	char *name = ta_ident_quote(package->name);
	char *sha256 = script != NULL ? ta_script_sha256(script) : NULL;
	TimestampTz start = GetCurrentTimestamp();
	TaMigrated *volatile done = NULL;
	/* a script may itself call us, for another package */
	int64 outer_rows_dropped = rows_dropped;
	const char *outer_expected;
	const char *sql;

	if (to == NULL)
		sql = psprintf("DROP EXTENSION %s RESTRICT", name);
	else if (from == NULL)
		/* CASCADE makes what else it requires; it never drops */
		sql = psprintf("CREATE EXTENSION %s VERSION %s CASCADE", name, quote_literal_cstr(to));
	else
		sql = psprintf("ALTER EXTENSION %s UPDATE TO %s", name, quote_literal_cstr(to));

	/* a route down is told by what it drops */
	rows_dropped = strcmp(action, "migrate") == 0 ? -1 : 0;
	outer_expected = ta_history_expect(package->name);
	PG_TRY();
	{
		if (to == NULL)
		{
			ListCell *lc;

			/* a partition's rows are counted with the table it is part of */
			foreach(lc, ta_ext_member_tables(get_extension_oid(package->name, false)))
			{
				if (!get_rel_relispartition(lfirst_oid(lc)))
					ta_migrate_count_dropped(lfirst_oid(lc));
			}
		}
		ta_script_run(sql, package, script);
		done = record(package, action, from, to, script, sha256, GetCurrentTimestamp() - start);
	}
	PG_FINALLY();
	{
		(void) ta_history_expect(outer_expected);
		rows_dropped = outer_rows_dropped;
	}
	PG_END_TRY();
	return done;
}

/* Runs the scripts one after the other. */
static List *
run_route(const TaPackage *package, const char *action, List *route)
{
	List *done = NIL;
	ListCell *lc;

	foreach(lc, route)
	{
		TaScript *script = lfirst(lc);

		done = lappend(done, run_step(package, action, script->from, script->to, script));
	}
	return done;
}

/* A table is about to be dropped: when a step goes down, its rows are counted. */
void
ta_migrate_count_dropped(Oid relid)
{
	if (rows_dropped < 0 || strchr("rp", ta_rel_kind(relid)) == NULL || !ta_rel_may_count(relid))
		return;
	rows_dropped +=
		ta_spi_count(psprintf("SELECT pg_catalog.count(*) FROM %s%s",
							  ta_rel_kind(relid) == 'r' ? "ONLY " : "", ta_rel_qualified(relid)));
}

/* ---- up ---- */

/* No scripts lead there: says which there are. */
static void
no_route(const TaPackage *package, const char *from, const char *to)
{
	List *files = NIL;
	ListCell *lc;
	bool up = ta_version_compare(to, from) > 0;

	foreach(lc, package->scripts)
		files = lappend(files, ((TaScript *) lfirst(lc))->file);
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("package \"%s\" has no scripts that lead from %s %s to %s",
						   package->name, from, up ? "up" : "down", to),
					errdetail("A way %s never goes %s in between. Its scripts are %s.",
							  up ? "up" : "down", up ? "down" : "up", ta_err_list(files, 20)),
					errhint("Write %s--%s--%s.sql.", package->name, from, to)));
}

/* The script that makes the package, nearest below the target, and those that lead up from there. */
static List *
route_from_nothing(const TaPackage *package, const char *target)
{
	TaScript *base = NULL;
	List *route = NIL;
	ListCell *lc;

	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);
		List *rest;

		if (script->from != NULL || !ta_version_is_numeric(script->to) ||
			ta_version_compare(script->to, target) > 0 ||
			(base != NULL && ta_version_compare(script->to, base->to) <= 0))
			continue;
		rest =
			strcmp(script->to, target) == 0 ? NIL : ta_package_route(package, script->to, target);
		if (rest == NIL && strcmp(script->to, target) != 0)
			continue;
		base = script;
		route = lcons(script, list_copy(rest));
	}
	if (base == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("package \"%s\" has no scripts that make it at version %s",
							   package->name, target),
						errhint("Write %s--%s.sql.", package->name, target)));
	return route;
}

/* Tells that nothing is pending, and why. */
static void
nothing_to_migrate(const TaPackage *package, bool said)
{
	const char *newest = package->versions != NIL ? llast(package->versions) : package->installed;
	bool newer =
		ta_version_is_numeric(newest) && ta_version_compare(newest, package->installed) > 0;

	ereport(NOTICE,
			(errmsg("package \"%s\" is at version %s: nothing to migrate", package->name,
					package->installed),
			 !said && package->default_version != NULL &&
					 strcmp(package->default_version, package->installed) != 0
				 ? errdetail("The default version of its control file is %s: a restore would "
							 "install that.",
							 package->default_version)
				 : 0,
			 newer ? errhint("There is a newer version: SELECT * FROM assoc.migrate(%s, %s);",
							 quote_literal_cstr(package->name), quote_literal_cstr(newest))
				   : 0));
}

/*
 * Takes the package up to the version (NULL: its default version), and makes
 * it if it is not there.  Returns what was done (TaMigrated); NIL, after a
 * NOTICE, when there was nothing to do.
 */
List *
ta_migrate_up(const char *name, const char *version)
{
	TaPackage *package = lock_package(name);
	const char *target = version != NULL ? version : package->default_version;
	List *route;
	int order;

	if (target == NULL && package->versions != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the control file of package \"%s\" says no default version", name),
				 errhint("Say one: SELECT * FROM assoc.migrate(%s, %s);", quote_literal_cstr(name),
						 quote_literal_cstr(llast(package->versions)))));
	if (target == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the files of package \"%s\" are gone", name),
				 errdetail("It is installed at version %s.", package->installed),
				 errhint("\"make install\" in its folder puts them where the server finds them.")));
	target = ta_package_version(package, target);
	if (package->installed == NULL)
	{
		route = route_from_nothing(package, target);
		return run_route(package, "migrate", route);
	}
	order = ta_version_compare(target, package->installed);
	if (order < 0 && version != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("package \"%s\" is at version %s, which is above %s", name,
							   package->installed, target),
						errhint("To go down: SELECT * FROM assoc.undo(%s, version => %s);",
								quote_literal_cstr(name), quote_literal_cstr(target))));
	if (order <= 0)
	{
		nothing_to_migrate(package, version != NULL);
		return NIL;
	}
	route = ta_package_route(package, package->installed, target);
	if (route == NIL)
		no_route(package, package->installed, target);
	return run_route(package, "migrate", route);
}

/* ---- down ---- */

/* The script that leads from the version to the nearest below it, or NULL. */
static TaScript *
step_down(const TaPackage *package, const char *at)
{
	TaScript *best = NULL;
	ListCell *lc;

	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);

		if (script->from != NULL && strcmp(script->from, at) == 0 &&
			ta_version_is_numeric(script->to) && ta_version_compare(script->to, at) < 0 &&
			(best == NULL || ta_version_compare(script->to, best->to) > 0))
			best = script;
	}
	return best;
}

/* The version before this one, or NULL when it is the first. */
static const char *
version_before(const TaPackage *package, const char *at)
{
	const char *before = NULL;
	ListCell *lc;

	foreach(lc, package->versions)
	{
		if (ta_version_is_numeric(lfirst(lc)) && ta_version_compare(lfirst(lc), at) < 0)
			before = lfirst(lc);
	}
	return before;
}

/* So many steps down; raises before anything is done if there are not so many. */
static List *
route_of_steps(const TaPackage *package, int steps)
{
	const char *at = package->installed;
	List *route = NIL;

	while (list_length(route) < steps)
	{
		TaScript *script = step_down(package, at);

		if (script == NULL && version_before(package, at) != NULL)
			no_route(package, at, version_before(package, at));
		if (script == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 route == NIL
						 ? errmsg("version %s is the first of package \"%s\"", at, package->name)
						 : errmsg("package \"%s\" has %d %s to undo, not %d", package->name,
								  list_length(route), list_length(route) == 1 ? "step" : "steps",
								  steps),
					 errdetail("Below version %s there is nothing.", at),
					 errhint("To drop it and its tables: SELECT * FROM assoc.undo_all(%s);",
							 quote_literal_cstr(package->name))));
		route = lappend(route, script);
		at = script->to;
	}
	return route;
}

static bool
is_there(const TaPackage *package)
{
	if (package->installed != NULL)
		return true;
	ereport(NOTICE, (errmsg("package \"%s\" is not installed: nothing to undo", package->name)));
	return false;
}

/*
 * Takes the package down so many steps, or to the version if one is said.
 * Returns what was done; NIL, after a NOTICE, when there was nothing to do.
 */
List *
ta_migrate_down(const char *name, int steps, const char *version)
{
	TaPackage *package;
	List *route;
	int order;

	if (version == NULL && steps < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"steps\" must be at least 1"),
						errhint("SELECT * FROM assoc.undo(%s);", quote_literal_cstr(name))));
	package = lock_package(name);
	if (version != NULL)
		version = ta_package_version(package, version);
	if (!is_there(package))
		return NIL;
	if (version == NULL)
		return run_route(package, "undo", route_of_steps(package, steps));

	order = ta_version_compare(version, package->installed);
	if (order > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("package \"%s\" is at version %s, which is below %s", name,
							   package->installed, version),
						errhint("To go up: SELECT * FROM assoc.migrate(%s, %s);",
								quote_literal_cstr(name), quote_literal_cstr(version))));
	if (order == 0)
	{
		ereport(NOTICE, (errmsg("package \"%s\" is at version %s: nothing to undo", name,
								package->installed)));
		return NIL;
	}
	route = ta_package_route(package, package->installed, version);
	if (route == NIL)
		no_route(package, package->installed, version);
	return run_route(package, "undo", route);
}

/* "lines (3 rows)", "lines (more than 100000 rows)"; NULL: none */
static char *
told_count(Oid relid, int64 count)
{
	if (count == 0)
		return NULL;
	if (count > COUNT_LIMIT)
		return psprintf("%s (more than %d rows)", ta_rel_shown(relid), COUNT_LIMIT);
	return psprintf("%s (" INT64_FORMAT " %s)", ta_rel_shown(relid), count,
					count == 1 ? "row" : "rows");
}

/* The table with what it holds that is not its script's own; NULL: nothing. */
static char *
told_rows(const TaExtension *extension, Oid relid)
{
	char *condition;

	if (!ta_rel_role_may_count(relid, extension->owner))
		return psprintf("%s (the package's owner may not see its rows)", ta_rel_shown(relid));
	/* the mark's filter tells the users' rows from those of the scripts */
	if (!ta_ext_dump_mark(extension->oid, relid, &condition))
		condition = "";
	return told_count(
		relid, ta_run_count_as(
				   psprintf("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM ONLY %s %s LIMIT %d) s",
							ta_rel_qualified(relid), condition, COUNT_LIMIT + 1),
				   extension->owner));
}

/*
 * Raises when tables of the package, or partitions and children of them, hold
 * rows that are not its scripts' own.  They are locked as DROP locks them, so
 * that no row comes in afterwards.
 */
static void
check_empty(const TaPackage *package)
{
	TaExtension *extension = ta_ext(get_extension_oid(package->name, false));
	List *tables = NIL;
	List *found = NIL;
	ListCell *lc;

	foreach(lc, ta_ext_member_tables(extension->oid))
	{
		LockRelationOid(lfirst_oid(lc), AccessExclusiveLock);
		tables = list_concat_unique_oid(tables, find_all_inheritors(lfirst_oid(lc),
																	AccessExclusiveLock, NULL));
	}
	foreach(lc, tables)
	{
		char *told = ta_rel_kind(lfirst_oid(lc)) == RELKIND_RELATION
						 ? told_rows(extension, lfirst_oid(lc))
						 : NULL;

		if (told != NULL)
			found = lappend(found, told);
	}
	if (found != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("tables of package \"%s\" hold rows", package->name),
				 errdetail("They would be lost: %s.", ta_err_list(found, 20)),
				 errhint("To lose them: SELECT * FROM assoc.undo_all(%s, confirm => true); to keep "
						 "the tables without the package: SELECT assoc.release(%s);",
						 quote_literal_cstr(package->name), quote_literal_cstr(package->name))));
}

/*
 * Takes the package down to nothing: all down scripts, then DROP EXTENSION.
 * Refused while its tables hold rows, unless confirmed.
 */
List *
ta_migrate_to_nothing(const char *name, bool confirm)
{
	TaPackage *package = lock_package(name);
	const char *at = package->installed;
	List *done = NIL;
	TaScript *script;

	if (!is_there(package))
		return NIL;
	if (!confirm)
		check_empty(package);
	while ((script = step_down(package, at)) != NULL)
	{
		done = lappend(done, run_step(package, "undo_all", at, script->to, script));
		at = script->to;
	}
	if (version_before(package, at) != NULL)
		ereport(NOTICE,
				(errmsg("package \"%s\" has no script that leads down from version %s: it is "
						"dropped from there",
						name, at)));
	return lappend(done, run_step(package, "undo_all", at, NULL, NULL));
}
