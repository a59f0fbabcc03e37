/*
 * src/load/prepare.h
 *		From what a function was called with to the steps that load it.
 */
#ifndef TA_PREPARE_H
#define TA_PREPARE_H

#include "postgres.h"

#include "load/find.h"
#include "load/step.h"

extern TaNode *ta_prepare_resolve(const TaFind *find, bool rows);
extern TaNode *ta_prepare_resolve_associated(const TaFind *find, const char *association);
extern char *ta_prepare_key_test(const TaFind *find, const TaNode *node, TaParams *params);
extern TaStep *ta_prepare_step(const TaFind *find);
extern TaStep *ta_prepare_kept(const TaFind *find, const char *association, bool **in_use);

#endif /* TA_PREPARE_H */
