/*
 * src/load/where_value.c
 *		Values of a condition: from JSON to parameters of a column's type.
 *
 * A value is read by the input function of the column's type, as the caller;
 * its error gets the place in the query.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "load/where.h"
#include "pg/keymatch.h"

/* The text by which a type's input function reads a value; raises for null and containers. */
static char *
text_of(const JsonbValue *value, Oid type, const char *path)
{
	char *text;

	if (type == JSONBOID || type == JSONOID)
	{
		Jsonb *jsonb = JsonbValueToJsonb(unconstify(JsonbValue *, value));

		return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	}
	text = ta_json_scalar_text(value);
	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected a value of type %s, but found %s", ta_type_shown(type, -1),
							   ta_json_kind(value)),
						errdetail("At %s.", path)));
	return text;
}

/* Takes down where a type may read a text otherwise another time: by the clock, a setting or a catalog. */
void
ta_where_note_type(TaParams *params, Oid type)
{
	Oid input;
	Oid parameter;

	getTypeInputInfo(type, &input, &parameter);
	if (func_volatile(input) != PROVOLATILE_IMMUTABLE)
		params->changes = true;
}

/* What the type's input function reads; its error gets the place as DETAIL. */
static Datum
read_text(char *text, Oid type, const char *path)
{
	MemoryContext context = CurrentMemoryContext;
	Datum result = (Datum) 0;
	Oid input;
	Oid parameter;

	getTypeInputInfo(type, &input, &parameter);
	PG_TRY();
	{
		result = OidInputFunctionCall(input, text, parameter, -1);
	}
	PG_CATCH();
	{
		ErrorData *error;

		/* raised again at once: only where it stands is added */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->detail = error->detail != NULL ? psprintf("At %s. %s", path, error->detail)
											  : psprintf("At %s.", path);
		ReThrowError(error);
	}
	PG_END_TRY();
	return result;
}

static Datum
read_value(const JsonbValue *value, Oid type, const char *path)
{
	return read_text(text_of(value, type, path), type, path);
}

/* The type that values of a column are bound as: a domain's base. */
Oid
ta_where_value_type(Oid type)
{
	return getBaseType(type);
}

/* $3: the value as a parameter of the column's type; a JSON array becomes an array where the type is one. */
char *
ta_where_value(TaParams *params, const JsonbValue *value, Oid type, const char *path)
{
	JsonbContainer *array = ta_json_container(value, false);
	Oid base = getBaseType(type);
	Oid element = get_element_type(base);
	Datum datum = array != NULL && OidIsValid(element) ? ta_where_array(array, element, path)
													   : read_value(value, base, path);

	ta_where_note_type(params, array != NULL && OidIsValid(element) ? getBaseType(element) : base);
	return psprintf("$%d", ta_params_add(params, base, datum, false));
}

/* The elements as an array of the type. */
Datum
ta_where_array(JsonbContainer *array, Oid element, const char *path)
{
	List *items = ta_json_array(array);
	int count = list_length(items);
	Datum *values = palloc(sizeof(Datum) * Max(count, 1));
	Oid base = getBaseType(element);
	int16 length;
	bool by_value;
	char align;
	ListCell *lc;

	get_typlenbyvalalign(base, &length, &by_value, &align);
	foreach(lc, items)
	{
		const char *at = ta_query_path_item(path, foreach_current_index(lc));

		if (((JsonbValue *) lfirst(lc))->type == jbvNull)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("null cannot be in a list of values"), errdetail("At %s.", at),
							errhint("Ask for it beside the list: {\"or\": [{\"column\": [...]}, "
									"{\"column\": null}]}.")));
		values[foreach_current_index(lc)] = read_value(lfirst(lc), base, at);
	}
	return PointerGetDatum(construct_array(values, count, base, length, by_value, align));
}
