/*
 * src/schema/describe.c
 *		A model in words.
 *
 * User: model of table "Users", declared by hand
 *   key: id integer
 *   todos: has many Todo
 *     "Todos"."userId" integer -> "Users".id integer
 *     foreign key "Todos_userId_fkey": ON DELETE CASCADE (said by Todo.user), ON UPDATE NO ACTION (default)
 *     index "Todos_userId_idx"
 *     inferred: source_key
 *     call: SELECT t.* FROM "Users" s, todos(s) t
 *     status: in place
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/path.h"
#include "model/target.h"
#include "pg/keymatch.h"
#include "schema/accessor.h"
#include "schema/describe.h"
#include "schema/soft.h"
#include "schema/status.h"

/* "Todos"."userId" integer; a column yet to be made has no type */
static char *
columns_in_words(const TaModel *model, List *columns)
{
	List *parts = NIL;
	char *table = OidIsValid(model->relid) ? ta_rel_shown(model->relid)
										   : ta_ident_qualify(model->schema, model->table);
	ListCell *lc;

	foreach(lc, columns)
	{
		TaColumn *column =
			OidIsValid(model->relid) ? ta_rel_column(model->relid, lfirst(lc)) : NULL;

		parts =
			lappend(parts,
					psprintf("%s.%s %s%s", table, ta_ident_quote(lfirst(lc)),
							 column == NULL ? "(new)" : ta_type_shown(column->type, column->typmod),
							 column != NULL && column->not_null ? " NOT NULL" : ""));
	}
	return ta_err_join(parts, ", ");
}

/* "Posts".id integer as 'Post', "Photos".id integer as 'Photo' */
static char *
targets_in_words(const TaState *state, const TaDecl *decl)
{
	List *parts = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
	{
		TaStateTarget *target = lfirst(lc);

		/* an other side is of one of them */
		if (!ta_decl_is_polymorphic(decl) && strcmp(target->model->name, decl->model) != 0 &&
			strcmp(target->model->name, decl->target) != 0)
			continue;
		parts = lappend(parts,
						psprintf("%s as %s", columns_in_words(target->model, target->target->key),
								 quote_literal_cstr(target->target->type_value)));
	}
	return ta_targets_in_words(parts, NULL);
}

/* CASCADE (said by Todo.user) */
static char *
option_in_words(const TaEffective *option)
{
	if (option->source == TA_SOURCE_SAID)
		return psprintf("%s (said by %s)", option->value, ta_decl_name(option->by));
	return psprintf("%s (%s)", option->value, ta_source_word(option->source));
}

/* foreign keys "Comments_commentablePostId_fkey", "Comments_commentablePhotoId_fkey" NOT VALID, "Videos" planned */
static char *
natives_in_words(const TaState *state)
{
	List *parts = NIL;
	bool any = false;
	ListCell *lc;

	foreach(lc, state->natives)
	{
		const TaState *native = lfirst(lc);
		const TaForeignKey *fk = ta_state_key(native);

		any = any || fk != NULL;
		parts =
			lappend(parts, fk == NULL ? psprintf("to %s planned", ta_rel_shown(native->parent_rel))
									  : psprintf("%s%s", ta_ident_quote(fk->name),
												 !fk->enforced    ? " NOT ENFORCED"
												 : !fk->validated ? " NOT VALID"
																  : ""));
	}
	if (!any)
		return pstrdup("foreign keys, planned");
	return psprintf("foreign keys %s", ta_err_join(parts, ", "));
}

static char *
key_in_words(const TaState *state)
{
	StringInfoData buf;

	if (state->targets == NIL)
		return pstrdup("not enforced (no target is declared)");
	if (!state->enforced)
		return psprintf("not enforced (said by %s)", ta_decl_name(state->enforce.by));
	initStringInfo(&buf);
	if (state->by_triggers)
		appendStringInfo(&buf, "%s%s: ",
						 state->in_force == NULL ? "triggers, planned"
						 : state->mode == TA_MODE_STATEMENT
							 ? "triggers, checked at the end of each statement"
							 : "triggers",
						 state->in_force == NULL || state->in_force->validated ? "" : " NOT VALID");
	else if (state->natives != NIL)
		appendStringInfo(&buf, "%s: ", natives_in_words(state));
	else if (state->fk != NULL)
		appendStringInfo(&buf, "foreign key %s%s: ", ta_ident_quote(state->fk->name),
						 state->fk->validated ? "" : " NOT VALID");
	else if (state->unenforced != NULL)
		appendStringInfo(&buf,
						 "foreign key %s NOT ENFORCED: ", ta_ident_quote(state->unenforced->name));
	else
		appendStringInfoString(&buf, "foreign key, planned: ");
	appendStringInfo(&buf, "ON DELETE %s, ON UPDATE %s", option_in_words(&state->on_delete),
					 option_in_words(&state->on_update));
	if (strcmp(state->deferral.value, "none") != 0)
		appendStringInfo(&buf, ", deferral %s", option_in_words(&state->deferral));
	if (ta_soft_unenforced(state) != NULL)
		appendStringInfo(&buf, "; soft deletion of %s is not enforced", ta_soft_unenforced(state));
	return buf.data;
}

static char *
index_in_words(const TaState *state)
{
	const TaReference *reference = state->reference;

	if (OidIsValid(state->unique_index))
		return psprintf("unique index %s", ta_ident_quote(get_rel_name(state->unique_index)));
	if (reference->one != NULL)
		return pstrdup("unique index, planned");
	if (OidIsValid(state->serving_index))
		return psprintf("index %s", ta_ident_quote(get_rel_name(state->serving_index)));
	if (reference->index.value != NULL && strcmp(reference->index.value, "false") == 0)
		return psprintf("no index (said by %s)", ta_decl_name(reference->index.by));
	return pstrdup("index, planned");
}

static List *
add(List *lines, const char *indent, char *text)
{
	return lappend(lines, psprintf("%s%s", indent, text));
}

static List *
reference_in_words(List *lines, const TaState *state, const TaDecl *decl)
{
	if (state == NULL)
		return lines;
	if (state->problem != NULL)
		return add(lines, "    ", state->problem->message);
	lines =
		add(lines, "    ",
			psprintf("%s -> %s",
					 columns_in_words(state->child, ta_reference_columns(state->reference)),
					 state->parent != NULL ? columns_in_words(state->parent, state->reference->key)
										   : targets_in_words(state, decl)));
	lines = add(lines, "    ", key_in_words(state));
	if (state->condition != NULL)
		lines = add(lines, "    ",
					psprintf("only rows with %s (said by %s)", state->condition,
							 ta_decl_name(state->reference->condition.by)));
	return add(lines, "    ", index_in_words(state));
}

/* The options that concern reading, and that nobody but this association says. */
static List *
reading_in_words(List *lines, const TaDecl *decl, const TaState *state)
{
	/* enforced, it is what the association says; another view of the reference may say its own */
	if (decl->scope != NULL)
		lines = add(lines, "    ",
					psprintf("scope%s: %s",
							 ta_decl_from_child(decl) && state != NULL &&
									 ta_ident_same(state->scope, decl->scope)
								 ? " enforced"
								 : "",
							 decl->scope));
	if (decl->order_by != NULL)
		lines = add(lines, "    ",
					psprintf("%s: %s", decl->kind == TA_HAS_ONE ? "the first by" : "ordered by",
							 decl->order_by));
	if (decl->inferred != NIL)
		lines = add(lines, "    ", psprintf("inferred: %s", ta_err_join(decl->inferred, ", ")));
	return lines;
}

static List *
status_in_words(List *lines, const TaStatus *status)
{
	ListCell *lc;

	lines = add(lines, "    ",
				status->difference == NULL
					? psprintf("status: %s", status->status)
					: psprintf("status: %s: %s", status->status, status->difference));
	foreach(lc, status->steps)
	{
		TaStep *step = lfirst(lc);

		if (step->sql != NULL)
			lines = add(lines, "      ", psprintf("%s;", step->sql));
	}
	return lines;
}

static List *
association_in_words(List *lines, const TaStatus *status, const TaModel *model)
{
	const TaDecl *decl = status->decl;
	ListCell *lc;

	lines = add(lines, "  ",
				psprintf("%s: %s %s%s%s", decl->alias, ta_kind_words(decl->kind),
						 ta_targets_in_words(ta_decl_target_names(decl), "or"),
						 decl->through != NULL ? " through " : "",
						 decl->through != NULL ? decl->through : ""));
	lines = reference_in_words(lines, status->state, decl);
	lines = reference_in_words(lines, status->other, decl);
	lines = reading_in_words(lines, decl, status->state);
	if (list_length(status->declarers) > 1 || decl->declarer[0] != '\0')
		lines =
			add(lines, "    ", psprintf("declared by %s", ta_err_join(status->declarers, " and ")));
	foreach(lc, OidIsValid(model->relid) && model->accessors && ta_accessor_problem(decl) == NULL
					? ta_decl_facets(decl)
					: NIL)
		lines = add(lines, "    ", psprintf("call: %s", ta_accessor_call(lfirst(lc))));
	return status_in_words(lines, status);
}

/* The lines (of char *) that describe the model. */
List *
ta_describe_model(const TaModel *model)
{
	List *lines = NIL;
	List *declarers = NIL;
	ListCell *lc;

	foreach(lc, model->declarers)
		declarers = lappend(declarers, (char *) ta_declarer_shown(lfirst(lc)));
	lines =
		add(lines, "",
			psprintf("%s: model of table %s, declared by %s", model->name,
					 OidIsValid(model->relid)
						 ? ta_rel_shown(model->relid)
						 : psprintf("%s (missing)", ta_ident_qualify(model->schema, model->table)),
					 ta_err_join(declarers, " and ")));
	if (model->problem != NULL)
		lines = add(lines, "  ", psprintf("conflict: %s", model->problem));
	if (OidIsValid(model->relid))
		lines = add(lines, "  ",
					psprintf("key: %s%s",
							 model->key == NIL ? "none" : columns_in_words(model, model->key),
							 model->key_said ? " (said)" : ""));
	if (model->soft_delete != NULL)
		lines = add(lines, "  ",
					psprintf("deleted softly by: %s",
							 columns_in_words(model, list_make1(model->soft_delete))));
	if (model->heirs)
		lines = add(lines, "  ", "rows of tables that inherit from it may be referred to, too");
	foreach(lc, ta_statuses(model->name))
		lines = association_in_words(lines, lfirst(lc), model);
	return lines;
}
