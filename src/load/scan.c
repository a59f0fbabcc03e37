/*
 * src/load/scan.c
 *		When a table is better read as a whole than looked up by keys.
 *
 * With most of a table's keys wanted, a join with an array of them costs more
 * than the rows: all are read, and those of no wanted key are passed over.  That
 * we compare then, not PostgreSQL, is right only where equality is equality of
 * bytes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "load/sql.h"
#include "pg/keymatch.h"

/* fewer keys are always looked up */
#define MIN_KEYS 50

/* which part of a table's keys must be wanted */
#define MIN_SHARE 0.2

/* what is assumed of a column that was never analyzed */
#define ROWS_PER_KEY 10.0

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Whether two values of the types are equal if and only if they are the same bytes (integers: the same number). */
static bool
is_bytewise(Oid from, Oid to, Oid collation)
{
	if (is_integer(from) && is_integer(to))
		return true;
	if (from != to)
		return false;
	switch (from)
	{
		case BOOLOID:
		case DATEOID:
		case OIDOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
			return true;
		case TEXTOID:
		case VARCHAROID:
			return OidIsValid(collation) && get_collation_isdeterministic(collation);
		default:
			return get_typtype(from) == TYPTYPE_ENUM;
	}
}

/* Whether rows can be told by bytes where the hop arrives. */
bool
ta_scan_possible(const TaHop *hop)
{
	const TaModel *child = ta_cache_model(hop->link.child);
	const TaModel *parent = ta_cache_model(hop->link.parent);
	ListCell *lc;
	ListCell *lk;

	if (hop->on)
		return false;
	forboth(lc, hop->link.columns, lk, hop->link.key)
	{
		const TaColumn *column = ta_rel_column(child->relid, lfirst(lc));
		const TaColumn *key = ta_rel_column(parent->relid, lfirst(lk));
		Oid type = hop->element ? ta_element_type(column->type) : column->type;

		/* a row of several keys answers each of them */
		if (hop->element && !hop->to_parent)
			return false;
		if (!is_bytewise(getBaseType(type), getBaseType(key->type), key->collation))
			return false;
	}
	return true;
}

/* Whether the one column of keys can be compared by = ANY, and an index serves that. */
bool
ta_scan_any_possible(const TaHop *hop)
{
	const TaModel *to = ta_hop_to_model(hop);
	const TaColumn *column = ta_rel_column(to->relid, linitial(ta_hop_to_columns(hop)));

	return list_length(hop->link.columns) == 1 &&
		   getBaseType(column->type) == ta_hop_key_type(hop, 0) &&
		   OidIsValid(ta_rel_serving_index(to->relid, ta_hop_to_columns(hop), InvalidOid));
}

/*
 * How many rows the table has: as many to a page as when it was counted last, and
 * the pages of now.  Negative: it was never counted.
 */
double
ta_scan_count_rows(Oid relid)
{
	Relation rel = try_relation_open(relid, AccessShareLock);
	double rows;

	if (rel == NULL)
		return -1;
	rows = rel->rd_rel->reltuples;
	if (rows > 0 && rel->rd_rel->relpages > 0 && RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		rows = rows / rel->rd_rel->relpages * RelationGetNumberOfBlocks(rel);
	relation_close(rel, NoLock);
	return rows;
}

/* How many values the column has, as ANALYZE found; 0: it did not. */
static double
count_values(Oid relid, AttrNumber attnum, bool inherited)
{
	HeapTuple tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(attnum),
									  BoolGetDatum(inherited));
	double values;

	if (!HeapTupleIsValid(tuple))
		return 0;
	values = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
	ReleaseSysCache(tuple);
	return values;
}

/* From how many keys on the table where the hop arrives is better read as a whole. */
int
ta_scan_from(const TaHop *hop)
{
	Oid relid = ta_hop_to_model(hop)->relid;
	const TaColumn *column = ta_rel_column(relid, linitial(ta_hop_to_columns(hop)));
	double rows = ta_scan_count_rows(relid);
	double values;

	if (rows <= 0)
		return PG_INT32_MAX;
	values = count_values(relid, column->attnum, true);
	if (values == 0)
		values = count_values(relid, column->attnum, false);
	if (values < 0)
		values = -values * rows;
	else if (values == 0)
		values = rows / ROWS_PER_KEY;
	return (int) Min(PG_INT32_MAX, Max(MIN_KEYS, values * MIN_SHARE));
}
