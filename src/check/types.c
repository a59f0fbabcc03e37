/*
 * src/check/types.c
 *		Columns that refer, against the columns they refer to; keys that run out.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/ident.h"
#include "base/spi.h"
#include "check/subject.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* from this part of a type's range on, in percent */
#define PERCENT_WARNING 50
#define PERCENT_ERROR 90

/* A sequence that gives the values of a column. */
typedef struct Source
{
	char *column;
	char *sequence; /* qualified */
	bool identity;
	bool visible; /* else its value is not known */
	int64 last;
	bool reported;
} Source;

/* The sequences of a table. */
typedef struct SourceSlot
{
	Oid relid; /* hash key */
	List *sources; /* of Source */
} SourceSlot;

static void
read_source(HeapTuple tuple, TupleDesc desc, void *arg)
{
	HTAB *slots = arg;
	Oid relid = atooid(ta_spi_text(tuple, desc, 1));
	bool found;
	SourceSlot *slot = hash_search(slots, &relid, HASH_ENTER, &found);
	Source *source = palloc0(sizeof(Source));
	char *last = ta_spi_text(tuple, desc, 6);

	if (!found)
		slot->sources = NIL;
	source->column = ta_spi_text(tuple, desc, 2);
	source->sequence = ta_rel_qualified(atooid(ta_spi_text(tuple, desc, 3)));
	source->identity = strcmp(ta_spi_text(tuple, desc, 4), "i") == 0;
	source->visible = strcmp(ta_spi_text(tuple, desc, 5), "t") == 0;
	source->last = last != NULL ? pg_strtoint64(last) : 0;
	slot->sources = lappend(slot->sources, source);
}

/* The sequences of all tables that are referred to, by table. */
static HTAB *
read_sources(const TaSubject *subject)
{
	HTAB *slots = ta_subject_by_oid("todo_assoc sequences", sizeof(SourceSlot));

	ta_spi_query(
		psprintf(
			"SELECT d.refobjid::pg_catalog.text, a.attname::pg_catalog.text,"
			" d.objid::pg_catalog.text, d.deptype::pg_catalog.text, p.may,"
			" CASE WHEN p.may THEN pg_catalog.pg_sequence_last_value(d.objid) END"
			" FROM pg_catalog.pg_depend d"
			" JOIN pg_catalog.pg_sequence s ON s.seqrelid OPERATOR(pg_catalog.=) d.objid"
			" JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid"
			" AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid"
			" CROSS JOIN LATERAL (SELECT pg_catalog.has_sequence_privilege(d.objid,"
			" 'SELECT, USAGE') AS may) p"
			" WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
			" AND d.refclassid OPERATOR(pg_catalog.=)"
			" 'pg_catalog.pg_class'::pg_catalog.regclass"
			" AND d.deptype OPERATOR(pg_catalog.=) ANY ('{a,i}'::pg_catalog.\"char\"[])"
			" AND d.refobjid OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.oid[])",
			ta_subject_tables(subject, true)),
		read_source, slots);
	return slots;
}

static Source *
source_of(HTAB *sources, Oid relid, const char *column)
{
	SourceSlot *slot = hash_search(sources, &relid, HASH_FIND, NULL);
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->sources : NIL)
	{
		Source *source = lfirst(lc);

		if (strcmp(source->column, column) == 0)
			return source;
	}
	return NULL;
}

/* The greatest value of an integer type; 0: it is none. */
static int64
greatest(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			return PG_INT16_MAX;
		case INT4OID:
			return PG_INT32_MAX;
		case INT8OID:
			return PG_INT64_MAX;
		default:
			return 0;
	}
}

/* How bad it is that the sequence has come so far. */
static TaSeverity
severity_of(const Source *source, int64 limit)
{
	double percent = source != NULL ? 100.0 * (double) source->last / (double) limit : 0;

	return percent >= PERCENT_ERROR ? TA_ERROR : percent >= PERCENT_WARNING ? TA_WARNING : TA_INFO;
}

/* ALTER TABLE .. ALTER COLUMN .. TYPE the key's; NULL: PostgreSQL refuses it while columns are generated from it. */
static char *
retype(const TaState *state, const char *column, const TaColumn *key)
{
	if (ta_subject_by_natives(state))
		return NULL;
	return psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s;", ta_rel_qualified(state->child_rel),
					ta_ident_quote(column),
					state->reference->element ? ta_array_type_sql(key) : ta_type_sql(key));
}

static char *
shown(Oid relid, const TaColumn *column)
{
	return psprintf("%s.%s %s", ta_rel_shown(relid), ta_ident_quote(column->name),
					ta_type_shown(column->type, column->typmod));
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

/* So many characters fit; -1: any number. */
static int32
length_of(const TaColumn *column)
{
	int32 typmod = column->typmod;
	Oid base = getBaseTypeAndTypmod(column->type, &typmod);

	return base != TEXTOID && typmod >= (int32) VARHDRSZ ? typmod - (int32) VARHDRSZ : -1;
}

/* What a fix locks, or what must be done before there is one. */
static char *
lock_of(const TaState *state, const char *more)
{
	if (ta_subject_by_natives(state))
		return psprintf("The columns of its foreign keys are generated from it: SELECT "
						"assoc.set_enforcement(%s, 'trigger') first, change it, and back.",
						quote_literal_cstr(ta_decl_name(state->reference->serves)));
	return ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, more);
}

static void
check_pair(TaSubject *subject, const TaState *state, const TaColumn *column, const TaColumn *key,
		   HTAB *sources)
{
	Oid type =
		getBaseType(state->reference->element ? ta_element_type(column->type) : column->type);
	Oid key_type = getBaseType(key->type);
	int64 limit = greatest(type);
	bool integers = limit > 0 && greatest(key_type) > 0;
	bool texts = is_text(type) && is_text(key_type);
	int32 length = length_of(state->reference->element ? ta_element_column(column) : column);
	int32 key_length = length_of(key);
	char *lock = lock_of(state, "rewrites it");

	if (integers && limit < greatest(key_type))
		ta_subject_add(subject, state,
					   severity_of(source_of(sources, state->parent_rel, key->name), limit),
					   "type_narrower",
					   psprintf("%s can't hold every value of %s", shown(state->child_rel, column),
								shown(state->parent_rel, key)),
					   retype(state, column->name, key), lock);
	else if (texts && length >= 0 && (key_length < 0 || length < key_length))
		ta_subject_add(subject, state, TA_WARNING, "type_narrower",
					   psprintf("%s can't hold every value of %s", shown(state->child_rel, column),
								shown(state->parent_rel, key)),
					   retype(state, column->name, key), lock_of(state, NULL));
	else if (type != key_type && !integers && !texts)
		ta_subject_add(subject, state, TA_WARNING, "type_differs",
					   psprintf("%s is compared with %s by a cast", shown(state->child_rel, column),
								shown(state->parent_rel, key)),
					   retype(state, column->name, key), lock);
	else if (OidIsValid(column->collation) && OidIsValid(key->collation) &&
			 column->collation != key->collation)
		ta_subject_add(subject, state,
					   get_collation_isdeterministic(column->collation) &&
							   get_collation_isdeterministic(key->collation)
						   ? TA_INFO
						   : TA_WARNING,
					   "collation_differs",
					   psprintf("%s.%s and %s.%s have different collations",
								ta_rel_shown(state->child_rel), ta_ident_quote(column->name),
								ta_rel_shown(state->parent_rel), ta_ident_quote(key->name)),
					   retype(state, column->name, key), lock_of(state, "builds its indexes anew"));
}

/* A key whose sequence nears the end of its type. */
static void
check_headroom(TaSubject *subject, const TaState *state, const TaColumn *key, HTAB *sources)
{
	Source *source = source_of(sources, state->parent_rel, key->name);
	int64 limit = greatest(key->type);
	TaSeverity severity;
	char *table = ta_rel_qualified(state->parent_rel);

	if (source == NULL || source->reported || limit == 0 || limit == PG_INT64_MAX)
		return;
	source->reported = true;
	if (!source->visible)
		ta_finding_not_visible(&subject->findings,
							   psprintf("how far sequence %s is", source->sequence));
	severity = severity_of(source, limit);
	if (severity == TA_INFO)
		return;
	ta_finding_add(&subject->findings, severity, "key_running_out",
				   psprintf("%s: more than %d%% of its values are used",
							shown(state->parent_rel, key),
							severity == TA_ERROR ? PERCENT_ERROR : PERCENT_WARNING),
				   psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint;%s", table,
							ta_ident_quote(key->name),
							source->identity
								? ""
								: psprintf(" ALTER SEQUENCE %s AS bigint;", source->sequence)))
		->detail = psprintf("last value: " INT64_FORMAT " of " INT64_FORMAT
							"; lock: ACCESS EXCLUSIVE on %s; rewrites it",
							source->last, limit, table);
}

void
ta_check_types(TaSubject *subject)
{
	HTAB *sources = read_sources(subject);
	ListCell *lc;

	foreach(lc, subject->facets)
	{
		const TaState *state = lfirst(lc);
		ListCell *lf;
		ListCell *lk;

		if (!ta_subject_stands(state))
			continue;
		forboth(lf, state->reference->columns, lk, state->reference->key)
		{
			TaColumn *column = ta_rel_column(state->child_rel, lfirst(lf));
			TaColumn *key = ta_rel_column(state->parent_rel, lfirst(lk));

			if (column == NULL || key == NULL)
				continue;
			check_pair(subject, state, column, key, sources);
			check_headroom(subject, state, key, sources);
		}
	}
	hash_destroy(sources);
}
