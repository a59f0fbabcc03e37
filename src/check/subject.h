/*
 * src/check/subject.h
 *		What the checks of the schema look at, and the checks.
 */
#ifndef TA_SUBJECT_H
#define TA_SUBJECT_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "nodes/pg_list.h"

#include "check/finding.h"
#include "schema/state.h"

typedef struct TaSubject
{
	List *findings;
	List *references; /* of TaReference */
	List *states; /* of TaState, of these */
	List *facets; /* of TaState: these; of a polymorphic one, one for each target */
	List *natives; /* of TaState: keys of polymorphic ones, by columns of their own */
	bool everything; /* no associations were named */
} TaSubject;

extern void ta_subject_split(TaSubject *subject);
extern bool ta_subject_leads(const TaState *facet);
extern bool ta_subject_by_natives(const TaState *facet);
extern bool ta_subject_stands(const TaState *state);
extern bool ta_subject_same_key(const TaForeignKey *fk, const TaState *state);
extern char *ta_subject_tables(const TaSubject *subject, bool parents);
extern TaFinding *ta_subject_add(TaSubject *subject, const TaState *state, TaSeverity severity,
								 const char *code, char *message, char *fix, char *detail);
extern TaFinding *ta_subject_add_of(TaSubject *subject, const TaDecl *decl, TaSeverity severity,
									const char *code, char *message, char *fix, char *detail);
extern char *ta_subject_lock(const char *lock, Oid relid, const char *more);

extern void ta_check_keys(TaSubject *subject);
extern void ta_check_types(TaSubject *subject);
extern void ta_check_indexes(TaSubject *subject);
extern void ta_check_graph(TaSubject *subject);
extern void ta_check_rights(TaSubject *subject);
extern void ta_check_triggers(TaSubject *subject);
extern HTAB *ta_subject_by_oid(const char *name, Size entry_size);

#endif /* TA_SUBJECT_H */
