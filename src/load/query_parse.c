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

#include "load/query_read.h"

/* ---- levels ---- */

typedef void (*ParseKey)(TaQuery *query, const JsonbValue *value, const char *path);

/* Where a key may stand. */
typedef enum Place
{
	AT_TOP = 1,
	AT_ONE = 2, /* at the top of a query about one association of one row */
	AT_INCLUDE = 4,
	AT_TARGET = 8 /* what is said of one model of a polymorphic association */
} Place;

#define AT_ASSOCIATION (AT_ONE | AT_INCLUDE)
#define AT_LEVEL (AT_TOP | AT_ASSOCIATION)
#define ANYWHERE (AT_LEVEL | AT_TARGET)

typedef struct Key
{
	const char *name;
	int places;
	ParseKey parse;
} Key;

static TaQuery *parse_level(const JsonbValue *value, const char *path, Place place);

static void
parse_where(TaQuery *query, const JsonbValue *value, const char *path)
{
	if (value->type != jbvNull)
		query->where = value;
}

static void
parse_limit(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->limit = ta_query_read_count(value, path, -1);
}

static void
parse_on(TaQuery *query, const JsonbValue *value, const char *path)
{
	if (value->type != jbvNull)
		query->on = value;
}

static void
parse_offset(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->offset = ta_query_read_count(value, path, 0);
}

static void
parse_paranoid(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->paranoid = ta_query_read_bool(value, path);
}

static void
parse_required(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->required = ta_query_read_bool(value, path);
}

static void
parse_right(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->right = ta_query_read_bool(value, path);
}

static void
parse_association(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->association = ta_query_read_string(value, path, "an association");
}

static void
parse_all(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->all = ta_query_read_bool(value, path);
}

static void
parse_nested(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->nested = ta_query_read_bool(value, path);
}

static void
parse_recursive(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->recursive = ta_query_read_bool(value, path);
}

static void
parse_depth(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->depth = ta_query_read_count(value, path, -1);
	if (query->depth == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a depth of 0 includes nothing"), errdetail("At %s.", path),
						errhint("Use a whole number, 1 or more; or null for all levels.")));
}

static void
parse_as(TaQuery *query, const JsonbValue *value, const char *path)
{
	query->shown = ta_query_read_string(value, path, "a name");
}

static void
parse_numbers(TaQuery *query, const JsonbValue *value, const char *path)
{
	char *how = ta_query_read_string(value, path, "\"string\" or \"number\"");

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
		ta_query_wrong_kind(path, value, "an object");
	through->path = path;
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);

		if (strcmp(pair->key, "attributes") == 0)
			through->attributes = ta_query_read_attributes(pair->value, at, false);
		else if (strcmp(pair->key, "where") == 0)
			through->where = pair->value->type != jbvNull ? pair->value : NULL;
		else if (strcmp(pair->key, "as") == 0)
			through->shown = ta_query_read_string(pair->value, at, "a name");
		else if (strcmp(pair->key, "paranoid") == 0)
			through->paranoid = ta_query_read_bool(pair->value, at);
		else
			ta_query_unknown_key(path, pair->key,
								 list_make4("attributes", "where", "as", "paranoid"));
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
					  : level->association != NULL     ? "association"
					  : level->shown != NULL           ? "as"
					  : level->through != NULL         ? "through"
					  : level->on != NULL              ? "on"
					  : level->right == TA_SAY_YES     ? "right"
					  : level->recursive == TA_SAY_YES ? "recursive"
													   : NULL;

	if (key != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(level->all == TA_SAY_YES ? "\"%s\" is of one association, and not of all"
												 : "\"%s\" goes with \"all\": true",
						key),
				 errdetail("At %s.", ta_query_path_key(path, key))));
}

static void
check_depth(const TaQuery *level, const char *path)
{
	if (level->depth >= 0 && level->recursive != TA_SAY_YES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"depth\" goes with \"recursive\": true"),
						errdetail("At %s.", ta_query_path_key(path, "depth"))));
}

/* Options of one include that go together. */
static void
check_include(const TaQuery *level, const char *path)
{
	check_all(level, path);
	check_depth(level, path);
}

/* One element of a list of includes: "todos", "todos.tags" or an object. */
static void
include_one(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	TaQuery *level;

	if (object == NULL)
	{
		ta_query_include_dotted(query, ta_query_read_string(value, path, "an association"), path);
		return;
	}
	level = parse_level(value, path, AT_INCLUDE);
	if (level->association == NULL && level->all == TA_SAY_NO)
		return;
	if (level->association == NULL && level->all == TA_SAY_NOTHING)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("an include must name its association"), errdetail("At %s.", path),
						errhint("For example {\"association\": \"todos\", \"limit\": 3}; or "
								"{\"all\": true}.")));
	check_include(level, path);
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
			ta_query_parse_attributes(level, pair->value, at);
		}
		else if (ta_json_container(pair->value, true) != NULL)
		{
			level = parse_level(pair->value, at, AT_INCLUDE);
			check_include(level, at);
		}
		else
		{
			ta_query_wrong_kind(at, pair->value, "true, a list of attributes or an object");
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
		ta_query_wrong_kind(path, value, "an association, a list of associations or an object");
}

/* {"Post": {"include": "author"}, "Photo": ["url"]}: what is said of one model of several */
static void
parse_targets(TaQuery *query, const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);
	ListCell *lc;

	if (object == NULL)
		ta_query_wrong_kind(path, value, "an object with the names of models");
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const char *at = ta_query_path_key(path, pair->key);
		TaQuery *level;

		if (ta_json_container(pair->value, false) != NULL)
		{
			level = ta_query_make(at);
			ta_query_parse_attributes(level, pair->value, at);
		}
		else if (ta_json_container(pair->value, true) != NULL)
			level = parse_level(pair->value, at, AT_TARGET);
		else
		{
			ta_query_wrong_kind(at, pair->value, "a list of attributes or an object");
			continue;
		}
		level->association = pair->key;
		query->targets = lappend(query->targets, level);
	}
}

/* alphabetical */
static const Key keys[] = {
	{"all", AT_INCLUDE, parse_all},
	{"as", AT_INCLUDE, parse_as},
	{"association", AT_INCLUDE, parse_association},
	{"attributes", ANYWHERE, ta_query_parse_attributes},
	{"depth", AT_ASSOCIATION, parse_depth},
	{"include", ANYWHERE, parse_include},
	{"limit", AT_LEVEL, parse_limit},
	{"nested", AT_INCLUDE, parse_nested},
	{"numbers", AT_TOP | AT_ONE, parse_numbers},
	{"offset", AT_LEVEL, parse_offset},
	{"on", AT_ASSOCIATION, parse_on},
	{"order", AT_LEVEL, ta_query_parse_order},
	{"paranoid", ANYWHERE, parse_paranoid},
	{"recursive", AT_ASSOCIATION, parse_recursive},
	{"required", AT_INCLUDE, parse_required},
	{"right", AT_INCLUDE, parse_right},
	{"targets", AT_ASSOCIATION, parse_targets},
	{"through", AT_ASSOCIATION, parse_through},
	{"where", ANYWHERE, parse_where},
};

static const Key *
find_key(const char *name, Place place)
{
	for (int i = 0; i < lengthof(keys); i++)
	{
		if (strcmp(keys[i].name, name) == 0 && (keys[i].places & place) != 0)
			return &keys[i];
	}
	return NULL;
}

static List *
known_keys(Place place)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(keys); i++)
	{
		if ((keys[i].places & place) != 0)
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
	query->depth = -1;
	return query;
}

/* One level. */
static TaQuery *
parse_level(const JsonbValue *value, const char *path, Place place)
{
	JsonbContainer *object = ta_json_container(value, true);
	TaQuery *query = ta_query_make(path);
	ListCell *lc;

	if (object == NULL)
		ta_query_wrong_kind(path, value, "an object");
	check_stack_depth();
	foreach(lc, ta_json_object(object))
	{
		TaJsonPair *pair = lfirst(lc);
		const Key *key = find_key(pair->key, place);
		const char *at = ta_query_path_key(path, pair->key);

		if (key == NULL)
			ta_query_unknown_key(path, pair->key, known_keys(place));
		key->parse(query, pair->value, at);
	}
	return query;
}

/* The query of a jsonb, about a model's rows or those of one association; raises 22023 with the place of what is wrong. */
TaQuery *
ta_query_parse_jsonb(Jsonb *query, bool of_one)
{
	JsonbValue value;
	TaQuery *level;

	if (JB_ROOT_IS_SCALAR(query))
	{
		(void) JsonbExtractScalar(&query->root, &value);
		if (value.type == jbvString)
			return ta_query_parse_short(ta_json_string(&value));
		ta_query_wrong_kind("", &value, "an object");
	}
	value.type = jbvBinary;
	value.val.binary.data = &query->root;
	value.val.binary.len = VARSIZE(query) - VARHDRSZ;
	if (JB_ROOT_IS_ARRAY(query))
	{
		/* ["todos", "profile"] is what is included */
		level = ta_query_make("");
		parse_include(level, &value, "");
		return level;
	}
	level = parse_level(&value, "", of_one ? AT_ONE : AT_TOP);
	check_depth(level, "");
	return level;
}

/* The query that was written: JSON if it starts so, else the short form; NULL and '' include nothing. */
TaQuery *
ta_query_parse(const char *text, bool of_one)
{
	const char *start = text;

	while (start != NULL && isspace((unsigned char) *start))
		start++;
	if (start == NULL || *start == '\0')
		return ta_query_make("");
	if (*start == '{' || *start == '[')
		return ta_query_parse_jsonb(ta_json_parse(text), of_one);
	return ta_query_parse_short(text);
}
