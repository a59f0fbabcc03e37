/*
 * src/store/enforced.c
 *		Rows of assoc_internal.enforced and enforced_target: what triggers enforce.
 *
 * As in store/catalog, every statement is fixed and runs as the owner of our
 * tables; who may ask for it is checked by the caller before.  The tables came
 * with 1.3: in a database at an older version no trigger enforces anything.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "base/spi.h"
#include "store/catalog.h"
#include "store/enforced.h"

#define EQ " OPERATOR(pg_catalog.=) "

/* what a package that is gone left behind does not count, as in store/catalog */
#define LIVE                                                                                       \
	" (e.declarer" EQ "'' OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension x"                      \
	" WHERE x.extname::pg_catalog.text" EQ "e.declarer)) "

/* Whether the database is at a version that has the tables. */
bool
ta_enforced_available(void)
{
	return OidIsValid(
		get_relname_relid("enforced_target", get_namespace_oid("assoc_internal", true)));
}

/*
 * The name of a trigger.  Those of actions and checks sort right after the
 * native keys' (RI_ConstraintTrigger_a_1234), so they fire as those would; the
 * reference's hash keeps them apart, and follows no rename.
 */
char *
ta_trigger_name(TaTriggerKind kind, const char *reference)
{
	static const char *const labels[] = {
		[TA_TRIGGER_CHECK_INSERT] = "RI_assoc_c_%016llx",
		[TA_TRIGGER_CHECK_UPDATE] = "RI_assoc_cu_%016llx",
		[TA_TRIGGER_DELETED] = "RI_assoc_a_%016llx",
		[TA_TRIGGER_UPDATED] = "RI_assoc_au_%016llx",
		[TA_TRIGGER_ENDED] = "RI_assoc_av_%016llx",
		[TA_TRIGGER_MOVED] = "RI_assoc_am_%016llx",
		[TA_TRIGGER_TRUNCATED] = "RI_assoc_at_%016llx",
		[TA_TRIGGER_WHOLE] = "RI_assoc_aw_%016llx",
		[TA_TRIGGER_ENDING] = "RI_assoc_e_%016llx",
	};
	uint64 hash;

	if (kind == TA_TRIGGER_FORGET)
		return pstrdup("RI_assoc_forget");
	hash = hash_bytes_extended((const unsigned char *) reference, strlen(reference), 0);
	return psprintf(labels[kind], (unsigned long long) hash);
}

/* ---- reading ---- */

#define FROM_ALL                                                                                   \
	"SELECT e.reference, e.declarer, e.name, e.mode, e.child_schema, e.child_table,"               \
	" e.columns::pg_catalog.text, e.type_column, e.element::pg_catalog.text, e.match,"             \
	" e.on_delete, e.on_update, e.deferral, e.condition::pg_catalog.text, e.child_soft_delete,"    \
	" e.validated::pg_catalog.text FROM assoc_internal.enforced e "
#define FROM_ENFORCED FROM_ALL "WHERE" LIVE
#define BY_REFERENCE " ORDER BY e.reference COLLATE pg_catalog.\"C\""

static void
read_row(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaEnforced *row = palloc0(sizeof(TaEnforced));
	int c = 1;

	row->reference = ta_spi_text(tuple, desc, c++);
	row->declarer = ta_spi_text(tuple, desc, c++);
	row->name = ta_spi_text(tuple, desc, c++);
	row->mode = ta_spi_text(tuple, desc, c++);
	row->child_schema = ta_spi_text(tuple, desc, c++);
	row->child_table = ta_spi_text(tuple, desc, c++);
	row->columns = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->type_column = ta_spi_text(tuple, desc, c++);
	row->element = strcmp(ta_spi_text(tuple, desc, c++), "true") == 0;
	row->match_full = strcmp(ta_spi_text(tuple, desc, c++), "full") == 0;
	row->on_delete = ta_spi_text(tuple, desc, c++);
	row->on_update = ta_spi_text(tuple, desc, c++);
	row->deferral = ta_spi_text(tuple, desc, c++);
	row->condition = ta_spi_text(tuple, desc, c++);
	row->child_soft_delete = ta_spi_text(tuple, desc, c++);
	row->validated = strcmp(ta_spi_text(tuple, desc, c++), "true") == 0;
	*rows = lappend(*rows, row);
}

static void
read_target(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **targets = arg;
	TaEnforcedTarget *target = palloc0(sizeof(TaEnforcedTarget));
	int c = 1;

	target->type_value = ta_spi_text(tuple, desc, c++);
	target->schema = ta_spi_text(tuple, desc, c++);
	target->table = ta_spi_text(tuple, desc, c++);
	target->key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	target->scope = ta_spi_text(tuple, desc, c++);
	target->soft_delete = ta_spi_text(tuple, desc, c++);
	target->heirs = strcmp(ta_spi_text(tuple, desc, c++), "true") == 0;
	*targets = lappend(*targets, target);
}

/* Runs one of the queries below, and reads the targets of each row. */
static List *
read_rows(const char *sql, List *texts)
{
	List *rows = NIL;
	ListCell *lc;

	if (!ta_enforced_available())
		return NIL;
	ta_spi_fixed(sql, texts, TA_AS_CATALOG, read_row, &rows);
	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		ta_spi_fixed(
			"SELECT t.type_value, t.parent_schema, t.parent_table,"
			" t.key::pg_catalog.text, t.scope::pg_catalog.text, t.soft_delete,"
			" t.heirs::pg_catalog.text FROM assoc_internal.enforced_target t WHERE t.reference" EQ
			"$1 ORDER BY t.type_value COLLATE pg_catalog.\"C\"",
			list_make1(row->reference), TA_AS_CATALOG, read_target, &row->targets);
	}
	return rows;
}

/* What is in force for the reference; NULL: nothing by triggers. */
TaEnforced *
ta_enforced_read(const char *reference)
{
	List *rows = read_rows(FROM_ENFORCED "AND e.reference" EQ "$1", list_make1((char *) reference));

	return rows == NIL ? NULL : linitial(rows);
}

/* All rows (TaEnforced), by reference. */
List *
ta_enforced_rows(void)
{
	return read_rows(FROM_ENFORCED BY_REFERENCE, NIL);
}

/* The rows in which the table is the child or a parent, also those of a package that is gone: their triggers are there. */
List *
ta_enforced_of_table(const char *schema, const char *table)
{
	return read_rows(FROM_ALL "WHERE (e.child_schema" EQ "$1 AND e.child_table" EQ
							  "$2 OR EXISTS (SELECT 1 FROM assoc_internal.enforced_target t"
							  " WHERE t.reference" EQ "e.reference AND t.parent_schema" EQ
							  "$1 AND t.parent_table" EQ "$2))" BY_REFERENCE,
					 list_make2((char *) schema, (char *) table));
}

/* ---- writing ---- */

static char *
bool_text(bool value)
{
	return value ? "true" : "false";
}

static void
put_target(const TaEnforced *row, const TaEnforcedTarget *target)
{
	List *texts = list_make4(row->reference, target->type_value, row->declarer, target->schema);

	texts = lappend(texts, target->table);
	texts = lappend(texts, ta_ident_to_array(target->key));
	texts = lappend(texts, target->scope);
	texts = lappend(texts, target->soft_delete);
	texts = lappend(texts, bool_text(target->heirs));
	ta_catalog_write(
		"INSERT INTO assoc_internal.enforced_target (reference, type_value, declarer,"
		" parent_schema, parent_table, key, scope, soft_delete, heirs) VALUES ($1, $2, $3,"
		" $4, $5, $6::pg_catalog.text[], $7::pg_catalog.jsonb, $8, $9::pg_catalog.bool)",
		texts);
}

/* Writes the row and its targets in the place of what is there for the reference. */
void
ta_enforced_put(const TaEnforced *row)
{
	List *texts = list_make4(row->reference, row->declarer, row->name, row->mode);
	ListCell *lc;

	ta_enforced_delete(row->reference);
	texts = lappend(texts, row->child_schema);
	texts = lappend(texts, row->child_table);
	texts = lappend(texts, ta_ident_to_array(row->columns));
	texts = lappend(texts, row->type_column);
	texts = lappend(texts, bool_text(row->element));
	texts = lappend(texts, row->match_full ? "full" : "simple");
	texts = lappend(texts, row->on_delete);
	texts = lappend(texts, row->on_update);
	texts = lappend(texts, row->deferral);
	texts = lappend(texts, row->condition);
	texts = lappend(texts, row->child_soft_delete);
	texts = lappend(texts, bool_text(row->validated));
	ta_catalog_write(
		"INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema,"
		" child_table, columns, type_column, element, match, on_delete, on_update, deferral,"
		" condition, child_soft_delete, validated) VALUES ($1, $2, $3, $4, $5, $6,"
		" $7::pg_catalog.text[], $8, $9::pg_catalog.bool, $10, $11, $12, $13,"
		" $14::pg_catalog.jsonb, $15, $16::pg_catalog.bool)",
		texts);
	foreach(lc, row->targets)
		put_target(row, lfirst(lc));
}

/* All rows of the child are known to refer to something, or no longer. */
void
ta_enforced_set_validated(const char *reference, bool validated)
{
	ta_catalog_write("UPDATE assoc_internal.enforced e SET validated = $2::pg_catalog.bool"
					 " WHERE e.reference" EQ "$1",
					 list_make2((char *) reference, bool_text(validated)));
}

/* Nothing is in force for the reference any more; its triggers are the caller's. */
void
ta_enforced_delete(const char *reference)
{
	ta_catalog_write("DELETE FROM assoc_internal.enforced_target t WHERE t.reference" EQ "$1",
					 list_make1((char *) reference));
	ta_catalog_write("DELETE FROM assoc_internal.enforced e WHERE e.reference" EQ "$1",
					 list_make1((char *) reference));
}

/* ---- what the database renames ---- */

/* A table has another name or schema. */
void
ta_enforced_move_table(const char *schema, const char *table, const char *new_schema,
					   const char *new_table)
{
	List *texts =
		list_make4((char *) schema, (char *) table, (char *) new_schema, (char *) new_table);

	if (!ta_enforced_available())
		return;
	ta_catalog_write("UPDATE assoc_internal.enforced e SET child_schema = $3, child_table = $4"
					 " WHERE e.child_schema" EQ "$1 AND e.child_table" EQ "$2",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.enforced_target t SET parent_schema = $3,"
					 " parent_table = $4 WHERE t.parent_schema" EQ "$1 AND t.parent_table" EQ "$2",
					 texts);
}

/* A schema has another name. */
void
ta_enforced_rename_schema(const char *schema, const char *new_schema)
{
	List *texts = list_make2((char *) schema, (char *) new_schema);

	if (!ta_enforced_available())
		return;
	ta_catalog_write("UPDATE assoc_internal.enforced e SET child_schema = $2"
					 " WHERE e.child_schema" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.enforced_target t SET parent_schema = $2"
					 " WHERE t.parent_schema" EQ "$1",
					 texts);
}

/* Whether a table of the schema is the child or a parent in a row. */
bool
ta_enforced_in_schema(const char *schema)
{
	return ta_enforced_available() &&
		   ta_spi_fixed("SELECT 1 FROM assoc_internal.enforced e WHERE e.child_schema" EQ
						"$1 UNION ALL SELECT 1 FROM assoc_internal.enforced_target t"
						" WHERE t.parent_schema" EQ "$1 LIMIT 1",
						list_make1((char *) schema), TA_AS_CATALOG, NULL, NULL) > 0;
}

/* What the package's script has put in force is by hand from now on. */
void
ta_enforced_release(const char *package)
{
	List *texts = list_make1((char *) package);

	if (!ta_enforced_available())
		return;
	ta_catalog_write("UPDATE assoc_internal.enforced e SET declarer = '' WHERE e.declarer" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.enforced_target t SET declarer = '' WHERE t.declarer" EQ
					 "$1",
					 texts);
}

/*
 * Rows of packages that are gone.  Where the child's table is there still (it was
 * taken out of its package before, or was dropped where no event trigger fires),
 * its triggers are, too: they are by hand from now on, so that a plan can end
 * them.  The others end with their tables.
 */
void
ta_enforced_sweep(void)
{
	if (!ta_enforced_available())
		return;
	ta_catalog_write("UPDATE assoc_internal.enforced e SET declarer = '' WHERE NOT" LIVE
					 "AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c"
					 " JOIN pg_catalog.pg_namespace n ON n.oid" EQ "c.relnamespace"
					 " WHERE c.relname" EQ "e.child_table AND n.nspname" EQ "e.child_schema)",
					 NIL);
	ta_catalog_write("DELETE FROM assoc_internal.enforced e WHERE NOT" LIVE, NIL);
	ta_catalog_write("DELETE FROM assoc_internal.enforced_target t WHERE NOT EXISTS"
					 " (SELECT 1 FROM assoc_internal.enforced e WHERE e.reference" EQ
					 "t.reference)",
					 NIL);
	ta_catalog_write("UPDATE assoc_internal.enforced_target t SET declarer = e.declarer"
					 " FROM assoc_internal.enforced e WHERE e.reference" EQ
					 "t.reference AND t.declarer OPERATOR(pg_catalog.<>) e.declarer",
					 NIL);
}
