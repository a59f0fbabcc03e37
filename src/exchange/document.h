/*
 * src/exchange/document.h
 *		The options of an association as members of a JSON object.
 */
#ifndef TA_DOCUMENT_H
#define TA_DOCUMENT_H

#include "postgres.h"

#include "base/json.h"
#include "store/catalog.h"
#include "store/ignored.h"

/* Everything a document says. */
typedef struct TaDocument
{
	List *models; /* of TaDocumentModel */
	List *decls; /* of TaDecl, as said */
	List *ignored; /* of TaIgnored */
	bool says_ignored; /* has the key at all */
} TaDocument;

typedef struct TaDocumentModel
{
	TaModelRow row;
	char *table_name; /* as typed; NULL: not said */
	bool says; /* holds any option of the model itself */
} TaDocumentModel;

extern TaDocument *ta_document_read(Jsonb *jsonb);
extern char *ta_document_write(List *models, List *decls, List *ignored);
extern TaDecl *ta_document_merge(const TaDecl *first, const TaDecl *second);
extern TaModelRow *ta_document_model_merge(const TaModelRow *first, const TaModelRow *second);
extern char *ta_document_call(const TaDecl *stored);
extern char *ta_document_model_call(const TaModelRow *row);

#endif /* TA_DOCUMENT_H */
