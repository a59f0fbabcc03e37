/*
 * src/api/bulk.h
 *		Declaring a whole document.
 */
#ifndef TA_BULK_H
#define TA_BULK_H

#include "postgres.h"

#include "exchange/document.h"

extern char *ta_bulk_declare(TaDocument *document, bool prune);

#endif /* TA_BULK_H */
