/*
 * src/load/node.h
 *		A query with its names resolved: models, associations, columns.
 *
 * Lives for the call that made it; models of the cache are good for the
 * transaction.
 */
#ifndef TA_NODE_H
#define TA_NODE_H

#include "postgres.h"

#include "load/query.h"
#include "model/path.h"
#include "pg/facts.h"
#include "store/cache.h"

/* One value of the rows that an association leads to. */
typedef struct TaNodeAggregate
{
	const char *function; /* "_count" */
	struct TaNode *node; /* the rows */
	const TaColumn *column; /* NULL: of the rows themselves */
	Oid type; /* of the value */
} TaNodeAggregate;

/* A column that is shown. */
typedef struct TaNodeColumn
{
	const char *shown; /* its name in the result */
	const TaColumn *column; /* NULL: an aggregate */
	const TaNodeAggregate *aggregate;
} TaNodeColumn;

/* One item of an order. */
typedef struct TaNodeOrder
{
	const TaQueryOrder *said; /* NULL: the key, which breaks ties */
	List *names; /* of char *: the associations that lead to the column */
	const char *column; /* NULL: an aggregate */
	List *aggregate; /* of char *: its names, as ta_aggregate_resolve takes them */
	bool descending;
	TaSay nulls_first;
} TaNodeOrder;

typedef struct TaNode
{
	const char *path; /* where the query says it */
	const TaQuery *said;
	const TaQuery *allow; /* what the level may do; NULL: everything */
	const struct TaNode *parent; /* NULL: the roots */
	const TaModel *model; /* NULL: one of several, see facets */
	const TaDecl *decl; /* how the parent leads here; NULL: the roots */
	const char *name; /* of the association in the result */
	List *hops; /* of TaHop, from the parent's model to this one */
	bool to_one; /* an object or null; else a list */
	bool right; /* rows that no row of the parent leads to are told, too */
	bool filters; /* rows of the parent without one of these are left out */
	int level; /* how deep; the roots: 0 */
	bool recursive; /* what is below its rows is as it is below the parent's */
	int64 depth; /* so many levels of itself; -1: all */
	bool live; /* only rows that were not deleted softly */
	List *facets; /* of TaNode: a polymorphic belongs_to's, one for each model */

	List *columns; /* of TaNodeColumn */
	List *children; /* of TaNode */
	const JsonbValue *where; /* NULL: none */
	const char *where_path;
	List *order; /* of TaNodeOrder; NIL: as they come */
	const char *default_order; /* the association's; NULL: it has none, or the query says one */
	int64 limit; /* of each parent's; -1: none */
	int64 offset;

	/* of a many-to-many */
	const TaModel *through_model; /* NULL: it is none */
	const char *through; /* name of the junction's row in the result; NULL: not shown */
	List *through_columns; /* of TaNodeColumn */
	const JsonbValue *through_where; /* NULL: none */
	const char *through_where_path;
	bool through_live;
} TaNode;

extern TaNode *ta_node_resolve(const char *model, const TaQuery *query, const TaQuery *allow);

/* targets.c */
extern const TaQuery *ta_query_of_target(const TaQuery *query, const char *model);
extern void ta_query_check_targets(const TaDecl *decl, const TaQuery *query, List *facets);

/* resolve.c */
extern const TaColumn *ta_node_column(const TaModel *model, const char *name, const char *path);
extern TaNode *ta_node_associated(const TaModel *model, const char *alias, const char *path);
extern const TaDecl *ta_node_association(const TaModel *model, const char *alias, const char *path);

#endif /* TA_NODE_H */
