/*
 * src/load/where.c
 *		From a condition in JSON to SQL.
 *
 * An object's keys must all hold: columns, $association.column$, associations
 * with some, every or none, and, or, not.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/aggregate.h"
#include "load/allow.h"
#include "load/where.h"
#include "pg/facts.h"

static char *condition(TaSqlTable *table, const JsonbValue *value, const char *path, bool any);

/* ---- columns ---- */

static char *
column_sql(TaSqlTable *table, const TaColumn *column, const JsonbValue *value, const char *path)
{
	TaOperand operand = {.table = table,
						 .sql = psprintf("%s%s", table->prefix, ta_ident_quote(column->name)),
						 .name = column->name,
						 .type = column->type};

	ta_allow_name(table->allow, TA_ALLOW_WHERE, table->model, column->name, path);
	return ta_where_operand_sql(&operand, value, path);
}

/* todos._count, reviews._avg.rating */
static char *
aggregate_sql(TaSqlTable *table, const List *names, const JsonbValue *value, const char *path)
{
	const TaNodeAggregate *aggregate = ta_aggregate_resolve(table->model, names, path);
	TaOperand operand = {.table = table,
						 .sql = ta_sql_aggregate(table, aggregate),
						 .name = ta_err_join(unconstify(List *, names), "."),
						 .type = aggregate->type};

	ta_allow_name(table->allow, TA_ALLOW_WHERE, table->model, operand.name, path);
	return ta_where_operand_sql(&operand, value, path);
}

/* Whether what is compared in a JSON column is a number, by the first value that is found. */
static bool
is_number(const JsonbValue *value)
{
	JsonbContainer *array = ta_json_container(value, false);
	JsonbContainer *object = ta_json_container(value, true);

	if (array != NULL)
		return ta_json_array(array) != NIL && is_number(linitial(ta_json_array(array)));
	if (object != NULL)
	{
		List *pairs = ta_json_object(object);

		return pairs != NIL && is_number(((TaJsonPair *) linitial(pairs))->value);
	}
	return value->type == jbvNumeric;
}

/*
 * Something in a JSON column, "meta.author.name": as text, as a number where it
 * is one and is compared with one, as jsonb with true and false.
 *
 * (t.meta OPERATOR(pg_catalog.#>>) '{author,name}')
 */
static char *
json_sql(TaSqlTable *table, const TaColumn *column, List *keys, const JsonbValue *value,
		 const char *path)
{
	char *document = psprintf("%s%s%s", table->prefix, ta_ident_quote(column->name),
							  column->type == JSONOID ? "::pg_catalog.jsonb" : "");
	char *where = psprintf("%s::pg_catalog.text[]", quote_literal_cstr(ta_ident_to_array(keys)));
	char *text = psprintf("(%s OPERATOR(pg_catalog.#>>) %s)", document, where);
	TaOperand operand = {.table = table,
						 .sql = text,
						 .name = psprintf("%s.%s", column->name, ta_err_join(keys, ".")),
						 .type = TEXTOID};

	ta_allow_name(table->allow, TA_ALLOW_WHERE, table->model, column->name, path);
	if (value->type == jbvBool)
	{
		operand.sql = psprintf("(%s OPERATOR(pg_catalog.#>) %s)", document, where);
		operand.type = JSONBOID;
	}
	else if (is_number(value))
	{
		operand.sql = psprintf("CASE WHEN pg_catalog.jsonb_typeof(%s OPERATOR(pg_catalog.#>) %s) "
							   "OPERATOR(pg_catalog.=) 'number' THEN %s::pg_catalog.numeric END",
							   document, where, text);
		operand.type = NUMERICOID;
	}
	return ta_where_operand_sql(&operand, value, path);
}

/* ---- associations ---- */

/* That the row has one of the association's, for which the test holds: EXISTS (...). */
static char *exists_sql(TaSqlTable *table, const TaDecl *decl, const JsonbValue *value, List *names,
						const char *path, bool every);

/* $a.b.column$: along associations to one by joins, from the first to many on by EXISTS. */
static char *
reference_sql(TaSqlTable *table, List *names, const JsonbValue *value, const char *path)
{
	const TaDecl *decl;

	if (list_length(names) == 1)
		return column_sql(table, ta_node_column(table->model, linitial(names), path), value, path);
	if (ta_aggregate_at(names) == 1)
		return aggregate_sql(table, names, value, path);
	decl = ta_node_association(table->model, linitial(names), path);
	names = list_copy_tail(names, 1);
	if (!ta_decl_to_one(decl))
		return exists_sql(table, decl, value, names, path, false);
	return reference_sql(ta_sql_join(table, decl, path), names, value, path);
}

static char *
exists_sql(TaSqlTable *table, const TaDecl *decl, const JsonbValue *value, List *names,
		   const char *path, bool every)
{
	TaSqlWay way;
	char *test = NULL;

	ta_sql_check_way(decl, path);
	ta_sql_go_along(table, decl, path, &way);
	if (names != NIL)
		test = reference_sql(way.end, names, value, path);
	else if (value != NULL)
		test = condition(way.end, value, path, false);
	return psprintf("EXISTS (SELECT 1 FROM %s%s WHERE %s%s%s%s)", way.tables.data,
					ta_sql_joins(way.end), way.where.data, test != NULL ? " AND (" : "",
					test != NULL ? test : "",
					test == NULL ? ""
					: every      ? ") IS NOT TRUE"
								 : ")");
}

/* {"some": {...}}, {"every": {...}}, {"none": {...}} */
static char *
quantified_sql(TaSqlTable *table, const TaDecl *decl, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	List *tests = NIL;
	ListCell *lc;

	if (object == NULL || JsonContainerSize(object) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a condition on %s needs \"some\", \"every\" or \"none\"",
							   ta_decl_name(decl)),
						errdetail("At %s.", path),
						errhint("For example {\"%s\": {\"some\": {\"column\": 1}}}; {} holds for "
								"every row.",
								decl->alias)));
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);
		bool every = strcmp(pair->key, "every") == 0;
		bool none = strcmp(pair->key, "none") == 0;

		if (!every && !none && strcmp(pair->key, "some") != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("unknown key \"%s\"", pair->key), errdetail("At %s.", at),
							errhint("Known here are some, every, none.")));
		tests = lappend(tests, psprintf("%s%s", every || none ? "NOT " : "",
										exists_sql(table, decl, pair->value, NIL, at, every)));
	}
	return ta_err_join(tests, " AND ");
}

/* ---- objects ---- */

static void
unknown_name(TaSqlTable *table, const char *name, const char *path)
{
	List *names = ta_rel_column_names(table->model->relid);
	const char *nearest;
	ListCell *lc;

	foreach(lc, ta_cache_associations(table->model))
		names = lappend(names, ((TaDecl *) lfirst(lc))->alias);
	nearest = ta_err_nearest(name, names);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("%s has no column or association \"%s\"", table->model->name, name),
			 errdetail("At %s.", path),
			 nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
							 : errhint("Its columns are %s.",
									   ta_err_list(ta_rel_column_names(table->model->relid), 20))));
}

/* The association of this alias, or NULL. */
static const TaDecl *
find_association(const TaModel *model, const char *alias)
{
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, alias) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* One key of a condition and what it holds. */
static char *
pair_sql(TaSqlTable *table, const TaJsonPair *pair, const char *path)
{
	size_t length = strlen(pair->key);
	const TaColumn *column;
	const TaDecl *decl;
	const char *dot;

	if (strcmp(pair->key, "and") == 0)
		return condition(table, pair->value, path, false);
	if (strcmp(pair->key, "or") == 0)
		return condition(table, pair->value, path, true);
	if (strcmp(pair->key, "not") == 0)
		return psprintf("NOT %s", condition(table, pair->value, path, false));
	if (length > 2 && pair->key[0] == '$' && pair->key[length - 1] == '$')
		return reference_sql(table, ta_query_split_dots(pnstrdup(pair->key + 1, length - 2)),
							 pair->value, path);
	column = ta_rel_column(table->model->relid, pair->key);
	if (column != NULL)
		return column_sql(table, column, pair->value, path);
	decl = find_association(table->model, pair->key);
	if (decl != NULL)
		return quantified_sql(table, decl, pair->value, path);
	dot = strchr(pair->key, '.');
	if (dot != NULL)
	{
		column = ta_rel_column(table->model->relid, pnstrdup(pair->key, dot - pair->key));
		if (column != NULL && (column->type == JSONOID || column->type == JSONBOID))
			return json_sql(table, column, ta_query_split_dots(dot + 1), pair->value, path);
		if (ta_aggregate_at(ta_query_split_dots(pair->key)) == 1)
			return aggregate_sql(table, ta_query_split_dots(pair->key), pair->value, path);
	}
	unknown_name(table, pair->key, path);
	return NULL;
}

/* An object, or a list of objects; any: one of them must hold, else all. */
static char *
condition(TaSqlTable *table, const JsonbValue *value, const char *path, bool any)
{
	JsonbContainer *object = ta_json_container(value, true);
	JsonbContainer *array = ta_json_container(value, false);
	List *parts = NIL;
	ListCell *lc;

	check_stack_depth();
	if (object == NULL && array == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a condition, but found %s", ta_json_kind(value)),
						errdetail("At %s.", path),
						errhint("For example {\"title\": {\"like\": \"a%%\"}}.")));
	foreach(lc, object != NULL ? ta_json_object(object) : NIL)
	{
		TaJsonPair *pair = lfirst(lc);

		parts = lappend(parts, pair_sql(table, pair, ta_query_path_key(path, pair->key)));
	}
	foreach(lc, array != NULL ? ta_json_array(array) : NIL)
		parts =
			lappend(parts, condition(table, lfirst(lc),
									 ta_query_path_item(path, foreach_current_index(lc)), false));
	if (parts == NIL)
		return pstrdup(any ? "false" : "true");
	return psprintf("(%s)", ta_err_join(parts, any ? " OR " : " AND "));
}

/* The condition on rows of the table; raises with the place of what is wrong. */
char *
ta_where_sql(TaSqlTable *table, const JsonbValue *where, const char *path)
{
	return condition(table, where, path, false);
}
