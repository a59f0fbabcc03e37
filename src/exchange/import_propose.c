/*
 * src/exchange/import_propose.c
 *		Proposals from names, for columns that have no foreign key.
 *
 * A name is a guess, so the values are asked: how many of them are in the
 * other table.  At most SAMPLE_ROWS rows are read, as the caller, and only
 * where the caller sees all rows.  Nothing here is ever declared.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "exchange/import_name.h"
#include "exchange/import_propose.h"
#include "model/reference.h"
#include "pg/keymatch.h"

#define SAMPLE_ROWS 10000
#define SHOWN_TYPES 5

/* A table that a column's name may mean, by the one column of its key. */
typedef struct Word
{
	char word[2 * NAMEDATALEN]; /* the hash key: userid */
	List *tables; /* of TaImportTable, in the order of the import */
} Word;

/* The name without underscores and capitals. */
static char *
fold(const char *name)
{
	char *result = palloc(strlen(name) + 1);
	char *to = result;

	for (; *name != '\0'; name++)
	{
		if (*name != '_')
			*to++ = tolower((unsigned char) *name);
	}
	*to = '\0';
	return result;
}

static void
add_word(HTAB *words, const char *name, TaImportTable *table)
{
	bool found;
	Word *word = hash_search(words, pnstrdup(name, 2 * NAMEDATALEN - 1), HASH_ENTER, &found);

	if (!found)
		word->tables = NIL;
	word->tables = list_append_unique_ptr(word->tables, table);
}

/* userid for users.id and for users.user_id; users_id too. */
static HTAB *
read_words(const TaImport *import)
{
	HASHCTL ctl = {.keysize = 2 * NAMEDATALEN,
				   .entrysize = sizeof(Word),
				   .hcxt = CurrentMemoryContext};
	HTAB *words =
		hash_create("todo_assoc proposals", 256, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	ListCell *lc;

	foreach(lc, import->scope)
	{
		TaImportTable *table = lfirst(lc);
		List *key = ta_rel_primary_key(table->relid);
		char *one = fold(table->one);
		char *column;

		if (list_length(key) != 1)
			continue;
		column = fold(linitial(key));
		add_word(words, psprintf("%s%s", one, column), table);
		add_word(words, psprintf("%s%s", fold(table->many), column), table);
		if (strncmp(column, one, strlen(one)) == 0 && strcmp(column, one) != 0)
			add_word(words, column, table);
	}
	return words;
}

/* The table that the column refers to by its name: of the same schema, else the first; NULL: none. */
static TaImportTable *
target_of(HTAB *words, TaImportTable *child, const TaColumn *column)
{
	Word *word = hash_search(words, fold(column->name), HASH_FIND, NULL);
	TaImportTable *found = NULL;
	List *tables = word != NULL ? word->tables : NIL;
	ListCell *lc;

	if (word == NULL && strncmp(fold(column->name), "parent", 6) == 0 &&
		ta_import_same_word(column->name, "parentid"))
		tables = list_make1(child);
	foreach(lc, tables)
	{
		TaImportTable *table = lfirst(lc);
		List *key = ta_rel_primary_key(table->relid);
		const TaColumn *target =
			list_length(key) == 1 ? ta_rel_column(table->relid, linitial(key)) : NULL;

		if (target == NULL || !OidIsValid(ta_key_operator(target->type, column->type)) ||
			(table == child && target->attnum == column->attnum))
			continue;
		if (ta_rel_namespace(table->relid) == ta_rel_namespace(child->relid))
			return table;
		if (found == NULL)
			found = table;
	}
	return found;
}

/* ---- evidence ---- */

static const char *
unread(const TaImportTable *table)
{
	return psprintf("values not read: %s cannot be read in full by you", table->shown);
}

/*
 * Whether comparing or printing the column runs PostgreSQL's own functions
 * alone.  Nobody vouches for these tables, and a cast of somebody's own type
 * would run what its owner wrote, as whoever is looking.
 */
#define NOT_BUILT_IN "values not read: not of PostgreSQL's own types"

static bool
is_built_in(const TaColumn *column)
{
	return column->type < FirstUnpinnedObjectId;
}

typedef struct Counts
{
	int64 rows;
	int64 values;
	int64 matches;
} Counts;

static void
keep_counts(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Counts *counts = arg;

	counts->rows = strtoll(ta_spi_text(tuple, desc, 1), NULL, 10);
	counts->values = strtoll(ta_spi_text(tuple, desc, 2), NULL, 10);
	counts->matches = strtoll(ta_spi_text(tuple, desc, 3), NULL, 10);
}

/*
 * SELECT count(*), count(s.v), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM "Users" p WHERE p.id = s.v))
 * FROM (SELECT t."userId" AS v FROM "Todos" t LIMIT 10000) s
 */
static const char *
share_of_matches(const TaImportTable *child, const TaColumn *column, const TaImportTable *parent,
				 const TaColumn *key)
{
	Counts counts = {0};

	if (!ta_rel_may_count(child->relid))
		return unread(child);
	if (!ta_rel_may_count(parent->relid))
		return unread(parent);
	if (!is_built_in(column) || !is_built_in(key))
		return NOT_BUILT_IN;
	(void) ta_spi_query(
		psprintf("SELECT pg_catalog.count(*), pg_catalog.count(s.v), pg_catalog.count(*) FILTER"
				 " (WHERE EXISTS (SELECT 1 FROM %s p WHERE %s))"
				 " FROM (SELECT t.%s AS v FROM %s t LIMIT %d) s",
				 parent->shown,
				 ta_key_test_sql(psprintf("p.%s", ta_ident_quote(key->name)), key, "s.v", column),
				 ta_ident_quote(column->name), child->shown, SAMPLE_ROWS),
		keep_counts, &counts);
	if (counts.values == 0)
		return counts.rows == 0
				   ? "no rows"
				   : psprintf("only nulls in %s" INT64_FORMAT " rows",
							  counts.rows < SAMPLE_ROWS ? "" : "the first ", counts.rows);
	return psprintf(INT64_FORMAT " of " INT64_FORMAT " values match (%d %%), %s", counts.matches,
					counts.values, (int) (100 * counts.matches / counts.values),
					counts.rows < SAMPLE_ROWS ? "exact"
											  : psprintf("sampled from %d rows", SAMPLE_ROWS));
}

static void
keep_type(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **types = arg;

	*types = lappend(*types, psprintf("%s (%s)", quote_literal_cstr(ta_spi_text(tuple, desc, 1)),
									  ta_spi_text(tuple, desc, 2)));
}

/* The values of the type column: SELECT s.v, count(*) FROM (SELECT type::text .. LIMIT 10000) s GROUP BY 1 .. */
static const char *
types_seen(const TaImportTable *table, const char *column)
{
	List *types = NIL;

	if (!ta_rel_may_count(table->relid))
		return unread(table);
	(void) ta_spi_query(
		psprintf("SELECT pg_catalog.left(s.v, 63), pg_catalog.count(*)"
				 " FROM (SELECT t.%s::pg_catalog.text COLLATE pg_catalog.\"C\" AS v FROM %s t"
				 " LIMIT %d) s WHERE s.v IS NOT NULL GROUP BY s.v ORDER BY 2 DESC, s.v LIMIT %d",
				 ta_ident_quote(column), table->shown, SAMPLE_ROWS, SHOWN_TYPES),
		keep_type, &types);
	return types == NIL ? "no rows" : psprintf("types %s", ta_err_join(types, ", "));
}

/* ---- proposals ---- */

/* Whether the column is in a foreign key, or in one that is declared. */
static bool
is_in_key(const TaImportTable *table, const char *column)
{
	ListCell *lc;

	foreach(lc, table->keys)
	{
		if (ta_ident_list_has(((TaImportKey *) lfirst(lc))->fk.columns, column))
			return true;
	}
	foreach(lc, table->links)
	{
		if (ta_ident_list_has(((TaLink *) lfirst(lc))->columns, column))
			return true;
	}
	return false;
}

static const char *
model_of(TaImport *import, TaImportTable *table)
{
	if (table->model == NULL)
		table->model = ta_import_name_model(import, table);
	return table->model;
}

/* SELECT assoc.define_model(...); for a table that has no model yet */
static const char *
definition(const TaImportTable *table)
{
	TaModelRow row = {0};

	if (table->defined)
		return "";
	row.name = pstrdup(table->model);
	row.schema_name = ta_rel_schema(table->relid);
	row.table_name = ta_rel_name(table->relid);
	return psprintf("%s ", ta_document_model_call(&row));
}

/* The calls that would declare it; NULL when the caller may not. */
static const char *
calls(const TaImportKey *key, const TaDecl *decl)
{
	if (!key->child->owned || (!key->parent->owned && !key->parent->defined) ||
		key->child->unusable || key->parent->unusable)
		return NULL;
	return psprintf("%s%s%s", definition(key->child),
					key->parent == key->child ? "" : definition(key->parent),
					ta_document_call(decl));
}

static TaImportRow *
propose(TaImport *import, TaImportTable *child, const TaColumn *column, TaImportTable *parent)
{
	TaImportRow *row = palloc0(sizeof(TaImportRow));
	TaImportKey key = {0};
	TaDecl decl = {0};
	const char *why;

	key.child = child;
	key.parent = parent;
	key.child_model = model_of(import, child);
	key.parent_model = model_of(import, parent);
	key.fk.columns = list_make1(column->name);
	key.fk.key = ta_rel_primary_key(parent->relid);

	decl.kind = TA_BELONGS_TO;
	decl.model = pstrdup(key.child_model);
	decl.target = pstrdup(key.parent_model);
	decl.alias = ta_import_name_to(import, &key, &why);
	decl.foreign_key = key.fk.columns;

	row->kind = "proposal";
	row->name = ta_decl_name(&decl);
	row->table = child->shown;
	row->target = key.parent_model;
	row->foreign_key = ta_ident_columns(decl.foreign_key);
	row->status = "proposed";
	row->inferred =
		psprintf("target from the name of column %s; %s", ta_ident_quote(column->name), why);
	row->evidence =
		share_of_matches(child, column, parent, ta_rel_column(parent->relid, linitial(key.fk.key)));
	row->statement = calls(&key, &decl);
	return row;
}

static bool
is_text(const TaColumn *column)
{
	char category;
	bool preferred;

	get_type_category_preferred(getBaseType(column->type), &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM;
}

/* The column "..._type" beside a "..._id", or NULL. */
static const TaColumn *
type_column(const TaImportTable *table, const char *column)
{
	char *role = ta_import_role(column, "id");
	ListCell *lc;

	if (role == NULL)
		return NULL;
	foreach(lc, ta_rel_column_names(table->relid))
	{
		const TaColumn *found;

		if (!ta_import_same_word(lfirst(lc), psprintf("%stype", role)))
			continue;
		found = ta_rel_column(table->relid, lfirst(lc));
		if (is_text(found))
			return found;
	}
	return NULL;
}

/* commentable_type and commentable_id: shown, for it cannot be declared yet. */
static TaImportRow *
propose_polymorphic(TaImport *import, TaImportTable *table, const char *column,
					const TaColumn *type)
{
	TaImportRow *row = palloc0(sizeof(TaImportRow));

	row->kind = "proposal";
	row->table = table->shown;
	row->name = psprintf("%s.%s", model_of(import, table), ta_import_role(column, "id"));
	row->foreign_key = ta_ident_columns(list_make2(type->name, pstrdup(column)));
	row->status = "proposed";
	row->inferred = "polymorphic by the names of its columns; cannot be declared yet";
	row->evidence = is_built_in(type) ? types_seen(table, type->name) : NOT_BUILT_IN;
	return row;
}

/* The proposals (TaImportRow) for tables of the import, in their order, column by column. */
List *
ta_import_propose(TaImport *import)
{
	HTAB *words = read_words(import);
	List *rows = NIL;
	ListCell *lc;

	foreach(lc, import->scope)
	{
		TaImportTable *table = lfirst(lc);
		ListCell *ln;

		foreach(ln, ta_rel_column_names(table->relid))
		{
			const TaColumn *type;
			TaImportTable *target;

			if (is_in_key(table, lfirst(ln)))
				continue;
			type = type_column(table, lfirst(ln));
			if (type != NULL)
			{
				rows = lappend(rows, propose_polymorphic(import, table, lfirst(ln), type));
				continue;
			}
			target = target_of(words, table, ta_rel_column(table->relid, lfirst(ln)));
			if (target != NULL)
				rows = lappend(rows, propose(import, table, ta_rel_column(table->relid, lfirst(ln)),
											 target));
		}
	}
	return rows;
}
