/*
 * src/exchange/picture.h
 *		The declared models as boxes and lines, before any format.
 */
#ifndef TA_PICTURE_H
#define TA_PICTURE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "schema/plan.h"
#include "store/cache.h"

/* A column worth showing: one of a key, or of a foreign key. */
typedef struct TaPictureColumn
{
	const char *name;
	const char *type; /* as shown; NULL: not known */
	bool primary;
	bool unique; /* a key, or part of one, but not of the primary key */
	bool foreign;
	bool not_null;
	bool planned; /* does not exist yet */
	int place; /* by which the columns are ordered */
} TaPictureColumn;

typedef struct TaBox
{
	const char *name; /* of the model */
	const TaModel *model; /* NULL: nothing declares it (any more) */
	const char *table; /* as shown, unquoted; NULL: the model's name says it */
	const char *note; /* "planned", "missing", "conflict"; NULL: the table is there */
	bool broken; /* the note is bad news */
	bool junction;
	char *id; /* ASCII letters, digits and _; unique in the picture */
	List *columns; /* of TaPictureColumn */
	List *loops; /* of TaEdge: from the box to itself */
	List *paths; /* of TaDecl: associations along others, which are no lines */

	/* for who orders the boxes */
	List *below; /* of TaEdge: to its children */
	bool needs_parent; /* at least one of its parents must be there */
	int visit;
} TaBox;

typedef enum TaEdgeState
{
	TA_EDGE_SOLID, /* a validated foreign key enforces it */
	TA_EDGE_DASHED, /* nothing does, or not for all rows */
	TA_EDGE_BROKEN /* and no step of the plan mends it */
} TaEdgeState;

/* A reference: one foreign key, whoever declared it from which side. */
typedef struct TaEdge
{
	const TaReference *reference;
	TaBox *child;
	TaBox *parent;
	const char *label; /* aliases, the parent's side first: todos / user */
	const char *note; /* what a solid line can't say; NULL: nothing */
	TaEdgeState state;
	bool one_parent; /* exactly one; else zero or one */
	bool one_child; /* zero or one; else zero or many */
	bool many_parents; /* zero or many: the foreign key is an array */
	bool backward; /* the child comes before the parent */
} TaEdge;

typedef struct TaPicture
{
	List *boxes; /* of TaBox, by name */
	List *edges; /* of TaEdge */
} TaPicture;

extern TaPicture *ta_picture(const char *associations);

#endif /* TA_PICTURE_H */
