/*
 * bench/floor.c
 *		A trigger that does nothing: what bench/enforce compares with.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(ta_floor);

Datum
ta_floor(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
