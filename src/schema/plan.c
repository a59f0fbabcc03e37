/*
 * src/schema/plan.c
 *		The steps from the database as it is to the database as declared.
 *
 * Works reference by reference, then sorts the steps by kind, so that tables
 * and columns come before the keys on them and scans come last.  Names are
 * those PostgreSQL would choose, free of each other within the plan.  SQL,
 * locks and the like are schema/ddl's.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/lookup.h"
#include "model/option.h"
#include "model/path.h"
#include "model/target.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"
#include "schema/enforce.h"
#include "schema/facet.h"
#include "schema/native.h"
#include "schema/planner.h"
#include "schema/soft.h"

/* A name this plan gives away, in the schema or on the table of that OID. */
typedef struct NameKey
{
	Oid scope;
	char name[NAMEDATALEN];
} NameKey;

/* A column that this plan creates, of a table: two references may share it. */
typedef struct ColumnSlot
{
	char name[3 * NAMEDATALEN];
} ColumnSlot;

typedef struct StateSlot
{
	char name[NAMEDATALEN];
	const TaState *state;
} StateSlot;

/* Rows of what apply() recorded, reference by reference. */
typedef struct RecordedSlot
{
	char name[NAMEDATALEN];
	List *rows;
} RecordedSlot;

/* ---- states ---- */

static HTAB *
name_table(const char *name, Size key_size, Size entry_size, int size)
{
	HASHCTL ctl = {.keysize = key_size, .entrysize = entry_size, .hcxt = CurrentMemoryContext};

	return hash_create(name, size, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* For many references all rows are read at once; for few, each reference's own. */
static HTAB *
read_recorded(List *references)
{
	HTAB *slots = name_table("todo_assoc recorded", NAMEDATALEN, sizeof(RecordedSlot),
							 list_length(references) + 16);
	List *rows = NIL;
	ListCell *lc;

	if (list_length(references) > 4)
		rows = ta_catalog_recorded(NULL);
	else
	{
		foreach(lc, references)
			rows = list_concat(rows, ta_catalog_recorded(((TaReference *) lfirst(lc))->name));
	}
	foreach(lc, rows)
	{
		TaRecorded *row = lfirst(lc);
		bool found;
		RecordedSlot *slot = hash_search(slots, ta_ident_clip(row->reference), HASH_ENTER, &found);

		slot->rows = found ? lappend(slot->rows, row) : list_make1(row);
	}
	return slots;
}

/* The state of a reference, made once per plan. */
static const TaState *
state_of(TaPlanner *planner, const TaReference *reference)
{
	bool found;
	StateSlot *slot =
		hash_search(planner->states, ta_ident_clip(reference->name), HASH_ENTER, &found);

	if (!found)
	{
		RecordedSlot *recorded =
			hash_search(planner->recorded, ta_ident_clip(reference->name), HASH_FIND, NULL);

		slot->state = NULL;
		slot->state = ta_state(reference, recorded != NULL ? recorded->rows : NIL);
	}
	return slot->state;
}

/* The state of a reference by name, also of one that this plan does not select. */
static const TaState *
state_named(TaPlanner *planner, const char *name)
{
	StateSlot *slot = hash_search(planner->states, ta_ident_clip(name), HASH_FIND, NULL);

	return slot != NULL ? slot->state : state_of(planner, ta_reference_named(name));
}

static bool
same_names(List *a, List *b)
{
	ListCell *la;
	ListCell *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
	{
		if (!ta_ident_same(lfirst(la), lfirst(lb)))
			return false;
	}
	return true;
}

/*
 * The state of the same reference of a table that this one is a partition of,
 * if the plan makes that too; else NULL.  What the whole gets, PostgreSQL gives
 * to its partitions: planned for both, the second would be there already.
 */
static const TaState *
state_of_whole(TaPlanner *planner, const TaState *state)
{
	List *ancestors;
	ListCell *lc;

	if (!OidIsValid(state->child_rel) || !get_rel_relispartition(state->child_rel))
		return NULL;
	ancestors = get_partition_ancestors(state->child_rel);
	foreach(lc, planner->references)
	{
		const TaReference *reference = lfirst(lc);
		const TaState *whole = state_of(planner, reference);

		if (whole->problem == NULL && list_member_oid(ancestors, whole->child_rel) &&
			whole->parent_rel == state->parent_rel && reference->type_column == NULL &&
			state->reference->type_column == NULL &&
			same_names(reference->columns, state->reference->columns) &&
			same_names(reference->key, state->reference->key))
			return whole;
	}
	return NULL;
}

/* ---- names ---- */

typedef struct NameScope
{
	TaPlanner *planner;
	Oid table; /* InvalidOid: names of relations, in the schema */
	Oid schema;
	const char *dropped; /* an index that an earlier step drops; NULL */
} NameScope;

static bool
name_taken(const char *name, void *arg)
{
	NameScope *scope = arg;
	NameKey key = {.scope = OidIsValid(scope->table) ? scope->table : scope->schema};

	if (scope->dropped != NULL && strcmp(name, scope->dropped) == 0)
		return false;
	if (OidIsValid(scope->table) ? ta_constraint_name_taken(scope->table, name)
								 : ta_relation_name_taken(scope->schema, name))
		return true;
	strlcpy(key.name, name, NAMEDATALEN);
	return hash_search(scope->planner->names, &key, HASH_FIND, NULL) != NULL;
}

/* The name PostgreSQL would choose for a constraint or an index on the columns, now taken. */
const char *
ta_plan_choose_name(TaPlanner *planner, const TaState *state, List *columns, const char *label,
					bool constraint)
{
	NameScope scope = {.planner = planner};
	NameKey key = {0};
	char *name;

	scope.schema = get_namespace_oid(state->child->schema, true);
	if (constraint)
		scope.table = state->child_rel;
	else if (state->reference->one == NULL)
		scope.dropped = state->our_unique_index;
	name = ta_ident_invent(state->child->table, columns, label, name_taken, &scope);
	key.scope = OidIsValid(scope.table) ? scope.table : scope.schema;
	strlcpy(key.name, name, NAMEDATALEN);
	hash_search(planner->names, &key, HASH_ENTER, NULL);
	return name;
}

/* The same for the columns of the reference; of a facet without that of the type. */
static const char *
choose_name(TaPlanner *planner, const TaState *state, const char *label, bool constraint)
{
	return ta_plan_choose_name(planner, state,
							   state->filter != NULL ? state->reference->columns
													 : ta_reference_columns(state->reference),
							   label, constraint);
}

/* ---- steps ---- */

/* Adds a step of this kind, which serves the reference; the caller fills in what else it has. */
TaStep *
ta_plan_add_step(TaPlanner *planner, TaStepKind kind, const TaState *state, char *reason)
{
	TaStep *step = palloc0(sizeof(TaStep));

	step->kind = kind;
	step->state = state;
	step->reason = reason;
	step->association = ta_decl_name(state->reference->serves);
	step->declarer = state->reference->serves->declarer;
	step->order = list_length(planner->steps);
	planner->steps = lappend(planner->steps, step);
	return step;
}

/* "declared CASCADE by Todo.user, found NO ACTION" */
static char *
difference(const TaEffective *option)
{
	return psprintf("declared %s by %s, found %s", option->value, ta_decl_name(option->by),
					option->found);
}

static bool
differs(const TaEffective *option)
{
	return option->found != NULL && strcmp(option->value, option->found) != 0;
}

/* Whether the plan creates this column already; from now on it does. */
bool
ta_plan_take_column(TaPlanner *planner, const TaModel *model, const char *column)
{
	char key[3 * NAMEDATALEN];
	bool found;

	snprintf(key, sizeof(key), "%s.%s.%s", model->schema, model->table, column);
	hash_search(planner->columns, key, HASH_ENTER, &found);
	return found;
}

/* The step that creates the junction's table, once; other: the state of the reference that is its second half. */
static const TaStep *
plan_table(TaPlanner *planner, const TaState *state, const TaState *other)
{
	TaStep *step;
	ListCell *lc;

	foreach(lc, planner->created)
	{
		step = lfirst(lc);
		if (strcmp(step->state->child->name, state->child->name) == 0)
			return step;
	}
	step = ta_plan_add_step(planner, TA_STEP_CREATE_TABLE, state,
							psprintf("junction of %s; no table %s found",
									 ta_decl_name(state->reference->serves),
									 ta_ident_qualify(state->child->schema, state->child->table)));
	step->other = other;
	/* composite keys may share a column */
	step->key = list_copy(ta_reference_columns(state->reference));
	foreach(lc, ta_reference_columns(other->reference))
	{
		if (!ta_ident_list_has(step->key, lfirst(lc)))
			step->key = lappend(step->key, lfirst(lc));
	}
	foreach(lc, step->key)
		(void) ta_plan_take_column(planner, state->child, lfirst(lc));
	planner->created = lappend(planner->created, step);
	return step;
}

/* The columns that are missing, each once, whichever references share it. */
static void
plan_missing_columns(TaPlanner *planner, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->missing)
	{
		TaStep *step;

		if (ta_plan_take_column(planner, state->child, lfirst(lc)))
			continue;
		step = ta_plan_add_step(planner, TA_STEP_ADD_COLUMN, state,
								psprintf("%s has no column %s",
										 OidIsValid(state->child_rel)
											 ? ta_rel_shown(state->child_rel)
											 : ta_ident_qualify(state->child->schema,
																state->child->table),
										 ta_ident_quote(lfirst(lc))));
		step->column = lfirst(lc);
	}
}

static void
plan_columns(TaPlanner *planner, const TaState *state)
{
	const TaReference *reference = state->reference;
	ListCell *lc;

	if (state_of_whole(planner, state) == NULL)
		plan_missing_columns(planner, state);
	if (reference->required.value == NULL)
		return;

	foreach(lc, ta_reference_columns(reference))
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));
		bool not_null = column != NULL && column->not_null;
		bool wanted = strcmp(reference->required.value, "true") == 0;
		TaStep *step;

		if (not_null == wanted)
			continue;
		step =
			ta_plan_add_step(planner, wanted ? TA_STEP_SET_NOT_NULL : TA_STEP_DROP_NOT_NULL, state,
							 psprintf("declared %s by %s, column %s %s",
									  wanted ? "required" : "not required",
									  ta_decl_name(reference->required.by),
									  ta_ident_quote(lfirst(lc)),
									  wanted ? "allows nulls" : "is NOT NULL"));
		step->column = lfirst(lc);
	}
}

/* The mark by which rows that were deleted softly together live again together. */
static void
plan_deletion_id(TaPlanner *planner, const TaState *state, const TaModel *model)
{
	const TaColumn *column =
		OidIsValid(model->relid) ? ta_rel_column(model->relid, TA_DELETION_ID) : NULL;
	TaStep *step;

	if (column != NULL && column->type == UUIDOID)
		return;
	if (column != NULL)
	{
		ta_plan_add_step(
			planner, TA_STEP_PROBLEM, state,
			psprintf("column %s of %s is %s, not uuid: rows that are deleted softly with their "
					 "parent will not live again with it",
					 TA_DELETION_ID, ta_rel_shown(model->relid),
					 ta_type_shown(column->type, column->typmod)));
		return;
	}
	if (ta_plan_take_column(planner, model, TA_DELETION_ID))
		return;
	step = ta_plan_add_step(
		planner, TA_STEP_ADD_COLUMN, state,
		psprintf("rows of %s are deleted softly with those of %s; %s has no column %s",
				 OidIsValid(state->child_rel)
					 ? ta_rel_shown(state->child_rel)
					 : ta_ident_qualify(state->child->schema, state->child->table),
				 ta_state_parents_shown(state, "or"),
				 OidIsValid(model->relid) ? ta_rel_shown(model->relid)
										  : ta_ident_qualify(model->schema, model->table),
				 TA_DELETION_ID));
	step->column = TA_DELETION_ID;
	step->on = model;
}

/* Soft deletion with CASCADE marks parents and children. */
static void
plan_soft_cascade(TaPlanner *planner, const TaState *state)
{
	bool cascades = false;
	ListCell *lc;

	foreach(lc, state->targets)
	{
		if (!ta_soft_cascades(state, lfirst(lc)))
			continue;
		plan_deletion_id(planner, state, ((TaStateTarget *) lfirst(lc))->model);
		cascades = true;
	}
	if (cascades)
		plan_deletion_id(planner, state, state->child);
}

static void
plan_validation(TaPlanner *planner, const TaState *state, const char *name, char *reason)
{
	ta_plan_add_step(planner, TA_STEP_VALIDATE, state, reason)->name = name;
}

static void
plan_new_key(TaPlanner *planner, const TaState *state)
{
	char *unheeded = ta_soft_unenforced(state);
	TaStep *step = ta_plan_add_step(
		planner, TA_STEP_ADD_FOREIGN_KEY, state,
		psprintf("declared by %s; no foreign key%s found%s", ta_decl_name(state->reference->serves),
				 state->whole == NULL ? "" : psprintf(" to %s", ta_rel_shown(state->parent_rel)),
				 unheeded == NULL ? ""
								  : psprintf("; it does not heed that rows of %s are deleted "
											 "softly",
											 unheeded)));

	step->name = choose_name(planner, state, "fkey", true);
	if (!state->checks_at_once)
		plan_validation(planner, state, step->name,
						pstrdup("the rows already there are unchecked"));
}

/* A key in place that would set a column to null which refuses it: deleting a parent fails. */
static void
plan_impossible_null(TaPlanner *planner, const TaState *state)
{
	const TaForeignKey *fk = state->fk;
	const TaReference *reference = state->reference;
	bool required =
		reference->required.value != NULL && strcmp(reference->required.value, "true") == 0;
	ListCell *lc;

	if (fk->on_delete != FKCONSTR_ACTION_SETNULL || differs(&state->on_delete) ||
		state->on_delete.source == TA_SOURCE_SAID)
		return;
	foreach(lc, fk->delete_columns != NIL ? fk->delete_columns : fk->columns)
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));

		if (column == NULL || (!column->not_null && !required))
			continue;
		ta_plan_add_step(
			planner, TA_STEP_PROBLEM, state,
			psprintf("foreign key %s has ON DELETE SET NULL, and column %s %s NOT NULL: deleting a "
					 "parent will fail; say on_delete of %s",
					 ta_ident_quote(fk->name), ta_ident_quote(column->name),
					 column->not_null ? "is" : "is to be", ta_decl_name(reference->serves)));
		return;
	}
}

/* The key there is, against what is said of it. */
static void
plan_existing_key(TaPlanner *planner, const TaState *state)
{
	const TaForeignKey *fk = state->fk;
	bool replace = differs(&state->on_delete) || differs(&state->on_update);
	TaStep *step;

	plan_impossible_null(planner, state);
	if (fk->inherited && (replace || differs(&state->deferral)))
	{
		ta_plan_add_step(
			planner, TA_STEP_PROBLEM, state,
			psprintf("%s; key %s belongs to the partitioned parent's, declare it there",
					 difference(differs(&state->on_delete)   ? &state->on_delete
								: differs(&state->on_update) ? &state->on_update
															 : &state->deferral),
					 ta_ident_quote(fk->name)));
		return;
	}
	if (replace)
	{
		List *reasons = NIL;

		if (differs(&state->on_delete))
			reasons = lappend(reasons, psprintf("ON DELETE: %s", difference(&state->on_delete)));
		if (differs(&state->on_update))
			reasons = lappend(reasons, psprintf("ON UPDATE: %s", difference(&state->on_update)));
		if (differs(&state->deferral))
			reasons = lappend(reasons, psprintf("deferral: %s", difference(&state->deferral)));
		step = ta_plan_add_step(planner, TA_STEP_REPLACE_FOREIGN_KEY, state,
								ta_err_join(reasons, "; "));
		step->name = fk->name;
		if (!state->checks_at_once)
			plan_validation(planner, state, fk->name, pstrdup("the replaced key starts NOT VALID"));
		return;
	}
	if (differs(&state->deferral))
		ta_plan_add_step(planner, TA_STEP_ALTER_DEFERRAL, state,
						 psprintf("deferral: %s", difference(&state->deferral)))
			->name = fk->name;
	if (!fk->validated)
		plan_validation(planner, state, fk->name,
						psprintf("foreign key %s is NOT VALID", ta_ident_quote(fk->name)));
}

/* A key that is NOT ENFORCED (18): it is made to count, and what differs goes with it. */
static void
plan_unenforced_key(TaPlanner *planner, const TaState *state)
{
	const TaForeignKey *fk = state->unenforced;
	char *reason = psprintf("foreign key %s is NOT ENFORCED", ta_ident_quote(fk->name));

	if (fk->inherited)
	{
		ta_plan_add_step(planner, TA_STEP_PROBLEM, state,
						 psprintf("%s and belongs to the partitioned parent's, declare it there",
								  reason));
		return;
	}
	if (!differs(&state->on_delete) && !differs(&state->on_update) && !differs(&state->deferral))
	{
		ta_plan_add_step(planner, TA_STEP_ENFORCE_KEY, state, reason)->name = fk->name;
		return;
	}
	if (differs(&state->on_delete))
		reason = psprintf("%s; ON DELETE: %s", reason, difference(&state->on_delete));
	if (differs(&state->on_update))
		reason = psprintf("%s; ON UPDATE: %s", reason, difference(&state->on_update));
	if (differs(&state->deferral))
		reason = psprintf("%s; deferral: %s", reason, difference(&state->deferral));
	ta_plan_add_step(planner, TA_STEP_REPLACE_FOREIGN_KEY, state, reason)->name = fk->name;
	plan_validation(planner, state, fk->name, pstrdup("the replaced key starts NOT VALID"));
}

/* "declared enforce trigger by Todo.user"; where nobody says it, what is there is kept */
char *
ta_plan_declared_mode(const TaState *state)
{
	if (state->enforce.by == NULL)
		return psprintf("enforced %s", ta_enforced_in_words(state));
	return psprintf("declared enforce %s by %s", state->enforce.value,
					ta_decl_name(state->enforce.by));
}

/* Why the triggers must be made, or made anew (of char *); NIL: they are as they shall be. */
static List *
reasons_to_enforce(const TaState *state)
{
	List *reasons;

	if (state->in_force == NULL)
		return list_make1(state->fk != NULL
							  ? psprintf("%s, found foreign key %s", ta_plan_declared_mode(state),
										 ta_ident_quote(state->fk->name))
						  : ta_native_any(state)
							  ? psprintf("%s, found foreign keys of generated columns",
										 ta_plan_declared_mode(state))
							  : psprintf("%s; no triggers found", ta_plan_declared_mode(state)));
	reasons = list_concat_copy(state->changes, state->faults);
	if (state->fk != NULL)
		reasons = lappend(reasons,
						  psprintf("%s, found foreign key %s as well", ta_plan_declared_mode(state),
								   ta_ident_quote(state->fk->name)));
	return reasons;
}

/* Triggers against what is said of the reference. */
static void
plan_triggers(TaPlanner *planner, const TaState *state)
{
	List *reasons = reasons_to_enforce(state);

	if (state->fk != NULL && state->fk->inherited)
	{
		ta_plan_add_step(
			planner, TA_STEP_PROBLEM, state,
			psprintf("%s; key %s belongs to the partitioned parent's, declare it there",
					 ta_plan_declared_mode(state), ta_ident_quote(state->fk->name)));
		return;
	}
	if (reasons != NIL)
		ta_plan_add_step(planner, TA_STEP_ENFORCE, state, ta_err_join(reasons, "; "))->name =
			state->fk != NULL ? state->fk->name : NULL;
	if (!state->wanted->validated)
		ta_plan_add_step(planner, TA_STEP_VALIDATE_TRIGGERS, state,
						 reasons != NIL ? pstrdup("the rows already there are unchecked")
										: psprintf("the rows of %s are unchecked",
												   ta_rel_shown(state->child_rel)));
}

/* What enforces the reference, against what shall; of a native its key. */
void
ta_plan_key_of(TaPlanner *planner, const TaState *state)
{
	const TaState *whole = state_of_whole(planner, state);
	TaStep *step;

	if (state->enforced && state->fk == NULL && state->in_force == NULL && whole != NULL &&
		whole->enforced)
		return;
	if (state->by_triggers)
	{
		plan_soft_cascade(planner, state);
		plan_triggers(planner, state);
		ta_plan_natives(planner, state);
		return;
	}
	if (state->in_force != NULL)
		ta_plan_add_step(planner, TA_STEP_UNENFORCE, state,
						 psprintf("%s, found triggers", ta_plan_declared_mode(state)));
	if (state->reference->type_column != NULL)
		ta_plan_natives(planner, state);
	else if (state->unenforced != NULL)
		plan_unenforced_key(planner, state);
	else if (state->enforced && state->fk == NULL)
		plan_new_key(planner, state);
	else if (state->enforced)
		plan_existing_key(planner, state);
	else if (state->fk != NULL && state->fk_is_ours)
	{
		step = ta_plan_add_step(
			planner, TA_STEP_DROP_FOREIGN_KEY, state,
			psprintf("declared enforce none by %s, found foreign key %s that apply() made",
					 ta_decl_name(state->reference->enforce.by), ta_ident_quote(state->fk->name)));
		step->name = state->fk->name;
	}
}

static bool
wants_index(const TaReference *reference)
{
	return reference->index.value == NULL || strcmp(reference->index.value, "true") == 0;
}

/* Whether an index could find the rows that refer to a key: of an array, only where its elements compare as the key does. */
static bool
can_have_index(const TaState *state)
{
	const char *column = linitial(state->reference->columns);
	const char *key = state->reference->element ? linitial(state->reference->key) : NULL;

	if (state->reference->element && state->missing == NIL &&
		ta_element_cast_sql("", ta_rel_column(state->parent_rel, key)->type,
							ta_element_type(ta_rel_column(state->child_rel, column)->type)) == NULL)
		return false;
	return !OidIsValid(state->child_rel) || strchr("rpm", ta_rel_kind(state->child_rel)) != NULL;
}

/* CONCURRENTLY is for tables with rows in them already; a partitioned table has none of its own. */
static bool
build_concurrently(const TaPlanner *planner, const TaState *state)
{
	return planner->online && OidIsValid(state->child_rel) &&
		   ta_rel_kind(state->child_rel) != RELKIND_PARTITIONED_TABLE;
}

/* Whether the plan makes a unique index of the reference's, or else any. */
static bool
makes_index(const TaState *state, bool unique)
{
	const TaReference *reference = state->reference;

	if (reference->one != NULL && !OidIsValid(state->unique_index))
		return true;
	return !unique && !OidIsValid(state->serving_index) && wants_index(reference);
}

/* Whether a has_one of a target needs the index. */
static bool
is_needed(List *facets, const char *name)
{
	ListCell *lc;

	foreach(lc, facets)
	{
		const TaState *facet = lfirst(lc);

		if (facet->filter != NULL && facet->reference->one != NULL &&
			ta_facet_has_unique_index(facet, ta_rel_lookup(facet->child->schema, name)))
			return true;
	}
	return false;
}

/* The unique indexes that apply() made for a has_one of a target, and no has_one needs any more. */
static void
plan_unique_left(TaPlanner *planner, const TaState *state, List *facets)
{
	ListCell *lc;

	foreach(lc, state->our_unique_indexes)
	{
		if (!is_needed(facets, lfirst(lc)))
			ta_plan_add_step(planner, TA_STEP_DROP_INDEX, state,
							 psprintf("no has_one is declared any more that needs it, found the "
									  "unique index %s made for one",
									  ta_ident_quote(lfirst(lc))))
				->name = lfirst(lc);
	}
}

/* Each has_one of a polymorphic reference has an index that counts the rows of its type. */
static void
plan_unique_of_targets(TaPlanner *planner, const TaState *state)
{
	List *facets;
	ListCell *lc;

	if (!can_have_index(state) || !OidIsValid(state->child_rel))
		return;
	facets = ta_state_facets(state);
	foreach(lc, facets)
	{
		const TaState *facet = lfirst(lc);
		TaStep *step;

		if (facet->filter == NULL || facet->reference->one == NULL ||
			(state->missing == NIL && OidIsValid(ta_facet_unique_index(facet))))
			continue;
		step = ta_plan_add_step(planner, TA_STEP_CREATE_UNIQUE_INDEX, facet,
								psprintf("%s has at most one; no unique index on %s found",
										 ta_decl_name(facet->reference->one),
										 ta_ident_columns(facet->reference->columns)));
		step->name = choose_name(planner, facet, "idx", false);
		step->concurrently = build_concurrently(planner, state);
	}
	if (state->missing == NIL)
		plan_unique_left(planner, state, facets);
}

/* The indexes of the reference, of a native that of its column. */
void
ta_plan_index_of(TaPlanner *planner, const TaState *state)
{
	const TaReference *reference = state->reference;
	const TaState *whole = state_of_whole(planner, state);
	bool wanted = wants_index(reference);
	bool served = OidIsValid(state->serving_index);
	TaStep *step;

	if (state->reference->type_column != NULL)
		plan_unique_of_targets(planner, state);
	if (!can_have_index(state) || (whole != NULL && makes_index(whole, reference->one != NULL)))
		return;
	if (reference->one != NULL && !OidIsValid(state->unique_index))
	{
		step = ta_plan_add_step(
			planner, TA_STEP_CREATE_UNIQUE_INDEX, state,
			state->stale_unique_index == NULL
				? psprintf("%s has at most one; no unique index on %s found",
						   ta_decl_name(reference->one), ta_ident_columns(reference->columns))
				: psprintf("%s has at most one; the unique index %s made for it counts other rows",
						   ta_decl_name(reference->one),
						   ta_ident_quote(state->stale_unique_index)));
		step->name = choose_name(planner, state, "idx", false);
		step->replaces = state->stale_unique_index;
		step->concurrently = build_concurrently(planner, state);
		/* one of living rows alone does not find all that a DELETE looks for */
		if (state->child->soft_delete == NULL)
			return;
	}
	if (reference->one == NULL && state->our_unique_index != NULL)
	{
		step = ta_plan_add_step(
			planner, TA_STEP_DROP_INDEX, state,
			psprintf("no has_one is declared any more, found the unique index %s made for one",
					 ta_ident_quote(state->our_unique_index)));
		step->name = state->our_unique_index;
	}
	ta_plan_native_indexes(planner, state);
	if (wanted && !served)
	{
		step = ta_plan_add_step(planner, TA_STEP_CREATE_INDEX, state,
								psprintf(reference->element ? "no index serves the elements of %s"
															: "no index serves %s",
										 ta_ident_columns(ta_reference_columns(reference))));
		step->name = choose_name(planner, state, "idx", false);
		step->concurrently = build_concurrently(planner, state);
	}
}

/* Whether the primary key of the table to be created begins with these columns, in any order. */
static bool
leads_key(const TaStep *table, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		int at = 0;

		while (at < list_length(columns) && at < list_length(table->key) &&
			   strcmp(list_nth(table->key, at), lfirst(lc)) != 0)
			at++;
		if (at >= list_length(columns) || at >= list_length(table->key))
			return false;
	}
	return true;
}

/* What no DDL mends: the problem of this reference, or of the one its table is to be shared with. */
static void
plan_problem(TaPlanner *planner, const TaState *state, const TaState *blamed)
{
	char *reason = blamed->problem->message;

	if (blamed->problem->hint != NULL)
		reason = psprintf("%s. %s", reason, blamed->problem->hint);
	ta_plan_add_step(planner, TA_STEP_PROBLEM, state, reason)->blamed = blamed;
}

/*
 * A junction that is created: its table once, with the pair of the first
 * belongs_to_many as primary key, which serves the first of the two.
 */
static void
plan_new_junction(TaPlanner *planner, const TaState *state)
{
	const TaStep *table;
	const TaDecl *pair = NULL;
	const TaState *first;
	const TaState *second;
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		pair = lfirst(lc);
		if (pair->kind == TA_BELONGS_TO_MANY)
			break;
	}
	Assert(pair != NULL);
	first = state_named(planner, pair->reference);
	second = state_named(planner, pair->other_reference);
	if (first->problem != NULL || second->problem != NULL)
	{
		plan_problem(planner, state, first->problem != NULL ? first : second);
		return;
	}
	table = plan_table(planner, first, second);
	/* another pair's table may have been planned before, without our column */
	plan_missing_columns(planner, state);
	ta_plan_key_of(planner, state);
	if (!leads_key(table, ta_reference_columns(state->reference)))
		ta_plan_index_of(planner, state);
	else
		ta_plan_native_indexes(planner, state);
}

static void
plan_reference(TaPlanner *planner, const TaState *state)
{
	if (state->problem != NULL)
	{
		plan_problem(planner, state, state);
		return;
	}
	if (!OidIsValid(state->child_rel))
	{
		plan_new_junction(planner, state);
		return;
	}
	/* a column's type is that of the keys it refers to: it waits for a target */
	if (state->targets == NIL && state->missing != NIL)
		return;
	plan_columns(planner, state);
	ta_plan_key_of(planner, state);
	ta_plan_index_of(planner, state);
}

/* ---- the whole ---- */

/* The table that the step changes first of all; InvalidOid: one that is not there yet. */
Oid
ta_step_relation(const TaStep *step)
{
	return step->on != NULL ? step->on->relid : step->state->child_rel;
}

/* The order in which steps run; for list_sort. */
int
ta_plan_compare(const ListCell *a, const ListCell *b)
{
	const TaStep *left = lfirst(a);
	const TaStep *right = lfirst(b);

	/* list_sort is not stable */
	return left->kind != right->kind ? (int) left->kind - (int) right->kind
									 : left->order - right->order;
}

/*
 * The steps (TaStep) that the references (TaReference) still need, in the
 * order to run them.  online: indexes CONCURRENTLY.  states, if not NULL, gets
 * the state (TaState) of each reference.
 */
List *
ta_plan_steps(List *references, bool online, List **states)
{
	HASHCTL ctl = {.keysize = sizeof(NameKey),
				   .entrysize = sizeof(NameKey),
				   .hcxt = CurrentMemoryContext};
	TaPlanner planner = {.references = references, .online = online};
	ListCell *lc;

	planner.recorded = read_recorded(references);
	planner.states = name_table("todo_assoc states", NAMEDATALEN, sizeof(StateSlot),
								list_length(references) + 16);
	planner.columns =
		name_table("todo_assoc planned columns", 3 * NAMEDATALEN, sizeof(ColumnSlot), 64);
	planner.names =
		hash_create("todo_assoc planned names", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, references)
		(void) state_of(&planner, lfirst(lc));
	if (states != NULL)
		*states = NIL;
	foreach(lc, references)
	{
		const TaState *state = state_of(&planner, lfirst(lc));

		plan_reference(&planner, state);
		if (states != NULL)
			*states = lappend(*states, unconstify(TaState *, state));
	}

	list_sort(planner.steps, ta_plan_compare);
	foreach(lc, planner.steps)
		ta_ddl_render(lfirst(lc));
	return planner.steps;
}

/* A model that nobody has declared, for a step on its table. */
static TaModel *
nameless_model(const char *schema, const char *table)
{
	TaModel *model = palloc0(sizeof(TaModel));

	model->name = pstrdup(table);
	model->schema = pstrdup(schema);
	model->table = pstrdup(table);
	model->relid = ta_rel_lookup(schema, table);
	return model;
}

/* The step that ends what is in force though nobody declares it any more. */
static TaStep *
undeclared_step(TaEnforced *row)
{
	TaReference *reference = palloc0(sizeof(TaReference));
	TaState *state = palloc0(sizeof(TaState));
	TaStep *step = palloc0(sizeof(TaStep));
	TaEnforcedTarget *target = row->targets != NIL ? linitial(row->targets) : NULL;

	state->child = nameless_model(row->child_schema, row->child_table);
	state->parent = target != NULL ? nameless_model(target->schema, target->table) : state->child;
	state->child_rel = state->child->relid;
	state->parent_rel = state->parent->relid;
	state->in_force = row;
	state->reference = reference;
	reference->name = row->reference;
	reference->child = state->child->name;
	reference->columns = row->columns;
	reference->parent = state->parent->name;
	reference->key = target != NULL ? target->key : NIL;
	step->kind = TA_STEP_UNENFORCE;
	step->state = state;
	step->declarer = row->declarer;
	step->reason = psprintf("no association declares %s (%s) any more, found triggers",
							ta_ident_qualify(row->child_schema, row->child_table),
							ta_ident_columns(row->columns));
	return step;
}

/*
 * Adds a step for each reference that triggers enforce and nobody declares.
 * declarer: only for those that it has put in force; NULL: for all.
 */
List *
ta_plan_undeclared(List *steps, const char *declarer)
{
	ListCell *lc;

	foreach(lc, ta_enforced_rows())
	{
		TaEnforced *row = lfirst(lc);
		TaStep *step;

		if ((declarer != NULL && strcmp(row->declarer, declarer) != 0) ||
			ta_catalog_decls_of_reference(row->reference) != NIL)
			continue;
		step = undeclared_step(row);
		ta_ddl_render(step);
		step->order = list_length(steps);
		steps = lappend(steps, step);
	}
	return steps;
}

/* Adds the references of one declaration, or of the hops of a path. */
static void
select_decl(const TaDecl *decl, List **names)
{
	TaLink links[2];
	int count = ta_decl_links(decl, links);
	ListCell *lc;

	for (int i = 0; i < count; i++)
		*names = lappend(*names, pstrdup(links[i].reference));
	if (!ta_decl_is_path(decl))
		return;
	foreach(lc, ta_hops_of(decl))
		*names = lappend(*names, pstrdup(((TaHop *) lfirst(lc))->link.reference));
}

/* The names of the references that the items, 'Model.alias' or 'Model', stand for. */
static List *
selected_names(List *items)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, items)
	{
		const char *item = lfirst(lc);
		const TaModel *model = ta_cache_model(item);
		List *decls;
		ListCell *ld;

		if (model == NULL && strrchr(item, '.') == NULL)
			model = ta_lookup_model(item);
		decls = model != NULL ? ta_cache_associations(model) : ta_lookup_association(item);
		foreach(ld, decls)
			select_decl(lfirst(ld), &names);
	}
	return names;
}

/*
 * The references that a list of associations or models, 'Todo.user, Tag',
 * stands for; NULL: all.  Unknown names raise.
 */
List *
ta_plan_selected(const char *associations)
{
	List *items = NIL;
	List *wanted;
	List *result = NIL;
	List *all;
	const char *start = associations;
	ListCell *lc;

	if (associations == NULL)
		return ta_references(ta_catalog_decls());

	for (;;)
	{
		const char *end = strchrnul(start, ',');

		items = lappend(items, ta_ident_trim(start, end));
		if (*end == '\0')
			break;
		start = end + 1;
	}
	wanted = selected_names(items);
	all = ta_references(ta_catalog_decls());
	foreach(lc, all)
	{
		if (ta_ident_list_has(wanted, ((TaReference *) lfirst(lc))->name))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* Those of the references that the declarer says anything of. */
List *
ta_plan_said_by(List *references, const char *declarer)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, references)
	{
		TaReference *reference = lfirst(lc);
		ListCell *lv;

		foreach(lv, reference->views)
		{
			if (strcmp(((TaDecl *) lfirst(lv))->declarer, declarer) != 0)
				continue;
			result = lappend(result, reference);
			break;
		}
	}
	return result;
}
