/*
 * src/pg/keymatch.h
 *		Whether and how two columns can be compared as a key and its reference.
 */
#ifndef TA_KEYMATCH_H
#define TA_KEYMATCH_H

#include "postgres.h"

#include "pg/facts.h"

extern Oid ta_key_operator(Oid key_type, Oid reference_type);
extern bool ta_key_cast_is_plain(Oid key_type, Oid reference_type);
extern char *ta_operator_sql(Oid op);
extern char *ta_key_operator_sql(Oid key_type, Oid reference_type);
extern char *ta_key_test_sql(const char *key_sql, const TaColumn *key, const char *column_sql,
							 const TaColumn *column);
extern Oid ta_element_type(Oid type);
extern bool ta_is_array_of_keys(Oid type, Oid key_type);
extern TaColumn *ta_element_column(const TaColumn *column);
extern char *ta_element_cast_sql(const char *key_sql, Oid key_type, Oid element);
extern char *ta_element_in_sql(const char *key_sql, const TaColumn *key, const char *column_sql,
							   const TaColumn *column);
extern char *ta_element_holds_sql(const char *column_sql, const TaColumn *column,
								  const char *key_sql, const TaColumn *key);
extern char *ta_array_type_sql(const TaColumn *key);
extern char *ta_collation_sql(Oid collation);
extern char *ta_type_sql(const TaColumn *column);
extern char *ta_type_shown(Oid type, int32 typmod);
extern bool ta_type_needs_rewrite(Oid type);

#endif /* TA_KEYMATCH_H */
