/*
 * src/model/infer.c
 *		Which foreign key, key and reference a declaration means.
 *
 * The inverse is found, never guessed: where two foreign keys fit, it raises
 * with the candidates.  Reads the catalog and facts, writes nothing.
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
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/element.h"
#include "model/infer.h"
#include "model/naming.h"
#include "pg/facts.h"

/* Lists an option as inferred. */
void
ta_infer_mark(TaDecl *decl, const char *option)
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
bool
ta_infer_columns_exist(const TaModel *model, List *columns)
{
	return OidIsValid(model->relid) && ta_rel_columns(model->relid, columns, NULL) != NIL;
}

/* The names that a column of the declaration's may have: userId; of an array, tagIds. */
static List *
fitting_names(const TaLinkRequest *q, List *key)
{
	if (list_length(key) != 1)
		return NIL;
	return q->element ? ta_name_foreign_key_arrays(q->stem, linitial(key))
					  : ta_name_foreign_keys(q->stem, linitial(key));
}

/*
 * Columns of the child whose names fit by convention.  A has_many goes by an
 * array, tagIds, where there is no tagId.
 */
static List *
conventional_candidates(const TaLinkRequest *q, List *key)
{
	List *candidates = NIL;
	ListCell *lc;

	if (!OidIsValid(q->child->relid) || list_length(key) != 1)
		return NIL;
	foreach(lc, fitting_names(q, key))
	{
		if (ta_rel_column(q->child->relid, lfirst(lc)) != NULL)
			candidates = add_candidate(candidates, list_make1(lfirst(lc)), NULL);
	}
	if (candidates != NIL || q->decl->kind != TA_HAS_MANY || !ta_catalog_has_polymorphic())
		return candidates;
	foreach(lc, ta_name_foreign_key_arrays(q->stem, linitial(key)))
	{
		List *columns = list_make1(lfirst(lc));

		if (ta_holds_keys(q->child, columns, q->parent, key))
			candidates = add_candidate(candidates, columns, NULL);
	}
	return candidates;
}

/* Raises: several foreign keys fit. */
static void
ambiguous_foreign_key(const TaLinkRequest *q, List *candidates)
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
paired_elsewhere(const TaLinkRequest *q, const TaLink *link)
{
	const TaDecl *other = link->decl;

	if (q->decl->kind == TA_BELONGS_TO_MANY || other->kind == TA_BELONGS_TO_MANY ||
		link->from_child == ta_decl_from_child(q->decl))
		return false;
	return (q->decl->inverse != NULL && strcmp(q->decl->inverse, other->alias) != 0) ||
		   (other->inverse != NULL && strcmp(other->inverse, q->decl->alias) != 0);
}

/* Whether the two declarations are each other's other side because one of them says so. */
static bool
paired(const TaLinkRequest *q, const TaLink *link)
{
	return link->from_child != ta_decl_from_child(q->decl) && q->decl->kind != TA_BELONGS_TO_MANY &&
		   link->decl->kind != TA_BELONGS_TO_MANY && !paired_elsewhere(q, link) &&
		   (q->decl->inverse != NULL || link->decl->inverse != NULL);
}

/* Whether it is one column, of one of these names. */
static bool
is_one_of(List *columns, List *names)
{
	return columns != NIL && list_length(columns) == 1 &&
		   ta_ident_list_has(names, linitial(columns));
}

/* The names after which a belongs_to, or a references_many, of the child would call its column. */
static List *
names_after(const TaDecl *decl, const char *key)
{
	return decl->kind == TA_REFERENCES_MANY
			   ? ta_name_foreign_key_arrays(ta_name_singular(decl->alias), key)
			   : ta_name_foreign_keys(decl->alias, key);
}

/* Whether a belongs_to of another alias says these columns, or would be named after them. */
static bool
claimed(const TaLinkRequest *q, List *links, List *columns, List *key)
{
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (!link->from_child)
			continue;
		if (!link->columns_inferred && ta_ident_lists_equal(link->columns, columns))
			return true;
		if (list_length(key) == 1 && is_one_of(columns, names_after(link->decl, linitial(key))))
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
declared_candidates(const TaLinkRequest *q, List *links, List *key, bool conventional)
{
	bool to_parent = ta_decl_from_child(q->decl);
	List *names = fitting_names(q, key);
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
		/* what is an array is no belongs_to's, and the other way round */
		if (to_parent && (q->element ? ta_holds_one_key : ta_holds_keys)(q->child, link->columns,
																		 q->parent, key))
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
columns_of_inverse(const TaLinkRequest *q, List *links)
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
existing_candidates(const TaLinkRequest *q, List *key)
{
	List *candidates = NIL;
	ListCell *lc;

	if (!OidIsValid(q->child->relid) || q->element ||
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
columns_of_opposite(const TaLinkRequest *q, List *links)
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
infer_columns(const TaLinkRequest *q, List *key, List *links)
{
	List *columns = columns_of_inverse(q, links);
	List *candidates;
	List *names;
	char *name;

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
	name = ta_name_foreign_key(q->stem, linitial(key),
							   ta_name_style_is_snake(names, OidIsValid(q->child->relid)
																 ? q->child->table
																 : q->parent->table));
	return list_make1(q->element ? ta_ident_clip(ta_name_plural(name)) : name);
}

/* ---- which reference ---- */

/*
 * The declared link with these columns: one whose key is said, if there is one;
 * else another association's, or this one's own of before.
 */
static const TaLink *
same_link(const TaLinkRequest *q, List *links, List *columns)
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

/* Columns that were said and are not there will be made: said aloud, for it may be a slip. */
void
ta_infer_tell_new(const TaLinkRequest *q, List *columns, const char *argument)
{
	ListCell *lc;

	if (!OidIsValid(q->child->relid))
		return;
	foreach(lc, columns)
	{
		const char *nearest;

		if (ta_rel_column(q->child->relid, lfirst(lc)) != NULL)
			continue;
		if (get_attnum(q->child->relid, lfirst(lc)) != InvalidAttrNumber)
			ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
							errmsg("\"%s\" is a system column of %s", (char *) lfirst(lc),
								   ta_rel_shown(q->child->relid)),
							errdetail("A foreign key is made of columns of the table's own."),
							errhint("Say another: %s => '...'.", argument)));
		nearest = ta_err_slip(lfirst(lc), ta_rel_column_names(q->child->relid));
		*q->notes =
			lappend(*q->notes, nearest == NULL
								   ? psprintf("NEW COLUMN %s", ta_ident_quote(lfirst(lc)))
								   : psprintf("NEW COLUMN %s (there is %s)",
											  ta_ident_quote(lfirst(lc)), ta_ident_quote(nearest)));
	}
}

/* An array of keys is one column, and each of its elements a key of one column. */
static void
check_element(const TaLinkRequest *q, List *key)
{
	if (list_length(*q->columns) > 1)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("the foreign key of association \"%s\" has %d columns",
							   ta_decl_name(q->decl), list_length(*q->columns)),
						errdetail("One column holds the array of keys."),
						errhint("Say one: %s => '...'.", q->columns_argument)));
	if (list_length(key) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("association \"%s\" cannot refer to model \"%s\" by the elements of an "
						"array",
						ta_decl_name(q->decl), q->parent->name),
				 errdetail("Its key (%s) has %d columns, an element has one value.",
						   ta_ident_columns(key), list_length(key)),
				 errhint("Say a unique column of it: %s => '...'.", q->key_argument)));
}

/* Completes one link of the declaration: its columns, its key, its reference. */
void
ta_infer_link(const TaLinkRequest *q)
{
	List *links = ta_links_between(q->child->name, q->parent->name, q->decl);
	List *wanted_key = *q->key != NIL ? *q->key : q->parent->key;
	const TaLink *same;
	bool inferred = false;

	if (q->element)
		check_element(q, wanted_key);
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
		ta_infer_mark(q->decl, q->columns_argument);
		inferred = true;
	}
	else
		ta_infer_tell_new(q, *q->columns, q->columns_argument);

	same = same_link(q, links, *q->columns);
	/* an other side that is named is told where it was found */
	if (inferred && (same == NULL || q->decl->inverse == NULL))
		*q->notes = lappend(*q->notes,
							psprintf("%s %s inferred",
									 list_length(*q->columns) > 1                    ? "columns"
									 : ta_infer_columns_exist(q->child, *q->columns) ? "column"
																					 : "new column",
									 ta_ident_columns(*q->columns)));
	if (*q->key == NIL)
	{
		*q->key = same != NULL && !same->key_inferred ? same->key : q->parent->key;
		ta_infer_mark(q->decl, q->key_argument);
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
