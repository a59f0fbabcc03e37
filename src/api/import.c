/*
 * src/api/import.c
 *		SQL-callable: import_foreign_keys.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "api/args.h"
#include "api/bulk.h"
#include "exchange/import.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(ta_import_foreign_keys);

#define IMPORT_COLUMNS 9

/*
 * assoc.import_foreign_keys(schemas, declare) returns what can be imported
 *
 * Errors: 3F000 no such schema; 22023 no schema at all; 22004 declare is null;
 * with declare those of assoc.declare, and then nothing is declared.
 */
Datum
ta_import_foreign_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TaImportResult *result;
	bool declare;
	ListCell *lc;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", "declare")));
	declare = PG_GETARG_BOOL(1);
	InitMaterializedSRF(fcinfo, 0);
	result = ta_import(ta_arg_text(fcinfo, 0), NIL);
	/* what is read must still hold when it is declared; rows are counted before others have to wait */
	if (declare)
	{
		ta_catalog_lock();
		result = ta_import(ta_arg_text(fcinfo, 0), result->rows);
	}
	if (declare && (result->document.models != NIL || result->document.decls != NIL))
		(void) ta_bulk_declare(&result->document, false);
	foreach(lc, result->rows)
	{
		TaImportRow *row = lfirst(lc);
		const char *texts[IMPORT_COLUMNS] = {row->kind,     row->name,        row->table,
											 row->target,   row->foreign_key, row->status,
											 row->inferred, row->evidence,    row->statement};

		ta_put_row(rsinfo, texts, IMPORT_COLUMNS);
	}
	return (Datum) 0;
}
