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
#include "pg/extension.h"
#include "schema/apply.h"
#include "schema/ddl.h"
#include "schema/run.h"
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
		case TA_STEP_VALIDATE:
			return ERRCODE_FOREIGN_KEY_VIOLATION;
		case TA_STEP_ADD_FOREIGN_KEY:
		case TA_STEP_REPLACE_FOREIGN_KEY:
			return step->state->checks_at_once ? ERRCODE_FOREIGN_KEY_VIOLATION : 0;
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

	switch (step->kind)
	{
		case TA_STEP_ADD_COLUMN:
		case TA_STEP_SET_NOT_NULL:
		case TA_STEP_DROP_NOT_NULL:
			if (!OidIsValid(state->child_rel))
				return GetUserId();
			ta_check_owner(state->child_rel);
			return ta_rel_owner(state->child_rel);
		case TA_STEP_CREATE_TABLE:
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

	if (!ta_rel_may_count(state->child_rel) ||
		(reads_parent && !ta_rel_may_count(state->parent_rel)))
		return psprintf("some %s", many);
	count = ta_spi_count(query);
	return psprintf(INT64_FORMAT " %s", count, count == 1 ? one : many);
}

/* 3 rows of "Todos" without a row of "Users"; see them: SELECT ... */
static char *
blocked_detail(const TaStep *step)
{
	const TaState *state = step->state;
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
		default:
			return psprintf("%s of %s without a row of %s; see them: %s;",
							count_rows(state, ta_ddl_orphans_query(state, true), true, "row",
									   "rows"),
							child, ta_rel_shown(state->parent_rel),
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

/*
 * Keeps what the step created, and by which defaults: later said from adopted
 * is told by it.  So too of a step that is to be run outside: the record of an
 * object that is not there says nothing.
 */
static void
record_step(const TaStep *step)
{
	const char *reference = step->state->reference->name;

	switch (step->kind)
	{
		case TA_STEP_ADD_FOREIGN_KEY:
			ta_catalog_record(reference, TA_ITEM_CONSTRAINT, step->name);
			record_default(reference, TA_ITEM_ON_DELETE, &step->state->on_delete);
			record_default(reference, TA_ITEM_ON_UPDATE, &step->state->on_update);
			record_default(reference, TA_ITEM_DEFERRAL, &step->state->deferral);
			break;
		case TA_STEP_DROP_FOREIGN_KEY:
			ta_catalog_forget(reference);
			break;
		case TA_STEP_CREATE_UNIQUE_INDEX:
			ta_catalog_record(reference, TA_ITEM_UNIQUE_INDEX, step->name);
			break;
		case TA_STEP_DROP_INDEX:
			ta_catalog_forget_item(reference, TA_ITEM_UNIQUE_INDEX);
			break;
		case TA_STEP_CREATE_INDEX:
			ta_catalog_record(reference, TA_ITEM_INDEX, step->name);
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
			ta_ident_list_has(step->state->reference->columns, outcome->step->column))
			return true;
	}
	return false;
}

/* Whether the step only validates a key that is there: that changes nothing in a dump. */
bool
ta_step_validates_only(const TaStep *step)
{
	return step->kind == TA_STEP_VALIDATE && step->state->fk != NULL;
}

/*
 * The extension whose table the step would change from outside of its script,
 * or NULL: a dump would not hold what the step does, so it is the next
 * version's to do.
 */
static const char *
foreign_member(const TaStep *step)
{
	Oid relid = step->state->child_rel;
	Oid extension = OidIsValid(relid) ? ta_ext_of_relation(relid) : InvalidOid;

	if (!OidIsValid(extension) || extension == CurrentExtensionObject ||
		ta_step_validates_only(step))
		return NULL;
	return ta_ext(extension)->name;
}

/* Why the step on an extension's table is handed back, and to whom. */
static char *
member_detail(const TaStep *step, const char *extension)
{
	return psprintf(
		"%s belongs to extension %s, and a dump would not hold this change. Write it into "
		"the next version: SELECT filename, script FROM assoc.generate_migration(%s);",
		ta_rel_shown(step->state->child_rel), ta_ident_quote(extension),
		quote_literal_cstr(extension));
}

static TaOutcome *
apply_step(const TaStep *step, bool online, List *outcomes)
{
	TaOutcome *outcome = palloc0(sizeof(TaOutcome));
	const char *extension;

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
	else if (left_for_later(step, online))
	{
		outcome->outcome = "run_outside";
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
