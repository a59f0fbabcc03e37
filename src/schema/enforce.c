/*
 * src/schema/enforce.c
 *		What triggers shall enforce, and putting it in force.
 *
 * The row of assoc_internal.enforced and its triggers change together, under
 * locks that keep writers of all the tables out: there is no moment in which
 * less is enforced than before or after.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "model/lookup.h"
#include "model/option.h"
#include "model/target.h"
#include "pg/extension.h"
#include "schema/ddl.h"
#include "schema/enforce.h"
#include "schema/native.h"
#include "schema/run.h"
#include "schema/soft.h"
#include "schema/trigger.h"
#include "store/catalog.h"
#include "store/restored.h"

/* The mode in words: "by triggers". */
const char *
ta_enforce_words(TaMode mode)
{
	static const char *const words[] = {
		[TA_MODE_NONE] = "by nothing",
		[TA_MODE_FOREIGN_KEY] = "by a foreign key",
		[TA_MODE_TRIGGER] = "by triggers",
		[TA_MODE_STATEMENT] = "by triggers, once a statement",
	};

	return words[mode];
}

/* How the reference is enforced: of several targets, by a key of each. */
const char *
ta_enforced_in_words(const TaState *state)
{
	return state->mode == TA_MODE_FOREIGN_KEY && state->reference->type_column != NULL
			   ? "by foreign keys"
			   : ta_enforce_words(state->mode);
}

/* ---- what is wanted ---- */

/* A name that errors could take for another reference's of the table. */
static bool
name_taken(const char *name, void *arg)
{
	const TaState *state = arg;
	ListCell *lc;

	if (OidIsValid(state->child_rel) && ta_constraint_name_taken(state->child_rel, name))
		return true;
	foreach(lc, ta_enforced_of_table(state->child->schema, state->child->table))
	{
		TaEnforced *row = lfirst(lc);

		if (strcmp(row->name, name) == 0 && strcmp(row->reference, state->reference->name) != 0)
			return true;
	}
	return false;
}

/* What errors call it: as now, else as the key whose place it takes, else as PostgreSQL would call a key. */
static char *
name_of(const TaState *state)
{
	if (state->in_force != NULL)
		return pstrdup(state->in_force->name);
	if (state->fk != NULL)
		return pstrdup(state->fk->name);
	return ta_ident_invent(state->child->table, state->reference->columns, "fkey", name_taken,
						   unconstify(TaState *, state));
}

/*
 * Whose script makes the triggers again at a restore: the package's that has
 * the child's table, if it says the reference; a dump holds neither.
 */
static char *
declarer_of(const TaState *state)
{
	Oid owner = OidIsValid(state->child_rel) ? ta_ext_of_relation(state->child_rel) : InvalidOid;
	TaExtension *extension = ta_ext(owner);
	ListCell *lc;

	if (extension == NULL)
		return pstrdup("");
	foreach(lc, state->reference->views)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, extension->name) == 0)
			return extension->name;
	}
	return pstrdup("");
}

static TaEnforcedTarget *
target_of(const TaState *state, const TaStateTarget *parent)
{
	TaEnforcedTarget *target = palloc0(sizeof(TaEnforcedTarget));

	target->type_value =
		pstrdup(parent->target->type_value != NULL ? parent->target->type_value : "");
	target->schema = parent->model->schema;
	target->table = parent->model->table;
	target->key = parent->target->key;
	target->soft_delete = parent->model->soft_delete;
	target->heirs = parent->model->heirs;
	target->scope = unconstify(char *, state->scope);
	return target;
}

/* In the order in which they are read; for list_sort. */
static int
compare_targets(const ListCell *a, const ListCell *b)
{
	return strcmp(((TaEnforcedTarget *) lfirst(a))->type_value,
				  ((TaEnforcedTarget *) lfirst(b))->type_value);
}

/*
 * The row that shall be in force, but for whether it will be valid: nothing is
 * asked of tables and columns that do not exist yet.  mode: trigger or
 * statement.
 */
TaEnforced *
ta_enforce_wanted(const TaState *state, TaMode mode)
{
	TaEnforced *row = palloc0(sizeof(TaEnforced));
	const TaReference *reference = state->reference;
	ListCell *lc;

	row->reference = pstrdup(reference->name);
	row->declarer = declarer_of(state);
	row->name = name_of(state);
	row->mode = pstrdup(ta_mode_word(mode));
	row->child_schema = state->child->schema;
	row->child_table = state->child->table;
	row->columns = reference->columns;
	row->element = reference->element;
	row->match_full = state->match_full;
	row->on_delete = pstrdup(state->on_delete.value);
	row->on_update = pstrdup(state->on_update.value);
	row->deferral = pstrdup(state->deferral.value);
	row->condition = unconstify(char *, state->condition);
	row->type_column = unconstify(char *, reference->type_column);
	row->child_soft_delete = state->child->soft_delete;
	foreach(lc, state->targets)
		row->targets = lappend(row->targets, target_of(state, lfirst(lc)));
	list_sort(row->targets, compare_targets);
	return row;
}

/* ---- what changes ---- */

/* "declared CASCADE by Todo.user, found NO ACTION"; of what is merely kept, only what was found */
static void
add_option(List **changes, const char *option, const TaEffective *effective, const char *found)
{
	char *wanted;

	if (strcmp(effective->value, found) == 0)
		return;
	wanted = effective->by != NULL
				 ? psprintf("declared %s by %s", effective->value, ta_decl_name(effective->by))
				 : psprintf("%s by default", effective->value);
	*changes = lappend(*changes, psprintf("%s: %s, found %s", option, wanted, found));
}

static bool
same_target(const TaEnforcedTarget *a, const TaEnforcedTarget *b)
{
	return ta_ident_same(a->type_value, b->type_value) && ta_ident_same(a->schema, b->schema) &&
		   ta_ident_same(a->table, b->table) && ta_ident_lists_equal(a->key, b->key) &&
		   ta_ident_same(a->scope, b->scope) && ta_ident_same(a->soft_delete, b->soft_delete) &&
		   a->heirs == b->heirs;
}

static bool
same_targets(List *a, List *b)
{
	ListCell *la;
	ListCell *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
	{
		if (!same_target(lfirst(la), lfirst(lb)))
			return false;
	}
	return true;
}

/* Whether each row that refers rightly by the one target does so by the other: without a scope, too. */
static bool
keeps_target(const TaEnforcedTarget *target, const TaEnforcedTarget *before)
{
	TaEnforcedTarget wider = *before;

	if (target->scope == NULL)
		wider.scope = NULL;
	if (target->heirs)
		wider.heirs = true;
	return same_target(target, &wider);
}

/* Whether all the targets of before are among them: no row says a type that was none. */
static bool
holds_targets(List *targets, List *before)
{
	ListCell *lc;

	foreach(lc, before)
	{
		bool found = false;
		ListCell *lt;

		foreach(lt, targets)
			found = found || keeps_target(lfirst(lt), lfirst(lc));
		if (!found)
			return false;
	}
	return true;
}

/* Whether both are about the same columns of the same table, and count the same rows of it. */
static bool
same_child(const TaEnforced *a, const TaEnforced *b)
{
	return ta_ident_same(a->child_schema, b->child_schema) &&
		   ta_ident_same(a->child_table, b->child_table) &&
		   ta_ident_lists_equal(a->columns, b->columns) &&
		   ta_ident_same(a->type_column, b->type_column) && a->element == b->element &&
		   a->match_full == b->match_full && ta_ident_same(a->condition, b->condition) &&
		   ta_ident_same(a->child_soft_delete, b->child_soft_delete);
}

/* , deleted softly by "deletedAt" */
static const char *
soft_shown(const char *column)
{
	return column != NULL ? psprintf(", deleted softly by %s", ta_ident_quote(column)) : "";
}

/* "Users" (id), or "Posts" (id) for 'Post', "Photos" (id) for 'Photo' */
static char *
targets_shown(List *targets)
{
	List *shown = NIL;
	ListCell *lc;

	foreach(lc, targets)
	{
		TaEnforcedTarget *target = lfirst(lc);
		Oid relid = ta_rel_lookup(target->schema, target->table);
		char *text = psprintf("%s (%s)%s%s",
							  OidIsValid(relid) ? ta_rel_shown(relid)
												: ta_ident_qualify(target->schema, target->table),
							  ta_ident_columns(target->key), target->heirs ? " with its heirs" : "",
							  soft_shown(target->soft_delete));

		shown = lappend(shown,
						target->type_value[0] == '\0'
							? (target->scope == NULL
								   ? text
								   : psprintf("%s with scope %s", text, target->scope))
							: psprintf("%s for %s", text, quote_literal_cstr(target->type_value)));
	}
	return ta_err_join(shown, ", ");
}

/* How what is in force differs from what is wanted (of char *); the state has both. */
List *
ta_enforce_changes(const TaState *state)
{
	const TaEnforced *row = state->in_force;
	List *changes = NIL;

	add_option(&changes, "enforce", &state->enforce, row->mode);
	add_option(&changes, "ON DELETE", &state->on_delete, row->on_delete);
	add_option(&changes, "ON UPDATE", &state->on_update, row->on_update);
	add_option(&changes, "deferral", &state->deferral, row->deferral);
	if (!same_child(row, state->wanted))
		changes = lappend(
			changes,
			psprintf("%sfound triggers for %s (%s)%s%s",
					 state->condition == NULL ? "" : psprintf("condition %s, ", state->condition),
					 ta_ident_qualify(row->child_schema, row->child_table),
					 ta_ident_columns(row->columns), soft_shown(row->child_soft_delete),
					 row->condition == NULL ? "" : psprintf(" with condition %s", row->condition)));
	if (!same_targets(row->targets, state->wanted->targets))
		changes = lappend(changes, psprintf("refers to %s, found triggers for %s",
											targets_shown(state->wanted->targets),
											targets_shown(row->targets)));
	return changes;
}

/* A valid key says all there is to know of the rows, but not whose parents are deleted softly. */
static bool
known_by_key(const TaState *state)
{
	if (state->reference->type_column != NULL)
		return ta_native_valid(state) && !ta_soft_any(state);
	return state->fk != NULL && state->fk->validated && !state->fk->temporal && !ta_soft_any(state);
}

/*
 * Whether all rows are known to be right once what is wanted is in force: as a
 * valid key says, or the triggers that were there without a pause.
 */
bool
ta_enforce_stays_valid(const TaState *state)
{
	const TaEnforced *row = state->in_force;

	/* a key knows of no scope */
	if (known_by_key(state) && state->scope == NULL)
		return true;
	return row != NULL && row->validated && state->faults == NIL && state->disabled == NIL &&
		   same_child(row, state->wanted) && holds_targets(state->wanted->targets, row->targets);
}

/* ---- locks and rights ---- */

/* The tables of the row: the child first, then its parents, as ADD FOREIGN KEY locks them. */
static List *
tables_of(const TaEnforced *row)
{
	List *relids = NIL;
	Oid child = ta_rel_lookup(row->child_schema, row->child_table);
	ListCell *lc;

	if (OidIsValid(child))
		relids = list_make1_oid(child);
	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);
		Oid parent = ta_rel_lookup(target->schema, target->table);

		if (OidIsValid(parent))
			relids = list_append_unique_oid(relids, parent);
		if (OidIsValid(parent) && target->heirs)
			relids = list_concat_unique_oid(relids, find_all_inheritors(parent, NoLock, NULL));
	}
	return relids;
}

static void
lock_tables(const TaEnforced *row, LOCKMODE mode)
{
	ListCell *lc;

	foreach(lc, tables_of(row))
		LockRelationOid(lfirst_oid(lc), mode);
}

/* Raises: tables or columns are yet to be made. */
static void
check_stands(const TaState *state)
{
	if (ta_state_stands(state))
		return;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("association \"%s\" has no columns to enforce yet",
						   ta_decl_name(state->reference->serves)),
					errhint("SELECT * FROM assoc.apply(%s);",
							quote_literal_cstr(ta_decl_name(state->reference->serves)))));
}

/* Raises unless the user may have triggers on the child and on its parents. */
static void
check_rights(const TaState *state)
{
	ListCell *lc;

	ta_check_owner(state->child_rel);
	/* problems, and REFERENCES on the parent */
	ta_reference_check(state->reference);
	foreach(lc, state->targets)
	{
		const TaStateTarget *target = lfirst(lc);
		ListCell *lh;

		/* an heir may be another's: he must agree to its triggers as well */
		foreach(lh, target->model->heirs ? find_all_inheritors(target->relid, NoLock, NULL) : NIL)
		{
			AclResult result = pg_class_aclcheck(lfirst_oid(lh), GetUserId(), ACL_REFERENCES);

			if (result != ACLCHECK_OK)
				aclcheck_error(result, OBJECT_TABLE, ta_rel_name(lfirst_oid(lh)));
		}
	}
}

/* The mode to put in force; raises where another one is declared. */
static TaMode
mode_to_enforce(const TaState *state)
{
	if (state->by_triggers)
		return state->mode;
	if (state->enforce.by == NULL)
		return TA_MODE_TRIGGER;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("association \"%s\" is declared enforce %s, not trigger",
						   ta_decl_name(state->reference->serves), state->enforce.value),
					errhint("SELECT assoc.set_enforcement(%s, 'trigger');",
							quote_literal_cstr(ta_decl_name(state->enforce.by)))));
	return TA_MODE_NONE;
}

/* Raises unless that is the native key whose place the triggers are to take. */
static void
check_key(const TaState *state, const char *name)
{
	if (state->fk != NULL && strcmp(state->fk->name, name) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table %s has no foreign key %s that serves association \"%s\"",
					ta_rel_shown(state->child_rel), ta_ident_quote(name),
					ta_decl_name(state->reference->serves)),
			 state->fk != NULL ? errhint("Its foreign key is %s.", ta_ident_quote(state->fk->name))
							   : errhint("Leave out in_place_of.")));
}

/* ---- putting in force ---- */

static void
drop_key(const TaState *state)
{
	ta_run_ddl(psprintf("ALTER TABLE %s DROP CONSTRAINT %s", ta_rel_qualified(state->child_rel),
						ta_ident_quote(state->fk->name)),
			   state->reference->serves->declarer);
}

/*
 * Puts the reference in force by triggers as it is declared now: new, or in the
 * place of the triggers there are.  in_place_of: a native key that is dropped
 * at the same moment, or NULL.  Needs the catalog lock.  Raises when the
 * reference can't stand, or the user may not.
 */
void
ta_enforce(const TaReference *reference, const char *in_place_of)
{
	List *recorded = ta_catalog_recorded(reference->name);
	const TaState *state = ta_state(reference, recorded);
	TaEnforced *wanted;
	bool replaces;
	ListCell *lc;

	if (state->problem != NULL)
		ta_reference_check(reference);
	check_stands(state);
	check_rights(state);
	wanted = ta_enforce_wanted(state, mode_to_enforce(state));
	replaces = in_place_of != NULL || state->in_force != NULL;
	lock_tables(wanted, replaces ? AccessExclusiveLock : ShareRowExclusiveLock);
	if (state->in_force != NULL)
		lock_tables(state->in_force, AccessExclusiveLock);

	/* as it is under the locks */
	state = ta_state(reference, recorded);
	check_stands(state);
	if (in_place_of != NULL)
		check_key(state, in_place_of);
	wanted = ta_enforce_wanted(state, mode_to_enforce(state));
	wanted->validated = state->wanted != NULL ? state->wanted->validated : known_by_key(state);
	if (state->in_force != NULL && state->changes != NIL)
		ta_triggers_drop_elsewhere(state->in_force, wanted);
	ta_enforced_put(wanted);
	ta_triggers_make(wanted);
	ta_restored_note(reference->name, state->child_rel);
	if (in_place_of != NULL)
		drop_key(state);
	foreach(lc, tables_of(wanted))
		ta_triggers_settle(lfirst_oid(lc));
}

/* Raises unless the user may end what the row says: as the owner of the child; without one, of all parents. */
static void
check_may_end(const TaEnforced *row)
{
	Oid child = ta_rel_lookup(row->child_schema, row->child_table);
	ListCell *lc;

	if (OidIsValid(child))
	{
		ta_check_owner(child);
		return;
	}
	foreach(lc, tables_of(row))
		ta_check_owner(lfirst_oid(lc));
}

/* Ends what triggers enforce for the reference: drops them, and the row.  Needs the catalog lock. */
void
ta_unenforce(const TaEnforced *row)
{
	check_may_end(row);
	lock_tables(row, AccessExclusiveLock);
	ta_enforced_delete(row->reference);
	ta_triggers_drop(row);
}

/* ---- validating ---- */

typedef struct Orphan
{
	int columns;
	char *values; /* "1, 2"; NULL: none was found */
} Orphan;

static void
keep_orphan(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Orphan *orphan = arg;
	List *values = NIL;

	for (int i = 1; i <= orphan->columns; i++)
	{
		char *value = ta_spi_text(tuple, desc, i);

		values = lappend(values, value != NULL ? value : pstrdup("null"));
	}
	orphan->values = ta_err_join(values, ", ");
}

/* SELECT t."userId"::text FROM (SELECT t.* FROM .. ) t LIMIT 1 */
static char *
one_row_sql(const TaState *state, const char *query)
{
	List *values = NIL;
	ListCell *lc;

	foreach(lc, ta_reference_columns(state->reference))
		values =
			lappend(values, state->reference->element
								? psprintf("%s::pg_catalog.text", ta_ddl_lost_element(state))
								: psprintf("t.%s::pg_catalog.text", ta_ident_quote(lfirst(lc))));
	return psprintf("SELECT %s FROM (%s) t LIMIT 1", ta_err_join(values, ", "), query);
}

/* Users; of several Posts" or "Photos, to stand between quotes */
static char *
parents_named(const TaState *state)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, state->targets)
		names = lappend(names, ((TaStateTarget *) lfirst(lc))->model->table);
	return ta_err_join(names, "\" or \"");
}

/* Raises, as VALIDATE CONSTRAINT does, when a row refers to nothing, or lives while its parent is deleted. */
static void
check_rows(const TaState *state)
{
	List *columns = ta_reference_columns(state->reference);
	Orphan orphan = {.columns = list_length(columns)};
	const TaModel *deleted = NULL;
	ListCell *lc;
	int nest = NewGUCNestLevel();

	/* one scan and one hash table, as when a native key is checked */
	(void) set_config_option("work_mem", psprintf("%d", maintenance_work_mem), PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ta_spi_query(one_row_sql(state, ta_ddl_orphans_query(state, false)), keep_orphan, &orphan);
	foreach(lc, state->targets)
	{
		const TaStateTarget *target = lfirst(lc);
		char *dead = ta_soft_children_query(state, target, false);

		if (orphan.values != NULL || dead == NULL)
			continue;
		ta_spi_query(one_row_sql(state, dead), keep_orphan, &orphan);
		deleted = target->model;
	}
	AtEOXact_GUC(true, nest);
	if (orphan.values == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("insert or update on table \"%s\" violates foreign key constraint \"%s\"",
					state->in_force->child_table, state->in_force->name),
			 deleted == NULL
				 ? errdetail("Key (%s)=(%s) is not present in table \"%s\"%s.",
							 ta_err_join(columns, ", "), orphan.values, parents_named(state),
							 state->scope == NULL ? "" : psprintf(" with scope %s", state->scope))
				 : errdetail("Key (%s)=(%s) is present in table \"%s\", but its row is deleted "
							 "(\"%s\").",
							 ta_err_join(columns, ", "), orphan.values, deleted->table,
							 deleted->soft_delete),
			 errhint(deleted == NULL ? "SELECT * FROM assoc.orphans(%s);"
									 : "SELECT * FROM assoc.validate(%s);",
					 quote_literal_cstr(ta_decl_name(state->reference->serves))),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, state->in_force->child_schema),
			 err_generic_string(PG_DIAG_TABLE_NAME, state->in_force->child_table),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, state->in_force->name)));
}

/* Raises when triggers do not enforce the reference, all of them and as they shall. */
static void
check_in_force(const TaState *state)
{
	const char *association = ta_decl_name(state->reference->serves);
	List *why = list_concat_copy(state->changes, state->faults);

	if (state->in_force == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("association \"%s\" is not enforced by triggers", association),
				 errhint("SELECT * FROM assoc.apply(%s);", quote_literal_cstr(association))));
	if (why == NIL && state->disabled == NIL)
		return;
	if (why == NIL)
	{
		TaTriggerFact *fact = linitial(state->disabled);

		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("triggers of association \"%s\" are disabled", association),
						errdetail("One is %s of %s.", ta_ident_quote(fact->name),
								  ta_rel_shown(fact->relid)),
						errhint("%s;", ta_trigger_enable_sql(fact))));
	}
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("association \"%s\" is not enforced as it is declared", association),
					errdetail("%s.", ta_err_join(why, "; ")),
					errhint("SELECT * FROM assoc.apply(%s);", quote_literal_cstr(association))));
}

/* Raises unless the user sees all rows of the table: what is hidden would look like missing. */
static void
check_sees_all(Oid relid)
{
	if (ta_rel_may_count(relid))
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied for table %s", ta_rel_shown(relid)),
					errdetail("To check the rows takes SELECT on it, and no row security."),
					errhint("Its owner can GRANT SELECT ON %s TO ...; or call it as a superuser.",
							ta_rel_qualified(relid))));
}

/*
 * Checks all rows of a reference that triggers enforce, and notes that they are
 * right.  Writers go on: what they write is checked by the triggers.  Raises
 * 23503 when a row refers to nothing.  Needs the catalog lock.
 */
void
ta_enforce_validate(const TaReference *reference)
{
	List *recorded = ta_catalog_recorded(reference->name);
	const TaState *state = ta_state(reference, recorded);
	ListCell *lc;

	if (state->problem != NULL)
		ta_reference_check(reference);
	check_stands(state);
	check_in_force(state);
	ta_check_owner(state->child_rel);
	LockRelationOid(state->child_rel, ShareUpdateExclusiveLock);
	foreach(lc, state->targets)
	{
		Oid parent = ((TaStateTarget *) lfirst(lc))->relid;

		if (parent != state->child_rel)
			LockRelationOid(parent, RowShareLock);
	}
	state = ta_state(reference, recorded);
	check_stands(state);
	check_in_force(state);
	check_sees_all(state->child_rel);
	foreach(lc, state->targets)
		check_sees_all(((TaStateTarget *) lfirst(lc))->relid);
	check_rows(state);
	ta_enforced_set_validated(reference->name, true);
}
