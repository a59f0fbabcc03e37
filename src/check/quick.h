/*
 * src/check/quick.h
 *		Which references have orphans, by one scan of each child.
 */
#ifndef TA_QUICK_H
#define TA_QUICK_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "check/scan.h"
#include "schema/state.h"

extern List *ta_quick_look(List *states);
extern const TaScanReference *ta_quick_found(const List *looked, const TaState *state);

#endif /* TA_QUICK_H */
