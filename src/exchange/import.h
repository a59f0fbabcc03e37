/*
 * src/exchange/import.h
 *		Models and associations from the foreign keys there are, and proposals.
 */
#ifndef TA_IMPORT_H
#define TA_IMPORT_H

#include "postgres.h"

#include "exchange/document.h"

/* One line of the answer; NULL is SQL NULL. */
typedef struct TaImportRow
{
	const char *kind; /* model, belongs_to, ..., proposal */
	const char *name;
	const char *table;
	const char *target;
	const char *foreign_key;
	const char *status; /* new, declared, skipped, proposed */
	const char *inferred;
	const char *evidence;
	const char *statement;
	const char *counted_in; /* of a proposal: the table whose rows its evidence counts */
} TaImportRow;

typedef struct TaImportResult
{
	List *rows; /* of TaImportRow */
	TaDocument document; /* what is new, to be declared */
} TaImportResult;

extern TaImportResult *ta_import(const char *schemas, List *counted);

#endif /* TA_IMPORT_H */
