/*
 * src/enforce/probe_index.h
 *		The same promise by the target's index, without a query.
 */
#ifndef TA_PROBE_INDEX_H
#define TA_PROBE_INDEX_H

#include "postgres.h"

#include "enforce/probe.h"

extern struct TaIndexProbe *ta_probe_index_begin(const TaProbe *probe);
extern void ta_probe_index_expect(TaProbe *probe, int64 keys);
extern TaProbeResult ta_probe_index_key(TaProbe *probe, const Datum *key, bool live);
extern void ta_probe_index_end(TaProbe *probe);

#endif /* TA_PROBE_INDEX_H */
