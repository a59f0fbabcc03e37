/*
 * src/load/strategy.c
 *		How the rows of an association are come by.
 */
#include "postgres.h"

#include "load/sql.h"
#include "pg/facts.h"

/* Whether it leads to one row that is the first of several. */
bool
ta_node_takes_first(const TaNode *node)
{
	return node->to_one && node->limit == 1;
}

/*
 * Whether a row can be reached twice: only by going up to a parent, or along an
 * array, from several rows.
 */
bool
ta_node_may_repeat(const TaNode *node)
{
	bool several = false;
	ListCell *lc;

	if (node->decl->kind == TA_BELONGS_TO_MANY || node->decl->kind == TA_REFERENCES_MANY)
		return false;
	foreach(lc, node->hops)
	{
		const TaHop *hop = lfirst(lc);

		if (hop->self)
			continue;
		if ((hop->to_parent || hop->element) && several)
			return true;
		several = several || !hop->to_parent || hop->element;
	}
	return false;
}

/* Whether so many of each parent's are wanted that all of them must be looked at together. */
bool
ta_node_chooses(const TaNode *node)
{
	return node->limit >= 0 || node->offset > 0;
}

/* Whether the rows are loaded by their own keys, which links give. */
bool
ta_sql_needs_links(const TaNode *node)
{
	return list_length(node->hops) > 1 && !ta_node_chooses(node);
}

/* Whether the rows may also be read all together, for the keys to be compared by bytes. */
bool
ta_sql_may_scan(const TaNode *node)
{
	return !ta_node_chooses(node) && (list_length(node->hops) == 1 || ta_sql_needs_links(node));
}

/*
 * Whether a row costs a subquery: an aggregate that is shown, or what is
 * required of it.  Such rows are better looked up than read all together.
 */
bool
ta_node_is_costly(const TaNode *node)
{
	ListCell *lc;

	foreach(lc, node->columns)
	{
		if (((TaNodeColumn *) lfirst(lc))->aggregate != NULL)
			return true;
	}
	foreach(lc, node->children)
	{
		if (((TaNode *) lfirst(lc))->filters)
			return true;
	}
	return false;
}

/* The index that leads from the keys to the rows of each parent, or InvalidOid. */
Oid
ta_node_index(const TaNode *node)
{
	const TaHop *first = linitial(node->hops);

	if (first->on)
		return InvalidOid;
	return ta_rel_serving_index(ta_hop_to_model(first)->relid, ta_hop_to_columns(first),
								InvalidOid);
}

/* how many of each parent's one pass over all rows keeps at most */
#define MAX_RANK 64

/*
 * Whether the first of each parent's may be found by one pass over all rows: by
 * an order that consists of values, and not where it is one row that is then
 * asked about.  What is below the rows would be loaded of all that were among the
 * first for a while.
 */
bool
ta_node_may_rank(const TaNode *node)
{
	return ta_node_chooses(node) && list_length(node->hops) == 1 && node->children == NIL &&
		   node->default_order == NULL && node->order != NIL &&
		   !(ta_node_takes_first(node) && node->where != NULL) && node->limit >= 0 &&
		   node->limit <= MAX_RANK && node->offset <= MAX_RANK - node->limit;
}

/* Whether an index gives the rows of each parent in their order. */
bool
ta_node_has_order_index(const TaNode *node)
{
	const TaHop *hop = linitial(node->hops);
	const TaNodeOrder *first = linitial(node->order);

	if (first->names != NIL || first->column == NULL)
		return false;
	return OidIsValid(ta_rel_serving_index(ta_hop_to_model(hop)->relid,
										   lappend(list_copy(ta_hop_to_columns(hop)),
												   unconstify(char *, first->column)),
										   InvalidOid));
}

/* Whether rows are looked for parent by parent where each has a limit; else all are numbered in one pass. */
bool
ta_node_looks(const TaNode *node)
{
	return OidIsValid(ta_node_index(node)) || ta_node_may_repeat(node);
}
