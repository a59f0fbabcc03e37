/*
 * src/load/query_parse.c
 *		From the JSON of a query to a tree of levels.
 *
 * Strict: every key must be known where it stands, and hold what it can hold.
 * Each error names the place.  Whether models, associations and columns exist
 * is not asked here.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "load/query.h"

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

TA_NORETURN static void
wrong_kind(const char *path, const JsonbValue *value, const char *wanted)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("expected %s, but found %s", wanted, ta_json_kind(value)),
					errdetail("At %s.", ta_query_at(path))));
}

TA_NORETURN static void
unknown_key(const char *path, const char *key, List *known)
{
	const char *nearest = ta_err_nearest(key, known);

	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown key \"%s\"", key),
					errdetail("At %s.", ta_query_path_key(path, key)),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Known here are %s.", ta_err_join(known, ", "))));
}

/* ---- values ---- */

static TaSay
read_bool(const JsonbValue *value, const char *path)
{
	if (value->type != jbvBool)
		wrong_kind(path, value, "true or false");
	return value->val.boolean ? TA_SAY_YES : TA_SAY_NO;
}

static char *
read_string(const JsonbValue *value, const char *path, const char *wanted)
{
	char *string = ta_json_string(value);

	if (string == NULL)
		wrong_kind(path, value, wanted);
	if (string[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected %s, but found an empty string", wanted),
						errdetail("At %s.", ta_query_at(path))));
	return string;
}

/* A number of rows; null is none. */
static int64
read_count(const JsonbValue *value, const char *path, int64 none)
{
	Numeric number;
	int64 count = -1;

	if (value->type == jbvNull)
		return none;
	if (value->type != jbvNumeric)
		wrong_kind(path, value, "a number");
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
		return make_name(path, read_string(value, path, "a column"), NULL);
	items = ta_json_array(pair);
	if (list_length(items) != 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a column and its name in the result, but found a list of "
							   "%d",
							   list_length(items)),
						errdetail("At %s.", path), errhint("For example [\"title\", \"name\"].")));
	return make_name(path, read_string(linitial(items), ta_query_path_item(path, 0), "a column"),
					 read_string(lsecond(items), ta_query_path_item(path, 1), "a name"));
}

/* A list of attributes, plain: no new names. */
static List *
read_attributes(const JsonbValue *value, const char *path, bool plain)
{
	JsonbContainer *array = ta_json_container(value, false);
	List *names = NIL;
	ListCell *lc;

	if (array == NULL)
		wrong_kind(path, value, "a list of columns");
	foreach(lc, ta_json_array(array))
	{
		const char *item = ta_query_path_item(path, foreach_current_index(lc));

		names =
			lappend(names, plain ? make_name(item, read_string(lfirst(lc), item, "a column"), NULL)
								 : read_attribute(lfirst(lc), item));
	}
	return names;
}

/* ["id", "title"], or {"include": [...], "exclude": [...]} */
static void
parse_attributes(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	ListCell *lc;

	if (object == NULL)
	{
		query->attributes_said = true;
		query->attributes = read_attributes(value, path, false);
		return;
	}
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);

		if (strcmp(pair->key, "include") == 0)
			query->attributes_more = read_attributes(pair->value, at, false);
		else if (strcmp(pair->key, "exclude") == 0)
			query->attributes_less = read_attributes(pair->value, at, true);
		else
			unknown_key(path, pair->key, list_make2("include", "exclude"));
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

		words = lappend(words, read_string(lfirst(lc), item, "a name or direction"));
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

static void
parse_order(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);
	ListCell *lc;

	query->order_said = true;
	if (array == NULL)
	{
		query->order = list_make1(
			read_order_text(read_string(value, path, "a list of columns to order by"), path));
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
						: read_order_text(read_string(lfirst(lc), item, "a column"), item));
	}
}

/* ---- levels ---- */

typedef void (*ParseKey)(TaQuery *query, const JsonbValue *value, const char *path);

typedef struct Key
{
	const char *name;
	bool roots; /* may stand at the top */
	bool included; /* may stand in an include */
	ParseKey parse; /* NULL: not there yet */
} Key;

static TaQuery *parse_level(const JsonbValue *value, const char *path);

static void
parse_where(TaQuery *query, const JsonbValue *value, const char *path)
{
	if (value->type != jbvNull)
		query->where = value;
}

static void
parse_limit(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->limit = read_count(value, path, -1);
}

static void
parse_offset(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->offset = read_count(value, path, 0);
}

static void
parse_paranoid(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->paranoid = read_bool(value, path);
}

static void
parse_required(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->required = read_bool(value, path);
}

static void
parse_association(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->association = read_string(value, path, "an association");
}

static void
parse_all(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->all = read_bool(value, path);
}

static void
parse_nested(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->nested = read_bool(value, path);
}

static void
parse_as(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->shown = read_string(value, path, "a name");
}

static void
parse_numbers(TaQuery *query, const JsonbValue *value, const char *path)
{
	char *how = read_string(value, path, "\"string\" or \"number\"");

	if (strcmp(how, "string") != 0 && strcmp(how, "number") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected \"string\" or \"number\", but found \"%s\"", how),
						errdetail("At %s.", path)));
	query->numbers_quoted = strcmp(how, "string") == 0;
}

static void
parse_through(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	TaQueryThrough *through = palloc0(sizeof(TaQueryThrough));
	ListCell *lc;

	if (object == NULL)
		wrong_kind(path, value, "an object");
	through->path = path;
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);

		if (strcmp(pair->key, "attributes") == 0)
			through->attributes = read_attributes(pair->value, at, false);
		else if (strcmp(pair->key, "where") == 0)
			through->where = pair->value->type != jbvNull ? pair->value : NULL;
		else if (strcmp(pair->key, "as") == 0)
			through->shown = read_string(pair->value, at, "a name");
		else if (strcmp(pair->key, "paranoid") == 0)
			through->paranoid = read_bool(pair->value, at);
		else
			unknown_key(path, pair->key, list_make4("attributes", "where", "as", "paranoid"));
	}
	query->through = through;
}

/* An object with one of these keys is one include, not a set of them by name. */
static bool
describes_one(JsonbContainer *object)
{
	ListCell *lc;

	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);

		if ((strcmp(pair->key, "association") == 0 && pair->value->type == jbvString) ||
			(strcmp(pair->key, "all") == 0 && pair->value->type == jbvBool))
			return true;
	}
	return false;
}

/* All associations are called by their own names; and only they can go on by themselves. */
static void
check_all(const TaQuery *level, const char *path)
{
	const char *key = level->all != TA_SAY_YES ? (level->nested != TA_SAY_NOTHING ? "nested" : NULL)
					  : level->association != NULL ? "association"
					  : level->shown != NULL       ? "as"
					  : level->through != NULL     ? "through"
												   : NULL;

	if (key != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(level->all == TA_SAY_YES ? "\"%s\" is of one association, and not of all"
												 : "\"%s\" goes with \"all\": true",
						key),
				 errdetail("At %s.", ta_query_path_key(path, key))));
}

/* One element of a list of includes: "todos", "todos.tags" or an object. */
static void
include_one(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	TaQuery *level;

	if (object == NULL)
	{
		ta_query_include_dotted(query, read_string(value, path, "an association"), path);
		return;
	}
	level = parse_level(value, path);
	if (level->association == NULL && level->all == TA_SAY_NO)
		return;
	if (level->association == NULL && level->all == TA_SAY_NOTHING)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("an include must name its association"), errdetail("At %s.", path),
						errhint("For example {\"association\": \"todos\", \"limit\": 3}; or "
								"{\"all\": true}.")));
	check_all(level, path);
	query->include = lappend(query->include, level);
}

/* {"assignee": ["id", "name"], "tags": true, "latest": {"association": "todos", "limit": 3}} */
static void
include_by_name(TaQuery *query, JsonbContainer *object, const char *path)
{
	ListCell *lc;

	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);
		TaQuery *level;

		if (pair->value->type == jbvBool)
		{
			if (!pair->value->val.boolean)
				continue;
			level = ta_query_make(at);
		}
		else if (ta_json_container(pair->value, false) != NULL)
		{
			level = ta_query_make(at);
			parse_attributes(level, pair->value, at);
		}
		else if (ta_json_container(pair->value, true) != NULL)
		{
			level = parse_level(pair->value, at);
			check_all(level, at);
		}
		else
		{
			wrong_kind(at, pair->value, "true, a list of attributes or an object");
			continue;
		}
		if (level->association == NULL)
			level->association = pair->key;
		else if (level->shown == NULL)
			level->shown = pair->key;
		query->include = lappend(query->include, level);
	}
}

static void
parse_include(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);
	JsonbContainer *object = ta_json_container(value, true);
	ListCell *lc;

	if (array != NULL)
	{
		foreach(lc, ta_json_array(array))
			include_one(query, lfirst(lc), ta_query_path_item(path, foreach_current_index(lc)));
	}
	else if (object != NULL && !describes_one(object))
		include_by_name(query, object, path);
	else if (object != NULL || value->type == jbvString)
		include_one(query, value, path);
	else
		wrong_kind(path, value, "an association, a list of associations or an object");
}

/* alphabetical */
static const Key keys[] = {
	{"all", false, true, parse_all},
	{"as", false, true, parse_as},
	{"association", false, true, parse_association},
	{"attributes", true, true, parse_attributes},
	{"depth", false, true, NULL},
	{"include", true, true, parse_include},
	{"limit", true, true, parse_limit},
	{"nested", false, true, parse_nested},
	{"numbers", true, false, parse_numbers},
	{"offset", true, true, parse_offset},
	{"on", false, true, NULL},
	{"order", true, true, parse_order},
	{"paranoid", true, true, parse_paranoid},
	{"recursive", false, true, NULL},
	{"required", false, true, parse_required},
	{"right", false, true, NULL},
	{"through", false, true, parse_through},
	{"where", true, true, parse_where},
};

static const Key *
find_key(const char *name, bool roots)
{
	for (int i = 0; i < lengthof(keys); i++)
	{
		if (strcmp(keys[i].name, name) == 0 && (roots ? keys[i].roots : keys[i].included))
			return &keys[i];
	}
	return NULL;
}

static List *
known_keys(bool roots)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(keys); i++)
	{
		if ((roots ? keys[i].roots : keys[i].included) && keys[i].parse != NULL)
			names = lappend(names, unconstify(char *, keys[i].name));
	}
	return names;
}

/* An empty level. */
TaQuery *
ta_query_make(const char *path)
{
	TaQuery *query = palloc0(sizeof(TaQuery));

	query->path = path;
	query->limit = -1;
	return query;
}

/* One level; with path "" the roots. */
static TaQuery *
parse_level(const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	TaQuery *query = ta_query_make(path);
	bool roots = path[0] == '\0';
	ListCell *lc;

	if (object == NULL)
		wrong_kind(path, value, "an object");
	check_stack_depth();
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const Key *key = find_key(pair->key, roots);
		const char *at = ta_query_path_key(path, pair->key);

		if (key == NULL)
			unknown_key(path, pair->key, known_keys(roots));
		if (key->parse == NULL)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("key \"%s\" is not supported yet", pair->key),
							errdetail("At %s.", at)));
		key->parse(query, pair->value, at);
	}
	return query;
}

/* The query of a jsonb; raises 22023 with the place of what is wrong. */
TaQuery *
ta_query_parse_jsonb(Jsonb *query)
{
	JsonbValue value;

	if (JB_ROOT_IS_SCALAR(query))
	{
		(void) JsonbExtractScalar(&query->root, &value);
		if (value.type == jbvString)
			return ta_query_parse_short(ta_json_string(&value));
		wrong_kind("", &value, "an object");
	}
	value.type = jbvBinary;
	value.val.binary.data = &query->root;
	value.val.binary.len = VARSIZE(query) - VARHDRSZ;
	if (JB_ROOT_IS_ARRAY(query))
	{
		/* ["todos", "profile"] is what is included */
		TaQuery *level = ta_query_make("");

		parse_include(level, &value, "");
		return level;
	}
	return parse_level(&value, "");
}

/* The query that was written: JSON if it starts so, else the short form; NULL and '' include nothing. */
TaQuery *
ta_query_parse(const char *text)
{
	const char *start = text;

	while (start != NULL && isspace((unsigned char) *start))
		start++;
	if (start == NULL || *start == '\0')
		return ta_query_make("");
	if (*start == '{' || *start == '[')
		return ta_query_parse_jsonb(ta_json_parse(text));
	return ta_query_parse_short(text);
}
