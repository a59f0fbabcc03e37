/*
 * src/schema/level.c
 *		Whether the rows that a statement deletes of a parent may be acted on together.
 *
 * In mode trigger what becomes of a parent's children must be what a native
 * key does: row by row, each row's triggers by their names, before what those
 * of the children have queued.  One trigger after the statement does the same
 * at a fraction of the cost if nothing else can come between two rows.  So it
 * takes the place of the rows' own only where
 *
 * - the parent is a plain table, whose rows go by no other table's name, and heirs
 *	 of it are not referred to;
 * - the check is not deferred, and the action leads to no other key, which may
 *	 be one of those that go (SET DEFAULT);
 * - the parent has no other trigger AFTER each row, of a native key or of
 *	 another reference either, and none after the statement that fires before ours;
 * - it is not the child itself: one MERGE may delete a row and insert another
 *	 that refers to it, which only the rows' own order settles;
 * - no row gets the key that another one had (ON UPDATE CASCADE, SET DEFAULT):
 *	 one statement may do both, by MERGE or WITH;
 * - no ON DELETE CASCADE deletes the parent's rows: then the statement is
 *	 another table's, and what is queued for several tables changes its order.
 */
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/trigger.h"
#include "schema/level.h"

/* Whether the actions are such that the order of rows, and of other rows' triggers, cannot matter. */
static bool
actions_allow(const TaEnforced *row)
{
	char on_delete = ta_action_parse(row->on_delete).code;
	char on_update = ta_action_parse(row->on_update).code;

	if (on_delete == FKCONSTR_ACTION_SETDEFAULT || on_update == FKCONSTR_ACTION_SETDEFAULT ||
		on_update == FKCONSTR_ACTION_CASCADE)
		return false;
	return on_delete != FKCONSTR_ACTION_NOACTION || strcmp(row->deferral, "none") == 0;
}

/* Whether a trigger of ours asks a child's row for its parent, and does nothing to other rows. */
static bool
is_check(const TaTriggerFact *fact)
{
	char *function = get_func_name(fact->function);

	return strncmp(fact->name, "RI_assoc_c", 10) == 0 && function != NULL &&
		   (strcmp(function, "check_reference") == 0 || strcmp(function, "check_statement") == 0);
}

/* Whether what the trigger does could come between two rows of the reference's parent, or before them all. */
static bool
comes_between(const TaTriggerFact *fact, const TaEnforced *row)
{
	if (fact->type & (TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSTEAD) || is_check(fact) ||
		(strncmp(fact->name, "RI_assoc_", 9) == 0 && ta_ident_same(fact->argument, row->reference)))
		return false;
	if (fact->type & TRIGGER_TYPE_ROW)
		return true;
	return (fact->type & TRIGGER_TYPE_DELETE) &&
		   strcmp(fact->name, ta_trigger_name(TA_TRIGGER_DELETED, row->reference)) < 0;
}

/* Whether rows of the parent's heirs may be referred to, which come and go by other names. */
static bool
has_heirs(const TaEnforced *row, Oid parent)
{
	ListCell *lc;

	foreach(lc, row->targets)
	{
		const TaEnforcedTarget *target = lfirst(lc);

		if (target->heirs && ta_rel_lookup(target->schema, target->table) == parent)
			return true;
	}
	return false;
}

/* Whether an ON DELETE CASCADE, of a native key or of what triggers enforce, deletes rows of the table. */
static bool
is_cascaded_to(Oid relid)
{
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(relid))
	{
		if (((TaForeignKey *) lfirst(lc))->on_delete == FKCONSTR_ACTION_CASCADE)
			return true;
	}
	foreach(lc, ta_enforced_of_table(ta_rel_schema(relid), ta_rel_name(relid)))
	{
		const TaEnforced *row = lfirst(lc);

		if (ta_rel_lookup(row->child_schema, row->child_table) == relid &&
			ta_action_parse(row->on_delete).code == FKCONSTR_ACTION_CASCADE)
			return true;
	}
	return false;
}

/*
 * Whether the rows that a statement deletes of the parent may be acted on
 * together, as the reference's mode, and what else there is on the table, allow.
 */
bool
ta_level_is_statement(const TaEnforced *row, Oid parent)
{
	ListCell *lc;

	if (!ta_rel_is_plain_table(parent) || has_heirs(row, parent))
		return false;
	if (strcmp(row->mode, "statement") == 0)
		return true;
	if (!actions_allow(row) || ta_rel_lookup(row->child_schema, row->child_table) == parent ||
		ta_rel_is_native_parent(parent) || is_cascaded_to(parent))
		return false;
	foreach(lc, ta_rel_triggers(parent))
	{
		if (comes_between(lfirst(lc), row))
			return false;
	}
	return true;
}
