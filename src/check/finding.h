/*
 * src/check/finding.h
 *		One thing that is wrong, and what mends it.
 */
#ifndef TA_FINDING_H
#define TA_FINDING_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum TaSeverity
{
	TA_INFO,
	TA_WARNING,
	TA_ERROR
} TaSeverity;

#define TA_NO_COUNT INT64CONST(-1)

typedef struct TaFinding
{
	TaSeverity severity;
	const char *code; /* stable: users filter by it */
	const char *association; /* NULL: it is about a model or a package */
	const char *package; /* NULL: it is about an association */
	char *message;
	char *lasting; /* what of the message stays the same when rows come and go; NULL: all of it */
	char *fix; /* SQL to type; NULL: there is none */
	char *detail;
	int64 count; /* of rows that are wrong; TA_NO_COUNT: it is not about rows */
	char *samples; /* some of them, as JSON text; NULL: none */
	int order; /* in which it was found */
} TaFinding;

extern const char *ta_severity_name(TaSeverity severity);
extern TaSeverity ta_severity_parse(const char *name, const char *argument);
extern TaFinding *
ta_finding_add(List **findings, TaSeverity severity, const char *code, char *message, char *fix);
extern void ta_finding_not_visible(List **findings, char *what);
extern List *ta_finding_codes(void);
extern bool ta_finding_code_known(const char *code);
extern char *ta_finding_docs(const char *code);
extern List *ta_finding_sort(List *findings);

#endif /* TA_FINDING_H */
