/*
 * src/migrate/restore.c
 *		Dump and restore of packages.
 *
 * The tables of a package are made, keys and all, when a restore creates the
 * package: before their rows are loaded.  pg_dump orders the rows of such
 * tables by their keys; but a circle has no order, and pg_restore -j keeps
 * none.  So the keys can be lifted in between.  What was lifted is kept as
 * facts, not as SQL, and is put back under its name.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "migrate/history.h"
#include "migrate/restore.h"
#include "model/option.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/ddl.h"
#include "schema/enforce.h"
#include "schema/run.h"
#include "schema/trigger.h"
#include "store/catalog.h"
#include "store/enforced.h"

#define EQ " OPERATOR(pg_catalog.=) "

/* ---- the preamble ---- */

/* The packages (TaExtension) so that each comes after those it requires. */
static List *
by_requirement(void)
{
	List *waiting = ta_ext_requiring("todo_assoc");
	List *ordered = NIL;

	while (waiting != NIL)
	{
		TaExtension *next = NULL;
		ListCell *lc;

		foreach(lc, waiting)
		{
			bool waits = false;
			ListCell *lo;

			next = lfirst(lc);
			foreach(lo, waiting)
			{
				TaExtension *other = lfirst(lo);

				waits = waits || (other != next && ta_ext_requires(next->oid, other->name));
			}
			if (!waits)
				break;
		}
		ordered = lappend(ordered, next);
		waiting = list_delete_ptr(waiting, next);
	}
	return ordered;
}

/* The statements (of char *) that make todo_assoc and the packages at the versions they have here. */
List *
ta_restore_statements(void)
{
	TaExtension *self = ta_ext(get_extension_oid("todo_assoc", false));
	List *lines = list_make1(psprintf("CREATE EXTENSION IF NOT EXISTS todo_assoc VERSION %s;",
									  quote_literal_cstr(self->version)));
	ListCell *lc;

	foreach(lc, by_requirement())
	{
		TaExtension *package = lfirst(lc);

		if (strcmp(package->schema, "public") != 0 && strcmp(package->schema, "pg_catalog") != 0)
			lines = lappend(lines, psprintf("CREATE SCHEMA IF NOT EXISTS %s;",
											ta_ident_quote(package->schema)));
		lines =
			lappend(lines,
					psprintf("CREATE EXTENSION IF NOT EXISTS %s WITH SCHEMA %s VERSION %s CASCADE;",
							 ta_ident_quote(package->name), ta_ident_quote(package->schema),
							 quote_literal_cstr(package->version)));
	}
	return lines;
}

/* ---- before the rows ---- */

/* The names of the packages between pre_restore and post_restore. */
List *
ta_restore_running(void)
{
	List *names = NIL;

	ta_spi_fixed("SELECT r.package FROM assoc_internal.restoring r ORDER BY 1", NIL, TA_AS_CATALOG,
				 ta_spi_keep_text, &names);
	return names;
}

/* Raises while the package is between pre_restore and post_restore. */
void
ta_restore_check_not_running(const char *package)
{
	if (ta_ident_list_has(ta_restore_running(), package))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("package \"%s\" is being restored", package),
				 errdetail("assoc.pre_restore() lifted its foreign keys; they are not back yet."),
				 errhint("SELECT * FROM assoc.post_restore();")));
}

/* The packages that are the user's; raises when there is none. */
static List *
own_packages(void)
{
	List *own = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_ext_requiring("todo_assoc"))
	{
		TaExtension *package = lfirst(lc);

		names = lappend(names, package->name);
		if (ta_ext_owned_by_user(package))
			own = lappend(own, package);
	}
	if (own == NIL && names != NIL)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of a package to restore it"),
						errdetail("Packages are %s.", ta_err_list(names, 20)),
						errhint("Call it as the owner of the package.")));
	return own;
}

/* Lifts one key: keeps what it is, and drops it. */
static void
lift_key(const TaExtension *package, Oid relid, const TaForeignKey *fk)
{
	List *texts = list_make5(ta_rel_schema(relid), ta_rel_name(relid), fk->name, package->name,
							 ta_ident_to_array(fk->columns));

	texts = lappend(texts, ta_rel_schema(fk->parent));
	texts = lappend(texts, ta_rel_name(fk->parent));
	texts = lappend(texts, ta_ident_to_array(fk->key));
	texts = lappend(texts, fk->match == FKCONSTR_MATCH_FULL ? "true" : "false");
	texts = lappend(texts, ta_action_text(fk->on_delete, fk->delete_columns));
	texts = lappend(texts, ta_action_text(fk->on_update, NIL));
	texts = lappend(texts, ta_deferral_text(fk->deferrable, fk->deferred));
	ta_catalog_write(
		"INSERT INTO assoc_internal.lifted_key (schema_name, table_name, name, package,"
		" columns, parent_schema, parent_table, key, match_full, on_delete, on_update,"
		" deferral) VALUES ($1, $2, $3, $4, $5::pg_catalog.text[], $6, $7,"
		" $8::pg_catalog.text[], $9::pg_catalog.bool, $10, $11, $12)",
		texts);
	ta_run_ddl(psprintf("ALTER TABLE %s DROP CONSTRAINT %s", ta_rel_qualified(relid),
						ta_ident_quote(fk->name)),
			   "");
}

/* What triggers enforce (TaEnforced) of the package's tables, as children. */
static List *
enforced_of_package(const TaExtension *package)
{
	List *rows = NIL;
	ListCell *lc;

	foreach(lc, ta_ext_member_tables(package->oid))
	{
		char *schema = ta_rel_schema(lfirst_oid(lc));
		char *table = ta_rel_name(lfirst_oid(lc));
		ListCell *lr;

		foreach(lr, ta_enforced_of_table(schema, table))
		{
			TaEnforced *row = lfirst(lr);

			if (strcmp(row->child_schema, schema) == 0 && strcmp(row->child_table, table) == 0)
				rows = lappend(rows, row);
		}
	}
	return rows;
}

/* Switches off the triggers by which the package's tables refer; returns of how many references. */
static int
switch_off(const TaExtension *package)
{
	List *rows = enforced_of_package(package);
	ListCell *lc;

	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		ta_triggers_switch_child(row, false);
		ta_enforced_set_validated(row->reference, false);
	}
	return list_length(rows);
}

/* Lifts the keys of one package's tables; returns how many. */
static int
lift_keys(const TaExtension *package)
{
	int count = 0;
	ListCell *lc;

	ta_catalog_write("INSERT INTO assoc_internal.restoring (package, started_by) VALUES ($1, $2)"
					 " ON CONFLICT (package) DO UPDATE SET started_at = DEFAULT,"
					 " started_by = excluded.started_by",
					 list_make2(package->name, GetUserNameFromId(GetSessionUserId(), false)));
	foreach(lc, ta_ext_member_tables(package->oid))
	{
		ListCell *lk;

		foreach(lk, ta_rel_foreign_keys(lfirst_oid(lc)))
		{
			TaForeignKey *fk = lfirst(lk);

			/* a partition's goes with the key of the whole; one with PERIOD is not put into words here */
			if (fk->inherited || fk->temporal)
				continue;
			lift_key(package, lfirst_oid(lc), fk);
			count++;
		}
	}
	return count;
}

/* Lifts the keys of the user's packages, until ta_restore_end; returns a line that says so. */
char *
ta_restore_begin(void)
{
	List *packages = own_packages();
	int count = 0;
	int triggers = 0;
	ListCell *lc;

	ta_catalog_lock();
	foreach(lc, packages)
	{
		count += lift_keys(lfirst(lc));
		triggers += switch_off(lfirst(lc));
	}
	if (packages == NIL)
		return pstrdup("there is no package: nothing to do");
	ereport(WARNING,
			(errmsg("foreign keys of packages are not enforced until assoc.post_restore()"),
			 errhint("Load the rows, then: SELECT * FROM assoc.post_restore();")));
	return triggers == 0 ? psprintf("%d foreign %s lifted", count, count == 1 ? "key" : "keys")
						 : psprintf("%d foreign %s lifted, triggers of %d %s off", count,
									count == 1 ? "key" : "keys", triggers,
									triggers == 1 ? "association" : "associations");
}

/* ---- renames in between ---- */

/* A table has another name or schema. */
void
ta_lifted_move_table(const char *schema, const char *table, const char *new_schema,
					 const char *new_table)
{
	List *texts =
		list_make4((char *) schema, (char *) table, (char *) new_schema, (char *) new_table);

	if (ta_restore_running() == NIL)
		return;
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET schema_name = $3, table_name = $4"
					 " WHERE l.schema_name" EQ "$1 AND l.table_name" EQ "$2",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET parent_schema = $3, parent_table = $4"
					 " WHERE l.parent_schema" EQ "$1 AND l.parent_table" EQ "$2",
					 texts);
}

/* A column of the table has another name. */
void
ta_lifted_rename_column(const char *schema, const char *table, const char *column,
						const char *new_name)
{
	List *texts = list_make4((char *) schema, (char *) table, (char *) column, (char *) new_name);

	if (ta_restore_running() == NIL)
		return;
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET columns ="
					 " pg_catalog.array_replace(l.columns, $3, $4)"
					 " WHERE l.schema_name" EQ "$1 AND l.table_name" EQ "$2",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET key ="
					 " pg_catalog.array_replace(l.key, $3, $4)"
					 " WHERE l.parent_schema" EQ "$1 AND l.parent_table" EQ "$2",
					 texts);
}

/* A schema has another name. */
void
ta_lifted_rename_schema(const char *schema, const char *new_schema)
{
	List *texts = list_make2((char *) schema, (char *) new_schema);

	if (ta_restore_running() == NIL)
		return;
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET schema_name = $2"
					 " WHERE l.schema_name" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.lifted_key l SET parent_schema = $2"
					 " WHERE l.parent_schema" EQ "$1",
					 texts);
}

/* ---- after the rows ---- */

static TaRestored *
outcome(const char *package, char *item, const char *word, char *detail)
{
	TaRestored *result = palloc0(sizeof(TaRestored));

	result->package = pstrdup(package);
	result->item = item;
	result->outcome = word;
	result->detail = detail;
	return result;
}

/* A lifted key as it was kept. */
typedef struct Lifted
{
	TaKeyText text;
	char *package;
	char *schema;
	char *table;
	Oid child;
	Oid parent;
	char *missing; /* a table that is not there any more; or NULL */
} Lifted;

static void
read_lifted(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **keys = arg;
	Lifted *key = palloc0(sizeof(Lifted));
	char *schema = ta_spi_named_text(tuple, desc, "schema_name");
	char *table = ta_spi_named_text(tuple, desc, "table_name");
	char *parent_schema = ta_spi_named_text(tuple, desc, "parent_schema");
	char *parent_table = ta_spi_named_text(tuple, desc, "parent_table");

	key->package = ta_spi_named_text(tuple, desc, "package");
	key->text.name = ta_spi_named_text(tuple, desc, "name");
	key->text.columns = ta_ident_from_array(ta_spi_named_text(tuple, desc, "columns"));
	key->text.parent = ta_ident_qualify(parent_schema, parent_table);
	key->text.key = ta_ident_from_array(ta_spi_named_text(tuple, desc, "key"));
	key->text.match_full = strcmp(ta_spi_named_text(tuple, desc, "match_full"), "t") == 0;
	key->text.on_delete = ta_spi_named_text(tuple, desc, "on_delete");
	key->text.on_update = ta_spi_named_text(tuple, desc, "on_update");
	key->text.deferral = ta_spi_named_text(tuple, desc, "deferral");
	key->schema = schema;
	key->table = table;
	key->child = ta_rel_lookup(schema, table);
	key->parent = ta_rel_lookup(parent_schema, parent_table);
	if (!OidIsValid(key->child))
		key->missing = ta_ident_qualify(schema, table);
	else if (!OidIsValid(key->parent))
		key->missing = ta_ident_qualify(parent_schema, parent_table);
	*keys = lappend(*keys, key);
}

/* 3 rows of "Todos" without a row of "Users"; see them: SELECT ... */
static char *
orphans_detail(const Lifted *key)
{
	char *count = pstrdup("some");

	if (ta_rel_may_count(key->child) && ta_rel_may_count(key->parent))
		count = psprintf(INT64_FORMAT,
						 ta_spi_count(ta_ddl_key_orphans(key->child, key->text.columns, key->parent,
														 false, key->text.key, key->text.match_full,
														 true)));
	return psprintf("%s %s of %s without a row of %s; see them: %s;", count,
					strcmp(count, "1") == 0 ? "row" : "rows", ta_rel_shown(key->child),
					ta_rel_shown(key->parent),
					ta_ddl_key_orphans(key->child, key->text.columns, key->parent, false,
									   key->text.key, key->text.match_full, false));
}

/* Runs one statement; returns why it can't be done, or NULL.  Of rows that break the key, the rows. */
static char *
try_key(const Lifted *key, const char *sql)
{
	ErrorData *error = ta_run_ddl_try(sql, "", GetUserId());

	if (error == NULL)
		return NULL;
	return error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION ? orphans_detail(key)
															  : error->message;
}

/* "foreign key x of t" */
static char *
key_item(const Lifted *key)
{
	return psprintf("foreign key %s of %s", ta_ident_quote(key->text.name),
					ta_rel_shown(key->child));
}

static TaRestored *
key_outcome(const Lifted *key, char *problem)
{
	return outcome(key->package, key_item(key), problem == NULL ? "done" : "blocked", problem);
}

/* Checks the rows of a key that is there. */
static TaRestored *
validate_key(const Lifted *key)
{
	return key_outcome(key, try_key(key, psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s",
												  ta_rel_qualified(key->child),
												  ta_ident_quote(key->text.name))));
}

/* Puts one key back and checks the rows. */
static TaRestored *
put_back(const Lifted *key)
{
	bool at_once;
	char *problem;

	if (!OidIsValid(key->child))
		return outcome(key->package, psprintf("foreign key %s", ta_ident_quote(key->text.name)),
					   "done", psprintf("gone with table %s", key->missing));
	if (key->missing != NULL)
		return key_outcome(key, psprintf("table %s is gone", key->missing));
	if (ta_constraint_name_taken(key->child, key->text.name))
		return outcome(key->package, key_item(key), "done", pstrdup("was there already"));
	at_once = !TA_PARTITIONED_NOT_VALID_FK && ta_rel_kind(key->child) == RELKIND_PARTITIONED_TABLE;
	problem = try_key(key, psprintf("ALTER TABLE %s %s%s", ta_rel_qualified(key->child),
									ta_ddl_key_clause(&key->text), at_once ? "" : " NOT VALID"));
	return problem == NULL && !at_once ? validate_key(key) : key_outcome(key, problem);
}

/* Keys that an earlier call put back, and whose rows were not all right then. */
static List *
validate_again(const TaExtension *package, List *done)
{
	ListCell *lc;

	foreach(lc, ta_ext_member_tables(package->oid))
	{
		ListCell *lk;

		foreach(lk, ta_rel_foreign_keys(lfirst_oid(lc)))
		{
			TaForeignKey *fk = lfirst(lk);
			Lifted key = {.package = package->name, .child = lfirst_oid(lc), .parent = fk->parent};

			if (fk->validated || fk->inherited)
				continue;
			key.text.name = fk->name;
			key.text.columns = fk->columns;
			key.text.key = fk->key;
			key.text.match_full = fk->match == FKCONSTR_MATCH_FULL;
			done = lappend(done, validate_key(&key));
		}
	}
	return done;
}

static void
check_enforced(void *arg)
{
	ta_enforce_validate(arg);
}

/* Whether rows of a parent can be deleted softly. */
static bool
leads_to_soft(const TaEnforced *row)
{
	ListCell *lc;

	foreach(lc, row->targets)
	{
		if (((TaEnforcedTarget *) lfirst(lc))->soft_delete != NULL)
			return true;
	}
	return false;
}

/* Switches the triggers of one reference on, and checks the rows that came meanwhile. */
static TaRestored *
switch_on(const TaExtension *package, const TaEnforced *row)
{
	TaReference *reference = ta_reference_named(row->reference);
	TaEnforcedTarget *target = linitial(row->targets);
	Lifted key = {.package = package->name,
				  .child = ta_rel_lookup(row->child_schema, row->child_table),
				  .parent = ta_rel_lookup(target->schema, target->table)};
	char *item =
		psprintf("triggers of %s (%s)", ta_rel_shown(key.child), ta_ident_columns(row->columns));
	ErrorData *error;
	char *detail;

	ta_triggers_switch_child(row, true);
	if (reference == NULL)
		return outcome(package->name, item, "blocked",
					   pstrdup("no association declares them any more: SELECT * FROM "
							   "assoc.apply(); drops them"));
	error = ta_run_try(check_enforced, reference);
	if (error == NULL)
		return outcome(package->name, item, "done", NULL);
	key.text.columns = row->columns;
	key.text.key = target->key;
	key.text.match_full = row->match_full;
	if (error->sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION || !OidIsValid(key.parent))
		detail = error->message;
	else if (leads_to_soft(row))
		/* the parent may be there, and be deleted */
		detail = psprintf("%s %s", error->detail, error->hint);
	else
		detail = orphans_detail(&key);
	return outcome(package->name, item, "blocked", detail);
}

/* All that triggers enforce of the package's tables, where rows are unchecked. */
static List *
switch_all_on(const TaExtension *package, List *done)
{
	ListCell *lc;

	foreach(lc, enforced_of_package(package))
	{
		TaEnforced *row = lfirst(lc);

		if (!row->validated && row->targets != NIL)
			done = lappend(done, switch_on(package, row));
	}
	return done;
}

/* The keys that were lifted for the package. */
static List *
lifted_keys(const char *package)
{
	List *keys = NIL;

	ta_spi_fixed("SELECT l.* FROM assoc_internal.lifted_key l WHERE l.package" EQ "$1"
				 " ORDER BY l.schema_name, l.table_name, l.name",
				 list_make1((char *) package), TA_AS_CATALOG, read_lifted, &keys);
	return keys;
}

/* A key that can't be put back stays lifted, and the package restoring, until it can. */
static bool
must_stay_lifted(const TaRestored *done, const Lifted *key)
{
	return strcmp(done->outcome, "blocked") == 0 &&
		   !ta_constraint_name_taken(key->child, key->text.name);
}

/*
 * Puts back what ta_restore_begin lifted for the user's packages, checks every
 * row, and brings the history to an end.  Returns what was done (TaRestored).
 */
List *
ta_restore_end(void)
{
	List *done = NIL;
	ListCell *lc;

	ta_catalog_lock();
	foreach(lc, own_packages())
	{
		TaExtension *package = lfirst(lc);
		bool complete = true;
		ListCell *lk;

		done = validate_again(package, done);
		foreach(lk, lifted_keys(package->name))
		{
			Lifted *key = lfirst(lk);
			TaRestored *result = put_back(key);

			done = lappend(done, result);
			if (must_stay_lifted(result, key))
				complete = false;
			else
				ta_catalog_write("DELETE FROM assoc_internal.lifted_key l WHERE l.name" EQ "$1"
								 " AND l.schema_name" EQ "$2 AND l.table_name" EQ "$3",
								 list_make3((char *) key->text.name,
											OidIsValid(key->child) ? ta_rel_schema(key->child)
																   : NULL,
											OidIsValid(key->child) ? ta_rel_name(key->child)
																   : NULL));
		}
		done = switch_all_on(package, done);
		if (complete)
			ta_catalog_write("DELETE FROM assoc_internal.restoring r WHERE r.package" EQ "$1",
							 list_make1(package->name));
	}
	ta_history_settle();
	return done;
}

/* ---- privileges ---- */

/*
 * Grants INSERT on the config tables to the extension's owner, as its script
 * did for the owner it then had; a restore needs it.  Returns a line.
 */
char *
ta_grant_to_owner(void)
{
	static const char *const tables =
		"assoc_internal.model, assoc_internal.declaration, assoc_internal.recorded,"
		" assoc_internal.conflict, assoc_internal.history";
	static const char *const triggers = "assoc_internal.enforced, assoc_internal.enforced_target";
	TaExtension *self = ta_ext(get_extension_oid("todo_assoc", false));
	Oid catalog_owner = ta_rel_owner(ta_rel_lookup("assoc_internal", "history"));
	char *owner = ta_ident_quote(GetUserNameFromId(self->owner, false));

	if (!ta_ext_owned_by_user(self))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of extension todo_assoc"),
						errhint("Call it as %s.", owner)));
	ta_run_ddl_as(psprintf("GRANT INSERT ON %s TO %s", tables, owner), "", catalog_owner);
	ta_run_ddl_as(psprintf("GRANT DELETE ON assoc_internal.conflict TO %s", owner), "",
				  catalog_owner);
	/* since 1.2 */
	if (OidIsValid(ta_rel_lookup("assoc_internal", "ignored")))
		ta_run_ddl_as(psprintf("GRANT INSERT ON assoc_internal.ignored TO %s", owner), "",
					  catalog_owner);
	if (OidIsValid(ta_rel_lookup("assoc_internal", "quarantine")))
		ta_run_ddl_as(psprintf("GRANT SELECT, INSERT, DELETE ON assoc_internal.quarantine TO %s",
							   owner),
					  "", catalog_owner);
	if (ta_enforced_available())
		ta_run_ddl_as(psprintf("GRANT INSERT ON %s TO %s", triggers, owner), "", catalog_owner);
	return psprintf("granted to %s", owner);
}
