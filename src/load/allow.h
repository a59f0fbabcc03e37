/*
 * src/load/allow.h
 *		What an untrusted client's query may do: a query itself, as the upper bound.
 */
#ifndef TA_ALLOW_H
#define TA_ALLOW_H

#include "postgres.h"

#include "load/node.h"

/* What a column or an aggregate is wanted for. */
typedef enum TaAllowUse
{
	TA_ALLOW_SHOW,
	TA_ALLOW_WHERE,
	TA_ALLOW_ORDER
} TaAllowUse;

extern bool ta_allow_shows(const TaQuery *allow, const char *name);
extern void ta_allow_name(const TaQuery *allow, TaAllowUse use, const TaModel *model,
						  const char *name, const char *path);
extern const TaQuery *ta_allow_association(const TaQuery *allow, const TaModel *model,
										   const char *alias, const char *path);
extern const TaQuery *ta_allow_through(const TaQuery *allow);
extern void ta_allow_options(const TaQuery *allow, const TaQuery *query);
extern void
ta_allow_limit(const TaQuery *allow, const TaQuery *query, int64 limit, const char *what);
extern void ta_allow_recursion(const TaQuery *allow, const TaQuery *query, const char *what);
extern void ta_allow_check(const TaNode *node);

#endif /* TA_ALLOW_H */
