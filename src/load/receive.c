/*
 * src/load/receive.c
 *		Rows of a statement, written as JSON while they arrive.
 *
 * No row is kept: what is shown goes into a buffer, and of the keys by which
 * other rows will be looked up only their number.
 */
#include "postgres.h"

#include "executor/tuptable.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/spi_stream.h"
#include "load/rank.h"
#include "load/receive.h"

/* as many keys as planning once for all is good for */
#define FEW_KEYS 64

/* what values leave behind is freed after so many rows */
#define ROWS_BETWEEN_RESETS 64

#define FIRST_ROOM 32

typedef struct Receiver
{
	TaStep *step;
	const TaStatement *statement;
	TaRows *rows;
	TaLookup *lookups;
	int nlookups;
	TaLoadCount *count;
	const TaKeys *among; /* rows begin with their key, which must be one of these; or NULL */
	int before; /* columns before what is shown */
	TaWriter *writers; /* NULL: no row came yet */
	TaRanker *ranker; /* of the first of each key; NULL: all are taken */
	int rank_column; /* the first that it compares */
	int ncolumns; /* as many as are looked at */
	MemoryContext context; /* of what is kept */
	MemoryContext scratch;
} Receiver;

/* The junction's object begins before its first column: ,"todo_tags":{"since": */
static void
open_through(TaWriter *writer, const char *name, bool first)
{
	int length;
	char *opening = ta_writer_name(name, first ? "" : ",", ":{", &length);

	writer->name = psprintf("%s%s", opening, writer->name);
	writer->name_length += length;
}

/* The columns' types are known with the first row. */
static void
init_writers(Receiver *receiver, TupleDesc desc)
{
	const TaStatement *statement = receiver->statement;
	int first = receiver->before;
	int through = statement->nshown - statement->nthrough;

	receiver->writers = palloc0(sizeof(TaWriter) * Max(statement->nshown, 1));
	for (int i = 0; i < statement->nshown; i++)
		ta_writer_init(&receiver->writers[i], TupleDescAttr(desc, first + i)->atttypid,
					   statement->shown[i], i == 0 || i == through, receiver->step->numbers_quoted);
	if (statement->nthrough > 0)
		open_through(&receiver->writers[through], statement->through, through == 0);
	receiver->ncolumns = first + statement->nshown;
	for (int i = 0; i < receiver->nlookups; i++)
		receiver->ncolumns += receiver->lookups[i].skipped + receiver->lookups[i].keys->ncolumns;
	if (statement->ran == TA_LOOK_ALL && statement->nranks > 0)
	{
		receiver->rank_column = receiver->ncolumns;
		receiver->ranker =
			ta_ranker_make(statement, receiver->among->count, desc, receiver->rank_column);
		receiver->ncolumns += statement->nranks;
	}
}

static void
make_room(TaRows *rows)
{
	int room = rows->room == 0 ? FIRST_ROOM : rows->room * 2;

	if (rows->room == 0)
	{
		rows->key = palloc(sizeof(int) * room);
		rows->offset = palloc(sizeof(Size) * (room + 1));
		for (int i = 0; i < rows->nlookups; i++)
			rows->lookup[i] = palloc(sizeof(int) * room);
	}
	else
	{
		rows->key = repalloc_huge(rows->key, sizeof(int) * (Size) room);
		rows->offset = repalloc_huge(rows->offset, sizeof(Size) * ((Size) room + 1));
		for (int i = 0; i < rows->nlookups; i++)
			rows->lookup[i] = repalloc_huge(rows->lookup[i], sizeof(int) * (Size) room);
	}
	rows->room = room;
}

static void
too_many(const TaStep *step)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("the query loads more than %d rows", ta_guc_max_rows),
					errdetail("At %s.", ta_query_at(step->path)),
					errhint("Give it a limit, or raise assoc.max_rows.")));
}

static bool
receive(TupleTableSlot *slot, void *arg)
{
	Receiver *receiver = arg;
	TaRows *rows = receiver->rows;
	int column = receiver->before;
	int key = 0;
	MemoryContext caller = MemoryContextSwitchTo(receiver->context);
	int row = rows->count;

	if (unlikely(receiver->writers == NULL))
		init_writers(receiver, slot->tts_tupleDescriptor);
	if (receiver->among != NULL)
	{
		slot_getsomeattrs(slot, receiver->before);
		key = ta_keys_find(receiver->among, slot->tts_values, slot->tts_isnull);
		if (key < 0)
		{
			MemoryContextSwitchTo(caller);
			return true;
		}
	}
	else if (column > 0)
	{
		slot_getsomeattrs(slot, 1);
		key = (int) DatumGetInt64(slot->tts_values[0]) - 1;
	}

	slot_getsomeattrs(slot, receiver->ncolumns);
	if (receiver->ranker != NULL)
	{
		bool replaces;

		if (!ta_ranker_take(receiver->ranker, key, row, slot->tts_values + receiver->rank_column,
							slot->tts_isnull + receiver->rank_column, &replaces))
		{
			MemoryContextSwitchTo(caller);
			return true;
		}
		receiver->count->rows -= replaces ? 1 : 0;
	}
	if (unlikely(++receiver->count->rows > ta_guc_max_rows))
		too_many(receiver->step);
	if (unlikely(row == rows->room))
		make_room(rows);
	rows->key[row] = key;
	MemoryContextSwitchTo(receiver->scratch);
	for (int i = 0; i < receiver->statement->nshown; i++, column++)
	{
		TaWriter *writer = &receiver->writers[i];

		ta_buffer_put(&rows->buffer, writer->name, writer->name_length);
		if (slot->tts_isnull[column])
			ta_buffer_put(&rows->buffer, "null", 4);
		else
			ta_writer_put(&rows->buffer, writer, slot->tts_values[column]);
	}
	if (receiver->statement->nthrough > 0)
		ta_buffer_put(&rows->buffer, "}", 1);
	for (int i = 0; i < receiver->nlookups; i++)
	{
		TaKeys *keys = receiver->lookups[i].keys;

		column += receiver->lookups[i].skipped;
		rows->lookup[i][row] =
			ta_keys_number(keys, &slot->tts_values[column], &slot->tts_isnull[column]);
		column += keys->ncolumns;
	}
	if (row % ROWS_BETWEEN_RESETS == ROWS_BETWEEN_RESETS - 1)
		MemoryContextReset(receiver->scratch);
	MemoryContextSwitchTo(caller);
	rows->offset[++rows->count] = rows->buffer.length;
	return true;
}

/* The statement for the keys that are wanted; answered NULL: roots. */
static TaSpiQuery
query_of(TaStatement *statement, const TaNode *node, TaKeys *answered, Receiver *receiver)
{
	TaLook look = answered != NULL ? ta_statement_look(statement, answered->count) : TA_LOOK_JOIN;
	TaParams *params;
	TaSpiQuery query;

	if (answered != NULL)
		ta_statement_write(statement, node, look);
	statement->ran = look;
	params = statement->params[look];
	if (look != TA_LOOK_JOIN)
		receiver->among = answered;
	if (look == TA_LOOK_ALL)
		ta_keys_lay_out(answered);
	receiver->before = look != TA_LOOK_JOIN ? answered->ncolumns : answered != NULL ? 1 : 0;
	for (int i = 0; answered != NULL && look != TA_LOOK_ALL && i < statement->nkeys; i++)
	{
		params->values[i] = ta_keys_array(answered, i);
		params->nulls[i] = ' ';
	}
	query = ta_params_query(params, statement->sql[look]);
	query.planning = answered == NULL || look == TA_LOOK_ALL              ? TA_PLAN_AUTO
					 : look == TA_LOOK_ANY || answered->count <= FEW_KEYS ? TA_PLAN_ONCE
																		  : TA_PLAN_EACH;
	return query;
}

/*
 * Runs the statement and keeps what its rows show.  answered: the keys that
 * they are looked up by, or NULL for roots; roots: where these are fetched from,
 * or NULL.  lookups: what is looked up from them.  All that is kept lives in the
 * current context.
 */
void
ta_receive(TaStep *step, TaStatement *statement, TaRows *rows, TaLookup *lookups, int nlookups,
		   TaKeys *answered, TaRoots *roots, TaLoadCount *count)
{
	Receiver receiver = {.step = step,
						 .statement = statement,
						 .rows = rows,
						 .lookups = lookups,
						 .nlookups = nlookups,
						 .count = count,
						 .context = CurrentMemoryContext};
	TaSpiQuery query;
	instr_time start;
	instr_time end;

	memset(rows, 0, sizeof(TaRows));
	rows->nlookups = nlookups;
	rows->lookup = palloc(sizeof(int *) * Max(nlookups, 1));
	rows->buffer.context = CurrentMemoryContext;
	make_room(rows);
	rows->offset[0] = 0;
	if (answered != NULL && answered->count == 0)
		return;
	INSTR_TIME_SET_CURRENT(start);
	query = query_of(statement, step->node, answered, &receiver);
	receiver.scratch =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc values", ALLOCSET_DEFAULT_SIZES);
	if (roots != NULL)
		roots->more = ta_spi_cursor_fetch(roots->cursor, roots->batch, receive, &receiver);
	else
		ta_spi_stream_query(&query, receive, &receiver);
	MemoryContextDelete(receiver.scratch);
	if (receiver.ranker != NULL)
		ta_ranker_finish(receiver.ranker, statement, rows);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	statement->milliseconds = INSTR_TIME_GET_MILLISEC(end);
}
