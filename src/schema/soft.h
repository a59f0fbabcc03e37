/*
 * src/schema/soft.h
 *		Rows that are deleted softly: which live, and what no key sees.
 */
#ifndef TA_SCHEMA_SOFT_H
#define TA_SCHEMA_SOFT_H

#include "postgres.h"

#include "schema/state.h"

/* says which rows were deleted softly together */
#define TA_DELETION_ID "deletion_id"

extern char *ta_soft_live_sql(const char *prefix, const TaModel *model, bool live);
extern char *ta_soft_children_condition(const TaState *state, const TaStateTarget *target);
extern char *ta_soft_children_query(const TaState *state, const TaStateTarget *target, bool count);
extern bool ta_soft_cascades(const TaState *state, const TaStateTarget *target);
extern bool ta_soft_any(const TaState *state);
extern bool ta_soft_concerns(const TaState *state);
extern char *ta_soft_refused(const TaState *state);
extern char *ta_soft_unenforced(const TaState *state);

#endif /* TA_SCHEMA_SOFT_H */
