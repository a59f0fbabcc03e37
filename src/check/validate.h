/*
 * src/check/validate.h
 *		What is wrong between declarations, schema and packages.
 */
#ifndef TA_VALIDATE_H
#define TA_VALIDATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum TaSeverity
{
	TA_INFO,
	TA_WARNING,
	TA_ERROR
} TaSeverity;

typedef struct TaFinding
{
	TaSeverity severity;
	const char *code; /* stable: users filter by it */
	const char *association; /* NULL: it is about a model or a package */
	const char *package; /* NULL: it is about an association */
	char *message;
	char *fix; /* SQL to type; NULL: there is none */
	char *detail;
	int order; /* in which it was found */
} TaFinding;

extern const char *ta_severity_name(TaSeverity severity);
extern TaSeverity ta_severity_parse(const char *name, const char *argument);
extern List *ta_validate_all(const char *associations);

#endif /* TA_VALIDATE_H */
