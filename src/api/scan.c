/*
 * src/api/scan.c
 *		SQL-callable: scan_orphans and scan_references.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/orphan.h"
#include "check/scan.h"
#include "pg/facts.h"
#include "schema/ddl.h"

PG_FUNCTION_INFO_V1(ta_scan_orphans_call);
PG_FUNCTION_INFO_V1(ta_scan_references_call);

/* ---- columns ---- */

/* Texts of an array, NULL for null. */
static List *
texts_of(ArrayType *array)
{
	List *texts = NIL;
	Datum *values;
	bool *nulls;
	int count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		texts = lappend(texts, nulls[i] ? NULL : TextDatumGetCString(values[i]));
	return texts;
}

/* Raises unless each name is of a column of the table. */
static List *
check_columns(List *names, Oid relid)
{
	ListCell *lc;

	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (name == NULL || ta_rel_column(relid, name) == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("column \"%s\" of table %s does not exist",
								   name != NULL ? name : "NULL", ta_rel_shown(relid))));
	}
	return names;
}

static void
check_lengths(const TaScanReference *reference)
{
	if (reference->columns == NIL || list_length(reference->columns) != list_length(reference->key))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("child_columns has %d columns, parent_columns %d",
							   list_length(reference->columns), list_length(reference->key)),
						errhint("Name as many columns on either side, at least one.")));
}

/* ---- scan_orphans ---- */

/* The keys of the rows that were found, as a JSON array; NULL: rows can't be told by their place without SELECT on the table. */
static char *
samples_of(Oid child, const TaScanReference *reference)
{
	List *samples = NIL;

	if (!ta_rel_may_count(child))
		return NULL;

	for (int i = 0; i < reference->nplaces; i++)
	{
		const TaOrphanPlace *place = &reference->places[i];

		(void) ta_spi_query(psprintf("SELECT %s FROM %s t WHERE t.tableoid OPERATOR(pg_catalog.=) "
									 "%u AND t.ctid OPERATOR(pg_catalog.=) '(%u,%u)'",
									 ta_rows_json(child, reference->columns),
									 ta_rel_qualified(child), place->relid,
									 ItemPointerGetBlockNumberNoCheck(&place->tid),
									 ItemPointerGetOffsetNumberNoCheck(&place->tid)),
							ta_spi_keep_text, &samples);
	}
	return psprintf("[%s]", ta_err_join(samples, ", "));
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
	int max_samples = PG_GETARG_INT32(4);
	TaScanReference reference = {.parent = PG_GETARG_OID(2)};
	char *row[4];

	reference.columns = check_columns(texts_of(PG_GETARG_ARRAYTYPE_P(1)), child);
	reference.key = check_columns(texts_of(PG_GETARG_ARRAYTYPE_P(3)), reference.parent);
	check_lengths(&reference);
	if (max_samples < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"max_samples\" must not be negative")));
	InitMaterializedSRF(fcinfo, 0);
	ta_scan_references(child, list_make1(&reference), max_samples, NULL);
	row[0] = pstrdup("anti_join");
	row[2] = NULL;
	if (reference.method != NULL)
	{
		row[0] = pstrdup(reference.method);
		row[2] = samples_of(child, &reference);
	}
	else
		reference.count =
			ta_spi_count(ta_ddl_key_orphans(child, reference.columns, reference.parent, false,
											reference.key, false, true));
	row[1] = psprintf(INT64_FORMAT, reference.count);
	row[3] = psprintf("%d", reference.workers);
	ta_put_typed_row(rsinfo, row);
	return (Datum) 0;
}

/* ---- scan_references ---- */

/* The text at this place of an optional array. */
static const char *
optional_text(List *texts, int i)
{
	return i < list_length(texts) ? list_nth(texts, i) : NULL;
}

/* The references that the arguments name, one for each place of the arrays. */
static List *
references_of(Oid child, ArrayType *parents, List *columns, List *keys, List *type_columns,
			  List *type_values)
{
	List *references = NIL;
	Datum *oids;
	bool *nulls;
	int count;

	deconstruct_array(parents, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT, &oids, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		TaScanReference *reference = palloc0(sizeof(TaScanReference));
		const char *child_columns = optional_text(columns, i);
		const char *parent_columns = optional_text(keys, i);

		if (nulls[i] || child_columns == NULL || parent_columns == NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("reference %d has no parent or no columns", i + 1)));
		reference->parent = DatumGetObjectId(oids[i]);
		reference->columns = check_columns(ta_ident_from_array(child_columns), child);
		reference->key = check_columns(ta_ident_from_array(parent_columns), reference->parent);
		check_lengths(reference);
		reference->type_column = optional_text(type_columns, i);
		reference->type_value = optional_text(type_values, i);
		if (reference->type_column != NULL)
			(void) check_columns(list_make1(unconstify(char *, reference->type_column)), child);
		if ((reference->type_column == NULL) != (reference->type_value == NULL))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("reference %d has a type column or a type value, but not both",
								   i + 1)));
		references = lappend(references, reference);
	}
	return references;
}

/*
 * assoc_internal.scan_references(child, parents, child_columns, parent_columns, type_columns, type_values)
 *
 * Columns of each reference as text of an array.  Changes nothing.  Errors:
 * 42703 no such column; 22023 an array that is too short.
 */
Datum
ta_scan_references_call(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid child = PG_GETARG_OID(0);
	List *references =
		references_of(child, PG_GETARG_ARRAYTYPE_P(1), texts_of(PG_GETARG_ARRAYTYPE_P(2)),
					  texts_of(PG_GETARG_ARRAYTYPE_P(3)), texts_of(PG_GETARG_ARRAYTYPE_P(4)),
					  texts_of(PG_GETARG_ARRAYTYPE_P(5)));
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	ta_scan_references(child, references, 0, NULL);
	foreach(lc, references)
	{
		const TaScanReference *reference = lfirst(lc);
		bool done = reference->method != NULL;
		char *row[] = {psprintf("%d", foreach_current_index(lc) + 1),
					   done ? pstrdup(reference->method) : NULL,
					   done ? psprintf(INT64_FORMAT, reference->count) : NULL,
					   psprintf("%d", reference->workers)};

		ta_put_typed_row(rsinfo, row);
	}
	return (Datum) 0;
}
