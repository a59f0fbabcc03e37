/*
 * src/load/rank.h
 *		The first rows of each key, out of all rows in whichever order.
 */
#ifndef TA_RANK_H
#define TA_RANK_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "load/step.h"

typedef struct TaRanker TaRanker;

extern TaRanker *
ta_ranker_make(const TaStatement *statement, int nkeys, TupleDesc desc, int column);
extern bool ta_ranker_take(TaRanker *ranker, int key, int row, const Datum *values,
						   const bool *nulls, bool *replaces);
extern void ta_ranker_finish(TaRanker *ranker, const TaStatement *statement, TaRows *rows);

#endif /* TA_RANK_H */
