/*
 * src/schema/native.h
 *		A polymorphic reference as native keys of generated columns.
 */
#ifndef TA_NATIVE_H
#define TA_NATIVE_H

#include "postgres.h"

#include "schema/state.h"

extern List *ta_natives(TaState *state, List *recorded);
extern char *ta_native_expression(const TaState *native);
extern const TaColumn *ta_native_column(const TaState *native);
extern char *ta_native_condition(const TaState *state);
extern void ta_native_read_check(TaState *state, List *recorded);
extern bool ta_native_action_fits(const char *action, bool on_delete);
extern bool ta_native_any(const TaState *state);
extern bool ta_native_valid(const TaState *state);
extern List *ta_native_key_names(Oid child);
extern const TaState *ta_native_of(const TaState *state, const char *model);

#endif /* TA_NATIVE_H */
