/*
 * src/model/resolve.c
 *		From what was said of an association to a complete declaration.
 *
 * Reads the catalog and facts, writes nothing but the models it infers.  Which
 * foreign key is meant is model/infer's question, whether the result can stand
 * is model/check's.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/declare.h"
#include "model/infer.h"
#include "model/lookup.h"
#include "model/naming.h"
#include "model/option.h"
#include "model/path.h"
#include "model/reference.h"
#include "model/target.h"
#include "pg/facts.h"

/* ---- the kinds ---- */

/* What the array of an association called "tags" is named after: one of them. */
static const char *
stem_of_many(const char *alias, const TaModel *target)
{
	return strcmp(alias, ta_name_alias(target, true)) == 0 ? ta_name_stem(target)
														   : ta_name_singular(alias);
}

/* The links of the declaration that are to be completed: one, or a junction's two. */
static int
link_requests(TaDecl *decl, const TaModel *model, const TaModel *target, const TaModel *junction,
			  bool at_other_end, bool tentative, List **notes, TaLinkRequest q[2])
{
	memset(q, 0, 2 * sizeof(TaLinkRequest));
	q[0].decl = decl;
	q[0].tentative = tentative;
	q[0].notes = notes;
	q[0].columns = &decl->foreign_key;
	q[0].columns_argument = "foreign_key";
	q[0].reference = &decl->reference;
	q[0].type_argument = "type_column";
	if (ta_decl_is_polymorphic(decl))
	{
		q[0].child = model;
		q[0].stem = decl->alias;
		q[0].type_column = &decl->type_column;
		return 1;
	}
	if (ta_decl_from_child(decl))
	{
		q[0].child = model;
		q[0].parent = target;
		q[0].element = decl->kind == TA_REFERENCES_MANY;
		q[0].stem = q[0].element ? stem_of_many(decl->alias, target) : decl->alias;
		q[0].key = &decl->target_key;
		q[0].key_argument = "target_key";
		return 1;
	}

	q[0].child = junction != NULL ? junction : target;
	q[0].parent = model;
	q[0].stem = junction == NULL && decl->inverse != NULL ? decl->inverse : ta_name_stem(model);
	q[0].key = &decl->source_key;
	q[0].key_argument = "source_key";
	if (decl->polymorphic != NULL && !at_other_end)
	{
		q[0].stem = decl->polymorphic;
		q[0].type_column = &decl->type_column;
	}
	if (junction == NULL)
		return 1;

	q[1] = q[0];
	q[1].parent = target;
	q[1].stem = ta_name_stem(target);
	q[1].columns = &decl->other_key;
	q[1].columns_argument = "other_key";
	q[1].key = &decl->target_key;
	q[1].key_argument = "target_key";
	q[1].reference = &decl->other_reference;
	q[1].type_argument = "other_type_column";
	q[1].type_column = NULL;
	if (decl->polymorphic != NULL && at_other_end)
	{
		q[1].stem = decl->polymorphic;
		q[1].type_column = &decl->other_type_column;
	}
	return 2;
}

static void
resolve_links(TaDecl *decl, const TaModel *model, const TaModel *target, const TaModel *junction,
			  bool at_other_end, bool tentative, List **notes)
{
	TaLinkRequest q[2];
	int count = link_requests(decl, model, target, junction, at_other_end, tentative, notes, q);

	for (int i = 0; i < count; i++)
	{
		if (q[i].type_column != NULL)
			ta_infer_polymorphic(&q[i]);
		else
			ta_infer_link(&q[i]);
	}
}

/* An option that means nothing for a path; said, it raises. */
static void
refuse_for_path(const TaDecl *decl, const char *option, bool said)
{
	if (said)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" cannot be given with a path", option),
				 errdetail("Association \"%s\" goes through \"%s\" and has no foreign key of its "
						   "own.",
						   ta_decl_name(decl), decl->through),
				 errhint("Say it of the association on the path that it concerns.")));
}

static void
resolve_path(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	char *path = ta_path_resolve(model, decl->through, target, decl->alias);

	refuse_for_path(decl, "foreign_key", decl->foreign_key != NIL);
	refuse_for_path(decl, "source_key", decl->source_key != NIL);
	refuse_for_path(decl, "on_delete", decl->on_delete != NULL);
	refuse_for_path(decl, "on_update", decl->on_update != NULL);
	refuse_for_path(decl, "required", decl->required != NULL);
	refuse_for_path(decl, "deferral", decl->deferral != NULL);
	refuse_for_path(decl, "enforce", decl->enforce != NULL);
	refuse_for_path(decl, "condition", decl->condition != NULL);
	refuse_for_path(decl, "index", decl->index != NULL);
	refuse_for_path(decl, "inverse", decl->inverse != NULL);
	refuse_for_path(decl, "polymorphic", decl->polymorphic != NULL);
	refuse_for_path(decl, "type_column", decl->type_column != NULL);
	if (strcmp(path, decl->through) != 0)
		*notes = lappend(*notes, psprintf("path completed to %s", path));
	decl->through = path;
}

/* The junction of the belongs_to_many that looks back at us, or NULL. */
static char *
junction_of_inverse(const TaDecl *decl, const TaModel *target)
{
	List *found = NIL;
	ListCell *lc;

	foreach(lc, ta_cache_associations(target))
	{
		TaDecl *other = lfirst(lc);

		if (other->kind == TA_BELONGS_TO_MANY && strcmp(other->target, decl->model) == 0 &&
			(decl->inverse == NULL || strcmp(decl->inverse, other->alias) == 0) &&
			!ta_ident_list_has(found, other->through))
			found = lappend(found, other->through);
	}
	if (list_length(found) > 1)
		ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_ALIAS),
						errmsg("several junctions fit association \"%s\"", ta_decl_name(decl)),
						errdetail("They are %s.", ta_err_list(found, 12)),
						errhint("Say which: through => %s.", quote_literal_cstr(linitial(found)))));
	return found == NIL ? NULL : pstrdup(linitial(found));
}

/* Defines the model of a junction table that is to be created beside the source's; a model's name is short enough. */
static const TaModel *
plan_junction(const char *name, const TaModel *model, List **notes)
{
	TaModelRow row = {0};

	row.name = pstrdup(name);
	row.declarer = pstrdup(ta_declarer());
	row.schema_name = model->schema;
	row.table_name = pstrdup(name);
	row.inferred = list_make1("new_table");
	ta_catalog_put_model(&row);
	*notes = lappend(*notes, psprintf("NEW TABLE %s", ta_ident_qualify(model->schema, name)));
	return ta_cache_model(name);
}

/* The junction: a model, a table, or a new table when the name matches nothing. */
static const TaModel *
resolve_junction(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	const TaModel *junction;
	bool inferred;

	if (decl->through == NULL)
	{
		decl->through = junction_of_inverse(decl, target);
		if (decl->through == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("association \"%s\" needs a junction", ta_decl_name(decl)),
					 errhint("Name a model or table, or a new table to be planned: through => %s.",
							 quote_literal_cstr(psprintf("%s_%s", ta_name_stem(model),
														 ta_name_alias(target, true))))));
		ta_infer_mark(decl, "through");
		*notes = lappend(*notes, psprintf("junction %s inferred", decl->through));
	}

	ta_check_model_name(decl->through);
	junction = ta_cache_model(decl->through);
	if (junction == NULL && ta_lookup_fits_table(decl->through))
	{
		junction = ta_lookup_or_infer_model(decl->through, &inferred);
		if (inferred)
			*notes = lappend(*notes, psprintf("model %s inferred as table %s", junction->name,
											  ta_rel_shown(junction->relid)));
	}
	if (junction == NULL)
		junction = plan_junction(decl->through, model, notes);
	else if (OidIsValid(junction->relid))
		ta_check_owner(junction->relid);
	decl->through = junction->name;
	return junction;
}

static const TaModel *
resolve_belongs_to_many(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	const TaModel *junction = resolve_junction(decl, model, target, notes);

	if (strcmp(model->name, target->name) == 0 &&
		(decl->foreign_key == NIL || decl->other_key == NIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("association \"%s\" leads from a model to itself", ta_decl_name(decl)),
				 errhint("Say both columns of the junction: foreign_key => ..., other_key => "
						 "....")));
	return junction;
}

/* ---- polymorphic ---- */

/* The models of the declaration, inferred if need be. */
static const TaModel *
resolve_model(char **name, List **notes)
{
	bool inferred;
	const TaModel *model = ta_lookup_or_infer_model(*name, &inferred);

	ta_check_usable(model);
	if (inferred)
		*notes = lappend(*notes, psprintf("model %s inferred as table %s", model->name,
										  ta_rel_shown(model->relid)));
	*name = model->name;
	return model;
}

/*
 * Which of a polymorphic junction's two references is the polymorphic one: that
 * to the target, if the junction has a column for the model and none for the
 * target; else that to the model.
 */
static bool
is_other_end(const TaDecl *decl, const TaModel *model, const TaModel *target,
			 const TaModel *junction)
{
	ListCell *lc;

	if (decl->polymorphic == NULL || junction == NULL)
		return false;
	foreach(lc, ta_links_polymorphic(junction->name, decl->polymorphic, decl))
	{
		TaLink *link = lfirst(lc);

		/* what the other direction says of itself is decided: this one is its opposite */
		if (link->decl->kind == TA_BELONGS_TO_MANY &&
			strcmp(link->decl->model, decl->target) == 0 &&
			strcmp(link->decl->target, decl->model) == 0)
			return link->decl->other_type_column == NULL;
	}
	return !ta_infer_fits_plainly(junction, target) && ta_infer_fits_plainly(junction, model);
}

/* Raises: the option holds for all targets of the polymorphic belongs_to. */
static void
refuse_for_all(const TaDecl *decl, const char *child, const char *option, bool said)
{
	if (said)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" cannot be given with polymorphic", option),
				 errdetail("It holds for all targets of \"%s.%s\".", child, decl->polymorphic),
				 errhint("Say it there: SELECT assoc.belongs_to_polymorphic(%s, %s, %s => ...).",
						 quote_literal_cstr(child), quote_literal_cstr(decl->polymorphic),
						 option)));
}

/* What a side of a polymorphic reference must not say: it is one of several. */
static void
check_other_side(const TaDecl *decl, const char *child, bool at_other_end)
{
	if (decl->polymorphic == NULL && decl->type_column != NULL && !ta_decl_is_polymorphic(decl))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"type_column\" means nothing without polymorphic"),
						errhint("Say the alias of the other side: polymorphic => '...'.")));
	if (decl->polymorphic == NULL)
		return;
	ta_check_alias(decl->polymorphic);
	if (decl->inverse != NULL && decl->kind != TA_BELONGS_TO_MANY)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"inverse\" cannot be given with polymorphic"),
						errdetail("The other side is \"%s.%s\".", child, decl->polymorphic)));
	if (decl->condition != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"condition\" cannot be given with polymorphic"),
						errdetail("A condition is for a reference to one model.")));
	if (at_other_end)
		return;
	refuse_for_all(decl, child, "on_delete", decl->on_delete != NULL);
	refuse_for_all(decl, child, "on_update", decl->on_update != NULL);
	refuse_for_all(decl, child, "required", decl->required != NULL);
	refuse_for_all(decl, child, "deferral", decl->deferral != NULL);
	refuse_for_all(decl, child, "enforce", decl->enforce != NULL);
	refuse_for_all(decl, child, "index", decl->index != NULL);
}

/* The models that a polymorphic belongs_to names, inferred if need be; each once. */
static List *
resolve_targets(const TaDecl *decl, List **notes)
{
	List *targets = NIL;
	ListCell *lc;

	foreach(lc, decl->targets)
	{
		char *name = pstrdup(lfirst(lc));

		(void) resolve_model(&name, notes);
		if (ta_ident_list_has(targets, name))
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
							errmsg("model \"%s\" is named twice in argument \"targets\"", name)));
		targets = lappend(targets, name);
	}
	return targets;
}

/* The two links of a junction must not be one. */
static void
check_junction_columns(const TaDecl *decl)
{
	if (decl->kind == TA_BELONGS_TO_MANY &&
		ta_ident_lists_equal(decl->foreign_key, decl->other_key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("foreign_key and other_key of association \"%s\" are the same column",
						ta_decl_name(decl)),
				 errdetail("Both are %s of \"%s\".", ta_ident_columns(decl->foreign_key),
						   decl->through)));
}

/* ---- the whole ---- */

static void
resolve_alias(TaDecl *decl, const TaModel *model, const TaModel *target)
{
	/* "user" of a user, "nodes" of a node: the name of the model says nothing of the role */
	if (decl->alias == NULL && ta_decl_is_polymorphic(decl))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"alias\" must not be null")));
	if (decl->alias == NULL && strcmp(model->name, target->name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_ALIAS),
				 errmsg("an association of \"%s\" to itself needs an alias", model->name),
				 errdetail("Its two sides need distinct names, such as parent and children."),
				 errhint("Say it: alias => %s%s.", ta_decl_to_one(decl) ? "'parent'" : "'children'",
						 decl->kind == TA_BELONGS_TO_MANY
							 ? ""
							 : ", and inverse => for the other side")));
	if (decl->alias == NULL)
	{
		/* not listed as inferred: it is the association's name from now on, and stands in every line */
		decl->alias = ta_name_alias(target, !ta_decl_to_one(decl));
	}
	ta_check_alias(decl->alias);
	if (decl->inverse != NULL)
		ta_check_alias(decl->inverse);
	if (decl->inverse != NULL && strcmp(decl->inverse, decl->alias) == 0 &&
		strcmp(model->name, target->name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_ALIAS),
				 errmsg("association \"%s\" cannot be its own inverse", ta_decl_name(decl)),
				 errdetail("Both sides are of model \"%s\", and need an alias each.", model->name),
				 errhint("Say two: alias => '...', inverse => '...'.")));
	if (ta_rel_column(model->relid, decl->alias) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("alias \"%s\" is also a column of %s", decl->alias,
						ta_rel_shown(model->relid)),
				 errdetail("Column and association would have the same key in JSON and the same "
						   "call in SQL."),
				 errhint("Say another: alias => '...'.")));
}

/* What the row says of an option that may have been inferred: NULL or NIL where it was. */
#define SAID(row, option) (ta_decl_inferred(row, #option) ? NULL : (row)->option)

/* Whether the stored row was said in the same words. */
static bool
said_the_same(const TaDecl *old, const TaDecl *said)
{
	return old->kind == said->kind && ta_ident_same(old->target, said->target) &&
		   ta_ident_lists_equal(SAID(old, foreign_key), said->foreign_key) &&
		   ta_ident_lists_equal(SAID(old, source_key), said->source_key) &&
		   ta_ident_lists_equal(SAID(old, target_key), said->target_key) &&
		   ta_ident_lists_equal(SAID(old, other_key), said->other_key) &&
		   ta_ident_same(SAID(old, through), said->through) &&
		   ta_ident_same(old->polymorphic, said->polymorphic) &&
		   ta_ident_same(old->other_type_column != NULL ? SAID(old, other_type_column)
														: SAID(old, type_column),
						 said->type_column) &&
		   ta_ident_lists_equal(old->targets, said->targets) &&
		   ta_ident_same(old->scope, said->scope) && ta_ident_same(old->order_by, said->order_by) &&
		   ta_ident_same(old->on_delete, said->on_delete) &&
		   ta_ident_same(old->on_update, said->on_update) &&
		   ta_ident_same(old->required, said->required) &&
		   ta_ident_same(old->deferral, said->deferral) &&
		   ta_ident_same(old->inverse, said->inverse) &&
		   ta_ident_same(old->enforce, said->enforce) && ta_ident_same(old->index, said->index) &&
		   ta_ident_same(old->condition, said->condition);
}

/*
 * This declarer's row, when it already says just this: then nothing is inferred
 * again, so that saying a thing twice, or declaring one's own document, changes
 * nothing whatever the tables look like by now.  Unless the inferred columns
 * are gone: saying it again is how one asks for others.
 */
static TaDecl *
said_before(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		TaDecl *old = lfirst(lc);
		TaLink links[2];
		int count = ta_decl_links(old, links);
		/* a path that lost an association on its way is resolved again, which says so */
		bool there = !ta_decl_is_path(old) || ta_path_problem(old) == NULL;

		for (int i = 0; i < count; i++)
		{
			const TaModel *child = ta_cache_model(links[i].child);

			there = there && child != NULL &&
					(!OidIsValid(child->relid) || !links[i].columns_inferred ||
					 ta_infer_columns_exist(child, links[i].columns)) &&
					(!OidIsValid(child->relid) || !links[i].type_inferred ||
					 ta_infer_columns_exist(child,
											list_make1(unconstify(char *, links[i].type_column))));
		}
		if (there && strcmp(old->declarer, ta_declarer()) == 0 && said_the_same(old, decl))
			return old;
	}
	return NULL;
}

/* Raises: the database is at an older version than the library, and has no word for the kind. */
static void
check_version(const TaDecl *said)
{
	bool many = said->kind == TA_REFERENCES_MANY;

	if ((!many && !ta_decl_is_polymorphic(said) && said->polymorphic == NULL) ||
		ta_catalog_has_polymorphic())
		return;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("this version of the database's todo_assoc has no %s associations",
						   many ? "references_many" : "polymorphic"),
					errhint("ALTER EXTENSION todo_assoc UPDATE;")));
}

/*
 * Completes what was said; what was inferred is listed in the result and told
 * in the notes.  Raises on names that are unknown, and when the user does not
 * own what the declaration adds to.  Where several foreign keys fit it takes
 * any: ta_infer_again must follow.  Needs the catalog lock.
 */
TaDecl *
ta_resolve(const TaDecl *said, List **notes)
{
	TaDecl *decl = palloc(sizeof(TaDecl));
	const TaModel *model;
	const TaModel *target;
	const TaModel *junction = NULL;
	bool at_other_end;
	TaDecl *before;

	check_version(said);

	*decl = *said;
	decl->inferred = NIL;
	model = resolve_model(&decl->model, notes);
	decl->targets = resolve_targets(decl, notes);
	/* several targets: no scope, order or name goes by one of them */
	target = ta_decl_is_polymorphic(decl) ? model : resolve_model(&decl->target, notes);
	resolve_alias(decl, model, target);
	ta_check_owner(model->relid);

	decl->on_delete = ta_option_action(said->on_delete, "on_delete");
	decl->on_update = ta_option_action(said->on_update, "on_update");
	decl->deferral = ta_option_deferral(said->deferral);
	decl->enforce = ta_option_enforce(said->enforce);
	decl->scope = ta_option_scope(said->scope, target->relid);
	decl->order_by = ta_option_order_by(said->order_by, target->relid);
	decl->condition = ta_option_condition(said->condition,
										  ta_decl_from_child(decl) ? model->relid : target->relid);

	before = said_before(decl);
	if (before != NULL)
		return before;
	if (ta_decl_is_path(decl))
	{
		resolve_path(decl, model, target, notes);
		return decl;
	}
	if (decl->kind == TA_BELONGS_TO_MANY)
		junction = resolve_belongs_to_many(decl, model, target, notes);
	else if (!ta_decl_from_child(decl))
		ta_check_owner(target->relid);
	at_other_end = is_other_end(decl, model, target, junction);
	check_other_side(decl, junction != NULL ? junction->name : target->name, at_other_end);
	if (at_other_end)
	{
		decl->other_type_column = decl->type_column;
		decl->type_column = NULL;
	}
	resolve_links(decl, model, target, junction, at_other_end, true, notes);
	return decl;
}

/*
 * A stored declaration with its foreign keys and keys inferred anew where they
 * were not said, from all that is declared now.  Raises where several fit.
 */
TaDecl *
ta_infer_again(const TaDecl *stored)
{
	TaDecl *decl = palloc(sizeof(TaDecl));
	const TaModel *model = ta_cache_model(stored->model);
	const TaModel *target = ta_decl_is_polymorphic(stored) ? model : ta_cache_model(stored->target);
	const TaModel *junction = NULL;
	bool at_other_end = stored->other_type_column != NULL;
	List *notes = NIL;
	ListCell *lc;

	*decl = *stored;
	if (stored->kind == TA_BELONGS_TO_MANY)
		junction = ta_cache_model(stored->through);
	/* where a table is gone there is nothing to infer from: describe tells */
	if (model == NULL || target == NULL || !OidIsValid(model->relid) ||
		!OidIsValid(target->relid) || (stored->kind == TA_BELONGS_TO_MANY && junction == NULL))
		return decl;

	decl->inferred = NIL;
	foreach(lc, stored->inferred)
	{
		const char *option = lfirst(lc);

		if (strcmp(option, "foreign_key") == 0)
			decl->foreign_key = NIL;
		else if (strcmp(option, "source_key") == 0)
			decl->source_key = NIL;
		else if (strcmp(option, "target_key") == 0)
			decl->target_key = NIL;
		else if (strcmp(option, "other_key") == 0)
			decl->other_key = NIL;
		else if (strcmp(option, "type_column") == 0)
			decl->type_column = NULL;
		else if (strcmp(option, "other_type_column") == 0)
			decl->other_type_column = NULL;
		else
			ta_infer_mark(decl, option);
	}
	resolve_links(decl, model, target, junction, at_other_end, false, &notes);
	check_junction_columns(decl);
	return decl;
}
