/*
 * src/schema/plan_native.c
 *		The steps by which native keys enforce a polymorphic reference, or no
 *		longer do.
 *
 * Each target's column is planned as a plain reference (see schema/native).
 * Here is what such a one has beyond that: the columns themselves, all in one
 * rewrite of the table, and the CHECK.  What a target or the whole no longer
 * needs goes last, when what takes its place is there; only what apply() made.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/target.h"
#include "schema/native.h"
#include "schema/planner.h"

/* Another reference of this plan may have chosen the same name: then it gets a number. */
static void
settle_name(TaPlanner *planner, TaState *native)
{
	char *name = linitial(native->reference->columns);
	char *settled = name;

	for (int number = 1; (settled != name && OidIsValid(native->child_rel) &&
						  ta_rel_column(native->child_rel, settled) != NULL) ||
						 ta_plan_take_column(planner, native->child, settled);
		 number++)
		settled = ta_ident_numbered(name, number);
	linitial(native->reference->columns) = settled;
	native->missing = list_make1(settled);
}

/* Adds the columns that are missing. */
static void
plan_generated(TaPlanner *planner, const TaState *state)
{
	List *missing = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, state->natives)
	{
		TaState *native = lfirst(lc);

		if (native->missing == NIL)
			continue;
		settle_name(planner, native);
		missing = lappend(missing, native);
		names = lappend(names, unconstify(char *, native->reference->parent));
	}
	if (missing == NIL)
		return;
	ta_plan_add_step(planner, TA_STEP_ADD_GENERATED, state,
					 psprintf("%s; no generated column for %s found", ta_plan_declared_mode(state),
							  ta_targets_in_words(names, "or")))
		->natives = missing;
}

static void
plan_check(TaPlanner *planner, const TaState *state)
{
	const char *name;
	TaStep *step;

	if (state->check != NULL && state->check->validated)
		return;
	if (state->check != NULL)
	{
		ta_plan_add_step(planner, TA_STEP_VALIDATE_CHECK, state,
						 psprintf("CHECK %s is NOT VALID", ta_ident_quote(state->check->name)))
			->name = state->check->name;
		return;
	}
	step = ta_plan_add_step(planner,
							state->other_check != NULL ? TA_STEP_REPLACE_CHECK : TA_STEP_ADD_CHECK,
							state,
							state->other_check != NULL
								? psprintf("the targets are %s, found CHECK %s for others",
										   ta_targets_in_words(ta_target_names(state->reference),
															   NULL),
										   ta_ident_quote(state->other_check))
								: psprintf("%s; no CHECK of %s and %s found",
										   ta_plan_declared_mode(state),
										   ta_ident_quote(state->reference->type_column),
										   ta_ident_quote(linitial(state->reference->columns))));
	name = state->other_check != NULL
			   ? state->other_check
			   : ta_plan_choose_name(planner, state,
									 list_make1(unconstify(char *, state->reference->type_column)),
									 "check", true);
	step->name = name;
	ta_plan_add_step(planner, TA_STEP_VALIDATE_CHECK, state,
					 pstrdup("the rows already there are unchecked"))
		->name = name;
}

/* Whether a native that is to stay has the column. */
static bool
is_used(const TaState *state, const char *column)
{
	ListCell *lc;

	foreach(lc, state->mode == TA_MODE_FOREIGN_KEY ? state->natives : NIL)
	{
		if (strcmp(linitial(((TaState *) lfirst(lc))->reference->columns), column) == 0)
			return true;
	}
	return false;
}

/* The keys (of char *) that are to go while their columns stay: these are the user's. */
static List *
keys_to_drop(const TaState *state)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, state->mode == TA_MODE_FOREIGN_KEY ? NIL : state->natives)
	{
		const TaState *native = lfirst(lc);

		/* triggers take the place of any; where nothing enforces, a key that is somebody's stays */
		if (native->fk != NULL && (state->by_triggers || native->fk_is_ours) &&
			!native->fk->inherited &&
			!ta_ident_list_has(state->our_columns, linitial(native->reference->columns)))
			names = lappend(names, native->fk->name);
	}
	return names;
}

/* What is left of targets that are none any more, or of keys where others enforce now. */
static void
plan_leavings(TaPlanner *planner, const TaState *state)
{
	List *columns = NIL;
	List *constraints = keys_to_drop(state);
	bool keeps_check =
		state->mode == TA_MODE_FOREIGN_KEY &&
		(state->check == NULL || ta_ident_same(state->check->name, state->our_check));
	TaStep *step;
	ListCell *lc;

	foreach(lc, state->our_columns)
	{
		if (!is_used(state, lfirst(lc)))
			columns = lappend(columns, lfirst(lc));
	}
	if (state->our_check != NULL && !keeps_check)
		constraints = lappend(constraints, unconstify(char *, state->our_check));
	/* as a key, it goes with what takes its place, whoever made it */
	else if (state->our_check == NULL && state->check != NULL && state->by_triggers &&
			 ta_native_any(state))
		constraints = lappend(constraints, state->check->name);
	if (columns == NIL && constraints == NIL)
		return;
	step = ta_plan_add_step(
		planner, TA_STEP_DROP_NATIVES, state,
		psprintf("%s, found what apply() made for %s: %s",
				 state->mode == TA_MODE_FOREIGN_KEY
					 ? psprintf("the targets are %s",
								ta_targets_in_words(ta_target_names(state->reference), NULL))
					 : ta_plan_declared_mode(state),
				 state->mode == TA_MODE_FOREIGN_KEY ? "others" : "foreign keys",
				 ta_ident_columns(list_concat_copy(columns, constraints))));
	step->columns = columns;
	step->constraints = constraints;
}

/* A partition has the columns of the table that it is one of, and can't get others. */
static bool
plan_impossible(TaPlanner *planner, const TaState *state)
{
	ListCell *lc;

	if (!OidIsValid(state->child_rel) || !get_rel_relispartition(state->child_rel))
		return false;
	foreach(lc, state->natives)
	{
		if (((TaState *) lfirst(lc))->missing == NIL)
			continue;
		ta_plan_add_step(planner, TA_STEP_PROBLEM, state,
						 psprintf("%s, which needs generated columns, and %s is a partition; "
								  "declare it of the partitioned table",
								  ta_plan_declared_mode(state), ta_rel_shown(state->child_rel)));
		return true;
	}
	return false;
}

/* Native keys of a polymorphic reference against what is said of it, in whatever way it is enforced. */
void
ta_plan_natives(TaPlanner *planner, const TaState *state)
{
	ListCell *lc;

	if (state->mode == TA_MODE_FOREIGN_KEY)
	{
		if (plan_impossible(planner, state))
			return;
		plan_generated(planner, state);
		foreach(lc, state->natives)
			ta_plan_key_of(planner, lfirst(lc));
		plan_check(planner, state);
	}
	plan_leavings(planner, state);
}

/* The indexes by which a target's children are found when one of its rows goes. */
void
ta_plan_native_indexes(TaPlanner *planner, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->mode == TA_MODE_FOREIGN_KEY ? state->natives : NIL)
		ta_plan_index_of(planner, lfirst(lc));
}
