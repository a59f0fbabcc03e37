/*
 * src/schema/apply.h
 *		Carrying out a plan.
 */
#ifndef TA_APPLY_H
#define TA_APPLY_H

#include "postgres.h"

#include "schema/plan.h"

typedef struct TaOutcome
{
	const TaStep *step;
	const char *outcome; /* done, blocked, run_outside */
	char *detail; /* what blocks it, and how to see it; NULL: nothing to say */
} TaOutcome;

extern bool ta_step_validates_only(const TaStep *step);
extern List *ta_apply_steps(List *steps, bool online);

#endif /* TA_APPLY_H */
