/*
 * src/check/orphan.c
 *		The rows of a child that refer to no row of the parent, and rows as JSON.
 *
 * The plain way, an anti-join by SPI as the caller: by what it says, any faster
 * way is judged.  NULLs are as in MATCH SIMPLE, equality is the foreign key's
 * own.  Rows of inheritance children count too, though no native key sees them.
 *
 * validate() runs over everybody's tables, perhaps as superuser.  So a value of
 * a type that is not the system's is shown by its output function and never by
 * to_jsonb, which would look for a cast to json: somebody's code.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "access/relation.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/element.h"
#include "check/orphan.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"

/* jsonb_build_object takes at most 100 arguments */
#define COLUMNS_A_CALL 40

/* ---- what needs no look ---- */

/* Whether there is a child with its columns at all: else there are no rows to look at. */
bool
ta_rows_exist(const TaState *state)
{
	return ta_state_stands(state);
}

/* Whether all triggers by which foreign keys work are on, at the table and below it. */
static bool
key_triggers_enabled(Oid relid)
{
	bool enabled = true;
	ListCell *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Relation rel = try_relation_open(lfirst_oid(lc), AccessShareLock);

		if (rel == NULL)
			continue;
		for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		{
			const Trigger *trigger = &rel->trigdesc->triggers[i];

			if (OidIsValid(trigger->tgconstraint) && trigger->tgisinternal &&
				(trigger->tgenabled == TRIGGER_DISABLED ||
				 trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA))
				enabled = false;
		}
		relation_close(rel, AccessShareLock);
	}
	return enabled;
}

/* Whether a native key makes orphans impossible: validated, with its triggers on, for every row. */
bool
ta_orphans_excluded(const TaState *state)
{
	return state->fk != NULL && state->scope == NULL && state->fk->validated &&
		   !state->fk->temporal && !ta_rel_has_inheritance_children(state->child_rel) &&
		   key_triggers_enabled(state->child_rel) && key_triggers_enabled(state->parent_rel);
}

/* ---- SQL ---- */

/* The parent's rows that may be referred to: of its inheritance children only where the model says so. */
char *
ta_rows_parent(const TaState *state)
{
	bool only = !(state->parent != NULL && state->parent->heirs) &&
				ta_rel_has_inheritance_children(state->parent_rel);

	return psprintf("%s%s", only ? "ONLY " : "", ta_rel_qualified(state->parent_rel));
}

/* t.a IS NOT NULL AND t.b IS NOT NULL */
char *
ta_rows_not_null(List *columns)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, columns)
		tests = lappend(tests, psprintf("t.%s IS NOT NULL", ta_ident_quote(lfirst(lc))));
	return ta_err_join(tests, " AND ");
}

/* t.a, t.b */
char *
ta_rows_columns(List *columns)
{
	return ta_ident_prefixed_columns("t.", columns);
}

/* p.id OPERATOR(pg_catalog.=) t."userId", for each column */
char *
ta_rows_same_key(const TaState *state, const char *key_prefix)
{
	List *joins = NIL;
	ListCell *lc;
	ListCell *lk;

	forboth(lc, state->reference->columns, lk, state->reference->key)
		joins =
			lappend(joins, ta_key_test_sql(psprintf("%s%s", key_prefix, ta_ident_quote(lfirst(lk))),
										   ta_rel_column(state->parent_rel, lfirst(lk)),
										   psprintf("t.%s", ta_ident_quote(lfirst(lc))),
										   ta_rel_column(state->child_rel, lfirst(lc))));
	return ta_err_join(joins, " AND ");
}

/* " AND p.role = 'admin'": of the parent's rows, those that may be referred to */
static char *
scope_sql(const TaState *state)
{
	if (state->scope == NULL)
		return pstrdup("");
	return psprintf(" AND %s", ta_scope_test_sql(state->scope, state->parent_rel, "p."));
}

/* " AND t.status = 'open'": of the child's rows, those that refer at all */
static char *
condition_sql(const TaState *state)
{
	if (state->condition == NULL)
		return pstrdup("");
	return psprintf(" AND %s", ta_scope_test_sql(state->condition, state->child_rel, "t."));
}

/* What is true of an orphan, the child being t. */
char *
ta_orphan_condition(const TaState *state)
{
	if (state->unfit != NULL)
		return pstrdup(state->unfit);
	if (state->reference->element)
		return psprintf("EXISTS (SELECT 1 FROM %s)%s", ta_ddl_lost_elements(state),
						condition_sql(state));
	if (state->filter != NULL)
		return psprintf("%s AND %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)", state->filter,
						ta_rows_not_null(state->reference->columns), ta_rows_parent(state),
						ta_rows_same_key(state, "p."));
	return psprintf("%s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s%s)%s",
					ta_rows_not_null(state->reference->columns), ta_rows_parent(state),
					ta_rows_same_key(state, "p."), scope_sql(state), condition_sql(state));
}

/* The value of t's column, harmless for to_jsonb. */
static char *
value_sql(Oid relid, const char *name)
{
	TaColumn *column = ta_rel_column(relid, name);
	char *quoted = ta_ident_quote(name);

	if (column == NULL || getBaseType(column->type) < FirstNormalObjectId)
		return psprintf("t.%s", quoted);
	return psprintf("CASE WHEN t.%s IS NOT NULL THEN pg_catalog.format('%%s', t.%s) END", quoted,
					quoted);
}

/* jsonb_build_object('a', t.a, 'b', t.b): these columns of the relation t. */
char *
ta_rows_json(Oid relid, List *columns)
{
	List *calls = NIL;
	List *pairs = NIL;
	ListCell *lc;

	foreach(lc, columns)
	{
		pairs = lappend(pairs, psprintf("%s, %s", quote_literal_cstr(lfirst(lc)),
										value_sql(relid, lfirst(lc))));
		if (list_length(pairs) < COLUMNS_A_CALL && lnext(columns, lc) != NULL)
			continue;
		calls =
			lappend(calls, psprintf("pg_catalog.jsonb_build_object(%s)", ta_err_join(pairs, ", ")));
		pairs = NIL;
	}
	return psprintf("(%s)", ta_err_join(calls, " OPERATOR(pg_catalog.||) "));
}

/* What an orphan refers by: {"userId": 7}; of an array, those of its elements that refer to nothing. */
char *
ta_orphan_key_json(const TaState *state)
{
	return state->reference->element
			   ? ta_element_key_json(state)
			   : ta_rows_json(state->child_rel, ta_reference_columns(state->reference));
}

/* ---- counting ---- */

static void
keep_result(HeapTuple tuple, TupleDesc desc, void *arg)
{
	TaOrphans *result = arg;
	char *count = ta_spi_text(tuple, desc, 1);

	result->count = count != NULL ? pg_strtoint64(count) : 0;
	result->samples = ta_spi_text(tuple, desc, 2);
}

/*
 * Counts the rows and shows the lowest keys, each once.  rows: what follows
 * SELECT, from FROM on, the child being t; columns: those of the key.
 */
void
ta_rows_sample(const TaState *state, List *columns, const char *rows, int samples,
			   TaOrphans *result)
{
	char *key = ta_rows_columns(columns);

	memset(result, 0, sizeof(*result));
	(void) ta_spi_query(
		psprintf("SELECT pg_catalog.sum(o.n)::pg_catalog.int8, pg_catalog.jsonb_agg(o.key ORDER BY "
				 "o.place) FILTER (WHERE o.place OPERATOR(pg_catalog.<=) %d) FROM (SELECT %s AS "
				 "key, pg_catalog.count(*) AS n, pg_catalog.row_number() OVER (ORDER BY %s) AS "
				 "place %s GROUP BY %s) o",
				 samples, ta_rows_json(state->child_rel, columns), key, rows, key),
		keep_result, result);
}

/* t.ctid OPERATOR(pg_catalog.=) ANY ('{"(0,1)","(7,2)"}'::pg_catalog.tid[]) */
static char *
at_places(const TaScanReference *scanned)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "t.ctid OPERATOR(pg_catalog.=) ANY ('{");
	for (int i = 0; i < scanned->nplaces; i++)
	{
		const ItemPointerData *tid = &scanned->places[i].tid;

		appendStringInfo(&sql, "%s\"(%u,%u)\"", i > 0 ? "," : "",
						 ItemPointerGetBlockNumberNoCheck(tid),
						 ItemPointerGetOffsetNumberNoCheck(tid));
	}
	appendStringInfoString(&sql, "}'::pg_catalog.tid[])");
	return sql.data;
}

/*
 * The orphans of a reference whose rows exist (ta_rows_exist) and may be read,
 * all of them.  scanned: what a scan found (ta_quick_look), or NULL.  Its "none"
 * is the last word; what is reported is what the anti-join finds, among
 * the rows of the scan if these are all and it agrees.
 */
void
ta_orphan_count(const TaState *state, const TaScanReference *scanned, int samples,
				TaOrphans *result)
{
	char *table = ta_rel_qualified(state->child_rel);
	char *condition = ta_orphan_condition(state);

	memset(result, 0, sizeof(*result));
	if (scanned != NULL && scanned->count == 0)
		return;
	if (state->reference->element)
	{
		(void) ta_spi_query(ta_element_sample_sql(state, condition, condition_sql(state), samples),
							keep_result, result);
		return;
	}
	if (scanned != NULL && scanned->count == scanned->nplaces)
	{
		ta_rows_sample(state, ta_reference_columns(state->reference),
					   psprintf("FROM %s t WHERE %s AND %s", table, at_places(scanned), condition),
					   samples, result);
		if (result->count == scanned->count)
			return;
	}
	ta_rows_sample(state, ta_reference_columns(state->reference),
				   psprintf("FROM %s t WHERE %s", table, condition), samples, result);
}
