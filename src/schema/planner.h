/*
 * src/schema/planner.h
 *		What the files that plan share; nobody else includes it.
 */
#ifndef TA_PLANNER_H
#define TA_PLANNER_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "schema/plan.h"

typedef struct TaPlanner
{
	List *references; /* of TaReference */
	List *steps;
	bool online;
	HTAB *names; /* of NameKey */
	HTAB *states; /* of StateSlot: the references of this plan */
	HTAB *recorded; /* of RecordedSlot */
	HTAB *columns; /* of ColumnSlot: those this plan creates */
	List *created; /* of TaStep: the junctions' CREATE TABLE */
} TaPlanner;

extern TaStep *
ta_plan_add_step(TaPlanner *planner, TaStepKind kind, const TaState *state, char *reason);
extern const char *ta_plan_choose_name(TaPlanner *planner, const TaState *state, List *columns,
									   const char *label, bool constraint);
extern bool ta_plan_take_column(TaPlanner *planner, const TaModel *model, const char *column);
extern char *ta_plan_declared_mode(const TaState *state);
extern void ta_plan_key_of(TaPlanner *planner, const TaState *state);
extern void ta_plan_index_of(TaPlanner *planner, const TaState *state);

extern void ta_plan_natives(TaPlanner *planner, const TaState *state);
extern void ta_plan_native_indexes(TaPlanner *planner, const TaState *state);

#endif /* TA_PLANNER_H */
