/*
 * src/store/enforced.h
 *		Rows of assoc_internal.enforced and enforced_target: what triggers enforce.
 *
 * To a reference these rows are what pg_constraint's is to a native key: what
 * is in force, whatever has been declared since.
 */
#ifndef TA_ENFORCED_H
#define TA_ENFORCED_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct TaEnforcedTarget
{
	char *type_value; /* "": not polymorphic */
	char *schema;
	char *table;
	List *key; /* of char * */
	char *scope; /* jsonb as text, or NULL */
	char *soft_delete; /* column, or NULL */
	bool heirs; /* rows of tables that inherit from it, too */
} TaEnforcedTarget;

typedef struct TaEnforced
{
	char *reference;
	char *declarer;
	char *name; /* what errors call the constraint */
	char *mode; /* "trigger", "statement" */
	char *child_schema;
	char *child_table;
	List *columns; /* of char * */
	char *type_column; /* NULL: not polymorphic */
	bool element; /* the one column is an array of keys */
	bool match_full;
	char *on_delete; /* as ta_action_text writes it */
	char *on_update;
	char *deferral;
	char *condition; /* jsonb as text, or NULL */
	char *child_soft_delete; /* column, or NULL */
	bool validated;
	List *targets; /* of TaEnforcedTarget, by type_value */
} TaEnforced;

/* The triggers of a reference; what each does is told where its function is. */
typedef enum TaTriggerKind
{
	TA_TRIGGER_CHECK_INSERT, /* child */
	TA_TRIGGER_CHECK_UPDATE,
	TA_TRIGGER_DELETED, /* each parent */
	TA_TRIGGER_UPDATED,
	TA_TRIGGER_ENDED, /* each parent whose rows may end otherwise, if that comes at another moment than a new key */
	TA_TRIGGER_MOVED, /* each parent with partitions, if a new key comes at another moment than DELETE */
	TA_TRIGGER_TRUNCATED,
	TA_TRIGGER_WHOLE, /* keeps a parent whose DELETE is acted on once a statement from being part of another table */
	TA_TRIGGER_ENDING, /* each parent that may end otherwise than by DELETE */
	TA_TRIGGER_FORGET /* each parent, one for all its references */
} TaTriggerKind;

extern char *ta_trigger_name(TaTriggerKind kind, const char *reference);

extern bool ta_enforced_available(void);
extern TaEnforced *ta_enforced_read(const char *reference);
extern List *ta_enforced_rows(void);
extern List *ta_enforced_of_table(const char *schema, const char *table);
extern void ta_enforced_put(const TaEnforced *row);
extern void ta_enforced_set_validated(const char *reference, bool validated);
extern void ta_enforced_delete(const char *reference);
extern void ta_enforced_move_table(const char *schema, const char *table, const char *new_schema,
								   const char *new_table);
extern void ta_enforced_rename_schema(const char *schema, const char *new_schema);
extern bool ta_enforced_in_schema(const char *schema);
extern void ta_enforced_release(const char *package);
extern void ta_enforced_sweep(void);

#endif /* TA_ENFORCED_H */
