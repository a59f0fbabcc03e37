/*
 * src/check/indexes.c
 *		Indexes of foreign keys: none although the key needs one, unfit, double.
 *
 * An index that is wanted and missing is the plan's to say, as is the unique
 * one of a has_one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/ident.h"
#include "base/spi.h"
#include "check/subject.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/facts.h"
#include "schema/soft.h"

/* a table of fewer rows is read as fast without an index; of more, never mind it */
#define ROWS_SMALL 1000
#define ROWS_LARGE 1000000

/* fewer children than these, all and of one parent, are sorted as fast as they are read in order */
#define ROWS_SORTED 10000
#define ROWS_SORTED_OF_ONE 20

typedef struct IndexRow
{
	Oid oid;
	List *columns; /* of char *: names; an expression's is "" */
	char *order; /* operator classes, collations and options of these */
	char *method;
	bool valid;
	bool partial;
	bool unique;
	bool bound; /* a constraint's, a partition's, or with INCLUDE: not to be dropped lightly */
} IndexRow;

typedef struct IndexSlot
{
	Oid relid; /* hash key */
	List *indexes; /* of IndexRow */
} IndexSlot;

static bool
is_true(HeapTuple tuple, TupleDesc desc, int column)
{
	return strcmp(ta_spi_text(tuple, desc, column), "t") == 0;
}

static void
read_index(HeapTuple tuple, TupleDesc desc, void *arg)
{
	HTAB *slots = arg;
	Oid relid = atooid(ta_spi_text(tuple, desc, 1));
	IndexRow *row = palloc0(sizeof(IndexRow));
	bool found;
	IndexSlot *slot = hash_search(slots, &relid, HASH_ENTER, &found);

	if (!found)
		slot->indexes = NIL;
	row->oid = atooid(ta_spi_text(tuple, desc, 2));
	row->columns = ta_ident_from_array(ta_spi_text(tuple, desc, 3));
	row->order = ta_spi_text(tuple, desc, 4);
	row->method = ta_spi_text(tuple, desc, 5);
	row->valid = is_true(tuple, desc, 6);
	row->partial = is_true(tuple, desc, 7);
	row->unique = is_true(tuple, desc, 8);
	row->bound = is_true(tuple, desc, 9);
	slot->indexes = lappend(slot->indexes, row);
}

/* The indexes of all tables that hold foreign keys, by table. */
static HTAB *
read_indexes(const TaSubject *subject)
{
	HTAB *slots = ta_subject_by_oid("todo_assoc indexes", sizeof(IndexSlot));

	ta_spi_query(
		psprintf(
			"SELECT i.indrelid::pg_catalog.text, i.indexrelid::pg_catalog.text,"
			" ARRAY(SELECT COALESCE(a.attname::pg_catalog.text, '')"
			" FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(n, at)"
			" LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid"
			" AND a.attnum OPERATOR(pg_catalog.=) k.n AND k.n OPERATOR(pg_catalog.>) 0"
			" WHERE k.at OPERATOR(pg_catalog.<=) i.indnkeyatts ORDER BY k.at),"
			" (SELECT pg_catalog.string_agg(pg_catalog.concat_ws('/', i.indclass[g.n],"
			" i.indcollation[g.n], i.indoption[g.n]), ' ' ORDER BY g.n)"
			" FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) g(n))"
			" OPERATOR(pg_catalog.||) ' ',"
			" m.amname::pg_catalog.text, i.indisvalid, i.indpred IS NOT NULL, i.indisunique,"
			" x.relispartition OR i.indnatts OPERATOR(pg_catalog.>) i.indnkeyatts"
			" OR i.indisreplident OR EXISTS (SELECT FROM pg_catalog.pg_constraint c"
			" WHERE c.conindid OPERATOR(pg_catalog.=) i.indexrelid)"
			" FROM pg_catalog.pg_index i"
			" JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid"
			" JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) x.relam"
			" WHERE i.indrelid OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.oid[])"
			" ORDER BY i.indexrelid",
			ta_subject_tables(subject, false)),
		read_index, slots);
	return slots;
}

/* How many of the leading columns of the index are wanted ones. */
static int
leading(const IndexRow *row, List *columns)
{
	int count = 0;

	while (count < list_length(row->columns) &&
		   ta_ident_list_has(columns, list_nth(row->columns, count)))
		count++;
	return count;
}

static bool
has_all(const IndexRow *row, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		if (!ta_ident_list_has(row->columns, lfirst(lc)))
			return false;
	}
	return true;
}

/* Why an index that has the columns does not serve, or NULL when there is none. */
static char *
why_unusable(const IndexSlot *slot, List *columns, bool element)
{
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->indexes : NIL)
	{
		IndexRow *row = lfirst(lc);
		char *name = ta_ident_quote(get_rel_name(row->oid));

		if (!has_all(row, columns))
			continue;
		if (!row->valid)
			return psprintf("index %s is invalid", name);
		if (row->partial)
			return psprintf("index %s is partial", name);
		if (strcmp(row->method, element ? "gin" : "btree") != 0)
			return psprintf("index %s is a %s", name, row->method);
		if (element)
			return psprintf("index %s has another operator class or collation", name);
		if (leading(row, columns) < list_length(columns))
			return psprintf("index %s has other columns in front", name);
		return psprintf("index %s has another collation", name);
	}
	return NULL;
}

/* Rows of a table as PostgreSQL last counted them; 0: it did not. */
static double
rows_of(Oid relid)
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

/* What PostgreSQL has counted of all tables that the reference leads to. */
typedef struct ParentCounts
{
	double rows;
	int64 deleted;
	int64 updated;
} ParentCounts;

static ParentCounts
counts_of(const TaState *state)
{
	ParentCounts counts = {0};
	List *told = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
	{
		Oid relid = ((TaStateTarget *) lfirst(lc))->relid;
		Datum parent = ObjectIdGetDatum(relid);

		if (list_member_oid(told, relid))
			continue;
		told = lappend_oid(told, relid);
		counts.rows += rows_of(relid);
		counts.deleted += DatumGetInt64(OidFunctionCall1(F_PG_STAT_GET_TUPLES_DELETED, parent));
		counts.updated += DatumGetInt64(OidFunctionCall1(F_PG_STAT_GET_TUPLES_UPDATED, parent));
	}
	return counts;
}

/* Each deleted parent, or one whose key changes, has its children looked for; of several targets by one index. */
static void
check_unindexed(TaSubject *subject, const TaState *state, const IndexSlot *slot)
{
	const TaReference *reference = state->reference;
	const TaState *all = state->filter != NULL ? state->whole : state;
	List *columns = ta_reference_columns(reference);
	double rows = rows_of(state->child_rel);
	ParentCounts parents = counts_of(all);
	char *shown = ta_state_parents_shown(all, "or");
	bool acts = strcmp(state->on_delete.value, "NO ACTION") != 0 &&
				strcmp(state->on_delete.value, "RESTRICT") != 0;
	TaSeverity severity = TA_INFO;
	char *why = why_unusable(slot, columns, reference->element);

	/* where an index is wanted, the plan has it */
	if (reference->index.value == NULL || strcmp(reference->index.value, "false") != 0 ||
		OidIsValid(state->serving_index) || strchr("rpm", ta_rel_kind(state->child_rel)) == NULL)
		return;
	if (rows >= ROWS_SMALL && (acts || parents.deleted > 0))
		severity = rows >= ROWS_LARGE && parents.deleted > 0 ? TA_ERROR : TA_WARNING;
	ta_subject_add(
		subject, state, severity, why != NULL ? "fk_index_unusable" : "fk_index_missing",
		psprintf("%s is read whole for each row of %s that is deleted: no index serves %s%s%s",
				 ta_rel_shown(state->child_rel), shown, ta_ident_columns(columns),
				 why != NULL ? "; " : "", why != NULL ? why : ""),
		psprintf("CREATE INDEX ON %s%s (%s);", ta_rel_qualified(state->child_rel),
				 reference->element ? " USING gin" : "", ta_ident_columns(columns)),
		ta_subject_lock("SHARE", state->child_rel,
						psprintf("scans it; ON DELETE %s, %.0f rows, of %s " INT64_FORMAT
								 " deleted, " INT64_FORMAT " updated",
								 state->on_delete.value, rows, shown, parents.deleted,
								 parents.updated)));
}

/* What a failed CREATE INDEX CONCURRENTLY leaves: it costs every write, and serves nobody. */
static void
check_invalid(TaSubject *subject, const TaState *state, const IndexSlot *slot)
{
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->indexes : NIL)
	{
		IndexRow *row = lfirst(lc);

		if (row->valid || row->bound || leading(row, ta_reference_columns(state->reference)) == 0)
			continue;
		ta_subject_add(subject, state, TA_WARNING, "fk_index_invalid",
					   psprintf("index %s of %s is invalid", ta_ident_quote(get_rel_name(row->oid)),
								ta_rel_shown(state->child_rel)),
					   psprintf("DROP INDEX %s;", ta_rel_qualified(row->oid)),
					   ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, NULL));
	}
}

/* Whether b finds whatever a finds, in the same order. */
static bool
is_covered(const IndexRow *a, const IndexRow *b)
{
	int length = list_length(a->columns);

	if (a->oid == b->oid || !b->valid || b->partial || strcmp(a->method, b->method) != 0 ||
		length > list_length(b->columns) || strncmp(a->order, b->order, strlen(a->order)) != 0)
		return false;
	/* of two that are alike the younger goes */
	if (length == list_length(b->columns) && !b->unique && !b->bound && a->oid < b->oid)
		return false;
	for (int i = 0; i < length; i++)
	{
		const char *name = list_nth(a->columns, i);

		if (name[0] == '\0' || strcmp(name, list_nth(b->columns, i)) != 0)
			return false;
	}
	return true;
}

/* An index that begins another one. */
static void
check_redundant(TaSubject *subject, const TaState *state, IndexSlot *slot)
{
	ListCell *la;

	foreach(la, slot->indexes)
	{
		IndexRow *a = lfirst(la);
		ListCell *lb;

		if (!a->valid || a->partial || a->unique || a->bound || strcmp(a->method, "btree") != 0 ||
			leading(a, ta_reference_columns(state->reference)) == 0)
			continue;
		foreach(lb, slot->indexes)
		{
			IndexRow *b = lfirst(lb);

			if (!is_covered(a, b))
				continue;
			ta_subject_add(subject, state, TA_INFO, "index_redundant",
						   psprintf("index %s of %s finds nothing that %s does not find",
									ta_ident_quote(get_rel_name(a->oid)),
									ta_rel_shown(state->child_rel),
									ta_ident_quote(get_rel_name(b->oid))),
						   psprintf("DROP INDEX %s;", ta_rel_qualified(a->oid)),
						   ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, NULL));
			a->valid = false; /* it is told once, and no reason to drop another */
			break;
		}
	}
}

/* Whether an index has the foreign key's columns first, and then those of the order. */
static bool
is_ordered(const IndexSlot *slot, List *columns, List *order)
{
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->indexes : NIL)
	{
		IndexRow *row = lfirst(lc);
		int at = list_length(columns);
		ListCell *lo;
		bool all = row->valid && !row->partial && strcmp(row->method, "btree") == 0 &&
				   leading(row, columns) >= at;

		foreach(lo, order)
		{
			/* a column of the foreign key is the same in all children of one parent */
			if (!all || ta_ident_list_has(columns, lfirst(lo)))
				continue;
			all = at < list_length(row->columns) &&
				  strcmp(list_nth(row->columns, at++), lfirst(lo)) == 0;
		}
		if (all)
			return true;
	}
	return false;
}

/* Children that are always read in an order are sorted for each parent. */
static void
check_order(TaSubject *subject, const TaState *state, const IndexSlot *slot)
{
	double rows = rows_of(state->child_rel);
	double parents = counts_of(state->filter != NULL ? state->whole : state).rows;
	List *columns = ta_reference_columns(state->reference);
	ListCell *lc;

	/* no index gives the rows that hold an element in an order */
	if (state->reference->element || rows < ROWS_SORTED || parents < 1 ||
		rows / parents < ROWS_SORTED_OF_ONE || strchr("rpm", ta_rel_kind(state->child_rel)) == NULL)
		return;
	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if ((decl->kind != TA_HAS_MANY && decl->kind != TA_HAS_ONE) || decl->order_by == NULL ||
			is_ordered(slot, columns, ta_order_columns(decl->order_by)))
			continue;
		ta_subject_add_of(
			subject, decl, TA_INFO, "order_index_missing",
			psprintf("%s is sorted anew for each row of %s: no index has %s and then %s",
					 ta_decl_name(decl), ta_rel_shown(state->parent_rel), ta_ident_columns(columns),
					 ta_order_sql(decl->order_by, "")),
			psprintf("CREATE INDEX ON %s (%s, %s);", ta_rel_qualified(state->child_rel),
					 ta_ident_columns(columns), ta_order_sql(decl->order_by, "")),
			ta_subject_lock("SHARE", state->child_rel,
							psprintf("scans it; %.0f rows, %.0f for each row of %s", rows,
									 rows / parents, ta_rel_shown(state->parent_rel))));
	}
}

/* A has_one whose unique index also counts rows that are deleted softly: they keep the place of the next. */
static void
check_unique_of_living(TaSubject *subject, const TaState *state)
{
	const char *live = ta_soft_live_sql("", state->child, true);
	Oid index;

	if (live == NULL || state->reference->one == NULL)
		return;
	index = ta_rel_unique_index(state->child_rel, state->reference->columns);
	if (!OidIsValid(index))
		index = ta_rel_unique_index(state->child_rel, ta_reference_columns(state->reference));
	if (!OidIsValid(index))
		return;
	ta_subject_add_of(
		subject, state->reference->one, TA_INFO, "unique_counts_deleted",
		psprintf("a row of %s that is deleted softly keeps the place of the next: unique index %s "
				 "counts it",
				 ta_rel_shown(state->child_rel), ta_ident_quote(get_rel_name(index))),
		NULL,
		psprintf("Drop it, and SELECT * FROM assoc.apply() makes one of the rows with %s.", live));
}

/* Whether some unique index holds all of the pair: with more columns it is meant to. */
static bool
is_unique_pair(const IndexSlot *slot, Oid child, List *pair)
{
	ListCell *lc;

	if (OidIsValid(ta_rel_unique_index(child, pair)))
		return true;
	foreach(lc, slot != NULL ? slot->indexes : NIL)
	{
		IndexRow *row = lfirst(lc);

		if (row->valid && row->unique && !row->partial && has_all(row, pair))
			return true;
	}
	return false;
}

/* A junction in which the same two rows may be linked twice. */
static void
check_junction(TaSubject *subject, const TaState *state, const IndexSlot *slot, List **told)
{
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);
		List *pair = NIL;
		ListCell *lk;
		char *key;

		if (decl->kind != TA_BELONGS_TO_MANY ||
			strcmp(decl->reference, state->reference->name) != 0)
			continue;
		/* composite keys may share a column */
		foreach(lk, ta_decl_pair(decl))
		{
			if (!ta_ident_list_has(pair, lfirst(lk)))
				pair = lappend(pair, lfirst(lk));
		}
		/* the other side says the same the other way round */
		key = psprintf("%u %s", state->child_rel,
					   strcmp(decl->reference, decl->other_reference) < 0
						   ? psprintf("%s/%s", decl->reference, decl->other_reference)
						   : psprintf("%s/%s", decl->other_reference, decl->reference));
		if (ta_rel_kind(state->child_rel) != RELKIND_RELATION || ta_ident_list_has(*told, key) ||
			is_unique_pair(slot, state->child_rel, pair))
			continue;
		*told = lappend(*told, key);
		ta_subject_add_of(subject, decl, TA_WARNING, "junction_not_unique",
						  psprintf("%s may hold the same pair twice: no unique index on %s",
								   ta_rel_shown(state->child_rel), ta_ident_columns(pair)),
						  psprintf("CREATE UNIQUE INDEX ON %s (%s);",
								   ta_rel_qualified(state->child_rel), ta_ident_columns(pair)),
						  ta_subject_lock("SHARE", state->child_rel,
										  "scans it; fails while there are such pairs"));
	}
}

void
ta_check_indexes(TaSubject *subject)
{
	HTAB *slots = read_indexes(subject);
	List *told = NIL;
	ListCell *lc;

	foreach(lc, list_concat_copy(subject->facets, subject->natives))
	{
		const TaState *state = lfirst(lc);
		bool leads = state->filter == NULL || ta_subject_leads(state);
		IndexSlot *slot;

		if (!ta_subject_stands(state) ||
			(state->filter == NULL && state->whole != NULL && state->mode != TA_MODE_FOREIGN_KEY))
			continue;
		slot = hash_search(slots, &state->child_rel, HASH_FIND, NULL);
		/* native keys find children by their own columns */
		if (leads && !(state->filter != NULL && ta_subject_by_natives(state)))
			check_unindexed(subject, state, slot);
		/* rows are read by the type and the key, however they are enforced */
		if (state->filter != NULL || state->whole == NULL)
			check_order(subject, state, slot);
		check_unique_of_living(subject, state);
		if (leads)
			check_invalid(subject, state, slot);
		if (leads && slot != NULL)
			check_redundant(subject, state, slot);
		if (state->reference->junction)
			check_junction(subject, state, slot, &told);
	}
	hash_destroy(slots);
}
