/*
 * src/enforce/action_sql.h
 *		The texts of the queries by which the parent's side acts.
 */
#ifndef TA_ACTION_SQL_H
#define TA_ACTION_SQL_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "enforce/rule.h"

/* Two parameters for each pair of columns, and some of our own. */
#define TA_ACTION_MAX_PARAMETERS (2 * INDEX_MAX_KEYS + 2)

typedef enum TaActionQuery
{
	TA_QUERY_REPLACED, /* of the parent: is there another row with the key? */
	TA_QUERY_REPLACED_LIVE, /* likewise, one that is not deleted softly */
	TA_QUERY_MOVED, /* of the parent: what rows did a command put there? */
	TA_QUERY_REFERRED, /* of the child, as all below: does a row refer to the key? */
	TA_QUERY_REFERRED_LIVE, /* likewise, one that is not deleted softly */
	TA_QUERY_LEFT, /* does a row refer to anything in the target? */
	TA_QUERY_DELETE,
	TA_QUERY_FOLLOW, /* the key is another now */
	TA_QUERY_NULL_DELETED, /* set null; of all columns, or as SET NULL (a, b) says */
	TA_QUERY_NULL_UPDATED, /* set null, always all columns */
	TA_QUERY_DEFAULT_DELETED,
	TA_QUERY_DEFAULT_UPDATED,
	TA_QUERY_NULL_LIVE, /* of rows that are not deleted softly */
	TA_QUERY_DEFAULT_LIVE,
	TA_QUERY_END, /* deletes softly */
	TA_QUERY_REVIVE,
	TA_QUERY_KINDS
} TaActionQuery;

/* Whose children a query is about. */
typedef enum TaQueryKeys
{
	TA_KEYS_ONE, /* of one key: a parameter for each column */
	TA_KEYS_JOINED, /* of many: an array for each column, joined with the child */
	TA_KEYS_ANY, /* the same for a key of one column, by = ANY: through an index at one go */
	TA_KEYS_FORMS
} TaQueryKeys;

extern bool ta_query_has_set(const TaRule *rule, const TaRuleTarget *target);
extern bool ta_query_has_any(const TaRule *rule, const TaRuleTarget *target);
extern void ta_query_add_eligible(StringInfo buf, const TaRuleTarget *target, bool live);
extern char *ta_query_sql(const TaRule *rule, const TaRuleTarget *target, TaActionQuery query,
						  TaQueryKeys keys, Oid *types, int *ntypes);

#endif /* TA_ACTION_SQL_H */
