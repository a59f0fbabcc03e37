/*
 * src/pg/trigger.h
 *		Facts about the triggers of a relation.
 */
#ifndef TA_TRIGGER_H
#define TA_TRIGGER_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

typedef struct TaTriggerFact
{
	Oid relid;
	char *name;
	Oid function;
	int16 type; /* bits TRIGGER_TYPE_* */
	char enabled; /* TRIGGER_FIRES_*, TRIGGER_DISABLED */
	bool constraint; /* made by CREATE CONSTRAINT TRIGGER */
	bool deferrable;
	bool deferred;
	bool cloned; /* of the trigger of a table that this one is a partition of */
	char *argument; /* its only one; NULL: it has none, or several */
	char *old_table; /* REFERENCING .. AS; NULL */
	char *new_table;
	Node *when; /* NULL: always */
} TaTriggerFact;

extern List *ta_rel_triggers(Oid relid);
extern bool ta_rel_is_native_parent(Oid relid);
extern Node *ta_trigger_condition(Oid relid, const char *sql);

#endif /* TA_TRIGGER_H */
