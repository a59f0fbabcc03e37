/*
 * src/pg/keymatch.h
 *		Whether and how two columns can be compared as a key and its reference.
 */
#ifndef TA_KEYMATCH_H
#define TA_KEYMATCH_H

#include "postgres.h"

#include "pg/facts.h"

extern Oid ta_key_operator(Oid key_type, Oid reference_type);
extern char *ta_key_operator_sql(Oid key_type, Oid reference_type);
extern char *ta_key_test_sql(const char *key_sql, const TaColumn *key, const char *column_sql,
							 const TaColumn *column);
extern char *ta_type_sql(const TaColumn *column);
extern char *ta_type_shown(Oid type, int32 typmod);
extern bool ta_type_needs_rewrite(Oid type);

#endif /* TA_KEYMATCH_H */
