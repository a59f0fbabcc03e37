/*
 * src/check/childscan.c
 *		One scan of a child, for all its references.
 *
 * Pages are handed out to whoever asks next: the leader and its parallel
 * workers, which PostgreSQL starts for us with the leader's transaction,
 * snapshot, user and settings.  Each looks the keys of its pages up in the sets
 * of all references, and counts for itself; the leader adds.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/shm_toc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "check/childscan.h"

#define LIBRARY "$libdir/todo_assoc"

/* a piece of the table: so that there are some hundreds of them, and none is too small to read on */
#define PIECES 256
#define PIECE_MIN 4
#define PIECE_MAX 256

/* what workers find in shared memory */
#define KEY_HEAD UINT64CONST(1)
#define KEY_LEAVES UINT64CONST(2)
#define KEY_ATTNUMS UINT64CONST(3)
#define KEY_LOOKUPS UINT64CONST(4)
#define KEY_FILTERS UINT64CONST(5)
#define KEY_RESULTS UINT64CONST(6)
#define KEYS 6

typedef struct Head
{
	Oid child;
	int nleaves;
	int ncolumns;
	int nlookups;
	int max_places;
	uint64 units;
	uint64 piece;
	pg_atomic_uint64 next; /* unit to be read */
	pg_atomic_uint64 done;
} Head;

/* A lookup without pointers. */
typedef struct SharedLookup
{
	TaKeySource source;
	dsm_handle set;
	Size filter; /* where its bytes begin among those of all */
} SharedLookup;

/* What a process that takes part works with. */
typedef struct Work
{
	Head *head;
	const TaLeaf *leaves;
	const AttrNumber *attnums; /* of the table, then of each leaf */
	TaKeySearch **searches;
	TaProgressFunction progress; /* NULL: in workers */
	void *arg;

	int leaf; /* which is open; -1: none */
	MemoryContext context;
	Relation rel;
	TaReader *reader;
} Work;

PGDLLEXPORT void ta_childscan_worker(dsm_segment *segment, shm_toc *toc);

static Size
result_size(int max_places)
{
	return MAXALIGN(offsetof(TaKeyResult, places) + sizeof(TaPlace) * max_places);
}

/* ---- reading ---- */

static void
close_leaf(Work *work)
{
	if (work->leaf < 0)
		return;
	ta_reader_close(work->reader);
	table_close(work->rel, NoLock);
	MemoryContextReset(work->context);
	work->leaf = -1;
}

static void
open_leaf(Work *work, int leaf)
{
	const Head *head = work->head;
	MemoryContext old;

	close_leaf(work);
	old = MemoryContextSwitchTo(work->context);
	work->rel = table_open(work->leaves[leaf].relid, AccessShareLock);
	work->reader = ta_reader_open(work->rel, work->attnums + (leaf + 1) * head->ncolumns,
								  head->ncolumns, GetActiveSnapshot());
	work->leaf = leaf;
	MemoryContextSwitchTo(old);
}

/* Looks the rows up for each reference. */
static void
take_rows(const TaRows *rows, void *arg)
{
	Work *work = arg;

	for (int i = 0; i < work->head->nlookups; i++)
		ta_search_rows(work->searches[i], (uint32) work->leaf, rows);
}

/* Reads the units from begin to end, which may lie in several leaves, the next of which is that of this number. */
static void
read_piece(Work *work, int *next_leaf, uint64 begin, uint64 end)
{
	while (begin < end)
	{
		const TaLeaf *leaf = &work->leaves[*next_leaf];
		uint64 last = Min(end, leaf->first + leaf->units);

		if (begin >= last)
		{
			(*next_leaf)++;
			continue;
		}
		if (work->leaf != *next_leaf)
			open_leaf(work, *next_leaf);
		if (leaf->by_pages)
			ta_reader_pages(work->reader, (BlockNumber) (begin - leaf->first),
							(BlockNumber) (last - leaf->first), take_rows, work);
		else
			ta_reader_all(work->reader, take_rows, work);
		begin = last;
	}
}

/* Takes part, until no piece is left. */
static void
take_part(Work *work)
{
	Head *head = work->head;
	int next_leaf = 0;
	uint64 begin;

	work->leaf = -1;
	work->context =
		AllocSetContextCreate(CurrentMemoryContext, "todo_assoc leaf", ALLOCSET_DEFAULT_SIZES);
	while ((begin = pg_atomic_fetch_add_u64(&head->next, head->piece)) < head->units)
	{
		uint64 end = Min(begin + head->piece, head->units);
		uint64 done;

		read_piece(work, &next_leaf, begin, end);
		done = pg_atomic_add_fetch_u64(&head->done, end - begin);
		if (work->progress != NULL)
			work->progress(done, head->units, work->arg);
	}
	close_leaf(work);
	for (int i = 0; i < head->nlookups; i++)
		ta_search_end(work->searches[i]);
	MemoryContextDelete(work->context);
}

/* ---- what workers share ---- */

static void
set_up_head(Head *head, Oid child, const TaLeaves *leaves, int nlookups, int max_places)
{
	head->child = child;
	head->nleaves = leaves->count;
	head->ncolumns = leaves->ncolumns;
	head->nlookups = nlookups;
	head->max_places = max_places;
	head->units = leaves->units;
	head->piece = Min(Max(leaves->units / PIECES, PIECE_MIN), PIECE_MAX);
	pg_atomic_init_u64(&head->next, 0);
	pg_atomic_init_u64(&head->done, 0);
}

static Size
filters_size(const TaLookup *lookups, int nlookups)
{
	Size size = 0;

	for (int i = 0; i < nlookups; i++)
		size += lookups[i].source.filter.length;
	return size;
}

static void
estimate(ParallelContext *context, Size size)
{
	shm_toc_estimate_chunk(&context->estimator, size);
	shm_toc_estimate_keys(&context->estimator, 1);
}

static void *
publish(ParallelContext *context, uint64 key, const void *data, Size size)
{
	void *space = shm_toc_allocate(context->toc, size);

	if (data != NULL)
		memcpy(space, data, size);
	else
		memset(space, 0, size);
	shm_toc_insert(context->toc, key, space);
	return space;
}

static void
publish_lookups(ParallelContext *context, const TaLookup *lookups, int nlookups)
{
	SharedLookup *shared = publish(context, KEY_LOOKUPS, NULL, sizeof(SharedLookup) * nlookups);
	Size size = filters_size(lookups, nlookups);
	char *filters = publish(context, KEY_FILTERS, NULL, Max(size, 1));
	Size at = 0;

	for (int i = 0; i < nlookups; i++)
	{
		shared[i].source = lookups[i].source;
		shared[i].set = lookups[i].set->handle;
		shared[i].filter = at;
		if (lookups[i].source.filter.length > 0)
			memcpy(filters + at, lookups[i].filter, lookups[i].source.filter.length);
		at += lookups[i].source.filter.length;
	}
}

/* The columns of the table, then those of each leaf. */
static AttrNumber *
all_attnums(const TaLeaves *leaves, Size *size)
{
	Size of_one = sizeof(AttrNumber) * leaves->ncolumns;
	AttrNumber *attnums;

	*size = of_one * (leaves->count + 1);
	attnums = palloc(*size);
	memcpy(attnums, leaves->root, of_one);
	memcpy(attnums + leaves->ncolumns, leaves->attnums, of_one * leaves->count);
	return attnums;
}

/* ---- a worker ---- */

/* What a parallel worker is started with. */
void
ta_childscan_worker(dsm_segment *segment, shm_toc *toc)
{
	Head *head = shm_toc_lookup(toc, KEY_HEAD, false);
	const SharedLookup *lookups = shm_toc_lookup(toc, KEY_LOOKUPS, false);
	const char *filters = shm_toc_lookup(toc, KEY_FILTERS, false);
	char *results = shm_toc_lookup(toc, KEY_RESULTS, false);
	Size size = result_size(head->max_places);
	Work work = {.head = head,
				 .leaves = shm_toc_lookup(toc, KEY_LEAVES, false),
				 .attnums = shm_toc_lookup(toc, KEY_ATTNUMS, false)};

	if (!ta_leaves_readable(head->child, work.attnums, head->ncolumns))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for table %s", get_rel_name(head->child))));
	work.searches = palloc(sizeof(TaKeySearch *) * head->nlookups);
	for (int i = 0; i < head->nlookups; i++)
		work.searches[i] =
			ta_search_begin(ta_keyset_attach(lookups[i].set), &lookups[i].source,
							filters + lookups[i].filter,
							(TaKeyResult *) (results +
											 size * (ParallelWorkerNumber * head->nlookups + i)),
							head->max_places);
	take_part(&work);
}

/* ---- the leader ---- */

static ParallelContext *
start_workers(Oid child, const TaLeaves *leaves, const TaLookup *lookups, int nlookups,
			  int max_places, int workers)
{
	ParallelContext *context;
	Size attnums_size;
	AttrNumber *attnums = all_attnums(leaves, &attnums_size);
	Size leaves_size = sizeof(TaLeaf) * Max(leaves->count, 1);
	Head head;

	EnterParallelMode();
	context = CreateParallelContext(LIBRARY, "ta_childscan_worker", workers);
	estimate(context, sizeof(Head));
	estimate(context, leaves_size);
	estimate(context, attnums_size);
	estimate(context, sizeof(SharedLookup) * nlookups);
	estimate(context, Max(filters_size(lookups, nlookups), 1));
	estimate(context, result_size(max_places) * workers * nlookups);
	InitializeParallelDSM(context);

	memset(&head, 0, sizeof(head));
	set_up_head(publish(context, KEY_HEAD, &head, sizeof(head)), child, leaves, nlookups,
				max_places);
	(void) publish(context, KEY_LEAVES, leaves->leaf, leaves_size);
	(void) publish(context, KEY_ATTNUMS, attnums, attnums_size);
	publish_lookups(context, lookups, nlookups);
	(void) publish(context, KEY_RESULTS, NULL, result_size(max_places) * workers * nlookups);
	LaunchParallelWorkers(context);
	return context;
}

/* Adds what the workers found. */
static void
add_results(ParallelContext *context, TaLookup *lookups, int nlookups, int max_places)
{
	char *results = shm_toc_lookup(context->toc, KEY_RESULTS, false);

	for (int i = 0; i < context->nworkers_launched * nlookups; i++)
	{
		const TaKeyResult *found = (TaKeyResult *) (results + result_size(max_places) * i);
		TaKeyResult *sum = lookups[i % nlookups].result;

		sum->count += found->count;
		for (int j = 0; j < found->nplaces && sum->nplaces < max_places; j++)
			sum->places[sum->nplaces++] = found->places[j];
	}
}

/*
 * Scans the child once, by the active snapshot, and sets the result of each
 * lookup.  With workers all sets are in shared memory.  Returns how many
 * workers took part.
 */
int
ta_childscan_run(Oid child, const TaLeaves *leaves, TaLookup *lookups, int nlookups, int max_places,
				 int workers, TaProgressFunction progress, void *arg)
{
	Head own;
	Size ignored;
	Work work = {.leaves = leaves->leaf,
				 .attnums = all_attnums(leaves, &ignored),
				 .progress = progress,
				 .arg = arg};
	ParallelContext *context = NULL;
	int launched = 0;

	if (workers > 0 && !IsInParallelMode())
	{
		context = start_workers(child, leaves, lookups, nlookups, max_places, workers);
		work.head = shm_toc_lookup(context->toc, KEY_HEAD, false);
	}
	else
	{
		memset(&own, 0, sizeof(own));
		set_up_head(&own, child, leaves, nlookups, max_places);
		work.head = &own;
	}

	work.searches = palloc(sizeof(TaKeySearch *) * nlookups);
	for (int i = 0; i < nlookups; i++)
	{
		lookups[i].result = palloc0(result_size(max_places));
		work.searches[i] = ta_search_begin(lookups[i].set, &lookups[i].source, lookups[i].filter,
										   lookups[i].result, max_places);
	}
	take_part(&work);

	if (context != NULL)
	{
		WaitForParallelWorkersToFinish(context);
		launched = context->nworkers_launched;
		add_results(context, lookups, nlookups, max_places);
		DestroyParallelContext(context);
		ExitParallelMode();
	}
	return launched;
}
