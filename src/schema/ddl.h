/*
 * src/schema/ddl.h
 *		A step of the plan as SQL, with what it locks and costs.
 */
#ifndef TA_DDL_H
#define TA_DDL_H

#include "postgres.h"

#include "schema/plan.h"

/* What the text of a foreign key is made of; actions and deferral as ta_action_text writes them. */
typedef struct TaKeyText
{
	const char *name;
	List *columns;
	const char *parent; /* qualified */
	List *key;
	bool match_full;
	const char *on_delete;
	const char *on_update;
	const char *deferral;
} TaKeyText;

extern void ta_ddl_render(TaStep *step);
extern char *ta_ddl_column_type(const TaStep *step);
extern char *ta_ddl_drop_hint(const TaState *state);
extern char *ta_ddl_enforce_call(const TaStep *step, const char *in_place_of);
extern char *ta_ddl_validate_call(const TaStep *step);
extern char *ta_ddl_unenforce_call(const TaStep *step);
extern const char *ta_ddl_deferral(const char *deferral);
extern char *ta_ddl_key_clause(const TaKeyText *key);
extern char *ta_ddl_existing_key_clause(const TaForeignKey *fk);
extern char *ta_ddl_key_orphans(Oid child, List *columns, Oid parent, bool heirs, List *key_columns,
								bool full, bool count);
extern char *ta_ddl_type_test(const TaState *state, const TaStateTarget *target);
extern char *ta_ddl_facet_condition(const TaState *facet);
extern char *ta_ddl_unfit_condition(const TaState *state);
extern char *ta_ddl_lost_elements(const TaState *state);
extern char *ta_ddl_lost_element(const TaState *state);
extern char *ta_ddl_unfit_query(const TaState *state, bool count);
extern char *ta_ddl_orphans_query(const TaState *state, bool count);
extern char *ta_ddl_nulls_query(const TaState *state, const char *column, bool count);
extern char *ta_ddl_duplicates_query(const TaState *state, bool count);

#endif /* TA_DDL_H */
