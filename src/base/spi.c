/*
 * src/base/spi.c
 *		The one SPI door: plans of fixed statements, identity and snapshot.
 *
 * Fixed statements are string constants, so their address is their key; the
 * kept plan lives as long as the backend.  Statements with other texts are
 * planned each time.  No query text is written here.
 *
 * Snapshot: our catalog is read as PostgreSQL reads its own, by the latest
 * snapshot, whatever the isolation level: what another session committed
 * before we took the catalog lock must be seen, or a declaration would be
 * made twice at REPEATABLE READ.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/spi.h"

/* A text longer than this is certainly not a fixed statement's argument count. */
#define MAX_FIXED_ARGUMENTS 32

typedef struct FixedPlan
{
	const char *sql; /* hash key: the address of the constant */
	SPIPlanPtr plan;
} FixedPlan;

static HTAB *fixed_plans = NULL;

/* Owner of our tables: the bootstrap superuser, for a trusted extension's script runs as it. */
static Oid
catalog_owner(void)
{
	Oid relid = get_relname_relid("declaration", get_namespace_oid("assoc_internal", true));
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("table \"assoc_internal.declaration\" does not exist"),
						errhint("DROP EXTENSION todo_assoc, then CREATE EXTENSION todo_assoc.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Plans the fixed statement once per backend; SPI must be connected. */
static SPIPlanPtr
fixed_plan(const char *sql, int nargs, Oid *argtypes)
{
	FixedPlan *entry;
	bool found;

	if (fixed_plans == NULL)
	{
		HASHCTL ctl = {.keysize = sizeof(char *), .entrysize = sizeof(FixedPlan)};

		fixed_plans = hash_create("todo_assoc fixed statements", 32, &ctl, HASH_ELEM | HASH_BLOBS);
	}

	entry = hash_search(fixed_plans, &sql, HASH_ENTER, &found);
	if (!found)
		entry->plan = NULL;
	if (entry->plan != NULL && !SPI_plan_is_valid(entry->plan))
	{
		SPI_freeplan(entry->plan);
		entry->plan = NULL;
	}
	if (entry->plan == NULL)
	{
		SPIPlanPtr plan = SPI_prepare(sql, nargs, argtypes);

		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed for \"%s\": %s", sql,
				 SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		entry->plan = plan;
	}
	return entry->plan;
}

/* Executes a plan by the latest snapshot and hands each row to the function. */
static uint64
execute(SPIPlanPtr plan, const Datum *values, const char *nulls, MemoryContext caller,
		TaRowFunction row, void *arg)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	uint64 processed;
	int result;

	result = SPI_execute_snapshot(plan, unconstify(Datum *, values), nulls, snapshot,
								  InvalidSnapshot, false, true, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
	UnregisterSnapshot(snapshot);

	processed = SPI_processed;
	if (row != NULL && SPI_tuptable != NULL)
	{
		SPITupleTable *table = SPI_tuptable;
		MemoryContext spi = MemoryContextSwitchTo(caller);

		for (uint64 i = 0; i < processed; i++)
			row(table->vals[i], table->tupdesc, arg);
		MemoryContextSwitchTo(spi);
	}
	return processed;
}

/* Runs one statement; kept says that sql is a constant whose plan is kept. */
static uint64
run(const char *sql, bool kept, int nargs, Oid *argtypes, const Datum *values, const char *nulls,
	TaSpiIdentity identity, TaRowFunction row, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	SPIPlanPtr plan;
	uint64 processed;
	Oid saved_user;
	int saved_context;

	/*
	 * Our tables belong to the bootstrap superuser, so only fixed statements,
	 * every name and operator in them qualified, run under its identity.
	 */
	GetUserIdAndSecContext(&saved_user, &saved_context);
	if (identity == TA_AS_CATALOG)
		SetUserIdAndSecContext(catalog_owner(), saved_context | SECURITY_LOCAL_USERID_CHANGE);

	SPI_connect();
	if (kept)
		plan = fixed_plan(sql, nargs, argtypes);
	else
	{
		plan = SPI_prepare(sql, nargs, argtypes);
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed for \"%s\": %s", sql,
				 SPI_result_code_string(SPI_result));
	}
	processed = execute(plan, values, nulls, caller, row, arg);
	SPI_finish();

	/* an error restores the identity at (sub)transaction abort */
	SetUserIdAndSecContext(saved_user, saved_context);
	return processed;
}

/*
 * Runs a fixed statement (sql must be a string constant) whose parameters are
 * all text; a NULL in the list is SQL NULL.  Returns the number of rows.
 */
uint64
ta_spi_fixed(const char *sql, List *texts, TaSpiIdentity identity, TaRowFunction row, void *arg)
{
	Oid types[MAX_FIXED_ARGUMENTS];
	Datum values[MAX_FIXED_ARGUMENTS];
	char nulls[MAX_FIXED_ARGUMENTS];
	int nargs = 0;
	ListCell *lc;

	Assert(list_length(texts) <= MAX_FIXED_ARGUMENTS);
	foreach(lc, texts)
	{
		const char *text = lfirst(lc);

		types[nargs] = TEXTOID;
		nulls[nargs] = text == NULL ? 'n' : ' ';
		values[nargs] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
		nargs++;
	}
	return run(sql, true, nargs, types, values, nulls, identity, row, arg);
}

/* Runs one utility statement as the caller. */
void
ta_spi_utility(const char *sql)
{
	int result;

	SPI_connect();
	result = SPI_execute(sql, false, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute failed for \"%s\": %s", sql, SPI_result_code_string(result));
	SPI_finish();
}

static void
keep_count(HeapTuple tuple, TupleDesc desc, void *arg)
{
	bool isnull;

	*(int64 *) arg = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
}

/* Runs a query as the caller and hands each row to the function, if there is one; returns their number. */
uint64
ta_spi_query(const char *sql, TaRowFunction row, void *arg)
{
	return run(sql, false, 0, NULL, NULL, NULL, TA_AS_CALLER, row, arg);
}

/* Runs, as the caller, a query that returns one bigint. */
int64
ta_spi_count(const char *sql)
{
	int64 count = 0;

	(void) ta_spi_query(sql, keep_count, &count);
	return count;
}

/* ---- rows as they come ---- */

typedef struct StreamReceiver
{
	DestReceiver pub;
	TaSlotFunction row;
	void *arg;
} StreamReceiver;

static bool
stream_row(TupleTableSlot *slot, DestReceiver *self)
{
	StreamReceiver *receiver = (StreamReceiver *) self;

	return receiver->row(slot, receiver->arg);
}

static void
stream_startup(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
stream_end(DestReceiver *self)
{
}

/*
 * Runs a query as the caller by the active snapshot, and hands each row to the
 * function as it comes: nothing is kept.  The function runs in a context that
 * lasts for the query, and ends it by returning false.
 */
void
ta_spi_stream(const char *sql, TaSlotFunction row, void *arg)
{
	StreamReceiver receiver = {.pub = {.receiveSlot = stream_row,
									   .rStartup = stream_startup,
									   .rShutdown = stream_end,
									   .rDestroy = stream_end,
									   .mydest = DestNone},
							   .row = row,
							   .arg = arg};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.pub};
	SPIPlanPtr plan;
	int result;

	SPI_connect();
	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed for \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	result = SPI_execute_plan_extended(plan, &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	SPI_finish();
}

/* The column (from 1) of a result row as text, or NULL. */
char *
ta_spi_text(HeapTuple tuple, TupleDesc desc, int column)
{
	return SPI_getvalue(tuple, desc, column);
}

/* For a query of one column: appends each row's text to the list (List **) that arg points to. */
void
ta_spi_keep_text(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **texts = arg;

	*texts = lappend(*texts, ta_spi_text(tuple, desc, 1));
}

/* The number of the column of this name; 0 or less: there is none. */
int
ta_spi_column(TupleDesc desc, const char *name)
{
	return SPI_fnumber(desc, name);
}

/* The column of this name as text; NULL also when there is no such column. */
char *
ta_spi_named_text(HeapTuple tuple, TupleDesc desc, const char *name)
{
	int column = SPI_fnumber(desc, name);

	return column > 0 ? SPI_getvalue(tuple, desc, column) : NULL;
}
