/*
 * src/load/step.h
 *		What is done to load a query: statements, and how their rows fit together.
 *
 * A step holds all that is needed to run it.
 */
#ifndef TA_STEP_H
#define TA_STEP_H

#include "postgres.h"

#include "load/keys.h"
#include "load/node.h"
#include "load/sql.h"
#include "load/writer.h"

/* A column that the first rows of each key are told by. */
typedef struct TaRank
{
	bool descending;
	TaSay nulls_first;
} TaRank;

/*
 * A statement, and what its columns are: a key's number, or a key; what is shown;
 * keys.  It is written in up to three ways, by how it finds rows by keys.
 */
typedef struct TaStatement
{
	bool links; /* of those, not of the rows */
	char *sql[TA_LOOKS]; /* NULL: not written yet */
	TaParams *params[TA_LOOKS]; /* the first are arrays of keys, but for all rows */
	const TaKeyType *key_types;
	int nkeys; /* how many columns of keys; none: roots */
	int nshown;
	const char **shown; /* names */
	int nthrough; /* so many of those, the last, are the junction's, in an object of their own */
	const char *through; /* its name in the result */
	int any_to; /* up to so many keys they may be looked up by ANY; 0: not possible */
	int all_from; /* from so many keys on all rows are read; 0: not possible */
	/* so many of each key, when all rows are read: the statement's last columns say which */
	int nranks; /* 0: all of them */
	TaRank *ranks;
	int keep; /* the first of a key, and of these the last so many: */
	int wanted;

	/* when it ran */
	TaLook ran;
	double milliseconds;
} TaStatement;

/* The rows of a statement, as they were received. */
typedef struct TaRows
{
	int count;
	int room;
	int *key; /* number of the key that a row answers; roots have none */
	Size *offset; /* of what is shown of a row, in the buffer; count + 1 of them */
	TaBuffer buffer; /* "id":1,"name":"x" of each row, without braces */
	int nlookups;
	int **lookup; /* for each that looks up from these rows: its key's number, or -1 */

	/* rows of a key: order[first[key] ... first[key + 1] - 1]; no order: they came so */
	int *first;
	int *order;
	bool ranked; /* that is done already */
} TaRows;

typedef struct TaStep
{
	struct TaStep *parent; /* NULL: the roots; known when it runs */
	const TaNode *node; /* read by explain only */
	const char *path;
	const char *name; /* of the association; NULL: the roots */
	char *name_json; /* "todos": */
	int name_length;
	bool to_one;
	int facet; /* 0: not one of several; else it is the nth of so many */
	int nfacets;
	bool numbers_quoted;
	bool each_once; /* several links of a key to one row are one */
	bool ordered; /* the rows come in an order that counts */

	TaStatement *links; /* from the parent's keys to those of the rows; NULL: no need */
	const char *through; /* name of the junction's row; NULL: not shown */
	char *through_json;
	int through_length;
	TaStatement *rows;
	int nkeys; /* columns of keys */
	TaKeyType *key_types;
	int nlink_keys;
	TaKeyType *link_key_types;

	int nchildren;
	int ntemplates; /* without the next level of a recursive one */
	struct TaStep **children;

	/* roots: rows of an association that no root leads to, after them; NULL: that was not asked for */
	struct TaStep *right;
	int right_child; /* which association that is */
	StringInfoData right_before; /* of the object that has them */
	StringInfoData right_behind;

	/* rows that must be known again: of what is recursive, and of what that is below */
	int nid_types; /* 0: they need not be */
	TaKeyType *id_types;
	bool recursive; /* its children go on with another step like it */
	int64 depth; /* so many of them; -1: any */
	int level; /* how deep it is */

	/* while it runs */
	TaKeys keys; /* by which the parent looks it up */
	TaKeys link_keys; /* by which its links look up rows */
	TaRows link_rows;
	TaRows got;
	TaKeys *ids; /* of all rows that must be known again */
	int id_lookup; /* which of the lookups is this */
	Size *size; /* of a row with all below it; NULL: nothing is below it */
	/* lists along links: rows of a key are list[first[key] ...], each with its link */
	int *list_first;
	int *list_row;
	int *list_link;
	/* recursive: each row once for each way that leads to it, as an item */
	int nitems;
	int *item_row;
	int *item_link;
	int *item_parent; /* an item of the parent, if that is recursive too, else a row */
	int *item_first; /* of the parent's item: item_first[i] ... item_first[i + 1] - 1 */
} TaStep;

/* compile.c */
extern TaLook ta_statement_look(const TaStatement *statement, double keys);
extern void ta_statement_write(TaStatement *statement, const TaNode *node, TaLook look);
extern TaStep *
ta_step_compile(const TaNode *root, const char *key_test, TaParams *params, bool numbers_quoted);

/* group.c */
extern void ta_step_group(TaStep *step);

/* recurse.c */
extern TaStep *ta_step_again(const TaStep *step);
extern void ta_step_make_items(TaStep *step);

/* right.c */
extern TaStep *ta_right_compile(const TaNode *node, bool numbers_quoted);
extern int ta_right_count(const TaStep *root);
extern Size ta_right_prepare(TaStep *root);
extern Size ta_right_size(TaStep *root, int n);
extern char *ta_right_put(TaStep *root, int n, char *to);

/* run.c */
struct TaRoots;
extern void ta_step_run(TaStep *root, struct TaRoots *roots);

/* The nth row among those grouped by the key that they answer. */
static inline int
ta_rows_nth(const TaRows *rows, int n)
{
	return rows->order != NULL ? rows->order[n] : n;
}

/* The row of an item; where a step is not recursive they are the same. */
static inline int
ta_step_row(const TaStep *step, int item)
{
	return step->recursive ? step->item_row[item] : item;
}

static inline int
ta_step_count_items(const TaStep *step)
{
	return step->recursive ? step->nitems : step->got.count;
}

/* tree.c */
extern Size ta_tree_prepare(TaStep *root);
extern Size ta_tree_row_size(TaStep *step, int row);
extern char *ta_tree_put_row(TaStep *step, int row, char *to);
extern bool ta_tree_is_told(const TaStep *parent, int item, int number);
extern Size ta_tree_child_size(TaStep *parent, int item, int number);
extern char *ta_tree_put_child(TaStep *parent, int item, int number, char *to);

#endif /* TA_STEP_H */
