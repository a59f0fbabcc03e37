/*
 * src/load/aggregate.h
 *		Aggregates by name: todos._count, reviews._avg.rating.
 */
#ifndef TA_AGGREGATE_H
#define TA_AGGREGATE_H

#include "postgres.h"

#include "load/node.h"

extern int ta_aggregate_at(const List *names);
extern TaNodeAggregate *
ta_aggregate_resolve(const TaModel *model, const List *names, const char *path);

#endif /* TA_AGGREGATE_H */
