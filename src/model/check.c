/*
 * src/model/check.c
 *		What a reference must be for a declaration of it to stand.
 *
 * The declaring functions raise what is found here, after they stored the row:
 * the error takes the row back with it.  The plan shows it instead, for what
 * was right when it was declared may be wrong by now.  Each mistake is worded
 * here and nowhere else.  Columns and junction tables that do not exist yet
 * are no mistake: they are planned.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/check.h"
#include "model/lookup.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

static TaProblem *
problem(int sqlstate, char *message, char *detail, char *hint)
{
	TaProblem *result = palloc(sizeof(TaProblem));

	result->sqlstate = sqlstate;
	result->message = message;
	result->detail = detail;
	result->hint = hint;
	return result;
}

static bool
says(const TaSaid *said, const char *value)
{
	return said->value != NULL && strcmp(said->value, value) == 0;
}

/* "Todos"."userId", or "Todos" ("a", "b") */
static char *
columns_shown(Oid relid, List *columns)
{
	if (list_length(columns) == 1)
		return psprintf("%s.%s", ta_rel_shown(relid), ta_ident_quote(linitial(columns)));
	return psprintf("%s (%s)", ta_rel_shown(relid), ta_ident_columns(columns));
}

static TaProblem *
sides_problem(const TaReference *reference)
{
	if (reference->problem == NULL)
		return NULL;
	return problem(ERRCODE_INVALID_OBJECT_DEFINITION,
				   psprintf("declarations of the reference %s (%s) -> %s contradict each other",
							reference->child, ta_ident_columns(reference->columns),
							reference->parent),
				   psprintf("%s.", reference->problem),
				   pstrdup(
					   "Say it on one side only; declaring an association again replaces what was "
					   "said of it."));
}

static TaProblem *
kind_problem(const TaReference *reference, Oid relid)
{
	char kind = ta_rel_kind(relid);

	if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
		says(&reference->enforce, "none"))
		return NULL;
	return problem(ERRCODE_WRONG_OBJECT_TYPE,
				   psprintf("association \"%s\" cannot be enforced by a foreign key",
							ta_decl_name(reference->serves)),
				   psprintf("%s is not an ordinary or partitioned table.", ta_rel_shown(relid)),
				   pstrdup("Declare it with enforce => 'none'."));
}

/* The key's columns must exist, and be unique where a foreign key is to use them. */
static TaProblem *
key_problem(const TaReference *reference, Oid parent)
{
	ListCell *lc;

	foreach(lc, reference->key)
	{
		const char *nearest;

		if (ta_rel_column(parent, lfirst(lc)) != NULL)
			continue;
		nearest = ta_err_nearest(lfirst(lc), ta_rel_column_names(parent));
		return problem(ERRCODE_UNDEFINED_COLUMN,
					   psprintf("column \"%s\" of %s does not exist", (char *) lfirst(lc),
								ta_rel_shown(parent)),
					   psprintf("It is the key of association \"%s\".",
								ta_decl_name(reference->serves)),
					   nearest != NULL ? psprintf("Did you mean \"%s\"?", nearest)
									   : psprintf("Its columns are %s.",
												  ta_err_list(ta_rel_column_names(parent), 20)));
	}
	if (says(&reference->enforce, "none") || OidIsValid(ta_rel_key_index(parent, reference->key)))
		return NULL;
	return problem(
		ERRCODE_INVALID_FOREIGN_KEY,
		psprintf("%s is not a unique key", columns_shown(parent, reference->key)),
		psprintf("Association \"%s\" refers to it, and a foreign key needs a unique index "
				 "that is neither partial nor deferrable.",
				 ta_decl_name(reference->serves)),
		psprintf("Make it one: CREATE UNIQUE INDEX ON %s (%s);", ta_rel_qualified(parent),
				 ta_ident_columns(reference->key)));
}

static TaProblem *
type_problem(const TaReference *reference, Oid child, Oid parent)
{
	ListCell *lc;
	ListCell *lk;

	forboth(lc, reference->columns, lk, reference->key)
	{
		TaColumn *column = ta_rel_column(child, lfirst(lc));
		TaColumn *key = ta_rel_column(parent, lfirst(lk));

		if (column == NULL || key == NULL || OidIsValid(ta_key_operator(key->type, column->type)))
			continue;
		return problem(ERRCODE_DATATYPE_MISMATCH,
					   psprintf("foreign key column %s.%s and key %s.%s have incompatible types",
								ta_rel_shown(child), ta_ident_quote(column->name),
								ta_rel_shown(parent), ta_ident_quote(key->name)),
					   psprintf("They are %s and %s (association \"%s\").",
								ta_type_shown(column->type, column->typmod),
								ta_type_shown(key->type, key->typmod),
								ta_decl_name(reference->serves)),
					   psprintf("Change one: ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s;",
								ta_rel_qualified(child), ta_ident_quote(column->name),
								ta_type_sql(key), ta_ident_quote(column->name), ta_type_sql(key)));
	}
	return NULL;
}

/* SET DEFAULT of a column that has none would be SET NULL under another name. */
static TaProblem *
default_problem(const TaReference *reference, Oid child, const TaSaid *said, const char *option,
				const char *name)
{
	TaColumn *column = OidIsValid(child) ? ta_rel_column(child, name) : NULL;
	char *table;

	if (column != NULL && column->has_default)
		return NULL;
	table = OidIsValid(child) ? ta_rel_qualified(child) : ta_ident_quote(reference->child);
	return problem(
		ERRCODE_INVALID_OBJECT_DEFINITION,
		psprintf("%s SET DEFAULT of association \"%s\", but column %s has no default", option,
				 ta_decl_name(said->by), ta_ident_quote(name)),
		pstrdup("Without one it would be SET NULL under another name."),
		column != NULL
			? psprintf(
				  "Give it one: ALTER TABLE %s ALTER COLUMN %s SET DEFAULT ...; or say SET NULL.",
				  table, ta_ident_quote(name))
			: psprintf(
				  "Add the column with its default first: ALTER TABLE %s ADD COLUMN %s ... DEFAULT "
				  "...;",
				  table, ta_ident_quote(name)));
}

/* Whether SET NULL would be refused by the column. */
static bool
refuses_null(const TaReference *reference, Oid child, const char *name)
{
	TaColumn *column = OidIsValid(child) ? ta_rel_column(child, name) : NULL;

	return column != NULL && column->not_null && !says(&reference->required, "false");
}

/* An action that would write what the column refuses fails at the parent's DELETE: say it now. */
static TaProblem *
action_problem(const TaReference *reference, Oid child, const TaSaid *said, const char *option)
{
	TaAction action;
	ListCell *lc;

	if (said->value == NULL)
		return NULL;
	action = ta_action_parse(said->value);
	foreach(lc, action.columns)
	{
		if (!ta_ident_list_has(reference->columns, lfirst(lc)))
			return problem(
				ERRCODE_INVALID_COLUMN_REFERENCE,
				psprintf("column \"%s\" in %s of association \"%s\" is not part of its foreign key",
						 (char *) lfirst(lc), option, ta_decl_name(said->by)),
				NULL, psprintf("Its foreign key is %s.", ta_ident_columns(reference->columns)));
	}
	if (action.code != FKCONSTR_ACTION_SETNULL && action.code != FKCONSTR_ACTION_SETDEFAULT)
		return NULL;
	if (action.code == FKCONSTR_ACTION_SETNULL && says(&reference->required, "true"))
		return problem(ERRCODE_INVALID_OBJECT_DEFINITION,
					   psprintf("association \"%s\" is required, and \"%s\" says %s SET NULL",
								ta_decl_name(reference->required.by), ta_decl_name(said->by),
								option),
					   NULL, pstrdup("Use CASCADE, RESTRICT or NO ACTION, or leave out required."));

	foreach(lc, action.columns != NIL ? action.columns : reference->columns)
	{
		TaProblem *found = action.code == FKCONSTR_ACTION_SETDEFAULT
							   ? default_problem(reference, child, said, option, lfirst(lc))
							   : NULL;

		if (found != NULL)
			return found;
		if (action.code == FKCONSTR_ACTION_SETNULL && refuses_null(reference, child, lfirst(lc)))
			return problem(
				ERRCODE_INVALID_OBJECT_DEFINITION,
				psprintf("%s %s of association \"%s\" would set %s.%s to null, which is NOT NULL",
						 option, ta_action_text(action.code, NIL), ta_decl_name(said->by),
						 ta_rel_shown(child), ta_ident_quote(lfirst(lc))),
				NULL,
				psprintf(
					"Use CASCADE, RESTRICT or NO ACTION, or ALTER TABLE %s ALTER COLUMN %s DROP "
					"NOT NULL;",
					ta_rel_qualified(child), ta_ident_quote(lfirst(lc))));
	}
	return NULL;
}

/* required => false cannot be had of a primary key's column. */
static TaProblem *
required_problem(const TaReference *reference, Oid child)
{
	ListCell *lc;

	if (!says(&reference->required, "false"))
		return NULL;
	foreach(lc, reference->columns)
	{
		if (ta_rel_in_primary_key(child, lfirst(lc)))
			return problem(
				ERRCODE_INVALID_OBJECT_DEFINITION,
				psprintf(
					"association \"%s\" says required => false, but %s.%s is in the primary key",
					ta_decl_name(reference->required.by), ta_rel_shown(child),
					ta_ident_quote(lfirst(lc))),
				NULL, pstrdup("Leave out required."));
	}
	return NULL;
}

/* A unique index on a partitioned table must hold its partition key. */
static TaProblem *
unique_problem(const TaReference *reference, Oid child)
{
	const char *missing;

	if (reference->one == NULL || ta_rel_kind(child) != RELKIND_PARTITIONED_TABLE ||
		OidIsValid(ta_rel_unique_index(child, reference->columns)))
		return NULL;
	missing = ta_rel_partition_column_outside(child, reference->columns);
	if (missing == NULL)
		return NULL;
	return problem(
		ERRCODE_FEATURE_NOT_SUPPORTED,
		psprintf("association \"%s\" needs a unique index that partitioned table %s cannot "
				 "have",
				 ta_decl_name(reference->one), ta_rel_shown(child)),
		psprintf("The index would lack the partition key, %s.", missing),
		pstrdup("Declare it as has_many, or as has_one with order_by."));
}

/* The table that a model needs and has not, but for a junction that is to be created. */
static TaProblem *
table_problem(const TaModel *model)
{
	if (OidIsValid(model->relid))
		return NULL;
	return problem(
		ERRCODE_UNDEFINED_TABLE,
		psprintf("table %s of model \"%s\" does not exist",
				 ta_ident_qualify(model->schema, model->table), model->name),
		NULL,
		psprintf("Define the model anew: SELECT assoc.define_model(%s, 'table_name'); or "
				 "forget it: SELECT assoc.drop_model(%s, cascade => true).",
				 quote_literal_cstr(model->name), quote_literal_cstr(model->name)));
}

static TaProblem *
model_problem(const char *name)
{
	return problem(ERRCODE_UNDEFINED_OBJECT, psprintf("model \"%s\" does not exist", name), NULL,
				   psprintf("Define it: SELECT assoc.define_model(%s, 'table_name').",
							quote_literal_cstr(name)));
}

/* The first thing that keeps the reference from standing, or NULL. */
TaProblem *
ta_reference_problem(const TaReference *reference)
{
	const TaModel *child = ta_cache_model(reference->child);
	const TaModel *parent = ta_cache_model(reference->parent);
	TaProblem *found;

	if (child == NULL || parent == NULL)
		return model_problem(child == NULL ? reference->child : reference->parent);
	if ((found = sides_problem(reference)) != NULL || (found = table_problem(parent)) != NULL ||
		(found = kind_problem(reference, parent->relid)) != NULL ||
		(found = key_problem(reference, parent->relid)) != NULL ||
		(found = action_problem(reference, child->relid, &reference->on_delete, "on_delete")) !=
			NULL ||
		(found = action_problem(reference, child->relid, &reference->on_update, "on_update")) !=
			NULL)
		return found;
	if (!OidIsValid(child->relid))
		return reference->junction ? NULL : table_problem(child);
	if ((found = kind_problem(reference, child->relid)) != NULL ||
		(found = type_problem(reference, child->relid, parent->relid)) != NULL ||
		(found = required_problem(reference, child->relid)) != NULL)
		return found;
	return unique_problem(reference, child->relid);
}

/* Raises the first thing that keeps the reference from standing, or the user from declaring it. */
void
ta_reference_check(const TaReference *reference)
{
	TaProblem *found = ta_reference_problem(reference);
	const TaModel *parent;

	if (found != NULL)
		ereport(ERROR, (errcode(found->sqlstate), errmsg("%s", found->message),
						found->detail != NULL ? errdetail("%s", found->detail) : 0,
						found->hint != NULL ? errhint("%s", found->hint) : 0));

	parent = ta_lookup_model(reference->parent);
	if (!says(&reference->enforce, "none") && !ta_rel_may_reference(parent->relid, reference->key))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for table %s", ta_rel_shown(parent->relid)),
						errdetail("Association \"%s\" needs the REFERENCES privilege on it.",
								  ta_decl_name(reference->serves)),
						errhint("Its owner can GRANT REFERENCES ON %s TO ...;",
								ta_rel_qualified(parent->relid))));
}

/* ---- cascades ---- */

/* A walk along ON DELETE CASCADE, from parents to children. */
typedef struct Walk
{
	List *references; /* of TaReference: all that cascade */
	List *open; /* of char *: the models on the way here */
	List *taken; /* of char *: the associations on the way here */
	List *done; /* of char *: models from which there is no circle */
} Walk;

/* Raises the WARNING and returns true when a circle of several models is met. */
static bool
walk_cascades(Walk *walk, const char *model)
{
	ListCell *lc;

	check_stack_depth();
	if (ta_ident_list_has(walk->done, model))
		return false;
	walk->open = lappend(walk->open, (char *) model);
	foreach(lc, walk->references)
	{
		TaReference *reference = lfirst(lc);

		/* a tree that falls with its root is meant to */
		if (strcmp(reference->parent, model) != 0 || strcmp(reference->child, model) == 0)
			continue;
		walk->taken = lappend(walk->taken, (char *) ta_decl_name(reference->serves));
		if (ta_ident_list_has(walk->open, reference->child))
		{
			ereport(
				WARNING,
				(errmsg("ON DELETE CASCADE goes round in a circle"),
				 errdetail("Along %s: deleting one row may delete rows of every model on the way.",
						   ta_err_list(walk->taken, 12)),
				 errhint("Let one of them say on_delete => 'RESTRICT' or 'SET NULL', unless it is "
						 "meant.")));
			return true;
		}
		if (walk_cascades(walk, reference->child))
			return true;
		walk->taken = list_delete_last(walk->taken);
	}
	walk->open = list_delete_last(walk->open);
	walk->done = lappend(walk->done, (char *) model);
	return false;
}

/*
 * Warns of the first circle of ON DELETE CASCADE that can be reached from the
 * model; NULL: from any.  Only what is said counts: no default cascades but a
 * junction's, which ends there.
 */
void
ta_warn_of_cascades(const char *model)
{
	Walk walk = {0};
	ListCell *lc;

	foreach(lc, ta_references(ta_catalog_decls()))
	{
		TaReference *reference = lfirst(lc);

		if (says(&reference->on_delete, "CASCADE") && !says(&reference->enforce, "none"))
			walk.references = lappend(walk.references, reference);
	}
	if (model != NULL)
	{
		(void) walk_cascades(&walk, model);
		return;
	}
	foreach(lc, walk.references)
	{
		if (walk_cascades(&walk, ((TaReference *) lfirst(lc))->parent))
			return;
	}
}
