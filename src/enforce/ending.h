/*
 * src/enforce/ending.h
 *		Updates after which a row of a parent may no longer be referred to.
 */
#ifndef TA_ENDING_H
#define TA_ENDING_H

#include "postgres.h"

#include "enforce/action.h"

extern bool ta_ending_lives(const TaParentEvent *event, TupleTableSlot *row);
extern bool ta_ending_is_referable(const TaParentEvent *event);
extern bool ta_ending_eligible(const TaParentEvent *event, TupleTableSlot *row);
extern AttrNumber ta_ending_batch_column(Oid relid);
extern void ta_ending_check_locked(const TaParentEvent *event);

#endif /* TA_ENDING_H */
