/*
 * src/schema/apply.c
 *		Carrying out a plan.
 *
 * All in the caller's transaction: what fails for a reason that is not the
 * data takes everything back.  Rows that break a rule are no failure: the step
 * that met them is undone alone (a subtransaction), and comes back blocked,
 * with their number and a query that shows them.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/ident.h"
#include "base/spi.h"
#include "model/lookup.h"
#include "model/target.h"
#include "pg/extension.h"
#include "schema/apply.h"
#include "schema/ddl.h"
#include "schema/run.h"
#include "schema/soft.h"
#include "schema/trigger.h"
#include "store/catalog.h"

/* What apply(online => true) leaves for later: everything that scans. */
static bool
left_for_later(const TaStep *step, bool online)
{
	return !step->in_transaction || (online && step->scans);
}

/* ---- blocked ---- */

/* The SQLSTATE by which rows that break the step's rule show; 0: they can't. */
static int
blocking_sqlstate(const TaStep *step)
{
	switch (step->kind)
	{
		case TA_STEP_ENFORCE_KEY:
		case TA_STEP_VALIDATE:
		case TA_STEP_VALIDATE_TRIGGERS:
			return ERRCODE_FOREIGN_KEY_VIOLATION;
		case TA_STEP_ADD_FOREIGN_KEY:
		case TA_STEP_REPLACE_FOREIGN_KEY:
			return step->state->checks_at_once ? ERRCODE_FOREIGN_KEY_VIOLATION : 0;
		case TA_STEP_VALIDATE_CHECK:
			return ERRCODE_CHECK_VIOLATION;
		case TA_STEP_CREATE_UNIQUE_INDEX:
			return ERRCODE_UNIQUE_VIOLATION;
		case TA_STEP_SET_NOT_NULL:
			return ERRCODE_NOT_NULL_VIOLATION;
		case TA_STEP_ADD_COLUMN:
			/* only a domain can refuse the nulls of a new column */
			return step->rewrites ? ERRCODE_NOT_NULL_VIOLATION : 0;
		default:
			return 0;
	}
}

/*
 * Who runs the step.  What is evaluated when a column is added or a table made,
 * a domain's checks, is the table owner's code and runs as the owner, whoever
 * applies; and so a junction made by a superuser is its users'.  The rest runs
 * as the caller: PostgreSQL itself runs indexes and checks as the owner.
 */
static Oid
runs_as(const TaStep *step)
{
	const TaState *state = step->state;
	Oid owner;
	Oid relid;

	switch (step->kind)
	{
		case TA_STEP_ADD_COLUMN:
		case TA_STEP_ADD_GENERATED:
		case TA_STEP_SET_NOT_NULL:
		case TA_STEP_DROP_NOT_NULL:
			relid = ta_step_relation(step);
			if (!OidIsValid(relid))
				return GetUserId();
			ta_check_owner(relid);
			return ta_rel_owner(relid);
		case TA_STEP_CREATE_TABLE:
			/* of the two, one may be polymorphic */
			if (!OidIsValid(state->parent_rel))
				state = step->other;
			owner = ta_rel_owner(state->parent_rel);
			if (!ta_rel_owned_by_user(state->parent_rel) ||
				!ta_rel_schema_allows_create(state->child->schema, owner))
				return GetUserId();
			return owner;
		default:
			return GetUserId();
	}
}

/* "3 rows", "1 row"; where the user may not see all rows: "some rows" */
static char *
count_rows(const TaState *state, const char *query, bool reads_parent, const char *one,
		   const char *many)
{
	int64 count;

	if (!ta_rel_may_count(state->child_rel) || (reads_parent && !ta_state_may_count_parents(state)))
		return psprintf("some %s", many);
	count = ta_spi_count(query);
	return psprintf(INT64_FORMAT " %s", count, count == 1 ? one : many);
}

/* Whether there are rows that refer to nothing, or there is no telling. */
static bool
may_be_orphans(const TaState *state)
{
	return !ta_rel_may_count(state->child_rel) || !ta_state_may_count_parents(state) ||
		   ta_spi_count(ta_ddl_orphans_query(state, true)) > 0;
}

/* 3 rows of "Todos" without a row of "Users"; see them: SELECT ... */
static char *
blocked_detail(const TaStep *step)
{
	const TaState *state = step->state;
	char *dead;
	char *child = ta_rel_shown(state->child_rel);

	switch (step->kind)
	{
		case TA_STEP_CREATE_UNIQUE_INDEX:
			return psprintf("%s of %s in more than one row of %s; see them: %s;",
							count_rows(state, ta_ddl_duplicates_query(state, true), false, "value",
									   "values"),
							ta_ident_columns(state->reference->columns), child,
							ta_ddl_duplicates_query(state, false));
		case TA_STEP_SET_NOT_NULL:
			return psprintf("%s of %s without %s; see them: %s;",
							count_rows(state, ta_ddl_nulls_query(state, step->column, true), false,
									   "row", "rows"),
							child, ta_ident_quote(step->column),
							ta_ddl_nulls_query(state, step->column, false));
		case TA_STEP_ADD_COLUMN:
			return psprintf(
				"The type %s refuses nulls, and %s has rows. Add the column with values "
				"for them, then call assoc.apply() again.",
				ta_ddl_column_type(step), child);
		case TA_STEP_VALIDATE_CHECK:
			return psprintf("%s of %s of a type that is no target's, or with one of %s null alone; "
							"see them: %s;",
							count_rows(state, ta_ddl_unfit_query(state, true), false, "row",
									   "rows"),
							child, ta_ident_columns(ta_reference_columns(state->reference)),
							ta_ddl_unfit_query(state, false));
		default:
			dead = ta_soft_children_query(state, NULL, true);
			if (step->kind == TA_STEP_VALIDATE_TRIGGERS && dead != NULL && !may_be_orphans(state))
				return psprintf("%s of %s that live while their row of %s is deleted; see them: "
								"%s;",
								count_rows(state, dead, true, "row", "rows"), child,
								ta_state_parents_shown(state, "or"),
								ta_soft_children_query(state, NULL, false));
			return psprintf("%s of %s without a row of %s; see them: %s;",
							count_rows(state, ta_ddl_orphans_query(state, true), true, "row",
									   "rows"),
							child, ta_state_parents_shown(state, "or"),
							ta_ddl_orphans_query(state, false));
	}
}

/* ---- errors ---- */

/* Adds what the user can do to errors that DDL itself words without a hint. */
static void
explain_and_rethrow(ErrorData *error)
{
	if (error->hint == NULL && error->sqlerrcode == ERRCODE_OBJECT_IN_USE)
		error->hint =
			pstrdup("Rows changed in this transaction still await their triggers, or a cursor is "
					"open: COMMIT first (or CLOSE it, SET CONSTRAINTS ALL IMMEDIATE), then call "
					"assoc.apply() again.");
	else if (error->hint == NULL && error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		error->hint =
			pstrdup("Another transaction holds the table. Nothing was changed; call "
					"assoc.apply() again, with a longer lock_timeout => '30s' if need be.");
	ReThrowError(error);
}

/* Runs a step that no row can block: whatever fails takes everything back. */
static void
run_unblockable(const TaStep *step)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		ta_run_ddl_as(step->sql, step->declarer, runs_as(step));
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		explain_and_rethrow(error);
	}
	PG_END_TRY();
}

/* Runs a step in a subtransaction; returns false when its rows block it. */
static bool
run_blockable(const TaStep *step, int blocking)
{
	ErrorData *error = ta_run_ddl_try(step->sql, step->declarer, runs_as(step));

	if (error == NULL)
		return true;
	if (error->sqlerrcode != blocking)
		explain_and_rethrow(error);
	FreeErrorData(error);
	return false;
}

/* Runs a step; returns false when its rows block it, and then nothing of it is left. */
static bool
run_step(const TaStep *step)
{
	int blocking = blocking_sqlstate(step);

	if (blocking != 0)
		return run_blockable(step, blocking);
	run_unblockable(step);
	return true;
}

/* ---- records ---- */

/* Records a default that applied to the key we made. */
static void
record_default(const char *reference, const char *item, const TaEffective *option)
{
	if (option->source == TA_SOURCE_DEFAULT)
		ta_catalog_record(reference, item, option->value);
	else
		ta_catalog_forget_item(reference, item);
}

/* Records the object that the step created: of a target it is one of several. */
static void
record_object(const TaStep *step, const char *item)
{
	const char *reference = step->state->reference->name;

	if (step->state->filter != NULL || step->state->whole != NULL)
		ta_catalog_record_one_of(reference, item, step->name);
	else
		ta_catalog_record(reference, item, step->name);
}

/* Forgets generated columns that were dropped, the keys and indexes that went with them, and the CHECK. */
static void
forget_natives(const TaStep *step)
{
	const TaState *state = step->state;
	const char *reference = state->reference->name;
	bool none = state->mode != TA_MODE_FOREIGN_KEY;
	ListCell *lc;

	foreach(lc, step->columns)
		ta_catalog_forget_object(reference, TA_ITEM_COLUMN, lfirst(lc));
	foreach(lc, step->constraints)
	{
		ta_catalog_forget_object(reference, TA_ITEM_CONSTRAINT, lfirst(lc));
		ta_catalog_forget_object(reference, TA_ITEM_CHECK, lfirst(lc));
	}
	foreach(lc, ta_catalog_recorded(reference))
	{
		TaRecorded *row = lfirst(lc);
		bool gone = ta_recorded_is(row, TA_ITEM_CONSTRAINT)
						? !ta_constraint_name_taken(state->child_rel, row->value)
						: ta_recorded_is(row, TA_ITEM_INDEX) &&
							  !OidIsValid(ta_rel_lookup(state->child->schema, row->value));

		if (gone)
			ta_catalog_forget_item(reference, row->item);
	}
	if (!none || state->by_triggers)
		return;
	ta_catalog_forget_item(reference, TA_ITEM_ON_DELETE);
	ta_catalog_forget_item(reference, TA_ITEM_ON_UPDATE);
	ta_catalog_forget_item(reference, TA_ITEM_DEFERRAL);
}

/*
 * Keeps what the step created, and by which defaults: later said from adopted
 * is told by it.  So too of a step that is to be run outside: the record of an
 * object that is not there says nothing.
 */
static void
record_step(const TaStep *step)
{
	const char *reference = step->state->reference->name;
	ListCell *lc;

	switch (step->kind)
	{
		case TA_STEP_ADD_GENERATED:
			foreach(lc, step->natives)
				ta_catalog_record_one_of(reference, TA_ITEM_COLUMN,
										 linitial(((TaState *) lfirst(lc))->reference->columns));
			break;
		case TA_STEP_ADD_CHECK:
		case TA_STEP_REPLACE_CHECK:
			ta_catalog_record(reference, TA_ITEM_CHECK, step->name);
			break;
		case TA_STEP_DROP_NATIVES:
			forget_natives(step);
			break;
		case TA_STEP_ADD_FOREIGN_KEY:
			record_object(step, TA_ITEM_CONSTRAINT);
			record_default(reference, TA_ITEM_ON_DELETE, &step->state->on_delete);
			record_default(reference, TA_ITEM_ON_UPDATE, &step->state->on_update);
			record_default(reference, TA_ITEM_DEFERRAL, &step->state->deferral);
			break;
		case TA_STEP_DROP_FOREIGN_KEY:
			ta_catalog_forget(reference);
			break;
		case TA_STEP_ENFORCE:
			ta_catalog_forget_item(reference, TA_ITEM_CONSTRAINT);
			record_default(reference, TA_ITEM_ON_DELETE, &step->state->on_delete);
			record_default(reference, TA_ITEM_ON_UPDATE, &step->state->on_update);
			record_default(reference, TA_ITEM_DEFERRAL, &step->state->deferral);
			break;
		case TA_STEP_UNENFORCE:
			if (step->state->enforced)
				break;
			ta_catalog_forget_item(reference, TA_ITEM_ON_DELETE);
			ta_catalog_forget_item(reference, TA_ITEM_ON_UPDATE);
			ta_catalog_forget_item(reference, TA_ITEM_DEFERRAL);
			break;
		case TA_STEP_CREATE_UNIQUE_INDEX:
			record_object(step, TA_ITEM_UNIQUE_INDEX);
			break;
		case TA_STEP_DROP_INDEX:
			ta_catalog_forget_object(reference, TA_ITEM_UNIQUE_INDEX, step->name);
			break;
		case TA_STEP_CREATE_INDEX:
			record_object(step, TA_ITEM_INDEX);
			break;
		default:
			break;
	}
}

/* ---- the whole ---- */

/* The outcomes of a call: an earlier one of the same reference may keep a step from being tried. */
static bool
lacks_column(const TaStep *step, List *outcomes)
{
	ListCell *lc;

	foreach(lc, outcomes)
	{
		TaOutcome *outcome = lfirst(lc);

		if (outcome->step->kind == TA_STEP_ADD_COLUMN &&
			strcmp(outcome->step->state->child->name, step->state->child->name) == 0 &&
			strcmp(outcome->outcome, "blocked") == 0 &&
			ta_ident_list_has(ta_reference_columns(step->state->reference), outcome->step->column))
			return true;
	}
	return false;
}

/* Whether the step is about a generated column that an earlier one has not added. */
static bool
lacks_generated(const TaStep *step, List *outcomes)
{
	ListCell *lc;

	foreach(lc, step->state->whole != NULL ? outcomes : NIL)
	{
		TaOutcome *outcome = lfirst(lc);

		if (outcome->step->kind == TA_STEP_ADD_GENERATED &&
			outcome->step->state == step->state->whole &&
			list_member_ptr(outcome->step->natives, step->state) &&
			strcmp(outcome->outcome, "done") != 0)
			return true;
	}
	return false;
}

/* Whether the CHECK must wait for a key: it would let in what nothing checks. */
static bool
lacks_native(const TaStep *step, List *outcomes)
{
	ListCell *lc;

	foreach(lc, step->kind == TA_STEP_ADD_CHECK || step->kind == TA_STEP_REPLACE_CHECK ||
						step->kind == TA_STEP_VALIDATE_CHECK
					? outcomes
					: NIL)
	{
		TaOutcome *outcome = lfirst(lc);

		if ((outcome->step->state->whole == step->state || outcome->step->state == step->state) &&
			outcome->step->kind != TA_STEP_CREATE_INDEX &&
			outcome->step->kind != TA_STEP_CREATE_UNIQUE_INDEX &&
			outcome->step->kind != TA_STEP_VALIDATE && strcmp(outcome->outcome, "done") != 0)
			return true;
	}
	return false;
}

/* Whether rows can't be checked for good, or native keys can't go, for the triggers that are to be there from then on are not. */
static bool
lacks_triggers(const TaStep *step, List *outcomes)
{
	ListCell *lc;

	foreach(lc, step->kind == TA_STEP_VALIDATE_TRIGGERS || step->kind == TA_STEP_DROP_NATIVES
					? outcomes
					: NIL)
	{
		TaOutcome *outcome = lfirst(lc);

		if (outcome->step->kind == TA_STEP_ENFORCE && outcome->step->state == step->state &&
			strcmp(outcome->outcome, "done") != 0)
			return true;
	}
	return false;
}

/* Whether the step puts in place what enforces a reference by native keys. */
static bool
is_native_enforcement(const TaStep *step)
{
	switch (step->kind)
	{
		case TA_STEP_ADD_FOREIGN_KEY:
		case TA_STEP_ADD_GENERATED:
		case TA_STEP_ENFORCE_KEY:
		case TA_STEP_ADD_CHECK:
		case TA_STEP_REPLACE_CHECK:
			return true;
		default:
			return false;
	}
}

/* Whether triggers, or what is left of other targets, must stay, for the key that is to take their place is not there. */
static bool
lacks_key(const TaStep *step, List *outcomes)
{
	ListCell *lc;

	foreach(lc,
			step->kind == TA_STEP_UNENFORCE || step->kind == TA_STEP_DROP_NATIVES ? outcomes : NIL)
	{
		TaOutcome *outcome = lfirst(lc);

		if (is_native_enforcement(outcome->step) &&
			strcmp(outcome->step->state->reference->name, step->state->reference->name) == 0 &&
			strcmp(outcome->outcome, "done") != 0)
			return true;
	}
	return false;
}

/* Whether the step only checks the rows of a key or triggers that are there: that changes nothing in a dump. */
bool
ta_step_validates_only(const TaStep *step)
{
	const TaState *state = step->state;

	if (step->kind == TA_STEP_VALIDATE_TRIGGERS)
		return state->in_force != NULL && state->changes == NIL && state->faults == NIL;
	if (step->kind == TA_STEP_VALIDATE_CHECK)
		return state->check != NULL;
	return step->kind == TA_STEP_VALIDATE && state->fk != NULL;
}

/*
 * The extension that has a parent's table, where triggers on it would be made
 * from outside of any script that makes them again; or InvalidOid.
 */
static Oid
extension_of_parents(const TaStep *step)
{
	const TaEnforced *row =
		step->state->wanted != NULL ? step->state->wanted : step->state->in_force;
	ListCell *lc;

	if (step->kind != TA_STEP_ENFORCE || OidIsValid(CurrentExtensionObject))
		return InvalidOid;
	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);
		Oid relid = ta_rel_lookup(target->schema, target->table);
		Oid extension = OidIsValid(relid) ? ta_ext_of_relation(relid) : InvalidOid;

		if (OidIsValid(extension))
			return extension;
	}
	return InvalidOid;
}

/*
 * The extension whose table the step would change from outside of its script,
 * or NULL: a dump would not hold what the step does, so it is the next
 * version's to do.
 */
static const char *
foreign_member(const TaStep *step)
{
	Oid relid = ta_step_relation(step);
	Oid extension = OidIsValid(relid) ? ta_ext_of_relation(relid) : InvalidOid;

	if (!OidIsValid(extension))
		extension = extension_of_parents(step);
	if (!OidIsValid(extension) || extension == CurrentExtensionObject ||
		ta_step_validates_only(step))
		return NULL;
	return ta_ext(extension)->name;
}

/* Why the step on an extension's table is handed back, and to whom. */
static char *
member_detail(const TaStep *step, const char *extension)
{
	Oid relid = ta_step_relation(step);

	if (!OidIsValid(relid) || !OidIsValid(ta_ext_of_relation(relid)))
		return psprintf("It makes triggers on %s too, which belongs to extension %s: a dump would "
						"not hold them. A foreign key, enforce => 'foreign_key', it holds.",
						ta_state_parents_shown(step->state, NULL), ta_ident_quote(extension));
	return psprintf(
		"%s belongs to extension %s, and a dump would not hold this change. Write it into "
		"the next version: SELECT filename, script FROM assoc.generate_migration(%s);",
		ta_rel_shown(relid), ta_ident_quote(extension), quote_literal_cstr(extension));
}

/* Why the rows can't be checked for good: triggers that somebody switched off let others in.  NULL: they can. */
static char *
disabled_detail(const TaStep *step)
{
	TaTriggerFact *fact;

	/* putting them in force switches them on */
	if (step->kind != TA_STEP_VALIDATE_TRIGGERS || step->state->disabled == NIL ||
		step->state->changes != NIL || step->state->faults != NIL)
		return NULL;
	fact = linitial(step->state->disabled);
	return psprintf("Trigger %s of %s is disabled: %s; then call assoc.apply() again.",
					ta_ident_quote(fact->name), ta_rel_shown(fact->relid),
					ta_trigger_enable_sql(fact));
}

static TaOutcome *
apply_step(const TaStep *step, bool online, List *outcomes)
{
	TaOutcome *outcome = palloc0(sizeof(TaOutcome));
	const char *extension;
	char *detail;

	outcome->step = step;
	if (step->kind == TA_STEP_PROBLEM)
	{
		outcome->outcome = "blocked";
		outcome->detail = pstrdup("No DDL mends this; the reason says what does.");
	}
	else if ((extension = foreign_member(step)) != NULL)
	{
		outcome->outcome = "blocked";
		outcome->detail = member_detail(step, extension);
	}
	else if (lacks_column(step, outcomes))
	{
		outcome->outcome = "blocked";
		outcome->detail = pstrdup("Waits for the column that an earlier step could not add.");
	}
	else if (lacks_generated(step, outcomes))
	{
		outcome->outcome = "blocked";
		outcome->detail =
			pstrdup("Waits for the generated column that an earlier step has not added.");
	}
	else if (lacks_native(step, outcomes))
	{
		outcome->outcome = "blocked";
		outcome->detail = pstrdup("Waits for a foreign key that an earlier step has not added.");
	}
	else if ((detail = disabled_detail(step)) != NULL)
	{
		outcome->outcome = "blocked";
		outcome->detail = detail;
	}
	else if (lacks_triggers(step, outcomes))
	{
		outcome->outcome = "blocked";
		outcome->detail =
			pstrdup("Waits for the triggers that an earlier step has not put in force.");
	}
	else if (lacks_key(step, outcomes))
	{
		outcome->outcome = "blocked";
		outcome->detail =
			step->kind == TA_STEP_UNENFORCE
				? pstrdup(
					  "Waits for the foreign key that an earlier step has not added; until then "
					  "the triggers stay.")
				: pstrdup("Waits for what an earlier step has not put in its place.");
	}
	else if (left_for_later(step, online))
	{
		outcome->outcome = "run_outside";
		/* what is replaced is ours until it is gone */
		if (step->replaces == NULL)
			record_step(step);
	}
	else if (run_step(step))
	{
		outcome->outcome = "done";
		record_step(step);
	}
	else
	{
		outcome->outcome = "blocked";
		outcome->detail = blocked_detail(step);
	}
	return outcome;
}

/*
 * Carries out the steps in this transaction; returns a TaOutcome for each.
 * online: what scans is left to be run outside.  Needs the catalog lock.
 */
List *
ta_apply_steps(List *steps, bool online)
{
	List *outcomes = NIL;
	ListCell *lc;

	foreach(lc, steps)
		outcomes = lappend(outcomes, apply_step(lfirst(lc), online, outcomes));
	return outcomes;
}
