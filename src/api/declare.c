/*
 * src/api/declare.c
 *		SQL-callable: declaring, dropping and renaming one model or association.
 *
 * Arguments are unpacked here and nowhere deeper.  A function that got more of
 * them in 1.3 has a second entry point: the first serves databases at older
 * versions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "base/err.h"
#include "base/ident.h"
#include "api/args.h"
#include "api/line.h"
#include "model/check.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/rename.h"
#include "model/target.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/ddl.h"
#include "store/enforced.h"

PG_FUNCTION_INFO_V1(ta_define_model);
PG_FUNCTION_INFO_V1(ta_define_model_v2);
PG_FUNCTION_INFO_V1(ta_belongs_to);
PG_FUNCTION_INFO_V1(ta_belongs_to_v2);
PG_FUNCTION_INFO_V1(ta_belongs_to_polymorphic);
PG_FUNCTION_INFO_V1(ta_references_many);
PG_FUNCTION_INFO_V1(ta_has_one);
PG_FUNCTION_INFO_V1(ta_has_one_v2);
PG_FUNCTION_INFO_V1(ta_has_many);
PG_FUNCTION_INFO_V1(ta_has_many_v2);
PG_FUNCTION_INFO_V1(ta_belongs_to_many);
PG_FUNCTION_INFO_V1(ta_belongs_to_many_v2);
PG_FUNCTION_INFO_V1(ta_drop_target);
PG_FUNCTION_INFO_V1(ta_drop_association);
PG_FUNCTION_INFO_V1(ta_drop_model);
PG_FUNCTION_INFO_V1(ta_rename_model);
PG_FUNCTION_INFO_V1(ta_rename_association);

/* ---- declaring ---- */

/* After a model moved to another table or changed its accessors option: make, move or drop them. */
static void
refresh_model(const char *name, Oid old_relid)
{
	const TaModel *model = ta_cache_model(name);
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		TaDecl *decl = lfirst(lc);

		if (OidIsValid(old_relid) && old_relid != model->relid)
			ta_accessor_drop_of_table(old_relid, decl);
		if (!ta_decl_is_path(decl) || ta_path_problem(decl) == NULL)
			(void) ta_accessor_refresh(decl);
	}
	foreach(lc, ta_catalog_decls_using_model(name))
	{
		TaDecl *decl = lfirst(lc);

		if (!ta_decl_is_path(decl) || ta_path_problem(decl) == NULL)
			(void) ta_accessor_refresh(decl);
	}
}

static Datum
define_model(FunctionCallInfo fcinfo, char *type_value, char *soft_delete, char *heirs)
{
	TaModelRow row = {.type_value = type_value, .soft_delete = soft_delete, .heirs = heirs};
	char *typed_table = ta_arg_text(fcinfo, 1);
	List *notes = NIL;
	List *parts;
	const TaModel *before;
	const TaModel *model;
	Oid old_relid;
	ListCell *lc;

	row.name = ta_arg_name(fcinfo, 0, "name");
	row.singular = ta_arg_text(fcinfo, 2);
	row.plural = ta_arg_text(fcinfo, 3);
	row.key = ta_ident_split(ta_arg_text(fcinfo, 4), "key");
	row.accessors = ta_arg_bool(fcinfo, 5);

	ta_catalog_lock();
	before = ta_cache_model(row.name);
	old_relid = before != NULL ? before->relid : InvalidOid;
	if (ta_define(&row, typed_table, &notes) != TA_UNCHANGED && before != NULL)
	{
		foreach(lc, ta_declare_settle(ta_decls_about(row.name)))
		{
			ta_declare_check(lfirst(lc));
			notes = lappend(notes, psprintf("%s follows", ta_decl_name(lfirst(lc))));
		}
		/* its key and its type value are told apart from other targets' */
		foreach(lc, ta_references_polymorphic())
		{
			if (ta_reference_target(lfirst(lc), row.name) != NULL)
				ta_reference_check(lfirst(lc));
		}
	}
	refresh_model(row.name, old_relid);

	model = ta_lookup_model(row.name);
	parts = list_make1(psprintf("%s: model of table %s, key %s", model->name,
								ta_rel_shown(model->relid),
								model->key == NIL ? "none" : ta_ident_columns(model->key)));
	if (model->soft_delete != NULL)
		parts =
			lappend(parts, psprintf("deleted softly by %s", ta_ident_quote(model->soft_delete)));
	if (model->heirs)
		parts = lappend(parts, "rows of its heirs may be referred to");
	parts = list_concat(parts, notes);
	PG_RETURN_TEXT_P(cstring_to_text(ta_err_join(parts, "; ")));
}

/*
 * assoc.define_model(name, table_name, singular, plural, key, accessors) returns text
 *
 * Errors: 42602, 42622 bad name; 42P01 no such table; 42P09 ambiguous table;
 * 42809 not a table; 0A000 temporary; 42501 not the owner; 42703 unknown key
 * column; 42P17 declarers disagree.
 */
Datum
ta_define_model(PG_FUNCTION_ARGS)
{
	return define_model(fcinfo, NULL, NULL, NULL);
}

/*
 * assoc.define_model(name, table_name, singular, plural, key, accessors, type_value,
 * soft_delete, heirs) returns text
 *
 * Errors: 22023 empty type value or soft_delete; 42809 heirs of a partitioned table; 42710 another target has the type value; 42703
 * unknown soft_delete column; 42P17 one by which no row could live, or of the key; else as above.
 */
Datum
ta_define_model_v2(PG_FUNCTION_ARGS)
{
	return define_model(fcinfo, ta_arg_text(fcinfo, 6), ta_arg_text(fcinfo, 7),
						ta_arg_bool(fcinfo, 8));
}

/* Starts a declaration from the arguments that all kinds have. */
static TaDecl *
begin(FunctionCallInfo fcinfo, TaKind kind)
{
	TaDecl *said = palloc0(sizeof(TaDecl));

	said->kind = kind;
	said->model = ta_arg_name(fcinfo, 0, "model");
	said->target = ta_arg_name(fcinfo, 1, "target");
	said->alias = ta_arg_text(fcinfo, 2);
	said->foreign_key = ta_ident_split(ta_arg_text(fcinfo, 3), "foreign_key");
	return said;
}

static char *
arg_jsonb(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : OidOutputFunctionCall(F_JSONB_OUT, PG_GETARG_DATUM(n));
}

static Datum
finish(const TaDecl *said)
{
	TaDeclared *declared = ta_declare(said);

	if (declared->change != TA_UNCHANGED && declared->decl->on_delete != NULL &&
		strcmp(declared->decl->on_delete, "CASCADE") == 0)
	{
		List *parents = ta_decl_from_child(declared->decl) ? ta_decl_target_names(declared->decl)
														   : list_make1(declared->decl->model);
		bool warned = false;
		ListCell *lc;

		foreach(lc, parents)
			warned = warned || ta_warn_of_cascades(lfirst(lc));
	}
	return PointerGetDatum(cstring_to_text(ta_line_declared(declared)));
}

static TaDecl *
belongs_to(FunctionCallInfo fcinfo)
{
	TaDecl *said = begin(fcinfo, TA_BELONGS_TO);

	said->target_key = ta_ident_split(ta_arg_text(fcinfo, 4), "target_key");
	said->scope = arg_jsonb(fcinfo, 5);
	said->on_delete = ta_arg_text(fcinfo, 6);
	said->on_update = ta_arg_text(fcinfo, 7);
	said->required = ta_arg_bool(fcinfo, 8);
	said->deferral = ta_arg_text(fcinfo, 9);
	said->inverse = ta_arg_text(fcinfo, 10);
	said->enforce = ta_arg_text(fcinfo, 11);
	said->index = ta_arg_bool(fcinfo, 12);
	return said;
}

/*
 * assoc.belongs_to(model, target, alias, foreign_key, target_key, scope, on_delete,
 * on_update, required, deferral, inverse, enforce, index) returns text
 *
 * Errors of this and the next three: 22004, 22023 bad argument; 42704 unknown
 * model; 42P09, 42702 ambiguous; 42703 unknown column; 42701 alias is a column;
 * 42710 declared differently, or no inverse; 42804 types; 42830 key; 42P17
 * contradiction; 42809 not enforceable; 42501 privileges.
 */
Datum
ta_belongs_to(PG_FUNCTION_ARGS)
{
	return finish(belongs_to(fcinfo));
}

/*
 * assoc.belongs_to(.., condition) returns text
 *
 * Errors: 0A000 a condition with enforce => 'foreign_key', or of a type that
 * runs somebody's code; 42883 of a type that can't be compared; else as above.
 */
Datum
ta_belongs_to_v2(PG_FUNCTION_ARGS)
{
	TaDecl *said = belongs_to(fcinfo);

	said->condition = arg_jsonb(fcinfo, 13);
	return finish(said);
}

/*
 * assoc.belongs_to_polymorphic(model, alias, targets, type_column, foreign_key, on_delete,
 * on_update, required, deferral, enforce, index) returns text
 *
 * Errors: as belongs_to; 22004 no alias; 42710 a target named twice, or of
 * another's type value; 0A000 several columns; 42804, 22023 a type column that
 * cannot say the types; 2BP01 a target left out that rows refer to.
 */
Datum
ta_belongs_to_polymorphic(PG_FUNCTION_ARGS)
{
	TaDecl *said = palloc0(sizeof(TaDecl));

	said->kind = TA_BELONGS_TO;
	said->model = ta_arg_name(fcinfo, 0, "model");
	said->alias = ta_arg_name(fcinfo, 1, "alias");
	said->target = pstrdup("");
	said->targets = ta_ident_split_models(ta_arg_text(fcinfo, 2), "targets");
	said->type_column = ta_arg_text(fcinfo, 3);
	said->foreign_key = ta_ident_split(ta_arg_text(fcinfo, 4), "foreign_key");
	said->on_delete = ta_arg_text(fcinfo, 5);
	said->on_update = ta_arg_text(fcinfo, 6);
	said->required = ta_arg_bool(fcinfo, 7);
	said->deferral = ta_arg_text(fcinfo, 8);
	said->enforce = ta_arg_text(fcinfo, 9);
	said->index = ta_arg_bool(fcinfo, 10);
	return finish(said);
}

/*
 * assoc.references_many(model, target, alias, foreign_key, target_key, scope, order_by,
 * on_delete, on_update, required, deferral, inverse, enforce, index, condition)
 * returns text
 *
 * Errors: as belongs_to; 0A000 several columns, SET DEFAULT, enforce => 'foreign_key';
 * 42804 the column is no array of such keys; 42830 a key of several columns.
 */
Datum
ta_references_many(PG_FUNCTION_ARGS)
{
	TaDecl *said = begin(fcinfo, TA_REFERENCES_MANY);

	said->target_key = ta_ident_split(ta_arg_text(fcinfo, 4), "target_key");
	said->scope = arg_jsonb(fcinfo, 5);
	said->order_by = ta_arg_text(fcinfo, 6);
	said->on_delete = ta_arg_text(fcinfo, 7);
	said->on_update = ta_arg_text(fcinfo, 8);
	said->required = ta_arg_bool(fcinfo, 9);
	said->deferral = ta_arg_text(fcinfo, 10);
	said->inverse = ta_arg_text(fcinfo, 11);
	said->enforce = ta_arg_text(fcinfo, 12);
	said->index = ta_arg_bool(fcinfo, 13);
	said->condition = arg_jsonb(fcinfo, 14);
	return finish(said);
}

/* has_one and has_many have the same arguments. */
static TaDecl *
has(FunctionCallInfo fcinfo, TaKind kind)
{
	TaDecl *said = begin(fcinfo, kind);

	said->source_key = ta_ident_split(ta_arg_text(fcinfo, 4), "source_key");
	said->through = ta_arg_text(fcinfo, 5);
	said->scope = arg_jsonb(fcinfo, 6);
	said->order_by = ta_arg_text(fcinfo, 7);
	said->on_delete = ta_arg_text(fcinfo, 8);
	said->on_update = ta_arg_text(fcinfo, 9);
	said->required = ta_arg_bool(fcinfo, 10);
	said->deferral = ta_arg_text(fcinfo, 11);
	said->inverse = ta_arg_text(fcinfo, 12);
	said->enforce = ta_arg_text(fcinfo, 13);
	said->index = ta_arg_bool(fcinfo, 14);
	return said;
}

/* The same, and the condition. */
static TaDecl *
has_v2(FunctionCallInfo fcinfo, TaKind kind)
{
	TaDecl *said = has(fcinfo, kind);

	said->condition = arg_jsonb(fcinfo, 17);
	return said;
}

/* The same, and what says that the other side is polymorphic, from argument n on. */
static Datum
finish_v2(FunctionCallInfo fcinfo, TaDecl *said, int n)
{
	said->polymorphic = ta_arg_text(fcinfo, n);
	said->type_column = ta_arg_text(fcinfo, n + 1);
	return finish(said);
}

/*
 * assoc.has_one(model, target, alias, foreign_key, source_key, through, scope, order_by,
 * on_delete, on_update, required, deferral, inverse, enforce, index) returns text
 */
Datum
ta_has_one(PG_FUNCTION_ARGS)
{
	return finish(has(fcinfo, TA_HAS_ONE));
}

/*
 * assoc.has_one(.., polymorphic, type_column, condition) returns text
 *
 * Errors of this and the next: 22023 an option that holds for all targets;
 * 42830 a key of several columns; else as belongs_to.
 */
Datum
ta_has_one_v2(PG_FUNCTION_ARGS)
{
	return finish_v2(fcinfo, has_v2(fcinfo, TA_HAS_ONE), 15);
}

/* assoc.has_many(...): the same arguments; returns text */
Datum
ta_has_many(PG_FUNCTION_ARGS)
{
	return finish(has(fcinfo, TA_HAS_MANY));
}

/* assoc.has_many(.., polymorphic, type_column, condition): the same arguments; returns text */
Datum
ta_has_many_v2(PG_FUNCTION_ARGS)
{
	return finish_v2(fcinfo, has_v2(fcinfo, TA_HAS_MANY), 15);
}

static TaDecl *
belongs_to_many(FunctionCallInfo fcinfo)
{
	TaDecl *said = begin(fcinfo, TA_BELONGS_TO_MANY);

	said->source_key = ta_ident_split(ta_arg_text(fcinfo, 4), "source_key");
	said->target_key = ta_ident_split(ta_arg_text(fcinfo, 5), "target_key");
	said->through = ta_arg_text(fcinfo, 6);
	said->other_key = ta_ident_split(ta_arg_text(fcinfo, 7), "other_key");
	said->scope = arg_jsonb(fcinfo, 8);
	said->order_by = ta_arg_text(fcinfo, 9);
	said->on_delete = ta_arg_text(fcinfo, 10);
	said->on_update = ta_arg_text(fcinfo, 11);
	said->deferral = ta_arg_text(fcinfo, 12);
	said->inverse = ta_arg_text(fcinfo, 13);
	said->enforce = ta_arg_text(fcinfo, 14);
	said->index = ta_arg_bool(fcinfo, 15);
	return said;
}

/*
 * assoc.belongs_to_many(model, target, alias, foreign_key, source_key, target_key, through,
 * other_key, scope, order_by, on_delete, on_update, deferral, inverse, enforce, index)
 * returns text
 */
Datum
ta_belongs_to_many(PG_FUNCTION_ARGS)
{
	return finish(belongs_to_many(fcinfo));
}

/* assoc.belongs_to_many(.., polymorphic, type_column) returns text */
Datum
ta_belongs_to_many_v2(PG_FUNCTION_ARGS)
{
	return finish_v2(fcinfo, belongs_to_many(fcinfo), 16);
}

/* ---- dropping ---- */

/* Whether triggers enforce the reference, and nobody declares it any more. */
static bool
triggers_left(const char *reference)
{
	return reference != NULL && ta_enforced_read(reference) != NULL &&
		   ta_catalog_decls_of_reference(reference) == NIL;
}

/* How to drop the keys and triggers that nobody declares any more (of char *). */
static List *
left_behind(List *states)
{
	List *parts = NIL;
	ListCell *lc;

	foreach(lc, states)
	{
		TaState *state = lfirst(lc);
		char *hint = ta_ddl_drop_hint(state);

		if (hint != NULL && ta_catalog_decls_of_reference(state->reference->name) == NIL)
			parts = lappend(parts, psprintf(state->reference->type_column != NULL
												? "its foreign keys stay, to drop them: %s"
												: "its foreign key stays, to drop it: %s",
											hint));
		if (triggers_left(state->reference->name))
			parts = lappend(parts, pstrdup("its triggers stay, to drop them: SELECT * FROM "
										   "assoc.apply();"));
	}
	return parts;
}

/* Whether one of the rows (TaDecl) of an association is not ours. */
static bool
says_another(List *rows)
{
	ListCell *lc;

	foreach(lc, rows)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, ta_declarer()) != 0)
			return true;
	}
	return false;
}

/* Raises when a path goes through the association. */
static void
check_no_path(const TaDecl *decl)
{
	List *paths = ta_paths_through(decl->model, decl->alias);

	if (paths != NIL)
		ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
						errmsg("cannot drop association \"%s\" because a path goes through it",
							   ta_decl_name(decl)),
						errdetail("Through it: %s.", ta_err_list(paths, 12)),
						errhint("Drop that first: SELECT assoc.drop_association(%s).",
								quote_literal_cstr(linitial(paths)))));
}

/*
 * assoc.drop_association('Model.alias') returns text
 *
 * Errors: 42602 not a name; 42704 unknown; 42501 not the owner; 2BP01 a path
 * goes through it, a view uses its accessor, or rows refer to the polymorphic
 * target that it alone says; 55000 said by somebody else.
 */
Datum
ta_drop_association(PG_FUNCTION_ARGS)
{
	char *name = ta_arg_name(fcinfo, 0, "association");
	TaDecl *decl;
	const TaModel *model;
	List *states;
	List *parts;
	TaReference *before;
	bool others_say;

	ta_catalog_lock();
	decl = linitial(ta_lookup_association(name));
	model = ta_lookup_model(decl->model);
	if (OidIsValid(model->relid))
		ta_check_owner(model->relid);
	before = ta_retire_before(decl);
	others_say = says_another(ta_catalog_decls_named(decl->model, decl->alias));
	if (!others_say)
		check_no_path(decl);

	(void) ta_plan_steps(ta_line_references(decl), false, &states);
	ta_forget_association(decl);
	ta_retire_check(before);
	parts = list_make1(psprintf("%s: dropped", ta_decl_name(decl)));
	if (others_say)
	{
		ta_accessor_settle(decl);
		parts = lappend(parts, pstrdup("another declarer still says it"));
	}
	else
	{
		ta_keep_inferred(decl);
		ta_accessor_drop(decl);
	}
	parts = list_concat(parts, left_behind(states));
	PG_RETURN_TEXT_P(cstring_to_text(ta_err_join(parts, "; ")));
}

/*
 * assoc.drop_target('Model.alias', target) returns text
 *
 * Errors: 42602 not a name; 42704 unknown, or no target; 42809 not polymorphic;
 * 42501 not the owner; 2BP01 rows refer to it, or a path goes through its other
 * side; 55000 the last target, or said by somebody else.
 */
Datum
ta_drop_target(PG_FUNCTION_ARGS)
{
	char *name = ta_arg_name(fcinfo, 0, "association");
	char *target = ta_arg_name(fcinfo, 1, "target");
	TaDecl *decl;
	TaReference *before;
	const TaModel *model;
	List *parts;
	int steps;
	ListCell *lc;

	ta_catalog_lock();
	decl = linitial(ta_lookup_association(name));
	model = ta_lookup_model(decl->model);
	if (OidIsValid(model->relid))
		ta_check_owner(model->relid);
	before = ta_retire_before(decl);
	parts = list_make1(psprintf("%s: %s is no target any more", ta_decl_name(decl), target));
	foreach(lc, ta_retire_target(decl, target))
	{
		TaDecl *side = lfirst(lc);
		const TaModel *its = ta_lookup_model(side->model);

		if (OidIsValid(its->relid))
			ta_check_owner(its->relid);
		check_no_path(side);
		ta_forget_association(side);
		ta_accessor_drop(side);
		parts = lappend(parts, psprintf("%s dropped", ta_decl_name(side)));
	}
	ta_retire_check(before);
	parts = list_concat(parts, ta_line_refresh(decl));
	steps = list_length(ta_plan_steps(ta_line_references(decl), false, NULL));
	parts = lappend(parts, steps == 0   ? pstrdup("in place")
						   : steps == 1 ? pstrdup("1 step planned")
										: psprintf("%d steps planned", steps));
	PG_RETURN_TEXT_P(cstring_to_text(ta_err_join(parts, "; ")));
}

/* The association and what is lost with it, each once: its paths, and theirs. */
static List *
with_paths(List *decls, List *found)
{
	ListCell *lc;

	foreach(lc, decls)
	{
		TaDecl *decl = lfirst(lc);
		List *paths = NIL;
		ListCell *other;
		bool known = false;

		foreach(other, found)
			known = known || strcmp(ta_decl_name(lfirst(other)), ta_decl_name(decl)) == 0;
		if (known)
			continue;
		found = lappend(found, decl);
		foreach(other, ta_paths_through(decl->model, decl->alias))
			paths = list_concat(paths, ta_lookup_association(lfirst(other)));
		found = with_paths(paths, found);
	}
	return found;
}

/* Whether somebody else defines the model as well as we. */
static bool
defined_by_another(const TaModel *model)
{
	return list_length(model->declarers) > 1 && ta_ident_list_has(model->declarers, ta_declarer());
}

/*
 * assoc.drop_model(model, cascade) returns text
 *
 * Errors: 42704 unknown; 42501 not the owner; 2BP01 associations use it and
 * cascade is false; 55000 said by somebody else.
 */
Datum
ta_drop_model(PG_FUNCTION_ARGS)
{
	char *name = ta_arg_name(fcinfo, 0, "model");
	bool cascade = PG_GETARG_BOOL(1);
	const TaModel *model;
	List *users = NIL;
	List *names = NIL;
	bool left = false;
	char *line;
	ListCell *lc;

	ta_catalog_lock();
	model = ta_lookup_model(name);
	if (OidIsValid(model->relid))
		ta_check_owner(model->relid);
	/* who says it as well keeps it, and what uses it */
	if (!defined_by_another(model))
		users = with_paths(list_concat(ta_catalog_decls_of_model(model->name),
									   ta_catalog_decls_using_model(model->name)),
						   NIL);
	foreach(lc, users)
		names = lappend(names, (char *) ta_decl_name(lfirst(lc)));
	if (users != NIL && !cascade)
		ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
						errmsg("cannot drop model \"%s\" because associations use it", name),
						errdetail("They are %s.", ta_err_list(names, 12)),
						errhint("SELECT assoc.drop_model(%s, cascade => true) drops them too.",
								quote_literal_cstr(name))));

	foreach(lc, users)
	{
		TaDecl *decl = lfirst(lc);

		ta_forget_association(decl);
		if (ta_catalog_decls_named(decl->model, decl->alias) == NIL)
			ta_accessor_drop(decl);
		left = left || triggers_left(decl->reference) || triggers_left(decl->other_reference);
	}
	ta_forget_model(model->name);
	line = names == NIL ? psprintf("%s: dropped", name)
						: psprintf("%s: dropped, and with it %s", name, ta_err_list(names, 12));
	if (left)
		line = psprintf("%s; triggers stay, to drop them: SELECT * FROM assoc.apply();", line);
	PG_RETURN_TEXT_P(cstring_to_text(line));
}

/* ---- renaming ---- */

/* The polymorphic belongs_to (TaDecl) of which the model is a target. */
static List *
polymorphic_to(const char *model)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, ta_references_polymorphic())
	{
		TaReference *reference = lfirst(lc);

		if (ta_decl_is_polymorphic(reference->serves) &&
			ta_reference_target(reference, model) != NULL)
			result = lappend(result, unconstify(TaDecl *, reference->serves));
	}
	return result;
}

/*
 * assoc.rename_model(model, new_name) returns text
 *
 * Errors: 42704 unknown; 42602, 42622 bad name; 42710 the name is taken; 42501
 * not the owner; 55000 said by somebody else.
 */
Datum
ta_rename_model(PG_FUNCTION_ARGS)
{
	char *name = ta_arg_name(fcinfo, 0, "model");
	char *new_name = ta_arg_name(fcinfo, 1, "new_name");
	List *facing;
	bool keeps;
	ListCell *lc;

	ta_catalog_lock();
	facing = polymorphic_to(name);
	/* their accessors are named after it */
	foreach(lc, facing)
		ta_accessor_drop(lfirst(lc));
	keeps = ta_rename_model_to(name, new_name);
	foreach(lc, ta_catalog_decls_of_model(new_name))
		ta_accessor_comment(lfirst(lc));
	foreach(lc, ta_catalog_decls_using_model(new_name))
		ta_accessor_comment(lfirst(lc));
	foreach(lc, polymorphic_to(new_name))
		(void) ta_accessor_refresh(lfirst(lc));
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf(keeps ? "%s: renamed to %s; its type value stays %s" : "%s: renamed to %s", name,
				 new_name, quote_literal_cstr(name))));
}

/*
 * assoc.rename_association('Model.alias', new_alias) returns text
 *
 * Errors: as rename_model; 42701 the alias is a column.
 */
Datum
ta_rename_association(PG_FUNCTION_ARGS)
{
	char *name = ta_arg_name(fcinfo, 0, "association");
	char *new_alias = ta_arg_name(fcinfo, 1, "new_alias");
	TaDecl *decl;

	ta_catalog_lock();
	decl = linitial(ta_lookup_association(name));
	ta_rename_association_to(decl->model, decl->alias, new_alias);
	ta_accessor_drop(decl);
	decl = linitial(ta_catalog_decls_named(decl->model, new_alias));
	PG_RETURN_TEXT_P(cstring_to_text(
		ta_err_join(list_concat(list_make1(psprintf("%s: renamed to %s", name, ta_decl_name(decl))),
								ta_line_refresh(decl)),
					"; ")));
}
