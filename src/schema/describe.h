/*
 * src/schema/describe.h
 *		A model in words.
 */
#ifndef TA_DESCRIBE_H
#define TA_DESCRIBE_H

#include "postgres.h"

#include "store/cache.h"

extern List *ta_describe_model(const TaModel *model);

#endif /* TA_DESCRIBE_H */
