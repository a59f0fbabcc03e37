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
#include "pg/facts.h"
#include "schema/ddl.h"
#include "store/cache.h"

/* Two keys do what one does, twice: each is checked on every write. */
static void
check_duplicates(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, ta_rel_foreign_keys(state->child_rel))
	{
		TaForeignKey *fk = lfirst(lc);

		if (fk->oid == state->fk->oid || fk->inherited || fk->temporal ||
			!ta_subject_same_key(fk, state))
			continue;
		ta_subject_add(subject, state, TA_WARNING, "fk_duplicate",
					   psprintf("foreign key %s of %s does what %s does", ta_ident_quote(fk->name),
								ta_rel_shown(state->child_rel), ta_ident_quote(state->fk->name)),
					   psprintf("ALTER TABLE %s DROP CONSTRAINT %s;",
								ta_rel_qualified(state->child_rel), ta_ident_quote(fk->name)),
					   psprintf("lock: ACCESS EXCLUSIVE on %s and %s",
								ta_rel_qualified(state->child_rel),
								ta_rel_qualified(state->parent_rel)));
	}
}

/* A CHECK and the columns it names. */
static void
read_check(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **checks = arg;

	*checks = lappend(*checks, list_make2(ta_spi_text(tuple, desc, 1),
										  ta_ident_from_array(ta_spi_text(tuple, desc, 2))));
}

/* Whether a CHECK names all these columns: taken for one that says all or none. */
static bool
has_check(List *checks, Oid relid, List *columns)
{
	char *wanted = psprintf("%u", relid);
	ListCell *lc;

	foreach(lc, checks)
	{
		List *check = lfirst(lc);
		bool all = strcmp(linitial(check), wanted) == 0;
		ListCell *lk;

		foreach(lk, columns)
			all = all && ta_ident_list_has(lsecond(check), lfirst(lk));
		if (all)
			return true;
	}
	return false;
}

/* MATCH SIMPLE does not look at a row in which one column of the key is null. */
static void
check_partly_null(TaSubject *subject, const TaState *state, List *checks)
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
	HASHCTL ctl = {.keysize = sizeof(Oid),
				   .entrysize = sizeof(TableSlot),
				   .hcxt = CurrentMemoryContext};
	HTAB *tables =
		hash_create("todo_assoc tables", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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
	foreach(lc, subject->states)
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

static void
read_disabled(HeapTuple tuple, TupleDesc desc, void *arg)
{
	List **rows = arg;

	*rows = lappend(*rows, list_make2(ta_spi_text(tuple, desc, 1), ta_spi_text(tuple, desc, 2)));
}

/* ALTER TABLE DISABLE TRIGGER ALL leaves keys that check nothing and do nothing. */
static void
check_disabled(TaSubject *subject)
{
	List *rows = NIL;
	ListCell *lc;

	ta_spi_query("SELECT DISTINCT t.tgconstraint::pg_catalog.text, t.tgrelid::pg_catalog.text"
				 " FROM pg_catalog.pg_trigger t"
				 " WHERE t.tgisinternal AND t.tgenabled OPERATOR(pg_catalog.=) 'D'"
				 " AND NOT t.tgconstraint OPERATOR(pg_catalog.=) 0::pg_catalog.oid",
				 read_disabled, &rows);
	if (rows == NIL)
		return;
	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);
		ListCell *lr;

		if (!ta_subject_stands(state) || state->fk == NULL)
			continue;
		foreach(lr, rows)
		{
			Oid table = atooid(lsecond((List *) lfirst(lr)));

			if (atooid(linitial((List *) lfirst(lr))) != state->fk->oid)
				continue;
			ta_subject_add(subject, state, TA_ERROR, "fk_triggers_disabled",
						   psprintf("foreign key %s is not checked: triggers of %s are disabled",
									ta_ident_quote(state->fk->name), ta_rel_shown(table)),
						   psprintf("ALTER TABLE %s ENABLE TRIGGER ALL;", ta_rel_qualified(table)),
						   ta_subject_lock("SHARE ROW EXCLUSIVE", table,
										   "for a superuser; what was written meanwhile may break "
										   "the key"));
		}
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
	List *checks = NIL;
	ListCell *lc;

	ta_spi_query(
		psprintf(
			"SELECT c.conrelid::pg_catalog.text, ARRAY(SELECT a.attname::pg_catalog.text"
			" FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.conrelid"
			" AND a.attnum OPERATOR(pg_catalog.=) ANY (c.conkey))"
			" FROM pg_catalog.pg_constraint c"
			" WHERE c.contype OPERATOR(pg_catalog.=) 'c'"
			" AND c.conrelid OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.oid[])",
			ta_subject_tables(subject, false)),
		read_check, &checks);
	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);

		if (!ta_subject_stands(state) || state->fk == NULL)
			continue;
		check_duplicates(subject, state);
		check_partly_null(subject, state, checks);
		check_inheritance(subject, state);
		check_unasked(subject, state);
	}
	check_disabled(subject);
	if (subject->everything)
		check_undeclared(subject);
}
