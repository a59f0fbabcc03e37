/*
 * src/migrate/script.h
 *		Running one script, and saying where it failed.
 */
#ifndef TA_SCRIPT_H
#define TA_SCRIPT_H

#include "postgres.h"

#include "migrate/package.h"

extern void ta_script_init(void);
extern void ta_script_run(const char *sql, const TaPackage *package, const TaScript *script);

#endif /* TA_SCRIPT_H */
