/*
 * src/schema/level.h
 *		Whether the rows that a statement deletes of a parent may be acted on together.
 */
#ifndef TA_SCHEMA_LEVEL_H
#define TA_SCHEMA_LEVEL_H

#include "postgres.h"

#include "store/enforced.h"

extern bool ta_level_is_statement(const TaEnforced *row, Oid parent);

#endif /* TA_SCHEMA_LEVEL_H */
