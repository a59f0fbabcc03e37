/*
 * src/migrate/mark.c
 *		Rows of a package's tables in a dump: marks, and the rule of seed rows.
 *
 * pg_dump leaves the rows of an extension's tables out, unless the extension's
 * script marked them.  So each table and sequence that a package's script makes
 * is marked, as it is made.  What the script itself put into such a table would
 * come twice to a restore, from the script and from the dump, and fail it: a
 * table must be empty when its script ends, or be marked by the script with a
 * filter that leaves those rows out.
 *
 * The tables to look at are kept from their making until the end of the script.
 * That is the end of the command, told by the event trigger.  When CREATE
 * EXTENSION .. CASCADE has made todo_assoc itself in the same command, there is
 * no event; then it is before the next statement, or before the commit.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/ident.h"
#include "migrate/mark.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/run.h"

/* made by the script that runs, or that has just ended; lives as long as the transaction */
static List *made = NIL;
static bool checking = false;

/* A table that was there before the script, and how many rows this transaction had put into it then. */
typedef struct Filled
{
	Oid relid;
	int64 before;
} Filled;

/* likewise: those of the package that is being changed, whose rows are all dumped */
static List *filled = NIL;

/* Whether the script of a package runs: an extension that requires us. */
bool
ta_in_package_script(void)
{
	return creating_extension && ta_ext_requires(CurrentExtensionObject, "todo_assoc");
}

/*
 * Marks the relation, if it is the running package's, has rows, and was not
 * marked by hand.  One that the script created is looked at when it ends.
 */
void
ta_mark_member(Oid relid, bool created)
{
	char kind = get_rel_relkind(relid);
	char *condition;
	MemoryContext caller;

	/* the rows of a partitioned table are its partitions' */
	if ((kind != RELKIND_RELATION && kind != RELKIND_SEQUENCE) || ta_rel_is_temporary(relid) ||
		ta_ext_of_relation(relid) != CurrentExtensionObject)
		return;
	if (!ta_ext_dump_mark(CurrentExtensionObject, relid, &condition))
		ta_ext_mark_for_dump(relid);
	if (kind != RELKIND_RELATION || !created)
		return;
	caller = MemoryContextSwitchTo(TopTransactionContext);
	made = list_append_unique_oid(made, relid);
	MemoryContextSwitchTo(caller);
}

/* ---- seed rows ---- */

static void
refuse(Oid relid, const char *package, const char *condition)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s of package \"%s\" holds rows at the end of its script",
					ta_rel_shown(relid), package),
			 errdetail("Its rows%s are part of a dump. A restore runs the script again, and would "
					   "then have those rows twice.",
					   condition[0] == '\0' ? "" : psprintf(" \"%s\"", condition)),
			 errhint("Say in the script which rows are not its own: SELECT "
					 "pg_catalog.pg_extension_config_dump(%s, 'WHERE id >= 1000');",
					 quote_literal_cstr(ta_rel_qualified(relid)))));
}

/* Raises when the table holds rows that a dump would hold as well. */
static void
check_table(Oid relid)
{
	Oid extension = get_rel_name(relid) != NULL ? ta_ext_of_relation(relid) : InvalidOid;
	TaExtension *package = ta_ext(extension);
	char *condition;

	/* dropped again, or let go, by the same script */
	if (package == NULL || !ta_ext_dump_mark(extension, relid, &condition))
		return;
	if (!ta_rel_role_may_count(relid, package->owner))
		return;
	/* the filter is the script's own text, and may call what is the package owner's */
	if (ta_run_count_as(
			psprintf("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM ONLY %s %s LIMIT 1) s",
					 ta_rel_qualified(relid), condition),
			package->owner) > 0)
		refuse(relid, package->name, condition);
}

/* What PostgreSQL has counted in this transaction; 0 when it does not count. */
static int64
rows_inserted(Oid relid)
{
	return DatumGetInt64(
		DirectFunctionCall1(pg_stat_get_xact_tuples_inserted, ObjectIdGetDatum(relid)));
}

/* A package is about to be changed: notes how full its tables are. */
void
ta_mark_begin(const char *package)
{
	Oid extension = get_extension_oid(package, true);
	ListCell *lc;

	filled = NIL;
	if (!ta_ext_requires(extension, "todo_assoc"))
		return;
	foreach(lc, ta_ext_member_tables(extension))
	{
		Oid relid = lfirst_oid(lc);
		MemoryContext caller;
		Filled *table;
		char *condition;

		if (!ta_ext_dump_mark(extension, relid, &condition) || condition[0] != '\0')
			continue;
		caller = MemoryContextSwitchTo(TopTransactionContext);
		table = palloc(sizeof(Filled));
		table->relid = relid;
		table->before = rows_inserted(relid);
		filled = lappend(filled, table);
		MemoryContextSwitchTo(caller);
	}
}

/*
 * Warns of rows that the script put into tables it found: a script that copies
 * rows of users may, one that brings rows of its own brings them again when a
 * restore runs it.  Which of the two it is only a new database tells.
 */
static void
warn_of_filled(void)
{
	List *tables = filled;
	ListCell *lc;

	filled = NIL;
	foreach(lc, tables)
	{
		Filled *table = lfirst(lc);
		Oid extension =
			get_rel_name(table->relid) != NULL ? ta_ext_of_relation(table->relid) : InvalidOid;
		TaExtension *package = ta_ext(extension);
		char *condition;
		int64 count;

		if (package == NULL || !ta_ext_dump_mark(extension, table->relid, &condition) ||
			condition[0] != '\0')
			continue;
		count = rows_inserted(table->relid) - table->before;
		if (count > 0)
			ereport(
				WARNING,
				(errmsg("the script put " INT64_FORMAT " %s into table %s of package \"%s\", "
						"which is dumped whole",
						count, count == 1 ? "row" : "rows", ta_rel_shown(table->relid),
						package->name),
				 errdetail("A restore runs the script again; rows that it brings by itself would "
						   "then be there twice."),
				 errhint("CREATE EXTENSION in a new database tells: it refuses such rows. A filter "
						 "leaves them out of the dump: SELECT pg_catalog.pg_extension_config_dump("
						 "%s, 'WHERE id >= 1000');",
						 quote_literal_cstr(ta_rel_qualified(table->relid)))));
	}
}

/* The script has ended: looks at the tables it made, and those it found. */
void
ta_mark_check(void)
{
	List *tables = made;
	ListCell *lc;

	made = NIL;
	warn_of_filled();
	checking = true;
	PG_TRY();
	{
		foreach(lc, tables)
			check_table(lfirst_oid(lc));
	}
	PG_FINALLY();
	{
		checking = false;
	}
	PG_END_TRY();
}

/* Before a statement that ends no transaction: if a script has ended unnoticed, now is the time. */
void
ta_mark_after_script(void)
{
	if (made != NIL && !OidIsValid(CurrentExtensionObject) && !checking && IsTransactionState())
		ta_mark_check();
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT && made != NIL)
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		ta_mark_check();
		PopActiveSnapshot();
	}
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
	{
		made = NIL;
		filled = NIL;
	}
}

/* Called once per backend, from _PG_init. */
void
ta_mark_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
}
