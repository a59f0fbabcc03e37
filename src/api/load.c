/*
 * src/api/load.c
 *		SQL-callable: find_all, find_one, find_by_pk, find_and_count_all, find_all_rows, count, exists,
 *		get, count_associated, has, explain.
 *
 * Each has two entries in SQL, for a query as text and as jsonb.  All that they
 * read they read as the caller.
 *
 * Errors: 42704 unknown model or association; 42703 column; 22023 key, value
 * or operator; 22P02 no JSON, or no value of the column's type; 42712 a name
 * twice; 54000 too deep, too many rows, too large.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "load/find.h"

PG_FUNCTION_INFO_V1(ta_find_all_call);
PG_FUNCTION_INFO_V1(ta_find_one_call);
PG_FUNCTION_INFO_V1(ta_find_by_pk_call);
PG_FUNCTION_INFO_V1(ta_find_and_count_all_call);
PG_FUNCTION_INFO_V1(ta_count_call);
PG_FUNCTION_INFO_V1(ta_exists_call);
PG_FUNCTION_INFO_V1(ta_find_all_rows_call);
PG_FUNCTION_INFO_V1(ta_get_call);
PG_FUNCTION_INFO_V1(ta_count_associated_call);
PG_FUNCTION_INFO_V1(ta_has_call);
PG_FUNCTION_INFO_V1(ta_explain_call);

/* The query argument: text or jsonb; NULL is the empty query. */
static void
query_argument(TaFind *find, FunctionCallInfo fcinfo, int n)
{
	if (!PG_ARGISNULL(n) && get_fn_expr_argtype(fcinfo->flinfo, n) == JSONBOID)
		find->jsonb = PG_GETARG_JSONB_P(n);
	else
		find->text = ta_arg_text(fcinfo, n);
}

/* (model, query, allow), the last two from the argument of this number on */
static TaFind
find_arguments(FunctionCallInfo fcinfo, int query)
{
	TaFind find = {.model = ta_arg_name(fcinfo, 0, "model")};

	query_argument(&find, fcinfo, query);
	find.allow = ta_arg_text(fcinfo, query + 1);
	return find;
}

/* assoc.find_all(model, query, allow) returns json */
Datum
ta_find_all_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 1);

	PG_RETURN_TEXT_P(ta_find_all(&find));
}

static Datum
find_one(FunctionCallInfo fcinfo, const TaFind *find)
{
	text *found = ta_find_one(find);

	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(found);
}

/* assoc.find_one(model, query, allow) returns json: the first, or NULL */
Datum
ta_find_one_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 1);

	find.one = true;
	return find_one(fcinfo, &find);
}

/* assoc.find_by_pk(model, key, query, allow) returns json: the one, or NULL */
Datum
ta_find_by_pk_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 2);

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	find.by_key = true;
	find.key = PG_GETARG_DATUM(1);
	find.key_type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	return find_one(fcinfo, &find);
}

/* assoc.find_and_count_all(model, query, allow) returns json: {"count":n,"rows":[...]} */
Datum
ta_find_and_count_all_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 1);

	PG_RETURN_TEXT_P(ta_find_and_count(&find));
}

/* assoc.count(model, query, allow) returns bigint */
Datum
ta_count_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 1);

	PG_RETURN_INT64(ta_find_count(&find));
}

/* assoc.exists(model, query, allow) returns boolean */
Datum
ta_exists_call(PG_FUNCTION_ARGS)
{
	TaFind find = find_arguments(fcinfo, 1);

	PG_RETURN_BOOL(ta_find_exists(&find));
}

static void
end_rows(Datum rows)
{
	ta_find_rows_end((TaFindRows *) DatumGetPointer(rows));
}

/* assoc.find_all_rows(model, query, allow) returns setof json: as they are found, a batch at a time */
Datum
ta_find_all_rows_call(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	text *row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		TaFind find;

		context = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		find = find_arguments(fcinfo, 1);
		context->user_fctx = ta_find_rows_begin(&find);
		MemoryContextSwitchTo(caller);
		/* a query that does not want all rows ends without a last call */
		RegisterExprContextCallback(rsinfo->econtext, end_rows,
									PointerGetDatum(context->user_fctx));
	}
	context = SRF_PERCALL_SETUP();
	row = ta_find_rows_next(context->user_fctx);
	if (row != NULL)
		SRF_RETURN_NEXT(context, PointerGetDatum(row));
	UnregisterExprContextCallback(rsinfo->econtext, end_rows, PointerGetDatum(context->user_fctx));
	ta_find_rows_end(context->user_fctx);
	SRF_RETURN_DONE(context);
}

/* (model, key, association, query): a key that is null has no row */
static TaFind
associated_arguments(FunctionCallInfo fcinfo, char **association)
{
	TaFind find = {.model = ta_arg_name(fcinfo, 0, "model"), .by_key = true};

	*association = ta_arg_name(fcinfo, 2, "association");
	if (!PG_ARGISNULL(1))
		find.key = PG_GETARG_DATUM(1);
	find.key_type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	return find;
}

/* assoc.get(model, key, association, query) returns json; NULL: there is no such row */
Datum
ta_get_call(PG_FUNCTION_ARGS)
{
	char *association;
	TaFind find = associated_arguments(fcinfo, &association);
	text *found = NULL;

	query_argument(&find, fcinfo, 3);
	if (!PG_ARGISNULL(1))
		found = ta_find_associated(&find, association);
	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(found);
}

/* assoc.count_associated(model, key, association, query) returns bigint; NULL: there is no such row */
Datum
ta_count_associated_call(PG_FUNCTION_ARGS)
{
	char *association;
	TaFind find = associated_arguments(fcinfo, &association);
	int64 count;

	query_argument(&find, fcinfo, 3);
	if (PG_ARGISNULL(1) || !ta_find_count_associated(&find, association, &count))
		PG_RETURN_NULL();
	PG_RETURN_INT64(count);
}

/* assoc.has(model, key, association, keys) returns boolean; NULL: there is no such row */
Datum
ta_has_call(PG_FUNCTION_ARGS)
{
	char *association;
	TaFind find = associated_arguments(fcinfo, &association);
	Jsonb *keys;
	bool has;

	if (PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"keys\" must not be null"),
						errhint("'[]' is no key: it is true of every row.")));
	keys = PG_GETARG_JSONB_P(3);
	if (PG_ARGISNULL(1) || !ta_find_has(&find, association, keys, &has))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(has);
}

/* the columns of explain */
#define EXPLAIN_COLUMNS 9

static void
put_explained(const TaExplained *row, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	Datum values[EXPLAIN_COLUMNS] = {CStringGetTextDatum(row->edge),
									 CStringGetTextDatum(row->step),
									 CStringGetTextDatum(row->strategy),
									 CStringGetTextDatum(row->why),
									 Int64GetDatum((int64) rint(Max(row->keys, 0))),
									 Int64GetDatum((int64) rint(row->estimated_rows)),
									 Int64GetDatum(row->actual_rows),
									 Float8GetDatum(row->milliseconds),
									 CStringGetTextDatum(row->sql)};
	bool nulls[EXPLAIN_COLUMNS] =
		{[4] = row->keys < 0, [6] = row->actual_rows < 0, [7] = row->actual_rows < 0};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* assoc.explain(model, query, actual, allow) returns setof record: a row for each statement */
Datum
ta_explain_call(PG_FUNCTION_ARGS)
{
	TaFind find = {.model = ta_arg_name(fcinfo, 0, "model")};

	query_argument(&find, fcinfo, 1);
	find.allow = ta_arg_text(fcinfo, 3);
	InitMaterializedSRF(fcinfo, 0);
	ta_find_explain(&find, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2), put_explained,
					fcinfo->resultinfo);
	return (Datum) 0;
}
