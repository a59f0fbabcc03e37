/*
 * src/check/default.h
 *		Whether the row is there that SET DEFAULT makes children refer to.
 */
#ifndef TA_DEFAULT_H
#define TA_DEFAULT_H

#include "postgres.h"

#include "schema/state.h"

extern char *ta_default_row_missing(const TaState *state);

#endif /* TA_DEFAULT_H */
