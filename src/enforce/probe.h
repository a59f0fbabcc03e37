/*
 * src/enforce/probe.h
 *		The promise that a key exists in a target, and is locked.
 */
#ifndef TA_PROBE_H
#define TA_PROBE_H

#include "postgres.h"

#include "enforce/rule.h"

typedef enum TaProbeResult
{
	TA_PROBE_FOUND, /* and locked to the end of the transaction */
	TA_PROBE_MISSING,
	TA_PROBE_OUTSIDE, /* a row has the key, but does not fit the target's scope */
	TA_PROBE_DELETED /* a row has the key, but is deleted softly */
} TaProbeResult;

struct TaIndexProbe;

/* Probes of one target within one call: the target is open. */
typedef struct TaProbe
{
	const TaRule *rule;
	const TaRuleTarget *target;
	Relation parent;
	struct TaIndexProbe *index; /* NULL: by query */
} TaProbe;

extern bool ta_probe_begin(TaProbe *probe, const TaRule *rule, const TaRuleTarget *target);
extern void ta_probe_expect(TaProbe *probe, int64 keys);
extern TaProbeResult ta_probe_key(TaProbe *probe, const Datum *key, bool live);
extern void ta_probe_end(TaProbe *probe);

#endif /* TA_PROBE_H */
