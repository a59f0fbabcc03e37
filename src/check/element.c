/*
 * src/check/element.c
 *		Rows whose array holds elements that refer to nothing.
 *
 * Such a row t is an orphan as one of any other reference, but what is shown of
 * it, and mended, is its elements u.e (schema/ddl's ta_ddl_lost_elements).
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "check/element.h"
#include "check/orphan.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"

/* The array's column. */
static const TaColumn *
array_of(const TaState *state)
{
	return ta_rel_column(state->child_rel, linitial(state->reference->columns));
}

/* The element as a value that is harmless for to_jsonb, see check/orphan. */
static const char *
shown(const TaState *state, const char *element)
{
	return getBaseType(array_of(state)->type) < FirstNormalObjectId
			   ? element
			   : psprintf("pg_catalog.format('%%s', %s)", element);
}

/*
 * What an orphan refers by, each once, {"tagIds": [8, 9]}:
 *
 * jsonb_build_object('tagIds', ARRAY(SELECT u.e FROM (SELECT DISTINCT u.e FROM
 * unnest(t."tagIds") u (e) WHERE ..) u ORDER BY u.e))
 */
char *
ta_element_key_json(const TaState *state)
{
	return psprintf("pg_catalog.jsonb_build_object(%s, ARRAY(SELECT %s FROM (SELECT DISTINCT u.e "
					"FROM %s) u ORDER BY u.e))",
					quote_literal_cstr(linitial(state->reference->columns)), shown(state, "u.e"),
					ta_ddl_lost_elements(state));
}

/*
 * How many rows are orphans, and the lowest of their elements that refer to
 * nothing, each once.  orphan: what is true of such a row; also: " AND ..", what
 * is true of rows that refer at all.
 */
char *
ta_element_sample_sql(const TaState *state, const char *orphan, const char *also, int samples)
{
	const char *child = ta_rel_qualified(state->child_rel);

	return psprintf("SELECT (SELECT pg_catalog.count(*) FROM %s t WHERE %s), (SELECT "
					"pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(%s, %s) ORDER BY o.e) FROM "
					"(SELECT DISTINCT u.e FROM %s t, %s%s ORDER BY u.e LIMIT %d) o)",
					child, orphan, quote_literal_cstr(linitial(state->reference->columns)),
					shown(state, "o.e"), child, ta_ddl_lost_elements(state), also, samples);
}

/*
 * An array of more dimensions, which has no place without an element: those that
 * refer to nothing become null, one after the other.
 *
 * (WITH RECURSIVE l (keys) AS (SELECT ARRAY(SELECT DISTINCT u.e FROM unnest(t."tagIds") u (e) WHERE ..)),
 * r (a, n) AS (SELECT t."tagIds", 0 UNION ALL SELECT array_replace(r.a, l.keys[r.n + 1], NULL), r.n + 1
 * FROM r, l WHERE r.n < cardinality(l.keys)) SELECT r.a FROM r ORDER BY r.n DESC LIMIT 1)
 */
static char *
null_sql(const TaState *state, const char *array, const char *type)
{
	return psprintf(
		"(WITH RECURSIVE l (keys) AS (SELECT ARRAY(SELECT DISTINCT u.e::%s FROM %s)), r (a, n) AS "
		"(SELECT %s::%s[], 0 UNION ALL SELECT pg_catalog.array_replace(r.a, l.keys[r.n "
		"OPERATOR(pg_catalog.+) 1], NULL), r.n OPERATOR(pg_catalog.+) 1 FROM r, l WHERE r.n "
		"OPERATOR(pg_catalog.<) pg_catalog.cardinality(l.keys)) SELECT r.a FROM r ORDER BY r.n DESC "
		"LIMIT 1)",
		type, ta_ddl_lost_elements(state), array, type);
}

/*
 * What sets the array to itself without the elements that refer to nothing, in its
 * order:
 *
 * "tagIds" = CASE WHEN pg_catalog.array_ndims(t."tagIds") > 1 THEN (..) ELSE ARRAY(SELECT u.e FROM
 * pg_catalog.unnest(t."tagIds") WITH ORDINALITY u (e, n) WHERE u.e IS NULL OR EXISTS (SELECT 1 FROM
 * s."Tags" p WHERE p.id OPERATOR(pg_catalog.=) u.e) ORDER BY u.n) END
 */
char *
ta_element_take_sql(const TaState *state)
{
	const TaColumn *column = array_of(state);
	const TaColumn *element = ta_element_column(column);
	const TaColumn *key = ta_rel_column(state->parent_rel, linitial(state->reference->key));
	/* without a length: a cast to it would cut */
	char *type = format_type_extended(getBaseType(element->type), -1,
									  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	char *array = psprintf("t.%s", ta_ident_quote(column->name));

	return psprintf(
		"%s = CASE WHEN pg_catalog.array_ndims(%s) OPERATOR(pg_catalog.>) 1 THEN %s ELSE "
		"ARRAY(SELECT u.e::%s FROM pg_catalog.unnest(%s) WITH ORDINALITY u (e, n) WHERE u.e IS NULL "
		"OR EXISTS (SELECT 1 FROM %s p WHERE %s%s) ORDER BY u.n) END",
		ta_ident_quote(column->name), array, null_sql(state, array, type), type, array,
		ta_rows_parent(state),
		ta_key_test_sql(psprintf("p.%s", ta_ident_quote(key->name)), key, "u.e", element),
		state->scope == NULL
			? ""
			: psprintf(" AND %s", ta_scope_test_sql(state->scope, state->parent_rel, "p.")));
}
