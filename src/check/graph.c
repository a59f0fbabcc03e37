/*
 * src/check/graph.c
 *		What associations do together: circles, cascades that meet a refusal,
 *		sides that contradict each other, broken paths, names.
 */
#include "postgres.h"

#include "miscadmin.h"
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
	int mark; /* 0 new, 1 on the way here, 2 done */
} Place;

typedef struct Walk
{
	TaSubject *subject;
	HTAB *places;
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
		place->mark = 0;
	}
	return place;
}

static void
add_edge(Walk *walk, const TaState *state)
{
	Place *place = place_of(walk, walk->down ? state->parent_rel : state->child_rel);

	place->edges = lappend(place->edges, unconstify(TaState *, state));
}

static void
make_places(Walk *walk)
{
	HASHCTL ctl = {.keysize = sizeof(Oid),
				   .entrysize = sizeof(Place),
				   .hcxt = CurrentMemoryContext};

	walk->places = hash_create("todo_assoc walk", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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

/* Whether deleting a row of from deletes rows of to. */
static bool
cascades_to(Walk *walk, Oid from, Oid to, List **seen)
{
	ListCell *lc;

	check_stack_depth();
	if (list_member_oid(*seen, from))
		return false;
	*seen = lappend_oid(*seen, from);
	foreach(lc, place_of(walk, from)->edges)
	{
		Oid child = ((TaState *) lfirst(lc))->child_rel;

		if (child == to || cascades_to(walk, child, to, seen))
			return true;
	}
	return false;
}

/*
 * The diamond: deleting a row deletes both others by cascade, and one of them
 * refuses to go while the other refers to it.  RESTRICT does not wait for
 * the end of the statement, so it depends on the order whether that works.
 */
static void
check_refusal(Walk *walk, const TaState *state)
{
	ListCell *lc;

	if (!ta_subject_stands(state) || !state->enforced || state->parent_rel == state->child_rel ||
		strcmp(state->on_delete.value, "RESTRICT") != 0)
		return;
	foreach(lc, walk->subject->states)
	{
		const TaState *cascade = lfirst(lc);
		List *seen = NIL;

		if (!is_cascade(cascade) || cascade->child_rel != state->parent_rel ||
			!cascades_to(walk, cascade->parent_rel, state->child_rel, &seen))
			continue;
		ta_subject_add(walk->subject, state, TA_WARNING, "cascade_restricted",
					   psprintf("deleting a row of %s deletes rows of %s and of %s, but %s forbids "
								"it while the latter are there",
								ta_rel_shown(cascade->parent_rel), ta_rel_shown(state->parent_rel),
								ta_rel_shown(state->child_rel),
								ta_decl_name(state->reference->serves)),
					   NULL,
					   pstrdup("Whether it works depends on which is deleted first. Let it say "
							   "on_delete => 'NO ACTION', which is checked at the end, or "
							   "'CASCADE'."));
		return;
	}
}

static void
check_cascades(TaSubject *subject)
{
	Walk walk = {.subject = subject, .down = true, .found = found_cascade};
	ListCell *lc;

	make_places(&walk);
	foreach(lc, subject->states)
	{
		if (is_cascade(lfirst(lc)))
			add_edge(&walk, lfirst(lc));
	}
	foreach(lc, subject->states)
		check_refusal(&walk, lfirst(lc));
	foreach(lc, subject->states)
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
	foreach(lc, subject->states)
	{
		if (ta_subject_stands(lfirst(lc)))
			check_sides(subject, lfirst(lc));
	}
	check_names(subject);
	if (subject->everything)
		check_paths(subject);
}
