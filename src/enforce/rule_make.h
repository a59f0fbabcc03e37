/*
 * src/enforce/rule_make.h
 *		Resolving a row of the catalog into a rule.
 */
#ifndef TA_RULE_MAKE_H
#define TA_RULE_MAKE_H

#include "postgres.h"

#include "base/compat.h"
#include "enforce/rule.h"

extern TaRule *ta_rule_make(const char *reference);
extern void ta_rule_look_at_target(const TaRule *rule, const TaRuleTarget *reader, Relation parent);
TA_NORETURN extern void ta_rule_unresolved(const char *reference, const char *detail);

#endif /* TA_RULE_MAKE_H */
