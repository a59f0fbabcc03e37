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
#include "check/default.h"
#include "check/finding.h"
#include "check/orphan.h"
#include "check/quick.h"
#include "check/work.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/facet.h"
#include "schema/plan.h"
#include "schema/soft.h"

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

/* What a finding about rows says, however many they are. */
static char *
lasting(const TaState *state)
{
	return psprintf("rows of %s, by (%s)", ta_rel_qualified(state->child_rel),
					ta_ident_columns(state->reference->columns));
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
		finding->lasting = lasting(state);
	}
	return finding;
}

/* The type that is compared with the key's: of an array, its elements'. */
static Oid
compared_type(const TaState *state, const TaColumn *column)
{
	return state->reference->element ? ta_element_type(column->type) : column->type;
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
	char kinds[] = {ta_rel_kind(state->child_rel), OidIsValid(state->parent_rel)
													   ? ta_rel_kind(state->parent_rel)
													   : RELKIND_RELATION};
	ListCell *lc;
	ListCell *lk;

	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (kinds[i] != RELKIND_RELATION && kinds[i] != RELKIND_PARTITIONED_TABLE)
			return false;
	}
	forboth(lc, state->reference->columns, lk, state->reference->key)
	{
		Oid type = getBaseType(compared_type(state, ta_rel_column(state->child_rel, lfirst(lc))));

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
		/* rows that are unfit have no parent to be seen */
		if (!OidIsValid(relids[i]))
			continue;
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

/* Rows of a polymorphic reference that refer to none of its targets, by one column or the other. */
static void
tell_unfit(List **findings, const TaState *state, const TaOrphans *rows)
{
	const char *association = ta_decl_name(state->reference->serves);
	TaFinding *finding =
		add(findings, state, NULL, state->enforced ? TA_ERROR : TA_WARNING, "unknown_type", rows,
			psprintf(INT64_FORMAT " %s of %s %s to none of %s", rows->count,
					 row_or_rows(rows->count), ta_rel_shown(state->child_rel),
					 rows->count == 1 ? "refers" : "refer",
					 ta_targets_in_words(ta_target_names(state->reference), NULL)),
			repair_call(association));

	finding->detail = psprintf("%s says another type, or one of %s is null alone; see them: SELECT "
							   "* FROM assoc.orphans(%s);",
							   ta_ident_quote(state->reference->type_column),
							   ta_ident_columns(ta_reference_columns(state->reference)),
							   quote_literal_cstr(association));
}

static void
check_orphans(List **findings, const TaState *state, const List *looked)
{
	TaOrphans orphans;
	TaFinding *finding;
	const char *association = ta_decl_name(state->reference->serves);
	char *child = ta_rel_shown(state->child_rel);
	char kind = ta_rel_kind(state->child_rel);
	bool table = kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;

	if (ta_orphans_excluded(state) || (state->fk != NULL && state->fk->temporal))
		return;
	ta_orphan_count(state, ta_quick_found(looked, state), SAMPLES, &orphans);
	if (orphans.count == 0)
		return;
	if (state->unfit != NULL)
	{
		tell_unfit(findings, state, &orphans);
		return;
	}
	finding =
		add(findings, state, NULL, state->enforced ? TA_ERROR : TA_WARNING, "orphans", &orphans,
			psprintf(INT64_FORMAT " %s of %s %s no \"%s\"%s", orphans.count,
					 row_or_rows(orphans.count), child,
					 state->reference->element ? (orphans.count == 1 ? "has an element that is"
																	 : "have elements that are")
					 : orphans.count == 1      ? "has"
											   : "have",
					 state->reference->parent,
					 state->scope == NULL ? "" : psprintf(" with scope %s", state->scope)),
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

/*
 * What ends it that rows live whose parents do not: they are deleted softly, too;
 * or where they can't be, refer to nothing; or, where they must, are deleted.
 *
 * UPDATE s."Todos" t SET "deletedAt" = pg_catalog.now() WHERE ...;
 */
static char *
bury_sql(const TaState *state, const char *condition)
{
	char *child = ta_rel_qualified(state->child_rel);
	const TaColumn *soft = state->child->soft_delete != NULL
							   ? ta_rel_column(state->child_rel, state->child->soft_delete)
							   : NULL;
	const char *value = NULL;
	ListCell *lc;

	if (soft != NULL)
	{
		switch (getBaseType(soft->type))
		{
			case BOOLOID:
				value = "true";
				break;
			case DATEOID:
			case TIMESTAMPOID:
			case TIMESTAMPTZOID:
				value = "pg_catalog.now()";
				break;
			default:
				/* what it shall say is not for us to know */
				return NULL;
		}
		return psprintf("UPDATE %s t SET %s = %s WHERE %s;", child, ta_ident_quote(soft->name),
						value, condition);
	}
	/* some elements may refer to rows that live */
	if (state->reference->element)
		return NULL;
	foreach(lc, state->reference->columns)
	{
		if (!ta_rel_column(state->child_rel, lfirst(lc))->not_null)
			return psprintf("UPDATE %s t SET %s = NULL WHERE %s;", child,
							ta_ident_quote(lfirst(lc)), condition);
	}
	return psprintf("DELETE FROM %s t WHERE %s;", child, condition);
}

/* Rows that live, of parents that were deleted softly; the state is a facet, or has one parent. */
static void
check_soft_delete(List **findings, const TaState *state)
{
	char *condition = ta_soft_children_condition(state, linitial(state->targets));
	TaOrphans rows;

	if (condition == NULL || !ta_soft_concerns(state))
		return;
	ta_rows_sample(state, state->reference->columns,
				   psprintf("FROM %s t WHERE %s", ta_rel_qualified(state->child_rel), condition),
				   SAMPLES, &rows);
	if (rows.count == 0)
		return;
	add(findings, state, NULL, state->by_triggers ? TA_ERROR : TA_WARNING, "live_child_of_deleted",
		&rows,
		psprintf(INT64_FORMAT " %s of %s %s while the row of %s %s to is deleted", rows.count,
				 row_or_rows(rows.count), ta_rel_shown(state->child_rel),
				 rows.count == 1 ? "lives" : "live", ta_rel_shown(state->parent_rel),
				 rows.count == 1 ? "it refers" : "they refer"),
		bury_sql(state, condition))
		->detail = psprintf("see them: SELECT t.* FROM %s t WHERE %s;",
							ta_rel_qualified(state->child_rel), condition);
}

/* Rows whose key is null in part, where it could be null as a whole. */
static void
check_half_null(List **findings, const TaState *state)
{
	List *nulls = NIL;
	List *values = NIL;
	TaOrphans rows;
	bool full = state->match_full;
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

/* t.a IS NOT NULL AND t.b IS NOT NULL, of a facet for its own rows; living: and t."deletedAt" IS NULL */
static char *
filtered(const TaState *state, List *columns, bool living)
{
	char *not_null = ta_rows_not_null(columns);
	char *live = living ? ta_soft_live_sql("t.", state->child, true) : NULL;

	if (live != NULL)
		not_null = psprintf("%s AND %s", not_null, live);
	return state->filter == NULL ? not_null : psprintf("%s AND %s", state->filter, not_null);
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
							ta_rel_qualified(state->child_rel),
							filtered(state, columns, decl->kind == TA_HAS_ONE), "?n"),
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
		if (ta_rel_columns(state->child_rel, ta_decl_pair(decl), NULL) == NIL)
			continue;
		check_duplicates(findings, state, ta_decl_pair(decl), "duplicate_links", decl);
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

	/* a row that refers to many is on no one way up */
	if (state->child_rel != state->parent_rel || state->reference->element ||
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

/* ---- defaults ---- */

/* The row that children get for a parent when theirs is deleted. */
static void
check_default_row(List **findings, const TaState *state)
{
	char *values = ta_default_row_missing(state);

	if (values == NULL)
		return;
	add(findings, state, NULL, TA_WARNING, "default_row_missing", NULL,
		psprintf("rows of %s whose row of %s is deleted get the default (%s), and no row of %s has "
				 "that key",
				 ta_rel_shown(state->child_rel), ta_rel_shown(state->parent_rel), values,
				 ta_rel_shown(state->parent_rel)),
		NULL)
		->detail = psprintf("Such a DELETE fails. Insert the row, or give %s another default.",
							ta_ident_columns(state->fk->columns));
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
	int64 limit = highest(compared_type(state, column));
	int64 found;
	TaFinding *finding;

	if (list_length(state->reference->columns) > 1 || limit == 0 ||
		(getBaseType(key->type) != INT8OID && highest(key->type) == 0) ||
		!OidIsValid(ta_rel_key_index(state->parent_rel, state->reference->key)))
		return;
	found = ta_spi_count(psprintf("SELECT pg_catalog.max(p.%s)::pg_catalog.int8 FROM %s p",
								  ta_ident_quote(key->name), ta_rows_parent(state)));
	if (found < limit / 100 * NEAR_LIMIT)
		return;
	finding =
		add(findings, state, NULL, TA_WARNING, "key_near_limit", NULL,
			psprintf("keys of %s go up to " INT64_FORMAT
					 ", and %s.%s is %s: it holds " INT64_FORMAT,
					 ta_rel_shown(state->parent_rel), found, ta_rel_shown(state->child_rel),
					 ta_ident_quote(name), ta_type_shown(column->type, column->typmod), limit),
			psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint%s;",
					 ta_rel_qualified(state->child_rel), ta_ident_quote(name),
					 state->reference->element ? "[]" : ""));
	finding->detail =
		psprintf("lock: ACCESS EXCLUSIVE on %s; rewrites it", ta_rel_shown(state->child_rel));
	finding->lasting = lasting(state);
}

/* ---- the whole ---- */

/* Those of each type, and those that are unfit. */
static void
check_polymorphic(List **findings, const TaState *state, List *facets, bool named,
				  const List *looked)
{
	ListCell *lc;

	foreach(lc, facets)
	{
		const TaState *facet = lfirst(lc);

		if ((!named && !is_plain(facet)) || !all_visible(findings, facet))
			continue;
		check_orphans(findings, facet, looked);
		if (facet->unfit != NULL)
			continue;
		check_soft_delete(findings, facet);
		if (facet->reference->one != NULL)
			check_duplicates(findings, facet, ta_reference_columns(facet->reference), "duplicates",
							 facet->reference->one);
		check_limit(findings, facet);
	}
	if (state->reference->junction)
		check_links(findings, state);
}

static void
check_reference(List **findings, const TaState *state, List *facets, bool named, const List *looked)
{
	const TaReference *reference = state->reference;

	CHECK_FOR_INTERRUPTS();
	if (!ta_rows_exist(state))
		return;
	ta_work_say("checking", ta_decl_name(reference->serves), -1, -1);
	if (reference->type_column != NULL)
	{
		check_polymorphic(findings, state, facets, named, looked);
		return;
	}
	if ((!named && !is_plain(state)) || !all_visible(findings, state))
		return;
	check_orphans(findings, state, looked);
	check_soft_delete(findings, state);
	check_half_null(findings, state);
	if (reference->one != NULL)
		check_duplicates(findings, state, reference->columns, "duplicates", reference->one);
	if (reference->junction)
		check_links(findings, state);
	check_cycle(findings, state);
	check_default_row(findings, state);
	check_limit(findings, state);
}

/* Whether the orphans of the reference, or facet, will be asked for, and a scan can tell of them. */
static bool
wants_orphans(const TaState *state, bool named)
{
	return state->unfit == NULL && (named || is_plain(state)) &&
		   ta_rel_may_count(state->child_rel) && ta_rel_may_count(state->parent_rel) &&
		   !ta_orphans_excluded(state) && !(state->fk != NULL && state->fk->temporal);
}

/*
 * Adds findings about rows.  associations: only of these (as plan takes them);
 * NULL: of everything.
 */
void
ta_check_data(List **findings, const char *associations)
{
	bool named = associations != NULL;
	List *states = NIL;
	List *facets = NIL; /* of each state, the list */
	List *wanted = NIL;
	List *looked;
	ListCell *lc;
	ListCell *lf;

	foreach(lc, ta_plan_selected(associations))
	{
		const TaReference *reference = lfirst(lc);
		const TaState *state = ta_state(reference, ta_catalog_recorded(reference->name));
		List *own = ta_rows_exist(state) ? ta_state_facets(state) : NIL;

		states = lappend(states, unconstify(TaState *, state));
		facets = lappend(facets, own);
		foreach(lf, own)
		{
			if (wants_orphans(lfirst(lf), named))
				wanted = lappend(wanted, lfirst(lf));
		}
	}
	looked = ta_quick_look(wanted);
	forboth(lc, states, lf, facets)
		check_reference(findings, lfirst(lc), lfirst(lf), named, looked);
	ta_work_end();
}
