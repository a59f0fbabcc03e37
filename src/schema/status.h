/*
 * src/schema/status.h
 *		How each association stands: what is said, against what is there.
 */
#ifndef TA_STATUS_H
#define TA_STATUS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "schema/plan.h"

/* One association, all its declarers together. */
typedef struct TaStatus
{
	const TaDecl *decl; /* of the first declarer */
	List *declarers; /* of char *, as shown */
	const TaState *state; /* of its reference; NULL for a path */
	const TaState *other; /* belongs_to_many: the junction's second reference */
	List *steps; /* of TaStep: what its references still need */
	const char *status; /* in place, planned, differs, missing, conflict */
	char *difference; /* in words; NULL */
} TaStatus;

extern List *ta_statuses(const char *model);

#endif /* TA_STATUS_H */
