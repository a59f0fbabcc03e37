/*
 * src/schema/plan.h
 *		The steps from the database as it is to the database as declared.
 */
#ifndef TA_PLAN_H
#define TA_PLAN_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "schema/state.h"

/* In the order in which a plan runs them. */
typedef enum TaStepKind
{
	TA_STEP_PROBLEM, /* no DDL mends it */
	TA_STEP_CREATE_TABLE,
	TA_STEP_ADD_COLUMN,
	TA_STEP_ADD_GENERATED, /* the columns of native keys of a polymorphic reference, in one rewrite */
	TA_STEP_DROP_NOT_NULL,
	TA_STEP_DROP_FOREIGN_KEY,
	TA_STEP_DROP_INDEX,
	TA_STEP_ADD_FOREIGN_KEY,
	TA_STEP_REPLACE_FOREIGN_KEY,
	TA_STEP_ALTER_DEFERRAL,
	TA_STEP_ENFORCE, /* triggers put in force, in the place of others or of a key */
	TA_STEP_ADD_CHECK, /* the one beside native keys of a polymorphic reference: after them */
	TA_STEP_REPLACE_CHECK,
	TA_STEP_CREATE_UNIQUE_INDEX,
	TA_STEP_CREATE_INDEX,
	TA_STEP_ENFORCE_KEY, /* a key that is NOT ENFORCED (18) */
	TA_STEP_VALIDATE,
	TA_STEP_VALIDATE_CHECK,
	TA_STEP_VALIDATE_TRIGGERS,
	TA_STEP_UNENFORCE, /* triggers dropped: after what takes their place */
	TA_STEP_DROP_NATIVES, /* such keys, columns and CHECK dropped: after what takes their place */
	TA_STEP_SET_NOT_NULL
} TaStepKind;

typedef struct TaStep
{
	TaStepKind kind;
	const TaState *state;
	const TaState *other; /* CREATE_TABLE: the junction's second reference */
	const TaState
		*blamed; /* PROBLEM: whose declaration or table is at fault; NULL: a key's action */
	List *key; /* CREATE_TABLE: columns of its primary key */
	const char *association; /* the one it serves; NULL: nobody declares the reference any more */
	const char *declarer; /* who declared that */
	char *reason;
	const char
		*name; /* of the constraint or index; ENFORCE: of the key whose place it takes, or NULL */
	const char *column; /* ADD_COLUMN, SET and DROP NOT NULL */
	const char *
		replaces; /* CREATE_UNIQUE_INDEX: the index of ours that it takes the place of; else NULL */
	List *natives; /* ADD_GENERATED: of TaState, those whose column is added */
	List *columns; /* DROP_NATIVES: of char *, with their keys and indexes */
	List *constraints; /* DROP_NATIVES: of char * */
	const TaModel *on; /* ADD_COLUMN of deletion_id: to whose table; else NULL */
	bool concurrently;
	int order; /* in which it was planned */

	/* filled in by schema/ddl */
	char *sql; /* NULL: a problem */
	const char *lock;
	char *on_table;
	bool scans;
	bool rewrites;
	bool in_transaction;
} TaStep;

extern Oid ta_step_relation(const TaStep *step);
extern List *ta_plan_steps(List *references, bool online, List **states);
extern List *ta_plan_undeclared(List *steps, const char *declarer);
extern int ta_plan_compare(const ListCell *a, const ListCell *b);
extern List *ta_plan_selected(const char *associations);
extern List *ta_plan_said_by(List *references, const char *declarer);

#endif /* TA_PLAN_H */
