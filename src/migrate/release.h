/*
 * src/migrate/release.h
 *		The end of a package that leaves what it made.
 */
#ifndef TA_RELEASE_H
#define TA_RELEASE_H

#include "postgres.h"

extern char *ta_release_package(const char *name);

#endif /* TA_RELEASE_H */
