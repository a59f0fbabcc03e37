/*
 * src/enforce/memo.h
 *		Keys of parents that this transaction has locked.
 */
#ifndef TA_MEMO_H
#define TA_MEMO_H

#include "postgres.h"

#include "enforce/rule.h"

extern void ta_memo_init(void);
extern bool ta_memo_has(const TaRule *rule, const TaRuleTarget *target, const Datum *key);
extern void ta_memo_add(const TaRule *rule, const TaRuleTarget *target, const Datum *key);

#endif /* TA_MEMO_H */
