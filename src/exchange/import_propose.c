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
#include "model/naming.h"
#include "model/reference.h"
#include "pg/keymatch.h"

#define SAMPLE_ROWS 10000
#define SHOWN_TYPES 5
#define MAX_TYPES 100

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

/* Whether it is an array, whose elements may refer, as of 1.3 they can. */
static bool
is_array(const TaColumn *column)
{
	return OidIsValid(ta_element_type(column->type)) && ta_catalog_has_polymorphic();
}

/* Whether the column can refer to the key, or its elements can. */
static bool
can_refer(const TaColumn *column, const TaColumn *key)
{
	return is_array(column) ? ta_is_array_of_keys(column->type, key->type)
							: OidIsValid(ta_key_operator(key->type, column->type));
}

/*
 * The table that the column refers to by its name, user_id, or for an array
 * user_ids: of the same schema, else the first; NULL: none.
 */
static TaImportTable *
target_of(HTAB *words, TaImportTable *child, const TaColumn *column)
{
	const char *name = is_array(column) ? ta_name_singular(column->name) : column->name;
	Word *word = hash_search(words, fold(name), HASH_FIND, NULL);
	TaImportTable *found = NULL;
	List *tables = word != NULL ? word->tables : NIL;
	ListCell *lc;

	if (word == NULL && strncmp(fold(name), "parent", 6) == 0 &&
		ta_import_same_word(name, "parentid"))
		tables = list_make1(child);
	foreach(lc, tables)
	{
		TaImportTable *table = lfirst(lc);
		List *key = ta_rel_primary_key(table->relid);
		const TaColumn *target =
			list_length(key) == 1 ? ta_rel_column(table->relid, linitial(key)) : NULL;

		if (target == NULL || !can_refer(column, target) ||
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
 * The values of a column, of an array its elements, and before them how many rows
 * they are of: what stands before and after the count of those that match.
 */
static void
sample_sql(const TaImportTable *child, const TaColumn *column, const char **rows,
		   const char **values)
{
	const char *quoted = ta_ident_quote(column->name);

	if (!is_array(column))
	{
		*rows = "pg_catalog.count(*)";
		*values =
			psprintf("SELECT t.%s AS v FROM %s t LIMIT %d", quoted, child->shown, SAMPLE_ROWS);
		return;
	}
	*rows = psprintf("(SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %s LIMIT %d) r)",
					 child->shown, SAMPLE_ROWS);
	*values = psprintf("SELECT u.e AS v FROM (SELECT t.%s AS a FROM %s t LIMIT %d) r, "
					   "pg_catalog.unnest(r.a) u (e)",
					   quoted, child->shown, SAMPLE_ROWS);
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
	const char *rows;
	const char *values;

	if (!ta_rel_may_count(child->relid))
		return unread(child);
	if (!ta_rel_may_count(parent->relid))
		return unread(parent);
	if (!is_built_in(column) || !is_built_in(key))
		return NOT_BUILT_IN;
	sample_sql(child, column, &rows, &values);
	(void) ta_spi_query(psprintf("SELECT %s, pg_catalog.count(s.v), pg_catalog.count(*) FILTER"
								 " (WHERE EXISTS (SELECT 1 FROM %s p WHERE %s)) FROM (%s) s",
								 rows, parent->shown,
								 ta_key_test_sql(psprintf("p.%s", ta_ident_quote(key->name)), key,
												 "s.v", ta_element_column(column)),
								 values),
						keep_counts, &counts);
	if (counts.values == 0)
		return counts.rows == 0
				   ? "no rows"
				   : psprintf(is_array(column) ? "no elements in %s" INT64_FORMAT " rows"
											   : "only nulls in %s" INT64_FORMAT " rows",
							  counts.rows < SAMPLE_ROWS ? "" : "the first ", counts.rows);
	return psprintf(INT64_FORMAT " of " INT64_FORMAT " %s match (%d %%), %s", counts.matches,
					counts.values, is_array(column) ? "elements" : "values",
					(int) (100 * counts.matches / counts.values),
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

/* What was found of the row by an import just before, or NULL. */
static const char *
counted_before(const TaImport *import, const TaImportRow *row)
{
	ListCell *lc;

	foreach(lc, import->counted)
	{
		const TaImportRow *old = lfirst(lc);

		if (old->counted_in != NULL && strcmp(old->counted_in, row->counted_in) == 0 &&
			strcmp(old->table, row->table) == 0 && strcmp(old->foreign_key, row->foreign_key) == 0)
			return old->evidence;
	}
	return NULL;
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

	decl.kind = is_array(column) ? TA_REFERENCES_MANY : TA_BELONGS_TO;
	decl.model = pstrdup(key.child_model);
	decl.target = pstrdup(key.parent_model);
	decl.alias = is_array(column) ? ta_import_name_array(import, &key, &why)
								  : ta_import_name_to(import, &key, &why);
	decl.foreign_key = key.fk.columns;

	row->kind = "proposal";
	row->name = ta_decl_name(&decl);
	row->table = child->shown;
	row->target = key.parent_model;
	row->foreign_key = ta_ident_columns(decl.foreign_key);
	row->status = "proposed";
	row->inferred =
		psprintf("target from the name of column %s; %s", ta_ident_quote(column->name), why);
	row->counted_in = parent->shown;
	row->evidence = counted_before(import, row);
	if (row->evidence == NULL)
		row->evidence = share_of_matches(child, column, parent,
										 ta_rel_column(parent->relid, linitial(key.fk.key)));
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

/* A value of a type column, and the table that it means. */
typedef struct SeenType
{
	const char *value;
	TaImportTable *table;
} SeenType;

/* Post of App\\Models\\Post, Blog::Post, blog.post */
static const char *
last_part(const char *value)
{
	const char *part = value;

	for (const char *c = value; *c != '\0'; c++)
	{
		if (strchr("\\:./", *c) != NULL && c[1] != '\0')
			part = c + 1;
	}
	return part;
}

/* Whether the value means the table: its model, or what such a model would be called; the key must fit. */
static bool
means_table(const char *value, TaImportTable *table, const TaColumn *column)
{
	List *key = ta_rel_primary_key(table->relid);
	const TaColumn *target =
		list_length(key) == 1 ? ta_rel_column(table->relid, linitial(key)) : NULL;
	char *word = fold(last_part(value));

	if (target == NULL || !OidIsValid(ta_key_operator(target->type, column->type)))
		return false;
	return (table->defined && strcmp(ta_cache_model(table->model)->type_value, value) == 0) ||
		   strcmp(fold(table->one), word) == 0 || strcmp(fold(table->many), word) == 0;
}

/* The table that the value means: of the child's schema, else the first; NULL: none. */
static TaImportTable *
table_of_type(const TaImport *import, const TaImportTable *child, const char *value,
			  const TaColumn *column)
{
	TaImportTable *found = NULL;
	ListCell *lc;

	foreach(lc, import->scope)
	{
		TaImportTable *table = lfirst(lc);

		if (!means_table(value, table, column))
			continue;
		if (ta_rel_namespace(table->relid) == ta_rel_namespace(child->relid))
			return table;
		if (found == NULL)
			found = table;
	}
	return found;
}

/* The values (SeenType) in the first rows of the type column, each once; a table is NULL where none is meant. */
static List *
types_of(const TaImport *import, const TaImportTable *child, const TaColumn *type,
		 const TaColumn *column)
{
	List *values = NIL;
	List *types = NIL;
	ListCell *lc;

	if (!is_built_in(type) || !ta_rel_may_count(child->relid))
		return NIL;
	(void) ta_spi_query(
		psprintf(
			"SELECT DISTINCT s.v FROM (SELECT t.%s::pg_catalog.text COLLATE pg_catalog.\"C\" AS "
			"v FROM %s t LIMIT %d) s WHERE s.v OPERATOR(pg_catalog.<>) '' ORDER BY s.v LIMIT %d",
			ta_ident_quote(type->name), child->shown, SAMPLE_ROWS, MAX_TYPES),
		ta_spi_keep_text, &values);
	foreach(lc, values)
	{
		SeenType *seen = palloc(sizeof(SeenType));

		seen->value = lfirst(lc);
		seen->table = table_of_type(import, child, seen->value, column);
		types = lappend(types, seen);
	}
	return types;
}

/* SELECT assoc.define_model(..) of a target that has no model yet, or has another type value than the rows; else "" */
static const char *
target_definition(const TaImportTable *table, const char *value)
{
	TaModelRow *row;

	if (table->defined && strcmp(ta_cache_model(table->model)->type_value, value) == 0)
		return "";
	if (table->defined)
		row = linitial(ta_catalog_models_named(table->model));
	else
	{
		row = palloc0(sizeof(TaModelRow));
		row->name = pstrdup(table->model);
		row->schema_name = ta_rel_schema(table->relid);
		row->table_name = ta_rel_name(table->relid);
	}
	if (strcmp(row->name, value) != 0)
		row->type_value = pstrdup(value);
	return psprintf("%s ", ta_document_model_call(row));
}

/* The calls that would declare it with the types that mean a table; NULL when there are none, or the caller may not. */
static const char *
polymorphic_calls(TaImport *import, const TaImportTable *child, List *types, TaDecl *decl)
{
	char *definitions = pstrdup(definition(child));
	ListCell *lc;

	if (!child->owned || child->unusable || !ta_catalog_has_polymorphic())
		return NULL;
	foreach(lc, types)
	{
		SeenType *seen = lfirst(lc);
		const char *model;

		if (seen->table == NULL)
			continue;
		model = model_of(import, seen->table);
		if (seen->table->unusable || !seen->table->owned || ta_ident_list_has(decl->targets, model))
			return NULL;
		decl->targets = lappend(decl->targets, pstrdup(model));
		definitions = psprintf("%s%s", definitions, target_definition(seen->table, seen->value));
	}
	return decl->targets == NIL ? NULL : psprintf("%s%s", definitions, ta_document_call(decl));
}

/* The values that mean no table, in words; "": each means one. */
static const char *
unknown_types(List *types)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, types)
	{
		SeenType *seen = lfirst(lc);

		if (seen->table == NULL)
			names = lappend(names, quote_literal_cstr(seen->value));
	}
	return names == NIL ? "" : psprintf("; no table found for %s", ta_err_list(names, SHOWN_TYPES));
}

/* commentable_type and commentable_id, with the tables that the types mean. */
static TaImportRow *
propose_polymorphic(TaImport *import, TaImportTable *table, const char *column,
					const TaColumn *type)
{
	TaImportRow *row = palloc0(sizeof(TaImportRow));
	List *types = types_of(import, table, type, ta_rel_column(table->relid, column));
	TaDecl decl = {0};

	decl.kind = TA_BELONGS_TO;
	decl.model = pstrdup(model_of(import, table));
	decl.alias = ta_import_role(column, "id");
	decl.target = pstrdup("");
	decl.type_column = type->name;
	decl.foreign_key = list_make1(pstrdup(column));

	row->kind = "proposal";
	row->table = table->shown;
	row->name = ta_decl_name(&decl);
	row->foreign_key = ta_ident_columns(list_make2(type->name, pstrdup(column)));
	row->status = "proposed";
	row->inferred = psprintf("polymorphic by the names of its columns%s", unknown_types(types));
	row->counted_in = table->shown;
	row->evidence = counted_before(import, row);
	if (row->evidence == NULL)
		row->evidence = is_built_in(type) ? types_seen(table, type->name) : NOT_BUILT_IN;
	row->statement = polymorphic_calls(import, table, types, &decl);
	if (decl.targets != NIL)
		row->target = ta_err_join(decl.targets, ", ");
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
