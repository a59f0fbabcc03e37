/*
 * src/enforce/parent_set.h
 *		The parent's side for the rows of a statement together.
 */
#ifndef TA_PARENT_SET_H
#define TA_PARENT_SET_H

#include "postgres.h"

#include "enforce/rule.h"

extern void ta_parent_set(const TriggerData *trigger, const TaRuleUse *use,
						  const TaRuleTarget *target, Relation child);

#endif /* TA_PARENT_SET_H */
