/*
 * src/check/scan.c
 *		Orphans of all references of a child, found by one scan of each table.
 *
 * Each parent's keys are read into a set (keyset), then the child is scanned
 * once, and the keys of all its references are looked up (childscan).  All of
 * it is by one snapshot, or a child whose parent came in between would be an
 * orphan.  What can't be done so, or may not, is left to the anti-join.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/ident.h"
#include "base/spi.h"
#include "check/childscan.h"
#include "check/scan.h"
#include "check/work.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* A parent's keys; several references may share them. */
typedef struct Keys
{
	Oid parent;
	List *columns; /* of char * */
	TaKeyShape shape;
	Oid types[INDEX_MAX_KEYS]; /* base types of the columns */
	bool tried;
	bool too_big; /* for all the memory there is */
	TaKeySet *set; /* NULL: none, in this pass */
} Keys;

/* How a reference is looked up. */
typedef struct Planned
{
	TaScanReference *reference;
	Keys *keys;
	TaKeySource source;
	StringInfoData filter;
} Planned;

typedef struct Scan
{
	Oid child;
	List *columns; /* of char *: those of the child that are read */
	List *planned; /* of Planned */
	List *keys; /* of Keys */
	TaLeaves *leaves;
	int max_places;
	const char *names; /* NULL: it is not told how far it is */
	int percent;
} Scan;

/* ---- what can be done ---- */

static bool
is_table(Oid relid)
{
	char kind = ta_rel_kind(relid);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

/* Whether bytes tell which values are equal: by a collation that is not deterministic, different ones may be. */
static bool
bytes_decide(Oid type, Oid collation)
{
	return ta_key_kind(type) != TA_KEY_NONE &&
		   (!type_is_collatable(type) ||
			(OidIsValid(collation) && get_collation_isdeterministic(collation)));
}

/* The place of the column among those that are read. */
static int
column_index(Scan *scan, const char *name)
{
	ListCell *lc;

	foreach(lc, scan->columns)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return foreach_current_index(lc);
	}
	scan->columns = lappend(scan->columns, unconstify(char *, name));
	return list_length(scan->columns) - 1;
}

/* Finds PostgreSQL's own cast from one base type to another; InvalidOid: values stay as they are. */
static bool
find_cast(Oid from, Oid to, Oid *function)
{
	CoercionPathType path = find_coercion_pathway(to, from, COERCION_IMPLICIT, function);

	if (path == COERCION_PATH_RELABELTYPE)
		return true;
	return path == COERCION_PATH_FUNC && *function < FirstNormalObjectId &&
		   get_func_nargs(*function) == 1;
}

/*
 * The column pair, whose values are compared by PostgreSQL's own operator; the
 * child's are cast to what it takes, where they are something else.
 */
static bool
plan_column(Scan *scan, Planned *planned, const TaColumn *column, const TaColumn *key)
{
	TaKeySource *source = &planned->source;
	Keys *keys = planned->keys;
	Oid parent_type = getBaseType(key->type);
	Oid child_type = getBaseType(column->type);
	Oid op = ta_key_operator(key->type, column->type);
	Oid cast = InvalidOid;
	Oid left;
	Oid right;

	/* a column is read once */
	if (!OidIsValid(op) || op >= FirstNormalObjectId || ta_ident_list_has(keys->columns, key->name))
		return false;
	op_input_types(op, &left, &right);
	if (left == ANYENUMOID)
		left = parent_type;
	if (right == ANYENUMOID)
		right = parent_type;
	if (!ta_key_same_bytes(child_type, right))
	{
		if (!find_cast(child_type, right, &cast))
			return false;
		child_type = right;
	}
	/* the key's collation decides */
	if (!ta_key_same_bytes(parent_type, left) || !ta_key_same_bytes(parent_type, child_type) ||
		!bytes_decide(parent_type, key->collation))
		return false;

	source->columns[source->ncolumns] = column_index(scan, column->name);
	source->types[source->ncolumns] = child_type;
	source->casts[source->ncolumns] = cast;
	source->ncolumns++;
	keys->types[keys->shape.ncolumns] = parent_type;
	keys->columns = lappend(keys->columns, key->name);
	ta_key_shape_add(&keys->shape, parent_type);
	return true;
}

/* The rows of one type of a polymorphic child. */
static bool
plan_filter(Scan *scan, Planned *planned)
{
	const TaScanReference *reference = planned->reference;
	TaKeyFilter *filter = &planned->source.filter;
	TaColumn *column;
	int32 typmod;
	Oid input;
	Oid param;
	Datum value;

	filter->column = -1;
	if (reference->type_column == NULL)
		return true;
	column = ta_rel_column(scan->child, reference->type_column);
	if (column == NULL || !bytes_decide(getBaseType(column->type), column->collation))
		return false;
	typmod = column->typmod;
	filter->type = getBaseTypeAndTypmod(column->type, &typmod);
	ta_key_shape_add(&filter->shape, filter->type);
	getTypeInputInfo(filter->type, &input, &param);
	value = OidInputFunctionCall(input, unconstify(char *, reference->type_value), param, typmod);
	initStringInfo(&planned->filter);
	ta_key_put(&filter->shape, &filter->type, &value, &planned->filter);
	filter->length = planned->filter.len;
	filter->column = column_index(scan, column->name);
	return true;
}

/* The keys of the same columns that are already asked for, or these. */
static Keys *
share_keys(Scan *scan, Keys *keys)
{
	ListCell *lc;

	foreach(lc, scan->keys)
	{
		Keys *other = lfirst(lc);

		if (other->parent == keys->parent && ta_ident_lists_equal(other->columns, keys->columns))
			return other;
	}
	scan->keys = lappend(scan->keys, keys);
	return keys;
}

static void
plan_reference(Scan *scan, TaScanReference *reference)
{
	Planned *planned = palloc0(sizeof(Planned));
	ListCell *lc;
	ListCell *lk;

	planned->reference = reference;
	planned->keys = palloc0(sizeof(Keys));
	planned->keys->parent = reference->parent;
	if (!is_table(reference->parent) || reference->columns == NIL ||
		list_length(reference->columns) != list_length(reference->key) ||
		list_length(reference->columns) > INDEX_MAX_KEYS)
		return;
	forboth(lc, reference->columns, lk, reference->key)
	{
		TaColumn *column = ta_rel_column(scan->child, lfirst(lc));
		TaColumn *key = ta_rel_column(reference->parent, lfirst(lk));

		if (column == NULL || key == NULL || !plan_column(scan, planned, column, key))
			return;
	}
	if (!plan_filter(scan, planned))
		return;
	planned->keys = share_keys(scan, planned->keys);
	scan->planned = lappend(scan->planned, planned);
}

/* ---- a parent's keys ---- */

typedef struct Reading
{
	TaKeyBuild *build;
	int ncolumns;
	bool too_big;
} Reading;

static bool
keep_range(TupleTableSlot *slot, void *arg)
{
	int64 *range = arg;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0])
		return false;
	range[0] = DatumGetInt64(slot->tts_values[0]);
	range[1] = DatumGetInt64(slot->tts_values[1]);
	range[2] = true;
	return true;
}

/* SELECT pg_catalog.min(p.id)::pg_catalog.int8, pg_catalog.max(p.id)::pg_catalog.int8 FROM s."Users" p */
static void
choose_bitmap(const Keys *keys, TaKeyBuild *build, double rows)
{
	char *column;
	int64 range[3] = {0};

	if (keys->shape.ncolumns > 1 || keys->shape.columns[0].kind != TA_KEY_INT)
		return;
	column = ta_ident_quote(linitial(keys->columns));
	ta_spi_stream(psprintf("SELECT pg_catalog.min(p.%s)::pg_catalog.int8, "
						   "pg_catalog.max(p.%s)::pg_catalog.int8 FROM %s%s p",
						   column, column,
						   ta_rel_has_inheritance_children(keys->parent) ? "ONLY " : "",
						   ta_rel_qualified(keys->parent)),
				  keep_range, range);
	if (range[2])
		ta_keyset_use_bitmap(build, range[0], range[1], rows);
}

/* Adds the parents of one page, as many as fit. */
static void
keep_keys(const TaRows *rows, void *arg)
{
	Reading *reading = arg;

	for (int row = 0; row < rows->count && !reading->too_big; row++)
	{
		Datum values[INDEX_MAX_KEYS];
		bool null = false;

		for (int i = 0; i < reading->ncolumns; i++)
		{
			values[i] = rows->values[i][row];
			null |= rows->nulls[i][row];
		}
		/* a key with a null is equal to nothing */
		if (!null)
			reading->too_big = !ta_keyset_add(reading->build, values);
	}
}

/* Reads the parent's keys into a set of at most so many bytes, if it can be done. */
static void
read_keys(Keys *keys, Size limit, bool shared)
{
	TaLeaves *leaves = ta_leaves(keys->parent, keys->columns);
	Reading reading = {.ncolumns = keys->shape.ncolumns};

	keys->tried = true;
	/* in a set it could be told from outside which parents a policy hides */
	if (leaves == NULL || !ta_leaves_readable(keys->parent, leaves->root, leaves->ncolumns))
		return;
	reading.build = ta_keyset_begin(&keys->shape, keys->types, limit);
	choose_bitmap(keys, reading.build, leaves->rows);
	ta_leaves_read(leaves, keep_keys, &reading);
	keys->too_big = reading.too_big;
	if (reading.too_big)
		ta_keyset_abandon(reading.build);
	else
		keys->set = ta_keyset_finish(reading.build, shared);
}

/* ---- a pass ---- */

/* Makes as many sets as fit into memory together; those that only fit alone are for a later pass. */
static void
make_sets(Scan *scan)
{
	Size limit = (Size) maintenance_work_mem * 1024;
	Size left = limit;
	ListCell *lc;

	foreach(lc, scan->keys)
	{
		Keys *keys = lfirst(lc);

		if (keys->tried)
			continue;
		read_keys(keys, left, scan->leaves->workers > 0);
		if (keys->set != NULL)
			left -= Min(keys->set->size, left);
		else if (keys->too_big && left < limit)
			keys->tried = false;
	}
}

static void
say_progress(uint64 done, uint64 units, void *arg)
{
	Scan *scan = arg;
	int percent = (int) (done * 100 / units);

	if (percent == scan->percent)
		return;
	scan->percent = percent;
	ta_work_say("checking", scan->names, (int64) done, (int64) units);
}

static void
keep_result(const Scan *scan, const TaLookup *lookup, int workers, TaScanReference *reference)
{
	const TaKeyResult *result = lookup->result;

	reference->method = lookup->set->layout == TA_SET_BITMAP ? "bitmap" : "hash";
	reference->count = result->count;
	reference->workers = workers;
	reference->nplaces = result->nplaces;
	reference->places = palloc(sizeof(TaOrphanPlace) * result->nplaces);
	for (int i = 0; i < result->nplaces; i++)
	{
		reference->places[i].relid = scan->leaves->leaf[result->places[i].leaf].relid;
		reference->places[i].tid = result->places[i].tid;
	}
}

/* Looks up the references whose sets there are. */
static void
look_up(Scan *scan)
{
	TaLookup *lookups = palloc0(sizeof(TaLookup) * list_length(scan->planned));
	TaScanReference **references = palloc(sizeof(TaScanReference *) * list_length(scan->planned));
	int count = 0;
	int workers = scan->leaves->workers;
	ListCell *lc;

	foreach(lc, scan->planned)
	{
		Planned *planned = lfirst(lc);

		if (planned->keys->set == NULL)
			continue;
		/* there was no segment left for it */
		if (planned->keys->set->handle == 0)
			workers = 0;
		references[count] = planned->reference;
		lookups[count].source = planned->source;
		lookups[count].filter = planned->filter.data;
		lookups[count].set = planned->keys->set;
		count++;
	}
	if (count == 0)
		return;
	scan->percent = -1;
	workers = ta_childscan_run(scan->child, scan->leaves, lookups, count, scan->max_places, workers,
							   scan->names != NULL ? say_progress : NULL, scan);
	for (int i = 0; i < count; i++)
		keep_result(scan, &lookups[i], workers, references[i]);
}

/* Whether there are keys that had to wait. */
static bool
is_left(const Scan *scan)
{
	ListCell *lc;

	foreach(lc, scan->keys)
	{
		if (!((Keys *) lfirst(lc))->tried)
			return true;
	}
	return false;
}

/* Scans the child, again if not all sets fit into memory at once. */
static void
run_passes(Scan *scan)
{
	void *mark = ta_keyset_mark();

	while (is_left(scan))
	{
		ListCell *lc;

		PG_TRY();
		{
			make_sets(scan);
			look_up(scan);
		}
		PG_FINALLY();
		{
			ta_keyset_release(mark);
		}
		PG_END_TRY();
		foreach(lc, scan->keys)
			((Keys *) lfirst(lc))->set = NULL;
	}
}

/*
 * Counts, for each reference (TaScanReference) of the child, the rows that
 * refer to no parent (MATCH SIMPLE), and tells where the first some of them
 * are.  As the caller, by the latest snapshot.  Where a type, a collation, a
 * privilege, row security or maintenance_work_mem stands in the way, it is not
 * done, and an anti-join has to do it.  names: of the references, for
 * assoc.running.
 */
void
ta_scan_references(Oid child, List *references, int max_places, const char *names)
{
	Scan scan = {.child = child, .max_places = max_places, .names = names};
	ListCell *lc;

	if (!is_table(child))
		return;
	foreach(lc, references)
		plan_reference(&scan, lfirst(lc));
	if (scan.planned == NIL)
		return;

	/* what this command has changed so far is seen, as by any query of its own */
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	scan.leaves = ta_leaves(child, scan.columns);
	if (scan.leaves != NULL && ta_leaves_readable(child, scan.leaves->root, scan.leaves->ncolumns))
		run_passes(&scan);
	PopActiveSnapshot();
}
