/*
 * src/schema/enforce.h
 *		What triggers shall enforce, and putting it in force.
 */
#ifndef TA_SCHEMA_ENFORCE_H
#define TA_SCHEMA_ENFORCE_H

#include "postgres.h"

#include "schema/state.h"

extern const char *ta_enforce_words(TaMode mode);
extern const char *ta_enforced_in_words(const TaState *state);
extern TaEnforced *ta_enforce_wanted(const TaState *state, TaMode mode);
extern List *ta_enforce_changes(const TaState *state);
extern bool ta_enforce_stays_valid(const TaState *state);

extern void ta_enforce(const TaReference *reference, const char *in_place_of);
extern void ta_unenforce(const TaEnforced *row);
extern void ta_enforce_validate(const TaReference *reference);

#endif /* TA_SCHEMA_ENFORCE_H */
