/*
 * src/load/where.h
 *		What the files that write conditions share.
 */
#ifndef TA_WHERE_H
#define TA_WHERE_H

#include "postgres.h"

#include "load/sql.h"

/* What a condition is about: a column, or something in a JSON column. */
typedef struct TaOperand
{
	TaSqlTable *table;
	const char *sql;
	const char *name; /* for errors */
	Oid type;
} TaOperand;

/* where_value.c */
extern Oid ta_where_value_type(Oid type);
extern char *ta_where_value(TaParams *params, const JsonbValue *value, Oid type, const char *path);
extern void ta_where_note_type(TaParams *params, Oid type);
extern Datum ta_where_array(JsonbContainer *array, Oid element, const char *path);

/* where_op.c */
extern bool ta_where_is_operator(const char *name);
extern char *
ta_where_operand_sql(const TaOperand *operand, const JsonbValue *value, const char *path);

#endif /* TA_WHERE_H */
