/*
 * src/check/keysearch.h
 *		Looks keys up in a set, and counts those that are not in it.
 */
#ifndef TA_KEYSEARCH_H
#define TA_KEYSEARCH_H

#include "postgres.h"

#include "lib/stringinfo.h"

typedef struct TaKeySearch TaKeySearch;

extern TaKeySearch *ta_search_begin(int64 handle, int max_samples, const Oid *types, int count);
extern void ta_search_add(TaKeySearch *search, const Datum *values);
extern TaKeySearch *ta_search_merge(TaKeySearch *search, TaKeySearch *other);
extern void ta_search_write(TaKeySearch *search, StringInfo out);
extern TaKeySearch *ta_search_read(StringInfo in);
extern char *ta_search_result(TaKeySearch *search);

#endif /* TA_KEYSEARCH_H */
