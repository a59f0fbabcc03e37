/*
 * src/check/data.h
 *		What is wrong with the rows.
 */
#ifndef TA_DATA_H
#define TA_DATA_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern void ta_check_data(List **findings, const char *associations);

#endif /* TA_DATA_H */
