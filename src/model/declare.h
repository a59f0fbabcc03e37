/*
 * src/model/declare.h
 *		Declaring, forgetting and renaming models and associations.
 */
#ifndef TA_DECLARE_H
#define TA_DECLARE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/catalog.h"

typedef enum TaChange
{
	TA_UNCHANGED,
	TA_ADDED,
	TA_CHANGED
} TaChange;

/* What became of one declaration. */
typedef struct TaDeclared
{
	TaDecl *decl; /* complete: with what was inferred */
	List *notes; /* of char *: what was inferred, for the returned line */
	TaChange change;
	List *moved; /* of TaDecl: others whose inferred foreign key follows it now */
	struct TaReference *before; /* the polymorphic reference as it was; or NULL */
	struct TaDeclared *inverse; /* the other side, declared in the same call; or NULL */
} TaDeclared;

extern TaChange ta_define(const TaModelRow *said, const char *typed_table, List **notes);
extern List *ta_decls_about(const char *model);
extern TaDeclared *ta_declare(const TaDecl *said);
extern TaDeclared *ta_declare_unchecked(const TaDecl *said);
extern List *ta_declare_settle(List *decls);
extern void ta_declare_check(const TaDecl *decl);
extern const TaDecl *ta_declare_as_stored(const TaDecl *decl);
extern TaDeclared *ta_declare_inverse(const TaDecl *decl);
extern void ta_keep_inferred(const TaDecl *dropped);
extern void ta_forget_association(const TaDecl *decl);
extern void ta_forget_row(const TaDecl *row);
extern void ta_forget_model(const char *name);

extern TaDecl *ta_resolve(const TaDecl *said, List **notes);
extern TaDecl *ta_infer_again(const TaDecl *stored);

#endif /* TA_DECLARE_H */
