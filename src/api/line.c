/*
 * src/api/line.c
 *		The line that a declaring function returns.
 *
 * Todo.user: belongs to User, "Todos"."userId" -> "Users".id ON DELETE CASCADE;
 * column inferred; 2 steps planned
 */
#include "postgres.h"

#include "base/err.h"
#include "base/ident.h"
#include "api/line.h"
#include "model/path.h"
#include "model/target.h"
#include "model/rename.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/plan.h"

/* "Todos"."userId", or "Todos" ("a", "b") */
static char *
side(const char *model_name, List *columns)
{
	const TaModel *model = ta_cache_model(model_name);
	char *table = model == NULL              ? pstrdup(model_name)
				  : OidIsValid(model->relid) ? ta_rel_shown(model->relid)
											 : ta_ident_quote(model->table);

	if (list_length(columns) == 1)
		return psprintf("%s.%s", table, ta_ident_quote(linitial(columns)));
	return psprintf("%s (%s)", table, ta_ident_columns(columns));
}

/* "Comments" ("commentableType", "commentableId") -> "Posts".id, "Photos".id */
static char *
polymorphic_link(const TaLink *link)
{
	TaReference *reference = ta_reference_named(link->reference);
	List *keys = NIL;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);

		if (link->from_child || strcmp(target->model, link->parent) == 0)
			keys = lappend(keys, side(target->model, target->key));
	}
	return psprintf("%s -> %s", side(link->child, ta_reference_columns(reference)),
					ta_targets_in_words(keys, NULL));
}

/* "Todos"."userId" -> "Users".id */
char *
ta_line_link(const TaLink *link)
{
	if (link->type_column != NULL)
		return polymorphic_link(link);
	return psprintf("%s -> %s", side(link->child, link->columns), side(link->parent, link->key));
}

/* The references that the declaration is a view of, with all that is said of them. */
List *
ta_line_references(const TaDecl *decl)
{
	const char *names[] = {decl->reference, decl->other_reference};
	List *references = NIL;

	for (int i = 0; i < lengthof(names); i++)
	{
		TaReference *reference = names[i] != NULL ? ta_reference_named(names[i]) : NULL;

		if (reference != NULL)
			references = lappend(references, reference);
	}
	return references;
}

/*
 * Brings the accessors up to date that the declaration concerns: its own,
 * those of its references' other views, and of the paths that go through it.
 * Returns why some could not be made (of char *).
 */
List *
ta_line_refresh(const TaDecl *decl)
{
	List *problems = NIL;
	ListCell *lc;
	char *problem = ta_accessor_refresh(decl);

	if (problem != NULL)
		problems = lappend(problems, problem);
	foreach(lc, ta_line_references(decl))
	{
		ListCell *lv;

		foreach(lv, ((TaReference *) lfirst(lc))->views)
			(void) ta_accessor_refresh(lfirst(lv));
	}
	if (ta_paths_through(decl->model, decl->alias) != NIL)
	{
		foreach(lc, ta_catalog_decls_with_path())
		{
			if (ta_path_problem(lfirst(lc)) == NULL)
				(void) ta_accessor_refresh(lfirst(lc));
		}
	}
	return problems;
}

/* An ON DELETE that is not the usual default, for native keys of generated columns can't set to null; NULL: it is. */
static char *
default_in_words(const TaDecl *decl, List *states)
{
	const TaState *state = states != NIL ? linitial(states) : NULL;

	if (state == NULL || state->problem != NULL || state->mode != TA_MODE_FOREIGN_KEY ||
		state->reference->type_column == NULL || state->on_delete.source != TA_SOURCE_DEFAULT ||
		state->reference->junction || state->all_not_null ||
		state->reference->required.value != NULL || !ta_decl_is_polymorphic(decl))
		return NULL;
	return psprintf(
		"on_delete %s by default, for foreign keys of generated columns cannot set null",
		state->on_delete.value);
}

/* What the association is, and along which columns. */
static char *
what_it_is(const TaDecl *decl, List *states)
{
	TaLink links[2];
	int count = ta_decl_links(decl, links);
	char *text = psprintf("%s: %s %s", ta_decl_name(decl), ta_kind_words(decl->kind),
						  ta_targets_in_words(ta_decl_target_names(decl), "or"));
	const TaState *state = states != NIL ? linitial(states) : NULL;

	if (ta_decl_is_path(decl))
		return psprintf("%s through %s", text, decl->through);
	if (decl->kind == TA_BELONGS_TO_MANY)
		text = psprintf("%s through %s", text, decl->through);
	for (int i = 0; i < count; i++)
		text = psprintf("%s, %s", text, ta_line_link(&links[i]));
	if (state != NULL && state->problem == NULL && state->enforced)
	{
		text = psprintf("%s ON DELETE %s", text, state->on_delete.value);
		if (strcmp(state->on_update.value, "NO ACTION") != 0)
			text = psprintf("%s ON UPDATE %s", text, state->on_update.value);
	}
	else if (state != NULL && state->problem == NULL)
		text = psprintf("%s, not enforced", text);
	return text;
}

/* The whole line, and the inverse's below it; makes the accessors. */
char *
ta_line_declared(const TaDeclared *declared)
{
	const TaDecl *decl = ta_declare_as_stored(declared->decl);
	List *states;
	List *parts;
	char *note;
	ListCell *lc;
	int steps = list_length(ta_plan_steps(ta_line_references(decl), false, &states));

	parts = list_make1(what_it_is(decl, states));
	note = default_in_words(decl, states);
	if (note != NULL)
		parts = lappend(parts, note);
	parts = list_concat(parts, declared->notes);
	parts = list_concat(parts, ta_line_refresh(decl));
	foreach(lc, declared->moved)
		(void) ta_line_refresh(lfirst(lc));
	if (!ta_decl_is_path(decl))
		parts = lappend(parts, steps == 0   ? pstrdup("in place")
							   : steps == 1 ? pstrdup("1 step planned")
											: psprintf("%d steps planned", steps));
	if (declared->inverse == NULL)
		return ta_err_join(parts, "; ");
	return psprintf("%s\n%s", ta_err_join(parts, "; "), ta_line_declared(declared->inverse));
}
