/*
 * src/schema/facet.h
 *		A polymorphic reference as one reference to each of its targets.
 */
#ifndef TA_FACET_H
#define TA_FACET_H

#include "postgres.h"

#include "schema/state.h"

extern List *ta_state_facets(const TaState *state);
extern Oid ta_facet_unique_index(const TaState *facet);
extern bool ta_facet_has_unique_index(const TaState *facet, Oid index);

#endif /* TA_FACET_H */
