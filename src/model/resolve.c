/*
 * src/model/resolve.c
 *		From what was said of an association to a complete declaration.
 *
 * Reads the catalog and facts, writes nothing but the models it infers.  The
 * inverse is found, never guessed: where two foreign keys fit, it raises with
 * the candidates.  Whether the result can stand is model/check's question.
 *
 * The order of declarations must not matter.  So an inference depends on what
 * is said, and on other inferences only in one direction: a belongs_to looks
 * at the foreign keys that other sides say; the other sides look at those, and
 * at every belongs_to.  When a declaration was stored, all that was inferred
 * between its two models is inferred again in this order (ta_infer_again), and
 * the result is the one that any other order gives.
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
	bool tentative; /* will be inferred again: where several fit, any will do */
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

/* Whether a declaration of the other side names another one as its inverse, or is not the one named. */
static bool
paired_elsewhere(const LinkRequest *q, const TaLink *link)
{
	const TaDecl *other = link->decl;

	if (q->decl->kind == TA_BELONGS_TO_MANY || other->kind == TA_BELONGS_TO_MANY ||
		link->from_child == (q->decl->kind == TA_BELONGS_TO))
		return false;
	return (q->decl->inverse != NULL && strcmp(q->decl->inverse, other->alias) != 0) ||
		   (other->inverse != NULL && strcmp(other->inverse, q->decl->alias) != 0);
}

/* Whether the two declarations are each other's other side because one of them says so. */
static bool
paired(const LinkRequest *q, const TaLink *link)
{
	return link->from_child != (q->decl->kind == TA_BELONGS_TO) &&
		   q->decl->kind != TA_BELONGS_TO_MANY && link->decl->kind != TA_BELONGS_TO_MANY &&
		   !paired_elsewhere(q, link) && (q->decl->inverse != NULL || link->decl->inverse != NULL);
}

/* Whether it is one column, of one of these names. */
static bool
is_one_of(List *columns, List *names)
{
	return columns != NIL && list_length(columns) == 1 &&
		   ta_ident_list_has(names, linitial(columns));
}

/* Whether a belongs_to of another alias says these columns, or would be named after them. */
static bool
claimed(const LinkRequest *q, List *links, List *columns, List *key)
{
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (!link->from_child)
			continue;
		if (!link->columns_inferred && ta_ident_lists_equal(link->columns, columns))
			return true;
		if (list_length(key) == 1 &&
			is_one_of(columns, ta_name_foreign_keys(link->decl->alias, linitial(key))))
			return true;
	}
	return false;
}

/*
 * The candidates that other declarations offer, of a conventional name or of
 * any.  A belongs_to goes by its alias; only one called as its target is
 * called, "user", takes a foreign key that the other side says by another name.
 */
static List *
declared_candidates(const LinkRequest *q, List *links, List *key, bool conventional)
{
	bool to_parent = q->decl->kind == TA_BELONGS_TO;
	List *names = list_length(key) == 1 ? ta_name_foreign_keys(q->stem, linitial(key)) : NIL;
	List *candidates = NIL;
	ListCell *lc;

	if (!conventional && to_parent && list_length(key) == 1 &&
		strcmp(q->stem, ta_name_stem(q->parent)) != 0)
		return NIL;
	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (to_parent ? link->from_child || link->columns_inferred
					  : !link->from_child && link->columns_inferred)
			continue;
		if (paired_elsewhere(q, link))
			continue;
		/* a sibling that has its own other side, or one to share it with while ours is told */
		if (!to_parent && !link->from_child && q->decl->kind != TA_BELONGS_TO_MANY &&
			(q->decl->inverse != NULL || link->decl->inverse != NULL))
			continue;
		if (conventional ? !is_one_of(link->columns, names)
						 : to_parent && claimed(q, links, link->columns, key))
			continue;
		candidates = add_candidate(candidates, link->columns, ta_decl_name(link->decl));
	}
	return candidates;
}

/* The foreign key of the other side that one of the two names as its inverse, or NIL. */
static List *
columns_of_inverse(const LinkRequest *q, List *links)
{
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (paired(q, link) && (link->from_child || !link->columns_inferred))
			return link->columns;
	}
	return NIL;
}

/* The columns of a foreign key in the order of the key they refer to; NIL when it refers to another. */
static List *
columns_for_key(const TaForeignKey *fk, List *key)
{
	List *columns = NIL;
	ListCell *lc;

	if (list_length(fk->key) != list_length(key))
		return NIL;
	foreach(lc, key)
	{
		ListCell *lf;
		ListCell *lk;
		char *column = NULL;

		forboth(lf, fk->columns, lk, fk->key)
		{
			if (strcmp(lfirst(lk), lfirst(lc)) == 0)
				column = lfirst(lf);
		}
		if (column == NULL)
			return NIL;
		columns = lappend(columns, column);
	}
	return columns;
}

/*
 * The foreign keys that the table already has to the parent.  A belongs_to
 * under another alias than the target's name asks for a column of that name,
 * which is not there: another role's key must not be taken for it.
 */
static List *
existing_candidates(const LinkRequest *q, List *key)
{
	List *candidates = NIL;
	ListCell *lc;

	if (!OidIsValid(q->child->relid) ||
		(q->decl->kind == TA_BELONGS_TO && strcmp(q->stem, ta_name_stem(q->parent)) != 0))
		return NIL;
	foreach(lc, ta_rel_foreign_keys(q->child->relid))
	{
		TaForeignKey *fk = lfirst(lc);
		List *columns = fk->parent == q->parent->relid ? columns_for_key(fk, key) : NIL;

		if (columns != NIL)
			candidates = add_candidate(candidates, columns, psprintf("foreign key %s", fk->name));
	}
	return candidates;
}

/*
 * The column that a belongs_to_many of the other direction says, through the
 * same junction, or NIL: none, or several that differ.
 */
static List *
columns_of_opposite(const LinkRequest *q, List *links)
{
	List *found = NIL;
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);
		const TaDecl *other = link->decl;

		if (q->decl->kind != TA_BELONGS_TO_MANY || other->kind != TA_BELONGS_TO_MANY ||
			link->columns_inferred || strcmp(other->model, q->decl->target) != 0 ||
			strcmp(other->target, q->decl->model) != 0 || strcmp(other->model, other->target) == 0)
			continue;
		if ((q->decl->inverse != NULL && strcmp(q->decl->inverse, other->alias) != 0) ||
			(other->inverse != NULL && strcmp(other->inverse, q->decl->alias) != 0))
			continue;
		if (found != NIL && !ta_ident_lists_equal(found, link->columns))
			return NIL;
		found = link->columns;
	}
	return found;
}

/* Finds or invents the foreign key that was not said. */
static List *
infer_columns(const LinkRequest *q, List *key, List *links)
{
	List *columns = columns_of_inverse(q, links);
	List *candidates;
	List *names;

	if (columns == NIL)
		columns = columns_of_opposite(q, links);
	if (columns != NIL)
		return columns;

	/* a name that fits goes first: of a column that exists, then of one that is declared; then a key in place */
	candidates = conventional_candidates(q, key);
	if (candidates == NIL)
		candidates = declared_candidates(q, links, key, true);
	if (candidates == NIL)
		candidates = declared_candidates(q, links, key, false);
	if (candidates == NIL)
		candidates = existing_candidates(q, key);
	if (list_length(candidates) > 1 && !q->tentative)
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

/*
 * The declared link with these columns: one whose key is said, if there is one;
 * else another association's, or this one's own of before.
 */
static const TaLink *
same_link(const LinkRequest *q, List *links, List *columns)
{
	const TaLink *found = NULL;
	ListCell *lc;

	foreach(lc, links)
	{
		const TaLink *link = lfirst(lc);

		if (ta_ident_lists_equal(link->columns, columns) && (found == NULL || !link->key_inferred))
			found = link;
	}
	if (found != NULL)
		return found;
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

/* Completes one link of the declaration: its columns, its key, its reference. */
static void
resolve_link(const LinkRequest *q)
{
	List *links = ta_links_between(q->child->name, q->parent->name, q->decl);
	List *wanted_key = *q->key != NIL ? *q->key : q->parent->key;
	const TaLink *same;
	bool inferred = false;

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
		inferred = true;
	}

	same = same_link(q, links, *q->columns);
	/* an other side that is named is told where it was found */
	if (inferred && (same == NULL || q->decl->inverse == NULL))
		*q->notes =
			lappend(*q->notes, psprintf("%s %s inferred",
										list_length(*q->columns) > 1           ? "columns"
										: columns_exist(q->child, *q->columns) ? "column"
																			   : "new column",
										ta_ident_columns(*q->columns)));
	if (*q->key == NIL)
	{
		*q->key = same != NULL && !same->key_inferred ? same->key : q->parent->key;
		infer(q->decl, q->key_argument);
	}

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

/* The links of the declaration that are to be completed: one, or a junction's two. */
static int
link_requests(TaDecl *decl, const TaModel *model, const TaModel *target, const TaModel *junction,
			  bool tentative, List **notes, LinkRequest q[2])
{
	memset(q, 0, 2 * sizeof(LinkRequest));
	q[0].decl = decl;
	q[0].tentative = tentative;
	q[0].notes = notes;
	q[0].columns = &decl->foreign_key;
	q[0].columns_argument = "foreign_key";
	q[0].reference = &decl->reference;
	if (decl->kind == TA_BELONGS_TO)
	{
		q[0].child = model;
		q[0].parent = target;
		q[0].stem = decl->alias;
		q[0].key = &decl->target_key;
		q[0].key_argument = "target_key";
		return 1;
	}

	q[0].child = junction != NULL ? junction : target;
	q[0].parent = model;
	q[0].stem = junction == NULL && decl->inverse != NULL ? decl->inverse : ta_name_stem(model);
	q[0].key = &decl->source_key;
	q[0].key_argument = "source_key";
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
	return 2;
}

static void
resolve_links(TaDecl *decl, const TaModel *model, const TaModel *target, const TaModel *junction,
			  bool tentative, List **notes)
{
	LinkRequest q[2];
	int count = link_requests(decl, model, target, junction, tentative, notes, q);

	for (int i = 0; i < count; i++)
		resolve_link(&q[i]);
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

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether the stored row was said in the same words. */
static bool
said_the_same(const TaDecl *old, const TaDecl *said)
{
	return old->kind == said->kind && same_text(old->target, said->target) &&
		   ta_ident_lists_equal(SAID(old, foreign_key), said->foreign_key) &&
		   ta_ident_lists_equal(SAID(old, source_key), said->source_key) &&
		   ta_ident_lists_equal(SAID(old, target_key), said->target_key) &&
		   ta_ident_lists_equal(SAID(old, other_key), said->other_key) &&
		   same_text(SAID(old, through), said->through) && same_text(old->scope, said->scope) &&
		   same_text(old->order_by, said->order_by) && same_text(old->on_delete, said->on_delete) &&
		   same_text(old->on_update, said->on_update) && same_text(old->required, said->required) &&
		   same_text(old->deferral, said->deferral) && same_text(old->inverse, said->inverse) &&
		   same_text(old->enforce, said->enforce) && same_text(old->index, said->index);
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
					 columns_exist(child, links[i].columns));
		}
		if (there && strcmp(old->declarer, ta_declarer()) == 0 && said_the_same(old, decl))
			return old;
	}
	return NULL;
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
	TaDecl *before;

	*decl = *said;
	decl->inferred = NIL;
	model = resolve_model(&decl->model, notes);
	target = resolve_model(&decl->target, notes);
	resolve_alias(decl, model, target);
	ta_check_owner(model->relid);

	decl->on_delete = ta_option_action(said->on_delete, "on_delete");
	decl->on_update = ta_option_action(said->on_update, "on_update");
	decl->deferral = ta_option_deferral(said->deferral);
	decl->enforce = ta_option_enforce(said->enforce);
	decl->scope = ta_option_scope(said->scope, target->relid);
	decl->order_by = ta_option_order_by(said->order_by, target->relid);

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
	else if (decl->kind != TA_BELONGS_TO)
		ta_check_owner(target->relid);
	resolve_links(decl, model, target, junction, true, notes);
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
	const TaModel *target = ta_cache_model(stored->target);
	const TaModel *junction = NULL;
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
		else
			infer(decl, option);
	}
	resolve_links(decl, model, target, junction, false, &notes);
	check_junction_columns(decl);
	return decl;
}
