/*
 * src/migrate/version.h
 *		Dotted numeric versions.
 */
#ifndef TA_VERSION_H
#define TA_VERSION_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern bool ta_version_is_numeric(const char *version);
extern int ta_version_compare(const char *a, const char *b);
extern int ta_version_compare_cells(const ListCell *a, const ListCell *b);
extern char *ta_version_next(const char *version);

#endif /* TA_VERSION_H */
