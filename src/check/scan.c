/*
 * src/check/scan.c
 *		Orphans found by one scan of each table.
 *
 * The parent's keys are read into a set (check/keyset), then the child is
 * scanned once by an aggregate that looks each key up (check/keysearch).  Both
 * are queries of the caller's: rights, row security, visibility, partitions and
 * workers are PostgreSQL's.  Both see the same snapshot, or a child whose
 * parent came in between would be an orphan.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/ident.h"
#include "base/spi.h"
#include "check/keyset.h"
#include "check/scan.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

typedef struct TaScan
{
	Oid child;
	Oid parent;
	int ncolumns;
	TaKeyColumn columns[INDEX_MAX_KEYS];
	char *parent_columns[INDEX_MAX_KEYS]; /* quoted */
	char *child_values[INDEX_MAX_KEYS]; /* t."userId", or what it is compared as */
	TaKeyBuild *build;
	bool too_big;
	bool done;
	MemoryContext context;
	char *result; /* of the aggregate */
} TaScan;

/* ---- what can be done ---- */

/* Whether equal values of the two types have equal bytes as keys. */
static bool
same_bytes(Oid a, Oid b)
{
	TaKeyKind kind = ta_key_kind(a);

	return kind != TA_KEY_NONE && kind == ta_key_kind(b) && (kind != TA_KEY_FIXED || a == b);
}

/*
 * The column pair, whose values are compared by PostgreSQL's own operator; the
 * child's are cast to what it takes, where they are something else.
 */
static bool
plan_column(TaScan *scan, const TaColumn *column, const TaColumn *key)
{
	TaKeyColumn *planned = &scan->columns[scan->ncolumns];
	Oid parent_type = getBaseType(key->type);
	Oid child_type = getBaseType(column->type);
	Oid op = ta_key_operator(key->type, column->type);
	char *value = psprintf("t.%s", ta_ident_quote(column->name));
	Oid left;
	Oid right;

	if (!OidIsValid(op) || op >= FirstNormalObjectId)
		return false;
	op_input_types(op, &left, &right);
	if (left == ANYENUMOID)
		left = parent_type;
	if (right == ANYENUMOID)
		right = parent_type;
	if (!same_bytes(child_type, right))
	{
		child_type = right;
		value =
			psprintf("CAST(%s AS %s)", value,
					 format_type_extended(right, -1,
										  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	if (!same_bytes(parent_type, left) || !same_bytes(parent_type, child_type))
		return false;
	/* the key's collation decides; by one that is not deterministic, different bytes may be equal */
	if (type_is_collatable(parent_type) &&
		(!OidIsValid(key->collation) || !get_collation_isdeterministic(key->collation)))
		return false;

	planned->kind = ta_key_kind(parent_type);
	planned->parent_type = parent_type;
	planned->child_type = child_type;
	planned->parent_attnum = key->attnum;
	get_typlenbyval(child_type, &planned->length, &planned->by_value);
	namestrcpy(&planned->child_name, column->name);
	scan->parent_columns[scan->ncolumns] = ta_ident_quote(key->name);
	scan->child_values[scan->ncolumns] = value;
	scan->ncolumns++;
	return true;
}

static bool
is_table(Oid relid)
{
	char kind = ta_rel_kind(relid);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

static bool
plan_scan(TaScan *scan, List *columns, List *key_columns)
{
	ListCell *lc;
	ListCell *lk;

	if (!is_table(scan->child) || !is_table(scan->parent) || columns == NIL ||
		list_length(columns) != list_length(key_columns) || list_length(columns) > INDEX_MAX_KEYS)
		return false;
	/* a set is no more than a query: it could be told from outside which parents a policy hides */
	if (check_enable_rls(scan->parent, InvalidOid, true) == RLS_ENABLED)
		return false;
	forboth(lc, columns, lk, key_columns)
	{
		TaColumn *column = ta_rel_column(scan->child, lfirst(lc));
		TaColumn *key = ta_rel_column(scan->parent, lfirst(lk));

		if (column == NULL || key == NULL || !plan_column(scan, column, key))
			return false;
	}
	return true;
}

/* The rows a key of the table sees: not those of its inheritance children. */
static char *
rows_of(Oid relid)
{
	return psprintf("%s%s", ta_rel_has_inheritance_children(relid) ? "ONLY " : "",
					ta_rel_qualified(relid));
}

/* ---- the parent's keys ---- */

/* Rows as ANALYZE or VACUUM last knew them; 0: unknown, or of a partitioned table. */
static double
estimated_rows(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	double rows = 0;

	if (HeapTupleIsValid(tuple))
	{
		rows = Max(((Form_pg_class) GETSTRUCT(tuple))->reltuples, 0);
		ReleaseSysCache(tuple);
	}
	return rows;
}

static bool
keep_range(TupleTableSlot *slot, void *arg)
{
	TaScan *scan = arg;
	Oid type = scan->columns[0].parent_type;

	slot_getallattrs(slot);
	if (!slot->tts_isnull[0])
		ta_keyset_use_bitmap(scan->build, ta_key_int(type, slot->tts_values[0]),
							 ta_key_int(type, slot->tts_values[1]), estimated_rows(scan->parent));
	return true;
}

/* SELECT pg_catalog.min(p.id), pg_catalog.max(p.id) FROM s."Users" p */
static void
choose_bitmap(TaScan *scan)
{
	const char *column = scan->parent_columns[0];

	if (scan->ncolumns == 1 && scan->columns[0].kind == TA_KEY_INT)
		ta_spi_stream(psprintf("SELECT pg_catalog.min(p.%s), pg_catalog.max(p.%s) FROM %s p",
							   column, column, rows_of(scan->parent)),
					  false, keep_range, scan);
}

static bool
keep_key(TupleTableSlot *slot, void *arg)
{
	TaScan *scan = arg;

	slot_getsomeattrs(slot, scan->ncolumns);
	for (int i = 0; i < scan->ncolumns; i++)
	{
		if (slot->tts_isnull[i])
			return true; /* equal to nothing */
	}
	scan->too_big = !ta_keyset_add(scan->build, slot->tts_values);
	return !scan->too_big;
}

/* SELECT p.id FROM s."Users" p; NULL: there are too many. */
static TaKeySet *
read_keys(TaScan *scan)
{
	StringInfoData sql;

	scan->build = ta_keyset_begin(scan->parent, scan->columns, scan->ncolumns,
								  (Size) maintenance_work_mem * 1024);
	choose_bitmap(scan);
	initStringInfo(&sql);
	for (int i = 0; i < scan->ncolumns; i++)
		appendStringInfo(&sql, "%s p.%s", i == 0 ? "SELECT" : ",", scan->parent_columns[i]);
	appendStringInfo(&sql, " FROM %s p", rows_of(scan->parent));
	ta_spi_stream(sql.data, false, keep_key, scan);
	if (!scan->too_big)
		return ta_keyset_finish(scan->build, max_parallel_workers_per_gather > 0);
	ta_keyset_abandon(scan->build);
	return NULL;
}

/* ---- the child ---- */

static bool
keep_result(TupleTableSlot *slot, void *arg)
{
	TaScan *scan = arg;
	MemoryContext old = MemoryContextSwitchTo(scan->context);

	slot_getallattrs(slot);
	scan->result = TextDatumGetCString(slot->tts_values[0]);
	MemoryContextSwitchTo(old);
	return true;
}

/* SELECT assoc_internal.orphan_keys(4711::bigint, 10, t."userId") FROM s."Todos" t */
static void
scan_child(TaScan *scan, const TaKeySet *set, int max_samples)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT assoc_internal.orphan_keys(" INT64_FORMAT "::pg_catalog.int8, %d",
					 set->handle, max_samples);
	for (int i = 0; i < scan->ncolumns; i++)
		appendStringInfo(&sql, ", %s", scan->child_values[i]);
	appendStringInfo(&sql, ") FROM %s t", rows_of(scan->child));
	ta_spi_stream(sql.data, set->shared, keep_result, scan);
}

/*
 * Counts the child's rows that refer to no parent (MATCH SIMPLE), and shows
 * the keys of some: a JSON array of objects.  As the caller, by the latest
 * snapshot.  method: bitmap or hash.  False: a type, a collation, a row
 * security policy or maintenance_work_mem stands in the way; use
 * ta_ddl_key_orphans.
 */
bool
ta_scan_orphans(Oid child, List *columns, Oid parent, List *key_columns, int max_samples,
				int64 *count, char **samples, const char **method)
{
	TaScan *scan = palloc0(sizeof(TaScan));
	void *mark = ta_keyset_mark();

	scan->context = CurrentMemoryContext;
	scan->child = child;
	scan->parent = parent;
	if (!plan_scan(scan, columns, key_columns))
		return false;

	/* what this command has changed so far is seen, as by any query of its own */
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	PG_TRY();
	{
		const TaKeySet *set = read_keys(scan);

		if (set != NULL)
		{
			*method = set->bitmap ? "bitmap" : "hash";
			scan_child(scan, set, max_samples);
			scan->done = true;
		}
	}
	PG_FINALLY();
	{
		ta_keyset_release(mark);
	}
	PG_END_TRY();
	PopActiveSnapshot();
	if (scan->done)
	{
		*count = strtoll(scan->result, samples, 10);
		(*samples)++;
	}
	return scan->done;
}
