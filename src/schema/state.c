/*
 * src/schema/state.c
 *		A reference as it is wanted, set against what the database has.
 *
 * An unsaid option is satisfied by whatever an existing key has; a default
 * applies only to what we create, and is recorded then.  Nothing is changed
 * here, and no SQL is written.
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/partial.h"
#include "schema/enforce.h"
#include "schema/native.h"
#include "schema/soft.h"
#include "schema/state.h"
#include "schema/trigger.h"

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

/* The key there is, also one that is NOT ENFORCED; NULL: none. */
const TaForeignKey *
ta_state_key(const TaState *state)
{
	return state->fk != NULL ? state->fk : state->unenforced;
}

/* The mode as enforce => and assoc_internal.enforced write it. */
const char *
ta_mode_word(TaMode mode)
{
	static const char *const words[] = {
		[TA_MODE_NONE] = "none",
		[TA_MODE_FOREIGN_KEY] = "foreign_key",
		[TA_MODE_TRIGGER] = "trigger",
		[TA_MODE_STATEMENT] = "statement",
	};

	return words[mode];
}

static TaMode
mode_of_word(const char *word)
{
	for (int mode = TA_MODE_NONE; mode <= TA_MODE_STATEMENT; mode++)
	{
		if (strcmp(ta_mode_word(mode), word) == 0)
			return mode;
	}
	/* a row written directly may hold any text */
	return TA_MODE_FOREIGN_KEY;
}

/* Whether tables and columns are all there. */
bool
ta_state_stands(const TaState *state)
{
	return state->problem == NULL && OidIsValid(state->child_rel) && state->targets != NIL &&
		   state->missing == NIL;
}

/* "Posts", "Photos" or "Videos" (last: "or"; NULL: commas alone) */
char *
ta_state_parents_shown(const TaState *state, const char *last)
{
	List *shown = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
	{
		char *table = ta_rel_shown(((TaStateTarget *) lfirst(lc))->relid);

		if (!ta_ident_list_has(shown, table))
			shown = lappend(shown, table);
	}
	return ta_targets_in_words(shown, last);
}

/* Whether the user sees all rows of all parents. */
bool
ta_state_may_count_parents(const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->targets)
	{
		if (!ta_rel_may_count(((TaStateTarget *) lfirst(lc))->relid))
			return false;
	}
	return true;
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

/* The key that serves the reference: ours, else one with the action that is said, else the first. */
static TaForeignKey *
choose_key(const TaReference *reference, List *keys, Oid parent, List *ours)
{
	TaForeignKey *chosen = NULL;
	int best = -1;
	ListCell *lc;

	foreach(lc, keys)
	{
		TaForeignKey *fk = lfirst(lc);
		int score = 0;

		if (!ta_reference_is_key(reference, fk, parent))
			continue;
		if (ta_ident_list_has(ours, fk->name))
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

/* Whether native keys of generated columns enforce a polymorphic reference, or shall. */
static bool
by_natives(const TaState *state)
{
	return state->mode == TA_MODE_FOREIGN_KEY &&
		   (state->whole != NULL || state->reference->type_column != NULL);
}

/*
 * ON DELETE of what we create: a junction's rows go with either side; a
 * composite key must not lose part of itself (its other columns often belong
 * to other keys); else the child survives if its column can say "none", which nobody can write
 * into a generated one.
 */
static const char *
default_on_delete(const TaState *state)
{
	const TaReference *reference = state->reference;

	/* the element goes, the row and its other elements stay */
	if (reference->element)
		return "SET NULL";
	if (reference->junction)
		return "CASCADE";
	if (list_length(reference->columns) > 1 || by_natives(state))
		return "NO ACTION";
	if (reference->required.value != NULL)
		return strcmp(reference->required.value, "true") == 0 ? "NO ACTION" : "SET NULL";
	return state->all_not_null ? "NO ACTION" : "SET NULL";
}

/*
 * Whether the options that hold now are those of triggers: also when a key is
 * wanted that is not there yet, for it takes their place.
 */
static bool
by_triggers_now(const TaState *state)
{
	return state->in_force != NULL &&
		   (state->by_triggers || (state->fk == NULL && !ta_native_any(state)));
}

/* The key whose options hold now, or NULL; of a polymorphic reference, that of the first target that has one. */
static const TaForeignKey *
key_now(const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->natives)
	{
		const TaForeignKey *fk = ta_state_key(lfirst(lc));

		if (fk != NULL)
			return fk;
	}
	return ta_state_key(state);
}

/* A set of actions is compared without regard to the order of its columns. */
static const char *
found_on_delete(const TaState *state)
{
	const TaSaid *said = &state->reference->on_delete;
	const TaForeignKey *fk = key_now(state);
	TaAction found;

	if (by_triggers_now(state))
		found = ta_action_parse(state->in_force->on_delete);
	else if (fk != NULL)
	{
		found.code = fk->on_delete;
		found.columns = fk->delete_columns;
	}
	else
		return NULL;
	if (said->value != NULL && found.columns != NIL)
	{
		TaAction action = ta_action_parse(said->value);
		bool same =
			action.code == found.code && list_length(action.columns) == list_length(found.columns);
		ListCell *lc;

		foreach(lc, action.columns)
			same = same && ta_ident_list_has(found.columns, lfirst(lc));
		if (same)
			return said->value;
	}
	return ta_action_text(found.code, found.columns);
}

static const char *
found_on_update(const TaState *state)
{
	const TaForeignKey *fk = key_now(state);

	if (by_triggers_now(state))
		return state->in_force->on_update;
	return fk != NULL ? ta_action_text(fk->on_update, NIL) : NULL;
}

static const char *
found_deferral(const TaState *state)
{
	const TaForeignKey *fk = key_now(state);

	if (by_triggers_now(state))
		return state->in_force->deferral;
	return fk != NULL ? ta_deferral_text(fk->deferrable, fk->deferred) : NULL;
}

static void
read_columns(TaState *state)
{
	ListCell *lc;

	state->all_not_null = true;
	foreach(lc, ta_reference_columns(state->reference))
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

/* The unique index that apply() made, whatever rows it counts; InvalidOid: it is not there. */
static Oid
our_index(const TaState *state, const char *name)
{
	Oid index =
		name != NULL ? get_relname_relid(name, get_rel_namespace(state->child_rel)) : InvalidOid;

	return OidIsValid(index) && IndexGetRelation(index, true) == state->child_rel ? index
																				  : InvalidOid;
}

/* The native key of a reference to one table. */
static void
read_key(TaState *state, List *recorded)
{
	const TaReference *reference = state->reference;
	List *ours = ta_recorded_values(recorded, TA_ITEM_CONSTRAINT);

	state->fk =
		choose_key(reference, ta_rel_foreign_keys(state->child_rel), state->parent_rel, ours);
	if (state->fk == NULL)
		state->unenforced = choose_key(reference, ta_rel_unenforced_keys(state->child_rel),
									   state->parent_rel, ours);
	state->fk_is_ours = state->fk != NULL && ta_ident_list_has(ours, state->fk->name);
}

/* Those of a polymorphic one, the CHECK beside them, and the unique indexes of its has_one. */
static void
read_natives(TaState *state, List *recorded)
{
	ListCell *lc;

	state->natives = ta_natives(state, recorded);
	foreach(lc, state->natives)
	{
		TaState *native = lfirst(lc);

		if (!OidIsValid(native->child_rel) || native->missing != NIL)
			continue;
		read_key(native, recorded);
		native->serving_index =
			ta_rel_serving_index(native->child_rel, native->reference->columns, InvalidOid);
	}
	ta_native_read_check(state, recorded);
	foreach(lc, ta_recorded_values(recorded, TA_ITEM_UNIQUE_INDEX))
	{
		Oid index = ta_rel_lookup(state->child->schema, lfirst(lc));

		if (OidIsValid(index) && ta_rel_is_index_of(index, state->child_rel))
			state->our_unique_indexes = lappend(state->our_unique_indexes, lfirst(lc));
	}
}

static void
read_objects(TaState *state, List *recorded)
{
	const TaReference *reference = state->reference;
	const char *our_unique = recorded_value(recorded, TA_ITEM_UNIQUE_INDEX);
	const char *live = ta_soft_live_sql("", state->child, true);
	Oid ours;

	if (reference->type_column != NULL)
		read_natives(state, recorded);
	if (!OidIsValid(state->child_rel) || state->missing != NIL)
		return;
	if (reference->element)
	{
		/* no native key is one of elements, and a unique index is of whole arrays */
		state->serving_index = ta_rel_element_index(state->child_rel, linitial(reference->columns));
		return;
	}
	if (reference->type_column == NULL)
	{
		read_key(state, recorded);
		state->unique_index = ta_rel_unique_index(state->child_rel, reference->columns);
		/* a parent may have had others, which are deleted */
		if (!OidIsValid(state->unique_index) && live != NULL)
			state->unique_index =
				ta_rel_unique_index_where(state->child_rel, reference->columns, live);
	}
	ours = reference->type_column == NULL ? our_index(state, our_unique) : InvalidOid;
	if (OidIsValid(ours))
	{
		if (ours == state->unique_index || reference->one == NULL)
			state->our_unique_index = our_unique;
		else if (!OidIsValid(state->unique_index))
			state->stale_unique_index = our_unique;
	}
	/* the one that goes with the last has_one serves no longer */
	state->serving_index = ta_rel_serving_index(state->child_rel, ta_reference_columns(reference),
												reference->one == NULL ? ours : InvalidOid);
}

/* A native key, wherever one can say it all. */
static TaMode
default_mode(const TaState *state)
{
	return state->reference->type_column != NULL || state->reference->element ||
				   state->condition != NULL || ta_reference_triggers_by_default(state->reference)
			   ? TA_MODE_TRIGGER
			   : TA_MODE_FOREIGN_KEY;
}

/*
 * The scope that triggers shall enforce: the one said with them, else the one
 * in force, if the association still says it without saying how it is enforced.
 */
static const char *
scope_of(const TaState *state)
{
	const TaReference *reference = state->reference;
	ListCell *lc;

	if (!state->by_triggers || reference->type_column != NULL)
		return NULL;
	if (reference->scope.value != NULL)
		return reference->scope.value;
	if (state->in_force == NULL || list_length(state->in_force->targets) != 1)
		return NULL;
	foreach(lc, reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if (ta_decl_from_child(decl) && decl->scope != NULL &&
			ta_ident_same(decl->scope,
						  ((TaEnforcedTarget *) linitial(state->in_force->targets))->scope))
			return decl->scope;
	}
	return NULL;
}

/* Whether the keys there are can stay: they may not be able to do what is said of the reference. */
static bool
keys_can_stay(const TaState *state)
{
	const TaReference *reference = state->reference;

	/* a condition is what a key can't keep */
	if (state->fk != NULL)
		return state->condition == NULL;
	return ta_native_any(state) &&
		   (reference->on_delete.value == NULL ||
			ta_native_action_fits(reference->on_delete.value, true)) &&
		   (reference->on_update.value == NULL ||
			ta_native_action_fits(reference->on_update.value, false));
}

/* How it is enforced, and how it shall be: where nobody says it, as it is. */
static void
read_mode(TaState *state)
{
	const TaForeignKey *key;
	const char *found = NULL;

	state->condition = state->reference->condition.value;
	state->in_force = ta_enforced_read(state->reference->name);
	if (state->in_force != NULL)
		found = state->in_force->mode;
	else if (keys_can_stay(state))
		found = ta_mode_word(TA_MODE_FOREIGN_KEY);
	state->enforce =
		effective(&state->reference->enforce, found, NULL, ta_mode_word(default_mode(state)));
	state->mode = mode_of_word(state->enforce.value);
	/* there is nothing to refer to before a target is said */
	if (state->targets == NIL)
		state->mode = TA_MODE_NONE;
	state->enforced = state->mode != TA_MODE_NONE;
	state->by_triggers = state->mode == TA_MODE_TRIGGER || state->mode == TA_MODE_STATEMENT;
	state->scope = scope_of(state);
	/* triggers don't mind a key that is NOT ENFORCED */
	if (state->mode != TA_MODE_FOREIGN_KEY)
		state->unenforced = NULL;
	key = ta_state_key(state);
	state->match_full = by_triggers_now(state) ? state->in_force->match_full
						: key != NULL          ? key->match == FKCONSTR_MATCH_FULL
											   : false;
}

/* What triggers enforce, against what they shall. */
static void
read_triggers(TaState *state)
{
	List *missing = NIL;
	List *altered = NIL;

	if (state->in_force != NULL)
		ta_triggers_compare(state->in_force, &missing, &altered, &state->disabled);
	state->faults = list_concat(missing, altered);
	if (!state->by_triggers)
		return;
	state->wanted = ta_enforce_wanted(state, state->mode);
	if (state->in_force != NULL)
		state->changes = ta_enforce_changes(state);
	state->wanted->validated = ta_enforce_stays_valid(state);
}

static void
read_targets(TaState *state)
{
	ListCell *lc;

	foreach(lc, state->reference->targets)
	{
		TaStateTarget *target = palloc(sizeof(TaStateTarget));

		target->target = lfirst(lc);
		target->model = ta_cache_model(target->target->model);
		target->relid = target->model->relid;
		state->targets = lappend(state->targets, target);
	}
}

/* The actions and the deferral: said, else as they are, else ours. */
static void
read_options(TaState *state, List *recorded)
{
	const TaReference *reference = state->reference;
	TaEffective *actions[] = {&state->on_delete, &state->on_update};

	state->on_delete =
		effective(&reference->on_delete, found_on_delete(state),
				  recorded_value(recorded, TA_ITEM_ON_DELETE), default_on_delete(state));
	state->on_update = effective(&reference->on_update, found_on_update(state),
								 recorded_value(recorded, TA_ITEM_ON_UPDATE), "NO ACTION");
	state->deferral = effective(&reference->deferral, found_deferral(state),
								recorded_value(recorded, TA_ITEM_DEFERRAL), "none");
	/* what triggers did, and nobody says, such keys may not be able to do */
	for (int i = 0; by_natives(state) && i < lengthof(actions); i++)
	{
		if (actions[i]->source == TA_SOURCE_SAID ||
			ta_native_action_fits(actions[i]->value, actions[i] == &state->on_delete))
			continue;
		actions[i]->value = i == 0 ? default_on_delete(state) : "NO ACTION";
		actions[i]->source = TA_SOURCE_DEFAULT;
	}
}

/* Each native has the options of the whole, but for what its own key has and nobody says otherwise. */
static void
complete_natives(TaState *state, List *recorded)
{
	ListCell *lc;

	foreach(lc, state->natives)
	{
		TaState *native = lfirst(lc);

		native->mode = state->mode;
		native->enforce = state->enforce;
		native->enforced = by_natives(state);
		if (!native->enforced)
			native->unenforced = NULL;
		if (native->fk != NULL || native->unenforced != NULL)
		{
			read_options(native, recorded);
			continue;
		}
		native->on_delete = state->on_delete;
		native->on_update = state->on_update;
		native->deferral = state->deferral;
		native->on_delete.found = native->on_update.found = native->deferral.found = NULL;
	}
}

/* The state of a reference; recorded: its rows of what apply() created. */
TaState *
ta_state(const TaReference *reference, List *recorded)
{
	TaState *state = palloc0(sizeof(TaState));

	state->reference = reference;
	state->child = ta_cache_model(reference->child);
	state->parent = reference->type_column == NULL ? ta_cache_model(reference->parent) : NULL;
	state->problem = ta_reference_problem(reference);
	if (state->problem != NULL)
		return state;

	state->child_rel = state->child->relid;
	state->parent_rel = state->parent != NULL ? state->parent->relid : InvalidOid;
	read_targets(state);
	state->checks_at_once = !TA_PARTITIONED_NOT_VALID_FK && OidIsValid(state->child_rel) &&
							ta_rel_kind(state->child_rel) == RELKIND_PARTITIONED_TABLE;
	read_columns(state);
	read_objects(state, recorded);
	read_mode(state);

	read_options(state, recorded);
	complete_natives(state, recorded);
	read_triggers(state);
	return state;
}
