/*
 * src/model/naming.h
 *		Conventions: singular and plural, aliases, foreign-key names, style.
 */
#ifndef TA_NAMING_H
#define TA_NAMING_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "store/cache.h"

extern char *ta_name_plural(const char *name);
extern char *ta_name_singular(const char *name);
extern char *ta_name_snake(const char *name);
extern char *ta_name_lower_first(const char *name);

extern char *ta_name_alias(const TaModel *model, bool many);
extern char *ta_name_stem(const TaModel *model);
extern List *ta_name_foreign_keys(const char *stem, const char *key);
extern List *ta_name_foreign_key_arrays(const char *stem, const char *key);
extern char *ta_name_foreign_key(const char *stem, const char *key, bool snake);
extern bool ta_name_style_is_snake(List *columns, const char *table);
extern List *ta_name_tables(const char *model);

#endif /* TA_NAMING_H */
