/*
 * src/enforce/batch.h
 *		Keys of many rows, each once, in order.
 */
#ifndef TA_BATCH_H
#define TA_BATCH_H

#include "postgres.h"

#include "enforce/rule.h"

typedef struct TaBatch TaBatch;

extern TaBatch *ta_batch_make(const TaRule *rule, const TaRuleTarget *target);
extern void ta_batch_add(TaBatch *batch, const Datum *key);
extern Size ta_batch_bytes(const TaBatch *batch);
extern void ta_batch_sort(TaBatch *batch);
extern int64 ta_batch_count(const TaBatch *batch);
extern const Datum *ta_batch_key(const TaBatch *batch, int64 number);
extern void ta_batch_empty(TaBatch *batch);

#endif /* TA_BATCH_H */
