/*
 * src/enforce/violation.h
 *		What users read when a reference is violated.
 */
#ifndef TA_VIOLATION_H
#define TA_VIOLATION_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "base/compat.h"
#include "enforce/probe.h"
#include "enforce/rule.h"

TA_NORETURN extern void
ta_violation_missing(const TaRuleUse *use, Relation child, TupleTableSlot *row,
					 const TaRuleTarget *target, const Datum *element, TaProbeResult result);
TA_NORETURN extern void ta_violation_match_full(const TaRuleUse *use, Relation child);
TA_NORETURN extern void ta_violation_half_null(const TaRuleUse *use, Relation child);
TA_NORETURN extern void
ta_violation_type(const TaRuleUse *use, Relation child, TupleTableSlot *row);

TA_NORETURN extern void
ta_violation_referenced(const TaRuleUse *use, Relation parent, TupleTableSlot *row,
						const TaRuleTarget *target, bool restricts);
TA_NORETURN extern void ta_violation_stays(const TaRuleUse *use, Relation parent,
										   TupleTableSlot *row, const TaRuleTarget *target);
TA_NORETURN extern void ta_violation_rewritten(const TaRule *rule, Relation parent);

#endif /* TA_VIOLATION_H */
