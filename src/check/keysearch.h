/*
 * src/check/keysearch.h
 *		Looks up the keys of rows in a set, and counts those that are not in it.
 */
#ifndef TA_KEYSEARCH_H
#define TA_KEYSEARCH_H

#include "postgres.h"

#include "check/keyset.h"
#include "check/reader.h"

/* Which column has to have which value for a row to be looked up: commentableType = 'Post'. */
typedef struct TaKeyFilter
{
	int column; /* of those that are read; -1: every row is */
	Oid type; /* its base type */
	TaKeyShape shape; /* of that one column */
	Size length; /* of the value's bytes */
} TaKeyFilter;

/* How a reference's keys come out of the rows of its child. */
typedef struct TaKeySource
{
	int ncolumns;
	int columns[INDEX_MAX_KEYS]; /* of those that are read */
	Oid types[INDEX_MAX_KEYS]; /* base types of the values, after the cast */
	Oid casts[INDEX_MAX_KEYS]; /* function of one argument, or InvalidOid */
	TaKeyFilter filter;
} TaKeySource;

/* Where a row is. */
typedef struct TaPlace
{
	uint32 leaf; /* which of the tables that are read */
	ItemPointerData tid;
} TaPlace;

/* What has been found: the first some of the places are kept. */
typedef struct TaKeyResult
{
	int64 count;
	int nplaces;
	TaPlace places[FLEXIBLE_ARRAY_MEMBER];
} TaKeyResult;

typedef struct TaKeySearch TaKeySearch;

extern TaKeySearch *ta_search_begin(const TaKeySet *set, const TaKeySource *source,
									const char *filter, TaKeyResult *result, int max_places);
extern void ta_search_rows(TaKeySearch *search, uint32 leaf, const TaRows *rows);
extern void ta_search_end(TaKeySearch *search);

#endif /* TA_KEYSEARCH_H */
