/*
 * src/load/explain.h
 *		How a query is loaded.
 */
#ifndef TA_EXPLAIN_H
#define TA_EXPLAIN_H

#include "postgres.h"

/* One statement. */
typedef struct TaExplained
{
	const char *edge; /* User.todos.tags */
	const char *step; /* roots, links or rows */
	const char *strategy;
	const char *why;
	double keys; /* that it looks up; negative: none */
	double estimated_rows;
	int64 actual_rows; /* negative: it was not run */
	double milliseconds;
	const char *sql;
} TaExplained;

typedef void (*TaExplainRow)(const TaExplained *row, void *arg);

struct TaStep;
extern void ta_explain(const struct TaStep *root, bool actual, TaExplainRow row, void *arg);

#endif /* TA_EXPLAIN_H */
