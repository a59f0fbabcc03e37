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
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "store/enforced.h"

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

/* How triggers enforce the reference, or shall: "trigger", "statement"; NULL: not at all. */
static const char *
trigger_mode(const TaReference *reference)
{
	const TaEnforced *row;

	if (reference->enforce.value == NULL)
	{
		row = ta_enforced_read(reference->name);
		/* what no native key can say is enforced by triggers by default */
		if (row != NULL)
			return row->mode;
		return reference->type_column != NULL || reference->element ||
					   reference->condition.value != NULL ||
					   ta_reference_triggers_by_default(reference)
				   ? "trigger"
				   : NULL;
	}
	return says(&reference->enforce, "trigger") || says(&reference->enforce, "statement")
			   ? reference->enforce.value
			   : NULL;
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
							reference->child, ta_ident_columns(ta_reference_columns(reference)),
							ta_targets_in_words(ta_target_names(reference), NULL)),
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
				   psprintf(reference->type_column != NULL || reference->element
								? "association \"%s\" cannot be enforced"
								: "association \"%s\" cannot be enforced by a foreign key",
							ta_decl_name(reference->serves)),
				   psprintf("%s is not an ordinary or partitioned table.", ta_rel_shown(relid)),
				   pstrdup("Declare it with enforce => 'none'."));
}

/* The key's columns must exist, and be unique where a foreign key is to use them. */
static TaProblem *
key_problem(const TaReference *reference, Oid parent, List *key_columns)
{
	ListCell *lc;

	foreach(lc, key_columns)
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
	/* triggers ask for a row with that key, one or more; that is to be said, or follows from a type column */
	if (says(&reference->enforce, "none") || OidIsValid(ta_rel_key_index(parent, key_columns)) ||
		(trigger_mode(reference) != NULL && (ta_enforced_read(reference->name) != NULL ||
											 !ta_reference_triggers_by_default(reference))))
		return NULL;
	return problem(
		ERRCODE_INVALID_FOREIGN_KEY,
		psprintf("%s is not a unique key", columns_shown(parent, key_columns)),
		psprintf("Association \"%s\" refers to it, and a foreign key needs a unique index "
				 "that is neither partial nor deferrable.",
				 ta_decl_name(reference->serves)),
		psprintf("Make it one: CREATE UNIQUE INDEX ON %s (%s);", ta_rel_qualified(parent),
				 ta_ident_columns(key_columns)));
}

/* An array of keys, where one key is declared. */
static TaProblem *
array_problem(const TaReference *reference, Oid child, const TaColumn *column, Oid parent,
			  const TaColumn *key)
{
	const TaDecl *serves = reference->serves;

	return problem(
		ERRCODE_DATATYPE_MISMATCH,
		psprintf("foreign key column %s.%s and key %s.%s have incompatible types",
				 ta_rel_shown(child), ta_ident_quote(column->name), ta_rel_shown(parent),
				 ta_ident_quote(key->name)),
		psprintf("They are %s and %s (association \"%s\").",
				 ta_type_shown(column->type, column->typmod), ta_type_shown(key->type, key->typmod),
				 ta_decl_name(serves)),
		serves->kind == TA_BELONGS_TO && reference->type_column == NULL
			? psprintf("If each element refers: SELECT assoc.references_many(%s, %s, alias "
					   "=> %s, foreign_key => %s).",
					   quote_literal_cstr(reference->child), quote_literal_cstr(reference->parent),
					   quote_literal_cstr(serves->alias), quote_literal_cstr(column->name))
			: pstrdup("Each element of an array can refer only where "
					  "assoc.references_many says so."));
}

static TaProblem *
type_problem(const TaReference *reference, Oid child, Oid parent, List *key_columns)
{
	ListCell *lc;
	ListCell *lk;

	forboth(lc, reference->columns, lk, key_columns)
	{
		TaColumn *column = ta_rel_column(child, lfirst(lc));
		TaColumn *key = ta_rel_column(parent, lfirst(lk));

		if (column == NULL || key == NULL || OidIsValid(ta_key_operator(key->type, column->type)))
			continue;
		if (ta_catalog_has_polymorphic() && ta_is_array_of_keys(column->type, key->type))
			return array_problem(reference, child, column, parent, key);
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

/* The column must be an array of such keys; one that is to be made, can be. */
static TaProblem *
element_problem(const TaReference *reference, Oid child, Oid parent)
{
	const char *name = linitial(reference->columns);
	TaColumn *column = ta_rel_column(child, name);
	TaColumn *key = ta_rel_column(parent, linitial(reference->key));
	char *array = key != NULL ? ta_array_type_sql(key) : NULL;

	if (key == NULL)
		return NULL;
	if (reference->one != NULL)
		return problem(
			ERRCODE_FEATURE_NOT_SUPPORTED,
			psprintf("association \"%s\" cannot have one row at most",
					 ta_decl_name(reference->one)),
			psprintf("Each element of %s.%s refers, and no unique index keeps two arrays from "
					 "holding the same key.",
					 ta_rel_shown(child), ta_ident_quote(name)),
			pstrdup("Declare it as has_many, or as has_one with order_by."));
	if (column == NULL && array == NULL)
		return problem(ERRCODE_DATATYPE_MISMATCH,
					   psprintf("no array can hold keys of %s.%s", ta_rel_shown(parent),
								ta_ident_quote(key->name)),
					   psprintf("It is %s (association \"%s\").",
								ta_type_shown(key->type, key->typmod),
								ta_decl_name(reference->serves)),
					   NULL);
	if (column == NULL || ta_is_array_of_keys(column->type, key->type))
		return NULL;
	return problem(ERRCODE_DATATYPE_MISMATCH,
				   psprintf("column %s.%s holds no keys %s.%s", ta_rel_shown(child),
							ta_ident_quote(name), ta_rel_shown(parent), ta_ident_quote(key->name)),
				   psprintf("It is %s, and %s is %s (association \"%s\").",
							ta_type_shown(column->type, column->typmod), ta_ident_quote(key->name),
							ta_type_shown(key->type, key->typmod), ta_decl_name(reference->serves)),
				   array == NULL
					   ? NULL
					   : psprintf("Make it an array of them: ALTER TABLE %s ALTER COLUMN %s "
								  "TYPE %s USING ...;",
								  ta_rel_qualified(child), ta_ident_quote(name), array));
}

/*
 * A trigger compares as the owner of the parent's table: no function that
 * somebody made may take part, as a cast to the key's type would.
 */
static TaProblem *
cast_problem(const TaReference *reference, Oid child, Oid parent, List *key_columns)
{
	ListCell *lc;
	ListCell *lk;

	if (trigger_mode(reference) == NULL)
		return NULL;
	forboth(lc, reference->columns, lk, key_columns)
	{
		TaColumn *column = ta_rel_column(child, lfirst(lc));
		TaColumn *key = ta_rel_column(parent, lfirst(lk));

		if (column == NULL || key == NULL ||
			ta_key_cast_is_plain(key->type,
								 reference->element ? ta_element_type(column->type) : column->type))
			continue;
		return problem(
			ERRCODE_DATATYPE_MISMATCH,
			psprintf("association \"%s\" cannot be enforced by triggers",
					 ta_decl_name(reference->serves)),
			psprintf(
				"%s.%s is %s, which a function makes into %s: it would run as the owner of %s.",
				ta_rel_shown(child), ta_ident_quote(column->name),
				ta_type_shown(column->type, column->typmod), ta_type_shown(key->type, key->typmod),
				ta_rel_shown(parent)),
			psprintf("Change one: ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s;",
					 ta_rel_qualified(child), ta_ident_quote(column->name), ta_type_sql(key),
					 ta_ident_quote(column->name), ta_type_sql(key)));
	}
	return NULL;
}

/*
 * Triggers follow a row to another partition by its key alone: what says whether
 * it may be referred to must not move it.
 */
static TaProblem *
partition_problem(const TaReference *reference)
{
	ListCell *lc;

	if (trigger_mode(reference) == NULL)
		return NULL;
	foreach(lc, reference->targets)
	{
		const TaModel *parent = ta_cache_model(((TaTarget *) lfirst(lc))->model);
		List *columns =
			reference->scope.value != NULL ? ta_scope_columns(reference->scope.value) : NIL;
		const char *column;

		if (parent->soft_delete != NULL)
			columns = lappend(columns, parent->soft_delete);
		if (ta_rel_kind(parent->relid) != RELKIND_PARTITIONED_TABLE ||
			(column = ta_rel_partition_column_among(parent->relid, columns)) == NULL)
			continue;
		return problem(
			ERRCODE_FEATURE_NOT_SUPPORTED,
			psprintf("association \"%s\" cannot be enforced by triggers",
					 ta_decl_name(reference->serves)),
			psprintf("%s is partitioned by %s, which says whether its rows may be referred to.",
					 ta_rel_shown(parent->relid), ta_ident_quote(column)),
			pstrdup(
				"Partition it by other columns, or leave that unenforced: enforce => 'foreign_key' or 'none'."));
	}
	return NULL;
}

/* Rows of heirs are what only triggers of each row see. */
static TaProblem *
heirs_problem(const TaReference *reference)
{
	const char *mode = reference->enforce.value;
	ListCell *lc;

	if (mode == NULL || strcmp(mode, "trigger") == 0 || strcmp(mode, "none") == 0)
		return NULL;
	foreach(lc, reference->targets)
	{
		const TaModel *parent = ta_cache_model(((TaTarget *) lfirst(lc))->model);

		if (parent->heirs)
			return problem(ERRCODE_FEATURE_NOT_SUPPORTED,
						   psprintf("association \"%s\" says enforce %s, and refers to heirs of "
									"model \"%s\"",
									ta_decl_name(reference->enforce.by), mode, parent->name),
						   pstrdup(strcmp(mode, "statement") == 0
									   ? "Rows of heirs come and go by another table's name."
									   : "A foreign key sees no row of tables that inherit."),
						   psprintf("Declare it with enforce => 'trigger'; or, if only rows of the "
									"table itself are referred to: SELECT assoc.define_model(%s, "
									"heirs => false);",
									quote_literal_cstr(parent->name)));
	}
	return NULL;
}

/* Once a statement works on plain tables, and at once. */
static TaProblem *
statement_problem(const TaReference *reference, Oid child)
{
	List *relids = list_make1_oid(child);
	const char *mode = trigger_mode(reference);
	ListCell *lc;

	if (mode == NULL || strcmp(mode, "statement") != 0)
		return NULL;
	if (reference->deferral.value != NULL && !says(&reference->deferral, "none"))
		return problem(ERRCODE_FEATURE_NOT_SUPPORTED,
					   psprintf("association \"%s\" says deferral %s, and is checked at the end of "
								"each statement",
								ta_decl_name(reference->deferral.by), reference->deferral.value),
					   NULL, pstrdup("Declare it with enforce => 'trigger'."));
	foreach(lc, reference->targets)
		relids = lappend_oid(relids, ta_cache_model(((TaTarget *) lfirst(lc))->model)->relid);
	foreach(lc, relids)
	{
		if (!OidIsValid(lfirst_oid(lc)) || ta_rel_is_plain_table(lfirst_oid(lc)))
			continue;
		return problem(
			ERRCODE_WRONG_OBJECT_TYPE,
			psprintf("association \"%s\" cannot be checked once a statement",
					 ta_decl_name(reference->serves)),
			psprintf("%s has partitions or inherits: rows come and go by another table's name.",
					 ta_rel_shown(lfirst_oid(lc))),
			pstrdup("Declare it with enforce => 'trigger'."));
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
	if (reference->element && action.code == FKCONSTR_ACTION_SETDEFAULT)
		return problem(ERRCODE_FEATURE_NOT_SUPPORTED,
					   psprintf("%s SET DEFAULT of association \"%s\", whose elements refer",
								option, ta_decl_name(said->by)),
					   pstrdup("A default is one of the whole array: its other elements would be "
							   "lost."),
					   pstrdup("SET NULL takes the element out of the array, CASCADE deletes the "
							   "row."));
	if (reference->element && action.columns != NIL)
		return problem(ERRCODE_INVALID_COLUMN_REFERENCE,
					   psprintf("%s of association \"%s\" names a column", option,
								ta_decl_name(said->by)),
					   pstrdup(
						   "Its foreign key is one column, and SET NULL takes an element out of "
						   "it."),
					   psprintf("Say %s alone.", ta_action_text(action.code, NIL)));
	/* an array without the element is no null */
	if (reference->element)
		return NULL;
	if (action.columns != NIL && reference->type_column != NULL)
		return problem(ERRCODE_INVALID_COLUMN_REFERENCE,
					   psprintf("%s of polymorphic association \"%s\" names a column", option,
								ta_decl_name(said->by)),
					   pstrdup("Its type column and its foreign key are set together: one of them "
							   "alone refers to nothing."),
					   psprintf("Say %s alone.", ta_action_text(action.code, NIL)));
	if (action.code == FKCONSTR_ACTION_SETNULL && says(&reference->required, "true"))
		return problem(ERRCODE_INVALID_OBJECT_DEFINITION,
					   psprintf("association \"%s\" is required, and \"%s\" says %s SET NULL",
								ta_decl_name(reference->required.by), ta_decl_name(said->by),
								option),
					   NULL, pstrdup("Use CASCADE, RESTRICT or NO ACTION, or leave out required."));

	foreach(lc, action.columns != NIL ? action.columns : ta_reference_columns(reference))
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
	foreach(lc, ta_reference_columns(reference))
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

/* A scope that triggers enforce is read by whoever checks the rows, so nobody's code may be in it; a condition likewise. */
static TaProblem *
scope_problem(const TaSaid *said, const char *option, Oid relid)
{
	ListCell *lc;

	foreach(lc, said->value != NULL ? ta_scope_columns(said->value) : NIL)
	{
		TaColumn *column = ta_rel_column(relid, lfirst(lc));

		if (column == NULL)
			return problem(ERRCODE_UNDEFINED_COLUMN,
						   psprintf("column %s of %s, in the %s of \"%s\", does not exist",
									ta_ident_quote(lfirst(lc)), ta_rel_shown(relid), option,
									ta_decl_name(said->by)),
						   NULL, NULL);
		if (!ta_scope_may_hold(column->type))
			return problem(
				ERRCODE_FEATURE_NOT_SUPPORTED,
				psprintf("%s of \"%s\" cannot be enforced: column %s is of type %s", option,
						 ta_decl_name(said->by), ta_ident_quote(column->name),
						 ta_type_shown(column->type, column->typmod)),
				pstrdup("Only columns of plain and enum types, and domains over them, can be in "
						"it."),
				strcmp(option, "scope") == 0
					? pstrdup("Leave out enforce: then the scope is for the accessor alone.")
					: NULL);
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

/* ---- several targets ---- */

/* Child.alias of the polymorphic belongs_to, declared or not. */
static char *
polymorphic_name(const TaReference *reference)
{
	return psprintf("%s.%s", reference->child, reference->polymorphic);
}

/* A target must have a key of one column. */
static TaProblem *
target_key_problem(const TaReference *reference, const TaTarget *target, const TaModel *model)
{
	if (target->key == NIL)
		return problem(
			ERRCODE_INVALID_FOREIGN_KEY,
			psprintf("model \"%s\" has no key to refer to", model->name),
			psprintf("Table %s has no primary key, and is a target of \"%s\".",
					 ta_rel_shown(model->relid), polymorphic_name(reference)),
			psprintf("Say which unique column: SELECT assoc.define_model(%s, key => '...').",
					 quote_literal_cstr(model->name)));
	if (list_length(target->key) == 1)
		return NULL;
	return problem(ERRCODE_INVALID_FOREIGN_KEY,
				   psprintf("model \"%s\" cannot be a target of \"%s\"", model->name,
							polymorphic_name(reference)),
				   psprintf("Its key (%s) has %d columns, the foreign key has one.",
							ta_ident_columns(target->key), list_length(target->key)),
				   psprintf("Say a unique column of it: SELECT assoc.define_model(%s, key => "
							"'...').",
							quote_literal_cstr(model->name)));
}

/* Two targets must not go by the same value. */
static TaProblem *
type_value_problem(const TaReference *reference, const TaTarget *target)
{
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		TaTarget *other = lfirst(lc);

		if (other == target)
			return NULL;
		if (strcmp(other->type_value, target->type_value) == 0)
			return problem(ERRCODE_DUPLICATE_OBJECT,
						   psprintf("targets \"%s\" and \"%s\" of \"%s\" have the same type value",
									other->model, target->model, polymorphic_name(reference)),
						   psprintf("It is \"%s\".", target->type_value),
						   psprintf("Give one another: SELECT assoc.define_model(%s, type_value => "
									"'...').",
									quote_literal_cstr(target->model)));
	}
	return NULL;
}

static TaProblem *
target_problem(const TaReference *reference, const TaTarget *target)
{
	const TaModel *model = ta_cache_model(target->model);
	TaProblem *found;

	if (model == NULL)
		return model_problem(target->model);
	if ((found = table_problem(model)) != NULL ||
		(found = kind_problem(reference, model->relid)) != NULL ||
		(found = target_key_problem(reference, target, model)) != NULL ||
		(found = key_problem(reference, model->relid, target->key)) != NULL)
		return found;
	return type_value_problem(reference, target);
}

/* The type column, where it is there, must be able to say each type. */
static TaProblem *
type_column_problem(const TaReference *reference, Oid child)
{
	TaColumn *column = ta_rel_column(child, reference->type_column);
	ListCell *lc;

	if (column == NULL)
		return NULL;
	if (!ta_type_column_fits(column))
		return problem(
			ERRCODE_DATATYPE_MISMATCH,
			psprintf("type column %s.%s of \"%s\" has type %s", ta_rel_shown(child),
					 ta_ident_quote(column->name), polymorphic_name(reference),
					 ta_type_shown(column->type, column->typmod)),
			pstrdup("It says the type values of models: text, varchar, an enum or an integer can."),
			psprintf("Change it: ALTER TABLE %s ALTER COLUMN %s TYPE text;",
					 ta_rel_qualified(child), ta_ident_quote(column->name)));
	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);

		if (!ta_type_column_holds(column, target->type_value))
			return problem(ERRCODE_INVALID_PARAMETER_VALUE,
						   psprintf("type column %s.%s of \"%s\" cannot hold \"%s\"",
									ta_rel_shown(child), ta_ident_quote(column->name),
									polymorphic_name(reference), target->type_value),
						   psprintf("It is of type %s, and that is the type value of \"%s\".",
									ta_type_shown(column->type, column->typmod), target->model),
						   psprintf("Change the column, or say another value: SELECT "
									"assoc.define_model(%s, type_value => '...').",
									quote_literal_cstr(target->model)));
	}
	return NULL;
}

/* "Posts".id integer, "Photos".id uuid */
static char *
keys_shown(const TaReference *reference)
{
	List *keys = NIL;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);
		Oid relid = ta_cache_model(target->model)->relid;
		TaColumn *key = ta_rel_column(relid, linitial(target->key));

		keys = lappend(keys, psprintf("%s %s", columns_shown(relid, target->key),
									  ta_type_shown(key->type, key->typmod)));
	}
	return ta_err_join(keys, ", ");
}

/* A column that is to be made needs a type that can refer to each target's key. */
static TaProblem *
new_column_problem(const TaReference *reference)
{
	if (reference->targets == NIL || ta_targets_key_column(reference) != NULL)
		return NULL;
	return problem(ERRCODE_DATATYPE_MISMATCH,
				   psprintf("no one column can refer to the keys of all targets of \"%s\"",
							polymorphic_name(reference)),
				   psprintf("They are %s.", keys_shown(reference)),
				   pstrdup("Let each target say a key of the same type: SELECT "
						   "assoc.define_model('...', key => '...')."));
}

static TaProblem *
foreign_key_type_problem(const TaReference *reference, Oid child)
{
	ListCell *lc;

	if (!OidIsValid(child) || ta_rel_column(child, linitial(reference->columns)) == NULL)
		return new_column_problem(reference);
	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);
		Oid parent = ta_cache_model(target->model)->relid;
		TaProblem *found = type_problem(reference, child, parent, target->key);

		if (found == NULL)
			found = cast_problem(reference, child, parent, target->key);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* Nobody writes a generated column, not even a key's action. */
static TaProblem *
native_action_problem(const TaReference *reference, const TaSaid *said, const char *option,
					  const char *words)
{
	char code;

	if (said->value == NULL)
		return NULL;
	code = ta_action_parse(said->value).code;
	if (code == FKCONSTR_ACTION_NOACTION || code == FKCONSTR_ACTION_RESTRICT ||
		(code == FKCONSTR_ACTION_CASCADE && strcmp(option, "on_delete") == 0))
		return NULL;
	return problem(
		ERRCODE_FEATURE_NOT_SUPPORTED,
		psprintf("polymorphic association \"%s\" cannot have %s %s and foreign keys",
				 polymorphic_name(reference), words, ta_action_text(code, NIL)),
		psprintf("Enforced by foreign keys it has a generated column for each target, which no key "
				 "can write; %s says %s.",
				 ta_decl_name(said->by), option),
		psprintf("Say %s, or enforce => 'trigger'.", strcmp(option, "on_delete") == 0
														 ? "on_delete => 'CASCADE' or 'NO ACTION'"
														 : "on_update => 'NO ACTION'"));
}

/* The columns of native keys are generated from these two, which must not be generated themselves. */
static TaProblem *
generated_problem(const TaReference *reference, Oid child)
{
	ListCell *lc;

	foreach(lc, OidIsValid(child) ? ta_reference_columns(reference) : NIL)
	{
		const TaColumn *column = ta_rel_column(child, lfirst(lc));

		if (column == NULL || !column->generated)
			continue;
		return problem(
			ERRCODE_FEATURE_NOT_SUPPORTED,
			psprintf("association \"%s\" cannot be enforced by foreign keys",
					 ta_decl_name(reference->enforce.by)),
			psprintf(
				"%s.%s is a generated column, and a generated column for each target cannot be "
				"made of it.",
				ta_rel_shown(child), ta_ident_quote(column->name)),
			pstrdup("Declare it with enforce => 'trigger'."));
	}
	return NULL;
}

/* What native keys can't do. */
static TaProblem *
native_problem(const TaReference *reference, Oid child)
{
	TaProblem *found;

	if (!says(&reference->enforce, "foreign_key"))
		return NULL;
	if (reference->condition.value != NULL)
		return problem(ERRCODE_FEATURE_NOT_SUPPORTED,
					   psprintf("association \"%s\" cannot be enforced by a foreign key",
								ta_decl_name(reference->enforce.by)),
					   psprintf("It has a condition, said by %s, and a foreign key counts for all "
								"rows.",
								ta_decl_name(reference->condition.by)),
					   pstrdup("Leave out enforce: triggers keep the same promise."));
	if (reference->element)
		return problem(
			ERRCODE_FEATURE_NOT_SUPPORTED,
			psprintf("association \"%s\" cannot be enforced by a foreign key",
					 ta_decl_name(reference->enforce.by)),
			pstrdup("Each element of an array refers, and a foreign key is of the whole column."),
			pstrdup("Leave out enforce: triggers keep the same promise."));
	if (reference->type_column == NULL)
		return NULL;
	if ((found = native_action_problem(reference, &reference->on_delete, "on_delete",
									   "ON DELETE")) != NULL ||
		(found = native_action_problem(reference, &reference->on_update, "on_update",
									   "ON UPDATE")) != NULL)
		return found;
	return generated_problem(reference, child);
}

/* The first thing that keeps a polymorphic reference from standing, or NULL. */
static TaProblem *
polymorphic_problem(const TaReference *reference)
{
	const TaModel *child = ta_cache_model(reference->child);
	TaProblem *found;
	ListCell *lc;

	if (child == NULL)
		return model_problem(reference->child);
	if ((found = sides_problem(reference)) != NULL ||
		(found = native_problem(reference, child->relid)) != NULL)
		return found;
	foreach(lc, reference->targets)
	{
		if ((found = target_problem(reference, lfirst(lc))) != NULL)
			return found;
	}
	if ((found = action_problem(reference, child->relid, &reference->on_delete, "on_delete")) !=
			NULL ||
		(found = action_problem(reference, child->relid, &reference->on_update, "on_update")) !=
			NULL)
		return found;
	if (!OidIsValid(child->relid))
	{
		found = reference->junction ? NULL : table_problem(child);
		return found != NULL ? found : foreign_key_type_problem(reference, InvalidOid);
	}
	if ((found = kind_problem(reference, child->relid)) != NULL ||
		(found = type_column_problem(reference, child->relid)) != NULL ||
		(found = foreign_key_type_problem(reference, child->relid)) != NULL ||
		(found = partition_problem(reference)) != NULL ||
		(found = statement_problem(reference, child->relid)) != NULL)
		return found;
	return required_problem(reference, child->relid);
}

/* ---- all of it ---- */

/* The first thing that keeps the reference from standing, or NULL. */
TaProblem *
ta_reference_problem(const TaReference *reference)
{
	const TaModel *child = ta_cache_model(reference->child);
	const TaModel *parent = ta_cache_model(reference->parent);
	TaProblem *found;

	if (reference->type_column != NULL)
		return polymorphic_problem(reference);
	if (child == NULL || parent == NULL)
		return model_problem(child == NULL ? reference->child : reference->parent);
	if ((found = sides_problem(reference)) != NULL ||
		(found = native_problem(reference, child->relid)) != NULL ||
		(found = table_problem(parent)) != NULL ||
		(found = kind_problem(reference, parent->relid)) != NULL ||
		(found = key_problem(reference, parent->relid, reference->key)) != NULL ||
		(found = action_problem(reference, child->relid, &reference->on_delete, "on_delete")) !=
			NULL ||
		(found = action_problem(reference, child->relid, &reference->on_update, "on_update")) !=
			NULL)
		return found;
	if (!OidIsValid(child->relid))
		return reference->junction ? NULL : table_problem(child);
	if ((found = kind_problem(reference, child->relid)) != NULL ||
		(found = reference->element ? element_problem(reference, child->relid, parent->relid)
									: type_problem(reference, child->relid, parent->relid,
												   reference->key)) != NULL ||
		(found = cast_problem(reference, child->relid, parent->relid, reference->key)) != NULL ||
		(found = scope_problem(&reference->scope, "scope", parent->relid)) != NULL ||
		(found = scope_problem(&reference->condition, "condition", child->relid)) != NULL ||
		(found = partition_problem(reference)) != NULL ||
		(found = heirs_problem(reference)) != NULL ||
		(found = statement_problem(reference, child->relid)) != NULL ||
		(found = required_problem(reference, child->relid)) != NULL)
		return found;
	return unique_problem(reference, child->relid);
}

/* Raises the first thing that keeps the reference from standing, or the user from declaring it. */
void
ta_reference_check(const TaReference *reference)
{
	TaProblem *found = ta_reference_problem(reference);
	ListCell *lc;

	if (found != NULL)
		ereport(ERROR, (errcode(found->sqlstate), errmsg("%s", found->message),
						found->detail != NULL ? errdetail("%s", found->detail) : 0,
						found->hint != NULL ? errhint("%s", found->hint) : 0));

	foreach(lc, says(&reference->enforce, "none") ? NIL : reference->targets)
	{
		TaTarget *target = lfirst(lc);
		const TaModel *parent = ta_lookup_model(target->model);

		if (!ta_rel_may_reference(parent->relid, target->key))
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
							errmsg("permission denied for table %s", ta_rel_shown(parent->relid)),
							errdetail("Association \"%s\" needs the REFERENCES privilege on it.",
									  ta_decl_name(reference->serves)),
							errhint("Its owner can GRANT REFERENCES ON %s TO ...;",
									ta_rel_qualified(parent->relid))));
	}
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
		if (ta_reference_target(reference, model) == NULL || strcmp(reference->child, model) == 0)
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
 * model; NULL: from any.  Returns whether there was one.  Only what is said counts: no default cascades but a
 * junction's, which ends there.
 */
bool
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
		return walk_cascades(&walk, model);
	foreach(lc, walk.references)
	{
		ListCell *lt;

		foreach(lt, ((TaReference *) lfirst(lc))->targets)
		{
			if (walk_cascades(&walk, ((TaTarget *) lfirst(lt))->model))
				return true;
		}
	}
	return false;
}
