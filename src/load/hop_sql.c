/*
 * src/load/hop_sql.c
 *		SQL of one step from a model to the next.
 *
 * A step starts from a row of a table in the statement, or from the keys of
 * rows that were loaded before, which come as arrays:
 *
 * pg_catalog.unnest($1) WITH ORDINALITY k(k1, n)
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/sql.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/keymatch.h"

/* schema.table */
char *
ta_model_table(const TaModel *model)
{
	return ta_ident_qualify(model->schema, model->table);
}

List *
ta_hop_from_columns(const TaHop *hop)
{
	return hop->to_parent ? hop->link.columns : hop->link.key;
}

List *
ta_hop_to_columns(const TaHop *hop)
{
	return hop->to_parent ? hop->link.key : hop->link.columns;
}

const TaModel *
ta_hop_from_model(const TaHop *hop)
{
	return ta_cache_model(hop->to_parent ? hop->link.child : hop->link.parent);
}

const TaModel *
ta_hop_to_model(const TaHop *hop)
{
	return ta_cache_model(ta_hop_to(hop));
}

/* The type of the nth column that the step starts from: not a domain, whose arrays would be checked. */
Oid
ta_hop_key_type(const TaHop *hop, int n)
{
	const TaColumn *column =
		ta_rel_column(ta_hop_from_model(hop)->relid, list_nth(ta_hop_from_columns(hop), n));

	return getBaseType(hop->element && hop->to_parent ? ta_element_type(column->type)
													  : column->type);
}

/* Whether the column's type column says the hop's parent, as the child's row sees it. */
static char *
type_test(const TaHop *hop, const char *child_prefix)
{
	const TaModel *child = ta_cache_model(hop->link.child);

	return ta_type_test_sql(child_prefix, hop->link.type_column,
							ta_rel_column(child->relid, hop->link.type_column), hop->type_value);
}

/*
 * What a row with the prefix is looked up by, an expression for each column:
 * t."userId"; of a polymorphic belongs_to only where the row is of the type:
 *
 * CASE WHEN t."commentableType" = 'Post'::text THEN t."commentableId" END
 *
 * Of an array each element, which are several rows: pg_catalog.unnest(t."tagIds")
 */
List *
ta_hop_keys(const TaHop *hop, const char *prefix)
{
	List *keys = NIL;
	ListCell *lc;

	foreach(lc, ta_hop_from_columns(hop))
	{
		char *key = psprintf("%s%s", prefix, ta_ident_quote(lfirst(lc)));

		if (hop->to_parent && hop->element)
			key = psprintf("pg_catalog.unnest(%s)", key);
		if (hop->to_parent && hop->link.type_column != NULL)
			key = psprintf("CASE WHEN %s THEN %s END", type_test(hop, prefix), key);
		keys = lappend(keys, key);
	}
	return keys;
}

/*
 * That an element of an array is the key, from either side.  keys: towards the
 * parents from is one element, and no array.
 */
static char *
element_test(const TaHop *hop, const char *from, const TaColumn *key, const char *to,
			 const TaColumn *column, bool keys)
{
	TaColumn element = *column;

	if (!hop->to_parent)
		return ta_element_holds_sql(to, column, from, key);
	if (!keys)
		return ta_element_in_sql(to, key, from, column);
	element.type = ta_element_type(column->type);
	return ta_key_test_sql(to, key, from, &element);
}

/* The equality of each column; keys: from is of arrays, which have no collation, so it must be said. */
static List *
tests(const TaHop *hop, List *from, const char *to, bool keys)
{
	const TaModel *child = ta_cache_model(hop->link.child);
	const TaModel *parent = ta_cache_model(hop->link.parent);
	List *result = NIL;
	ListCell *lc;
	ListCell *lk;
	ListCell *lf;

	forthree(lc, hop->link.columns, lk, hop->link.key, lf, from)
	{
		const TaColumn *column = ta_rel_column(child->relid, lfirst(lc));
		const TaColumn *key = ta_rel_column(parent->relid, lfirst(lk));
		char *from_sql = lfirst(lf);
		char *to_sql =
			psprintf("%s%s", to, ta_ident_quote(hop->to_parent ? lfirst(lk) : lfirst(lc)));

		if (keys && OidIsValid(key->collation))
			from_sql = psprintf("(%s COLLATE %s)", from_sql, ta_collation_sql(key->collation));
		if (hop->element)
		{
			result = lappend(result, element_test(hop, from_sql, key, to_sql, column, keys));
			continue;
		}
		result = lappend(result, hop->to_parent ? ta_key_test_sql(to_sql, key, from_sql, column)
												: ta_key_test_sql(from_sql, key, to_sql, column));
	}
	return result;
}

/* p.id = t."userId": that a row with one prefix leads to a row with the other. */
char *
ta_hop_tests(const TaHop *hop, const char *from, const char *to)
{
	List *columns = NIL;
	List *all;
	ListCell *lc;

	foreach(lc, ta_hop_from_columns(hop))
		columns = lappend(columns, psprintf("%s%s", from, ta_ident_quote(lfirst(lc))));
	all = tests(hop, columns, to, false);
	if (hop->link.type_column != NULL)
		all = lappend(all, type_test(hop, hop->to_parent ? from : to));
	return ta_err_join(all, " AND ");
}

/* k.k1 = t."userId": that keys lead to a row. */
static char *
key_tests(const TaHop *hop, const char *to)
{
	List *columns = NIL;
	List *all;

	for (int i = 1; i <= list_length(hop->link.columns); i++)
		columns = lappend(columns, psprintf("k.k%d", i));
	all = tests(hop, columns, to, true);
	if (hop->link.type_column != NULL && !hop->to_parent)
		all = lappend(all, type_test(hop, to));
	return ta_err_join(all, " AND ");
}

/*
 * That a row is reached from the keys: with look TA_LOOK_ALL, from some key at all, which of a
 * polymorphic association says that it is of the type.
 *
 * k.k1 = t."userId"
 * t."userId" = ANY ($1)
 */
char *
ta_hop_look_tests(const TaHop *hop, TaLook look, const char *to)
{
	List *all = NIL;
	const char *name = linitial(ta_hop_to_columns(hop));
	Oid type;

	if (look == TA_LOOK_JOIN)
		return key_tests(hop, to);
	if (hop->link.type_column != NULL && !hop->to_parent)
		all = lappend(all, type_test(hop, to));
	if (look == TA_LOOK_ANY)
	{
		type = getBaseType(ta_rel_column(ta_hop_to_model(hop)->relid, name)->type);
		all = lappend(all, psprintf("%s%s %s ANY ($1)", to, ta_ident_quote(name),
									ta_key_operator_sql(type, type)));
	}
	return all != NIL ? ta_err_join(all, " AND ") : pstrdup("true");
}

/* The scopes that hold where the step arrives, each after " AND ". */
char *
ta_hop_scopes(const TaHop *hop, const char *to)
{
	StringInfoData buf;
	ListCell *lc;

	initStringInfo(&buf);
	foreach(lc, hop->scopes)
		appendStringInfo(&buf, " AND %s",
						 ta_scope_sql(lfirst(lc), ta_hop_to_model(hop)->relid, to));
	return buf.data;
}

/* The arrays of keys as a table: their columns are k1, k2, ..., and n, which counts from 1. */
char *
ta_keys_sql(const TaHop *hop, const char *alias)
{
	StringInfoData arrays;
	StringInfoData columns;
	int count = list_length(hop->link.columns);

	initStringInfo(&arrays);
	initStringInfo(&columns);
	for (int i = 1; i <= count; i++)
	{
		appendStringInfo(&arrays, "%spg_catalog.unnest($%d)", i == 1 ? "" : ", ", i);
		appendStringInfo(&columns, "k%d, ", i);
	}
	if (count == 1)
		return psprintf("%s WITH ORDINALITY %s(%sn)", arrays.data, alias, columns.data);
	return psprintf("ROWS FROM (%s) WITH ORDINALITY %s(%sn)", arrays.data, alias, columns.data);
}
