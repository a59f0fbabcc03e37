/*
 * src/schema/status.c
 *		How each association stands: what is said, against what is there.
 *
 * The status is read off the plan: no step is in place, steps that only add
 * are planned, steps that change or that nothing can mend differ.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/path.h"
#include "model/rename.h"
#include "schema/accessor.h"
#include "schema/status.h"

typedef struct StepSlot
{
	char name[NAMEDATALEN];
	const TaState *state;
	List *steps;
} StepSlot;

static StepSlot *
slot_of(HTAB *slots, const char *reference)
{
	if (reference == NULL)
		return NULL;
	return hash_search(slots, ta_ident_clip(reference), HASH_FIND, NULL);
}

/* The states of the references, each with the steps it still needs. */
static HTAB *
group_steps(List *references)
{
	HASHCTL ctl = {.keysize = NAMEDATALEN,
				   .entrysize = sizeof(StepSlot),
				   .hcxt = CurrentMemoryContext};
	HTAB *slots = hash_create("todo_assoc steps by reference", list_length(references) + 16, &ctl,
							  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	List *states;
	ListCell *lc;

	foreach(lc, ta_plan_steps(references, false, &states))
	{
		TaStep *step = lfirst(lc);
		bool found;
		StepSlot *slot =
			hash_search(slots, ta_ident_clip(step->state->reference->name), HASH_ENTER, &found);

		slot->steps = found ? lappend(slot->steps, step) : list_make1(step);
		slot->state = step->state;
	}
	foreach(lc, states)
	{
		const TaState *state = lfirst(lc);
		bool found;
		StepSlot *slot =
			hash_search(slots, ta_ident_clip(state->reference->name), HASH_ENTER, &found);

		if (!found)
			slot->steps = NIL;
		slot->state = state;
	}
	return slots;
}

/* Whether the step changes what is there, instead of adding to it. */
static bool
changes(const TaStep *step)
{
	switch (step->kind)
	{
		case TA_STEP_PROBLEM:
		case TA_STEP_DROP_NOT_NULL:
		case TA_STEP_DROP_FOREIGN_KEY:
		case TA_STEP_DROP_INDEX:
		case TA_STEP_REPLACE_FOREIGN_KEY:
		case TA_STEP_ALTER_DEFERRAL:
		case TA_STEP_UNENFORCE:
		case TA_STEP_REPLACE_CHECK:
		case TA_STEP_DROP_NATIVES:
			return true;
		case TA_STEP_ENFORCE:
			return step->state->in_force != NULL || step->name != NULL;
		case TA_STEP_CREATE_UNIQUE_INDEX:
			return step->replaces != NULL;
		default:
			return false;
	}
}

/* What a reference's problem makes of its associations. */
static const char *
status_of_problem(const TaProblem *problem, const TaReference *reference)
{
	switch (problem->sqlstate)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_OBJECT:
			return "missing";
		default:
			/* two sides say different things, or the table is not as they say */
			return reference->problem != NULL ? "conflict" : "differs";
	}
}

/* Status and difference, from the steps. */
static void
read_off(TaStatus *status)
{
	List *reasons = NIL;
	ListCell *lc;

	status->status = status->steps == NIL ? "in place" : "planned";
	foreach(lc, status->steps)
	{
		TaStep *step = lfirst(lc);

		if (!changes(step))
			continue;
		if (strcmp(status->status, "planned") == 0)
			status->status = step->blamed != NULL
								 ? status_of_problem(step->blamed->problem, step->blamed->reference)
								 : "differs";
		if (!ta_ident_list_has(reasons, step->reason))
			reasons = lappend(reasons, step->reason);
	}
	if (reasons != NIL)
		status->difference = ta_err_join(reasons, "; ");
}

/* A path can be walked when every table on it is there; a junction may be yet to come. */
static void
read_path(TaStatus *status, HTAB *slots)
{
	ListCell *lc;

	status->difference = ta_path_problem(status->decl);
	status->status = status->difference == NULL ? "in place" : "missing";
	if (status->difference != NULL)
		return;

	foreach(lc, ta_hops_of(status->decl))
	{
		const TaLink *link = &((TaHop *) lfirst(lc))->link;
		StepSlot *slot = slot_of(slots, link->reference);
		const TaReference *reference =
			slot != NULL ? slot->state->reference : ta_reference_named(link->reference);
		const TaProblem *problem =
			slot != NULL ? slot->state->problem : ta_reference_problem(reference);

		if (problem != NULL)
		{
			status->status = status_of_problem(problem, reference);
			status->difference = problem->message;
			return;
		}
		if (!OidIsValid(ta_cache_model(link->child)->relid))
			status->status = "planned";
	}
}

static void
add_difference(TaStatus *status, char *text)
{
	if (text == NULL)
		return;
	status->difference =
		status->difference == NULL ? text : psprintf("%s; %s", status->difference, text);
}

static void
fill(TaStatus *status, HTAB *slots, List *conflicts)
{
	StepSlot *own = slot_of(slots, status->decl->reference);
	StepSlot *other = slot_of(slots, status->decl->other_reference);

	if (own == NULL)
		read_path(status, slots);
	else
	{
		status->state = own->state;
		status->steps = list_copy(own->steps);
		if (other != NULL)
		{
			status->other = other->state;
			status->steps = list_concat(status->steps, other->steps);
			list_sort(status->steps, ta_plan_compare);
		}
		read_off(status);
	}
	if (strcmp(status->status, "missing") != 0)
		add_difference(status, ta_accessor_problem(status->decl));
	if (ta_ident_list_has(conflicts, ta_decl_name(status->decl)))
	{
		status->status = "conflict";
		add_difference(status, pstrdup("a differing row was set aside in assoc_internal.conflict"));
	}
}

/* The references that a model's own declarations are views of. */
static List *
references_of(List *decls)
{
	List *names = NIL;
	List *references = NIL;
	ListCell *lc;

	foreach(lc, decls)
	{
		TaDecl *decl = lfirst(lc);
		const char *both[] = {decl->reference, decl->other_reference};

		for (int i = 0; i < lengthof(both); i++)
		{
			if (both[i] == NULL || ta_ident_list_has(names, both[i]))
				continue;
			names = lappend(names, (char *) both[i]);
			references = lappend(references, ta_reference_named(both[i]));
		}
	}
	return references;
}

/* The status (TaStatus) of every association of the model; NULL: of all models. */
List *
ta_statuses(const char *model)
{
	List *decls = model != NULL ? ta_catalog_decls_of_model(model) : ta_catalog_decls();
	HTAB *slots = group_steps(model != NULL ? references_of(decls) : ta_references(decls));
	List *conflicts = ta_catalog_conflicts();
	List *statuses = NIL;
	TaStatus *last = NULL;
	ListCell *lc;

	/* the rows of one association, one per declarer, stand together */
	foreach(lc, decls)
	{
		TaDecl *decl = lfirst(lc);

		if (last == NULL || strcmp(last->decl->model, decl->model) != 0 ||
			strcmp(last->decl->alias, decl->alias) != 0)
		{
			last = palloc0(sizeof(TaStatus));
			last->decl = decl;
			statuses = lappend(statuses, last);
		}
		last->declarers = lappend(last->declarers, (char *) ta_declarer_shown(decl->declarer));
	}
	foreach(lc, statuses)
		fill(lfirst(lc), slots, conflicts);
	return statuses;
}
