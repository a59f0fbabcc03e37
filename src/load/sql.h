/*
 * src/load/sql.h
 *		SQL text of what a query loads, and the values bound to it.
 *
 * Every name is qualified and quoted, every value of the query is a parameter.
 */
#ifndef TA_LOAD_SQL_H
#define TA_LOAD_SQL_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/spi_stream.h"
#include "load/node.h"

/* The values bound to a statement; the arrays of keys come first. */
typedef struct TaParams
{
	int count;
	int room;
	Oid *types;
	Datum *values;
	char *nulls; /* as SPI wants them: 'n' or ' ' */
	bool changes; /* one of them may be read otherwise another time */
} TaParams;

/* The row above, whose columns a condition may name. */
typedef struct TaSqlAbove
{
	const TaModel *model;
	const TaQuery *allow;
	const char *prefix;
	List *keys; /* the columns that k1, k2, ... are; NIL: they have their own names */
} TaSqlAbove;

/* A table of the statement that is being written, and what it is joined with. */
typedef struct TaSqlTable
{
	TaParams *params;
	int *aliases; /* how many were given away in this statement */
	const TaModel *model;
	const TaQuery *allow; /* what may be said of its columns; NULL: everything */
	const char *prefix; /* "t." */
	const TaSqlAbove *above; /* NULL: it may not */
	struct TaSqlTable *base; /* the one it was joined to, after whose name it stands; or itself */
	List *joins; /* of TaSqlJoin; the base's only */
} TaSqlTable;

/* How rows are found by keys. */
typedef enum TaLook
{
	TA_LOOK_JOIN, /* by a join with the arrays of keys; each row comes with its key's number */
	TA_LOOK_ANY, /* column = ANY (array); each row comes with its key */
	TA_LOOK_ALL, /* not at all: all rows come, each with its key */
	TA_LOOKS
} TaLook;

/* The way along an association, from a table of the statement, or from the keys k. */
typedef struct TaSqlWay
{
	const TaDecl *decl;
	const TaNode *node; /* whose "on" it may go by; NULL: it has none */
	List *hops; /* of TaHop */
	bool live; /* on a path: only rows that were not deleted softly lead on */
	bool through_live;
	const JsonbValue *through_where; /* NULL: none */
	const char *through_where_path;
	const TaQuery *through_allow;
	bool through_ends; /* the hops end at the junction */
	TaLook look; /* from the keys: how they are compared */

	/* result */
	StringInfoData tables; /* s.todos e1, s.todo_tags e2 */
	StringInfoData where;
	const char *start; /* the first table's prefix */
	TaSqlTable *end;
} TaSqlWay;

/* params.c */
extern TaParams *ta_params_make(void);
extern TaSpiQuery ta_params_query(const TaParams *params, const char *sql);
extern int ta_params_add(TaParams *params, Oid type, Datum value, bool isnull);

/* hop_sql.c */
extern List *ta_hop_from_columns(const TaHop *hop);
extern List *ta_hop_to_columns(const TaHop *hop);
extern const TaModel *ta_hop_from_model(const TaHop *hop);
extern const TaModel *ta_hop_to_model(const TaHop *hop);
extern Oid ta_hop_key_type(const TaHop *hop, int n);
extern List *ta_hop_keys(const TaHop *hop, const char *prefix);
extern char *ta_hop_tests(const TaHop *hop, const char *from, const char *to);
extern char *ta_hop_look_tests(const TaHop *hop, TaLook look, const char *to);
extern char *ta_hop_scopes(const TaHop *hop, const char *to);
extern char *ta_keys_sql(const TaHop *hop, const char *alias);
extern char *ta_model_table(const TaModel *model);

/* way.c */
extern TaSqlTable *
ta_sql_table(TaParams *params, int *aliases, const TaModel *model, const char *prefix);
extern TaSqlTable *ta_sql_node_table(TaParams *params, int *aliases, const TaNode *node);
extern void ta_sql_go(TaSqlTable *from, TaSqlWay *way);
extern void ta_sql_go_along(TaSqlTable *from, const TaDecl *decl, const char *path, TaSqlWay *way);
extern void ta_sql_choose(TaSqlWay *way, const char *order);
extern TaSqlTable *ta_sql_join(TaSqlTable *from, const TaDecl *decl, const char *path);
extern char *ta_sql_joins(const TaSqlTable *table);
extern void ta_sql_check_way(const TaDecl *decl, const char *path);

/* on.c */
extern TaHop *ta_on_hop(const TaModel *model, const TaDecl *decl, const TaHop *own,
						const JsonbValue *on, const char *path);
extern char *ta_on_sql(TaSqlTable *table, const TaNode *node, const char *prefix, bool keys);
extern char *ta_on_column_sql(const TaSqlTable *table, const char *text, const char *path);

/* where.c */
extern char *ta_where_sql(TaSqlTable *table, const JsonbValue *where, const char *path);

/* select.c */
extern TaSqlWay ta_sql_way_of(const TaNode *node);
extern char *ta_sql_aggregate(TaSqlTable *from, const TaNodeAggregate *aggregate);
extern char *ta_sql_exists(TaSqlTable *from, const TaNode *node);
extern char *ta_sql_roots(const TaNode *node, TaParams *params, const char *key_test, List *hidden);
extern char *ta_sql_count(const TaNode *node, TaParams *params);
extern char *ta_sql_rows(const TaNode *node, TaParams *params, List *hidden, TaLook look);
extern char *ta_sql_links(const TaNode *node, TaParams *params, TaLook look);

/* strategy.c */
extern bool ta_node_takes_first(const TaNode *node);
extern bool ta_node_may_repeat(const TaNode *node);
extern bool ta_node_chooses(const TaNode *node);
extern bool ta_node_is_costly(const TaNode *node);
extern Oid ta_node_index(const TaNode *node);
extern bool ta_node_looks(const TaNode *node);
extern bool ta_node_may_rank(const TaNode *node);
extern bool ta_node_has_order_index(const TaNode *node);
extern bool ta_sql_needs_links(const TaNode *node);
extern bool ta_sql_may_scan(const TaNode *node);

/* scan.c */
extern bool ta_scan_possible(const TaHop *hop);
extern bool ta_scan_any_possible(const TaHop *hop);
extern int ta_scan_from(const TaHop *hop);
extern double ta_scan_count_rows(Oid relid);

#endif /* TA_LOAD_SQL_H */
