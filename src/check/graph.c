/*
 * src/check/graph.c
 *		What associations do together: circles, cascades that meet a refusal,
 *		sides that contradict each other, broken paths, names.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "base/err.h"
#include "base/ident.h"
#include "check/subject.h"
#include "model/path.h"
#include "pg/facts.h"
#include "schema/ddl.h"

/* The edges that leave a table in a walk. */
typedef struct Place
{
	Oid relid; /* hash key */
	List *edges; /* of TaState */
	List *arriving; /* of TaState */
	int number; /* in the order in which they were met */
	bool reaches_known;
	Bitmapset *reaches; /* numbers of the places that the edges lead to in the end */
	int mark; /* 0 new, 1 on the way here, 2 done */
} Place;

typedef struct Walk
{
	TaSubject *subject;
	HTAB *places;
	int count; /* of places */
	bool down; /* from parents to children, else the other way */
	List *taken; /* of TaState: the way here */
	void (*found)(TaSubject *subject, List *circle);
} Walk;

static Place *
place_of(Walk *walk, Oid relid)
{
	bool found;
	Place *place = hash_search(walk->places, &relid, HASH_ENTER, &found);

	if (!found)
	{
		place->edges = NIL;
		place->arriving = NIL;
		place->number = walk->count++;
		place->reaches_known = false;
		place->reaches = NULL;
		place->mark = 0;
	}
	return place;
}

static void
add_edge(Walk *walk, const TaState *state)
{
	Place *from = place_of(walk, walk->down ? state->parent_rel : state->child_rel);
	Place *to = place_of(walk, walk->down ? state->child_rel : state->parent_rel);

	from->edges = lappend(from->edges, unconstify(TaState *, state));
	to->arriving = lappend(to->arriving, unconstify(TaState *, state));
}

static void
make_places(Walk *walk)
{
	walk->places = ta_subject_by_oid("todo_assoc walk", sizeof(Place));
}

/* Follows every edge once, and tells each circle that an edge closes. */
static void
follow(Walk *walk, Place *place)
{
	ListCell *lc;

	check_stack_depth();
	place->mark = 1;
	foreach(lc, place->edges)
	{
		TaState *state = lfirst(lc);
		Oid to = walk->down ? state->child_rel : state->parent_rel;
		Place *next = place_of(walk, to);

		walk->taken = lappend(walk->taken, state);
		if (next->mark == 1)
		{
			List *circle = NIL;

			for (int i = list_length(walk->taken) - 1; i >= 0; i--)
			{
				TaState *edge = list_nth(walk->taken, i);

				circle = lcons(edge, circle);
				if ((walk->down ? edge->parent_rel : edge->child_rel) == to)
					break;
			}
			walk->found(walk->subject, circle);
		}
		else if (next->mark == 0)
			follow(walk, next);
		walk->taken = list_delete_last(walk->taken);
	}
	place->mark = 2;
}

/* Todo.user, User.favourite */
static char *
names_of(List *circle)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, circle)
		names =
			lappend(names,
					unconstify(char *, ta_decl_name(((TaState *) lfirst(lc))->reference->serves)));
	return ta_err_join(names, ", ");
}

/* ---- circles of cascades ---- */

static void
found_cascade(TaSubject *subject, List *circle)
{
	ta_subject_add(subject, linitial(circle), TA_WARNING, "cascade_cycle",
				   psprintf("ON DELETE CASCADE goes round in a circle: %s", names_of(circle)), NULL,
				   pstrdup("Deleting one row may delete rows of every table on the way. Let one of "
						   "them say on_delete => 'RESTRICT' or 'SET NULL'."));
}

static bool
is_cascade(const TaState *state)
{
	return ta_subject_stands(state) && state->enforced && state->parent_rel != state->child_rel &&
		   strcmp(state->on_delete.value, "CASCADE") == 0;
}

static void
add_reached(Walk *walk, Place *place, Bitmapset **reached)
{
	ListCell *lc;

	check_stack_depth();
	foreach(lc, place->edges)
	{
		Place *child = place_of(walk, ((TaState *) lfirst(lc))->child_rel);

		if (bms_is_member(child->number, *reached))
			continue;
		*reached = bms_add_member(*reached, child->number);
		add_reached(walk, child, reached);
	}
}

/* Whether deleting a row of from deletes rows of to. */
static bool
cascades_to(Walk *walk, Oid from, Oid to)
{
	Place *place = place_of(walk, from);

	if (!place->reaches_known)
	{
		place->reaches_known = true;
		add_reached(walk, place, &place->reaches);
	}
	return bms_is_member(place_of(walk, to)->number, place->reaches);
}

/* The diamond: whether it works depends on the order. */
static void
found_refusal(Walk *walk, const TaState *state, const TaState *cascade)
{
	ta_subject_add(walk->subject, state, TA_WARNING, "cascade_restricted",
				   psprintf("deleting a row of %s deletes rows of %s and of %s, but %s forbids "
							"it while the latter are there",
							ta_rel_shown(cascade->parent_rel), ta_rel_shown(state->parent_rel),
							ta_rel_shown(state->child_rel), ta_decl_name(state->reference->serves)),
				   NULL,
				   pstrdup("Whether it works depends on which is deleted first. Let it say "
						   "on_delete => 'NO ACTION', which is checked at the end, or "
						   "'CASCADE'."));
}

/*
 * A row that is deleted by cascade refuses to go while another table refers to
 * it.  That may well be meant; but where the other table's rows go by the same
 * cascade, RESTRICT does not wait for that.
 */
static void
check_refusal(Walk *walk, const TaState *state)
{
	List *arriving;
	ListCell *lc;

	if (!ta_subject_stands(state) || !state->enforced || state->parent_rel == state->child_rel ||
		strcmp(state->on_delete.value, "RESTRICT") != 0)
		return;
	arriving = place_of(walk, state->parent_rel)->arriving;
	foreach(lc, arriving)
	{
		const TaState *cascade = lfirst(lc);

		if (!cascades_to(walk, cascade->parent_rel, state->child_rel))
			continue;
		found_refusal(walk, state, cascade);
		return;
	}
	foreach(lc, arriving)
	{
		const TaState *cascade = lfirst(lc);

		ta_subject_add(
			walk->subject, state, TA_INFO, "cascade_restricted",
			psprintf("a row of %s can't be deleted while its rows of %s have rows of %s: "
					 "%s cascades, %s restricts",
					 ta_rel_shown(cascade->parent_rel), ta_rel_shown(state->parent_rel),
					 ta_rel_shown(state->child_rel), ta_decl_name(cascade->reference->serves),
					 ta_decl_name(state->reference->serves)),
			NULL, pstrdup("If that is meant, ignore it."));
		return;
	}
}

/* Whoever may delete the parent deletes rows of a table that is not theirs. */
static void
check_cascade_owner(TaSubject *subject, const TaState *state)
{
	Oid child = ta_rel_owner(state->child_rel);
	Oid parent = ta_rel_owner(state->parent_rel);

	if (child == parent)
		return;
	ta_subject_add(
		subject, state, TA_INFO, "cascade_crosses_owners",
		psprintf("deleting a row of %s, which is %s's, deletes rows of %s, which is %s's",
				 ta_rel_shown(state->parent_rel), ta_ident_quote(GetUserNameFromId(parent, false)),
				 ta_rel_shown(state->child_rel), ta_ident_quote(GetUserNameFromId(child, false))),
		NULL, pstrdup("It is done with the rights of the child's owner, whoever deletes."));
}

static void
check_cascades(TaSubject *subject)
{
	Walk walk = {.subject = subject, .down = true, .found = found_cascade};
	ListCell *lc;

	make_places(&walk);
	foreach(lc, subject->facets)
	{
		if (!is_cascade(lfirst(lc)))
			continue;
		add_edge(&walk, lfirst(lc));
		check_cascade_owner(subject, lfirst(lc));
	}
	foreach(lc, subject->facets)
		check_refusal(&walk, lfirst(lc));
	foreach(lc, subject->facets)
	{
		TaState *state = lfirst(lc);

		if (is_cascade(state) && place_of(&walk, state->parent_rel)->mark == 0)
			follow(&walk, place_of(&walk, state->parent_rel));
	}
	hash_destroy(walk.places);
}

/* ---- circles of required keys ---- */

static void
found_required(TaSubject *subject, List *circle)
{
	TaState *state = llast(circle);
	bool fixable = state->deferral.source != TA_SOURCE_SAID && !state->fk->inherited;

	ta_subject_add(
		subject, state, TA_WARNING, "required_cycle",
		psprintf("no first row can be inserted: each of %s is NOT NULL and checked at once",
				 names_of(circle)),
		fixable ? psprintf("ALTER TABLE %s ALTER CONSTRAINT %s DEFERRABLE INITIALLY DEFERRED;",
						   ta_rel_qualified(state->child_rel), ta_ident_quote(state->fk->name))
				: NULL,
		fixable ? psprintf("lock: ACCESS EXCLUSIVE on %s and %s",
						   ta_rel_qualified(state->child_rel), ta_rel_qualified(state->parent_rel))
				: pstrdup("Let one of them say deferral => 'deferred'."));
}

static bool
is_required(const TaState *state)
{
	return ta_subject_stands(state) && state->fk != NULL && state->all_not_null &&
		   !state->fk->deferrable && state->parent_rel != state->child_rel;
}

static void
check_required(TaSubject *subject)
{
	Walk walk = {.subject = subject, .found = found_required};
	ListCell *lc;

	make_places(&walk);
	foreach(lc, subject->states)
	{
		if (is_required(lfirst(lc)))
			add_edge(&walk, lfirst(lc));
	}
	foreach(lc, subject->states)
	{
		TaState *state = lfirst(lc);

		if (is_required(state) && place_of(&walk, state->child_rel)->mark == 0)
			follow(&walk, place_of(&walk, state->child_rel));
	}
	hash_destroy(walk.places);
}

/* ---- sides and names ---- */

static char *
drop(const TaDecl *decl)
{
	return psprintf("SELECT assoc.drop_association(%s);", quote_literal_cstr(ta_decl_name(decl)));
}

/* One side says one, the other many. */
static void
check_sides(TaSubject *subject, const TaState *state)
{
	const TaReference *reference = state->reference;
	ListCell *lc;

	foreach(lc, reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if (decl->kind != TA_HAS_MANY)
			continue;
		if (reference->one != NULL)
			ta_subject_add_of(subject, decl, TA_WARNING, "inverse_contradictory",
							  psprintf("%s has many, but by %s there is at most one",
									   ta_decl_name(decl), ta_decl_name(reference->one)),
							  drop(decl), NULL);
		else if (OidIsValid(state->unique_index))
			ta_subject_add_of(subject, decl, TA_INFO, "inverse_contradictory",
							  psprintf("%s has many, but a unique index on %s allows only one",
									   ta_decl_name(decl), ta_ident_columns(reference->columns)),
							  NULL, pstrdup("Declare it as has_one, or drop the index."));
	}
}

/* The association that a declaration names as its other side, or NULL. */
static const TaDecl *
named_inverse(const TaDecl *decl)
{
	const TaModel *target = ta_cache_model(decl->target);
	ListCell *lc;

	foreach(lc, target != NULL ? ta_cache_associations(target) : NIL)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, decl->inverse) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* SELECT assoc.has_many('User', 'Post', 'posts', foreign_key => 'user_id'); */
static char *
declare_inverse(const TaDecl *decl, bool element)
{
	const TaModel *target = ta_cache_model(decl->target);
	char *start = psprintf("SELECT assoc.%s(%s, %s, %s",
						   ta_decl_from_child(decl)           ? "has_many"
						   : decl->kind == TA_BELONGS_TO_MANY ? "belongs_to_many"
						   : element                          ? "references_many"
															  : "belongs_to",
						   quote_literal_cstr(target->name), quote_literal_cstr(decl->model),
						   quote_literal_cstr(decl->inverse));

	if (decl->kind == TA_BELONGS_TO_MANY)
		return psprintf("%s, through => %s, foreign_key => %s, other_key => %s%s);", start,
						quote_literal_cstr(decl->through),
						quote_literal_cstr(ta_ident_typed(decl->other_key)),
						quote_literal_cstr(ta_ident_typed(decl->foreign_key)),
						decl->polymorphic == NULL
							? ""
							: psprintf(", polymorphic => %s",
									   quote_literal_cstr(decl->polymorphic)));
	return psprintf("%s, foreign_key => %s);", start,
					quote_literal_cstr(ta_ident_typed(decl->foreign_key)));
}

/* The other side that an association names: gone, or of another foreign key. */
static void
check_inverses(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);
		const TaDecl *other;

		if (decl->inverse == NULL || !ta_ident_same(decl->reference, state->reference->name))
			continue;
		other = named_inverse(decl);
		if (other == NULL)
			ta_subject_add_of(subject, decl, TA_INFO, "inverse_missing",
							  psprintf("%s names the inverse %s.%s, which is not declared",
									   ta_decl_name(decl), decl->target, decl->inverse),
							  declare_inverse(decl, state->reference->element), NULL);
		else if (!ta_ident_same(other->reference, decl->reference) &&
				 !ta_ident_same(other->other_reference, decl->reference))
			ta_subject_add_of(subject, decl, TA_WARNING, "inverse_contradictory",
							  psprintf("%s names the inverse %s, which has another foreign key",
									   ta_decl_name(decl), ta_decl_name(other)),
							  NULL, pstrdup("Declare the one that is wrong again."));
	}
}

/* A name for an association in the way of a column. */
static char *
free_alias(const TaModel *model, const char *alias)
{
	char *name = psprintf("%s_row", alias);

	while (ta_rel_column(model->relid, name) != NULL)
		name = psprintf("%s_", name);
	return name;
}

static void
check_names(TaSubject *subject)
{
	List *told = NIL;
	ListCell *lc;

	foreach(lc, subject->references)
	{
		ListCell *lv;

		foreach(lv, ((TaReference *) lfirst(lc))->views)
		{
			const TaDecl *decl = lfirst(lv);
			const TaModel *model = ta_cache_model(decl->model);

			if (model == NULL || !OidIsValid(model->relid) ||
				ta_rel_column(model->relid, decl->alias) == NULL ||
				ta_ident_list_has(told, ta_decl_name(decl)))
				continue;
			told = lappend(told, unconstify(char *, ta_decl_name(decl)));
			ta_subject_add_of(subject, decl, TA_WARNING, "name_is_column",
							  psprintf("%s has the name of a column of %s", ta_decl_name(decl),
									   ta_rel_shown(model->relid)),
							  psprintf("SELECT assoc.rename_association(%s, %s);",
									   quote_literal_cstr(ta_decl_name(decl)),
									   quote_literal_cstr(free_alias(model, decl->alias))),
							  NULL);
		}
	}
}

static void
check_paths(TaSubject *subject)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_with_path())
	{
		const TaDecl *decl = lfirst(lc);
		char *problem = ta_path_problem(decl);

		if (problem != NULL)
			ta_subject_add_of(subject, decl, TA_ERROR, "path_broken",
							  psprintf("%s leads nowhere: %s", ta_decl_name(decl), problem),
							  drop(decl), psprintf("through: %s", decl->through));
	}
}

void
ta_check_graph(TaSubject *subject)
{
	ListCell *lc;

	check_cascades(subject);
	check_required(subject);
	foreach(lc, subject->facets)
	{
		if (!ta_subject_stands(lfirst(lc)))
			continue;
		check_sides(subject, lfirst(lc));
		check_inverses(subject, lfirst(lc));
	}
	check_names(subject);
	if (subject->everything)
		check_paths(subject);
}
