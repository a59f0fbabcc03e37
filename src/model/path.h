/*
 * src/model/path.h
 *		From an association to the references it walks along.
 */
#ifndef TA_PATH_H
#define TA_PATH_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "model/reference.h"
#include "store/cache.h"

/* One step from a model to the next, along one reference. */
typedef struct TaHop
{
	TaLink link;
	bool to_parent; /* from the child to the parent; else the other way */
	List *scopes; /* of char *: what must hold where it arrives */
	bool on; /* by a condition of a query: load's own */
	bool self; /* to the same row, by its key: load's own, where a row is read again */
	bool element; /* the child's column is an array, and each of its elements refers */
	const char *type_value; /* polymorphic: what the child's type column says of the parent */
} TaHop;

extern const char *ta_hop_to(const TaHop *hop);
extern List *ta_hops_of(const TaDecl *decl);
extern char *ta_path_problem(const TaDecl *decl);
extern char *
ta_path_resolve(const TaModel *model, const char *typed, const TaModel *target, const char *alias);
extern bool ta_decl_to_one(const TaDecl *decl);

#endif /* TA_PATH_H */
