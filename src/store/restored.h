/*
 * src/store/restored.h
 *		What a restore may load in any order.
 */
#ifndef TA_RESTORED_H
#define TA_RESTORED_H

#include "postgres.h"

extern void ta_restored_note(const char *reference, Oid child);
extern bool ta_restored_passes(const char *reference, Oid child);

#endif /* TA_RESTORED_H */
