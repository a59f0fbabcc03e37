/*
 * src/schema/soft.c
 *		Rows that are deleted softly: which live, and what no key sees.
 *
 * A row lives while the model's column is null or, if boolean, not true.  A
 * living child must not refer to a parent that does not live; a child that was
 * deleted may.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"
#include "schema/soft.h"

/*
 * What is true of the model's rows that live, or else do not: p."deletedAt" IS
 * NULL, p.deleted IS NOT TRUE.  NULL: its rows cannot be deleted softly.
 */
char *
ta_soft_live_sql(const char *prefix, const TaModel *model, bool live)
{
	const TaColumn *column = model->soft_delete != NULL && OidIsValid(model->relid)
								 ? ta_rel_column(model->relid, model->soft_delete)
								 : NULL;
	const char *test;

	if (column == NULL)
		return NULL;
	if (getBaseType(column->type) == BOOLOID)
		test = live ? "IS NOT TRUE" : "IS TRUE";
	else
		test = live ? "IS NULL" : "IS NOT NULL";
	return psprintf("%s%s %s", prefix, ta_ident_quote(column->name), test);
}

/*
 * FROM and WHERE of the parents p that a row t refers to, and that do not live;
 * NULL: they cannot be deleted softly.
 *
 * s."Users" p WHERE p.id OPERATOR(pg_catalog.=) t."userId" AND p."deletedAt" IS NOT NULL
 */
static char *
dead_parents(const TaState *state, const TaStateTarget *target)
{
	char *dead = ta_soft_live_sql("p.", target->model, false);
	List *tests = NIL;
	ListCell *lc;
	ListCell *lk;

	if (dead == NULL)
		return NULL;
	if (state->reference->element)
	{
		const char *key = linitial(target->target->key);
		const char *column = linitial(state->reference->columns);

		tests = list_make1(ta_element_in_sql(psprintf("p.%s", ta_ident_quote(key)),
											 ta_rel_column(target->relid, key),
											 psprintf("t.%s", ta_ident_quote(column)),
											 ta_rel_column(state->child_rel, column)));
	}
	forboth(lc, state->reference->element ? NIL : state->reference->columns, lk,
			target->target->key)
		tests = lappend(tests, ta_key_test_sql(psprintf("p.%s", ta_ident_quote(lfirst(lk))),
											   ta_rel_column(target->relid, lfirst(lk)),
											   psprintf("t.%s", ta_ident_quote(lfirst(lc))),
											   ta_rel_column(state->child_rel, lfirst(lc))));
	tests = lappend(tests, dead);
	return psprintf("%s%s p WHERE %s",
					!target->model->heirs && ta_rel_has_inheritance_children(target->relid)
						? "ONLY "
						: "",
					ta_rel_qualified(target->relid), ta_err_join(tests, " AND "));
}

/* What is true of the rows t of the target's type that live while their parent does not; NULL: there can be none. */
char *
ta_soft_children_condition(const TaState *state, const TaStateTarget *target)
{
	char *dead = dead_parents(state, target);
	char *live = ta_soft_live_sql("t.", state->child, true);
	List *tests = NIL;

	if (dead == NULL)
		return NULL;
	if (state->reference->type_column != NULL)
		tests = lappend(tests, ta_ddl_type_test(state, target));
	if (live != NULL)
		tests = lappend(tests, live);
	tests = lappend(tests, psprintf("EXISTS (SELECT 1 FROM %s)", dead));
	return ta_err_join(tests, " AND ");
}

/*
 * The living rows of deleted parents; target: of that one, or NULL: of all.
 * NULL: there can be none.
 *
 * SELECT t.* FROM s."Todos" t WHERE t."deletedAt" IS NULL AND EXISTS (SELECT 1 FROM ...)
 */
char *
ta_soft_children_query(const TaState *state, const TaStateTarget *target, bool count)
{
	List *conditions = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
	{
		char *condition = target == NULL || target == lfirst(lc)
							  ? ta_soft_children_condition(state, lfirst(lc))
							  : NULL;

		if (condition != NULL)
			conditions = lappend(conditions, condition);
	}
	if (conditions == NIL)
		return NULL;
	return psprintf("SELECT %s FROM %s%s t WHERE %s", count ? "pg_catalog.count(*)" : "t.*",
					ta_rel_has_inheritance_children(state->child_rel) ? "ONLY " : "",
					ta_rel_qualified(state->child_rel), ta_err_join(conditions, " OR "));
}

/* Whether rows of any parent can be deleted softly. */
bool
ta_soft_any(const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->targets)
	{
		if (((TaStateTarget *) lfirst(lc))->model->soft_delete != NULL)
			return true;
	}
	return false;
}

/* Whether children are deleted softly with the target's rows, and live again with them. */
bool
ta_soft_cascades(const TaState *state, const TaStateTarget *target)
{
	return state->by_triggers && target->model->soft_delete != NULL &&
		   state->child->soft_delete != NULL &&
		   strcmp(state->on_delete.value, ta_action_text(FKCONSTR_ACTION_CASCADE, NIL)) == 0;
}

/*
 * Whether it matters that a parent is deleted softly: not to the links of a
 * junction, which stay with it, unless triggers enforce it or a link can be
 * deleted softly itself.
 */
bool
ta_soft_concerns(const TaState *state)
{
	return !state->reference->junction || state->by_triggers || state->child->soft_delete != NULL;
}

/*
 * The parents whose rows cannot be deleted softly while others refer to them, for
 * CASCADE would have to delete those, too, and cannot: "Users"; NULL: there are none.
 */
char *
ta_soft_refused(const TaState *state)
{
	List *shown = NIL;
	ListCell *lc;

	if (!state->by_triggers || state->child->soft_delete != NULL ||
		strcmp(state->on_delete.value, ta_action_text(FKCONSTR_ACTION_CASCADE, NIL)) != 0)
		return NULL;
	foreach(lc, state->targets)
	{
		const TaStateTarget *target = lfirst(lc);

		if (target->model->soft_delete != NULL)
		{
			char *table = ta_rel_shown(target->relid);

			if (!ta_ident_list_has(shown, table))
				shown = lappend(shown, table);
		}
	}
	return shown != NIL ? ta_err_join(shown, ", ") : NULL;
}

/*
 * The parents that are deleted softly though a key alone enforces the reference,
 * which does not see that: "Users"; NULL: there are none.
 */
char *
ta_soft_unenforced(const TaState *state)
{
	List *shown = NIL;
	ListCell *lc;

	if (state->mode != TA_MODE_FOREIGN_KEY || !ta_soft_concerns(state))
		return NULL;
	foreach(lc, state->targets)
	{
		const TaStateTarget *target = lfirst(lc);

		if (target->model->soft_delete == NULL)
			continue;
		if (!ta_ident_list_has(shown, ta_rel_shown(target->relid)))
			shown = lappend(shown, ta_rel_shown(target->relid));
	}
	return shown != NIL ? ta_err_join(shown, ", ") : NULL;
}
