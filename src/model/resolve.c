/*
 * src/model/resolve.c
 *		From what was said of an association to a complete declaration.
 *
 * Reads the catalog and facts, writes nothing but the models it infers.  The
 * inverse is found, never guessed: where two foreign keys fit, it raises with
 * the candidates.  Whether the result can stand is model/check's question.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "model/naming.h"
#include "model/option.h"
#include "model/path.h"
#include "model/reference.h"
#include "pg/facts.h"

/* One reference to be found or made for the declaration. */
typedef struct LinkRequest
{
	TaDecl *decl;
	const TaModel *child;
	const TaModel *parent;
	const char *stem; /* what its column is named after */
	List **columns;
	const char *columns_argument;
	List **key;
	const char *key_argument;
	char **reference;
	bool other; /* the second link of a belongs_to_many */
	List **notes;
} LinkRequest;

static void
infer(TaDecl *decl, const char *option)
{
	decl->inferred = lappend(decl->inferred, pstrdup(option));
}

/* ---- which foreign key ---- */

typedef struct Candidate
{
	List *columns;
	const char *said_by; /* association, or NULL: a column of a fitting name */
} Candidate;

static List *
add_candidate(List *candidates, List *columns, const char *said_by)
{
	Candidate *candidate;
	ListCell *lc;

	foreach(lc, candidates)
	{
		if (ta_ident_lists_equal(((Candidate *) lfirst(lc))->columns, columns))
			return candidates;
	}
	candidate = palloc(sizeof(Candidate));
	candidate->columns = columns;
	candidate->said_by = said_by;
	return lappend(candidates, candidate);
}

/* Whether the model's table has all these columns. */
static bool
columns_exist(const TaModel *model, List *columns)
{
	return OidIsValid(model->relid) && ta_rel_columns(model->relid, columns, NULL) != NIL;
}

/* Columns of the child whose names fit by convention. */
static List *
conventional_candidates(const LinkRequest *q, List *key)
{
	List *candidates = NIL;
	ListCell *lc;

	if (!OidIsValid(q->child->relid) || list_length(key) != 1)
		return NIL;
	foreach(lc, ta_name_foreign_keys(q->stem, linitial(key)))
	{
		if (ta_rel_column(q->child->relid, lfirst(lc)) != NULL)
			candidates = add_candidate(candidates, list_make1(lfirst(lc)), NULL);
	}
	return candidates;
}

/* Raises: several foreign keys fit. */
static void
ambiguous_foreign_key(const LinkRequest *q, List *candidates)
{
	List *shown = NIL;
	ListCell *lc;

	foreach(lc, candidates)
	{
		Candidate *candidate = lfirst(lc);
		char *columns = ta_ident_columns(candidate->columns);

		shown = lappend(shown, candidate->said_by == NULL
								   ? columns
								   : psprintf("%s (of %s)", columns, candidate->said_by));
	}
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_COLUMN),
			 errmsg("several foreign keys of \"%s\" fit association \"%s\"", q->child->name,
					ta_decl_name(q->decl)),
			 errdetail("They are %s.", ta_err_list(shown, 12)),
			 errhint("Say which: %s => %s.", q->columns_argument,
					 quote_literal_cstr(
						 ta_err_join(((Candidate *) linitial(candidates))->columns, ", ")))));
}

/* The candidates that other declarations offer. */
static List *
declared_candidates(const LinkRequest *q, List *links, List *candidates)
{
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (q->decl->kind == TA_BELONGS_TO)
		{
			/* another alias' own foreign key, or one that merely awaits our word */
			if (link->from_child ||
				(link->columns_inferred && !columns_exist(q->child, link->columns)))
				continue;
		}
		candidates = add_candidate(candidates, link->columns, ta_decl_name(link->decl));
	}
	return candidates;
}

/* The foreign key of the belongs_to that the declaration names as its inverse, or NIL. */
static List *
columns_of_inverse(const LinkRequest *q, List *links)
{
	ListCell *lc;

	if (q->decl->inverse == NULL || q->other)
		return NIL;
	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (strcmp(link->decl->alias, q->decl->inverse) == 0 &&
			strcmp(link->decl->model, q->decl->target) == 0)
			return link->columns;
	}
	return NIL;
}

/* Finds or invents the foreign key that was not said. */
static List *
infer_columns(const LinkRequest *q, List *key, List *links)
{
	List *columns = columns_of_inverse(q, links);
	List *candidates;
	List *names;

	if (columns != NIL)
		return columns;

	candidates = conventional_candidates(q, key);
	if (q->decl->kind != TA_BELONGS_TO || candidates == NIL)
		candidates = declared_candidates(q, links, candidates);
	if (list_length(candidates) > 1)
		ambiguous_foreign_key(q, candidates);
	if (candidates != NIL)
		return ((Candidate *) linitial(candidates))->columns;

	if (list_length(key) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the foreign key of association \"%s\" cannot be inferred",
						ta_decl_name(q->decl)),
				 errdetail("The key %s of \"%s\" has %d columns.", ta_ident_columns(key),
						   q->parent->name, list_length(key)),
				 errhint("Say it, a column for each: %s => '..., ...'.", q->columns_argument)));

	/* a new column, in the style of its table; a new table takes its parent's */
	names = ta_rel_column_names(OidIsValid(q->child->relid) ? q->child->relid : q->parent->relid);
	return list_make1(ta_name_foreign_key(q->stem, linitial(key),
										  ta_name_style_is_snake(names, OidIsValid(q->child->relid)
																			? q->child->table
																			: q->parent->table)));
}

/* ---- which reference ---- */

/* The declared link with these columns, another association's or this one's own of before. */
static const TaLink *
same_link(const LinkRequest *q, List *links, List *columns)
{
	ListCell *lc;

	foreach(lc, links)
	{
		if (ta_ident_lists_equal(((TaLink *) lfirst(lc))->columns, columns))
			return lfirst(lc);
	}
	foreach(lc, ta_catalog_decls_named(q->decl->model, q->decl->alias))
	{
		TaLink own[2];
		int count = ta_decl_links(lfirst(lc), own);

		for (int i = 0; i < count; i++)
		{
			if (strcmp(own[i].child, q->child->name) == 0 &&
				strcmp(own[i].parent, q->parent->name) == 0 &&
				ta_ident_lists_equal(own[i].columns, columns))
			{
				TaLink *copy = palloc(sizeof(TaLink));

				*copy = own[i];
				return copy;
			}
		}
	}
	return NULL;
}

/* Rows whose inferred key this declaration now says: they follow it. */
static void
correct_inferred_keys(const char *reference, List *key)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_of_reference(reference))
	{
		TaDecl *decl = lfirst(lc);
		TaLink links[2];
		int count = ta_decl_links(decl, links);

		for (int i = 0; i < count; i++)
		{
			if (strcmp(links[i].reference, reference) != 0 || !links[i].key_inferred)
				continue;
			if (links[i].from_child || i == 1)
				decl->target_key = key;
			else
				decl->source_key = key;
			ta_catalog_put_decl(decl);
		}
	}
}

/* Completes one link of the declaration: its columns, its key, its reference. */
static void
resolve_link(const LinkRequest *q)
{
	List *links = ta_links_between(q->child->name, q->parent->name, q->decl);
	List *wanted_key = *q->key != NIL ? *q->key : q->parent->key;
	const TaLink *same;

	if (*q->columns == NIL)
	{
		if (wanted_key == NIL)
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("model \"%s\" has no key to refer to", q->parent->name),
				 errdetail("Table %s has no primary key.", ta_rel_shown(q->parent->relid)),
				 errhint("Say which unique columns: %s => '...', or SELECT assoc.define_model(%s, "
						 "key => '...').",
						 q->key_argument, quote_literal_cstr(q->parent->name))));
		*q->columns = infer_columns(q, wanted_key, links);
		infer(q->decl, q->columns_argument);
		*q->notes = lappend(*q->notes, psprintf("%scolumn %s inferred",
												columns_exist(q->child, *q->columns) ? "" : "new ",
												ta_ident_columns(*q->columns)));
	}

	same = same_link(q, links, *q->columns);
	if (*q->key == NIL)
	{
		*q->key = same != NULL ? same->key : q->parent->key;
		infer(q->decl, q->key_argument);
	}
	else if (same != NULL && same->key_inferred && !ta_ident_lists_equal(same->key, *q->key))
		correct_inferred_keys(same->reference, *q->key);

	if (list_length(*q->columns) != list_length(*q->key))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_FOREIGN_KEY),
			 errmsg("foreign key and key of association \"%s\" differ in their number of columns",
					ta_decl_name(q->decl)),
			 errdetail("The foreign key is (%s), the key of \"%s\" is (%s).",
					   ta_ident_columns(*q->columns), q->parent->name, ta_ident_columns(*q->key)),
			 errhint("Say both: %s => ..., %s => ....", q->columns_argument, q->key_argument)));

	*q->reference =
		same != NULL ? pstrdup(same->reference) : ta_reference_invent(q->child->table, *q->columns);
}

/* ---- the kinds ---- */

static void
resolve_belongs_to(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	LinkRequest q = {.decl = decl,
					 .child = model,
					 .parent = target,
					 .stem = decl->alias,
					 .columns = &decl->foreign_key,
					 .columns_argument = "foreign_key",
					 .key = &decl->target_key,
					 .key_argument = "target_key",
					 .reference = &decl->reference,
					 .notes = notes};

	ta_check_owner(model->relid);
	resolve_link(&q);
}

static void
resolve_has(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	LinkRequest q = {.decl = decl,
					 .child = target,
					 .parent = model,
					 .stem = decl->inverse != NULL ? decl->inverse : ta_name_stem(model),
					 .columns = &decl->foreign_key,
					 .columns_argument = "foreign_key",
					 .key = &decl->source_key,
					 .key_argument = "source_key",
					 .reference = &decl->reference,
					 .notes = notes};

	ta_check_owner(model->relid);
	ta_check_owner(target->relid);
	resolve_link(&q);
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

	ta_check_owner(model->relid);
	refuse_for_path(decl, "foreign_key", decl->foreign_key != NIL);
	refuse_for_path(decl, "source_key", decl->source_key != NIL);
	refuse_for_path(decl, "on_delete", decl->on_delete != NULL);
	refuse_for_path(decl, "on_update", decl->on_update != NULL);
	refuse_for_path(decl, "required", decl->required != NULL);
	refuse_for_path(decl, "deferral", decl->deferral != NULL);
	refuse_for_path(decl, "enforce", decl->enforce != NULL);
	refuse_for_path(decl, "index", decl->index != NULL);
	refuse_for_path(decl, "inverse", decl->inverse != NULL);
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

/* Defines the model of a junction table that is to be created beside the source's. */
static const TaModel *
plan_junction(const char *name, const TaModel *model, List **notes)
{
	TaModelRow row = {0};

	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG), errmsg("table name \"%s\" is too long", name),
				 errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
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
		infer(decl, "through");
		*notes = lappend(*notes, psprintf("junction %s inferred", decl->through));
	}

	ta_check_model_name(decl->through);
	junction = ta_cache_model(decl->through);
	if (junction == NULL && OidIsValid(ta_lookup_table(decl->through, true)))
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

static void
resolve_belongs_to_many(TaDecl *decl, const TaModel *model, const TaModel *target, List **notes)
{
	const TaModel *junction = resolve_junction(decl, model, target, notes);
	LinkRequest own = {.decl = decl,
					   .child = junction,
					   .parent = model,
					   .stem = ta_name_stem(model),
					   .columns = &decl->foreign_key,
					   .columns_argument = "foreign_key",
					   .key = &decl->source_key,
					   .key_argument = "source_key",
					   .reference = &decl->reference,
					   .notes = notes};
	LinkRequest other = own;

	ta_check_owner(model->relid);
	if (strcmp(model->name, target->name) == 0 &&
		(decl->foreign_key == NIL || decl->other_key == NIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("association \"%s\" leads from a model to itself", ta_decl_name(decl)),
				 errhint("Say both columns of the junction: foreign_key => ..., other_key => "
						 "....")));

	resolve_link(&own);
	other.parent = target;
	other.stem = ta_name_stem(target);
	other.columns = &decl->other_key;
	other.columns_argument = "other_key";
	other.key = &decl->target_key;
	other.key_argument = "target_key";
	other.reference = &decl->other_reference;
	other.other = true;
	resolve_link(&other);

	if (ta_ident_lists_equal(decl->foreign_key, decl->other_key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("foreign_key and other_key of association \"%s\" are the same column",
						ta_decl_name(decl)),
				 errdetail("Both are %s of \"%s\".", ta_ident_columns(decl->foreign_key),
						   junction->name)));
}

/* ---- the whole ---- */

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

static void
resolve_alias(TaDecl *decl, const TaModel *model, const TaModel *target)
{
	if (decl->alias == NULL)
	{
		/* not listed as inferred: it is the association's name from now on, and stands in every line */
		decl->alias = ta_name_alias(target, !ta_decl_to_one(decl));
	}
	ta_check_alias(decl->alias);
	if (decl->inverse != NULL)
		ta_check_alias(decl->inverse);
	if (ta_rel_column(model->relid, decl->alias) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("alias \"%s\" is also a column of %s", decl->alias,
						ta_rel_shown(model->relid)),
				 errdetail("Column and association would have the same key in JSON and the same "
						   "call in SQL."),
				 errhint("Say another: alias => '...'.")));
}

/*
 * Completes what was said; what was inferred is listed in the result and told
 * in the notes.  Raises on names that are unknown or ambiguous, and when the
 * user does not own what the declaration adds to.  Needs the catalog lock.
 */
TaDecl *
ta_resolve(const TaDecl *said, List **notes)
{
	TaDecl *decl = palloc(sizeof(TaDecl));
	const TaModel *model;
	const TaModel *target;

	*decl = *said;
	decl->inferred = NIL;
	model = resolve_model(&decl->model, notes);
	target = resolve_model(&decl->target, notes);
	resolve_alias(decl, model, target);

	decl->on_delete = ta_option_action(said->on_delete, "on_delete");
	decl->on_update = ta_option_action(said->on_update, "on_update");
	decl->deferral = ta_option_deferral(said->deferral);
	decl->enforce = ta_option_enforce(said->enforce);
	decl->scope = ta_option_scope(said->scope, target->relid);
	decl->order_by = ta_option_order_by(said->order_by, target->relid);

	if (ta_decl_is_path(decl))
		resolve_path(decl, model, target, notes);
	else if (decl->kind == TA_BELONGS_TO)
		resolve_belongs_to(decl, model, target, notes);
	else if (decl->kind == TA_BELONGS_TO_MANY)
		resolve_belongs_to_many(decl, model, target, notes);
	else
		resolve_has(decl, model, target, notes);
	return decl;
}
