/*
 * src/base/json.c
 *		Strict reading of JSON objects, and writing of JSON text.
 *
 * A thin layer over jsonb: what may stand in an object, and the error when it
 * does not, is the caller's.  Results are in the caller's context.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/json.h"

/* Parses JSON text; jsonb's own error (22P02) says where it is wrong. */
Jsonb *
ta_json_parse(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* Reads the members of an object or array into a list of TaJsonPair or JsonbValue. */
static List *
members(JsonbContainer *container, bool object)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	List *result = NIL;
	TaJsonPair *pair = NULL;
	JsonbValue value;
	JsonbIteratorToken token;

	/* skipNested: a nested object or array arrives whole, as jbvBinary */
	(void) JsonbIteratorNext(&it, &value, true);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			pair = palloc0(sizeof(TaJsonPair));
			pair->key = pnstrdup(value.val.string.val, value.val.string.len);
		}
		else if (token == WJB_VALUE || token == WJB_ELEM)
		{
			JsonbValue *copy = palloc(sizeof(JsonbValue));

			*copy = value;
			/* an array has no pairs, whoever asks for them */
			if (!object)
				result = lappend(result, copy);
			else if (pair != NULL)
			{
				pair->value = copy;
				result = lappend(result, pair);
			}
		}
	}
	return result;
}

/* The pairs of an object, as TaJsonPair, ordered as jsonb keeps them. */
List *
ta_json_object(JsonbContainer *container)
{
	Assert(JsonContainerIsObject(container));
	return members(container, true);
}

/* The elements of an array, as JsonbValue. */
List *
ta_json_array(JsonbContainer *container)
{
	Assert(JsonContainerIsArray(container));
	return members(container, false);
}

/* What the value is, for an error message: "a string", "an object", ... */
const char *
ta_json_kind(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		case jbvBinary:
			return JsonContainerIsObject(value->val.binary.data) ? "an object" : "an array";
		default:
			return "a value";
	}
}

/* The object or array that a value is, or NULL. */
JsonbContainer *
ta_json_container(const JsonbValue *value, bool object)
{
	if (value->type != jbvBinary)
		return NULL;
	if (object ? JsonContainerIsObject(value->val.binary.data)
			   : JsonContainerIsArray(value->val.binary.data))
		return value->val.binary.data;
	return NULL;
}

/* The text of a string value, or NULL when it is none. */
char *
ta_json_string(const JsonbValue *value)
{
	if (value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A scalar as the text that a column's input function reads; NULL for null and containers. */
char *
ta_json_scalar_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return ta_json_string(value);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

/* Whether the JSON is an object of scalars and of arrays of scalars, with one member at least. */
bool
ta_json_is_flat_object(const char *text)
{
	Jsonb *jsonb = ta_json_parse(text);
	ListCell *lc;

	if (!JB_ROOT_IS_OBJECT(jsonb) || JB_ROOT_COUNT(jsonb) == 0)
		return false;
	foreach(lc, ta_json_object(&jsonb->root))
	{
		JsonbValue *value = ((TaJsonPair *) lfirst(lc))->value;
		JsonbContainer *array = ta_json_container(value, false);
		ListCell *lv;

		if (array == NULL && value->type == jbvBinary)
			return false;
		foreach(lv, array != NULL ? ta_json_array(array) : NIL)
		{
			if (((JsonbValue *) lfirst(lv))->type == jbvBinary)
				return false;
		}
	}
	return true;
}

/* Appends the text as a JSON string. */
void
ta_json_put_string(StringInfo out, const char *text)
{
	escape_json(out, text);
}
