/*
 * src/base/ident.h
 *		Identifiers: the one place that quotes, qualifies, splits and invents them.
 */
#ifndef TA_IDENT_H
#define TA_IDENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern char *ta_ident_quote(const char *name);
extern char *ta_ident_qualify(const char *schema, const char *name);
extern char *ta_ident_columns(List *columns);
extern char *ta_ident_prefixed_columns(const char *prefix, List *columns);

extern List *ta_ident_split(const char *text, const char *argument);
extern List *ta_ident_split_models(const char *text, const char *argument);
extern List *ta_ident_from_array(const char *array_text);
extern char *ta_ident_to_array(List *names);
extern char *ta_ident_typed(List *names);
extern bool ta_ident_same(const char *a, const char *b);
extern bool ta_ident_lists_equal(List *a, List *b);
extern bool ta_ident_list_has(List *names, const char *name);
extern char *ta_ident_trim(const char *start, const char *end);

extern char *ta_ident_invent(const char *table, List *columns, const char *label,
							 bool (*taken)(const char *name, void *arg), void *arg);
extern char *ta_ident_clip(const char *name);
extern char *ta_ident_numbered(const char *name, int number);

#endif /* TA_IDENT_H */
