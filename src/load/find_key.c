/*
 * src/load/find_key.c
 *		A row named by its key.
 *
 * The key is a value of any type: it is read as its column reads what it
 * prints.  Several columns come as JSON, by name or in the key's order.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "load/find_key.h"
#include "pg/keymatch.h"

/* The key as JSON, if it is that; else NULL. */
static Jsonb *
key_json(Datum key, Oid type)
{
	Oid output;
	bool varlena;

	if (type == JSONBOID)
		return DatumGetJsonbP(key);
	if (type != JSONOID && type != TEXTOID)
		return NULL;
	getTypeOutputInfo(type, &output, &varlena);
	return ta_json_parse(OidOutputFunctionCall(output, key));
}

/* t.id = $1 */
static char *
column_test(const TaModel *model, const char *name, Datum value, const char *prefix,
			TaParams *params)
{
	const TaColumn *column = ta_node_column(model, name, "the key");
	Oid type = getBaseType(column->type);

	return psprintf("%s%s %s $%d", prefix, ta_ident_quote(name), ta_key_operator_sql(type, type),
					ta_params_add(params, type, value, false));
}

static Datum
read_text(const TaModel *model, const char *name, char *text)
{
	const TaColumn *column = ta_node_column(model, name, "the key");
	Oid input;
	Oid parameter;

	getTypeInputInfo(getBaseType(column->type), &input, &parameter);
	return OidInputFunctionCall(input, text, parameter, -1);
}

static void
wrong_columns(const TaModel *model)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_plural("the key of \"%s\" has %d column", "the key of \"%s\" has %d columns",
						   list_length(model->key), model->name, list_length(model->key)),
			 errdetail("They are %s.", ta_err_list(model->key, 20)),
			 errhint("Write it as JSON: '{\"%s\": ..., ...}', or '[...]' in this order.",
					 (char *) linitial(model->key))));
}

/* The value of the nth column in the JSON. */
static const JsonbValue *
json_column(const TaModel *model, Jsonb *json, int n)
{
	if (JB_ROOT_IS_OBJECT(json))
	{
		ListCell *lc;

		foreach(lc, ta_json_object(&json->root))
		{
			TaJsonPair *pair = lfirst(lc);

			if (strcmp(pair->key, list_nth(model->key, n)) == 0)
				return pair->value;
		}
		wrong_columns(model);
	}
	/* a scalar is an array of one */
	return list_nth(ta_json_array(&json->root), n);
}

static char *
json_test(const TaModel *model, Jsonb *json, const char *prefix, TaParams *params)
{
	List *tests = NIL;
	ListCell *lc;

	if ((int) JB_ROOT_COUNT(json) != list_length(model->key))
		wrong_columns(model);
	foreach(lc, model->key)
	{
		char *text = ta_json_scalar_text(json_column(model, json, foreach_current_index(lc)));

		if (text == NULL)
			wrong_columns(model);
		tests = lappend(tests, column_test(model, lfirst(lc), read_text(model, lfirst(lc), text),
										   prefix, params));
	}
	return ta_err_join(tests, " AND ");
}

/* What must hold of the row with this key, its values added to the parameters. */
char *
ta_find_key_test(const TaModel *model, Datum key, Oid type, const char *prefix, TaParams *params)
{
	const TaColumn *column;
	Oid output;
	bool varlena;

	if (model->key == NIL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("model \"%s\" has no key", model->name),
						errhint("Give its table a primary key, or say one: SELECT "
								"assoc.define_model(%s, key => 'id').",
								quote_literal_cstr(model->name))));
	if (type == JSONOID || type == JSONBOID || list_length(model->key) > 1)
	{
		Jsonb *json = key_json(key, type);

		if (json == NULL)
			wrong_columns(model);
		else
			return json_test(model, json, prefix, params);
	}
	column = ta_node_column(model, linitial(model->key), "the key");
	if (getBaseType(column->type) == getBaseType(type))
		return column_test(model, column->name, key, prefix, params);
	getTypeOutputInfo(type, &output, &varlena);
	return column_test(model, column->name,
					   read_text(model, column->name, OidOutputFunctionCall(output, key)), prefix,
					   params);
}
