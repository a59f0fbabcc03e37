/*
 * src/load/find_key.h
 *		A row named by its key.
 */
#ifndef TA_FIND_KEY_H
#define TA_FIND_KEY_H

#include "postgres.h"

#include "load/sql.h"

/* A key, as it was given. */
typedef struct TaKeyTest
{
	Datum key;
	Oid type;
} TaKeyTest;

extern char *
ta_find_key_test(const TaModel *model, Datum key, Oid type, const char *prefix, TaParams *params);
extern char *ta_sql_about(const TaNode *root, const TaNode *node, List *keys, const char *key_test,
						  TaParams *params);

#endif /* TA_FIND_KEY_H */
