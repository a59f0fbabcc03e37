/*
 * src/model/rename.h
 *		Renaming models and associations, and what depends on an association.
 */
#ifndef TA_RENAME_H
#define TA_RENAME_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *ta_paths_through(const char *model, const char *alias);
extern bool ta_rename_model_to(const char *name, const char *new_name);
extern void
ta_rename_association_to(const char *model_name, const char *alias, const char *new_alias);

#endif /* TA_RENAME_H */
