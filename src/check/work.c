/*
 * src/check/work.c
 *		What a long check or repair is at, for pg_stat_activity.
 *
 * Without preloading there is no shared memory of ours, and the server's
 * progress views are each of one command: saying COPY there would be a lie.
 * So it stands where the statement does, in a form that assoc.running reads;
 * the statement comes back afterwards.
 */
#include "postgres.h"

#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"

#include "check/work.h"

/*
 * todo_assoc: repairing Todo.user: 2000 of 5000 rows: CALL ...; -1: it is not known.
 * The name is last but one, with its length, for it may hold anything.
 */
void
ta_work_say(const char *what, const char *association, int64 rows, int64 total)
{
	char *numbers = rows >= 0 ? psprintf(" " INT64_FORMAT "/" INT64_FORMAT, rows, total) : "";

	pgstat_report_activity(STATE_RUNNING,
						   psprintf("todo_assoc %s%s: %s", what, numbers, association));
}

void
ta_work_end(void)
{
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
}
