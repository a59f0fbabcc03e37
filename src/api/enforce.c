/*
 * src/api/enforce.c
 *		SQL-callable: what triggers enforce is put in force, ended, checked.
 *
 * The first three are what the steps of a plan say; set_enforcement is for
 * people.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "api/args.h"
#include "base/err.h"
#include "base/ident.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "model/option.h"
#include "model/reference.h"
#include "pg/facts.h"
#include "schema/apply.h"
#include "schema/enforce.h"
#include "store/catalog.h"

PG_FUNCTION_INFO_V1(ta_enforce_call);
PG_FUNCTION_INFO_V1(ta_unenforce_call);
PG_FUNCTION_INFO_V1(ta_validate_reference);
PG_FUNCTION_INFO_V1(ta_set_enforcement);

/* A row of the association, which has a foreign key of its own; raises for unknown ones and for paths. */
static const TaDecl *
association_called(const char *typed)
{
	const TaDecl *decl = linitial(ta_lookup_association(typed));

	if (decl->reference == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("association \"%s\" is a path", typed),
				 errdetail("It goes along other associations, and has no foreign key."),
				 errhint("Name one that it goes along: %s.", decl->through)));
	return decl;
}

/* The reference of an association ('Todo.user'), or of that name. */
static TaReference *
reference_called(const char *typed)
{
	TaReference *reference = ta_reference_named(typed);

	return reference != NULL ? reference : ta_reference_named(association_called(typed)->reference);
}

/*
 * assoc_internal.enforce(association, in_place_of) returns void
 *
 * Errors: 42704 unknown; 42809 a path; 42501 not the owner, no REFERENCES;
 * 55000 declared otherwise, or columns are missing; and what a declaration
 * raises.
 */
Datum
ta_enforce_call(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");

	ta_catalog_lock();
	ta_enforce(reference_called(association), ta_arg_text(fcinfo, 1));
	PG_RETURN_VOID();
}

/*
 * assoc_internal.unenforce(association) returns void
 *
 * Also of a reference that nobody declares any more, by its name.  Errors:
 * 42704 unknown; 42809 a path; 42501 not the owner; 55000 nothing is in force.
 */
Datum
ta_unenforce_call(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");
	TaEnforced *row;

	ta_catalog_lock();
	row = ta_enforced_read(association);
	if (row == NULL)
		row = ta_enforced_read(reference_called(association)->name);
	if (row == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("association \"%s\" is not enforced by triggers", association),
						errhint("SELECT * FROM assoc.plan(%s);", quote_literal_cstr(association))));
	ta_unenforce(row);
	PG_RETURN_VOID();
}

/*
 * assoc_internal.validate_reference(association) returns void
 *
 * Errors: 23503 a row refers to nothing; 42704 unknown; 42809 a path; 42501 not
 * the owner, or may not read all rows; 55000 it is not in force as declared.
 */
Datum
ta_validate_reference(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");

	ta_catalog_lock();
	ta_enforce_validate(reference_called(association));
	PG_RETURN_VOID();
}

/* ---- the switch ---- */

/* Whether the options of the row are the reference's: a belongs_to_many speaks of its own link only. */
static bool
speaks_of(const TaDecl *decl, const char *reference)
{
	return decl->reference != NULL && strcmp(decl->reference, reference) == 0 &&
		   strcmp(decl->declarer, ta_declarer()) == 0;
}

/*
 * What this declarer says of the reference where its enforcement is said, or
 * else can be: the row that says it already, else the association's own.
 */
static TaDecl *
row_to_change(const TaDecl *named)
{
	TaDecl *own = NULL;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_of_reference(named->reference))
	{
		TaDecl *decl = lfirst(lc);

		if (!speaks_of(decl, named->reference))
			continue;
		if (decl->enforce != NULL)
			return decl;
		if (strcmp(decl->model, named->model) == 0 && strcmp(decl->alias, named->alias) == 0)
			own = decl;
	}
	if (own == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("association \"%s\" is declared %s", ta_decl_name(named),
							   named->declarer[0] == '\0'
								   ? "by hand"
								   : psprintf("by package \"%s\"", named->declarer)),
						errhint("Change it where it was declared.")));
	return own;
}

/* The steps that concern how the reference is enforced, and nothing else. */
static List *
steps_of_enforcement(List *references)
{
	List *steps = NIL;
	ListCell *lc;

	foreach(lc, ta_plan_steps(references, false, NULL))
	{
		TaStep *step = lfirst(lc);

		switch (step->kind)
		{
			case TA_STEP_PROBLEM:
			case TA_STEP_DROP_FOREIGN_KEY:
			case TA_STEP_ADD_FOREIGN_KEY:
			case TA_STEP_REPLACE_FOREIGN_KEY:
			case TA_STEP_ALTER_DEFERRAL:
			case TA_STEP_ENFORCE:
			case TA_STEP_VALIDATE:
			case TA_STEP_VALIDATE_TRIGGERS:
			case TA_STEP_UNENFORCE:
			case TA_STEP_ADD_GENERATED:
			case TA_STEP_ADD_CHECK:
			case TA_STEP_REPLACE_CHECK:
			case TA_STEP_VALIDATE_CHECK:
			case TA_STEP_DROP_NATIVES:
				steps = lappend(steps, step);
				break;
			case TA_STEP_CREATE_INDEX:
				/* that of a generated column is nothing without it */
				if (step->state->whole != NULL)
					steps = lappend(steps, step);
				break;
			default:
				break;
		}
	}
	return steps;
}

/* 2 steps done; blocked: SELECT ... : why */
static char *
outcomes_in_words(List *outcomes)
{
	List *parts = NIL;
	int done = 0;
	ListCell *lc;

	foreach(lc, outcomes)
	{
		TaOutcome *outcome = lfirst(lc);

		if (strcmp(outcome->outcome, "done") == 0)
			done++;
		else
			parts = lappend(parts, psprintf("%s: %s: %s", outcome->outcome,
											outcome->step->sql != NULL ? outcome->step->sql
																	   : outcome->step->reason,
											outcome->detail));
	}
	if (outcomes == NIL)
		return pstrdup("nothing to do");
	return ta_err_join(lcons(psprintf("%d %s done", done, done == 1 ? "step" : "steps"), parts),
					   "; ");
}

/*
 * assoc.set_enforcement(association, enforce, lock_timeout) returns text
 *
 * Changes what this declarer says, and does what follows for this association
 * alone: one is in place before the other goes.  Rows that break the reference
 * are no error: its check is blocked, as in apply.  Errors: as enforce; 22023
 * no such mode; 42P17 another declaration says otherwise; 55P03, 55006 as
 * apply.
 */
Datum
ta_set_enforcement(PG_FUNCTION_ARGS)
{
	char *association = ta_arg_name(fcinfo, 0, "association");
	char *mode = ta_option_enforce(ta_arg_name(fcinfo, 1, "enforce"));
	char *lock_timeout = ta_arg_text(fcinfo, 2);
	int nest = NewGUCNestLevel();
	const TaDecl *named;
	TaDecl *decl;
	List *references;
	const TaState *state;
	char *done;

	(void) set_config_option("lock_timeout", lock_timeout == NULL ? "0" : lock_timeout, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ta_catalog_lock();
	named = association_called(association);
	decl = row_to_change(named);
	references = list_make1(ta_reference_named(named->reference));
	state = ta_state(linitial(references), NIL);
	if (OidIsValid(state->child->relid))
		ta_check_owner(state->child->relid);
	decl->enforce = mode;
	ta_catalog_put_decl(decl);
	ta_declare_check(decl);

	references = list_make1(ta_reference_named(named->reference));
	state = ta_state(linitial(references), ta_catalog_recorded(named->reference));
	done = ta_state_stands(state)
			   ? outcomes_in_words(ta_apply_steps(steps_of_enforcement(references), false))
			   : psprintf("its columns are yet to be made: SELECT * FROM assoc.apply(%s)",
						  quote_literal_cstr(association));
	AtEOXact_GUC(true, nest);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf("%s: %s%s; %s", association, state->enforced ? "enforced " : "",
				 state->enforced ? ta_enforced_in_words(state) : "not enforced", done)));
}
