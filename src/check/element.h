/*
 * src/check/element.h
 *		Rows whose array holds elements that refer to nothing.
 */
#ifndef TA_CHECK_ELEMENT_H
#define TA_CHECK_ELEMENT_H

#include "postgres.h"

#include "schema/state.h"

extern char *ta_element_key_json(const TaState *state);
extern char *
ta_element_sample_sql(const TaState *state, const char *orphan, const char *also, int samples);
extern char *ta_element_take_sql(const TaState *state);

#endif /* TA_CHECK_ELEMENT_H */
