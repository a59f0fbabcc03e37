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
#include "pg/facts.h"

/* a table of fewer rows is read as fast without an index; of more, never mind it */
#define ROWS_SMALL 1000
#define ROWS_LARGE 1000000

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
	HASHCTL ctl = {.keysize = sizeof(Oid),
				   .entrysize = sizeof(IndexSlot),
				   .hcxt = CurrentMemoryContext};
	HTAB *slots =
		hash_create("todo_assoc indexes", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

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
why_unusable(const IndexSlot *slot, List *columns)
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
		if (strcmp(row->method, "btree") != 0)
			return psprintf("index %s is a %s", name, row->method);
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

/* Each deleted parent, or one whose key changes, has its children looked for. */
static void
check_unindexed(TaSubject *subject, const TaState *state, const IndexSlot *slot)
{
	const TaReference *reference = state->reference;
	double rows = rows_of(state->child_rel);
	Datum parent = ObjectIdGetDatum(state->parent_rel);
	int64 deleted = DatumGetInt64(OidFunctionCall1(F_PG_STAT_GET_TUPLES_DELETED, parent));
	int64 updated = DatumGetInt64(OidFunctionCall1(F_PG_STAT_GET_TUPLES_UPDATED, parent));
	bool acts = strcmp(state->on_delete.value, "NO ACTION") != 0 &&
				strcmp(state->on_delete.value, "RESTRICT") != 0;
	TaSeverity severity = TA_INFO;
	char *why = why_unusable(slot, reference->columns);

	/* where an index is wanted, the plan has it */
	if (reference->index.value == NULL || strcmp(reference->index.value, "false") != 0 ||
		OidIsValid(state->serving_index) || strchr("rpm", ta_rel_kind(state->child_rel)) == NULL)
		return;
	if (rows >= ROWS_SMALL && (acts || deleted > 0))
		severity = rows >= ROWS_LARGE && deleted > 0 ? TA_ERROR : TA_WARNING;
	ta_subject_add(
		subject, state, severity, why != NULL ? "fk_index_unusable" : "fk_index_missing",
		psprintf("%s is read whole for each row of %s that is deleted: no index serves %s%s%s",
				 ta_rel_shown(state->child_rel), ta_rel_shown(state->parent_rel),
				 ta_ident_columns(reference->columns), why != NULL ? "; " : "",
				 why != NULL ? why : ""),
		psprintf("CREATE INDEX ON %s (%s);", ta_rel_qualified(state->child_rel),
				 ta_ident_columns(reference->columns)),
		ta_subject_lock("SHARE", state->child_rel,
						psprintf("scans it; ON DELETE %s, %.0f rows, of %s " INT64_FORMAT
								 " deleted, " INT64_FORMAT " updated",
								 state->on_delete.value, rows, ta_rel_shown(state->parent_rel),
								 deleted, updated)));
}

/* What a failed CREATE INDEX CONCURRENTLY leaves: it costs every write, and serves nobody. */
static void
check_invalid(TaSubject *subject, const TaState *state, const IndexSlot *slot)
{
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->indexes : NIL)
	{
		IndexRow *row = lfirst(lc);

		if (row->valid || row->bound || leading(row, state->reference->columns) == 0)
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
			leading(a, state->reference->columns) == 0)
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
		List *pair = list_copy(decl->foreign_key);
		ListCell *lk;
		char *key;

		if (decl->kind != TA_BELONGS_TO_MANY ||
			strcmp(decl->reference, state->reference->name) != 0)
			continue;
		foreach(lk, decl->other_key)
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

	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);
		IndexSlot *slot;

		if (!ta_subject_stands(state))
			continue;
		slot = hash_search(slots, &state->child_rel, HASH_FIND, NULL);
		check_unindexed(subject, state, slot);
		check_invalid(subject, state, slot);
		if (slot != NULL)
			check_redundant(subject, state, slot);
		if (state->reference->junction)
			check_junction(subject, state, slot, &told);
	}
	hash_destroy(slots);
}
