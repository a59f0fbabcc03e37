/*
 * src/check/childscan.h
 *		One scan of a child, for all its references.
 */
#ifndef TA_CHILDSCAN_H
#define TA_CHILDSCAN_H

#include "postgres.h"

#include "check/keysearch.h"
#include "check/leaves.h"

/* One reference: where its keys are, and among which they have to be. */
typedef struct TaLookup
{
	TaKeySource source;
	const char *filter; /* bytes of the value that source.filter asks for */
	const TaKeySet *set;
	TaKeyResult *result; /* set by the scan */
} TaLookup;

/* Told by the leader now and then. */
typedef void (*TaProgressFunction)(uint64 done, uint64 units, void *arg);

extern int ta_childscan_run(Oid child, const TaLeaves *leaves, TaLookup *lookups, int nlookups,
							int max_places, int workers, TaProgressFunction progress, void *arg);

#endif /* TA_CHILDSCAN_H */
