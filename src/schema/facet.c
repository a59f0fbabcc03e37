/*
 * src/schema/facet.c
 *		A polymorphic reference as one reference to each of its targets.
 *
 * What looks at rows looks at those of one type at a time, which refer to one
 * table: to it such a facet is a state like any other, with a filter.  Rows
 * that belong to no facet are unfit: of a type that is none, or with one column
 * null and the other not.
 */
#include "postgres.h"

#include "base/ident.h"
#include "model/target.h"
#include "pg/partial.h"
#include "schema/ddl.h"
#include "schema/facet.h"
#include "schema/native.h"

static TaState *
copy_state(const TaState *state)
{
	TaState *copy = palloc(sizeof(TaState));
	TaReference *reference = palloc(sizeof(TaReference));

	*copy = *state;
	*reference = *state->reference;
	copy->reference = reference;
	return copy;
}

/* The rows of one target's type, as a reference to it. */
static TaState *
facet_of(const TaState *state, const TaStateTarget *target)
{
	TaState *facet = copy_state(state);
	TaReference *reference = unconstify(TaReference *, facet->reference);
	const TaState *native = ta_native_of(state, target->target->model);

	reference->parent = target->target->model;
	reference->key = target->target->key;
	reference->targets = list_make1(unconstify(TaTarget *, target->target));
	reference->one = target->target->one;
	facet->parent = target->model;
	facet->parent_rel = target->relid;
	facet->targets = list_make1(unconstify(TaStateTarget *, target));
	facet->filter = ta_ddl_type_test(state, target);
	facet->whole = state;
	facet->fk = native != NULL ? native->fk : NULL;
	return facet;
}

/*
 * The states (TaState) of a reference whose rows exist: itself; or one for each
 * target, with a filter, and last one of the rows that are unfit.
 */
List *
ta_state_facets(const TaState *state)
{
	List *facets = NIL;
	TaState *unfit;
	ListCell *lc;

	if (state->reference->type_column == NULL)
		return list_make1(unconstify(TaState *, state));
	foreach(lc, state->targets)
		facets = lappend(facets, facet_of(state, lfirst(lc)));
	unfit = copy_state(state);
	unfit->unfit = ta_ddl_unfit_condition(state);
	return lappend(facets, unfit);
}

/* The index by which a facet's has_one has at most one row, or InvalidOid. */
Oid
ta_facet_unique_index(const TaState *facet)
{
	const TaReference *reference = facet->reference;
	List *columns = ta_reference_columns(reference);
	Oid index = ta_rel_unique_index(facet->child_rel, reference->columns);

	if (!OidIsValid(index))
		index = ta_rel_unique_index(facet->child_rel, columns);
	return OidIsValid(index) ? index
							 : ta_rel_unique_index_where(facet->child_rel, columns,
														 ta_ddl_facet_condition(facet));
}

/* Whether the index is one by which the facet's has_one has at most one row, and counts just its rows. */
bool
ta_facet_has_unique_index(const TaState *facet, Oid index)
{
	return ta_index_is_unique_where(index, facet->child_rel, ta_reference_columns(facet->reference),
									ta_ddl_facet_condition(facet));
}
