/*
 * src/check/reader.c
 *		Some columns of all rows of a table, a page at a time.
 *
 * What the executor does for any query costs more than the work here is worth:
 * a call for each row, another for each column, and a slot between them.  So a
 * heap is read by pages: which rows of a page are visible is found out under
 * its lock, as in a sequential scan; then the columns are taken from where
 * they lie.  Other table access methods, and transactions that are
 * SERIALIZABLE, whose reads PostgreSQL must know of, are read by a table scan.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "check/reader.h"

/* rows that are on their way into the cache before they are looked at */
#define AHEAD 16

/* What is to be known of an attribute to step over it. */
typedef struct Step
{
	int16 length;
	bool by_value;
	uint8 alignment; /* in bytes */
	int column; /* which of those asked for it is; -1: none */
} Step;

/* A column at an offset that is the same in all rows without nulls. */
typedef struct Fixed
{
	Size offset;
	int column;
	int16 length;
	bool by_value;
} Fixed;

struct TaReader
{
	Relation rel;
	Snapshot snapshot;
	int ncolumns;
	AttrNumber *attnums;
	BufferAccessStrategy strategy;
	TaRows rows;
	OffsetNumber *offsets; /* of the rows */
	int nsteps; /* up to the last column asked for */
	Step *steps;
	/* in a row without nulls: columns that are where they always are, and where to walk on from */
	int nfixed;
	Fixed *fixed;
	int first_step;
	Size first_offset;
	/* of each column: for rows older than it */
	Datum *missing;
	bool *missing_null;
};

/* Whether the table is to be read by ta_reader_pages, and may be in pieces; else by ta_reader_all, as a whole. */
bool
ta_reader_by_pages(Relation rel)
{
	return rel->rd_tableam == GetHeapamTableAmRoutine() && !IsolationIsSerializable();
}

/* ---- opening ---- */

static uint8
alignment_of(char code)
{
	switch (code)
	{
		case TYPALIGN_CHAR:
			return 1;
		case TYPALIGN_SHORT:
			return ALIGNOF_SHORT;
		case TYPALIGN_INT:
			return ALIGNOF_INT;
		default:
			return ALIGNOF_DOUBLE;
	}
}

static void
plan_steps(TaReader *reader)
{
	TupleDesc desc = RelationGetDescr(reader->rel);

	for (int i = 0; i < reader->ncolumns; i++)
		reader->nsteps = Max(reader->nsteps, reader->attnums[i]);
	reader->steps = palloc0(sizeof(Step) * (reader->nsteps + 1));
	for (int i = 0; i < reader->nsteps; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		reader->steps[i].length = att->attlen;
		reader->steps[i].by_value = att->attbyval;
		reader->steps[i].alignment = alignment_of(att->attalign);
		reader->steps[i].column = -1;
	}
	for (int i = 0; i < reader->ncolumns; i++)
	{
		reader->steps[reader->attnums[i] - 1].column = i;
		reader->missing[i] = getmissingattr(desc, reader->attnums[i], &reader->missing_null[i]);
	}
}

/* Finds the columns before which, and the steps up to which, no length varies. */
static void
plan_fixed(TaReader *reader)
{
	Size offset = 0;
	int i;

	for (i = 0; i < reader->nsteps; i++)
	{
		Step *step = &reader->steps[i];
		Size aligned = TYPEALIGN(step->alignment, offset);

		/* a short varlena is not aligned, a long one is */
		if (step->length < 0 && aligned != offset)
			break;
		offset = aligned;
		if (step->column >= 0)
			reader->fixed[reader->nfixed++] = (Fixed){.offset = offset,
													  .column = step->column,
													  .length = step->length,
													  .by_value = step->by_value};
		if (step->length < 0)
			break;
		offset += step->length;
	}
	reader->first_step = i;
	reader->first_offset = offset;
}

/*
 * In the current context.  attnums: no column twice, none virtual.  The
 * snapshot is an MVCC snapshot that outlives the reader.
 */
TaReader *
ta_reader_open(Relation rel, const AttrNumber *attnums, int ncolumns, Snapshot snapshot)
{
	TaReader *reader = palloc0(sizeof(TaReader));
	int capacity = MaxHeapTuplesPerPage;

	reader->rel = rel;
	reader->snapshot = snapshot;
	reader->ncolumns = ncolumns;
	reader->attnums = palloc(sizeof(AttrNumber) * ncolumns);
	memcpy(reader->attnums, attnums, sizeof(AttrNumber) * ncolumns);
	reader->strategy = GetAccessStrategy(BAS_BULKREAD);
	reader->offsets = palloc(sizeof(OffsetNumber) * capacity);
	reader->rows.tids = palloc(sizeof(ItemPointerData) * capacity);
	reader->rows.values = palloc(sizeof(Datum *) * ncolumns);
	reader->rows.nulls = palloc(sizeof(bool *) * ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		reader->rows.values[i] = palloc(sizeof(Datum) * capacity);
		reader->rows.nulls[i] = palloc(sizeof(bool) * capacity);
	}
	reader->missing = palloc(sizeof(Datum) * ncolumns);
	reader->missing_null = palloc(sizeof(bool) * ncolumns);
	reader->fixed = palloc(sizeof(Fixed) * ncolumns);
	plan_steps(reader);
	plan_fixed(reader);
	return reader;
}

/* Gives back what is not memory of the context. */
void
ta_reader_close(TaReader *reader)
{
	if (reader->strategy != NULL)
		FreeAccessStrategy(reader->strategy);
	reader->strategy = NULL;
}

/* ---- a row ---- */

static inline void
put(const TaReader *reader, int row, int column, Datum value, bool null)
{
	reader->rows.values[column][row] = value;
	reader->rows.nulls[column][row] = null;
}

/* Columns that a row does not have, because it is older than they are. */
static void
put_missing(const TaReader *reader, int row, int natts)
{
	for (int i = natts; i < reader->nsteps; i++)
	{
		int column = reader->steps[i].column;

		if (column >= 0)
			put(reader, row, column, reader->missing[column], reader->missing_null[column]);
	}
}

/* Steps from one attribute to the next, up to the last that is asked for. */
static inline void
walk(const TaReader *reader, int row, HeapTupleHeader tuple, int from, int natts, Size offset)
{
	const char *data = (const char *) tuple + tuple->t_hoff;
	const uint8 *not_null = (tuple->t_infomask & HEAP_HASNULL) ? tuple->t_bits : NULL;

	for (int i = from; i < natts; i++)
	{
		const Step *step = &reader->steps[i];

		if (not_null != NULL && att_isnull(i, not_null))
		{
			if (step->column >= 0)
				put(reader, row, step->column, (Datum) 0, true);
			continue;
		}
		if (step->length != -1 || !VARATT_NOT_PAD_BYTE(data + offset))
			offset = TYPEALIGN(step->alignment, offset);
		if (step->column >= 0)
			put(reader, row, step->column, fetch_att(data + offset, step->by_value, step->length),
				false);
		offset = att_addlength_pointer(offset, step->length, data + offset);
	}
}

static inline void
take_columns(const TaReader *reader, int row, HeapTupleHeader tuple)
{
	int natts = Min((int) HeapTupleHeaderGetNatts(tuple), reader->nsteps);
	const char *data = (const char *) tuple + tuple->t_hoff;
	int from = 0;
	Size offset = 0;

	if ((tuple->t_infomask & HEAP_HASNULL) == 0 && natts == reader->nsteps)
	{
		for (int i = 0; i < reader->nfixed; i++)
		{
			const Fixed *fixed = &reader->fixed[i];

			put(reader, row, fixed->column,
				fetch_att(data + fixed->offset, fixed->by_value, fixed->length), false);
		}
		if (reader->nfixed == reader->ncolumns)
			return;
		from = reader->first_step;
		offset = reader->first_offset;
	}
	walk(reader, row, tuple, from, natts, offset);
	if (unlikely(natts < reader->nsteps))
		put_missing(reader, row, natts);
}

/* ---- pages ---- */

/* Finds the rows of the page that the snapshot sees; the buffer is not locked afterwards. */
static void
find_visible(TaReader *reader, BlockNumber block, Buffer buffer)
{
	Page page = BufferGetPage(buffer);
	OffsetNumber last;
	bool all_visible;
	int count = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	ta_test_for_old_snapshot(reader->snapshot, reader->rel, page);
	last = PageGetMaxOffsetNumber(page);
	all_visible = PageIsAllVisible(page) && !reader->snapshot->takenDuringRecovery;
	for (OffsetNumber offset = FirstOffsetNumber; offset <= last; offset++)
	{
		ItemId item = PageGetItemId(page, offset);

		if (!ItemIdIsNormal(item))
			continue;
		if (!all_visible)
		{
			HeapTupleData tuple = {.t_len = ItemIdGetLength(item),
								   .t_tableOid = RelationGetRelid(reader->rel),
								   .t_data = (HeapTupleHeader) PageGetItem(page, item)};

			ItemPointerSet(&tuple.t_self, block, offset);
			if (!HeapTupleSatisfiesVisibility(&tuple, reader->snapshot, buffer))
				continue;
		}
		reader->offsets[count++] = offset;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	reader->rows.count = count;
}

static inline void
prefetch_row(const TaReader *reader, Page page, int row)
{
	__builtin_prefetch(PageGetItem(page, PageGetItemId(page, reader->offsets[row])));
}

static void
read_page(TaReader *reader, BlockNumber block, TaRowsFunction take, void *arg)
{
	Buffer buffer =
		ReadBufferExtended(reader->rel, MAIN_FORKNUM, block, RBM_NORMAL, reader->strategy);
	Page page = BufferGetPage(buffer);

	find_visible(reader, block, buffer);
	for (int row = 0; row < Min(AHEAD, reader->rows.count); row++)
		prefetch_row(reader, page, row);
	/* what is visible stays where it is while the page is pinned */
	for (int row = 0; row < reader->rows.count; row++)
	{
		ItemId item = PageGetItemId(page, reader->offsets[row]);

		if (row + AHEAD < reader->rows.count)
			prefetch_row(reader, page, row + AHEAD);
		ItemPointerSet(&reader->rows.tids[row], block, reader->offsets[row]);
		take_columns(reader, row, (HeapTupleHeader) PageGetItem(page, item));
	}
	if (reader->rows.count > 0)
		take(&reader->rows, arg);
	ReleaseBuffer(buffer);
}

/* The rows on these pages, the last not included. */
void
ta_reader_pages(TaReader *reader, BlockNumber from, BlockNumber to, TaRowsFunction take, void *arg)
{
	for (BlockNumber block = from; block < to; block++)
	{
		CHECK_FOR_INTERRUPTS();
		read_page(reader, block, take, arg);
	}
}

/* ---- any table ---- */

/* All rows, one by one. */
void
ta_reader_all(TaReader *reader, TaRowsFunction take, void *arg)
{
	TableScanDesc scan = ta_table_beginscan(reader->rel, reader->snapshot);
	TupleTableSlot *slot = table_slot_create(reader->rel, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < reader->ncolumns; i++)
			reader->rows.values[i][0] =
				slot_getattr(slot, reader->attnums[i], &reader->rows.nulls[i][0]);
		reader->rows.tids[0] = slot->tts_tid;
		reader->rows.count = 1;
		take(&reader->rows, arg);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}
