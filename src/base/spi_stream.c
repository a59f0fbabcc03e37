/*
 * src/base/spi_stream.c
 *		The SPI door's third leaf: queries whose rows are handed on as they come.
 *
 * Run as the caller, by the active snapshot, read-only: nothing is written, so
 * it works on a standby.  Plans are kept by their text; PostgreSQL itself makes
 * them again when a table, a policy or the role they were made for changes.
 */
#include "postgres.h"

#include "access/hash.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "nodes/params.h"
#include "tcop/pquery.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "base/spi_stream.h"

/* more plans than this are not kept: the ones not used for longest go */
#define MAX_PLANS 500

typedef struct PlanKey
{
	uint64 hash;
	uint32 length; /* of the text */
	int32 planning;
} PlanKey;

typedef struct KeptPlan
{
	PlanKey key;
	dlist_node used; /* in the order of their use */
	char *sql;
	int nparams;
	Oid *types;
	SPIPlanPtr plan;
} KeptPlan;

static HTAB *plans = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);

static void
forget(KeptPlan *kept)
{
	dlist_delete(&kept->used);
	if (kept->plan != NULL)
		SPI_freeplan(kept->plan);
	pfree(kept->sql);
	pfree(kept->types);
	hash_search(plans, &kept->key, HASH_REMOVE, NULL);
}

/* Frees what is too many.  Only when no query runs: a plan in use must stay. */
void
ta_spi_stream_trim(void)
{
	while (plans != NULL && hash_get_num_entries(plans) > MAX_PLANS)
		forget(dlist_container(KeptPlan, used, dlist_tail_node(&by_use)));
}

static SPIPlanPtr
prepare(const TaSpiQuery *query)
{
	int options = query->planning == TA_PLAN_ONCE   ? CURSOR_OPT_GENERIC_PLAN
				  : query->planning == TA_PLAN_EACH ? CURSOR_OPT_CUSTOM_PLAN
													: 0;
	SPIPlanPtr plan =
		SPI_prepare_cursor(query->sql, query->nparams, unconstify(Oid *, query->types), options);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed for \"%s\": %s", query->sql,
			 SPI_result_code_string(SPI_result));
	return plan;
}

static bool
is_same(const KeptPlan *kept, const TaSpiQuery *query)
{
	return strcmp(kept->sql, query->sql) == 0 && kept->nparams == query->nparams &&
		   (query->nparams == 0 ||
			memcmp(kept->types, query->types, sizeof(Oid) * query->nparams) == 0);
}

/* The plan of the text, kept; SPI must be connected. */
static SPIPlanPtr
plan_of(const TaSpiQuery *query)
{
	PlanKey key = {.planning = query->planning};
	KeptPlan *kept;
	SPIPlanPtr plan;
	bool found;

	if (plans == NULL)
	{
		HASHCTL ctl = {.keysize = sizeof(PlanKey), .entrysize = sizeof(KeptPlan)};

		plans = hash_create("todo_assoc loading plans", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	key.length = strlen(query->sql);
	key.hash = DatumGetUInt64(hash_any_extended((const unsigned char *) query->sql, key.length, 0));
	if (query->nparams > 0)
		key.hash ^= DatumGetUInt64(hash_any_extended((const unsigned char *) query->types,
													 sizeof(Oid) * query->nparams, 1));
	kept = hash_search(plans, &key, HASH_FIND, NULL);
	if (kept != NULL && is_same(kept, query))
	{
		dlist_move_head(&by_use, &kept->used);
		return kept->plan;
	}
	plan = prepare(query);
	if (kept != NULL)
		return plan; /* another text of the same hash: this one is planned each time */

	SPI_keepplan(plan);
	kept = hash_search(plans, &key, HASH_ENTER, &found);
	kept->sql = MemoryContextStrdup(TopMemoryContext, query->sql);
	kept->nparams = query->nparams;
	kept->types = MemoryContextAlloc(TopMemoryContext, sizeof(Oid) * Max(query->nparams, 1));
	if (query->nparams > 0)
		memcpy(kept->types, query->types, sizeof(Oid) * query->nparams);
	kept->plan = plan;
	dlist_push_head(&by_use, &kept->used);
	return plan;
}

typedef struct Receiver
{
	DestReceiver pub;
	TaSlotFunction row;
	void *arg;
} Receiver;

static bool
receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;

	return receiver->row(slot, receiver->arg);
}

static void
start(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
finish(DestReceiver *self)
{
}

static Receiver
make_receiver(TaSlotFunction row, void *arg)
{
	return (Receiver){.pub = {.receiveSlot = receive,
							  .rStartup = start,
							  .rShutdown = finish,
							  .rDestroy = finish,
							  .mydest = DestNone},
					  .row = row,
					  .arg = arg};
}

static ParamListInfo
make_params(const TaSpiQuery *query)
{
	ParamListInfo params;

	if (query->nparams == 0)
		return NULL;
	params = makeParamList(query->nparams);
	for (int i = 0; i < query->nparams; i++)
	{
		ParamExternData *param = &params->params[i];

		param->value = query->values[i];
		param->isnull = query->nulls[i] == 'n';
		param->pflags = PARAM_FLAG_CONST;
		param->ptype = query->types[i];
	}
	return params;
}

/*
 * Runs the query and hands each row to the function.  The function runs in a
 * context that lasts for the query, and ends it by returning false.
 */
void
ta_spi_stream_query(const TaSpiQuery *query, TaSlotFunction row, void *arg)
{
	Receiver receiver = make_receiver(row, arg);
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.pub};
	int result;

	SPI_connect();
	options.params = make_params(query);
	result = SPI_execute_plan_extended(plan_of(query), &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	SPI_finish();
}

/*
 * Opens the query, to be fetched from.  It sees what the active snapshot sees,
 * and ends with the transaction if it is not closed.
 */
TaSpiCursor *
ta_spi_cursor_open(const TaSpiQuery *query)
{
	Portal portal;

	SPI_connect();
	portal = SPI_cursor_open_with_paramlist(NULL, plan_of(query), make_params(query), true);
	SPI_finish();
	return portal;
}

/* Hands the next so many rows to the function; false: there are no more. */
bool
ta_spi_cursor_fetch(TaSpiCursor *cursor, int count, TaSlotFunction row, void *arg)
{
	Receiver receiver = make_receiver(row, arg);

	return PortalRunFetch(cursor, FETCH_FORWARD, count, &receiver.pub) == (uint64) count;
}

void
ta_spi_cursor_close(TaSpiCursor *cursor)
{
	PortalDrop(cursor, false);
}
