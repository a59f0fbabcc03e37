/*
 * src/model/reference.h
 *		The reference: one foreign-key fact, derived from all that is said of it.
 */
#ifndef TA_REFERENCE_H
#define TA_REFERENCE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/catalog.h"

/* One side's claim on a reference: a belongs_to_many makes two. */
typedef struct TaLink
{
	const TaDecl *decl;
	const char *reference;
	const char *child; /* model with the foreign key */
	List *columns;
	const char *parent; /* model referred to */
	List *key;
	bool columns_inferred;
	bool key_inferred;
	bool from_child; /* the declaration is the child's view */
	bool has_options; /* on_delete and so on of the declaration concern this link */
} TaLink;

/* What somebody said, and who; value NULL: nobody did. */
typedef struct TaSaid
{
	const char *value;
	const TaDecl *by;
} TaSaid;

typedef struct TaReference
{
	const char *name;
	const char *child;
	List *columns;
	const char *parent;
	List *key;
	List *views; /* of TaDecl: every declaration that is a view of it */
	const TaDecl *serves; /* the one it is called after: the belongs_to, else the first */
	TaSaid on_delete;
	TaSaid on_update;
	TaSaid required;
	TaSaid deferral;
	TaSaid enforce;
	TaSaid index;
	const TaDecl *one; /* a has_one without order_by: at most one child */
	bool junction; /* the child is a belongs_to_many's junction */
	const char *problem; /* two sides contradict each other: how; else NULL */
} TaReference;

extern int ta_decl_links(const TaDecl *decl, TaLink links[2]);
extern List *ta_links_between(const char *child, const char *parent, const TaDecl *except);
extern List *ta_references(List *decls);
extern TaReference *ta_reference_named(const char *name);
extern char *ta_reference_invent(const char *table, List *columns);

#endif /* TA_REFERENCE_H */
