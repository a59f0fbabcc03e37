/*
 * src/api/scan.c
 *		SQL-callable: scan_orphans, and the aggregate that it uses.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "base/spi.h"
#include "check/keysearch.h"
#include "check/scan.h"
#include "pg/facts.h"
#include "schema/ddl.h"

PG_FUNCTION_INFO_V1(ta_scan_orphans_call);
PG_FUNCTION_INFO_V1(ta_orphan_keys_add);
PG_FUNCTION_INFO_V1(ta_orphan_keys_merge);
PG_FUNCTION_INFO_V1(ta_orphan_keys_write);
PG_FUNCTION_INFO_V1(ta_orphan_keys_read);
PG_FUNCTION_INFO_V1(ta_orphan_keys_result);

/* before the keys: the state, the set's handle, the number of samples */
#define FIRST_KEY 3

/* ---- scan_orphans ---- */

/* The names in an array, each a column of the table. */
static List *
column_names(ArrayType *array, Oid relid)
{
	List *names = NIL;
	Datum *values;
	bool *nulls;
	int count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		char *name = nulls[i] ? NULL : TextDatumGetCString(values[i]);

		if (name == NULL || ta_rel_column(relid, name) == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("column \"%s\" of table %s does not exist",
								   name != NULL ? name : "NULL", ta_rel_shown(relid))));
		names = lappend(names, name);
	}
	return names;
}

/*
 * assoc_internal.scan_orphans(child, child_columns, parent, parent_columns, max_samples)
 *
 * Changes nothing.  Errors: 42703 no such column; 22023 as many columns on
 * either side, please, or a negative number of samples; 42501.
 */
Datum
ta_scan_orphans_call(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid child = PG_GETARG_OID(0);
	Oid parent = PG_GETARG_OID(2);
	List *columns = column_names(PG_GETARG_ARRAYTYPE_P(1), child);
	List *key_columns = column_names(PG_GETARG_ARRAYTYPE_P(3), parent);
	int max_samples = PG_GETARG_INT32(4);
	const char *method = "anti_join";
	char *samples = NULL;
	int64 count = 0;
	char *row[3];

	if (columns == NIL || list_length(columns) != list_length(key_columns))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("child_columns has %d columns, parent_columns %d",
							   list_length(columns), list_length(key_columns)),
						errhint("Name as many columns on either side, at least one.")));
	if (max_samples < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"max_samples\" must not be negative")));
	InitMaterializedSRF(fcinfo, 0);
	if (!ta_scan_orphans(child, columns, parent, key_columns, max_samples, &count, &samples,
						 &method))
		count = ta_spi_count(ta_ddl_key_orphans(child, columns, parent, key_columns, false, true));
	row[0] = pstrdup(method);
	row[1] = psprintf(INT64_FORMAT, count);
	row[2] = samples;
	ta_put_typed_row(rsinfo, row);
	return (Datum) 0;
}

/* ---- the aggregate ---- */

/* The context in which the aggregate's state lives. */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "orphan_keys is an aggregate");
	return context;
}

/* The state, begun with the first row. */
static TaKeySearch *
begin_search(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate_context(fcinfo));
	int count = PG_NARGS() - FIRST_KEY;
	Oid types[FUNC_MAX_ARGS];
	TaKeySearch *search;

	for (int i = 0; i < count; i++)
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, FIRST_KEY + i);
	search = ta_search_begin(PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1),
							 PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2), types, count);
	MemoryContextSwitchTo(old);
	return search;
}

/* assoc_internal.orphan_keys_add(state, key_set, max_samples, VARIADIC keys): a key with a null refers to nothing */
Datum
ta_orphan_keys_add(PG_FUNCTION_ARGS)
{
	TaKeySearch *search =
		PG_ARGISNULL(0) ? begin_search(fcinfo) : (TaKeySearch *) PG_GETARG_POINTER(0);
	Datum values[INDEX_MAX_KEYS];
	int count = PG_NARGS() - FIRST_KEY;

	for (int i = 0; i < count; i++)
	{
		if (PG_ARGISNULL(FIRST_KEY + i))
			PG_RETURN_POINTER(search);
		values[i] = PG_GETARG_DATUM(FIRST_KEY + i);
	}
	ta_search_add(search, values);
	PG_RETURN_POINTER(search);
}

/* assoc_internal.orphan_keys_merge(state, other) */
Datum
ta_orphan_keys_merge(PG_FUNCTION_ARGS)
{
	MemoryContext old = MemoryContextSwitchTo(aggregate_context(fcinfo));
	TaKeySearch *search = PG_ARGISNULL(0) ? NULL : (TaKeySearch *) PG_GETARG_POINTER(0);
	TaKeySearch *other = PG_ARGISNULL(1) ? NULL : (TaKeySearch *) PG_GETARG_POINTER(1);

	if (other != NULL)
		search = ta_search_merge(search, other);
	MemoryContextSwitchTo(old);
	if (search == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(search);
}

/* assoc_internal.orphan_keys_write(state) */
Datum
ta_orphan_keys_write(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&out);
	ta_search_write((TaKeySearch *) PG_GETARG_POINTER(0), &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* assoc_internal.orphan_keys_read(written, state) */
Datum
ta_orphan_keys_read(PG_FUNCTION_ARGS)
{
	bytea *written = PG_GETARG_BYTEA_PP(0);
	StringInfoData in;

	(void) aggregate_context(fcinfo);
	initStringInfo(&in);
	appendBinaryStringInfo(&in, VARDATA_ANY(written), VARSIZE_ANY_EXHDR(written));
	PG_RETURN_POINTER(ta_search_read(&in));
}

/* assoc_internal.orphan_keys_result(state) */
Datum
ta_orphan_keys_result(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_TEXT_P(cstring_to_text("0 []"));
	PG_RETURN_TEXT_P(cstring_to_text(ta_search_result((TaKeySearch *) PG_GETARG_POINTER(0))));
}
