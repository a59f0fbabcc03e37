/*
 * src/check/repair.c
 *		Mending rows that break an association.
 *
 * The places (ctid) of bad rows are gathered once; then each batch, in a
 * transaction of its own, tests its rows again before it touches them:
 *
 * - What could make them good is locked first: the parent for orphans, the child
 *   for duplicates, SHARE ROW EXCLUSIVE.  Whoever inserts a parent has ended
 *   by then, and is seen by the snapshot that is taken after.  (A caller who may
 *   only read the parent cannot lock it; then what is committed is seen.)
 * - The rows are locked by a statement of its own.  A DELETE that meets a row
 *   which was updated meanwhile would judge it by an anti-join whose other side
 *   is not looked at again; after the lock there is no such row.  A row that
 *   moved is met by the next pass.
 *
 * Everything runs as the caller, but for the INSERT into our own table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/element.h"
#include "check/orphan.h"
#include "check/repair.h"
#include "model/check.h"
#include "model/lookup.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/ddl.h"
#include "schema/facet.h"
#include "schema/soft.h"
#include "store/quarantine.h"

/* where a row stands, as text */
#define PLACE_SQL "pg_catalog.format('%s %s', t.tableoid::pg_catalog.oid, t.ctid)"

/* ---- what an association has to mend ---- */

/* Raises: a path has no rows of its own. */
static void
refuse_path(const char *association, const TaDecl *decl)
{
	List *names = NIL;
	const TaModel *model = ta_lookup_model(decl->model);
	const char *start = decl->through;

	for (;;)
	{
		const char *end = strchrnul(start, '.');
		const TaDecl *step = ta_lookup_alias(model, pnstrdup(start, end - start));

		names = lappend(names, pstrdup(ta_decl_name(step)));
		model = ta_lookup_model(step->target);
		if (*end == '\0')
			break;
		start = end + 1;
	}
	ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
					errmsg("association \"%s\" has no rows of its own", association),
					errdetail("It goes through %s.", ta_err_list(names, 12)),
					errhint("Name one of these.")));
}

/* The state of the reference; raises where there are no rows to look at. */
static const TaState *
state_with_rows(const char *association, const char *name)
{
	const TaReference *reference = ta_reference_named(name);
	TaState *state;

	if (reference == NULL)
		elog(ERROR, "reference \"%s\" of association \"%s\" is gone", name, association);
	state = ta_state(reference, ta_catalog_recorded(name));
	if (state->problem != NULL)
		ereport(ERROR,
				(errcode(state->problem->sqlstate), errmsg("%s", state->problem->message),
				 state->problem->detail != NULL ? errdetail("%s", state->problem->detail) : 0,
				 state->problem->hint != NULL ? errhint("%s", state->problem->hint) : 0));
	if (!ta_rows_exist(state))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("association \"%s\" has no rows yet", association),
				 errdetail("%s is still to be created.", state->missing != NIL
															 ? ta_ident_columns(state->missing)
															 : ta_ident_quote(state->child->table)),
				 errhint("SELECT * FROM assoc.apply(%s);", quote_literal_cstr(association))));
	return state;
}

/*
 * The jobs (TaRepairJob) of an association: its orphans, and, when it says that
 * there is at most one, the rows too many.  Raises when it is unknown.
 */
List *
ta_rows_jobs(const char *association)
{
	const TaDecl *decl = linitial(ta_lookup_association(association));
	TaLink links[2];
	int count = ta_decl_links(decl, links);
	List *jobs = NIL;
	TaRepairJob *job;
	List *unique = NIL;

	if (count == 0)
		refuse_path(association, decl);
	for (int i = 0; i < count; i++)
	{
		ListCell *lc;

		foreach(lc, ta_state_facets(state_with_rows(association, links[i].reference)))
		{
			/* a parents' side has the rows of its own type */
			if (links[i].type_column != NULL && !links[i].from_child &&
				(((TaState *) lfirst(lc))->parent == NULL ||
				 strcmp(((TaState *) lfirst(lc))->parent->name, links[i].parent) != 0))
				continue;
			job = palloc0(sizeof(TaRepairJob));
			job->state = lfirst(lc);
			job->association = association;
			jobs = lappend(jobs, job);
		}
	}
	if (decl->kind == TA_HAS_ONE && decl->order_by == NULL)
		unique = decl->type_column != NULL ? ta_decl_pair(decl) : decl->foreign_key;
	else if (decl->kind == TA_BELONGS_TO_MANY)
		unique = ta_decl_pair(decl);
	if (unique != NIL && jobs != NIL)
	{
		TaRepairJob *first = linitial(jobs);

		job = palloc0(sizeof(TaRepairJob));
		job->state = decl->kind == TA_HAS_ONE ? first->state
											  : state_with_rows(association, links[0].reference);
		job->association = association;
		job->unique = unique;
		job->living = decl->kind == TA_HAS_ONE;
		jobs = lappend(jobs, job);
	}
	return jobs;
}

/* ---- SQL ---- */

/* What orders rows of which one is kept: the primary key, else where they stand. */
static char *
keep_order(const TaState *state, const char *prefix)
{
	List *key = ta_rel_primary_key(state->child_rel);

	/* rows of inheritance children may have the same key */
	return psprintf("%s%s%stableoid, %sctid",
					key != NIL ? ta_ident_prefixed_columns(prefix, key) : "",
					key != NIL ? ", " : "", prefix, prefix);
}

/* k.a OPERATOR(pg_catalog.=) t.a, for each of the unique columns */
static char *
same_values(const TaRepairJob *job)
{
	List *tests = NIL;
	ListCell *lc;

	foreach(lc, job->unique)
	{
		Oid type = ta_rel_column(job->state->child_rel, lfirst(lc))->type;
		char *name = ta_ident_quote(lfirst(lc));

		tests =
			lappend(tests, psprintf("k.%s %s t.%s", name, ta_key_operator_sql(type, type), name));
	}
	return ta_err_join(tests, " AND ");
}

/* AND t."deletedAt" IS NULL: of a has_one's rows those that live; else nothing. */
static char *
and_living(const TaRepairJob *job, const char *prefix)
{
	char *live = job->living ? ta_soft_live_sql(prefix, job->state->child, true) : NULL;

	return psprintf("%s%s", live != NULL ? " AND " : "", live != NULL ? live : "");
}

/* Which rows t must be unique: those without nulls, of a facet its own, of a has_one those that live. */
static char *
unique_rows(const TaRepairJob *job)
{
	char *not_null = psprintf("%s%s", ta_rows_not_null(job->unique), and_living(job, "t."));

	return job->state->filter == NULL ? not_null
									  : psprintf("%s AND %s", job->state->filter, not_null);
}

/* The rows' foreign key, with the type column if there is one. */
static List *
columns_of(const TaRepairJob *job)
{
	return ta_reference_columns(job->state->reference);
}

/* What is true of a row t that is to be mended. */
static char *
condition(const TaRepairJob *job)
{
	if (job->unique == NIL)
		return ta_orphan_condition(job->state);
	return psprintf("%s AND pg_catalog.format('%%s %%s', t.tableoid::pg_catalog.oid, t.ctid) "
					"OPERATOR(pg_catalog.<>) (SELECT pg_catalog.format('%%s %%s', "
					"k.tableoid::pg_catalog.oid, k.ctid) FROM %s k WHERE %s%s ORDER BY %s LIMIT 1)",
					unique_rows(job), ta_rel_qualified(job->state->child_rel), same_values(job),
					and_living(job, "k."), keep_order(job->state, "k."));
}

/*
 * The bad rows in batches: relation, places (tid[] as text), total.  Duplicates
 * are found by a window, not by the condition, which looks up each row's group.
 */
char *
ta_repair_query(const TaRepairJob *job, int batch_size)
{
	char *table = ta_rel_qualified(job->state->child_rel);
	char *rows;

	if (job->unique == NIL)
		rows = psprintf("SELECT t.tableoid AS relation, t.ctid AS place FROM %s t WHERE %s", table,
						condition(job));
	else
		rows = psprintf("SELECT d.relation, d.place FROM (SELECT t.tableoid AS relation, t.ctid AS "
						"place, pg_catalog.row_number() OVER (PARTITION BY %s ORDER BY %s) AS n "
						"FROM %s t WHERE %s) d WHERE d.n OPERATOR(pg_catalog.>) 1",
						ta_rows_columns(job->unique), keep_order(job->state, "t."), table,
						unique_rows(job));
	return psprintf(
		"SELECT b.relation::pg_catalog.oid AS relation, pg_catalog.array_agg(b.place ORDER BY "
		"b.place)::pg_catalog.text AS places, b.total FROM (SELECT r.relation, r.place, "
		"pg_catalog.count(*) OVER () AS total, (pg_catalog.row_number() OVER (PARTITION BY "
		"r.relation ORDER BY r.place) OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) %d AS batch "
		"FROM (%s) r) b GROUP BY b.relation, b.batch, b.total ORDER BY b.relation, b.batch",
		batch_size, rows);
}

/* How many rows the job has to mend. */
static int64
count_rows(const TaRepairJob *job)
{
	return ta_spi_count(psprintf("SELECT COALESCE((SELECT q.total FROM (%s) q LIMIT 1), 0)",
								 ta_repair_query(job, 1000)));
}

/* Whether the job's rows have elements that refer to nothing, in an array. */
static bool
by_element(const TaRepairJob *job)
{
	return job->unique == NIL && job->state->reference->element;
}

/*
 * The keys that the rows lack, each once: of the rows of a batch, or (where NULL)
 * of all.
 *
 * SELECT DISTINCT t."userId" FROM s."Todos" t WHERE ...
 * SELECT DISTINCT u.e FROM s."Todos" t, unnest(t."tagIds") u (e) WHERE ... AND ...
 */
static char *
lacking_sql(const TaRepairJob *job, const char *target, const char *where)
{
	if (by_element(job))
		return psprintf("SELECT DISTINCT u.e FROM %s t, %s AND %s", target,
						ta_ddl_lost_elements(job->state), where);
	return psprintf("SELECT DISTINCT %s FROM %s t WHERE %s",
					ta_rows_columns(job->state->reference->columns), target, where);
}

/* How many parents its orphans lack. */
static int64
count_parents(const TaRepairJob *job)
{
	return ta_spi_count(
		psprintf("SELECT pg_catalog.count(*) FROM (%s) d",
				 lacking_sql(job, ta_rel_qualified(job->state->child_rel), condition(job))));
}

/* ---- before anything is done ---- */

/* The columns that set_null writes: those of SET NULL (...), else all that can be null. */
static List *
nullable_columns(const TaRepairJob *job)
{
	const TaState *state = job->state;
	/* SET NULL (column) */
	List *set_columns =
		state->on_delete.found != NULL ? ta_action_parse(state->on_delete.found).columns : NIL;
	List *result = NIL;
	ListCell *lc;

	foreach(lc, job->unique != NIL ? job->unique : columns_of(job))
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));

		if (column->not_null || column->generated)
			continue;
		if (set_columns != NIL && !ta_ident_list_has(set_columns, lfirst(lc)))
			continue;
		result = lappend(result, lfirst(lc));
	}
	return result;
}

/* Columns of the parent that a row with only the key would leave null, and that refuse it. */
static List *
missing_values(const TaState *state)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, ta_rel_column_names(state->parent_rel))
	{
		TaColumn *column = ta_rel_column(state->parent_rel, lfirst(lc));
		HeapTuple tuple;

		if (!column->not_null || column->has_default || column->generated ||
			ta_ident_list_has(state->reference->key, lfirst(lc)))
			continue;
		tuple = SearchSysCacheAttName(state->parent_rel, lfirst(lc));
		if (!HeapTupleIsValid(tuple))
			continue;
		if (((Form_pg_attribute) GETSTRUCT(tuple))->attidentity == '\0')
			result = lappend(result, lfirst(lc));
		ReleaseSysCache(tuple);
	}
	return result;
}

/* Why set_null can't be done here, or NULL. */
static char *
set_null_problem(const TaRepairJob *job)
{
	/* a type column and its foreign key are null together as well */
	bool full = job->state->reference->type_column != NULL ||
				(job->unique == NIL && job->state->match_full);
	List *columns;

	/* an array without an element is no null */
	if (by_element(job))
		return ta_rel_column(job->state->child_rel, linitial(columns_of(job)))->generated
				   ? psprintf("%s of %s is generated.", ta_ident_columns(columns_of(job)),
							  ta_rel_shown(job->state->child_rel))
				   : NULL;
	columns = nullable_columns(job);
	if (columns == NIL || (full && list_length(columns) < list_length(columns_of(job))))
		return psprintf("%s of %s is NOT NULL or generated.",
						ta_ident_columns(job->unique != NIL ? job->unique : columns_of(job)),
						ta_rel_shown(job->state->child_rel));
	return NULL;
}

/* Why restore_parent can't be done here, or NULL. */
static char *
restore_problem(const TaRepairJob *job)
{
	List *missing;
	ListCell *lc;

	if (job->state->unfit != NULL)
		return pstrdup("Its rows refer to no one model.");
	if (job->state->scope != NULL)
		return psprintf("A row with the key alone does not fit the scope %s.", job->state->scope);
	foreach(lc, job->state->reference->key)
	{
		if (ta_rel_column(job->state->parent_rel, lfirst(lc))->generated)
			return psprintf("%s of %s is generated.", ta_ident_quote(lfirst(lc)),
							ta_rel_shown(job->state->parent_rel));
	}
	missing = missing_values(job->state);
	if (missing == NIL)
		return NULL;
	return psprintf("%s of %s %s NOT NULL and without default.", ta_ident_columns(missing),
					ta_rel_shown(job->state->parent_rel), list_length(missing) == 1 ? "is" : "are");
}

/* Raises where not all rows can be seen, or the child is no table. */
static void
check_access(const TaState *state)
{
	Oid relids[] = {state->child_rel, state->parent_rel};
	char kind = ta_rel_kind(state->child_rel);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("%s is not an ordinary or partitioned table",
							   ta_rel_shown(state->child_rel)),
						errhint("SELECT * FROM assoc.orphans(%s) shows its rows.",
								quote_literal_cstr(ta_decl_name(state->reference->serves)))));
	for (int i = 0; i < lengthof(relids); i++)
	{
		if (!OidIsValid(relids[i]))
			continue;
		if (pg_class_aclcheck(relids[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
							errmsg("permission denied for table %s", ta_rel_shown(relids[i])),
							errdetail("Rows can't be judged without reading both tables."),
							errhint("Its owner can GRANT SELECT ON %s TO ...;",
									ta_rel_qualified(relids[i]))));
		if (!ta_rel_may_count(relids[i]))
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
							errmsg("row security of %s may hide rows", ta_rel_shown(relids[i])),
							errdetail("A row whose parent is hidden would be taken for an orphan."),
							errhint("Repair as a role that row security does not concern.")));
	}
}

/* without "User"; of rows that refer to none of several models: without "Post", "Photo" */
static char *
without_parent(const TaRepairJob *job)
{
	List *names = ta_target_names(job->state->reference);

	return psprintf("without \"%s\"", ta_err_join(names, "\" or \""));
}

static const char *const actions[] = {"delete", "set_null", "quarantine", "restore_parent"};

/* "delete: 2 rows of todos" and so on for each action, with what forbids it. */
static char *
choices(List *jobs)
{
	List *lines = NIL;
	ListCell *lc;

	foreach(lc, jobs)
	{
		TaRepairJob *job = lfirst(lc);
		int64 count = count_rows(job);
		char *child = ta_rel_shown(job->state->child_rel);
		char *rows = psprintf(INT64_FORMAT " %s of %s", count, count == 1 ? "row" : "rows", child);
		char *problem = set_null_problem(job);

		lines =
			lappend(lines, psprintf("%s %s:", rows,
									job->unique == NIL ? without_parent(job)
													   : psprintf("with %s of another row",
																  ta_ident_columns(job->unique))));
		lines = lappend(lines, psprintf("  delete: deletes %s", count == 1 ? "it" : "them"));
		lines = lappend(lines, problem != NULL ? psprintf("  set_null: can't be done. %s", problem)
							   : by_element(job)
								   ? psprintf("  set_null: takes these elements out of %s",
											  ta_ident_columns(columns_of(job)))
								   : psprintf("  set_null: sets %s to null",
											  ta_ident_columns(nullable_columns(job))));
		lines = lappend(lines, pstrdup("  quarantine: deletes, and keeps in assoc.quarantined"));
		problem = job->unique == NIL ? restore_problem(job) : "Rows too many have a parent.";
		lines = lappend(lines,
						problem != NULL
							? psprintf("  restore_parent: can't be done. %s", problem)
							: psprintf("  restore_parent: inserts into %s: " INT64_FORMAT,
									   ta_rel_shown(job->state->parent_rel), count_parents(job)));
	}
	return ta_err_join(lines, "\n");
}

/* Raises: the action can't be done to rows of the job. */
static void
refuse_action(const TaRepairJob *job, const char *action, char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("action \"%s\" can't mend association \"%s\"", action, job->association),
					errdetail("%s", problem),
					errhint("Use delete or quarantine, or give the column what it needs.")));
}

/*
 * How many passes over the table may be needed: of a tree, each takes one level
 * away.  More than a few otherwise come of a trigger, and would never end.
 */
int
ta_repair_passes(const TaRepairJob *job, const char *action)
{
	bool tree = job->unique == NIL && job->state->child_rel == job->state->parent_rel &&
				(strcmp(action, "delete") == 0 || strcmp(action, "quarantine") == 0);

	return tree ? 1000 : 10;
}

/* Whether the action does anything to the job's rows. */
bool
ta_repair_concerns(const TaRepairJob *job, const char *action)
{
	return (job->unique == NIL && job->state->unfit == NULL) ||
		   strcmp(action, "restore_parent") != 0;
}

/*
 * Keeps both tables as they are: row security that came between the check and
 * the query would make false orphans.
 */
void
ta_rows_lock(const TaState *state)
{
	LockRelationOid(state->child_rel, AccessShareLock);
	LockRelationOid(state->parent_rel, AccessShareLock);
}

/* Raises unless the action is one, and can be done; nothing is changed. */
void
ta_repair_check(List *jobs, const char *association, const char *action)
{
	bool known = false;
	ListCell *lc;

	foreach(lc, jobs)
	{
		ta_rows_lock(((TaRepairJob *) lfirst(lc))->state);
		check_access(((TaRepairJob *) lfirst(lc))->state);
	}
	for (int i = 0; action != NULL && i < lengthof(actions); i++)
		known = known || strcmp(action, actions[i]) == 0;
	if (!known)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						action == NULL ? errmsg("argument \"action\" must be said")
									   : errmsg("unknown action \"%s\"", action),
						errdetail("%s", choices(jobs)),
						errhint("CALL assoc.repair(%s, action => 'quarantine');",
								quote_literal_cstr(association))));
	foreach(lc, jobs)
	{
		const TaRepairJob *job = lfirst(lc);
		char *problem = NULL;

		if (strcmp(action, "set_null") == 0)
			problem = set_null_problem(job);
		else if (strcmp(action, "restore_parent") == 0 && ta_repair_concerns(job, action))
			problem = restore_problem(job);
		/* where there is nothing to mend, nothing is in the way */
		if (problem != NULL && count_rows(job) > 0)
			refuse_action(job, action, problem);
	}
}

/* ---- a batch ---- */

/* The table to write to, and what picks the rows of the batch there. */
static char *
batch_rows(const TaRepairJob *job, Oid relation, const char *places, Oid *table, char **target)
{
	Oid child = job->state->child_rel;
	char *here = psprintf("t.ctid OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.tid[])",
						  quote_literal_cstr(places));

	/* privileges are those on the partitioned table; an inheritance child has columns of its own */
	if (ta_rel_kind(child) == RELKIND_PARTITIONED_TABLE)
	{
		*target = ta_rel_qualified(child);
		*table = child;
		return psprintf("%s AND t.tableoid OPERATOR(pg_catalog.=) %u::pg_catalog.oid", here,
						relation);
	}
	*target = psprintf("ONLY %s", ta_rel_qualified(relation));
	*table = relation;
	return here;
}

/* Lets who may make the rows good end first, and keeps others out. */
static void
lock_others(const TaRepairJob *job)
{
	Oid relid = job->unique == NIL && job->state->unfit == NULL ? job->state->parent_rel
																: job->state->child_rel;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE) ==
			ACLCHECK_OK &&
		(ta_rel_kind(relid) == RELKIND_RELATION || ta_rel_kind(relid) == RELKIND_PARTITIONED_TABLE))
		ta_spi_utility(
			psprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", ta_rel_qualified(relid)));
}

static void
keep_text(HeapTuple tuple, TupleDesc desc, void *arg)
{
	*(char **) arg = ta_spi_text(tuple, desc, 1);
}

/*
 * The rows as JSON, by the place that a DELETE returns: {"16400 (0,2)": {"id": 7}}.
 * Read before it, for the settings that make their text exact and the same for
 * whoever reads it must not be those of triggers.
 */
static char *
read_rows(Oid table, const char *target, const char *where)
{
	static const char *const settings[][2] = {{"datestyle", "ISO"},
											  {"intervalstyle", "postgres"},
											  {"extra_float_digits", "3"}};
	char *rows = NULL;
	int level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	(void) ta_spi_query(psprintf("SELECT pg_catalog.jsonb_object_agg(%s, %s) FROM %s t WHERE %s",
								 PLACE_SQL, ta_rows_json(table, ta_rel_column_names(table)), target,
								 where),
						keep_text, &rows);
	AtEOXact_GUC(true, level);
	return rows;
}

/* Deletes and keeps them; they are locked. */
static int64
quarantine(const TaRepairJob *job, Oid table, const char *target, const char *where)
{
	char *rows = read_rows(table, target, where);
	char *gone = NULL;
	char *reason = job->unique == NIL
					   ? psprintf("no row of %s", job->state->unfit != NULL
													  ? ta_state_parents_shown(job->state, "or")
													  : ta_rel_qualified(job->state->parent_rel))
					   : psprintf("%s of another row", ta_ident_columns(job->unique));

	if (rows == NULL)
		return 0;
	(void) ta_spi_query(psprintf("WITH gone AS (DELETE FROM %s t WHERE %s RETURNING %s AS place) "
								 "SELECT pg_catalog.jsonb_agg(g.place) FROM gone g",
								 target, where, PLACE_SQL),
						keep_text, &gone);
	/* a trigger kept all of them */
	if (gone == NULL)
		return 0;
	return (int64) ta_quarantine_put(job->association, reason, table, rows, gone);
}

/* a = NULL, b = NULL */
static char *
set_nulls(List *columns)
{
	List *sets = NIL;
	ListCell *lc;

	foreach(lc, columns)
		sets = lappend(sets, psprintf("%s = NULL", ta_ident_quote(lfirst(lc))));
	return ta_err_join(sets, ", ");
}

/* Inserts the parents that the rows lack; returns how many. */
static int64
restore_parents(const TaRepairJob *job, const char *target, const char *where)
{
	const TaReference *reference = job->state->reference;
	uint64 count;

	count = ta_spi_query(
		psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE %s ON CONFLICT DO NOTHING",
				 ta_rel_qualified(job->state->parent_rel), ta_ident_columns(reference->key),
				 lacking_sql(job, target, where)),
		NULL, NULL);
	/* a timestamp is no date, a float8 no float4: what they become is somebody else's key */
	if (count > 0 &&
		ta_spi_query(psprintf("SELECT FROM %s t WHERE %s LIMIT 1", target, where), NULL, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the rows inserted into %s are not all that rows of %s lack",
						ta_rel_shown(job->state->parent_rel), ta_rel_shown(job->state->child_rel)),
				 errdetail(
					 "A trigger changed or left out some, another unique index was in the way, "
					 "or a value is none of the key's type. This batch is undone."),
				 errhint("Use delete or quarantine, or insert them by hand.")));
	return (int64) count;
}

/*
 * Mends those of the places that are still bad; returns how many rows were
 * changed (restore_parent: inserted).  relation: the table they stand in.
 */
int64
ta_repair_batch(const TaRepairJob *job, const char *action, Oid relation, const char *places)
{
	Oid table;
	char *target;
	char *here;
	char *where;

	if (!list_member_oid(find_all_inheritors(job->state->child_rel, NoLock, NULL), relation))
		return 0;
	here = batch_rows(job, relation, places, &table, &target);
	where = psprintf("%s AND %s", here, condition(job));
	lock_others(job);
	if (strcmp(action, "restore_parent") == 0)
		return restore_parents(job, target, where);
	(void) ta_spi_query(psprintf("SELECT FROM %s t WHERE %s FOR UPDATE", target, here), NULL, NULL);
	if (strcmp(action, "delete") == 0)
		return (int64) ta_spi_query(psprintf("DELETE FROM %s t WHERE %s", target, where), NULL,
									NULL);
	if (strcmp(action, "quarantine") == 0)
		return quarantine(job, table, target, where);
	return (int64) ta_spi_query(psprintf("UPDATE %s t SET %s WHERE %s", target,
										 by_element(job) ? ta_element_take_sql(job->state)
														 : set_nulls(nullable_columns(job)),
										 where),
								NULL, NULL);
}

/* What was done, before the number: rows of todos without "User" deleted */
char *
ta_repair_words(const TaRepairJob *job, const char *action)
{
	char *what = job->unique == NIL ? without_parent(job) : pstrdup("that were too many");
	const char *done = strcmp(action, "set_null") == 0 ? "set to null"
					   : strcmp(action, "delete") == 0 ? "deleted"
													   : "quarantined";

	if (strcmp(action, "restore_parent") == 0)
		return psprintf("rows inserted into %s", ta_rel_shown(job->state->parent_rel));
	if (by_element(job) && strcmp(action, "set_null") == 0)
		return psprintf("rows of %s have lost elements %s", ta_rel_shown(job->state->child_rel),
						what);
	return psprintf("rows of %s %s %s", ta_rel_shown(job->state->child_rel), what, done);
}
