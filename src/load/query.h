/*
 * src/load/query.h
 *		A query as it was written: checked for shape, not for names.
 *
 * One TaQuery is one level: the roots, or what is included of an association.
 * Paths say where in the query something stands, for error messages:
 * include[0].where.title.  Parsing knows no catalog; names are resolved by
 * load/resolve.
 */
#ifndef TA_QUERY_H
#define TA_QUERY_H

#include "postgres.h"

#include "base/json.h"

/* What a boolean option says. */
typedef enum TaSay
{
	TA_SAY_NOTHING,
	TA_SAY_NO,
	TA_SAY_YES
} TaSay;

/* A name that was written, and where. */
typedef struct TaQueryName
{
	const char *path;
	const char *name;
	const char *shown; /* the name it gets in the result; NULL: its own */
} TaQueryName;

/* One item of an order. */
typedef struct TaQueryOrder
{
	const char *path;
	List *names; /* of char *: a column, after the associations that lead to it */
	bool descending;
	TaSay nulls_first;
} TaQueryOrder;

typedef struct TaQuery
{
	const char *path; /* "": the query itself */

	/* what is included only */
	const char *association; /* as written; NULL: the roots */
	const char *shown; /* "as"; NULL: the association's own name */
	TaSay required;
	TaSay right;
	struct TaQueryThrough *through; /* NULL: not said */
	bool merges; /* written as a dotted name: another one may go on from here */
	TaSay all; /* every association there is, instead of one by name */
	bool inner; /* such a one below such a one */
	const JsonbValue *on; /* a condition instead of the association's keys; NULL: not said */
	TaSay recursive; /* the association again below its own rows */
	int64 depth; /* so many times; -1: not said */
	List *targets; /* of TaQuery, its association the model: of one model of several */
	TaSay nested; /* and every one below those, but back to a model on the way */

	/* every level */
	bool attributes_said; /* a list: these and no others */
	List *attributes; /* of TaQueryName */
	List *attributes_more; /* of TaQueryName: "include" */
	List *attributes_less; /* of TaQueryName: "exclude" */
	const JsonbValue *where; /* NULL: not said */
	const char *where_path; /* NULL: that of the level, and "where" */
	List *include; /* of TaQuery */
	List *order; /* of TaQueryOrder */
	bool order_said;
	int64 limit; /* -1: none */
	int64 offset;
	TaSay paranoid;

	/* the roots only */
	bool numbers_quoted; /* bigint and numeric as JSON strings */
} TaQuery;

/* What is said of the junction of a many-to-many. */
typedef struct TaQueryThrough
{
	const char *path;
	List *attributes; /* of TaQueryName */
	const JsonbValue *where; /* NULL: not said */
	const char *shown; /* "as"; NULL: the junction model's name */
	TaSay paranoid;
} TaQueryThrough;

extern TaQuery *ta_query_parse(const char *text, bool of_one);
extern TaQuery *ta_query_parse_jsonb(Jsonb *query, bool of_one);

extern const char *ta_query_path_key(const char *path, const char *key);
extern const char *ta_query_path_item(const char *path, int item);
extern const char *ta_query_at(const char *path);

/* query_short.c */
extern TaQuery *ta_query_parse_short(const char *text);
extern void ta_query_include_dotted(TaQuery *query, const char *dotted, const char *path);

/* query_parse.c, for query_short.c and where.c */
extern TaQuery *ta_query_make(const char *path);
extern List *ta_query_split_dots(const char *text);

#endif /* TA_QUERY_H */
