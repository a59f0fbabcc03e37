/*
 * src/pg/expression.h
 *		Generated columns and CHECK constraints, found by what they say.
 */
#ifndef TA_EXPRESSION_H
#define TA_EXPRESSION_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* A CHECK constraint of a table. */
typedef struct TaCheckFact
{
	char *name;
	bool validated;
} TaCheckFact;

extern char *ta_rel_generated_as(Oid relid, List *expressions, List *preferred);
extern List *ta_rel_generated_columns(Oid relid);
extern char *ta_generated_sql(Oid relid, const char *column);
extern TaCheckFact *ta_rel_check_as(Oid relid, const char *condition, const char *preferred);
extern char *ta_rel_check_like(Oid relid, const char *condition);
extern bool ta_rel_has_check(Oid relid, const char *name);

#endif /* TA_EXPRESSION_H */
