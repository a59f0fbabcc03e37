/*
 * src/check/quick.c
 *		Which references have orphans, by one scan of each child.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/err.h"
#include "base/ident.h"
#include "check/quick.h"
#include "model/target.h"
#include "pg/facts.h"

/* so many orphans are looked at again one by one; if there are more, by an anti-join */
#define MAX_PLACES 1000

/* What was found of a reference. */
typedef struct Looked
{
	const TaState *state; /* of a polymorphic reference, one facet */
	TaScanReference reference;
} Looked;

/*
 * What a scan does not see: an anti-join counts rows of inheritance children,
 * too, knows which rows fit a scope or condition, and looks into arrays.
 */
static bool
is_beyond_scan(const TaState *state)
{
	return state->reference->element || state->scope != NULL || state->condition != NULL ||
		   ta_rel_has_inheritance_children(state->child_rel) ||
		   ta_rel_has_inheritance_children(state->parent_rel);
}

static Looked *
new_looked(const TaState *state)
{
	Looked *looked = palloc0(sizeof(Looked));

	looked->state = state;
	looked->reference.columns = state->reference->columns;
	looked->reference.type_column = state->reference->type_column;
	if (state->reference->type_column != NULL)
		looked->reference.type_value =
			((TaStateTarget *) linitial(state->targets))->target->type_value;
	looked->reference.parent = state->parent_rel;
	looked->reference.key = state->reference->key;
	return looked;
}

/* Scans this child, for all its references at once. */
static void
look_at(Oid child, List *all)
{
	List *references = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, all)
	{
		Looked *looked = lfirst(lc);
		const char *name;

		if (looked->state->child_rel != child)
			continue;
		references = lappend(references, &looked->reference);
		name = ta_decl_name(looked->state->reference->serves);
		if (!ta_ident_list_has(names, name))
			names = lappend(names, pstrdup(name));
	}
	CHECK_FOR_INTERRUPTS();
	ta_scan_references(child, references, MAX_PLACES, ta_err_join(names, ", "));
}

/*
 * Scans the child of each state (const TaState *), whose rows exist and may be
 * read, once for all of them.  What it returns is for ta_quick_found.
 */
List *
ta_quick_look(List *states)
{
	List *all = NIL;
	List *children = NIL;
	ListCell *lc;

	foreach(lc, states)
	{
		const TaState *state = lfirst(lc);

		if (is_beyond_scan(state))
			continue;
		all = lappend(all, new_looked(state));
		children = list_append_unique_oid(children, state->child_rel);
	}
	foreach(lc, children)
		look_at(lfirst_oid(lc), all);
	return all;
}

/* What was found of this reference, or NULL: it can't be found so. */
const TaScanReference *
ta_quick_found(const List *looked, const TaState *state)
{
	ListCell *lc;

	foreach(lc, looked)
	{
		const Looked *one = lfirst(lc);

		if (one->state == state)
			return one->reference.method != NULL ? &one->reference : NULL;
	}
	return NULL;
}
