/*
 * src/model/follow.h
 *		Renames in the database, followed in what is declared.
 */
#ifndef TA_FOLLOW_H
#define TA_FOLLOW_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/catalog.h"

extern List *ta_follow_table(const char *schema, const char *table, const char *new_schema,
							 const char *new_table);
extern List *ta_follow_schema(const char *schema, const char *new_schema);
extern List *
ta_follow_column(const char *schema, const char *table, const char *column, const char *new_name);
extern void
ta_follow_enforced(const char *schema, const char *table, const char *column, const char *new_name);
extern bool ta_follow_object(Oid relid, const char *item, const char *name, const char *new_name);

/* One list of columns, or text that names columns, of a declaration. */
typedef enum TaColumnUse
{
	TA_USE_FOREIGN_KEY,
	TA_USE_OTHER_KEY,
	TA_USE_SOURCE_KEY,
	TA_USE_TARGET_KEY,
	TA_USE_ON_DELETE,
	TA_USE_CONDITION,
	TA_USE_SCOPE,
	TA_USE_ORDER_BY
} TaColumnUse;

extern const char *ta_column_use_model(const TaDecl *decl, TaColumnUse use);
extern bool ta_decl_shows_column(const TaDecl *decl, const char *model, const char *column);

#endif /* TA_FOLLOW_H */
