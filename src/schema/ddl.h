/*
 * src/schema/ddl.h
 *		A step of the plan as SQL, with what it locks and costs.
 */
#ifndef TA_DDL_H
#define TA_DDL_H

#include "postgres.h"

#include "schema/plan.h"

extern void ta_ddl_render(TaStep *step);
extern char *ta_ddl_column_type(const TaStep *step);
extern char *ta_ddl_drop_hint(const TaState *state);
extern char *ta_ddl_orphans_query(const TaState *state, bool count);
extern char *ta_ddl_nulls_query(const TaState *state, const char *column, bool count);
extern char *ta_ddl_duplicates_query(const TaState *state, bool count);

#endif /* TA_DDL_H */
