/*
 * src/load/find.h
 *		What the functions that load return.
 */
#ifndef TA_FIND_H
#define TA_FIND_H

#include "postgres.h"

#include "load/explain.h"
#include "load/query.h"

/* How the roots of a query are told. */
typedef struct TaFind
{
	const char *model;
	Jsonb *jsonb; /* the query, as JSON; NULL: as text */
	const char *text; /* NULL: the empty query */
	const char *allow; /* what the query may do; NULL: everything */
	bool one; /* the first only */
	bool by_key; /* the one with this key */
	Datum key;
	Oid key_type;
} TaFind;

typedef struct TaFindRows TaFindRows;

extern text *ta_find_all(const TaFind *find);
extern text *ta_find_one(const TaFind *find);
extern text *ta_find_and_count(const TaFind *find);
extern int64 ta_find_count(const TaFind *find);
extern bool ta_find_exists(const TaFind *find);

extern TaFindRows *ta_find_rows_begin(const TaFind *find);
extern text *ta_find_rows_next(TaFindRows *rows);
extern void ta_find_rows_end(TaFindRows *rows);

extern void ta_find_explain(const TaFind *find, bool actual, TaExplainRow row, void *arg);

extern text *ta_find_associated(const TaFind *find, const char *association);
extern bool ta_find_count_associated(const TaFind *find, const char *association, int64 *count);
extern bool ta_find_has(const TaFind *find, const char *association, Jsonb *keys, bool *has);

#endif /* TA_FIND_H */
