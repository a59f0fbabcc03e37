/*
 * src/exchange/import_propose.h
 *		Proposals from names, for columns that have no foreign key.
 */
#ifndef TA_IMPORT_PROPOSE_H
#define TA_IMPORT_PROPOSE_H

#include "postgres.h"

#include "exchange/import.h"
#include "exchange/import_read.h"

extern List *ta_import_propose(TaImport *import);

#endif /* TA_IMPORT_PROPOSE_H */
