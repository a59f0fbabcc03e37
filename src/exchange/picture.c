/*
 * src/exchange/picture.c
 *		The declared models as boxes and lines, before any format.
 *
 * A line is a reference, so the two sides of one foreign key are one line, and
 * a belongs_to_many is two lines that meet in its junction.  What is drawn is
 * read off the plan: no second opinion about what is there.  Everything is
 * ordered by names, so the same declarations give the same text.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/hsearch.h"

#include "base/err.h"
#include "base/ident.h"
#include "exchange/picture.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/native.h"

/* columns that do not exist yet come after all that do */
#define PLACE_OF_PLANNED 100000
#define PLACE_OF_OTHERS 1000

/* ---- boxes ---- */

static TaBox *
find_box(const TaPicture *picture, const char *name)
{
	int low = 0;
	int high = list_length(picture->boxes) - 1;

	while (low <= high)
	{
		int middle = (low + high) / 2;
		TaBox *box = list_nth(picture->boxes, middle);
		int order = strcmp(name, box->name);

		if (order == 0)
			return box;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The table's name, with its schema where the search path does not find it; nothing is quoted. */
static const char *
table_shown(const TaModel *model)
{
	bool visible;

	if (OidIsValid(model->relid))
		visible = RelationIsVisible(model->relid);
	else
	{
		Oid schema = get_namespace_oid(model->schema, true);

		visible = OidIsValid(schema) && list_member_oid(fetch_search_path(false), schema);
	}
	if (!visible)
		return psprintf("%s.%s", model->schema, model->table);
	return strcmp(model->name, model->table) == 0 ? NULL : model->table;
}

static TaBox *
make_box(const char *name)
{
	TaBox *box = palloc0(sizeof(TaBox));

	box->name = name;
	box->model = ta_cache_model(name);
	box->broken = true;
	if (box->model == NULL)
	{
		box->note = "not declared";
		return box;
	}
	box->table = table_shown(box->model);
	if (box->model->problem != NULL)
		box->note = "conflict";
	else if (OidIsValid(box->model->relid))
		box->broken = false;
	else if (ta_ident_list_has(box->model->inferred, "new_table"))
	{
		box->note = "planned";
		box->broken = false;
	}
	else
		box->note = "missing";
	return box;
}

/* The column of the box, or NULL. */
static TaPictureColumn *
box_column(const TaBox *box, const char *name)
{
	ListCell *lc;

	foreach(lc, box->columns)
	{
		TaPictureColumn *column = lfirst(lc);

		if (strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/* The column of the box, which is added if it is not there yet. */
static TaPictureColumn *
need_column(TaBox *box, const char *name)
{
	TaPictureColumn *column = box_column(box, name);
	bool there = box->model != NULL && OidIsValid(box->model->relid);
	TaColumn *found;

	if (column != NULL)
		return column;
	column = palloc0(sizeof(TaPictureColumn));
	column->name = name;
	found = there ? ta_rel_column(box->model->relid, name) : NULL;
	if (found != NULL)
	{
		column->type = ta_type_shown(found->type, found->typmod);
		column->not_null = found->not_null;
		column->place = PLACE_OF_OTHERS + found->attnum;
	}
	else
	{
		column->planned = true;
		column->place = PLACE_OF_PLANNED + list_length(box->columns);
	}
	box->columns = lappend(box->columns, column);
	return column;
}

/* The columns of the primary key, and of the key that was said of the model. */
static void
add_key(TaBox *box)
{
	List *primary;
	int place = 0;
	ListCell *lc;

	if (box->model == NULL || !OidIsValid(box->model->relid))
		return;
	primary = ta_rel_primary_key(box->model->relid);
	foreach(lc, primary)
	{
		TaPictureColumn *column = need_column(box, lfirst(lc));

		column->primary = true;
		column->place = place++;
	}
	foreach(lc, box->model->key)
	{
		TaPictureColumn *column = need_column(box, lfirst(lc));

		if (!column->primary && OidIsValid(ta_rel_key_index(box->model->relid, box->model->key)))
			column->unique = true;
	}
}

/* The associations along others, which are no lines. */
static void
add_paths(TaBox *box, const TaPicture *picture)
{
	ListCell *lc;

	if (box->model == NULL)
		return;
	foreach(lc, ta_cache_associations(box->model))
	{
		TaDecl *decl = lfirst(lc);
		const TaDecl *last = box->paths != NIL ? llast(box->paths) : NULL;

		if (!ta_decl_is_path(decl) || find_box(picture, decl->target) == NULL)
			continue;
		/* they are ordered by alias, a row for each declarer */
		if (last == NULL || strcmp(last->alias, decl->alias) != 0)
			box->paths = lappend(box->paths, decl);
	}
}

/* Marks all these columns of the box as parts of a key. */
static void
mark_unique(TaBox *box, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
	{
		TaPictureColumn *column = need_column(box, lfirst(lc));

		column->unique = !column->primary;
	}
}

/* ---- edges ---- */

/* Whether it is a view of the line to this parent: of several targets, other sides each have one. */
static bool
leads_to(const TaDecl *decl, const char *parent)
{
	return ta_decl_from_child(decl) || strcmp(decl->model, parent) == 0 ||
		   strcmp(decl->target, parent) == 0;
}

/* user, or todos, latestTodo: what the views from one side are called */
static char *
aliases(const TaReference *reference, bool of_child)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, reference->views)
	{
		TaDecl *decl = lfirst(lc);

		/* the second link of a belongs_to_many is called after the first */
		if (ta_decl_from_child(decl) == of_child && strcmp(decl->reference, reference->name) == 0 &&
			leads_to(decl, reference->parent) && !ta_ident_list_has(names, decl->alias))
			names = lappend(names, decl->alias);
	}
	return names == NIL ? NULL : ta_err_join(names, ", ");
}

static char *
label_of(const TaReference *reference)
{
	char *parent_side = aliases(reference, false);
	char *child_side = aliases(reference, true);

	if (parent_side != NULL && child_side != NULL)
		return psprintf("%s / %s", parent_side, child_side);
	if (parent_side != NULL || child_side != NULL)
		return parent_side != NULL ? parent_side : child_side;
	/* the far end of a belongs_to_many that only one side declares */
	return ta_err_join(reference->columns, ", ");
}

/* Notes what a step that is still to be done tells of the line. */
static void
note_step(TaEdge *edge, const TaStep *step)
{
	const char *note = NULL;

	switch (step->kind)
	{
		case TA_STEP_PROBLEM:
			/* its reason has the hint as well, which is too long for a line */
			note = psprintf("broken: %s",
							step->blamed != NULL ? step->blamed->problem->message : step->reason);
			edge->state = TA_EDGE_BROKEN;
			break;
		case TA_STEP_DROP_NOT_NULL:
		case TA_STEP_DROP_INDEX:
		case TA_STEP_REPLACE_FOREIGN_KEY:
		case TA_STEP_ALTER_DEFERRAL:
		case TA_STEP_REPLACE_CHECK:
			note = "differs from what is declared";
			break;
		case TA_STEP_ENFORCE:
			/* where there is nothing yet, the line says "planned" already */
			if (step->state->in_force == NULL && step->name == NULL)
				return;
			note = "differs from what is declared";
			break;
		case TA_STEP_UNENFORCE:
			note = "the triggers are to go";
			break;
		case TA_STEP_DROP_NATIVES:
			note = "foreign keys of generated columns are to go";
			break;
		case TA_STEP_DROP_FOREIGN_KEY:
			note = "the foreign key is to go";
			break;
		case TA_STEP_SET_NOT_NULL:
			note = "NOT NULL planned";
			break;
		case TA_STEP_CREATE_UNIQUE_INDEX:
			note = "unique index planned";
			break;
		default:
			return;
	}
	/* a key that is yet to be made says it all, but that it can't be */
	if (edge->note == NULL || edge->state == TA_EDGE_BROKEN)
		edge->note = note;
}

/* Line style and note, from the state alone. */
static void
read_enforcement(TaEdge *edge, const TaState *state)
{
	edge->state = TA_EDGE_DASHED;
	if (state->problem != NULL)
	{
		edge->state = TA_EDGE_BROKEN;
		edge->note = psprintf("broken: %s", state->problem->message);
	}
	else if (state->by_triggers)
		edge->note = state->in_force == NULL      ? "planned"
					 : state->in_force->validated ? NULL
												  : "NOT VALID";
	else if (state->fk == NULL)
		edge->note = state->enforced && state->unenforced == NULL ? "planned" : "not enforced";
	else if (!state->fk->validated)
		edge->note = "NOT VALID";
	if (edge->note == NULL)
		edge->state = TA_EDGE_SOLID;
}

/* The foreign-key columns; those yet to be made have the type of what they refer to. */
static void
add_columns(TaEdge *edge)
{
	ListCell *lc;
	ListCell *lk;

	forboth(lc, edge->reference->columns, lk, edge->reference->key)
	{
		TaPictureColumn *key = need_column(edge->parent, lfirst(lk));
		TaPictureColumn *column = need_column(edge->child, lfirst(lc));

		column->foreign = true;
		if (column->type == NULL)
			column->type = edge->reference->element && key->type != NULL
							   ? psprintf("%s[]", key->type)
							   : key->type;
	}
}

/* How many at either end: what is declared, and what the database has beyond that. */
static void
read_cardinality(TaEdge *edge, const TaState *state)
{
	const TaReference *reference = edge->reference;
	const char *required = reference->required.value;

	edge->one_child = reference->one != NULL;
	edge->many_parents = reference->element;
	edge->one_parent = !edge->many_parents && required != NULL && strcmp(required, "true") == 0;
	if (state->problem != NULL)
		return;
	edge->one_child = edge->one_child || OidIsValid(state->unique_index);
	/* an array that is not null may be empty */
	edge->one_parent = edge->one_parent || (state->all_not_null && !edge->many_parents);
	if (edge->one_child)
		mark_unique(edge->child, reference->columns);
	if (OidIsValid(ta_rel_key_index(state->parent_rel, reference->key)))
		mark_unique(edge->parent, reference->key);
}

static TaEdge *
make_edge(const TaPicture *picture, const TaState *state)
{
	TaEdge *edge = palloc0(sizeof(TaEdge));

	edge->reference = state->reference;
	edge->child = find_box(picture, state->reference->child);
	edge->parent = find_box(picture, state->reference->parent);
	edge->label = label_of(state->reference);
	if (state->reference->junction)
		edge->child->junction = true;
	read_enforcement(edge, state);
	add_columns(edge);
	read_cardinality(edge, state);
	return edge;
}

/* The column that says which of the lines a row goes along. */
static void
add_type_column(TaBox *box, const char *name)
{
	TaPictureColumn *column = need_column(box, name);

	if (column->type == NULL)
		column->type = "text";
}

/* The edges of a state: one, or one for each target. */
static List *
make_edges(const TaPicture *picture, const TaState *state)
{
	List *edges = NIL;
	ListCell *lc;

	if (state->reference->type_column == NULL)
		return list_make1(make_edge(picture, state));
	foreach(lc, state->reference->targets)
	{
		const TaTarget *target = lfirst(lc);
		TaReference *reference = palloc(sizeof(TaReference));
		TaState facet = *state;
		const TaModel *parent = ta_cache_model(target->model);
		const TaState *native =
			state->mode == TA_MODE_FOREIGN_KEY ? ta_native_of(state, target->model) : NULL;

		*reference = *state->reference;
		reference->parent = target->model;
		reference->key = target->key;
		reference->one = target->one;
		facet.reference = reference;
		facet.parent = parent;
		facet.parent_rel = parent != NULL ? parent->relid : InvalidOid;
		/* the line is drawn along the columns that are declared, and is as the target's key is */
		facet.fk = native != NULL ? native->fk : NULL;
		facet.unenforced = native != NULL ? native->unenforced : NULL;
		edges = lappend(edges, make_edge(picture, &facet));
		add_type_column(((TaEdge *) llast(edges))->child, reference->type_column);
	}
	return edges;
}

/* ---- the picture ---- */

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static int
compare_columns(const ListCell *a, const ListCell *b)
{
	return ((TaPictureColumn *) lfirst(a))->place - ((TaPictureColumn *) lfirst(b))->place;
}

static int
compare_edges(const ListCell *a, const ListCell *b)
{
	const TaEdge *first = lfirst(a);
	const TaEdge *second = lfirst(b);
	int order = strcmp(first->parent->name, second->parent->name);

	if (order == 0)
		order = strcmp(first->child->name, second->child->name);
	if (order == 0)
		order = strcmp(first->label, second->label);
	return order != 0 ? order : strcmp(first->reference->name, second->reference->name);
}

/*
 * The models to draw: both ends of each reference, and those that are named
 * themselves, or all.  The names have been looked up before.
 */
static List *
names_of_models(const char *associations, List *references)
{
	List *names = associations == NULL ? ta_catalog_model_names() : NIL;
	const char *start = associations;
	ListCell *lc;

	while (start != NULL)
	{
		const char *end = strchrnul(start, ',');
		char *item = ta_ident_trim(start, end);

		if (ta_cache_model(item) != NULL)
			names = lappend(names, item);
		start = *end == '\0' ? NULL : end + 1;
	}
	foreach(lc, references)
	{
		names = lappend(names, (char *) ((TaReference *) lfirst(lc))->child);
		names = list_concat(names, ta_target_names(lfirst(lc)));
	}
	list_sort(names, compare_names);
	return names;
}

/*
 * What the formats call the boxes: the name as far as it is letters and
 * digits.  No word that means something to Mermaid or to DOT stays as it is.
 */
static void
name_boxes(List *boxes)
{
	static const char *const words[] = {"accdescr",   "acctitle",  "class", "classdef",  "default",
										"digraph",    "direction", "edge",  "erdiagram", "graph",
										"many",       "node",      "o",     "one",       "only",
										"optionally", "strict",    "style", "subgraph",  "title",
										"to",         "u",         "zero"};
	HASHCTL ctl = {.keysize = NAMEDATALEN, .entrysize = NAMEDATALEN, .hcxt = CurrentMemoryContext};
	HTAB *taken = hash_create("todo_assoc boxes", list_length(boxes) + 16, &ctl,
							  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	ListCell *lc;

	foreach(lc, boxes)
	{
		TaBox *box = lfirst(lc);
		char id[NAMEDATALEN - 12];
		bool found;
		int length = 0;

		for (const char *c = box->name; *c != '\0' && length < (int) sizeof(id) - 2; c++)
		{
			bool digit = *c >= '0' && *c <= '9';
			bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

			if (length == 0 && !letter)
				id[length++] = 'm';
			if (letter || digit)
				id[length++] = *c;
			else if (id[length - 1] != '_')
				id[length++] = '_';
		}
		id[length] = '\0';
		for (int i = 0; i < lengthof(words); i++)
		{
			if (pg_strcasecmp(words[i], id) == 0)
				strlcat(id, "_", sizeof(id));
		}
		box->id = pstrdup(id);
		(void) hash_search(taken, box->id, HASH_ENTER, &found);
		for (int number = 2; found; number++)
		{
			box->id = psprintf("%s_%d", id, number);
			(void) hash_search(taken, box->id, HASH_ENTER, &found);
		}
	}
	hash_destroy(taken);
}

/* Marks the primary key of a junction that is to be created. */
static void
mark_planned_key(TaBox *box, List *key)
{
	int place = 0;
	ListCell *lc;

	foreach(lc, key)
	{
		TaPictureColumn *column = need_column(box, lfirst(lc));

		column->primary = true;
		column->unique = false;
		column->not_null = true;
		column->place = place++;
	}
}

typedef struct EdgeSlot
{
	const TaReference *reference;
	List *edges; /* of TaEdge: several of a polymorphic reference */
} EdgeSlot;

/* The edges of each state, with what the steps tell of it. */
static void
add_edges(TaPicture *picture, List *states, List *steps)
{
	HASHCTL ctl = {.keysize = sizeof(const TaReference *),
				   .entrysize = sizeof(EdgeSlot),
				   .hcxt = CurrentMemoryContext};
	HTAB *slots = hash_create("todo_assoc edges", list_length(states) + 16, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ListCell *lc;

	foreach(lc, states)
	{
		const TaState *state = lfirst(lc);
		EdgeSlot *slot = hash_search(slots, &state->reference, HASH_ENTER, NULL);

		slot->edges = make_edges(picture, state);
		picture->edges = list_concat(picture->edges, slot->edges);
	}
	foreach(lc, steps)
	{
		const TaStep *step = lfirst(lc);
		const TaState *whole = step->state->whole != NULL ? step->state->whole : step->state;
		EdgeSlot *slot = hash_search(slots, &whole->reference, HASH_FIND, NULL);
		ListCell *le;

		foreach(le, slot != NULL ? slot->edges : NIL)
		{
			TaEdge *edge = lfirst(le);

			/* a target's own key is its line's */
			if (step->state->whole != NULL &&
				!ta_ident_same(edge->reference->parent, step->state->reference->parent))
				continue;
			if (step->kind == TA_STEP_CREATE_TABLE)
				mark_planned_key(edge->child, step->key);
			note_step(edge, step);
		}
	}
	hash_destroy(slots);
	list_sort(picture->edges, compare_edges);
	foreach(lc, picture->edges)
	{
		TaEdge *edge = lfirst(lc);

		if (edge->parent == edge->child)
			edge->child->loops = lappend(edge->child->loops, edge);
	}
}

/*
 * The picture of these associations and models, as ta_plan_selected takes
 * them; NULL: of all that is declared.  Unknown names raise.
 */
TaPicture *
ta_picture(const char *associations)
{
	TaPicture *picture = palloc0(sizeof(TaPicture));
	List *references = ta_plan_selected(associations);
	List *states;
	List *steps = ta_plan_steps(references, false, &states);
	const char *last = NULL;
	ListCell *lc;

	foreach(lc, names_of_models(associations, references))
	{
		if (last == NULL || strcmp(last, lfirst(lc)) != 0)
			picture->boxes = lappend(picture->boxes, make_box(lfirst(lc)));
		last = lfirst(lc);
	}
	name_boxes(picture->boxes);
	foreach(lc, picture->boxes)
	{
		add_key(lfirst(lc));
		add_paths(lfirst(lc), picture);
	}
	add_edges(picture, states, steps);
	foreach(lc, picture->boxes)
		list_sort(((TaBox *) lfirst(lc))->columns, compare_columns);
	return picture;
}
