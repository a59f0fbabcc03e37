/*
 * src/api/watch.c
 *		SQL-callable: the event triggers.
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "fmgr.h"

#include "watch/watch.h"

PG_FUNCTION_INFO_V1(ta_on_command_start);
PG_FUNCTION_INFO_V1(ta_on_drop);
PG_FUNCTION_INFO_V1(ta_on_command_end);

/* Whatever calls it must be the event trigger manager. */
static EventTriggerData *
event_of(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by event trigger manager", function)));
	return (EventTriggerData *) fcinfo->context;
}

/*
 * assoc_internal.on_command_start(): event trigger
 *
 * Errors: 2BP01 todo_assoc is dropped under packages; 55000 by assoc.package_ddl = error.
 */
Datum
ta_on_command_start(PG_FUNCTION_ARGS)
{
	ta_watch_start(event_of(fcinfo, "on_command_start"));
	PG_RETURN_NULL();
}

/* assoc_internal.on_drop(): event trigger; 2BP01 associations hold the parent's side */
Datum
ta_on_drop(PG_FUNCTION_ARGS)
{
	ta_watch_dropped(event_of(fcinfo, "on_drop"));
	PG_RETURN_NULL();
}

/*
 * assoc_internal.on_command_end(): event trigger
 *
 * Errors: 55000 by assoc.package_ddl = error, or a package's script leaves rows in a table it made.
 */
Datum
ta_on_command_end(PG_FUNCTION_ARGS)
{
	ta_watch_end(event_of(fcinfo, "on_command_end"));
	PG_RETURN_NULL();
}
