/*
 * src/schema/state.c
 *		A reference as it is wanted, set against what the database has.
 *
 * An unsaid option is satisfied by whatever an existing key has; a default
 * applies only to what we create, and is recorded then.  Nothing is changed
 * here, and no SQL is written.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "model/option.h"
#include "schema/state.h"

const char *
ta_source_word(TaSource source)
{
	switch (source)
	{
		case TA_SOURCE_SAID:
			return "said";
		case TA_SOURCE_ADOPTED:
			return "adopted";
		default:
			return "default";
	}
}

/* The recorded value of an item, or NULL. */
static const char *
recorded_value(List *recorded, const char *item)
{
	ListCell *lc;

	foreach(lc, recorded)
	{
		TaRecorded *row = lfirst(lc);

		if (strcmp(row->item, item) == 0)
			return row->value;
	}
	return NULL;
}

/* Whether the key joins exactly the reference's columns to its key, in any order. */
static bool
is_same_key(const TaForeignKey *fk, const TaReference *reference, Oid parent)
{
	ListCell *lc;
	ListCell *lk;

	if (fk->parent != parent || list_length(fk->columns) != list_length(reference->columns))
		return false;
	forboth(lc, reference->columns, lk, reference->key)
	{
		ListCell *fc;
		ListCell *fk_key;
		bool found = false;

		forboth(fc, fk->columns, fk_key, fk->key)
		{
			if (strcmp(lfirst(fc), lfirst(lc)) == 0 && strcmp(lfirst(fk_key), lfirst(lk)) == 0)
				found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

/* The key that serves the reference: ours, else one with the action that is said, else the first. */
static TaForeignKey *
choose_key(const TaReference *reference, Oid child, Oid parent, const char *ours)
{
	TaForeignKey *chosen = NULL;
	int best = -1;
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(child))
	{
		TaForeignKey *fk = lfirst(lc);
		int score = 0;

		if (!is_same_key(fk, reference, parent))
			continue;
		if (ours != NULL && strcmp(fk->name, ours) == 0)
			score += 4;
		if (reference->on_delete.value != NULL &&
			strcmp(reference->on_delete.value, ta_action_text(fk->on_delete, fk->delete_columns)) ==
				0)
			score += 2;
		if (fk->validated)
			score += 1;
		if (score > best)
		{
			best = score;
			chosen = fk;
		}
	}
	return chosen;
}

/* Merges what is said with what is found; our default fills what neither has. */
static TaEffective
effective(const TaSaid *said, const char *found, const char *recorded, const char *fallback)
{
	TaEffective result = {.found = found, .by = said->by};

	if (said->value != NULL)
	{
		result.value = said->value;
		result.source = TA_SOURCE_SAID;
	}
	else if (found != NULL)
	{
		result.value = found;
		result.source = recorded != NULL && strcmp(recorded, found) == 0 ? TA_SOURCE_DEFAULT
																		 : TA_SOURCE_ADOPTED;
	}
	else
	{
		result.value = fallback;
		result.source = TA_SOURCE_DEFAULT;
	}
	return result;
}

/*
 * ON DELETE of what we create: a junction's rows go with either side; a
 * composite key must not lose part of itself (its other columns often belong
 * to other keys); else the child survives if its column can say "none".
 */
static const char *
default_on_delete(const TaState *state)
{
	const TaReference *reference = state->reference;

	if (reference->junction)
		return "CASCADE";
	if (list_length(reference->columns) > 1)
		return "NO ACTION";
	if (reference->required.value != NULL)
		return strcmp(reference->required.value, "true") == 0 ? "NO ACTION" : "SET NULL";
	return state->all_not_null ? "NO ACTION" : "SET NULL";
}

/* A set of actions is compared without regard to the order of its columns. */
static const char *
found_on_delete(const TaState *state)
{
	const TaSaid *said = &state->reference->on_delete;
	const TaForeignKey *fk = state->fk;

	if (said->value != NULL && fk->delete_columns != NIL)
	{
		TaAction action = ta_action_parse(said->value);
		bool same = action.code == fk->on_delete &&
					list_length(action.columns) == list_length(fk->delete_columns);
		ListCell *lc;

		foreach(lc, action.columns)
			same = same && ta_ident_list_has(fk->delete_columns, lfirst(lc));
		if (same)
			return said->value;
	}
	return ta_action_text(fk->on_delete, fk->delete_columns);
}

static void
read_columns(TaState *state)
{
	ListCell *lc;

	state->all_not_null = true;
	foreach(lc, state->reference->columns)
	{
		TaColumn *column =
			OidIsValid(state->child_rel) ? ta_rel_column(state->child_rel, lfirst(lc)) : NULL;

		if (column == NULL)
			state->missing = lappend(state->missing, lfirst(lc));
		if (column == NULL || !column->not_null)
			state->all_not_null = false;
	}
	/* a junction's columns are its primary key */
	if (!OidIsValid(state->child_rel))
		state->all_not_null = true;
}

static void
read_objects(TaState *state, List *recorded)
{
	const TaReference *reference = state->reference;
	const char *our_key = recorded_value(recorded, TA_ITEM_CONSTRAINT);
	const char *our_unique = recorded_value(recorded, TA_ITEM_UNIQUE_INDEX);

	if (!OidIsValid(state->child_rel) || state->missing != NIL)
		return;
	state->fk = choose_key(reference, state->child_rel, state->parent_rel, our_key);
	state->fk_is_ours =
		state->fk != NULL && our_key != NULL && strcmp(state->fk->name, our_key) == 0;
	state->unique_index = ta_rel_unique_index(state->child_rel, reference->columns);
	if (our_unique != NULL && OidIsValid(state->unique_index) &&
		strcmp(get_rel_name(state->unique_index), our_unique) == 0)
		state->our_unique_index = our_unique;
	/* the one that goes with the last has_one serves no longer */
	state->serving_index =
		ta_rel_serving_index(state->child_rel, reference->columns,
							 state->our_unique_index != NULL && reference->one == NULL
								 ? state->unique_index
								 : InvalidOid);
}

/* The state of a reference; recorded: its rows of what apply() created. */
TaState *
ta_state(const TaReference *reference, List *recorded)
{
	TaState *state = palloc0(sizeof(TaState));

	state->reference = reference;
	state->child = ta_cache_model(reference->child);
	state->parent = ta_cache_model(reference->parent);
	state->problem = ta_reference_problem(reference);
	if (state->problem != NULL)
		return state;

	state->child_rel = state->child->relid;
	state->parent_rel = state->parent->relid;
	state->enforced =
		reference->enforce.value == NULL || strcmp(reference->enforce.value, "none") != 0;
	state->checks_at_once = !TA_PARTITIONED_NOT_VALID_FK && OidIsValid(state->child_rel) &&
							ta_rel_kind(state->child_rel) == RELKIND_PARTITIONED_TABLE;
	read_columns(state);
	read_objects(state, recorded);

	state->on_delete =
		effective(&reference->on_delete, state->fk != NULL ? found_on_delete(state) : NULL,
				  recorded_value(recorded, TA_ITEM_ON_DELETE), default_on_delete(state));
	state->on_update =
		effective(&reference->on_update,
				  state->fk != NULL ? ta_action_text(state->fk->on_update, NIL) : NULL,
				  recorded_value(recorded, TA_ITEM_ON_UPDATE), "NO ACTION");
	state->deferral =
		effective(&reference->deferral,
				  state->fk != NULL ? ta_deferral_text(state->fk->deferrable, state->fk->deferred)
									: NULL,
				  recorded_value(recorded, TA_ITEM_DEFERRAL), "none");
	return state;
}
