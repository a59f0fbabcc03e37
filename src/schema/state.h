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
#include "pg/facts.h"
#include "store/cache.h"

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

typedef struct TaState
{
	const TaReference *reference;
	TaProblem *problem; /* then nothing below is filled in */
	const TaModel *child;
	const TaModel *parent;
	Oid child_rel; /* InvalidOid: a junction to be created */
	Oid parent_rel;
	List *missing; /* of char *: foreign-key columns to be created */
	bool all_not_null;
	bool enforced; /* a native foreign key is wanted */
	bool checks_at_once; /* a new key can't be NOT VALID: it scans when it is added */
	TaForeignKey *fk; /* the key there is; NULL: none */
	bool fk_is_ours; /* apply() created it */
	TaEffective on_delete;
	TaEffective on_update;
	TaEffective deferral;
	Oid unique_index;
	Oid serving_index;
	const char *our_unique_index; /* the one apply() created, while it exists; else NULL */
} TaState;

extern TaState *ta_state(const TaReference *reference, List *recorded);
extern const char *ta_source_word(TaSource source);

#endif /* TA_STATE_H */
