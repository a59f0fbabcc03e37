/*
 * src/enforce/row.h
 *		What a row of a child refers to.
 */
#ifndef TA_ROW_H
#define TA_ROW_H

#include "postgres.h"

#include "enforce/rule.h"

typedef enum TaRowKind
{
	TA_ROW_NOTHING, /* null, or the reference does not count for this row */
	TA_ROW_REFERS,
	TA_ROW_MIXED, /* nulls where all or none must be */
	TA_ROW_UNKNOWN_TYPE
} TaRowKind;

typedef struct TaRow
{
	const TaRuleTarget *target;
	bool live; /* not deleted softly: what it refers to must not be either */
	Datum key[INDEX_MAX_KEYS]; /* of the child's types; element: the array */
} TaRow;

extern TaRowKind ta_row_read(const TaRuleUse *use, TupleTableSlot *slot, TaRow *row);
extern bool
ta_row_refers_alike(const TaRuleUse *use, TupleTableSlot *old_slot, TupleTableSlot *new_slot);
extern int ta_row_elements(const TaRule *rule, const TaRow *row, Datum **elements);

#endif /* TA_ROW_H */
