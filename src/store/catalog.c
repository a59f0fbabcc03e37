/*
 * src/store/catalog.c
 *		Rows of our tables <-> structs, and the lock that serialises declarations.
 *
 * Every statement is fixed, fully qualified down to its operators, and runs as
 * the owner of our tables; who may ask for it is checked by the caller before.
 * Rows said by a package that is no longer installed count as gone: reads pass
 * over them, and the next declaration sweeps them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "base/json.h"
#include "base/spi.h"
#include "store/catalog.h"
#include "store/enforced.h"
#include "store/ignored.h"

#define EQ " OPERATOR(pg_catalog.=) "
#define LIVE                                                                                       \
	" (d.declarer" EQ "'' OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension e"                      \
	" WHERE e.extname::pg_catalog.text" EQ "d.declarer)) "
#define BY_NAME(columns) " ORDER BY " columns

static int own_writes = 0;

/* ---- words ---- */

static const struct
{
	const char *name;
	const char *words;
} kinds[] = {
	[TA_BELONGS_TO] = {"belongs_to", "belongs to"},
	[TA_HAS_ONE] = {"has_one", "has one"},
	[TA_HAS_MANY] = {"has_many", "has many"},
	[TA_BELONGS_TO_MANY] = {"belongs_to_many", "belongs to many"},
	[TA_REFERENCES_MANY] = {"references_many", "references many"},
};

const char *
ta_kind_name(TaKind kind)
{
	return kinds[kind].name;
}

const char *
ta_kind_words(TaKind kind)
{
	return kinds[kind].words;
}

bool
ta_kind_parse(const char *name, TaKind *kind)
{
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(name, kinds[i].name) == 0)
		{
			*kind = (TaKind) i;
			return true;
		}
	}
	return false;
}

/* The function that declares it, which is also its key in a document. */
const char *
ta_decl_kind(const TaDecl *decl)
{
	return ta_decl_is_polymorphic(decl) ? "belongs_to_polymorphic" : ta_kind_name(decl->kind);
}

/* Whether it is a belongs_to of several targets. */
bool
ta_decl_is_polymorphic(const TaDecl *decl)
{
	return decl->kind == TA_BELONGS_TO && decl->target != NULL && decl->target[0] == '\0';
}

/* Whether it is the view of the model that has the foreign key. */
bool
ta_decl_from_child(const TaDecl *decl)
{
	return decl->kind == TA_BELONGS_TO || decl->kind == TA_REFERENCES_MANY;
}

/* The model that has the foreign key; a path has none. */
const char *
ta_decl_child(const TaDecl *decl)
{
	if (ta_decl_from_child(decl))
		return decl->model;
	return decl->kind == TA_BELONGS_TO_MANY ? decl->through : decl->target;
}

/* Who is speaking: the package whose script runs, or "" for by hand. */
const char *
ta_declarer(void)
{
	char *name = creating_extension ? get_extension_name(CurrentExtensionObject) : NULL;

	return name != NULL ? name : "";
}

const char *
ta_declarer_shown(const char *declarer)
{
	return declarer[0] == '\0' ? "hand" : declarer;
}

/* Whether this word of enforce => means triggers; NULL: unsaid. */
bool
ta_enforce_is_triggers(const char *enforce)
{
	return enforce != NULL &&
		   (strcmp(enforce, "trigger") == 0 || strcmp(enforce, "statement") == 0);
}

/* A chain of existing associations, which has no reference of its own. */
bool
ta_decl_is_path(const TaDecl *decl)
{
	return decl->kind != TA_BELONGS_TO_MANY && decl->through != NULL;
}

/* No name is empty: a NULL in an array reads as one. */
static bool
are_names(List *names)
{
	ListCell *lc;

	foreach(lc, names)
	{
		if (((char *) lfirst(lc))[0] == '\0')
			return false;
	}
	return true;
}

/*
 * What is said of several targets goes together: a belongs_to has its type
 * column and no one target, another side names it.  One column refers.
 */
static bool
is_soundly_polymorphic(const TaDecl *decl)
{
	if (ta_decl_is_polymorphic(decl))
		return decl->type_column != NULL && decl->type_column[0] != '\0' &&
			   decl->polymorphic == NULL && decl->other_type_column == NULL &&
			   list_length(decl->foreign_key) == 1;
	if (decl->targets != NIL || (decl->other_type_column != NULL &&
								 (decl->kind != TA_BELONGS_TO_MANY || decl->type_column != NULL)))
		return false;
	if (decl->type_column != NULL && list_length(decl->foreign_key) != 1)
		return false;
	if (decl->other_type_column != NULL && list_length(decl->other_key) != 1)
		return false;
	return ta_decl_from_child(decl)
			   ? decl->polymorphic == NULL && decl->type_column == NULL
			   : (decl->polymorphic != NULL) ==
					 (decl->type_column != NULL || decl->other_type_column != NULL);
}

/*
 * Whether the row has what every declaration of its kind has.  The owner of the
 * extension may write rows, and so may a damaged dump: what reads them relies
 * on this.
 */
bool
ta_decl_is_sound(const TaDecl *decl)
{
	if (!are_names(decl->foreign_key) || !are_names(decl->source_key) ||
		!are_names(decl->target_key) || !are_names(decl->other_key) || !are_names(decl->targets) ||
		(decl->scope != NULL && !ta_json_is_flat_object(decl->scope)))
		return false;
	if (decl->condition != NULL &&
		(!ta_json_is_flat_object(decl->condition) || decl->kind == TA_BELONGS_TO_MANY ||
		 ta_decl_is_path(decl) || decl->type_column != NULL))
		return false;
	if (!is_soundly_polymorphic(decl))
		return false;
	/* no path leads along it by name, and one column holds the array */
	if (decl->kind == TA_REFERENCES_MANY &&
		(decl->through != NULL || list_length(decl->foreign_key) != 1))
		return false;
	if (decl->kind == TA_BELONGS_TO_MANY)
		return decl->through != NULL && decl->reference != NULL && decl->other_reference != NULL &&
			   decl->foreign_key != NIL && decl->other_key != NIL;
	if (ta_decl_is_path(decl))
		return decl->reference == NULL;
	return decl->reference != NULL && decl->foreign_key != NIL && decl->other_reference == NULL;
}

/* Model.alias, as an association is written wherever it is an argument. */
const char *
ta_decl_name(const TaDecl *decl)
{
	return psprintf("%s.%s", decl->model, decl->alias);
}

bool
ta_decl_inferred(const TaDecl *decl, const char *option)
{
	return ta_ident_list_has(decl->inferred, option);
}

/* Whether both rows say the same (the declarer aside). */
bool
ta_decl_equal(const TaDecl *a, const TaDecl *b)
{
	return a->kind == b->kind && ta_ident_same(a->target, b->target) &&
		   ta_ident_lists_equal(a->foreign_key, b->foreign_key) &&
		   ta_ident_lists_equal(a->source_key, b->source_key) &&
		   ta_ident_lists_equal(a->target_key, b->target_key) &&
		   ta_ident_same(a->through, b->through) &&
		   ta_ident_lists_equal(a->other_key, b->other_key) && ta_ident_same(a->scope, b->scope) &&
		   ta_ident_same(a->order_by, b->order_by) && ta_ident_same(a->on_delete, b->on_delete) &&
		   ta_ident_same(a->on_update, b->on_update) && ta_ident_same(a->required, b->required) &&
		   ta_ident_same(a->deferral, b->deferral) && ta_ident_same(a->inverse, b->inverse) &&
		   ta_ident_same(a->enforce, b->enforce) && ta_ident_same(a->index, b->index) &&
		   ta_ident_same(a->reference, b->reference) &&
		   ta_ident_same(a->other_reference, b->other_reference) &&
		   ta_ident_same(a->polymorphic, b->polymorphic) &&
		   ta_ident_same(a->type_column, b->type_column) &&
		   ta_ident_same(a->other_type_column, b->other_type_column) &&
		   ta_ident_lists_equal(a->targets, b->targets) &&
		   ta_ident_same(a->condition, b->condition) &&
		   ta_ident_lists_equal(a->inferred, b->inferred);
}

/* ---- versions ---- */

/*
 * Whether the tables have the columns of 1.3.  The library serves databases at
 * older versions as well: there each statement is the one without them.
 */
bool
ta_catalog_has_polymorphic(void)
{
	Oid relid = get_relname_relid("declaration", get_namespace_oid("assoc_internal", true));

	/* without the extension the first statement tells what is missing */
	return OidIsValid(relid) && get_attnum(relid, "type_column") != InvalidAttrNumber;
}

/* ---- writing ---- */

/* True while one of our own statements writes: the write trigger then does not check it. */
bool
ta_catalog_is_writing(void)
{
	return own_writes > 0;
}

/* Runs a fixed writing statement as the owner of our tables, and lets it be seen. */
uint64
ta_catalog_write(const char *sql, List *texts)
{
	uint64 count;

	own_writes++;
	PG_TRY();
	{
		count = ta_spi_fixed(sql, texts, TA_AS_CATALOG, NULL, NULL);
	}
	PG_FINALLY();
	{
		own_writes--;
	}
	PG_END_TRY();

	CommandCounterIncrement();
	return count;
}

/*
 * Serialises declarations and apply() until the end of the transaction.  The
 * mode conflicts with itself and with direct writes, never with readers; it is
 * taken before any user table is touched, so that two declarers can't wait for
 * each other.
 */
void
ta_catalog_lock(void)
{
	Oid relid = get_relname_relid("declaration", get_namespace_oid("assoc_internal", false));

	if (CheckRelationOidLockedByMe(relid, ShareRowExclusiveLock, true))
		return;
	LockRelationOid(relid, ShareRowExclusiveLock);

	/* what a dropped package left behind */
	if (ta_catalog_write("DELETE FROM assoc_internal.declaration d WHERE NOT" LIVE, NIL) > 0)
		ta_ignored_sweep();
	ta_catalog_write("DELETE FROM assoc_internal.model d WHERE NOT" LIVE, NIL);
	ta_catalog_write("DELETE FROM assoc_internal.recorded d WHERE NOT" LIVE, NIL);
	ta_enforced_sweep();
}

/*
 * The same lock for the DDL watch, before the command it watches locks its
 * table.  Sweeping is left to who declares: unrelated DDL must not write.
 */
void
ta_catalog_lock_rows(void)
{
	LockRelationOid(get_relname_relid("declaration", get_namespace_oid("assoc_internal", false)),
					ShareRowExclusiveLock);
}

/* ---- models ---- */

#define MODEL_COLUMNS                                                                              \
	" d.name, d.declarer, d.schema_name, d.table_name, d.singular, d.plural,"                      \
	" d.key::pg_catalog.text, d.accessors::pg_catalog.text, d.inferred::pg_catalog.text "
#define FROM_MODEL(more) "SELECT" MODEL_COLUMNS more "FROM assoc_internal.model d WHERE" LIVE
/* the query as this version of the database has it */
#define MODELS(condition)                                                                          \
	(ta_catalog_has_polymorphic() ? FROM_MODEL(", d.type_value, d.soft_delete,"                    \
											   " d.heirs::pg_catalog.text ") condition             \
								  : FROM_MODEL("") condition)

static void
read_model(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaModelRow *row = palloc0(sizeof(TaModelRow));
	int c = 1;

	row->name = ta_spi_text(tuple, desc, c++);
	row->declarer = ta_spi_text(tuple, desc, c++);
	row->schema_name = ta_spi_text(tuple, desc, c++);
	row->table_name = ta_spi_text(tuple, desc, c++);
	row->singular = ta_spi_text(tuple, desc, c++);
	row->plural = ta_spi_text(tuple, desc, c++);
	row->key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->accessors = ta_spi_text(tuple, desc, c++);
	row->inferred = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	if (desc->natts >= c)
	{
		row->type_value = ta_spi_text(tuple, desc, c++);
		row->soft_delete = ta_spi_text(tuple, desc, c++);
		row->heirs = ta_spi_text(tuple, desc, c++);
	}
	*rows = lappend(*rows, row);
}

/* All rows of the model table, by name. */
List *
ta_catalog_models(void)
{
	List *rows = NIL;

	ta_spi_fixed(MODELS(BY_NAME("d.name COLLATE pg_catalog.\"C\", d.declarer")), NIL, TA_AS_CATALOG,
				 read_model, &rows);
	return rows;
}

/* What each declarer said of the model. */
List *
ta_catalog_models_named(const char *name)
{
	List *rows = NIL;

	ta_spi_fixed(MODELS("AND d.name" EQ "$1" BY_NAME("d.declarer")), list_make1((char *) name),
				 TA_AS_CATALOG, read_model, &rows);
	return rows;
}

/* The rows of all models of the table. */
List *
ta_catalog_models_of_table(const char *schema, const char *table)
{
	List *rows = NIL;

	ta_spi_fixed(MODELS("AND d.schema_name" EQ "$1 AND d.table_name" EQ
						"$2" BY_NAME("d.name COLLATE pg_catalog.\"C\", d.declarer")),
				 list_make2((char *) schema, (char *) table), TA_AS_CATALOG, read_model, &rows);
	return rows;
}

/* The rows of all models whose table is in the schema. */
List *
ta_catalog_models_of_schema(const char *schema)
{
	List *rows = NIL;

	ta_spi_fixed(MODELS("AND d.schema_name" EQ
						"$1" BY_NAME("d.name COLLATE pg_catalog.\"C\", d.declarer")),
				 list_make1((char *) schema), TA_AS_CATALOG, read_model, &rows);
	return rows;
}

/* The names of all models, for hints. */
List *
ta_catalog_model_names(void)
{
	List *names = NIL;

	ta_spi_fixed("SELECT DISTINCT d.name FROM assoc_internal.model d WHERE" LIVE, NIL,
				 TA_AS_CATALOG, ta_spi_keep_text, &names);
	return names;
}

/*
 * The names of the models of the table, also of those that only a package said
 * which is gone by now: with it went its tables, but not what others said.
 */
List *
ta_catalog_names_of_table(const char *schema, const char *table)
{
	List *names = NIL;

	ta_spi_fixed("SELECT DISTINCT d.name FROM assoc_internal.model d WHERE d.schema_name" EQ
				 "$1 AND d.table_name" EQ "$2 ORDER BY 1",
				 list_make2((char *) schema, (char *) table), TA_AS_CATALOG, ta_spi_keep_text,
				 &names);
	return names;
}

#define PUT_MODEL(columns, values, sets)                                                           \
	"INSERT INTO assoc_internal.model AS d (name, declarer, schema_name, table_name,"              \
	" singular, plural, key, accessors, inferred" columns ")"                                      \
	" VALUES ($1, $2, $3, $4, $5, $6, $7::pg_catalog.text[], $8::pg_catalog.bool,"                 \
	" $9::pg_catalog.text[]" values ")"                                                            \
	" ON CONFLICT (name, declarer) DO UPDATE SET schema_name = excluded.schema_name,"              \
	" table_name = excluded.table_name, singular = excluded.singular,"                             \
	" plural = excluded.plural, key = excluded.key,"                                               \
	" accessors = excluded.accessors, inferred = excluded.inferred" sets

/* Writes what one declarer says of a model in place of what it said before. */
void
ta_catalog_put_model(const TaModelRow *row)
{
	List *texts =
		list_make5(row->name, row->declarer, row->schema_name, row->table_name, row->singular);

	texts = lappend(texts, row->plural);
	texts = lappend(texts, ta_ident_to_array(row->key));
	texts = lappend(texts, row->accessors);
	texts = lappend(texts, row->inferred == NIL ? "{}" : ta_ident_to_array(row->inferred));
	if (!ta_catalog_has_polymorphic())
	{
		ta_catalog_write(PUT_MODEL("", "", ""), texts);
		return;
	}
	texts = lappend(texts, row->type_value);
	texts = lappend(texts, row->soft_delete);
	texts = lappend(texts, row->heirs);
	ta_catalog_write(PUT_MODEL(", type_value, soft_delete, heirs",
							   ", $10, $11, $12::pg_catalog.bool",
							   ", type_value = excluded.type_value,"
							   " soft_delete = excluded.soft_delete, heirs = excluded.heirs"),
					 texts);
}

/* Deletes what the declarer said of the model; declarer NULL: what all said. */
void
ta_catalog_delete_model(const char *name, const char *declarer)
{
	ta_catalog_write("DELETE FROM assoc_internal.model d WHERE d.name" EQ
					 "$1 AND ($2 IS NULL OR d.declarer" EQ "$2)",
					 list_make2((char *) name, (char *) declarer));
}

/* The table of models was renamed or moved, whoever defined them. */
void
ta_catalog_move_table(const char *schema, const char *table, const char *new_schema,
					  const char *new_table)
{
	ta_catalog_write("UPDATE assoc_internal.model d SET schema_name = $3, table_name = $4"
					 " WHERE d.schema_name" EQ "$1 AND d.table_name" EQ "$2",
					 list_make4((char *) schema, (char *) table, (char *) new_schema,
								(char *) new_table));
}

/* The schema of models' tables was renamed. */
void
ta_catalog_rename_schema(const char *schema, const char *new_schema)
{
	ta_catalog_write("UPDATE assoc_internal.model d SET schema_name = $2 WHERE d.schema_name" EQ
					 "$1",
					 list_make2((char *) schema, (char *) new_schema));
}

/* Renames the model in every row that names it; the caller checked that the new name is free. */
void
ta_catalog_rename_model(const char *name, const char *new_name)
{
	List *texts = list_make2((char *) name, (char *) new_name);

	ta_catalog_write("UPDATE assoc_internal.model d SET name = $2 WHERE d.name" EQ "$1", texts);
	ta_catalog_write("UPDATE assoc_internal.declaration d SET model = $2 WHERE d.model" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.declaration d SET target = $2 WHERE d.target" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.declaration d SET through = $2"
					 " WHERE d.through" EQ "$1 AND d.kind" EQ "'belongs_to_many'",
					 texts);
	if (!ta_catalog_has_polymorphic())
		return;
	ta_catalog_write("UPDATE assoc_internal.declaration d"
					 " SET targets = pg_catalog.array_replace(d.targets, $1, $2)"
					 " WHERE $1" EQ "ANY (d.targets)",
					 texts);
}

/* ---- declarations ---- */

#define DECL_COLUMNS                                                                               \
	" d.model, d.alias, d.declarer, d.kind, d.target, d.foreign_key::pg_catalog.text,"             \
	" d.source_key::pg_catalog.text, d.target_key::pg_catalog.text, d.through,"                    \
	" d.other_key::pg_catalog.text, d.scope::pg_catalog.text, d.order_by, d.on_delete,"            \
	" d.on_update, d.required::pg_catalog.text, d.deferral, d.inverse, d.enforce,"                 \
	" d.index::pg_catalog.text, d.reference, d.other_reference, d.inferred::pg_catalog.text "
#define MORE_DECL_COLUMNS                                                                          \
	", d.polymorphic, d.type_column, d.other_type_column, d.targets::pg_catalog.text, "            \
	" d.condition::pg_catalog.text "
#define FROM_DECLARATION(more)                                                                     \
	"SELECT" DECL_COLUMNS more "FROM assoc_internal.declaration d WHERE" LIVE
#define DECL_ORDER                                                                                 \
	BY_NAME("d.model COLLATE pg_catalog.\"C\", d.alias COLLATE pg_catalog.\"C\", d.declarer")
/* the query as this version of the database has it */
#define DECLS(condition)                                                                           \
	(ta_catalog_has_polymorphic() ? FROM_DECLARATION(MORE_DECL_COLUMNS) condition DECL_ORDER       \
								  : FROM_DECLARATION("") condition DECL_ORDER)

static void
read_decl(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaDecl *row = palloc0(sizeof(TaDecl));
	int c = 1;

	row->model = ta_spi_text(tuple, desc, c++);
	row->alias = ta_spi_text(tuple, desc, c++);
	row->declarer = ta_spi_text(tuple, desc, c++);
	if (!ta_kind_parse(ta_spi_text(tuple, desc, c++), &row->kind))
		elog(ERROR, "unknown kind of association %s.%s", row->model, row->alias);
	row->target = ta_spi_text(tuple, desc, c++);
	row->foreign_key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->source_key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->target_key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->through = ta_spi_text(tuple, desc, c++);
	row->other_key = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	row->scope = ta_spi_text(tuple, desc, c++);
	row->order_by = ta_spi_text(tuple, desc, c++);
	row->on_delete = ta_spi_text(tuple, desc, c++);
	row->on_update = ta_spi_text(tuple, desc, c++);
	row->required = ta_spi_text(tuple, desc, c++);
	row->deferral = ta_spi_text(tuple, desc, c++);
	row->inverse = ta_spi_text(tuple, desc, c++);
	row->enforce = ta_spi_text(tuple, desc, c++);
	row->index = ta_spi_text(tuple, desc, c++);
	row->reference = ta_spi_text(tuple, desc, c++);
	row->other_reference = ta_spi_text(tuple, desc, c++);
	row->inferred = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
	if (desc->natts >= c)
	{
		row->polymorphic = ta_spi_text(tuple, desc, c++);
		row->type_column = ta_spi_text(tuple, desc, c++);
		row->other_type_column = ta_spi_text(tuple, desc, c++);
		row->targets = ta_ident_from_array(ta_spi_text(tuple, desc, c++));
		row->condition = ta_spi_text(tuple, desc, c++);
	}
	/* one that the write trigger did not see */
	if (ta_decl_is_sound(row))
		*rows = lappend(*rows, row);
}

/* Runs one of the queries below. */
static List *
read_decls(const char *sql, List *texts)
{
	List *rows = NIL;

	ta_spi_fixed(sql, texts, TA_AS_CATALOG, read_decl, &rows);
	return rows;
}

/* All declarations, by model and alias. */
List *
ta_catalog_decls(void)
{
	return read_decls(DECLS(""), NIL);
}

/* What each declarer said of one association. */
List *
ta_catalog_decls_named(const char *model, const char *alias)
{
	return read_decls(DECLS("AND d.model" EQ "$1 AND d.alias" EQ "$2"),
					  list_make2((char *) model, (char *) alias));
}

/* The associations of one model. */
List *
ta_catalog_decls_of_model(const char *model)
{
	return read_decls(DECLS("AND d.model" EQ "$1"), list_make1((char *) model));
}

#define USING_MODEL(also)                                                                          \
	"AND d.model OPERATOR(pg_catalog.<>) $1 AND (d.target" EQ "$1 OR (d.through" EQ                \
	"$1 AND d.kind" EQ "'belongs_to_many')" also ")"

/* The associations of other models that name this one. */
List *
ta_catalog_decls_using_model(const char *model)
{
	/* a model may be a target of its own polymorphic belongs_to: then it is no other model's */
	return read_decls(ta_catalog_has_polymorphic()
						  ? FROM_DECLARATION(MORE_DECL_COLUMNS)
								USING_MODEL(" OR $1" EQ "ANY (d.targets)") DECL_ORDER
						  : FROM_DECLARATION("") USING_MODEL("") DECL_ORDER,
					  list_make1((char *) model));
}

/* The associations one of whose references has its foreign key on this model's table. */
List *
ta_catalog_decls_of_child(const char *child)
{
	return read_decls(DECLS("AND d.reference IS NOT NULL AND ((d.model" EQ "$1 AND d.kind" EQ
							"ANY ('{belongs_to,references_many}'::pg_catalog.text[])) OR (d.kind" EQ
							"'belongs_to_many' AND d.through" EQ "$1) OR (d.target" EQ
							"$1 AND d.kind" EQ "ANY ('{has_one,has_many}'::pg_catalog.text[])))"),
					  list_make1((char *) child));
}

/* The associations that are views of one reference. */
List *
ta_catalog_decls_of_reference(const char *reference)
{
	return read_decls(DECLS("AND (d.reference" EQ "$1 OR d.other_reference" EQ "$1)"),
					  list_make1((char *) reference));
}

/* The associations that are paths of others. */
List *
ta_catalog_decls_with_path(void)
{
	return read_decls(DECLS("AND d.through IS NOT NULL AND d.kind OPERATOR(pg_catalog.<>) "
							"'belongs_to_many'"),
					  NIL);
}

/* The polymorphic belongs_to of the child has another alias, which its other sides say. */
void
ta_catalog_rename_polymorphic(const char *child, const char *alias, const char *new_alias)
{
	if (!ta_catalog_has_polymorphic())
		return;
	ta_catalog_write("UPDATE assoc_internal.declaration d SET polymorphic = $3"
					 " WHERE d.polymorphic" EQ "$2 AND (d.through" EQ "$1 OR (d.target" EQ
					 "$1 AND d.through IS NULL))",
					 list_make3((char *) child, (char *) alias, (char *) new_alias));
}

/* Whether the name is in use for a reference, also by rows of packages that are gone. */
bool
ta_catalog_reference_exists(const char *reference)
{
	return ta_spi_fixed("SELECT 1 FROM assoc_internal.declaration d WHERE d.reference" EQ
						"$1 OR d.other_reference" EQ "$1",
						list_make1((char *) reference), TA_AS_CATALOG, NULL, NULL) > 0;
}

#define PUT_DECL(columns, values, sets)                                                            \
	"INSERT INTO assoc_internal.declaration AS d (model, alias, declarer, kind, target,"           \
	" foreign_key, source_key, target_key, through, other_key, scope, order_by, on_delete,"        \
	" on_update, required, deferral, inverse, enforce, index, reference, other_reference,"         \
	" inferred" columns ") VALUES ($1, $2, $3, $4, $5, $6::pg_catalog.text[],"                     \
	" $7::pg_catalog.text[], $8::pg_catalog.text[], $9, $10::pg_catalog.text[],"                   \
	" $11::pg_catalog.jsonb, $12, $13, $14, $15::pg_catalog.bool, $16, $17, $18,"                  \
	" $19::pg_catalog.bool, $20, $21, $22::pg_catalog.text[]" values ")"                           \
	" ON CONFLICT (model, alias, declarer) DO UPDATE SET kind = excluded.kind,"                    \
	" target = excluded.target, foreign_key = excluded.foreign_key,"                               \
	" source_key = excluded.source_key, target_key = excluded.target_key,"                         \
	" through = excluded.through, other_key = excluded.other_key, scope = excluded.scope,"         \
	" order_by = excluded.order_by, on_delete = excluded.on_delete,"                               \
	" on_update = excluded.on_update, required = excluded.required,"                               \
	" deferral = excluded.deferral, inverse = excluded.inverse, enforce = excluded.enforce,"       \
	" index = excluded.index, reference = excluded.reference,"                                     \
	" other_reference = excluded.other_reference, inferred = excluded.inferred" sets

/* Writes what one declarer says of an association in place of what it said before. */
void
ta_catalog_put_decl(const TaDecl *d)
{
	List *texts =
		list_make5(d->model, d->alias, d->declarer, (char *) ta_kind_name(d->kind), d->target);

	texts = lappend(texts, ta_ident_to_array(d->foreign_key));
	texts = lappend(texts, ta_ident_to_array(d->source_key));
	texts = lappend(texts, ta_ident_to_array(d->target_key));
	texts = lappend(texts, d->through);
	texts = lappend(texts, ta_ident_to_array(d->other_key));
	texts = lappend(texts, d->scope);
	texts = lappend(texts, d->order_by);
	texts = lappend(texts, d->on_delete);
	texts = lappend(texts, d->on_update);
	texts = lappend(texts, d->required);
	texts = lappend(texts, d->deferral);
	texts = lappend(texts, d->inverse);
	texts = lappend(texts, d->enforce);
	texts = lappend(texts, d->index);
	texts = lappend(texts, d->reference);
	texts = lappend(texts, d->other_reference);
	texts = lappend(texts, d->inferred == NIL ? "{}" : ta_ident_to_array(d->inferred));
	if (!ta_catalog_has_polymorphic())
	{
		ta_catalog_write(PUT_DECL("", "", ""), texts);
		return;
	}
	texts = lappend(texts, d->polymorphic);
	texts = lappend(texts, d->type_column);
	texts = lappend(texts, d->other_type_column);
	texts = lappend(texts, ta_ident_to_array(d->targets));
	texts = lappend(texts, d->condition);
	ta_catalog_write(PUT_DECL(", polymorphic, type_column, other_type_column, targets, condition",
							  ", $23, $24, $25, $26::pg_catalog.text[], $27::pg_catalog.jsonb",
							  ", polymorphic = excluded.polymorphic,"
							  " type_column = excluded.type_column,"
							  " other_type_column = excluded.other_type_column,"
							  " targets = excluded.targets, condition = excluded.condition"),
					 texts);
}

/* Deletes what the declarer said of the association; declarer NULL: what all said. */
void
ta_catalog_delete_decl(const char *model, const char *alias, const char *declarer)
{
	ta_catalog_write("DELETE FROM assoc_internal.declaration d WHERE d.model" EQ "$1 AND d.alias" EQ
					 "$2 AND ($3 IS NULL OR d.declarer" EQ "$3)",
					 list_make3((char *) model, (char *) alias, (char *) declarer));
}

/* ---- what apply() recorded ---- */

static void
read_recorded(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;
	TaRecorded *row = palloc0(sizeof(TaRecorded));

	row->reference = ta_spi_text(tuple, desc, 1);
	row->item = ta_spi_text(tuple, desc, 2);
	row->value = ta_spi_text(tuple, desc, 3);
	row->declarer = ta_spi_text(tuple, desc, 4);
	*rows = lappend(*rows, row);
}

/* What was recorded for the reference; NULL: for all, by reference. */
List *
ta_catalog_recorded(const char *reference)
{
	List *rows = NIL;

	if (reference != NULL)
		ta_spi_fixed("SELECT d.reference, d.item, d.value, d.declarer"
					 " FROM assoc_internal.recorded d WHERE" LIVE "AND d.reference" EQ
					 "$1" BY_NAME("d.item"),
					 list_make1((char *) reference), TA_AS_CATALOG, read_recorded, &rows);
	else
		ta_spi_fixed("SELECT d.reference, d.item, d.value, d.declarer"
					 " FROM assoc_internal.recorded d WHERE" LIVE BY_NAME("d.reference, d.item"),
					 NIL, TA_AS_CATALOG, read_recorded, &rows);
	return rows;
}

/* Records what was created for a reference by who is speaking now. */
void
ta_catalog_record(const char *reference, const char *item, const char *value)
{
	ta_catalog_write("INSERT INTO assoc_internal.recorded AS d (reference, item, value, declarer)"
					 " VALUES ($1, $2, $3, $4)"
					 " ON CONFLICT (reference, item) DO UPDATE SET value = excluded.value,"
					 " declarer = excluded.declarer",
					 list_make4((char *) reference, (char *) item, (char *) value,
								(char *) ta_declarer()));
}

/*
 * Records one of several objects of a kind that were created for a reference.
 * Only the value follows renames: what comes after the colon keeps them apart.
 */
void
ta_catalog_record_one_of(const char *reference, const char *item, const char *value)
{
	ta_catalog_record(reference, psprintf("%s:%s", item, value), value);
}

/* Whether the row is of this kind, the only one or one of several. */
bool
ta_recorded_is(const TaRecorded *row, const char *item)
{
	size_t length = strlen(item);

	return strncmp(row->item, item, length) == 0 &&
		   (row->item[length] == '\0' || row->item[length] == ':');
}

/* The values (of char *) of one kind among the rows (of TaRecorded). */
List *
ta_recorded_values(List *recorded, const char *item)
{
	List *values = NIL;
	ListCell *lc;

	foreach(lc, recorded)
	{
		TaRecorded *row = lfirst(lc);

		if (ta_recorded_is(row, item))
			values = lappend(values, row->value);
	}
	return values;
}

/* Forgets what was recorded for a reference that nobody declares any more. */
void
ta_catalog_forget(const char *reference)
{
	ta_catalog_write("DELETE FROM assoc_internal.recorded d WHERE d.reference" EQ "$1",
					 list_make1((char *) reference));
}

/* Forgets one item: the object it names was dropped. */
void
ta_catalog_forget_item(const char *reference, const char *item)
{
	ta_catalog_write("DELETE FROM assoc_internal.recorded d WHERE d.reference" EQ "$1 AND d.item" EQ
					 "$2",
					 list_make2((char *) reference, (char *) item));
}

/* Forgets the object of this name and kind: it was dropped. */
void
ta_catalog_forget_object(const char *reference, const char *item, const char *value)
{
	ListCell *lc;

	foreach(lc, ta_catalog_recorded(reference))
	{
		TaRecorded *row = lfirst(lc);

		if (ta_recorded_is(row, item) && strcmp(row->value, value) == 0)
			ta_catalog_forget_item(reference, row->item);
	}
}

/* The recorded objects (TaRecorded) of this name; item: constraint, index or the like, or NULL for any. */
List *
ta_catalog_recorded_objects(const char *item, const char *value)
{
	List *rows = NIL;

	ta_spi_fixed("SELECT d.reference, d.item, d.value, d.declarer FROM assoc_internal.recorded d"
				 " WHERE" LIVE "AND d.value" EQ
				 "$1 AND ($2 IS NULL OR pg_catalog.split_part(d.item, ':', 1)" EQ "$2)",
				 list_make2((char *) value, (char *) item), TA_AS_CATALOG, read_recorded, &rows);
	return rows;
}

/* A recorded object was renamed. */
void
ta_catalog_rename_recorded(const TaRecorded *row, const char *value)
{
	ta_catalog_write("UPDATE assoc_internal.recorded d SET value = $3 WHERE d.reference" EQ
					 "$1 AND d.item" EQ "$2",
					 list_make3(row->reference, row->item, (char *) value));
}

/* ---- rows set aside ---- */

/* Keeps a row that differs from the one present, for somebody to look at. */
void
ta_catalog_set_aside(const char *config_table, const char *name, const char *declarer,
					 const char *incoming)
{
	ta_catalog_write("INSERT INTO assoc_internal.conflict (config_table, name, declarer, incoming)"
					 " VALUES ($1, $2, $3, $4::pg_catalog.jsonb) ON CONFLICT DO NOTHING",
					 list_make4((char *) config_table, (char *) name, (char *) declarer,
								(char *) incoming));
}

/* The names (Model or Model.alias) of which a differing row was set aside. */
List *
ta_catalog_conflicts(void)
{
	List *names = NIL;

	/* what 1.2's downgrade kept of its own is nobody's conflict */
	ta_spi_fixed("SELECT DISTINCT d.name FROM assoc_internal.conflict d"
				 " WHERE NOT d.config_table" EQ "'ignored'",
				 NIL, TA_AS_CATALOG, ta_spi_keep_text, &names);
	return names;
}

/* ---- packages ---- */

/*
 * What the package said is by hand from now on; where the hand says the same
 * association or model already, that stands.  Returns how many declarations
 * are left.
 */
uint64
ta_catalog_release(const char *package)
{
	List *texts = list_make1((char *) package);
	uint64 declarations;

	ta_catalog_write("DELETE FROM assoc_internal.declaration d WHERE d.declarer" EQ
					 "$1 AND EXISTS (SELECT 1 FROM assoc_internal.declaration h"
					 " WHERE h.model" EQ "d.model AND h.alias" EQ "d.alias AND h.declarer" EQ "'')",
					 texts);
	declarations =
		ta_catalog_write("UPDATE assoc_internal.declaration d SET declarer = '' WHERE d.declarer" EQ
						 "$1",
						 texts);
	ta_catalog_write("DELETE FROM assoc_internal.model d WHERE d.declarer" EQ
					 "$1 AND EXISTS (SELECT 1 FROM assoc_internal.model h"
					 " WHERE h.name" EQ "d.name AND h.declarer" EQ "'')",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.model d SET declarer = '' WHERE d.declarer" EQ "$1",
					 texts);
	ta_catalog_write("UPDATE assoc_internal.recorded d SET declarer = '' WHERE d.declarer" EQ "$1",
					 texts);
	ta_enforced_release(package);
	return declarations;
}
