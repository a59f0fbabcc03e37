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
#include "model/target.h"
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

/* The key that is referred to; of several targets each its own: id, or Post.id, Photo.uuid if they differ. */
static char *
keys(const TaDecl *decl, const TaReference *reference)
{
	List *shown = NIL;
	bool same = true;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);

		if (reference->type_column != NULL && !ta_decl_is_polymorphic(decl) &&
			strcmp(target->model, decl->model) == 0)
			return names(target->key);
		same = same &&
			   ta_ident_lists_equal(target->key, ((TaTarget *) linitial(reference->targets))->key);
		shown = lappend(shown, psprintf("%s.%s", target->model, names(target->key)));
	}
	if (reference->targets == NIL)
		return NULL;
	return same ? names(((TaTarget *) linitial(reference->targets))->key)
				: ta_err_join(shown, ", ");
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
		row[c++] = ta_decl_kind(decl);
		row[c++] = ta_err_join(ta_decl_target_names(decl), ", ");
		row[c++] = decl->through;
		row[c++] = decl->type_column == NULL
					   ? names(decl->foreign_key)
					   : psprintf("%s, %s", decl->type_column, names(decl->foreign_key));
		row[c++] = state == NULL ? NULL : keys(decl, state->reference);
		row[c++] = usable && state->enforced ? state->on_delete.value : NULL;
		row[c++] = usable && state->enforced ? state->on_update.value : NULL;
		row[c++] = usable ? ta_mode_word(state->mode) : NULL;
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
