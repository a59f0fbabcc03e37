/*
 * src/load/where_op.c
 *		Operators of conditions, by Sequelize's names.
 *
 * Comparisons are those of the type's default btree class.  Pattern operators
 * are for text; those of other text-like types, such as citext, are looked for
 * beside the type.  So what a query means does not depend on the search path.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "load/allow.h"
#include "load/where.h"
#include "pg/keymatch.h"

/* the strategy of what is not equal: btree has none */
#define DIFFERS (-1)

typedef struct Operator Operator;
typedef char *(*WriteOperator)(const TaOperand *operand, const Operator *op,
							   const JsonbValue *value, const char *path);

struct Operator
{
	const char *name;
	WriteOperator write;
	int strategy; /* a comparison's */
	const char *sql; /* else the operator's name */
	const char *pattern; /* what stands around a literal text: "%s%" for substring */
	bool negated;
};

static char *pair_sql(const TaOperand *operand, const TaJsonPair *pair, const char *path);
static char *
list_sql(const TaOperand *operand, const JsonbValue *value, const char *path, bool negated);

/* ---- finding operators ---- */

static void
no_operator(const TaOperand *operand, const char *name, const char *path)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
					errmsg("operator \"%s\" is not for column \"%s\" of type %s", name,
						   operand->name, ta_type_shown(operand->type, -1)),
					errdetail("At %s.", path)));
}

/* The comparison of two values of the operand's type. */
static char *
comparison(const TaOperand *operand, int strategy, const char *name, const char *path)
{
	Oid class = GetDefaultOpClass(getBaseType(operand->type), BTREE_AM_OID);
	Oid op = InvalidOid;

	if (OidIsValid(class))
	{
		Oid input = get_opclass_input_type(class);

		op = get_opfamily_member(get_opclass_family(class), input, input,
								 strategy != DIFFERS ? strategy : BTEqualStrategyNumber);
		if (strategy == DIFFERS && OidIsValid(op))
			op = get_negator(op);
	}
	if (!OidIsValid(op))
		no_operator(operand, name, path);
	return ta_operator_sql(op);
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID;
}

/* The operator of that name for the operand's type and itself, beside the type; InvalidOid: none. */
static Oid
operator_beside(Oid type, const char *name)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid schema;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	schema = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
	ReleaseSysCache(tuple);
	return OpernameGetOprid(list_make2(makeString(get_namespace_name(schema)),
									   makeString(pstrdup(name))),
							type, type);
}

/* ---- values ---- */

/* {"col": "other"}: another column instead of a value; NULL: it is none. */
static char *
other_column(const TaOperand *operand, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	List *pairs = object != NULL ? ta_json_object(object) : NIL;
	TaJsonPair *pair = list_length(pairs) == 1 ? linitial(pairs) : NULL;
	const char *at;
	char *name;
	char *column;

	if (pair == NULL || strcmp(pair->key, "col") != 0)
		return NULL;
	at = ta_query_path_key(path, "col");
	name = ta_json_string(pair->value);
	if (name == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a column, but found %s", ta_json_kind(pair->value)),
						errdetail("At %s.", at)));
	column = ta_on_column_sql(operand->table, name, at);
	if (column != NULL)
		return column;
	name = ta_node_column(operand->table->model, name, at)->name;
	ta_allow_name(operand->table->allow, TA_ALLOW_WHERE, operand->table->model, name, at);
	return psprintf("%s%s", operand->table->prefix, ta_ident_quote(name));
}

static char *
operand_value(const TaOperand *operand, const JsonbValue *value, const char *path)
{
	char *column = other_column(operand, value, path);

	return column != NULL ? column
						  : ta_where_value(operand->table->params, value, operand->type, path);
}

/* A value that must be a list. */
static JsonbContainer *
list_of(const JsonbValue *value, const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);

	if (array == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a list of values, but found %s", ta_json_kind(value)),
						errdetail("At %s.", path)));
	return array;
}

static char *
text_value(const JsonbValue *value, const char *path)
{
	char *text = ta_json_string(value);

	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a text, but found %s", ta_json_kind(value)),
						errdetail("At %s.", path)));
	return text;
}

/* The list of {"any": [...]}, or NULL. */
static JsonbContainer *
any_of(const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	List *pairs = object != NULL ? ta_json_object(object) : NIL;
	TaJsonPair *pair = list_length(pairs) == 1 ? linitial(pairs) : NULL;

	if (pair == NULL || strcmp(pair->key, "any") != 0)
		return NULL;
	return list_of(pair->value, ta_query_path_key(path, "any"));
}

/* ---- writing ---- */

static char *
write_comparison(const TaOperand *operand, const Operator *op, const JsonbValue *value,
				 const char *path)
{
	if (value->type == jbvNull && ta_where_value_type(operand->type) != JSONBOID)
	{
		if (op->strategy == BTEqualStrategyNumber)
			return psprintf("%s IS NULL", operand->sql);
		if (op->strategy == DIFFERS)
			return psprintf("%s IS NOT NULL", operand->sql);
	}
	if (op->strategy == BTEqualStrategyNumber && any_of(value, path) != NULL)
	{
		JsonbValue list = {.type = jbvBinary, .val.binary.data = any_of(value, path)};

		return list_sql(operand, &list, ta_query_path_key(path, "any"), false);
	}
	return psprintf("%s %s %s", operand->sql, comparison(operand, op->strategy, op->name, path),
					operand_value(operand, value, path));
}

static char *
write_in(const TaOperand *operand, const Operator *op, const JsonbValue *value, const char *path)
{
	return list_sql(operand, value, path, op->negated);
}

/* t.status = ANY ($1), t.status <> ALL ($1) */
static char *
list_sql(const TaOperand *operand, const JsonbValue *value, const char *path, bool negated)
{
	JsonbContainer *array = list_of(value, path);
	Oid base = ta_where_value_type(operand->type);
	Oid array_type = get_array_type(base);
	char *op = comparison(operand, negated ? DIFFERS : BTEqualStrategyNumber,
						  negated ? "notIn" : "in", path);

	if (!OidIsValid(array_type))
		no_operator(operand, negated ? "notIn" : "in", path);
	ta_where_note_type(operand->table->params, base);
	return psprintf("%s %s %s ($%d)", operand->sql, op, negated ? "ALL" : "ANY",
					ta_params_add(operand->table->params, array_type,
								  ta_where_array(array, base, path), false));
}

static char *
write_between(const TaOperand *operand, const Operator *op, const JsonbValue *value,
			  const char *path)
{
	List *bounds = ta_json_array(list_of(value, path));
	char *low;
	char *high;

	if (list_length(bounds) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" needs two values, but found %d", op->name, list_length(bounds)),
				 errdetail("At %s.", path)));
	low = operand_value(operand, linitial(bounds), ta_query_path_item(path, 0));
	high = operand_value(operand, lsecond(bounds), ta_query_path_item(path, 1));
	return psprintf("%s(%s %s %s AND %s %s %s)", op->negated ? "NOT " : "", operand->sql,
					comparison(operand, BTGreaterEqualStrategyNumber, op->name, path), low,
					operand->sql, comparison(operand, BTLessEqualStrategyNumber, op->name, path),
					high);
}

/* The text with what LIKE takes for more than itself escaped. */
static char *
escape_like(const char *text)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (; *text != '\0'; text++)
	{
		if (*text == '%' || *text == '_' || *text == '\\')
			appendStringInfoChar(&buf, '\\');
		appendStringInfoChar(&buf, *text);
	}
	return buf.data;
}

/* One pattern as a parameter. */
static char *
pattern_value(const TaOperand *operand, const Operator *op, const JsonbValue *value,
			  const char *path, Oid type)
{
	char *text = text_value(value, path);
	JsonbValue read = {.type = jbvString};

	if (op->pattern != NULL)
	{
		StringInfoData buf;

		initStringInfo(&buf);
		if (op->pattern[0] == '%')
			appendStringInfoChar(&buf, '%');
		appendStringInfoString(&buf, escape_like(text));
		if (op->pattern[1] == '%')
			appendStringInfoChar(&buf, '%');
		text = buf.data;
	}
	read.val.string.val = text;
	read.val.string.len = strlen(text);
	return ta_where_value(operand->table->params, &read, type, path);
}

/* t.title ~~ $1; of several patterns: (t.title ~~ $1 OR t.title ~~ $2) */
static char *
write_pattern(const TaOperand *operand, const Operator *op, const JsonbValue *value,
			  const char *path)
{
	Oid type = ta_where_value_type(operand->type);
	JsonbContainer *any = any_of(value, path);
	List *tests = NIL;
	ListCell *lc;
	char *sql = psprintf("OPERATOR(pg_catalog.%s)", op->sql);
	Oid beside = is_text(type) ? InvalidOid : operator_beside(type, op->sql);

	if (OidIsValid(beside))
		sql = ta_operator_sql(beside);
	else if (is_text(type))
		type = TEXTOID;
	else
		no_operator(operand, op->name, path);
	if (any == NULL)
		return psprintf("%s %s %s", operand->sql, sql,
						pattern_value(operand, op, value, path, type));
	foreach(lc, ta_json_array(any))
		tests =
			lappend(tests, psprintf("%s %s %s", operand->sql, sql,
									pattern_value(operand, op, lfirst(lc),
												  ta_query_path_item(ta_query_path_key(path, "any"),
																	 foreach_current_index(lc)),
												  type)));
	if (tests == NIL)
		return pstrdup(op->negated ? "true" : "false");
	return psprintf("(%s)", ta_err_join(tests, op->negated ? " AND " : " OR "));
}

/* t.tags @> $1: of arrays, ranges and jsonb; a range also has an element. */
static char *
write_containment(const TaOperand *operand, const Operator *op, const JsonbValue *value,
				  const char *path)
{
	Oid type = ta_where_value_type(operand->type);
	char kind = get_typtype(type);
	Oid element = get_element_type(type);
	bool range = kind == TYPTYPE_RANGE || kind == TYPTYPE_MULTIRANGE;
	bool jsonb = type == JSONBOID && op->sql[0] != '&';
	Oid value_type = type;

	if (!OidIsValid(element) && !range && !jsonb)
		no_operator(operand, op->name, path);
	if (kind == TYPTYPE_RANGE && op->sql[0] == '@' && value->type == jbvNumeric)
		value_type = get_range_subtype(type);
	return psprintf("%s OPERATOR(pg_catalog.%s) %s", operand->sql, op->sql,
					ta_where_value(operand->table->params, value, value_type, path));
}

/* t.done IS TRUE */
static char *
write_is(const TaOperand *operand, const Operator *op, const JsonbValue *value, const char *path)
{
	const char *not = op->negated ? "NOT " : "";

	if (value->type == jbvNull)
		return psprintf("%s IS %sNULL", operand->sql, not );
	if (value->type != jbvBool)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected null, true or false, but found %s", ta_json_kind(value)),
						errdetail("At %s.", path)));
	if (ta_where_value_type(operand->type) != BOOLOID)
		no_operator(operand, op->name, path);
	return psprintf("%s IS %s%s", operand->sql, not, value->val.boolean ? "TRUE" : "FALSE");
}

/* {"not": null}, {"not": true}, {"not": [1, 2]}, {"not": 5}, {"not": {"gt": 5}} */
static char *
write_not(const TaOperand *operand, const Operator *op, const JsonbValue *value, const char *path)
{
	static const Operator differs = {.name = "not", .strategy = DIFFERS};

	if (value->type == jbvNull || value->type == jbvBool)
		return write_is(operand, op, value, path);
	if (ta_json_container(value, false) != NULL)
		return list_sql(operand, value, path, true);
	if (ta_json_container(value, true) != NULL)
		return psprintf("NOT (%s)", ta_where_operand_sql(operand, value, path));
	return write_comparison(operand, &differs, value, path);
}

/* {"or": [{"lt": 5}, {"gt": 10}, null]}, {"or": {"lt": 5, "gt": 10}} */
static char *
write_junction(const TaOperand *operand, const Operator *op, const JsonbValue *value,
			   const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);
	JsonbContainer *object = ta_json_container(value, true);
	List *parts = NIL;
	ListCell *lc;

	if (array != NULL)
	{
		foreach(lc, ta_json_array(array))
			parts =
				lappend(parts,
						ta_where_operand_sql(operand, lfirst(lc),
											 ta_query_path_item(path, foreach_current_index(lc))));
	}
	else if (object != NULL)
	{
		foreach(lc, ta_json_object(object))
		{
			TaJsonPair *pair = lfirst(lc);

			parts = lappend(parts, pair_sql(operand, pair, path));
		}
	}
	else
		(void) list_of(value, path);
	if (parts == NIL)
		return pstrdup(op->negated ? "false" : "true");
	return psprintf("(%s)", ta_err_join(parts, op->negated ? " OR " : " AND "));
}

/* alphabetical */
static const Operator operators[] = {
	{.name = "adjacent", .write = write_containment, .sql = "-|-"},
	{.name = "and", .write = write_junction},
	{.name = "any", .write = write_in},
	{.name = "between", .write = write_between},
	{.name = "contained", .write = write_containment, .sql = "<@"},
	{.name = "contains", .write = write_containment, .sql = "@>"},
	{.name = "endsWith", .write = write_pattern, .sql = "~~", .pattern = "%-"},
	{.name = "eq", .write = write_comparison, .strategy = BTEqualStrategyNumber},
	{.name = "gt", .write = write_comparison, .strategy = BTGreaterStrategyNumber},
	{.name = "gte", .write = write_comparison, .strategy = BTGreaterEqualStrategyNumber},
	{.name = "iLike", .write = write_pattern, .sql = "~~*"},
	{.name = "iRegexp", .write = write_pattern, .sql = "~*"},
	{.name = "in", .write = write_in},
	{.name = "is", .write = write_is},
	{.name = "like", .write = write_pattern, .sql = "~~"},
	{.name = "lt", .write = write_comparison, .strategy = BTLessStrategyNumber},
	{.name = "lte", .write = write_comparison, .strategy = BTLessEqualStrategyNumber},
	{.name = "ne", .write = write_comparison, .strategy = DIFFERS},
	{.name = "not", .write = write_not, .negated = true},
	{.name = "notBetween", .write = write_between, .negated = true},
	{.name = "notILike", .write = write_pattern, .sql = "!~~*", .negated = true},
	{.name = "notIRegexp", .write = write_pattern, .sql = "!~*", .negated = true},
	{.name = "notIn", .write = write_in, .negated = true},
	{.name = "notLike", .write = write_pattern, .sql = "!~~", .negated = true},
	{.name = "notRegexp", .write = write_pattern, .sql = "!~", .negated = true},
	{.name = "or", .write = write_junction, .negated = true},
	{.name = "overlap", .write = write_containment, .sql = "&&"},
	{.name = "regexp", .write = write_pattern, .sql = "~"},
	{.name = "startsWith", .write = write_pattern, .sql = "~~", .pattern = "-%"},
	{.name = "substring", .write = write_pattern, .sql = "~~", .pattern = "%%"},
};

static const Operator *
find_operator(const char *name)
{
	for (int i = 0; i < lengthof(operators); i++)
	{
		if (strcmp(operators[i].name, name) == 0)
			return &operators[i];
	}
	return NULL;
}

bool
ta_where_is_operator(const char *name)
{
	return find_operator(name) != NULL;
}

TA_NORETURN static void
unknown_operator(const char *name, const char *path)
{
	List *names = NIL;
	const char *nearest;

	for (int i = 0; i < lengthof(operators); i++)
		names = lappend(names, unconstify(char *, operators[i].name));
	nearest = ta_err_nearest(name, names);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown operator \"%s\"", name), errdetail("At %s.", path),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Operators are %s.", ta_err_join(names, ", "))));
}

/* {"gt": 5}: one operator and its value. */
static char *
pair_sql(const TaOperand *operand, const TaJsonPair *pair, const char *path)
{
	const Operator *op = find_operator(pair->key);
	const char *at = ta_query_path_key(path, pair->key);

	if (op == NULL)
		unknown_operator(pair->key, at);
	return op->write(operand, op, pair->value, at);
}

/* Whether it is {"col": "other"}, another column. */
static bool
is_column(JsonbContainer *object)
{
	List *pairs = ta_json_object(object);

	return list_length(pairs) == 1 && strcmp(((TaJsonPair *) linitial(pairs))->key, "col") == 0;
}

/*
 * The condition on one operand: a value or another column is equality, null IS
 * NULL, a list IN, an object operators, all of which must hold.
 */
char *
ta_where_operand_sql(const TaOperand *operand, const JsonbValue *value, const char *path)
{
	static const Operator equal = {.name = "eq", .strategy = BTEqualStrategyNumber};
	JsonbContainer *object = ta_json_container(value, true);
	List *tests = NIL;
	ListCell *lc;

	if (value->type == jbvNull)
		return psprintf("%s IS NULL", operand->sql);
	if (object == NULL && ta_json_container(value, false) != NULL &&
		!OidIsValid(get_element_type(ta_where_value_type(operand->type))))
		return list_sql(operand, value, path, false);
	if (object == NULL || is_column(object))
		return write_comparison(operand, &equal, value, path);
	foreach(lc, ta_json_object(object))
		tests = lappend(tests, pair_sql(operand, lfirst(lc), path));
	return tests != NIL ? ta_err_join(tests, " AND ") : pstrdup("true");
}
