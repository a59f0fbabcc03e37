/*
 * src/api/args.c
 *		Unpacking the arguments of SQL-callable functions, and returning rows.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "api/args.h"

/* The text argument, or NULL when it was left out. */
char *
ta_arg_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* A text argument that must be given. */
char *
ta_arg_name(FunctionCallInfo fcinfo, int n, const char *argument)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", argument)));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* A boolean argument as the text that the catalog keeps, or NULL when it was left out. */
char *
ta_arg_bool(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : pstrdup(PG_GETARG_BOOL(n) ? "true" : "false");
}

/* Adds a row whose columns are all text; NULL is SQL NULL. */
void
ta_put_row(ReturnSetInfo *rsinfo, const char *const *texts, int count)
{
	Datum *values = palloc0(sizeof(Datum) * count);
	bool *nulls = palloc0(sizeof(bool) * count);

	for (int i = 0; i < count; i++)
	{
		nulls[i] = texts[i] == NULL;
		if (!nulls[i])
			values[i] = CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The same where columns have other types: each text is read as its column's type reads it. */
void
ta_put_typed_row(ReturnSetInfo *rsinfo, char **texts)
{
	AttInMetadata *input = TupleDescGetAttInMetadata(rsinfo->setDesc);

	tuplestore_puttuple(rsinfo->setResult, BuildTupleFromCStrings(input, texts));
}
