/*
 * src/exchange/import_read.h
 *		What an import reads of the catalogs, and the tables it knows.
 */
#ifndef TA_IMPORT_READ_H
#define TA_IMPORT_READ_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "pg/facts.h"
#include "store/cache.h"

/* A table that keys or proposals are about. */
typedef struct TaImportTable
{
	Oid relid; /* the hash key */
	const char *model; /* its model's name; NULL: not named yet */
	bool defined; /* the model is there already */
	bool unusable; /* it is, and its declarers disagree */
	bool owned;
	bool snake; /* writes its columns as snake_case */
	bool taken_up; /* the model is in the answer */
	bool referenced; /* some table's key refers to it */
	const char *shown; /* schema.table */
	const char *one; /* user */
	const char *many; /* users */
	List *links; /* of TaLink: declared, with this table as the child */
	List *keys; /* of TaImportKey: its own, in the answer's order */
} TaImportTable;

/* A foreign key there is. */
typedef struct TaImportKey
{
	TaForeignKey fk;
	TaImportTable *child;
	TaImportTable *parent;
	bool enforced;
	bool twin; /* only repeats another key */
	const char *problem; /* why it is passed over; NULL: it is not */

	/* filled in when it is imported */
	const char *child_model;
	const char *parent_model;
	const char *alias; /* of the belongs_to; NULL: there is none */
	const char *declared_to; /* the aliases declared already */
	const char *declared_back;
} TaImportKey;

typedef struct TaImport
{
	List *schemas; /* of char * */
	List *scope; /* of TaImportTable: the tables of these schemas */
	List *keys; /* of TaImportKey */
	HTAB *tables; /* of TaImportTable */
	HTAB *taken; /* names of models, aliases and functions */
	List *counted; /* of TaImportRow, of an import just before: its evidence holds */
} TaImport;

extern TaImport *ta_import_read(const char *schemas);
extern bool ta_import_same_columns(List *columns, List *key, List *other_columns, List *other_key);

#endif /* TA_IMPORT_READ_H */
