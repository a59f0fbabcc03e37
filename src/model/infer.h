/*
 * src/model/infer.h
 *		Which foreign key, key and reference a declaration means.
 */
#ifndef TA_INFER_H
#define TA_INFER_H

#include "postgres.h"

#include "model/reference.h"
#include "store/cache.h"

/* One reference to be found or made for the declaration. */
typedef struct TaLinkRequest
{
	TaDecl *decl;
	const TaModel *child;
	const TaModel *parent; /* NULL: a polymorphic belongs_to, which has several */
	const char *stem; /* what its column is named after */
	List **columns;
	const char *columns_argument;
	List **key; /* NULL: a polymorphic belongs_to */
	const char *key_argument;
	bool element; /* of a references_many: the column is an array */
	char **type_column; /* NULL: not polymorphic */
	const char *type_argument;
	char **reference;
	bool tentative; /* will be inferred again: where several fit, any will do */
	List **notes;
} TaLinkRequest;

extern void ta_infer_mark(TaDecl *decl, const char *option);
extern bool ta_infer_columns_exist(const TaModel *model, List *columns);
extern void ta_infer_tell_new(const TaLinkRequest *q, List *columns, const char *argument);
extern void ta_infer_link(const TaLinkRequest *q);

#endif /* TA_INFER_H */
