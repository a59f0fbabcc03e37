/*
 * src/load/find.c
 *		What the functions that load return.
 *
 * All of one call lives in a context of its own, "todo_assoc load", where it
 * can be seen (pg_backend_memory_contexts); the result alone is the caller's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "base/spi_stream.h"
#include "load/find.h"
#include "load/find_key.h"
#include "load/prepare.h"
#include "load/receive.h"
#include "load/step.h"

/* calls that are running: one within another, where a policy or a view loads */
static int running = 0;

static MemoryContext
begin(void)
{
	/* no query runs: plans that are too many can go */
	if (running == 0)
		ta_spi_stream_trim();
	return MemoryContextSwitchTo(
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc load", ALLOCSET_DEFAULT_SIZES));
}

static void
end(MemoryContext caller)
{
	MemoryContext context = MemoryContextSwitchTo(caller);

	MemoryContextDelete(context);
}

/* A result of this size in the caller's context. */
static text *
make_result(MemoryContext caller, Size length)
{
	text *result;

	if (length > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the result is larger than 1 GB"),
				 errdetail("It has %zu bytes.", length),
				 errhint("assoc.find_all_rows returns one JSON for each row.")));
	result = MemoryContextAlloc(caller, VARHDRSZ + length);
	SET_VARSIZE(result, VARHDRSZ + length);
	return result;
}

static bool
keep_count(TupleTableSlot *slot, void *arg)
{
	bool isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

/* How many roots there are, whatever the limit. */
static int64
count_roots(const TaNode *node)
{
	TaParams *params = ta_params_make();
	char *sql = ta_sql_count(node, params);
	TaSpiQuery query = ta_params_query(params, sql);
	int64 count = 0;

	ta_spi_stream_query(&query, keep_count, &count);
	return count;
}

/*
 * Runs the steps.  in_use: what says so while they do, or NULL; count: set to how
 * many roots there are, unless NULL.  Counting too may call what asks the same
 * query again, which must not be given these steps.
 */
static void
run(TaStep *step, TaRoots *roots, bool *in_use, int64 *count)
{
	running++;
	if (in_use != NULL)
		*in_use = true;
	PG_TRY();
	{
		if (count != NULL)
			*count = count_roots(step->node);
		ta_step_run(step, roots);
	}
	PG_FINALLY();
	{
		running--;
		if (in_use != NULL)
			*in_use = false;
	}
	PG_END_TRY();
}

/* Loads the tree, or that of one association, all in the current context. */
static TaStep *
load(const TaFind *find, const char *association, int64 *count)
{
	bool *in_use;
	TaStep *step = ta_prepare_kept(find, association, &in_use);

	run(step, NULL, in_use, count);
	return step;
}

/* The roots as a list, [..], after what stands before and before what stands behind it. */
static text *
list_text(TaStep *step, MemoryContext caller, const char *before, const char *behind)
{
	int count = step->got.count;
	int more = ta_right_count(step);
	Size before_length = strlen(before);
	Size behind_length = strlen(behind);
	Size length = ta_tree_prepare(step) + ta_right_prepare(step) + 2 + Max(count + more - 1, 0) +
				  before_length + behind_length;
	text *result = make_result(caller, length);
	char *to = VARDATA(result);

	to = ta_put_bytes(to, before, before_length);
	*to++ = '[';
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			*to++ = ',';
		to = ta_tree_put_row(step, i, to);
	}
	for (int i = 0; i < more; i++)
	{
		if (count + i > 0)
			*to++ = ',';
		to = ta_right_put(step, i, to);
	}
	*to++ = ']';
	to = ta_put_bytes(to, behind, behind_length);
	if (to != VARDATA(result) + length)
		elog(ERROR, "the result has another size than it was counted to have");
	return result;
}

/* All roots: [] when there is none. */
text *
ta_find_all(const TaFind *find)
{
	MemoryContext caller = begin();
	text *result = list_text(load(find, NULL, NULL), caller, "", "");

	end(caller);
	return result;
}

/* The first root, or the one with the key; NULL when there is none. */
text *
ta_find_one(const TaFind *find)
{
	MemoryContext caller = begin();
	TaStep *step = load(find, NULL, NULL);
	text *result = NULL;

	if (step->got.count > 0)
	{
		Size length;
		char *to;

		(void) ta_tree_prepare(step);
		length = ta_tree_row_size(step, 0);
		result = make_result(caller, length);
		to = ta_tree_put_row(step, 0, VARDATA(result));
		if (to != VARDATA(result) + length)
			elog(ERROR, "the result has another size than it was counted to have");
	}
	end(caller);
	return result;
}

/* {"count":n,"rows":[...]} */
text *
ta_find_and_count(const TaFind *find)
{
	MemoryContext caller = begin();
	int64 count;
	TaStep *step = load(find, NULL, &count);
	text *result =
		list_text(step, caller, psprintf("{\"count\":" INT64_FORMAT ",\"rows\":", count), "}");

	end(caller);
	return result;
}

int64
ta_find_count(const TaFind *find)
{
	MemoryContext caller = begin();
	int64 count = count_roots(ta_prepare_resolve(find, false));

	end(caller);
	return count;
}

static bool
note_row(TupleTableSlot *slot, void *arg)
{
	*(bool *) arg = true;
	return false;
}

/* Whether there is a root. */
bool
ta_find_exists(const TaFind *find)
{
	MemoryContext caller = begin();
	TaNode *node = ta_prepare_resolve(find, false);
	TaParams *params = ta_params_make();
	TaSpiQuery query;
	char *sql;
	bool found = false;

	node->columns = NIL;
	node->order = NIL;
	if (node->limit != 0)
		node->limit = 1;
	sql = ta_sql_roots(node, params, NULL, NIL);
	query = ta_params_query(params, sql);
	ta_spi_stream_query(&query, note_row, &found);
	end(caller);
	return found;
}

/* Hands on the statements that load the query; actual: after they were run. */
void
ta_find_explain(const TaFind *find, bool actual, TaExplainRow row, void *arg)
{
	MemoryContext caller = begin();
	TaStep *step = ta_prepare_step(find);

	if (actual)
		run(step, NULL, NULL, NULL);
	ta_explain(step, actual, row, arg);
	end(caller);
}

/* ---- rows one by one ---- */

/* as many roots are loaded together, with what is below them */
#define FIRST_BATCH 100
#define BATCH 1000

struct TaFindRows
{
	TaStep *step;
	TaRoots roots;
	MemoryContext batch; /* of the roots that are loaded */
	int next; /* of these */
	int next_right; /* of what is told after the roots; -1: it was not loaded yet */
};

/* Begins to load the roots, in the current context, which must last until the end. */
TaFindRows *
ta_find_rows_begin(const TaFind *find)
{
	TaFindRows *rows = palloc0(sizeof(TaFindRows));
	const TaStatement *statement;
	TaSpiQuery query;

	rows->step = ta_prepare_step(find);
	statement = rows->step->rows;
	query = ta_params_query(statement->params[TA_LOOK_JOIN], statement->sql[TA_LOOK_JOIN]);
	rows->roots.cursor = ta_spi_cursor_open(&query);
	rows->roots.batch = FIRST_BATCH;
	rows->roots.more = true;
	rows->next_right = -1;
	rows->batch =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc load", ALLOCSET_DEFAULT_SIZES);
	return rows;
}

/* What is told after the roots; NULL: there is no more. */
static text *
next_right(TaFindRows *rows)
{
	TaStep *step = rows->step;
	MemoryContext caller = CurrentMemoryContext;
	Size length;
	text *result;

	if (rows->next_right < 0)
	{
		MemoryContextReset(rows->batch);
		MemoryContextSwitchTo(rows->batch);
		step->got.count = 0;
		rows->next = 0;
		rows->next_right = 0;
		if (step->right != NULL)
			run(step->right, NULL, NULL, NULL);
		(void) ta_right_prepare(step);
		MemoryContextSwitchTo(caller);
	}
	if (rows->next_right >= ta_right_count(step))
		return NULL;
	length = ta_right_size(step, rows->next_right);
	result = make_result(caller, length);
	if (ta_right_put(step, rows->next_right++, VARDATA(result)) != VARDATA(result) + length)
		elog(ERROR, "the result has another size than it was counted to have");
	return result;
}

/* The next root, in the current context; NULL: there is none. */
text *
ta_find_rows_next(TaFindRows *rows)
{
	TaStep *step = rows->step;
	MemoryContext caller = CurrentMemoryContext;
	Size length;
	text *result;

	while (rows->next >= step->got.count)
	{
		if (!rows->roots.more)
			return next_right(rows);
		MemoryContextReset(rows->batch);
		MemoryContextSwitchTo(rows->batch);
		rows->next = 0;
		run(step, &rows->roots, NULL, NULL);
		(void) ta_tree_prepare(step);
		rows->roots.batch = BATCH;
		MemoryContextSwitchTo(caller);
	}
	length = ta_tree_row_size(step, rows->next);
	result = make_result(caller, length);
	if (ta_tree_put_row(step, rows->next++, VARDATA(result)) != VARDATA(result) + length)
		elog(ERROR, "the result has another size than it was counted to have");
	return result;
}

/* Ends it, also before the last root. */
void
ta_find_rows_end(TaFindRows *rows)
{
	ta_spi_cursor_close(rows->roots.cursor);
}

/* ---- one association of one row ---- */

/* What the association leads to: a list, an object or null in JSON; NULL: there is no such row. */
text *
ta_find_associated(const TaFind *find, const char *association)
{
	MemoryContext caller = begin();
	TaStep *step = load(find, association, NULL);
	text *result = NULL;

	for (int i = 0; step->got.count > 0 && result == NULL && i < step->nchildren; i++)
	{
		Size length;

		if (i == 0)
			(void) ta_tree_prepare(step);
		if (!ta_tree_is_told(step, 0, i))
			continue;
		length = ta_tree_child_size(step, 0, i);
		result = make_result(caller, length);
		if (ta_tree_put_child(step, 0, i, VARDATA(result)) != VARDATA(result) + length)
			elog(ERROR, "the result has another size than it was counted to have");
	}
	end(caller);
	return result;
}

typedef struct Answer
{
	bool found;
	Datum value;
} Answer;

static bool
keep_answer(TupleTableSlot *slot, void *arg)
{
	Answer *answer = arg;
	bool isnull;

	answer->found = true;
	answer->value = slot_getattr(slot, 1, &isnull);
	return false;
}

/* Asks about the associated rows; both answers are passed by value. */
static bool
ask(const TaFind *find, const char *association, List *keys, Datum *value)
{
	TaNode *root = ta_prepare_resolve_associated(find, association);
	TaParams *params = ta_params_make();
	char *test = ta_prepare_key_test(find, root, params);
	char *sql = ta_sql_about(root, linitial(root->children), keys, test, params);
	TaSpiQuery query = ta_params_query(params, sql);
	Answer answer = {0};

	ta_spi_stream_query(&query, keep_answer, &answer);
	*value = answer.value;
	return answer.found;
}

/* How many rows the association leads to, without limit and offset; false: there is no such row. */
bool
ta_find_count_associated(const TaFind *find, const char *association, int64 *count)
{
	MemoryContext caller = begin();
	Datum value;
	bool found = ask(find, association, NIL, &value);

	*count = found ? DatumGetInt64(value) : 0;
	end(caller);
	return found;
}

/* Each element of the list as a key; a value that is no list is one key. */
static List *
read_keys(Jsonb *keys)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, JB_ROOT_IS_ARRAY(keys) ? ta_json_array(&keys->root) : NIL)
	{
		TaKeyTest *test = palloc(sizeof(TaKeyTest));

		test->key = JsonbPGetDatum(JsonbValueToJsonb(lfirst(lc)));
		test->type = JSONBOID;
		tests = lappend(tests, test);
	}
	if (JB_ROOT_IS_OBJECT(keys))
	{
		TaKeyTest *test = palloc(sizeof(TaKeyTest));

		test->key = JsonbPGetDatum(keys);
		test->type = JSONBOID;
		tests = list_make1(test);
	}
	return tests;
}

/* Whether the association leads to each of the keys, none included; false: there is no such row. */
bool
ta_find_has(const TaFind *find, const char *association, Jsonb *keys, bool *has)
{
	MemoryContext caller = begin();
	List *tests = read_keys(keys);
	TaNode *root = ta_prepare_resolve_associated(find, association);
	Datum value = (Datum) 0;
	bool found;

	if (((TaNode *) linitial(root->children))->model == NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("association \"%s\" leads to several models, which have keys of "
							   "their own",
							   association),
						errhint("Compare its type and key columns.")));
	if (tests == NIL)
	{
		/* no key is among them all; whether the row is there is still to be told */
		int64 count;

		end(caller);
		*has = true;
		return ta_find_count_associated(find, association, &count);
	}
	found = ask(find, association, tests, &value);
	*has = found && DatumGetBool(value);
	end(caller);
	return found;
}
