/*
 * src/model/check.h
 *		What a reference must be for a declaration of it to stand.
 */
#ifndef TA_CHECK_H
#define TA_CHECK_H

#include "postgres.h"

#include "model/reference.h"

/* What is wrong, as an error report holds it. */
typedef struct TaProblem
{
	int sqlstate;
	char *message;
	char *detail; /* NULL: none */
	char *hint;
} TaProblem;

extern TaProblem *ta_reference_problem(const TaReference *reference);
extern void ta_reference_check(const TaReference *reference);
extern bool ta_warn_of_cascades(const char *model);

#endif /* TA_CHECK_H */
