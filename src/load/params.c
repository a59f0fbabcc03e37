/*
 * src/load/params.c
 *		The values bound to a statement.
 */
#include "postgres.h"

#include "load/sql.h"

TaParams *
ta_params_make(void)
{
	TaParams *params = palloc0(sizeof(TaParams));

	params->room = 8;
	params->types = palloc(sizeof(Oid) * params->room);
	params->values = palloc(sizeof(Datum) * params->room);
	params->nulls = palloc(params->room + 1);
	return params;
}

/* The query of this text with the values. */
TaSpiQuery
ta_params_query(const TaParams *params, const char *sql)
{
	return (TaSpiQuery){.sql = sql,
						.nparams = params->count,
						.types = params->types,
						.values = params->values,
						.nulls = params->nulls};
}

/* Adds a value, and returns its number: $1 is 1. */
int
ta_params_add(TaParams *params, Oid type, Datum value, bool isnull)
{
	if (params->count == params->room)
	{
		params->room *= 2;
		params->types = repalloc(params->types, sizeof(Oid) * params->room);
		params->values = repalloc(params->values, sizeof(Datum) * params->room);
		params->nulls = repalloc(params->nulls, params->room + 1);
	}
	params->types[params->count] = type;
	params->values[params->count] = value;
	params->nulls[params->count] = isnull ? 'n' : ' ';
	params->nulls[++params->count] = '\0';
	return params->count;
}
