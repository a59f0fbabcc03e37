/*
 * src/check/triggers.c
 *		Triggers that enforce references, and that somebody has switched off, or
 *		that are missing where a key does not see all.
 *
 * That they are missing, or not as they were made, or have not seen all rows is
 * the plan's to say.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "utils/builtins.h"

#include "base/ident.h"
#include "check/subject.h"
#include "pg/facts.h"
#include "schema/soft.h"
#include "schema/trigger.h"

static void
check_disabled(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->disabled)
	{
		TaTriggerFact *fact = lfirst(lc);

		ta_subject_add(subject, state, TA_ERROR, "trigger_disabled",
					   psprintf("trigger %s of %s is %s", ta_ident_quote(fact->name),
								ta_rel_shown(fact->relid),
								fact->enabled == TRIGGER_DISABLED ? "disabled"
																  : "not fired in every session"),
					   psprintf("%s;", ta_trigger_enable_sql(fact)),
					   ta_subject_lock("SHARE ROW EXCLUSIVE", fact->relid,
									   "what was written meanwhile may break the reference"));
	}
}

/*
 * A key alone, where rows of the parent can be deleted softly: their children stay, and refer to
 * them.  Or triggers, by which their children keep them from being deleted.
 */
static void
check_soft_delete(TaSubject *subject, const TaState *state)
{
	char *parent = ta_soft_unenforced(state);
	char *refused = ta_soft_refused(state);

	if (refused != NULL)
		ta_subject_add(
			subject, state, TA_INFO, "soft_cascade_refused",
			psprintf("rows of %s cannot be deleted softly while rows of %s refer to them: "
					 "ON DELETE CASCADE would delete those softly, too, by a column they "
					 "have not",
					 refused, ta_rel_shown(state->child_rel)),
			NULL, psprintf("Say soft_delete of %s, or another on_delete.", state->child->name));
	if (parent == NULL)
		return;
	ta_subject_add(
		subject, state, TA_WARNING, "soft_delete_unenforced",
		psprintf("rows of %s are deleted softly, which the foreign key of %s does not see", parent,
				 ta_rel_shown(state->child_rel)),
		psprintf("SELECT assoc.set_enforcement(%s, 'trigger');",
				 quote_literal_cstr(ta_decl_name(state->reference->serves))),
		ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel,
						"triggers take the place of the key"));
}

/* A key alone, where rows of the parent's heirs are said to be its rows: it refuses those. */
static void
check_heirs(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, ta_state_key(state) != NULL ? state->targets : NIL)
	{
		const TaStateTarget *target = lfirst(lc);

		if (target->model->heirs)
			ta_subject_add(
				subject, state, TA_WARNING, "heirs_unenforced",
				psprintf("rows of tables that inherit from %s may be referred to, but the foreign "
						 "key of %s does not see them",
						 ta_rel_shown(target->relid), ta_rel_shown(state->child_rel)),
				psprintf("SELECT assoc.set_enforcement(%s, 'trigger');",
						 quote_literal_cstr(ta_decl_name(state->reference->serves))),
				ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel,
								"triggers take the place of the key"));
	}
}

void
ta_check_triggers(TaSubject *subject)
{
	ListCell *lc;

	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);

		if (!ta_state_stands(state))
			continue;
		check_disabled(subject, state);
		check_soft_delete(subject, state);
		check_heirs(subject, state);
	}
}
