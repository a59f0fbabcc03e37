/*
 * src/api/diagram.c
 *		SQL-callable: diagram.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "api/args.h"
#include "exchange/diagram.h"

PG_FUNCTION_INFO_V1(ta_diagram_text);

/*
 * assoc.diagram(format, associations) returns text
 *
 * Changes nothing and needs no privilege beyond calling it.  Errors: 22023
 * unknown format; 22004 no format; 42704, 42602 unknown associations and
 * models.
 */
Datum
ta_diagram_text(PG_FUNCTION_ARGS)
{
	char *format = ta_arg_name(fcinfo, 0, "format");

	PG_RETURN_TEXT_P(cstring_to_text(ta_diagram(format, ta_arg_text(fcinfo, 1))));
}
