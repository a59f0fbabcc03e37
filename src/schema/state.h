/*
 * src/schema/state.h
 *		A reference as it is wanted, set against what the database has.
 */
#ifndef TA_STATE_H
#define TA_STATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "model/check.h"
#include "model/reference.h"
#include "pg/expression.h"
#include "pg/facts.h"
#include "store/cache.h"
#include "store/enforced.h"

/* Where the value of an option comes from. */
typedef enum TaSource
{
	TA_SOURCE_SAID,
	TA_SOURCE_ADOPTED, /* an existing object has it, and nobody says otherwise */
	TA_SOURCE_DEFAULT /* our default: applied by apply(), or to be */
} TaSource;

typedef struct TaEffective
{
	const char *value; /* what shall hold */
	TaSource source;
	const char *found; /* what does hold now; NULL: nothing yet */
	const TaDecl *by; /* who said it */
} TaEffective;

/* How a reference is enforced. */
typedef enum TaMode
{
	TA_MODE_NONE,
	TA_MODE_FOREIGN_KEY,
	TA_MODE_TRIGGER,
	TA_MODE_STATEMENT
} TaMode;

/* A model that the reference leads to. */
typedef struct TaStateTarget
{
	const TaTarget *target;
	const TaModel *model;
	Oid relid;
} TaStateTarget;

typedef struct TaState
{
	const TaReference *reference;
	TaProblem *problem; /* then nothing below is filled in */
	const TaModel *child;
	const TaModel *parent; /* NULL: polymorphic, see targets */
	Oid child_rel; /* InvalidOid: a junction to be created */
	Oid parent_rel; /* InvalidOid: polymorphic */
	List *targets; /* of TaStateTarget: the parent, or all of a polymorphic reference's */
	const char *filter; /* a facet (schema/facet): its rows t; else NULL */
	const char
		*unfit; /* of a polymorphic reference: the rows t that belong to no target; else NULL */
	List *missing; /* of char *: foreign-key and type columns to be created */
	bool all_not_null;
	TaEffective enforce; /* the mode as its word; found: a key's, or that of triggers in force */
	TaMode mode; /* the same */
	bool enforced; /* somehow: by a native foreign key or by triggers */
	bool by_triggers;
	bool checks_at_once; /* a new key can't be NOT VALID: it scans when it is added */
	TaForeignKey *fk; /* the key there is; NULL: none */
	TaForeignKey *unenforced; /* enforced, and no key: one that is NOT ENFORCED; NULL: none */
	bool fk_is_ours; /* apply() created it */
	TaEnforced *in_force; /* what triggers enforce now; NULL: nothing */
	TaEnforced *
		wanted; /* what triggers shall enforce (validated: what will be known then); NULL: nothing */
	List *changes; /* of char *: how in_force differs from wanted */
	List *faults; /* of char *: triggers of in_force that are missing or not as they were made */
	List *disabled; /* of TaTriggerFact: those of in_force that are switched off */
	const char
		*scope; /* only the parent's rows that fit it may be referred to, by triggers; NULL: all */
	const char *condition; /* only the child's rows that fit it refer; NULL: all */
	bool match_full; /* of what is there, and so of what replaces it */
	TaEffective on_delete;
	TaEffective on_update;
	TaEffective deferral;
	Oid unique_index;
	Oid serving_index;
	const char *our_unique_index; /* the one apply() created, while it exists; else NULL */
	const char
		*stale_unique_index; /* likewise, where it counts other rows than the has_one says by now */

	/*
	 * Of a polymorphic reference; of others NIL and NULL.  A native is a
	 * target's key of a generated column, as a plain reference (schema/native).
	 */
	List *natives; /* of TaState */
	List *our_columns; /* of char *: generated columns that apply() created, still there */
	TaCheckFact *check; /* the CHECK that says what no key can; NULL: there is none */
	const char *our_check; /* the one apply() created, whatever it says, still there; or NULL */
	const char *other_check; /* where none is right: ours, or one with other types; or NULL */
	List *our_unique_indexes; /* of char *: those of targets' has_one, likewise */
	const struct TaState *whole; /* of a native: the polymorphic reference; else NULL */
} TaState;

extern TaState *ta_state(const TaReference *reference, List *recorded);
extern const TaForeignKey *ta_state_key(const TaState *state);
extern const char *ta_source_word(TaSource source);
extern const char *ta_mode_word(TaMode mode);
extern bool ta_state_stands(const TaState *state);
extern char *ta_state_parents_shown(const TaState *state, const char *last);
extern bool ta_state_may_count_parents(const TaState *state);

#endif /* TA_STATE_H */
