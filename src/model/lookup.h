/*
 * src/model/lookup.h
 *		From a typed name to a table, a model, an association.
 */
#ifndef TA_LOOKUP_H
#define TA_LOOKUP_H

#include "postgres.h"

#include "store/cache.h"

extern Oid ta_lookup_table(const char *typed, bool missing_ok);
extern bool ta_lookup_fits_table(const char *name);
extern Oid ta_lookup_infer_table(const char *name);
extern const TaModel *ta_lookup_model(const char *name);
extern const TaModel *ta_lookup_or_infer_model(const char *name, bool *inferred);
extern const TaModel *ta_lookup_model_of_table(Oid relid);
extern List *ta_lookup_association(const char *name);
extern TaDecl *ta_lookup_alias(const TaModel *model, const char *alias);
extern void ta_lookup_split(const char *name, char **model, char **alias);

extern void ta_check_model_name(const char *name);
extern void ta_check_alias(const char *alias);
extern void ta_check_model_table(Oid relid);
extern void ta_check_owner(Oid relid);
extern void ta_check_usable(const TaModel *model);

#endif /* TA_LOOKUP_H */
