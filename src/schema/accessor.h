/*
 * src/schema/accessor.h
 *		The SQL function that each association gets beside its table.
 */
#ifndef TA_ACCESSOR_H
#define TA_ACCESSOR_H

#include "postgres.h"

#include "store/catalog.h"

extern char *ta_accessor_refresh(const TaDecl *decl);
extern void ta_accessor_drop(const TaDecl *decl);
extern void ta_accessor_drop_of_table(Oid relid, const TaDecl *decl);
extern void ta_accessor_settle(const TaDecl *decl);
extern void ta_accessor_drop_in(Oid schema, Oid relid, const TaDecl *decl);
extern void ta_accessor_step_aside(const TaDecl *decl);
extern void ta_accessor_drop_of_former_owner(const TaDecl *decl);
extern void ta_accessor_comment(const TaDecl *decl);
extern bool ta_accessor_possible(const TaDecl *decl);
extern char *ta_accessor_problem(const TaDecl *decl);
extern bool ta_accessor_altered(const TaDecl *decl);
extern char *ta_accessor_replaced(const TaDecl *decl);
extern char *ta_accessor_call(const TaDecl *decl);

#endif /* TA_ACCESSOR_H */
