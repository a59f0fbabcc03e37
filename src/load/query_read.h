/*
 * src/load/query_read.h
 *		What the files that parse queries share.
 */
#ifndef TA_QUERY_READ_H
#define TA_QUERY_READ_H

#include "postgres.h"

#include "base/compat.h"
#include "load/query.h"

TA_NORETURN extern void
ta_query_wrong_kind(const char *path, const JsonbValue *value, const char *wanted);
TA_NORETURN extern void ta_query_unknown_key(const char *path, const char *key, List *known);
extern TaSay ta_query_read_bool(const JsonbValue *value, const char *path);
extern char *ta_query_read_string(const JsonbValue *value, const char *path, const char *wanted);
extern int64 ta_query_read_count(const JsonbValue *value, const char *path, int64 none);
extern List *ta_query_read_attributes(const JsonbValue *value, const char *path, bool plain);
extern void ta_query_parse_attributes(TaQuery *query, const JsonbValue *value, const char *path);
extern void ta_query_parse_order(TaQuery *query, const JsonbValue *value, const char *path);

#endif /* TA_QUERY_READ_H */
