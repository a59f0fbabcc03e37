/*
 * src/migrate/package.h
 *		A package: an extension that requires todo_assoc, and its scripts.
 */
#ifndef TA_PACKAGE_H
#define TA_PACKAGE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* A script of the package: PACKAGE--TO.sql, or PACKAGE--FROM--TO.sql. */
typedef struct TaScript
{
	char *from; /* NULL: makes the package */
	char *to;
	char *file; /* without its folder */
	char *path;
} TaScript;

typedef struct TaPackage
{
	char *name;
	char *installed; /* its version in this database; NULL: not there */
	char *default_version; /* NULL: its control file is gone */
	char *schema; /* that its control file says, or NULL */
	char *encoding; /* likewise: that of its scripts */
	List *versions; /* of char *, in order: those that can be had */
	List *scripts; /* of TaScript */
} TaPackage;

extern List *ta_package_names(void);
extern TaPackage *ta_package_find(const char *name);
extern TaPackage *ta_package(const char *name);
extern const char *ta_package_version(const TaPackage *package, const char *version);
extern TaScript *ta_package_script(const TaPackage *package, const char *from, const char *to);
extern List *ta_package_route(const TaPackage *package, const char *from, const char *to);
extern List *ta_package_path(const TaPackage *package, const char *from, const char *to);
extern char *ta_script_read(const TaScript *script);
extern char *ta_script_sha256(const TaScript *script);

#endif /* TA_PACKAGE_H */
