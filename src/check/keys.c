/*
 * src/check/keys.c
 *		Foreign keys: double, undeclared, not checking all that they seem to.
 *
 * That a key is missing, differs from what is said, or is not validated is
 * the plan's to say.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "base/ident.h"
#include "base/spi.h"
#include "check/subject.h"
#include "model/naming.h"
#include "model/target.h"
#include "pg/facts.h"
#include "schema/ddl.h"
#include "store/cache.h"

/* ALTER TABLE .. DROP CONSTRAINT */
static char *
drop_key(const TaState *state, const TaForeignKey *fk)
{
	return psprintf("ALTER TABLE %s DROP CONSTRAINT %s;", ta_rel_qualified(state->child_rel),
					ta_ident_quote(fk->name));
}

static char *
drop_key_lock(const TaState *state)
{
	return psprintf("lock: ACCESS EXCLUSIVE on %s and %s", ta_rel_qualified(state->child_rel),
					ta_rel_qualified(state->parent_rel));
}

/* Two keys do what one does, twice: each is checked on every write. */
static void
check_duplicate(TaSubject *subject, const TaState *state, const TaForeignKey *fk)
{
	ta_subject_add(subject, state, TA_WARNING, "fk_duplicate",
				   psprintf("foreign key %s of %s does what %s does", ta_ident_quote(fk->name),
							ta_rel_shown(state->child_rel), ta_ident_quote(state->fk->name)),
				   drop_key(state, fk), drop_key_lock(state));
}

/* Whether the wide key joins all that the narrow one joins, and more, so that each row it checks the narrow one knows. */
static bool
implies(const TaForeignKey *wide, const TaForeignKey *narrow, Oid child)
{
	ListCell *lc;
	ListCell *lk;
	int shared = 0;

	if (wide->parent != narrow->parent || wide->temporal || narrow->temporal || wide->inherited ||
		narrow->inherited || !wide->validated ||
		list_length(wide->columns) <= list_length(narrow->columns))
		return false;
	forboth(lc, wide->columns, lk, wide->key)
	{
		ListCell *nc;
		ListCell *nk;
		bool found = false;

		forboth(nc, narrow->columns, nk, narrow->key)
			found = found ||
					(strcmp(lfirst(nc), lfirst(lc)) == 0 && strcmp(lfirst(nk), lfirst(lk)) == 0);
		if (found)
			shared++;
		/* MATCH SIMPLE: where this column is null only the narrow key looks */
		else if (!ta_rel_column(child, lfirst(lc))->not_null)
			return false;
	}
	return shared == list_length(narrow->columns);
}

/* What two actions on the same row come to. */
typedef enum Pair
{
	PAIR_ONE, /* the wide key's alone would do */
	PAIR_BOTH, /* each does what the other does not */
	PAIR_CLASH
} Pair;

static Pair
pair_of(char wide, char narrow)
{
	if (narrow == wide || narrow == FKCONSTR_ACTION_NOACTION)
		return PAIR_ONE;
	/* as before 15, which had no SET NULL (column): one key acts, the other keeps the tenant */
	return wide == FKCONSTR_ACTION_NOACTION ? PAIR_BOTH : PAIR_CLASH;
}

/*
 * user_id -> users (id) beside (tenant, user_id) -> users (tenant, id): the second
 * allows no row that the first forbids.  Keys that share a column and have
 * others of their own, as all those with a tenant do, are none of this.
 */
static void
check_implied(TaSubject *subject, const TaState *state, const TaForeignKey *wide)
{
	const TaForeignKey *narrow = state->fk;
	Pair pair = Max(pair_of(wide->on_delete, narrow->on_delete),
					pair_of(wide->on_update, narrow->on_update));

	if (pair == PAIR_CLASH)
		ta_subject_add(subject, state, TA_WARNING, "fk_implied",
					   psprintf("foreign keys %s and %s of %s do different things to the same rows "
								"when a row of %s goes",
								ta_ident_quote(narrow->name), ta_ident_quote(wide->name),
								ta_rel_shown(state->child_rel), ta_rel_shown(state->parent_rel)),
					   NULL,
					   pstrdup("Which is first depends on the names of their triggers. Let both "
							   "associations say the same on_delete and on_update, or one of them "
							   "enforce => 'none'."));
	else if (pair == PAIR_ONE && wide->deferred == narrow->deferred)
		ta_subject_add(subject, state, TA_INFO, "fk_implied",
					   psprintf("foreign key %s of %s forbids nothing that %s allows",
								ta_ident_quote(narrow->name), ta_rel_shown(state->child_rel),
								ta_ident_quote(wide->name)),
					   NULL,
					   pstrdup("Each is checked on every write. The association by the narrow one "
							   "can say enforce => 'none', and its key be dropped."));
}

/* Other keys to the same parent that do what this one does, or more. */
static void
check_twins(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(state->child_rel))
	{
		TaForeignKey *fk = lfirst(lc);

		if (fk->oid == state->fk->oid)
			continue;
		if (!fk->inherited && !fk->temporal && ta_subject_same_key(fk, state))
			check_duplicate(subject, state, fk);
		else if (implies(fk, state->fk, state->child_rel))
			check_implied(subject, state, fk);
	}
}

/* The CHECKs of a table. */
typedef struct CheckSlot
{
	Oid relid; /* hash key */
	List *checks; /* of List of char *: the columns that each names */
} CheckSlot;

static void
read_check(HeapTuple tuple, TupleDesc desc, void *arg)
{
	HTAB *slots = arg;
	Oid relid = atooid(ta_spi_text(tuple, desc, 1));
	bool found;
	CheckSlot *slot = hash_search(slots, &relid, HASH_ENTER, &found);

	if (!found)
		slot->checks = NIL;
	slot->checks = lappend(slot->checks, ta_ident_from_array(ta_spi_text(tuple, desc, 2)));
}

/* The CHECKs of all tables that hold foreign keys, by table. */
static HTAB *
read_checks(const TaSubject *subject)
{
	HTAB *slots = ta_subject_by_oid("todo_assoc checks", sizeof(CheckSlot));

	ta_spi_query(
		psprintf(
			"SELECT c.conrelid::pg_catalog.text, ARRAY(SELECT a.attname::pg_catalog.text"
			" FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.conrelid"
			" AND a.attnum OPERATOR(pg_catalog.=) ANY (c.conkey))"
			" FROM pg_catalog.pg_constraint c"
			" WHERE c.contype OPERATOR(pg_catalog.=) 'c'"
			" AND c.conrelid OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.oid[])",
			ta_subject_tables(subject, false)),
		read_check, slots);
	return slots;
}

/* Whether a CHECK names all these columns: taken for one that says all or none. */
static bool
has_check(HTAB *checks, Oid relid, List *columns)
{
	CheckSlot *slot = hash_search(checks, &relid, HASH_FIND, NULL);
	ListCell *lc;

	foreach(lc, slot != NULL ? slot->checks : NIL)
	{
		bool all = true;
		ListCell *lk;

		foreach(lk, columns)
			all = all && ta_ident_list_has(lfirst(lc), lfirst(lk));
		if (all)
			return true;
	}
	return false;
}

/* MATCH SIMPLE does not look at a row in which one column of the key is null. */
static void
check_partly_null(TaSubject *subject, const TaState *state, HTAB *checks)
{
	List *nullable = NIL;
	ListCell *lc;

	if (list_length(state->fk->columns) < 2 || state->fk->match != FKCONSTR_MATCH_SIMPLE)
		return;
	foreach(lc, state->reference->columns)
	{
		if (!ta_rel_column(state->child_rel, lfirst(lc))->not_null)
			nullable = lappend(nullable, lfirst(lc));
	}
	/* where only one may be null, it alone says that there is none */
	if (list_length(nullable) < 2 || has_check(checks, state->child_rel, nullable))
		return;
	ta_subject_add(subject, state, TA_INFO, "fk_partly_null",
				   psprintf("a row of %s in which only some of %s are null is not checked by "
							"foreign key %s",
							ta_rel_shown(state->child_rel), ta_ident_columns(nullable),
							ta_ident_quote(state->fk->name)),
				   psprintf("ALTER TABLE %s ADD CHECK (num_nulls(%s) IN (0, %d));",
							ta_rel_qualified(state->child_rel), ta_ident_columns(nullable),
							list_length(nullable)),
				   ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, "scans it"));
}

/* ---- the two columns of a polymorphic reference ---- */

/* One of the two refuses nulls and the other does not: where that one is null, the row is refused for another reason. */
static void
check_nullability(TaSubject *subject, const TaState *state)
{
	const TaColumn *type = ta_rel_column(state->child_rel, state->reference->type_column);
	const TaColumn *key = ta_rel_column(state->child_rel, linitial(state->reference->columns));
	const TaColumn *strict = type->not_null ? type : key;
	const TaColumn *lax = type->not_null ? key : type;

	/* where it is said, the plan has the step */
	if (type->not_null == key->not_null || state->reference->required.value != NULL)
		return;
	ta_subject_add(subject, state, TA_WARNING, "polymorphic_nullability",
				   psprintf("%s.%s is NOT NULL and %s allows nulls: the two refer together or not "
							"at all",
							ta_rel_shown(state->child_rel), ta_ident_quote(strict->name),
							ta_ident_quote(lax->name)),
				   psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;",
							ta_rel_qualified(state->child_rel), ta_ident_quote(lax->name)),
				   ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, "scans it"));
}

/* Where neither triggers nor native keys look, only a CHECK keeps one of the two from being null alone. */
static void
check_half_null(TaSubject *subject, const TaState *state, HTAB *checks)
{
	List *columns = ta_reference_columns(state->reference);
	ListCell *lc;

	foreach(lc, columns)
	{
		if (ta_rel_column(state->child_rel, lfirst(lc))->not_null)
			return;
	}
	if (state->enforced || has_check(checks, state->child_rel, columns))
		return;
	ta_subject_add(subject, state, TA_INFO, "fk_partly_null",
				   psprintf("nothing keeps one of %s in a row of %s from being null alone",
							ta_ident_columns(columns), ta_rel_shown(state->child_rel)),
				   psprintf("ALTER TABLE %s ADD CHECK (num_nulls(%s) IN (0, 2));",
							ta_rel_qualified(state->child_rel), ta_ident_columns(columns)),
				   ta_subject_lock("ACCESS EXCLUSIVE", state->child_rel, "scans it"));
}

/* ---- beyond the key ---- */

/* Rows of tables that inherit are not checked by the key of the table they inherit from. */
static void
check_inheritance(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	if (ta_rel_kind(state->child_rel) != RELKIND_RELATION ||
		!ta_rel_has_inheritance_children(state->child_rel))
		return;
	foreach(lc, find_all_inheritors(state->child_rel, NoLock, NULL))
	{
		Oid heir = lfirst_oid(lc);
		bool found = heir == state->child_rel;
		ListCell *lk;

		foreach(lk, ta_rel_foreign_keys(heir))
			found = found || ta_subject_same_key(lfirst(lk), state);
		if (found)
			continue;
		ta_subject_add(subject, state, TA_WARNING, "fk_not_inherited",
					   psprintf("table %s inherits from %s, but not its foreign key %s",
								ta_rel_shown(heir), ta_rel_shown(state->child_rel),
								ta_ident_quote(state->fk->name)),
					   psprintf("ALTER TABLE %s %s;", ta_rel_qualified(heir),
								ta_ddl_existing_key_clause(state->fk)),
					   psprintf("lock: SHARE ROW EXCLUSIVE on %s and %s; scans the first",
								ta_rel_qualified(heir), ta_rel_qualified(state->parent_rel)));
	}
}

/* ---- undeclared ---- */

/* Models and references by the table they are on. */
typedef struct TableSlot
{
	Oid relid; /* hash key */
	const TaModel *model; /* NULL: none */
	List *states;
} TableSlot;

static TableSlot *
slot_of(HTAB *tables, Oid relid, HASHACTION action)
{
	bool found;
	TableSlot *slot = hash_search(tables, &relid, action, &found);

	if (slot != NULL && !found)
	{
		slot->model = NULL;
		slot->states = NIL;
	}
	return slot;
}

/* Whether the model has an association or a column of this name. */
static bool
alias_taken(const TaModel *model, const char *alias)
{
	ListCell *lc;

	if (ta_rel_column(model->relid, alias) != NULL)
		return true;
	foreach(lc, ta_cache_associations(model))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, alias) == 0)
			return true;
	}
	return false;
}

/* A free alias for it: after the target, else after the column, else after the key. */
static const char *
alias_for(const TaModel *child, const TaModel *parent, const TaForeignKey *fk)
{
	char *alias = ta_name_alias(parent, false);
	char *column = pstrdup(linitial(fk->columns));
	int length = (int) strlen(column);

	if (!alias_taken(child, alias))
		return alias;
	if (length > 3 && strcmp(column + length - 3, "_id") == 0)
		column[length - 3] = '\0';
	else if (length > 2 && strcmp(column + length - 2, "Id") == 0)
		column[length - 2] = '\0';
	return alias_taken(child, column) ? fk->name : column;
}

static void
check_undeclared_of(TaSubject *subject, HTAB *tables, const TableSlot *slot)
{
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(slot->model->relid))
	{
		TaForeignKey *fk = lfirst(lc);
		TableSlot *parent = slot_of(tables, fk->parent, HASH_FIND);
		bool declared = false;
		ListCell *ls;

		if (parent == NULL || parent->model == NULL || fk->inherited || fk->temporal)
			continue;
		foreach(ls, slot->states)
			declared = declared || ta_subject_same_key(fk, lfirst(ls));
		if (declared)
			continue;
		ta_finding_add(
			&subject->findings, TA_INFO, "fk_undeclared",
			psprintf("foreign key %s of model \"%s\" to \"%s\" is not declared",
					 ta_ident_quote(fk->name), slot->model->name, parent->model->name),
			psprintf("SELECT assoc.belongs_to(%s, %s, alias => %s, foreign_key => %s, target_key "
					 "=> %s);",
					 quote_literal_cstr(slot->model->name), quote_literal_cstr(parent->model->name),
					 quote_literal_cstr(alias_for(slot->model, parent->model, fk)),
					 quote_literal_cstr(ta_ident_typed(fk->columns)),
					 quote_literal_cstr(ta_ident_typed(fk->key))));
	}
}

/* Keys between tables of models that no association is a view of. */
static void
check_undeclared(TaSubject *subject)
{
	HTAB *tables = ta_subject_by_oid("todo_assoc tables", sizeof(TableSlot));
	List *names = ta_catalog_model_names();
	ListCell *lc;

	foreach(lc, names)
	{
		const TaModel *model = ta_cache_model(lfirst(lc));

		if (model != NULL && OidIsValid(model->relid))
		{
			TableSlot *slot = slot_of(tables, model->relid, HASH_ENTER);

			if (slot->model == NULL)
				slot->model = model;
		}
	}
	foreach(lc, list_concat_copy(subject->states, subject->natives))
	{
		TaState *state = lfirst(lc);

		if (ta_subject_stands(state))
		{
			TableSlot *slot = slot_of(tables, state->child_rel, HASH_ENTER);

			slot->states = lappend(slot->states, state);
		}
	}
	foreach(lc, names)
	{
		const TaModel *model = ta_cache_model(lfirst(lc));
		TableSlot *slot = model != NULL ? slot_of(tables, model->relid, HASH_FIND) : NULL;

		if (slot != NULL && slot->model == model)
			check_undeclared_of(subject, tables, slot);
	}
	hash_destroy(tables);
}

/* ---- switched off ---- */

/* Tables on which triggers of a key are disabled. */
typedef struct DisabledSlot
{
	Oid constraint; /* hash key */
	List *tables; /* of Oid */
} DisabledSlot;

static void
read_disabled(HeapTuple tuple, TupleDesc desc, void *arg)
{
	HTAB *slots = arg;
	Oid constraint = atooid(ta_spi_text(tuple, desc, 1));
	bool found;
	DisabledSlot *slot = hash_search(slots, &constraint, HASH_ENTER, &found);

	if (!found)
		slot->tables = NIL;
	slot->tables = lappend_oid(slot->tables, atooid(ta_spi_text(tuple, desc, 2)));
}

/* ALTER TABLE DISABLE TRIGGER ALL leaves keys that check nothing and do nothing. */
static void
check_disabled(TaSubject *subject)
{
	HTAB *slots = ta_subject_by_oid("todo_assoc disabled", sizeof(DisabledSlot));
	ListCell *lc;

	ta_spi_query("SELECT DISTINCT t.tgconstraint::pg_catalog.text, t.tgrelid::pg_catalog.text"
				 " FROM pg_catalog.pg_trigger t"
				 " WHERE t.tgisinternal AND t.tgenabled OPERATOR(pg_catalog.=) 'D'"
				 " AND NOT t.tgconstraint OPERATOR(pg_catalog.=) 0::pg_catalog.oid",
				 read_disabled, slots);
	foreach(lc, list_concat_copy(subject->states, subject->natives))
	{
		const TaState *state = lfirst(lc);
		DisabledSlot *slot = ta_subject_stands(state) && state->fk != NULL
								 ? hash_search(slots, &state->fk->oid, HASH_FIND, NULL)
								 : NULL;
		ListCell *lt;

		foreach(lt, slot != NULL ? slot->tables : NIL)
			ta_subject_add(subject, state, TA_ERROR, "fk_triggers_disabled",
						   psprintf("foreign key %s is not checked: triggers of %s are disabled",
									ta_ident_quote(state->fk->name), ta_rel_shown(lfirst_oid(lt))),
						   psprintf("ALTER TABLE %s ENABLE TRIGGER ALL;",
									ta_rel_qualified(lfirst_oid(lt))),
						   ta_subject_lock("SHARE ROW EXCLUSIVE", lfirst_oid(lt),
										   "for a superuser; what was written meanwhile may break "
										   "the key"));
	}
	hash_destroy(slots);
}

/* Whether an action of the key sets columns to their defaults. */
static bool
sets_default(const TaForeignKey *fk)
{
	return fk->on_delete == FKCONSTR_ACTION_SETDEFAULT ||
		   fk->on_update == FKCONSTR_ACTION_SETDEFAULT;
}

/* SET DEFAULT where there is none sets to null; one that is declared is the plan's to refuse. */
static void
check_default(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	if (!sets_default(state->fk) || state->fk->inherited)
		return;
	foreach(lc,
			state->fk->on_delete == FKCONSTR_ACTION_SETDEFAULT && state->fk->delete_columns != NIL
				? state->fk->delete_columns
				: state->fk->columns)
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));

		if (column == NULL || column->has_default)
			continue;
		ta_subject_add(subject, state, TA_WARNING, "default_missing",
					   psprintf("foreign key %s has SET DEFAULT, and %s.%s has no default: %s",
								ta_ident_quote(state->fk->name), ta_rel_shown(state->child_rel),
								ta_ident_quote(column->name),
								column->not_null ? "it refuses the null that is set"
												 : "it is set to null"),
					   NULL,
					   pstrdup("Give it one, or let the association say on_delete => 'SET NULL'."));
	}
}

/* A key that nobody asked for and that is not validated: the plan passes over it. */
static void
check_unasked(TaSubject *subject, const TaState *state)
{
	if (state->enforced || state->fk->validated)
		return;
	ta_subject_add(subject, state, TA_INFO, "fk_not_valid",
				   psprintf("foreign key %s is NOT VALID: rows older than it are unchecked",
							ta_ident_quote(state->fk->name)),
				   psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s;",
							ta_rel_qualified(state->child_rel), ta_ident_quote(state->fk->name)),
				   ta_subject_lock("SHARE UPDATE EXCLUSIVE", state->child_rel, "scans it"));
}

void
ta_check_keys(TaSubject *subject)
{
	HTAB *checks = read_checks(subject);
	ListCell *lc;

	foreach(lc, list_concat_copy(subject->states, subject->natives))
	{
		const TaState *state = lfirst(lc);

		if (!ta_subject_stands(state) || state->fk == NULL)
			continue;
		check_twins(subject, state);
		check_partly_null(subject, state, checks);
		check_inheritance(subject, state);
		check_unasked(subject, state);
		check_default(subject, state);
	}
	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);

		if (!ta_state_stands(state) || state->reference->type_column == NULL)
			continue;
		check_nullability(subject, state);
		check_half_null(subject, state, checks);
	}
	hash_destroy(checks);
	check_disabled(subject);
	if (subject->everything)
		check_undeclared(subject);
}
