/*
 * src/store/cache.h
 *		Per-backend cache of models and their associations.
 */
#ifndef TA_CACHE_H
#define TA_CACHE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/catalog.h"

/* A model as all declarers together say it, and the table it stands for now. */
typedef struct TaModel
{
	char *name;
	char *schema;
	char *table;
	Oid relid; /* InvalidOid: there is no such table (now) */
	char *singular; /* said, or NULL */
	char *plural; /* said, or NULL */
	List *key; /* said, else the primary key; NIL when there is none */
	bool key_said;
	bool accessors;
	char *type_value; /* said, else the model's name */
	char *soft_delete; /* the column by which rows are deleted softly, or NULL */
	bool heirs; /* rows of tables that inherit from its own are its rows to who refers to it */
	List *declarers; /* of char * */
	List *inferred; /* of char * */
	const char *problem; /* the declarers disagree: how; else NULL */

	/* private */
	bool loaded_associations;
	List *associations; /* of TaDecl */
} TaModel;

extern void ta_cache_init(void);
extern const TaModel *ta_cache_model(const char *name);
extern List *ta_cache_associations(const TaModel *model);
extern uint64 ta_cache_generation(void);
extern void ta_cache_invalidate_table(const char *schema, const char *table);
extern void ta_cache_invalidate_all(void);

#endif /* TA_CACHE_H */
