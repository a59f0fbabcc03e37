/*
 * src/check/data.c
 *		What is wrong with the rows.
 *
 * Queries as the caller.  Where the caller may not see all rows nothing is
 * concluded from those there are: a finding says that it was not checked.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/data.h"
#include "check/finding.h"
#include "check/orphan.h"
#include "check/work.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/plan.h"

/* so many keys are shown */
#define SAMPLES 5

/* a tree is walked so many levels down */
#define MAX_LEVELS 1000

/* percent of what a type holds, from which on it is nearly full */
#define NEAR_LIMIT 90

static const char *
row_or_rows(int64 count)
{
	return count == 1 ? "row" : "rows";
}

/* A finding about rows of the reference. */
static TaFinding *
add(List **findings, const TaState *state, const char *association, TaSeverity severity,
	const char *code, const TaOrphans *rows, char *message, char *fix)
{
	TaFinding *finding = ta_finding_add(findings, severity, code, message, fix);

	finding->association =
		association != NULL ? association : ta_decl_name(state->reference->serves);
	if (rows != NULL)
	{
		finding->count = rows->count;
		finding->samples = rows->samples;
	}
	return finding;
}

/* ---- whether to look ---- */

/*
 * Whether reading the reference's rows runs nobody's code.  Views do, foreign
 * tables run it elsewhere, and an implicit cast of somebody's type may: these
 * are looked at only if the association is named.
 */
static bool
is_plain(const TaState *state)
{
	Oid relids[] = {state->child_rel, state->parent_rel};
	ListCell *lc;
	ListCell *lk;

	for (int i = 0; i < lengthof(relids); i++)
	{
		char kind = ta_rel_kind(relids[i]);

		if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
			return false;
	}
	forboth(lc, state->reference->columns, lk, state->reference->key)
	{
		Oid type = getBaseType(ta_rel_column(state->child_rel, lfirst(lc))->type);

		if (type >= FirstNormalObjectId &&
			type != getBaseType(ta_rel_column(state->parent_rel, lfirst(lk))->type))
			return false;
	}
	return true;
}

/* Whether the caller sees all rows of both tables; else a finding says why there is no answer. */
static bool
all_visible(List **findings, const TaState *state)
{
	Oid relids[] = {state->child_rel, state->parent_rel};

	for (int i = 0; i < lengthof(relids); i++)
	{
		if (pg_class_aclcheck(relids[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			add(findings, state, NULL, TA_WARNING, "not_visible", NULL,
				psprintf("rows were not checked: %s may not read %s",
						 ta_ident_quote(GetUserNameFromId(GetUserId(), false)),
						 ta_rel_shown(relids[i])),
				NULL)
				->detail =
				psprintf("Its owner can GRANT SELECT ON %s TO ...;", ta_rel_qualified(relids[i]));
		else if (!ta_rel_may_count(relids[i]))
			add(findings, state, NULL, TA_WARNING, "row_security", NULL,
				psprintf("rows were not checked: row security of %s may hide some",
						 ta_rel_shown(relids[i])),
				NULL)
				->detail = pstrdup("A row whose parent is hidden would look like an orphan. Check "
								   "as a role that row security does not concern.");
		else
			continue;
		return false;
	}
	return true;
}

/* ---- what is looked for ---- */

/* CALL assoc.repair('Todo.user', action => 'quarantine'); */
static char *
repair_call(const char *association)
{
	return psprintf("CALL assoc.repair(%s, action => 'quarantine');",
					quote_literal_cstr(association));
}

static void
check_orphans(List **findings, const TaState *state)
{
	TaOrphans orphans;
	TaFinding *finding;
	const char *association = ta_decl_name(state->reference->serves);
	char *child = ta_rel_shown(state->child_rel);
	char kind = ta_rel_kind(state->child_rel);
	bool table = kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;

	if (ta_orphans_excluded(state) || (state->fk != NULL && state->fk->temporal))
		return;
	ta_orphan_count(state, SAMPLES, &orphans);
	if (orphans.count == 0)
		return;
	finding =
		add(findings, state, NULL, state->enforced ? TA_ERROR : TA_WARNING, "orphans", &orphans,
			psprintf(INT64_FORMAT " %s of %s %s no \"%s\"", orphans.count,
					 row_or_rows(orphans.count), child, orphans.count == 1 ? "has" : "have",
					 state->reference->parent),
			table ? repair_call(association) : NULL);
	finding->detail =
		psprintf("see them: SELECT * FROM assoc.orphans(%s);", quote_literal_cstr(association));
	if (table)
		finding->detail =
			psprintf("lock: ROW EXCLUSIVE on %s, SHARE ROW EXCLUSIVE on %s, for a batch at a time; "
					 "or action => 'delete', 'set_null', 'restore_parent'; %s",
					 child, ta_rel_shown(state->parent_rel), finding->detail);
	if (ta_rel_has_inheritance_children(state->child_rel))
		finding->detail = psprintf("%s Rows of tables that inherit from %s count too; no foreign "
								   "key of it sees those.",
								   finding->detail, child);
}

/* Rows whose key is null in part, where it could be null as a whole. */
static void
check_half_null(List **findings, const TaState *state)
{
	List *nulls = NIL;
	List *values = NIL;
	TaOrphans rows;
	bool full = state->fk != NULL && state->fk->match == FKCONSTR_MATCH_FULL;
	ListCell *lc;

	/* SET NULL (column) makes them on purpose */
	if (state->on_delete.value != NULL && strchr(state->on_delete.value, '(') != NULL)
		return;
	foreach(lc, state->reference->columns)
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));

		if (column->not_null)
			continue;
		nulls = lappend(nulls, psprintf("t.%s IS NULL", ta_ident_quote(lfirst(lc))));
		values = lappend(values, psprintf("t.%s IS NOT NULL", ta_ident_quote(lfirst(lc))));
	}
	if (list_length(nulls) < 2)
		return;
	ta_rows_sample(state, state->reference->columns,
				   psprintf("FROM %s t WHERE (%s) AND (%s)", ta_rel_qualified(state->child_rel),
							ta_err_join(nulls, " OR "), ta_err_join(values, " OR ")),
				   SAMPLES, &rows);
	if (rows.count == 0)
		return;
	add(findings, state, NULL, full ? TA_ERROR : TA_INFO, "half_null", &rows,
		psprintf(INT64_FORMAT " %s of %s %s a foreign key (%s) that is null in part", rows.count,
				 row_or_rows(rows.count), ta_rel_shown(state->child_rel),
				 rows.count == 1 ? "has" : "have", ta_ident_columns(state->reference->columns)),
		NULL)
		->detail = pstrdup(full ? "MATCH FULL forbids it."
								: "Such a row refers to nothing, and its other columns are not "
								  "checked.");
}

/* The rows that are too many, where these columns should be unique. */
static void
check_duplicates(List **findings, const TaState *state, List *columns, const char *code,
				 const TaDecl *decl)
{
	TaOrphans rows;

	if (OidIsValid(ta_rel_unique_index(state->child_rel, columns)) &&
		!ta_rel_has_inheritance_children(state->child_rel))
		return;
	ta_rows_sample(state, columns,
				   psprintf("FROM (SELECT %s, pg_catalog.row_number() OVER (PARTITION BY %s) AS "
							"\"%s\" FROM %s t WHERE %s) t WHERE t.\"%s\" "
							"OPERATOR(pg_catalog.>) 1",
							ta_rows_columns(columns), ta_rows_columns(columns), "?n",
							ta_rel_qualified(state->child_rel), ta_rows_not_null(columns), "?n"),
				   SAMPLES, &rows);
	if (rows.count == 0)
		return;
	add(findings, state, ta_decl_name(decl), decl->kind == TA_HAS_ONE ? TA_ERROR : TA_WARNING, code,
		&rows,
		psprintf(INT64_FORMAT " %s of %s %s %s of another row", rows.count, row_or_rows(rows.count),
				 ta_rel_shown(state->child_rel), rows.count == 1 ? "has" : "have",
				 ta_ident_columns(columns)),
		repair_call(ta_decl_name(decl)))
		->detail = psprintf("lock: SHARE ROW EXCLUSIVE on %s, for a batch at a time; the row with "
							"the lowest key is kept",
							ta_rel_shown(state->child_rel));
}

/* The junction's pairs, once for both directions. */
static void
check_links(List **findings, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if (decl->kind != TA_BELONGS_TO_MANY || decl->reference == NULL ||
			decl->other_reference == NULL ||
			strcmp(state->reference->name, strcmp(decl->reference, decl->other_reference) < 0
											   ? decl->reference
											   : decl->other_reference) != 0)
			continue;
		if (ta_rel_columns(state->child_rel, decl->other_key, NULL) == NIL)
			continue;
		check_duplicates(findings, state, list_concat_copy(decl->foreign_key, decl->other_key),
						 "duplicate_links", decl);
		return;
	}
}

/* ---- trees ---- */

typedef struct Tree
{
	int64 unreached;
	int64 levels;
} Tree;

static void
keep_tree(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Tree *tree = arg;
	char *levels = ta_spi_text(tuple, desc, 2);

	tree->unreached = pg_strtoint64(ta_spi_text(tuple, desc, 1));
	tree->levels = levels != NULL ? pg_strtoint64(levels) : 0;
}

/*
 * Rows of a self-reference from which the way up never ends.  The walk goes down
 * from the rows without parent and meets each row once, for it has one parent;
 * what it does not meet is on a circle, or below one.
 */
static void
check_cycle(List **findings, const TaState *state)
{
	Tree tree = {0};
	List *same = NIL;
	TaOrphans rows = {0};
	ListCell *lc;
	char *table = ta_rel_qualified(state->child_rel);

	if (state->child_rel != state->parent_rel ||
		!OidIsValid(ta_rel_key_index(state->parent_rel, state->reference->key)))
		return;
	foreach(lc, state->reference->key)
	{
		Oid type = ta_rel_column(state->parent_rel, lfirst(lc))->type;

		same = lappend(same, psprintf("d.%s %s t.%s", ta_ident_quote(lfirst(lc)),
									  ta_key_operator_sql(type, type), ta_ident_quote(lfirst(lc))));
	}
	(void) ta_spi_query(
		psprintf(
			"WITH RECURSIVE d AS (SELECT %s, 0 AS \"?level\" FROM %s t WHERE NOT EXISTS "
			"(SELECT 1 FROM %s p WHERE %s) UNION ALL SELECT %s, d.\"?level\" "
			"OPERATOR(pg_catalog.+) 1 FROM d JOIN %s t ON %s WHERE d.\"?level\" "
			"OPERATOR(pg_catalog.<) %d) SELECT (SELECT pg_catalog.count(*) FROM %s t WHERE NOT "
			"EXISTS (SELECT 1 FROM d WHERE %s)), (SELECT pg_catalog.max(d.\"?level\") FROM d)",
			ta_rows_columns(state->reference->key), table, table, ta_rows_same_key(state, "p."),
			ta_rows_columns(state->reference->key), table, ta_rows_same_key(state, "d."),
			MAX_LEVELS, table, ta_err_join(same, " AND ")),
		keep_tree, &tree);
	/* deeper than we looked: what was not met may be further down */
	if (tree.unreached == 0 || tree.levels >= MAX_LEVELS)
		return;
	rows.count = tree.unreached;
	add(findings, state, NULL, TA_INFO, "cycle", &rows,
		psprintf(INT64_FORMAT " %s of %s %s on a circle of %s, or below one", rows.count,
				 row_or_rows(rows.count), ta_rel_shown(state->child_rel),
				 rows.count == 1 ? "is" : "are", ta_ident_columns(state->reference->columns)),
		NULL)
		->detail = pstrdup("From these rows the way up never ends. A pair that refers to each "
						   "other may be meant; a tree must not have it.");
}

/* ---- full types ---- */

/* The highest value of the integer type; 0: no matter. */
static int64
highest(Oid type)
{
	type = getBaseType(type);
	return type == INT2OID ? PG_INT16_MAX : type == INT4OID ? PG_INT32_MAX : 0;
}

/* Keys of the parent that the child's column, or their own, will soon not hold. */
static void
check_limit(List **findings, const TaState *state)
{
	const char *name = linitial(state->reference->columns);
	TaColumn *column = ta_rel_column(state->child_rel, name);
	TaColumn *key = ta_rel_column(state->parent_rel, linitial(state->reference->key));
	int64 limit = highest(column->type);
	int64 found;

	if (list_length(state->reference->columns) > 1 || limit == 0 ||
		(getBaseType(key->type) != INT8OID && highest(key->type) == 0) ||
		!OidIsValid(ta_rel_key_index(state->parent_rel, state->reference->key)))
		return;
	found = ta_spi_count(psprintf("SELECT pg_catalog.max(p.%s)::pg_catalog.int8 FROM %s p",
								  ta_ident_quote(key->name), ta_rows_parent(state)));
	if (found < limit / 100 * NEAR_LIMIT)
		return;
	add(findings, state, NULL, TA_WARNING, "key_near_limit", NULL,
		psprintf("keys of %s go up to " INT64_FORMAT ", and %s.%s is %s: it holds " INT64_FORMAT,
				 ta_rel_shown(state->parent_rel), found, ta_rel_shown(state->child_rel),
				 ta_ident_quote(name), ta_type_shown(column->type, column->typmod), limit),
		psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint;", ta_rel_qualified(state->child_rel),
				 ta_ident_quote(name)))
		->detail =
		psprintf("lock: ACCESS EXCLUSIVE on %s; rewrites it", ta_rel_shown(state->child_rel));
}

/* ---- the whole ---- */

static void
check_reference(List **findings, const TaReference *reference, bool named)
{
	const TaState *state = ta_state(reference, ta_catalog_recorded(reference->name));

	CHECK_FOR_INTERRUPTS();
	if (!ta_rows_exist(state) || (!named && !is_plain(state)) || !all_visible(findings, state))
		return;
	ta_work_say("checking", ta_decl_name(reference->serves), -1, -1);
	check_orphans(findings, state);
	check_half_null(findings, state);
	if (reference->one != NULL)
		check_duplicates(findings, state, reference->columns, "duplicates", reference->one);
	if (reference->junction)
		check_links(findings, state);
	check_cycle(findings, state);
	check_limit(findings, state);
}

/*
 * Adds findings about rows.  associations: only of these (as plan takes them);
 * NULL: of everything.
 */
void
ta_check_data(List **findings, const char *associations)
{
	ListCell *lc;

	foreach(lc, ta_plan_selected(associations))
		check_reference(findings, lfirst(lc), associations != NULL);
	ta_work_end();
}
