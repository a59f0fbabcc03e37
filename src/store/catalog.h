/*
 * src/store/catalog.h
 *		Rows of our tables <-> structs, and the lock that serialises declarations.
 *
 * The structs mirror the tables in sql/todo_assoc--1.0.sql, column by column;
 * what 1.3 added to them stands last, and is unsaid in an older database.
 * Everything scalar is text, NULL is unsaid (or SQL NULL), NIL an unsaid list.
 */
#ifndef TA_CATALOG_H
#define TA_CATALOG_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum TaKind
{
	TA_BELONGS_TO,
	TA_HAS_ONE,
	TA_HAS_MANY,
	TA_BELONGS_TO_MANY,
	TA_REFERENCES_MANY /* a belongs_to whose foreign key is an array: each element refers */
} TaKind;

typedef struct TaModelRow
{
	char *name;
	char *declarer; /* "" is by hand */
	char *schema_name;
	char *table_name;
	char *singular;
	char *plural;
	List *key;
	char *accessors; /* "true", "false" */
	List *inferred;
	char *type_value; /* what a type column says of the model; NULL: its name */
	char *soft_delete; /* the column by which rows are deleted softly, or NULL */
	char *heirs; /* "true", "false": whether rows of tables that inherit are its rows */
} TaModelRow;

typedef struct TaDecl
{
	char *model;
	char *alias;
	char *declarer;
	TaKind kind;
	char *target;
	List *foreign_key;
	List *source_key;
	List *target_key;
	char *through; /* belongs_to_many: junction model; has_*: path of aliases */
	List *other_key;
	char *scope; /* jsonb as text */
	char *order_by;
	char *on_delete;
	char *on_update;
	char *required;
	char *deferral;
	char *inverse;
	char *enforce;
	char *index;
	char *reference;
	char *other_reference;
	List *inferred; /* names of the columns above and below that were not said */
	char *polymorphic; /* parents' side: alias of the child's polymorphic belongs_to */
	char *type_column; /* beside foreign_key: which target a row refers to; NULL: not polymorphic */
	char *other_type_column; /* the same beside other_key */
	List *targets; /* polymorphic belongs_to, whose target is "": the models it says */
	char *
		condition; /* jsonb as text: only rows of the child that fit it refer; not of a path or junction */
} TaDecl;

typedef struct TaRecorded
{
	char *reference;
	char *item;
	char *value;
	char *declarer;
} TaRecorded;

/*
 * Items of TaRecorded.  A polymorphic reference has several of the first four,
 * one a target: "constraint:Comments_commentablePostId_fkey".
 */
#define TA_ITEM_CONSTRAINT "constraint"
#define TA_ITEM_INDEX "index"
#define TA_ITEM_UNIQUE_INDEX "unique_index"
#define TA_ITEM_COLUMN "column"
#define TA_ITEM_CHECK "check"
#define TA_ITEM_ON_DELETE "on_delete"
#define TA_ITEM_ON_UPDATE "on_update"
#define TA_ITEM_DEFERRAL "deferral"

extern const char *ta_kind_name(TaKind kind);
extern const char *ta_kind_words(TaKind kind);
extern bool ta_kind_parse(const char *name, TaKind *kind);
extern const char *ta_declarer(void);
extern const char *ta_declarer_shown(const char *declarer);
extern const char *ta_decl_kind(const TaDecl *decl);
extern bool ta_enforce_is_triggers(const char *enforce);
extern bool ta_decl_from_child(const TaDecl *decl);
extern const char *ta_decl_child(const TaDecl *decl);
extern bool ta_decl_is_path(const TaDecl *decl);
extern bool ta_decl_is_polymorphic(const TaDecl *decl);
extern bool ta_decl_is_sound(const TaDecl *decl);
extern const char *ta_decl_name(const TaDecl *decl);
extern bool ta_decl_equal(const TaDecl *a, const TaDecl *b);
extern bool ta_decl_inferred(const TaDecl *decl, const char *option);

extern bool ta_catalog_has_polymorphic(void);
extern void ta_catalog_lock(void);
extern void ta_catalog_lock_rows(void);
extern bool ta_catalog_is_writing(void);
extern uint64 ta_catalog_write(const char *sql, List *texts);

extern List *ta_catalog_models(void);
extern List *ta_catalog_model_names(void);
extern List *ta_catalog_models_named(const char *name);
extern List *ta_catalog_models_of_table(const char *schema, const char *table);
extern List *ta_catalog_models_of_schema(const char *schema);
extern List *ta_catalog_names_of_table(const char *schema, const char *table);
extern void ta_catalog_put_model(const TaModelRow *row);
extern void ta_catalog_delete_model(const char *name, const char *declarer);
extern void ta_catalog_move_table(const char *schema, const char *table, const char *new_schema,
								  const char *new_table);
extern void ta_catalog_rename_schema(const char *schema, const char *new_schema);
extern void ta_catalog_rename_model(const char *name, const char *new_name);

extern List *ta_catalog_decls(void);
extern List *ta_catalog_decls_named(const char *model, const char *alias);
extern List *ta_catalog_decls_of_model(const char *model);
extern List *ta_catalog_decls_using_model(const char *model);
extern List *ta_catalog_decls_of_child(const char *child);
extern List *ta_catalog_decls_of_reference(const char *reference);
extern List *ta_catalog_decls_with_path(void);
extern void
ta_catalog_rename_polymorphic(const char *child, const char *alias, const char *new_alias);
extern bool ta_catalog_reference_exists(const char *reference);
extern void ta_catalog_put_decl(const TaDecl *decl);
extern void ta_catalog_delete_decl(const char *model, const char *alias, const char *declarer);

extern List *ta_catalog_recorded(const char *reference);
extern void ta_catalog_record(const char *reference, const char *item, const char *value);
extern void ta_catalog_record_one_of(const char *reference, const char *item, const char *value);
extern bool ta_recorded_is(const TaRecorded *row, const char *item);
extern List *ta_recorded_values(List *recorded, const char *item);
extern void ta_catalog_forget(const char *reference);
extern void ta_catalog_forget_item(const char *reference, const char *item);
extern void ta_catalog_forget_object(const char *reference, const char *item, const char *value);
extern List *ta_catalog_recorded_objects(const char *item, const char *value);
extern void ta_catalog_rename_recorded(const TaRecorded *row, const char *value);
extern void ta_catalog_set_aside(const char *config_table, const char *name, const char *declarer,
								 const char *incoming);
extern List *ta_catalog_conflicts(void);
extern uint64 ta_catalog_release(const char *package);

#endif /* TA_CATALOG_H */
