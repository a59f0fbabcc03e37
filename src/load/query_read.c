/*
 * src/load/query_read.c
 *		What the keys of a query hold: names, numbers, attributes, orders; and the places of errors.
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "load/query_read.h"

/* ---- places ---- */

/* Whether the key needs no quotes in a path. */
static bool
is_plain(const char *key)
{
	if (key[0] == '\0')
		return false;
	for (const char *c = key; *c != '\0'; c++)
	{
		if (!isalnum((unsigned char) *c) && *c != '_' && *c != '$' && !IS_HIGHBIT_SET(*c))
			return false;
	}
	return true;
}

/* The place of a key's value: include[0].where, where."a.b" */
const char *
ta_query_path_key(const char *path, const char *key)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, path);
	if (path[0] != '\0')
		appendStringInfoChar(&buf, '.');
	if (is_plain(key))
		appendStringInfoString(&buf, key);
	else
		ta_json_put_string(&buf, key);
	return buf.data;
}

/* The place of an element: include[0] */
const char *
ta_query_path_item(const char *path, int item)
{
	return psprintf("%s[%d]", path, item);
}

/* For errdetail("At %s.", ...) */
const char *
ta_query_at(const char *path)
{
	return path[0] != '\0' ? path : "the top of the query";
}

/* ---- errors ---- */

TA_NORETURN void
ta_query_wrong_kind(const char *path, const JsonbValue *value, const char *wanted)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("expected %s, but found %s", wanted, ta_json_kind(value)),
					errdetail("At %s.", ta_query_at(path))));
}

TA_NORETURN void
ta_query_unknown_key(const char *path, const char *key, List *known)
{
	const char *nearest = ta_err_nearest(key, known);

	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown key \"%s\"", key),
					errdetail("At %s.", ta_query_path_key(path, key)),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Known here are %s.", ta_err_join(known, ", "))));
}

/* ---- values ---- */

TaSay
ta_query_read_bool(const JsonbValue *value, const char *path)
{
	if (value->type != jbvBool)
		ta_query_wrong_kind(path, value, "true or false");
	return value->val.boolean ? TA_SAY_YES : TA_SAY_NO;
}

char *
ta_query_read_string(const JsonbValue *value, const char *path, const char *wanted)
{
	char *string = ta_json_string(value);

	if (string == NULL)
		ta_query_wrong_kind(path, value, wanted);
	if (string[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected %s, but found an empty string", wanted),
						errdetail("At %s.", ta_query_at(path))));
	return string;
}

/* A number of rows; null is none. */
int64
ta_query_read_count(const JsonbValue *value, const char *path, int64 none)
{
	Numeric number;
	int64 count = -1;

	if (value->type == jbvNull)
		return none;
	if (value->type != jbvNumeric)
		ta_query_wrong_kind(path, value, "a number");
	number = value->val.numeric;
	if (!numeric_is_nan(number) && !numeric_is_inf(number) &&
		DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(number),
										 DirectFunctionCall2(numeric_trunc, NumericGetDatum(number),
															 Int32GetDatum(0)))) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, NumericGetDatum(number),
										 NumericGetDatum(int64_to_numeric(PG_INT64_MAX)))))
		count = DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(number),
												 NumericGetDatum(int64_to_numeric(0))))
					? -1
					: DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(number)));
	if (count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected a number of rows, but found %s", ta_json_scalar_text(value)),
				 errdetail("At %s.", path), errhint("Use a whole number, 0 or more; or null.")));
	return count;
}

/* ---- attributes ---- */

static TaQueryName *
make_name(const char *path, const char *name, const char *shown)
{
	TaQueryName *made = palloc0(sizeof(TaQueryName));

	made->path = path;
	made->name = name;
	made->shown = shown;
	return made;
}

/* "title", or ["title", "shown as"] */
static TaQueryName *
read_attribute(const JsonbValue *value, const char *path)
{
	JsonbContainer *pair = ta_json_container(value, false);
	List *items;

	if (pair == NULL)
		return make_name(path, ta_query_read_string(value, path, "a column"), NULL);
	items = ta_json_array(pair);
	if (list_length(items) != 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a column and its name in the result, but found a list of "
							   "%d",
							   list_length(items)),
						errdetail("At %s.", path), errhint("For example [\"title\", \"name\"].")));
	return make_name(path,
					 ta_query_read_string(linitial(items), ta_query_path_item(path, 0), "a column"),
					 ta_query_read_string(lsecond(items), ta_query_path_item(path, 1), "a name"));
}

/* A list of attributes, plain: no new names. */
List *
ta_query_read_attributes(const JsonbValue *value, const char *path, bool plain)
{
	JsonbContainer *array = ta_json_container(value, false);
	List *names = NIL;
	ListCell *lc;

	if (array == NULL)
		ta_query_wrong_kind(path, value, "a list of columns");
	foreach(lc, ta_json_array(array))
	{
		const char *item = ta_query_path_item(path, foreach_current_index(lc));

		names = lappend(names,
						plain ? make_name(item, ta_query_read_string(lfirst(lc), item, "a column"),
										  NULL)
							  : read_attribute(lfirst(lc), item));
	}
	return names;
}

/* ["id", "title"], or {"include": [...], "exclude": [...]} */
void
ta_query_parse_attributes(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	ListCell *lc;

	if (object == NULL)
	{
		query->attributes_said = true;
		query->attributes = ta_query_read_attributes(value, path, false);
		return;
	}
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);

		if (strcmp(pair->key, "include") == 0)
			query->attributes_more = ta_query_read_attributes(pair->value, at, false);
		else if (strcmp(pair->key, "exclude") == 0)
			query->attributes_less = ta_query_read_attributes(pair->value, at, true);
		else
			ta_query_unknown_key(path, pair->key, list_make2("include", "exclude"));
	}
}

/* ---- order ---- */

/* Takes the last string of the list off if it is a direction: "DESC", "ASC NULLS LAST". */
static List *
take_direction(List *words, TaQueryOrder *order)
{
	const char *last = llast(words);
	const char *rest = last;

	if (list_length(words) < 2)
		return words;
	if (pg_strncasecmp(last, "desc", 4) == 0)
	{
		order->descending = true;
		rest = last + 4;
	}
	else if (pg_strncasecmp(last, "asc", 3) == 0)
		rest = last + 3;
	while (*rest == ' ')
		rest++;
	if (pg_strcasecmp(rest, "nulls first") == 0)
		order->nulls_first = TA_SAY_YES;
	else if (pg_strcasecmp(rest, "nulls last") == 0)
		order->nulls_first = TA_SAY_NO;
	else if (*rest != '\0' || rest == last)
	{
		order->descending = false;
		return words;
	}
	return list_truncate(words, list_length(words) - 1);
}

/* The parts of a dotted name, as a list of char *. */
List *
ta_query_split_dots(const char *text)
{
	List *parts = NIL;
	const char *start = text;

	for (;;)
	{
		const char *end = strchrnul(start, '.');

		parts = lappend(parts, pnstrdup(start, end - start));
		if (*end == '\0')
			return parts;
		start = end + 1;
	}
}

/* "createdAt", "-createdAt", "assignee.name DESC" */
static TaQueryOrder *
read_order_text(const char *text, const char *path)
{
	TaQueryOrder *order = palloc0(sizeof(TaQueryOrder));
	const char *blank;
	List *words;

	order->path = path;
	if (text[0] == '-')
	{
		order->descending = true;
		order->names = ta_query_split_dots(text + 1);
		return order;
	}
	/* a column may have blanks in its name: what stands behind one must be a direction */
	for (blank = strchr(text, ' '); blank != NULL; blank = strchr(blank + 1, ' '))
	{
		const char *behind = blank;

		while (*behind == ' ')
			behind++;
		words = list_make2(pnstrdup(text, blank - text), (char *) behind);
		if (list_length(take_direction(words, order)) == 1)
		{
			order->names = ta_query_split_dots(pnstrdup(text, blank - text));
			return order;
		}
	}
	order->names = ta_query_split_dots(text);
	return order;
}

/* ["createdAt", "DESC"], ["assignee", "name", "DESC NULLS LAST"] */
static TaQueryOrder *
read_order_list(JsonbContainer *array, const char *path)
{
	TaQueryOrder *order = palloc0(sizeof(TaQueryOrder));
	List *words = NIL;
	ListCell *lc;

	order->path = path;
	foreach(lc, ta_json_array(array))
	{
		const char *item = ta_query_path_item(path, foreach_current_index(lc));

		words = lappend(words, ta_query_read_string(lfirst(lc), item, "a name or direction"));
	}
	if (words == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a column to order by, but found an empty list"),
						errdetail("At %s.", path)));
	words = take_direction(words, order);
	/* a name alone may be dotted, as it may without the list */
	order->names = list_length(words) == 1 ? ta_query_split_dots(linitial(words)) : words;
	return order;
}

void
ta_query_parse_order(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);
	ListCell *lc;

	query->order_said = true;
	if (array == NULL)
	{
		query->order = list_make1(
			read_order_text(ta_query_read_string(value, path, "a list of columns to order by"),
							path));
		return;
	}
	foreach(lc, ta_json_array(array))
	{
		const char *item = ta_query_path_item(path, foreach_current_index(lc));
		JsonbContainer *list = ta_json_container(lfirst(lc), false);

		query->order =
			lappend(query->order,
					list != NULL
						? read_order_list(list, item)
						: read_order_text(ta_query_read_string(lfirst(lc), item, "a column"),
										  item));
	}
}
