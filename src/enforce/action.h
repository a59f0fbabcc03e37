/*
 * src/enforce/action.h
 *		What becomes of the rows that refer to a parent whose key is gone.
 */
#ifndef TA_ACTION_H
#define TA_ACTION_H

#include "postgres.h"

#include "enforce/action_sql.h"
#include "enforce/rule.h"

/* A row of a parent that was deleted, or got another key. */
typedef struct TaParentEvent
{
	const TaRuleUse *use;
	const TaRuleTarget *target;
	Relation parent; /* the trigger's table: the target, or a part of it */
	HeapTuple tuple; /* the old row */
	TupleTableSlot *old; /* likewise; no column of its key is null */
	TupleTableSlot *new; /* NULL: it was deleted, or moved */
	bool moved; /* to another partition, by an UPDATE */
} TaParentEvent;

extern bool ta_event_is_in_target(const TaParentEvent *event);
extern bool ta_event_has_null(const TaParentEvent *event);
extern bool ta_event_has_same_key(const TaParentEvent *event);
extern LOCKMODE ta_enact_lock(const TaRuleAction *action);
extern void ta_enact(const TaParentEvent *event, Relation child, const TaRuleAction *action);
extern void ta_enact_eligible(const TaParentEvent *event, bool eligible);
extern bool ta_enact_query(const TaParentEvent *event, Relation child, TaActionQuery query,
						   const Datum *arrays);
extern bool ta_enact_any_left(const TaParentEvent *event);

#endif /* TA_ACTION_H */
