/*
 * src/schema/inverse.h
 *		What takes a step back.
 */
#ifndef TA_INVERSE_H
#define TA_INVERSE_H

#include "postgres.h"

#include "schema/plan.h"

extern char *ta_inverse_sql(const TaStep *step);

#endif /* TA_INVERSE_H */
