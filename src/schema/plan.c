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
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/lookup.h"
#include "model/option.h"
#include "model/path.h"
#include "schema/ddl.h"
#include "schema/plan.h"

/* A name this plan gives away, in the schema or on the table of that OID. */
typedef struct NameKey
{
	Oid scope;
	char name[NAMEDATALEN];
} NameKey;

typedef struct Planner
{
	List *references; /* of TaReference */
	List *steps;
	bool online;
	HTAB *names; /* of NameKey */
	HTAB *states; /* of StateSlot: the references of this plan */
	HTAB *recorded; /* of RecordedSlot */
	HTAB *columns; /* of ColumnSlot: those this plan creates */
	List *created; /* of TaStep: the junctions' CREATE TABLE */
} Planner;

/* A column that this plan creates, of a child model: two references may share it. */
typedef struct ColumnSlot
{
	char name[2 * NAMEDATALEN];
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
state_of(Planner *planner, const TaReference *reference)
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
state_named(Planner *planner, const char *name)
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
state_of_whole(Planner *planner, const TaState *state)
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
			whole->parent_rel == state->parent_rel &&
			same_names(reference->columns, state->reference->columns) &&
			same_names(reference->key, state->reference->key))
			return whole;
	}
	return NULL;
}

/* ---- names ---- */

typedef struct NameScope
{
	Planner *planner;
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

/* The name PostgreSQL would choose for a constraint (table given) or an index, now taken. */
static const char *
choose_name(Planner *planner, const TaState *state, const char *label, bool constraint)
{
	NameScope scope = {.planner = planner};
	NameKey key = {0};
	char *name;

	scope.schema = get_namespace_oid(state->child->schema, true);
	if (constraint)
		scope.table = state->child_rel;
	else if (state->reference->one == NULL)
		scope.dropped = state->our_unique_index;
	name =
		ta_ident_invent(state->child->table, state->reference->columns, label, name_taken, &scope);
	key.scope = OidIsValid(scope.table) ? scope.table : scope.schema;
	strlcpy(key.name, name, NAMEDATALEN);
	hash_search(planner->names, &key, HASH_ENTER, NULL);
	return name;
}

/* ---- steps ---- */

static TaStep *
add_step(Planner *planner, TaStepKind kind, const TaState *state, char *reason)
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
static bool
column_planned(Planner *planner, const TaState *state, const char *column)
{
	char key[2 * NAMEDATALEN];
	bool found;

	snprintf(key, sizeof(key), "%s.%s", state->child->name, column);
	hash_search(planner->columns, key, HASH_ENTER, &found);
	return found;
}

/* The step that creates the junction's table, once; other: the state of the reference that is its second half. */
static const TaStep *
plan_table(Planner *planner, const TaState *state, const TaState *other)
{
	TaStep *step;
	ListCell *lc;

	foreach(lc, planner->created)
	{
		step = lfirst(lc);
		if (strcmp(step->state->child->name, state->child->name) == 0)
			return step;
	}
	step = add_step(planner, TA_STEP_CREATE_TABLE, state,
					psprintf("junction of %s; no table %s found",
							 ta_decl_name(state->reference->serves),
							 ta_ident_qualify(state->child->schema, state->child->table)));
	step->other = other;
	/* composite keys may share a column */
	step->key = list_copy(state->reference->columns);
	foreach(lc, other->reference->columns)
	{
		if (!ta_ident_list_has(step->key, lfirst(lc)))
			step->key = lappend(step->key, lfirst(lc));
	}
	foreach(lc, step->key)
		(void) column_planned(planner, state, lfirst(lc));
	planner->created = lappend(planner->created, step);
	return step;
}

/* The columns that are missing, each once, whichever references share it. */
static void
plan_missing_columns(Planner *planner, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->missing)
	{
		TaStep *step;

		if (column_planned(planner, state, lfirst(lc)))
			continue;
		step = add_step(planner, TA_STEP_ADD_COLUMN, state,
						psprintf("%s has no column %s",
								 OidIsValid(state->child_rel)
									 ? ta_rel_shown(state->child_rel)
									 : ta_ident_qualify(state->child->schema, state->child->table),
								 ta_ident_quote(lfirst(lc))));
		step->column = lfirst(lc);
	}
}

static void
plan_columns(Planner *planner, const TaState *state)
{
	const TaReference *reference = state->reference;
	ListCell *lc;

	if (state_of_whole(planner, state) == NULL)
		plan_missing_columns(planner, state);
	if (reference->required.value == NULL)
		return;

	foreach(lc, reference->columns)
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));
		bool not_null = column != NULL && column->not_null;
		bool wanted = strcmp(reference->required.value, "true") == 0;
		TaStep *step;

		if (not_null == wanted)
			continue;
		step = add_step(planner, wanted ? TA_STEP_SET_NOT_NULL : TA_STEP_DROP_NOT_NULL, state,
						psprintf("declared %s by %s, column %s %s",
								 wanted ? "required" : "not required",
								 ta_decl_name(reference->required.by), ta_ident_quote(lfirst(lc)),
								 wanted ? "allows nulls" : "is NOT NULL"));
		step->column = lfirst(lc);
	}
}

static void
plan_validation(Planner *planner, const TaState *state, const char *name, char *reason)
{
	add_step(planner, TA_STEP_VALIDATE, state, reason)->name = name;
}

static void
plan_new_key(Planner *planner, const TaState *state)
{
	TaStep *step = add_step(planner, TA_STEP_ADD_FOREIGN_KEY, state,
							psprintf("declared by %s; no foreign key found",
									 ta_decl_name(state->reference->serves)));

	step->name = choose_name(planner, state, "fkey", true);
	if (!state->checks_at_once)
		plan_validation(planner, state, step->name,
						pstrdup("the rows already there are unchecked"));
}

/* A key in place that would set a column to null which refuses it: deleting a parent fails. */
static void
plan_impossible_null(Planner *planner, const TaState *state)
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
		add_step(
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
plan_existing_key(Planner *planner, const TaState *state)
{
	const TaForeignKey *fk = state->fk;
	bool replace = differs(&state->on_delete) || differs(&state->on_update);
	TaStep *step;

	plan_impossible_null(planner, state);
	if (fk->inherited && (replace || differs(&state->deferral)))
	{
		add_step(planner, TA_STEP_PROBLEM, state,
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
		step = add_step(planner, TA_STEP_REPLACE_FOREIGN_KEY, state, ta_err_join(reasons, "; "));
		step->name = fk->name;
		if (!state->checks_at_once)
			plan_validation(planner, state, fk->name, pstrdup("the replaced key starts NOT VALID"));
		return;
	}
	if (differs(&state->deferral))
		add_step(planner, TA_STEP_ALTER_DEFERRAL, state,
				 psprintf("deferral: %s", difference(&state->deferral)))
			->name = fk->name;
	if (!fk->validated)
		plan_validation(planner, state, fk->name,
						psprintf("foreign key %s is NOT VALID", ta_ident_quote(fk->name)));
}

static void
plan_key(Planner *planner, const TaState *state)
{
	const TaState *whole = state_of_whole(planner, state);
	TaStep *step;

	if (state->enforced && state->fk == NULL && whole != NULL && whole->enforced)
		return;
	if (state->enforced && state->fk == NULL)
		plan_new_key(planner, state);
	else if (state->enforced)
		plan_existing_key(planner, state);
	else if (state->fk != NULL && state->fk_is_ours)
	{
		step =
			add_step(planner, TA_STEP_DROP_FOREIGN_KEY, state,
					 psprintf("declared enforce none by %s, found foreign key %s that apply() made",
							  ta_decl_name(state->reference->enforce.by),
							  ta_ident_quote(state->fk->name)));
		step->name = state->fk->name;
	}
}

static bool
wants_index(const TaReference *reference)
{
	return reference->index.value == NULL || strcmp(reference->index.value, "true") == 0;
}

static bool
can_have_index(const TaState *state)
{
	return !OidIsValid(state->child_rel) || strchr("rpm", ta_rel_kind(state->child_rel)) != NULL;
}

/* CONCURRENTLY is for tables with rows in them already; a partitioned table has none of its own. */
static bool
build_concurrently(const Planner *planner, const TaState *state)
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

static void
plan_indexes(Planner *planner, const TaState *state)
{
	const TaReference *reference = state->reference;
	const TaState *whole = state_of_whole(planner, state);
	bool wanted = wants_index(reference);
	bool served = OidIsValid(state->serving_index);
	TaStep *step;

	if (!can_have_index(state) || (whole != NULL && makes_index(whole, reference->one != NULL)))
		return;
	if (reference->one != NULL && !OidIsValid(state->unique_index))
	{
		step =
			add_step(planner, TA_STEP_CREATE_UNIQUE_INDEX, state,
					 psprintf("%s has at most one; no unique index on %s found",
							  ta_decl_name(reference->one), ta_ident_columns(reference->columns)));
		step->name = choose_name(planner, state, "idx", false);
		step->concurrently = build_concurrently(planner, state);
		return;
	}
	if (reference->one == NULL && state->our_unique_index != NULL)
	{
		step = add_step(
			planner, TA_STEP_DROP_INDEX, state,
			psprintf("no has_one is declared any more, found the unique index %s made for one",
					 ta_ident_quote(state->our_unique_index)));
		step->name = state->our_unique_index;
	}
	if (wanted && !served)
	{
		step = add_step(planner, TA_STEP_CREATE_INDEX, state,
						psprintf("no index serves %s", ta_ident_columns(reference->columns)));
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
plan_problem(Planner *planner, const TaState *state, const TaState *blamed)
{
	char *reason = blamed->problem->message;

	if (blamed->problem->hint != NULL)
		reason = psprintf("%s. %s", reason, blamed->problem->hint);
	add_step(planner, TA_STEP_PROBLEM, state, reason)->blamed = blamed;
}

/*
 * A junction that is created: its table once, with the pair of the first
 * belongs_to_many as primary key, which serves the first of the two.
 */
static void
plan_new_junction(Planner *planner, const TaState *state)
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
	plan_key(planner, state);
	if (!leads_key(table, state->reference->columns))
		plan_indexes(planner, state);
}

static void
plan_reference(Planner *planner, const TaState *state)
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
	plan_columns(planner, state);
	plan_key(planner, state);
	plan_indexes(planner, state);
}

/* ---- the whole ---- */

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
	Planner planner = {.references = references, .online = online};
	ListCell *lc;

	planner.recorded = read_recorded(references);
	planner.states = name_table("todo_assoc states", NAMEDATALEN, sizeof(StateSlot),
								list_length(references) + 16);
	planner.columns =
		name_table("todo_assoc planned columns", 2 * NAMEDATALEN, sizeof(ColumnSlot), 64);
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
