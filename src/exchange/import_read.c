/*
 * src/exchange/import_read.c
 *		What an import reads of the catalogs, and the tables it knows.
 *
 * A query for the schemas, one for their tables, one for their keys and one
 * for the functions that an accessor would be taken for; the rest comes from
 * PostgreSQL's caches.  Reads everything as the caller, and no row of a table.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "exchange/import_name.h"
#include "exchange/import_read.h"
#include "model/naming.h"
#include "model/reference.h"
#include "schema/native.h"

/* Tables of extensions are the extension's care, but for a package's: it requires us. */
#define FOREIGN_TABLES                                                                             \
	"WITH foreign_tables AS (SELECT d.objid FROM pg_catalog.pg_depend d"                           \
	" WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"           \
	" AND d.deptype OPERATOR(pg_catalog.=) 'e'"                                                    \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x"                                          \
	" JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) x.refobjid"                   \
	" WHERE x.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass"       \
	" AND x.objid OPERATOR(pg_catalog.=) d.refobjid"                                               \
	" AND x.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass"      \
	" AND e.extname OPERATOR(pg_catalog.=) 'todo_assoc')) "

/* In public first, so that a name that two schemas have is public's; then by name. */
#define TABLE_ORDER                                                                                \
	" ORDER BY n.nspname OPERATOR(pg_catalog.<>) 'public'::pg_catalog.name, n.nspname, r.relname"

#define IN_SCOPE                                                                                   \
	" n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])"               \
	" AND r.relpersistence OPERATOR(pg_catalog.<>) 't'"                                            \
	" AND NOT (r.oid OPERATOR(pg_catalog.=) ANY (SELECT f.objid FROM foreign_tables f))"

static bool
column_is(HeapTuple tuple, TupleDesc desc, int column, const char *value)
{
	return ta_ident_same(ta_spi_text(tuple, desc, column), value);
}

/* ---- schemas ---- */

/* The names in 'app, billing' or '{app,"a,b"}', as typed. */
static List *
split_schemas(const char *typed)
{
	const char *start = ta_ident_trim(typed, typed + strlen(typed));
	List *names = NIL;
	ListCell *lc;

	if (*start == '{')
		names = ta_ident_from_array(start);
	else
	{
		for (;;)
		{
			const char *end = strchrnul(start, ',');

			names = lappend(names, ta_ident_trim(start, end));
			if (*end == '\0')
				break;
			start = end + 1;
		}
	}
	foreach(lc, names)
	{
		if (*(char *) lfirst(lc) == '\0')
			names = foreach_delete_current(names, lc);
	}
	if (names == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"schemas\" names no schema"),
						errhint("Write it as 'app' or 'app, billing', or leave it out for all.")));
	return names;
}

/* The schemas that were said, or all that hold the user's tables. */
static List *
read_schemas(const char *typed)
{
	List *all = NIL;
	List *names;
	ListCell *lc;

	ta_spi_fixed("SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_namespace n"
				 " WHERE NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')"
				 " AND NOT (n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY"
				 " ('{information_schema,assoc,assoc_internal}'::pg_catalog.text[]))"
				 " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') ORDER BY n.nspname",
				 NIL, TA_AS_CALLER, ta_spi_keep_text, &all);
	if (typed == NULL)
		return all;
	names = split_schemas(typed);
	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		const char *nearest;

		if (ta_ident_list_has(all, name))
			continue;
		nearest = ta_err_nearest(name, all);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("there is no schema \"%s\" to import from", name),
				 errdetail("System schemas, and those without USAGE, are not looked at."),
				 nearest != NULL
					 ? errhint("Did you mean \"%s\"?", nearest)
					 : errhint(
						   "Write it as it is stored, without quotes, or leave it out for all.")));
	}
	return names;
}

/* ---- tables ---- */

/* The table, known from now on. */
static TaImportTable *
table_of(TaImport *import, Oid relid)
{
	bool found;
	TaImportTable *table = hash_search(import->tables, &relid, HASH_ENTER, &found);
	const char *name;

	if (found)
		return table;
	memset(table, 0, sizeof(TaImportTable));
	table->relid = relid;
	table->owned = ta_rel_owned_by_user(relid);
	table->shown = ta_rel_qualified(relid);
	name = ta_rel_name(relid);
	table->snake = ta_name_style_is_snake(ta_rel_column_names(relid), name);
	table->one = ta_import_alias_one(name);
	table->many = ta_import_alias_many(name);
	return table;
}

static void
keep_table(HeapTuple tuple, TupleDesc desc, void *arg)
{
	TaImport *import = arg;
	Oid relid = (Oid) strtoul(ta_spi_text(tuple, desc, 1), NULL, 10);

	import->scope = lappend(import->scope, table_of(import, relid));
}

static void
read_tables(TaImport *import)
{
	ta_spi_fixed(FOREIGN_TABLES
				 "SELECT r.oid FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n"
				 " ON n.oid OPERATOR(pg_catalog.=) r.relnamespace"
				 " WHERE r.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])"
				 " AND NOT r.relispartition AND" IN_SCOPE TABLE_ORDER,
				 list_make1(ta_ident_to_array(import->schemas)), TA_AS_CALLER, keep_table, import);
}

/* ---- keys ---- */

/* The column names of '{1,3}'; NULL gives NIL. */
static List *
names_of(Oid relid, const char *numbers)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_ident_from_array(numbers))
		names = lappend(names, get_attname(relid, (AttrNumber) atoi(lfirst(lc)), false));
	return names;
}

static void
keep_key(HeapTuple tuple, TupleDesc desc, void *arg)
{
	TaImport *import = arg;
	TaImportKey *key = palloc0(sizeof(TaImportKey));
	Oid child = (Oid) strtoul(ta_spi_text(tuple, desc, 2), NULL, 10);
	Oid parent = (Oid) strtoul(ta_spi_text(tuple, desc, 3), NULL, 10);

	/* raises where a table is gone since */
	key->child = table_of(import, child);
	key->parent = table_of(import, parent);
	key->fk.name = ta_spi_text(tuple, desc, 1);
	key->fk.parent = parent;
	key->fk.columns = names_of(child, ta_spi_text(tuple, desc, 4));
	key->fk.key = names_of(parent, ta_spi_text(tuple, desc, 5));
	key->fk.on_delete = *ta_spi_text(tuple, desc, 6);
	key->fk.on_update = *ta_spi_text(tuple, desc, 7);
	key->fk.delete_columns = names_of(child, ta_spi_text(tuple, desc, 8));
	key->fk.match = *ta_spi_text(tuple, desc, 9);
	key->fk.deferrable = column_is(tuple, desc, 10, "t");
	key->fk.deferred = column_is(tuple, desc, 11, "t");
	key->fk.validated = column_is(tuple, desc, 12, "t");
	key->fk.temporal = column_is(tuple, desc, 14, "true");
	key->enforced = !column_is(tuple, desc, 13, "false");
	key->child->referenced = column_is(tuple, desc, 16, "t");
	if (column_is(tuple, desc, 15, "t"))
		key->problem = psprintf("table %s belongs to another extension", key->parent->shown);
	else if (key->fk.temporal)
		key->problem = "a key with PERIOD cannot be declared";
	key->child->keys = lappend(key->child->keys, key);
	import->keys = lappend(import->keys, key);
}

/* Partitions have their parent's keys, and a key to a partitioned table one for each of its partitions: once. */
static void
read_keys(TaImport *import)
{
	ta_spi_fixed(FOREIGN_TABLES
				 "SELECT c.conname, c.conrelid, c.confrelid, c.conkey, c.confkey, c.confdeltype,"
				 " c.confupdtype, c.confdelsetcols, c.confmatchtype, c.condeferrable,"
				 " c.condeferred, c.convalidated,"
				 " pg_catalog.to_jsonb(c) OPERATOR(pg_catalog.->>) 'conenforced',"
				 " pg_catalog.to_jsonb(c) OPERATOR(pg_catalog.->>) 'conperiod',"
				 " c.confrelid OPERATOR(pg_catalog.=) ANY (SELECT f.objid FROM foreign_tables f),"
				 " c.conrelid OPERATOR(pg_catalog.=) ANY (SELECT f.confrelid"
				 " FROM pg_catalog.pg_constraint f WHERE f.contype OPERATOR(pg_catalog.=) 'f')"
				 " FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class r"
				 " ON r.oid OPERATOR(pg_catalog.=) c.conrelid JOIN pg_catalog.pg_namespace n"
				 " ON n.oid OPERATOR(pg_catalog.=) r.relnamespace"
				 " WHERE c.contype OPERATOR(pg_catalog.=) 'f'"
				 " AND c.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid"
				 " AND" IN_SCOPE TABLE_ORDER ", c.conname",
				 list_make1(ta_ident_to_array(import->schemas)), TA_AS_CALLER, keep_key, import);
}

bool
ta_import_same_columns(List *columns, List *key, List *other_columns, List *other_key)
{
	ListCell *lc;
	ListCell *lk;

	if (list_length(columns) != list_length(other_columns))
		return false;
	forboth(lc, columns, lk, key)
	{
		ListCell *oc;
		ListCell *ok;
		bool found = false;

		forboth(oc, other_columns, ok, other_key)
			found = found ||
					(strcmp(lfirst(lc), lfirst(oc)) == 0 && strcmp(lfirst(lk), lfirst(ok)) == 0);
		if (!found)
			return false;
	}
	return true;
}

/* Of two keys that say the same, which one the plan would look at: enforced, then validated. */
static bool
goes_before(const TaImportKey *a, const TaImportKey *b)
{
	if (a->enforced != b->enforced)
		return a->enforced;
	return a->fk.validated && !b->fk.validated;
}

/* Passes over keys that only repeat another one. */
static void
drop_twins(TaImportTable *table)
{
	ListCell *lc;

	foreach(lc, table->keys)
	{
		TaImportKey *key = lfirst(lc);
		ListCell *lo;

		for_each_cell(lo, table->keys, lnext(table->keys, lc))
		{
			TaImportKey *other = lfirst(lo);
			TaImportKey *twin;

			if (key->problem != NULL || other->problem != NULL || key->parent != other->parent ||
				!ta_import_same_columns(key->fk.columns, key->fk.key, other->fk.columns,
										other->fk.key))
				continue;
			twin = goes_before(other, key) ? key : other;
			twin->twin = true;
			twin->problem = psprintf("the same columns as %s",
									 ta_ident_quote(twin == key ? other->fk.name : key->fk.name));
		}
	}
}

/* ---- what is declared ---- */

static void
read_models(TaImport *import)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models())
	{
		const char *name = ((TaModelRow *) lfirst(lc))->name;
		const TaModel *model = ta_cache_model(name);
		TaImportTable *table;

		ta_import_take_model(import->taken, name);
		if (model == NULL || !OidIsValid(model->relid))
			continue;
		table = table_of(import, model->relid);
		if (table->defined)
			continue;
		table->model = pstrdup(name);
		table->defined = true;
		table->unusable = model->problem != NULL;
		if (model->singular != NULL)
			table->one = ta_name_alias(model, false);
		if (model->plural != NULL)
			table->many = ta_name_alias(model, true);
	}
}

static void
read_declarations(TaImport *import)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls())
	{
		TaDecl *decl = lfirst(lc);
		TaLink links[2];
		int count = ta_decl_links(decl, links);

		ta_import_take_alias(import->taken, decl->model, decl->alias);
		for (int i = 0; i < count; i++)
		{
			const TaModel *child = ta_cache_model(links[i].child);
			TaLink *copy = palloc(sizeof(TaLink));
			TaImportTable *table;

			*copy = links[i];
			if (child == NULL || !OidIsValid(child->relid))
				continue;
			table = table_of(import, child->relid);
			table->links = lappend(table->links, copy);
		}
	}
}

static void
keep_function(HeapTuple tuple, TupleDesc desc, void *arg)
{
	ta_import_take_function(((TaImport *) arg)->taken,
							(Oid) strtoul(ta_spi_text(tuple, desc, 1), NULL, 10),
							ta_spi_text(tuple, desc, 2));
}

/* Functions of a table's schema that take its row: an accessor cannot have their names. */
static void
read_functions(TaImport *import)
{
	ta_spi_fixed("SELECT t.typrelid, p.proname FROM pg_catalog.pg_proc p"
				 " JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) p.proargtypes[0]"
				 " WHERE p.pronargs OPERATOR(pg_catalog.=) 1"
				 " AND t.typrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid"
				 " AND t.typnamespace OPERATOR(pg_catalog.=) p.pronamespace"
				 " AND p.pronamespace OPERATOR(pg_catalog.<>)"
				 " 'pg_catalog'::pg_catalog.regnamespace",
				 NIL, TA_AS_CALLER, keep_function, import);
}

/* Keys of columns that are generated for a polymorphic association are no associations of their own. */
static void
leave_out_natives(TaImport *import)
{
	Oid child = InvalidOid;
	List *natives = NIL;
	ListCell *lc;

	foreach(lc, ta_catalog_has_polymorphic() ? import->keys : NIL)
	{
		TaImportKey *key = lfirst(lc);

		/* keys come table by table */
		if (key->child->relid != child)
			natives = ta_native_key_names(key->child->relid);
		child = key->child->relid;
		if (key->problem == NULL && ta_ident_list_has(natives, key->fk.name))
			key->problem = "it serves a polymorphic association";
	}
}

/* Reads all that an import looks at; raises on schemas that are not there. */
TaImport *
ta_import_read(const char *schemas)
{
	TaImport *import = palloc0(sizeof(TaImport));
	HASHCTL tables = {.keysize = sizeof(Oid),
					  .entrysize = sizeof(TaImportTable),
					  .hcxt = CurrentMemoryContext};
	HASHCTL names = {.keysize = 4 * NAMEDATALEN,
					 .entrysize = 4 * NAMEDATALEN,
					 .hcxt = CurrentMemoryContext};
	ListCell *lc;

	import->tables =
		hash_create("todo_assoc tables", 256, &tables, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	import->taken =
		hash_create("todo_assoc names", 1024, &names, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	import->schemas = read_schemas(schemas);
	if (import->schemas == NIL)
		return import;
	read_models(import);
	read_declarations(import);
	read_functions(import);
	read_tables(import);
	read_keys(import);
	leave_out_natives(import);
	foreach(lc, import->keys)
		drop_twins(((TaImportKey *) lfirst(lc))->child);
	return import;
}
