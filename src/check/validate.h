/*
 * src/check/validate.h
 *		What is wrong between declarations, schema and packages.
 */
#ifndef TA_VALIDATE_H
#define TA_VALIDATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *ta_validate_declared(const char *associations);
extern List *ta_validate_all(const char *associations, bool data);

#endif /* TA_VALIDATE_H */
