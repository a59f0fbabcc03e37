/*
 * src/model/option.h
 *		Values of options: reading what was typed, and writing it back as SQL.
 */
#ifndef TA_OPTION_H
#define TA_OPTION_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct TaAction
{
	char code; /* FKCONSTR_ACTION_* */
	List *columns; /* SET NULL (a, b), SET DEFAULT (a, b); NIL is all */
} TaAction;

extern char *ta_option_action(const char *typed, const char *argument);
extern TaAction ta_action_parse(const char *canonical);
extern char *ta_action_text(char code, List *columns);
extern char *ta_action_sql(const char *stored);

extern char *ta_option_deferral(const char *typed);
extern char *ta_deferral_text(bool deferrable, bool deferred);
extern char *ta_option_enforce(const char *typed);
extern char *ta_option_order_by(const char *typed, Oid relid);
extern char *ta_order_rename(const char *order_by, const char *column, const char *new_name);
extern List *ta_order_columns(const char *order_by);
extern char *ta_order_sql(const char *order_by, const char *prefix);
extern char *ta_option_scope(const char *json, Oid relid);
extern List *ta_scope_columns(const char *scope);
extern char *ta_scope_rename(const char *scope, const char *column, const char *new_name);
extern char *ta_option_condition(const char *json, Oid relid);
extern bool ta_scope_may_hold(Oid type);
extern char *ta_scope_test_sql(const char *scope, Oid relid, const char *prefix);
extern char *ta_scope_sql(const char *scope, Oid relid, const char *prefix);

#endif /* TA_OPTION_H */
