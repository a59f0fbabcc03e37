/*
 * src/api/look.c
 *		SQL-callable: the rows behind assoc.associations, and describe.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "base/err.h"
#include "base/ident.h"
#include "api/args.h"
#include "model/lookup.h"
#include "schema/describe.h"
#include "schema/status.h"

PG_FUNCTION_INFO_V1(ta_association_list);
PG_FUNCTION_INFO_V1(ta_describe);

#define LIST_COLUMNS 13

/* The columns by which the association's own model is referred to, or refers. */
static char *
names(List *columns)
{
	return columns == NIL ? NULL : ta_err_join(columns, ", ");
}

/*
 * assoc_internal.association_list(): a row per association
 *
 * A contradiction, a missing table and the like are shown, never raised.
 */
Datum
ta_association_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List *statuses;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	statuses = ta_statuses(NULL);
	foreach(lc, statuses)
	{
		TaStatus *status = lfirst(lc);
		const TaDecl *decl = status->decl;
		const TaState *state = status->state;
		bool usable = state != NULL && state->problem == NULL;
		const char *row[LIST_COLUMNS] = {0};
		int c = 0;

		row[c++] = ta_decl_name(decl);
		row[c++] = ta_kind_name(decl->kind);
		row[c++] = decl->target;
		row[c++] = decl->through;
		row[c++] = names(decl->foreign_key);
		row[c++] = state == NULL ? NULL : names(state->reference->key);
		row[c++] = usable && state->enforced ? state->on_delete.value : NULL;
		row[c++] = usable && state->enforced ? state->on_update.value : NULL;
		row[c++] = !usable ? NULL : state->enforced ? "foreign_key" : "none";
		row[c++] = status->status;
		row[c++] = status->difference;
		row[c++] = names(decl->inferred);
		row[c++] = ta_err_join(status->declarers, ", ");
		ta_put_row(rsinfo, row, LIST_COLUMNS);
	}
	return (Datum) 0;
}

/* assoc.describe(model) returns lines; 42704 for an unknown model. */
Datum
ta_describe(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List *lines;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	lines = ta_describe_model(ta_lookup_model(ta_arg_name(fcinfo, 0, "model")));
	foreach(lc, lines)
	{
		const char *line = lfirst(lc);

		ta_put_row(rsinfo, &line, 1);
	}
	return (Datum) 0;
}
