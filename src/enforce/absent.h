/*
 * src/enforce/absent.h
 *		Seeing in the child's index that nothing refers to a key.
 */
#ifndef TA_ABSENT_H
#define TA_ABSENT_H

#include "postgres.h"

#include "enforce/rule.h"

extern bool ta_absent_can_tell(const TaRule *rule, const TaRuleTarget *target, Relation child);
extern int ta_absent_keys(const TaRule *rule, const TaRuleTarget *target, Relation child,
						  const Datum *keys, int n, bool *present);
extern bool
ta_absent(const TaRule *rule, const TaRuleTarget *target, Relation child, const Datum *key);

#endif /* TA_ABSENT_H */
