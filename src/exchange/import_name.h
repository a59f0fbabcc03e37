/*
 * src/exchange/import_name.h
 *		Names for what is imported: models, aliases, other sides.
 */
#ifndef TA_IMPORT_NAME_H
#define TA_IMPORT_NAME_H

#include "postgres.h"

#include "exchange/import_read.h"

extern char *ta_import_alias_one(const char *table);
extern char *ta_import_alias_many(const char *table);
extern bool ta_import_same_word(const char *a, const char *b);
extern void ta_import_take_function(HTAB *taken, Oid relid, const char *name);
extern void ta_import_take_alias(HTAB *taken, const char *model, const char *alias);
extern void ta_import_take_model(HTAB *taken, const char *model);

extern char *ta_import_role(const char *column, const char *key);
extern char *ta_import_name_model(TaImport *import, TaImportTable *table);
extern char *ta_import_name_to(TaImport *import, TaImportKey *key, const char **why);
extern char *ta_import_name_array(TaImport *import, TaImportKey *key, const char **why);
extern char *ta_import_name_back(TaImport *import, TaImportKey *key, bool one, const char **why);
extern char *ta_import_name_across(TaImport *import, TaImportKey *here, TaImportKey *there);

#endif /* TA_IMPORT_NAME_H */
