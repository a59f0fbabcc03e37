/*
 * src/pg/facts.h
 *		Facts about relations, columns, keys and indexes, as plain structs.
 */
#ifndef TA_FACTS_H
#define TA_FACTS_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

typedef struct TaColumn
{
	char *name;
	AttrNumber attnum;
	Oid type;
	int32 typmod;
	Oid collation;
	bool not_null;
	bool has_default;
	bool generated;
} TaColumn;

/* A native foreign key of a table. */
typedef struct TaForeignKey
{
	Oid oid;
	char *name;
	Oid parent;
	List *columns; /* of char *, referencing */
	List *key; /* of char *, referenced, in the same order */
	char on_delete; /* FKCONSTR_ACTION_* */
	char on_update;
	List *delete_columns; /* of char *: SET NULL (a, b); NIL is all */
	char match; /* FKCONSTR_MATCH_* */
	bool deferrable;
	bool deferred;
	bool enforced; /* 18: NOT ENFORCED ones only look like keys */
	bool validated;
	bool inherited; /* belongs to the partitioned parent's key */
	bool temporal; /* with PERIOD */
} TaForeignKey;

extern Oid ta_rel_lookup(const char *schema, const char *name);
extern Oid ta_rel_visible(const char *name);
extern char *ta_rel_name(Oid relid);
extern char *ta_rel_schema(Oid relid);
extern char *ta_rel_qualified(Oid relid);
extern char *ta_rel_shown(Oid relid);
extern char ta_rel_kind(Oid relid);
extern Oid ta_rel_owner(Oid relid);
extern bool ta_rel_has_children(Oid relid);
extern bool ta_rel_has_inheritance_children(Oid relid);
extern List *ta_rel_inherits_from(Oid relid);
extern bool ta_rel_is_plain_table(Oid relid);
extern bool ta_rel_is_temporary(Oid relid);
extern bool ta_rel_owned_by_user(Oid relid);
extern bool ta_rel_schema_allows_create(const char *schema, Oid role);
extern bool ta_rel_may_count(Oid relid);
extern bool ta_rel_role_may_count(Oid relid, Oid role);
extern bool ta_rel_may_reference(Oid relid, List *columns);

extern TaColumn *ta_rel_column(Oid relid, const char *name);
extern List *ta_rel_column_names(Oid relid);
extern List *ta_rel_columns(Oid relid, List *names, const char **missing);

extern List *ta_rel_primary_key(Oid relid);
extern bool ta_rel_in_primary_key(Oid relid, const char *column);
extern Oid ta_rel_key_index(Oid relid, List *columns);
extern Oid ta_rel_unique_index(Oid relid, List *columns);
extern Oid ta_rel_serving_index(Oid relid, List *columns, Oid except);
extern Oid ta_rel_element_index(Oid relid, const char *column);
extern bool ta_rel_is_index_of(Oid index, Oid relid);
extern const char *ta_rel_partition_column_outside(Oid relid, List *columns);
extern const char *ta_rel_partition_column_among(Oid relid, List *columns);
extern List *ta_rel_foreign_keys(Oid relid);
extern List *ta_rel_unenforced_keys(Oid relid);
extern bool ta_constraint_name_taken(Oid relid, const char *name);
extern bool ta_relation_name_taken(Oid namespace_oid, const char *name);
extern Oid ta_rel_namespace(Oid relid);

#endif /* TA_FACTS_H */
