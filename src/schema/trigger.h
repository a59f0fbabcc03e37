/*
 * src/schema/trigger.h
 *		The triggers by which a reference is enforced.
 */
#ifndef TA_SCHEMA_TRIGGER_H
#define TA_SCHEMA_TRIGGER_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "pg/trigger.h"
#include "store/enforced.h"

extern List *ta_triggers_relations(const TaEnforced *row);
extern void
ta_triggers_compare(const TaEnforced *row, List **missing, List **altered, List **disabled);
extern bool ta_triggers_on_parent(const TaEnforced *row, Oid parent);
extern char *ta_trigger_enable_sql(const TaTriggerFact *fact);
extern void ta_triggers_make(const TaEnforced *row);
extern void ta_triggers_drop_on(Oid relid, const TaEnforced *row);
extern void ta_triggers_drop(const TaEnforced *row);
extern void ta_triggers_drop_elsewhere(const TaEnforced *old, const TaEnforced *row);
extern void ta_triggers_drop_conditions(const TaEnforced *row, Oid relid);
extern void ta_triggers_restore(const TaEnforced *row);
extern void ta_triggers_settle(Oid parent);
extern void ta_triggers_leave_statement(Oid parent);
extern void ta_triggers_wake(Oid relid);
extern void ta_triggers_switch_child(const TaEnforced *row, bool on);

#endif /* TA_SCHEMA_TRIGGER_H */
