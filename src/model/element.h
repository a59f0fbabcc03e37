/*
 * src/model/element.h
 *		References whose foreign key is an array of keys.
 */
#ifndef TA_ELEMENT_H
#define TA_ELEMENT_H

#include "postgres.h"

#include "model/reference.h"
#include "store/cache.h"

extern bool ta_holds_keys(const TaModel *child, List *columns, const TaModel *parent, List *key);
extern bool ta_holds_one_key(const TaModel *child, List *columns, const TaModel *parent, List *key);
extern bool ta_link_by_element(const TaLink *link);
extern void ta_reference_find_element(TaReference *reference);

#endif /* TA_ELEMENT_H */
