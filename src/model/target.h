/*
 * src/model/target.h
 *		References that lead to one of several models.
 */
#ifndef TA_TARGET_H
#define TA_TARGET_H

#include "postgres.h"

#include "model/infer.h"
#include "model/reference.h"
#include "pg/facts.h"

extern void ta_infer_polymorphic(const TaLinkRequest *q);
extern bool ta_infer_fits_plainly(const TaModel *child, const TaModel *parent);
extern char *ta_targets_in_words(List *names, const char *last);
extern List *ta_target_names(const TaReference *reference);
extern List *ta_decl_target_names(const TaDecl *decl);
extern const TaTarget *ta_reference_target(const TaReference *reference, const char *model);
extern List *ta_reference_columns(const TaReference *reference);
extern List *ta_decl_pair(const TaDecl *decl);
extern bool ta_type_column_fits(const TaColumn *column);
extern bool ta_type_column_holds(const TaColumn *column, const char *type_value);
extern char *ta_type_test_sql(const char *prefix, const char *name, const TaColumn *column,
							  const char *type_value);
extern char *ta_facet_alias(const TaDecl *decl, const char *target);
extern List *ta_decl_facets(const TaDecl *decl);
extern const TaColumn *ta_targets_key_column(const TaReference *reference);

extern List *ta_references_polymorphic(void);
extern TaReference *ta_retire_before(const TaDecl *decl);
extern void ta_retire_check(const TaReference *before);
extern List *ta_retire_target(TaDecl *decl, const char *model);

#endif /* TA_TARGET_H */
