/*
 * src/model/reference.h
 *		The reference: one foreign-key fact, derived from all that is said of it.
 */
#ifndef TA_REFERENCE_H
#define TA_REFERENCE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "pg/facts.h"
#include "store/catalog.h"

/* One side's claim on a reference: a belongs_to_many makes two. */
typedef struct TaLink
{
	const TaDecl *decl;
	const char *reference;
	const char *child; /* model with the foreign key */
	List *columns;
	const char *parent; /* model referred to; "": a polymorphic belongs_to, which has several */
	List *key;
	const char *polymorphic; /* alias of the polymorphic belongs_to, declared or not; else NULL */
	const char *type_column; /* beside the columns; NULL: not polymorphic */
	bool columns_inferred;
	bool key_inferred;
	bool type_inferred;
	bool from_child; /* the declaration is the child's view */
	bool has_options; /* on_delete and so on of the declaration concern this link */
} TaLink;

/* What somebody said, and who; value NULL: nobody did. */
typedef struct TaSaid
{
	const char *value;
	const TaDecl *by;
} TaSaid;

/* One model that a reference leads to. */
typedef struct TaTarget
{
	const char *model;
	List *key; /* NIL: the model has none, or is not defined */
	const char *type_value; /* NULL: not polymorphic */
	const TaDecl *one; /* polymorphic: its has_one without order_by; else NULL */
	const TaDecl *by; /* who says that it is one */
	bool key_said;
} TaTarget;

typedef struct TaReference
{
	const char *name;
	const char *child;
	List *columns;
	const char *parent; /* "": polymorphic, see targets */
	List *key; /* NIL: polymorphic */
	const char *polymorphic; /* alias of the polymorphic belongs_to; NULL: one parent */
	const char *type_column; /* says which target a row refers to; NULL: one parent */
	List *targets; /* of TaTarget: the parent, or all of a polymorphic reference's */
	List *views; /* of TaDecl: every declaration that is a view of it */
	const TaDecl *serves; /* the one it is called after: the belongs_to, else the first */
	TaSaid on_delete;
	TaSaid on_update;
	TaSaid required;
	TaSaid deferral;
	TaSaid enforce;
	TaSaid index;
	TaSaid condition; /* which rows of the child refer; unsaid: all */
	TaSaid
		scope; /* of a belongs_to that says enforcement by triggers: its rows alone may be referred to */
	const TaDecl *one; /* a has_one without order_by: at most one child; polymorphic: see targets */
	bool element; /* the one column is an array, and each of its elements refers */
	bool junction; /* the child is a belongs_to_many's junction */
	const char *problem; /* two sides contradict each other: how; else NULL */
} TaReference;

extern int ta_decl_links(const TaDecl *decl, TaLink links[2]);
extern List *ta_links_between(const char *child, const char *parent, const TaDecl *except);
extern List *ta_links_polymorphic(const char *child, const char *alias, const TaDecl *except);
extern List *ta_references(List *decls);
extern TaReference *ta_reference_named(const char *name);
extern bool ta_reference_is_key(const TaReference *reference, const TaForeignKey *fk, Oid parent);
extern bool ta_reference_triggers_by_default(const TaReference *reference);
extern char *ta_reference_invent(const char *table, List *columns);

#endif /* TA_REFERENCE_H */
