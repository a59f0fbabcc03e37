/*
 * src/model/reference.c
 *		The reference: one foreign-key fact, derived from all that is said of it.
 *
 * A reference has no row and no option of its own: it is the sum of the
 * declarations that carry its name.  What is unsaid never conflicts; what two
 * of them say differently is the reference's problem, which a declaring
 * function raises and a restored catalog shows.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "base/ident.h"
#include "model/reference.h"

/* ---- links ---- */

/* The reference(s) that a declaration is a view of; 0 for a path. */
int
ta_decl_links(const TaDecl *decl, TaLink links[2])
{
	TaLink *link = &links[0];

	if (decl->reference == NULL)
		return 0;

	memset(links, 0, 2 * sizeof(TaLink));
	link->decl = decl;
	link->reference = decl->reference;
	link->columns = decl->foreign_key;
	link->columns_inferred = ta_decl_inferred(decl, "foreign_key");
	link->has_options = true;

	if (decl->kind == TA_BELONGS_TO)
	{
		link->child = decl->model;
		link->parent = decl->target;
		link->key = decl->target_key;
		link->key_inferred = ta_decl_inferred(decl, "target_key");
		link->from_child = true;
		return 1;
	}

	link->parent = decl->model;
	link->key = decl->source_key;
	link->key_inferred = ta_decl_inferred(decl, "source_key");
	link->child = decl->kind == TA_BELONGS_TO_MANY ? decl->through : decl->target;
	if (decl->kind != TA_BELONGS_TO_MANY)
		return 1;

	link = &links[1];
	link->decl = decl;
	link->reference = decl->other_reference;
	link->child = decl->through;
	link->columns = decl->other_key;
	link->columns_inferred = ta_decl_inferred(decl, "other_key");
	link->parent = decl->target;
	link->key = decl->target_key;
	link->key_inferred = ta_decl_inferred(decl, "target_key");
	return 2;
}

/* The links (TaLink) already declared from the child to the parent, but for one association's. */
List *
ta_links_between(const char *child, const char *parent, const TaDecl *except)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_of_child(child))
	{
		TaDecl *decl = lfirst(lc);
		TaLink links[2];
		int count = ta_decl_links(decl, links);

		if (except != NULL && strcmp(decl->model, except->model) == 0 &&
			strcmp(decl->alias, except->alias) == 0)
			continue;
		for (int i = 0; i < count; i++)
		{
			TaLink *copy;

			if (strcmp(links[i].child, child) != 0 || strcmp(links[i].parent, parent) != 0)
				continue;
			copy = palloc(sizeof(TaLink));
			*copy = links[i];
			result = lappend(result, copy);
		}
	}
	return result;
}

/* ---- names ---- */

static bool
reference_taken(const char *name, void *arg)
{
	return ta_catalog_reference_exists(name);
}

/* A name for a new reference, free in the whole database; it is never changed. */
char *
ta_reference_invent(const char *table, List *columns)
{
	return ta_ident_invent(table, columns, "", reference_taken, NULL);
}

/* ---- merging ---- */

typedef struct Slot
{
	char name[NAMEDATALEN];
	TaReference *reference;
} Slot;

/* The declaration, with its declarer when the other has another. */
static const char *
told_from(const TaDecl *decl, const TaDecl *other)
{
	if (strcmp(decl->declarer, other->declarer) == 0)
		return ta_decl_name(decl);
	return psprintf("%s (%s)", ta_decl_name(decl), ta_declarer_shown(decl->declarer));
}

/* Adds what one declaration says of an option. */
static void
merge(TaReference *reference, const char *option, TaSaid *into, const char *value, const TaDecl *by)
{
	if (value == NULL)
		return;
	if (into->value == NULL)
	{
		into->value = value;
		into->by = by;
	}
	else if (strcmp(into->value, value) != 0 && reference->problem == NULL)
		reference->problem = psprintf("%s says %s %s, %s says %s", told_from(into->by, by), option,
									  into->value, told_from(by, into->by), value);
}

static void
merge_link(TaReference *reference, const TaLink *link)
{
	const TaDecl *decl = link->decl;

	if (!ta_ident_lists_equal(reference->columns, link->columns) ||
		!ta_ident_lists_equal(reference->key, link->key) ||
		strcmp(reference->child, link->child) != 0 || strcmp(reference->parent, link->parent) != 0)
	{
		if (reference->problem == NULL)
			reference->problem =
				psprintf("%s says %s (%s) refers to %s (%s), %s says %s (%s) to %s (%s)",
						 ta_decl_name(linitial(reference->views)), reference->child,
						 ta_ident_columns(reference->columns), reference->parent,
						 ta_ident_columns(reference->key), ta_decl_name(decl), link->child,
						 ta_ident_columns(link->columns), link->parent,
						 ta_ident_columns(link->key));
	}

	reference->views = lappend(reference->views, unconstify(TaDecl *, decl));
	if (reference->serves == NULL || (link->from_child && reference->serves->kind != TA_BELONGS_TO))
		reference->serves = decl;
	if (decl->kind == TA_BELONGS_TO_MANY)
		reference->junction = true;
	if (decl->kind == TA_HAS_ONE && decl->order_by == NULL && reference->one == NULL)
		reference->one = decl;
	if (!link->has_options)
		return;
	merge(reference, "on_delete", &reference->on_delete, decl->on_delete, decl);
	merge(reference, "on_update", &reference->on_update, decl->on_update, decl);
	merge(reference, "required", &reference->required, decl->required, decl);
	merge(reference, "deferral", &reference->deferral, decl->deferral, decl);
	merge(reference, "enforce", &reference->enforce, decl->enforce, decl);
	merge(reference, "index", &reference->index, decl->index, decl);
}

/* The references (TaReference) that the declarations together describe, in their order. */
List *
ta_references(List *decls)
{
	HASHCTL ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(Slot), .hcxt = CurrentMemoryContext};
	HTAB *slots = hash_create("todo_assoc references", list_length(decls) + 16, &ctl,
							  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	List *result = NIL;
	ListCell *lc;

	foreach(lc, decls)
	{
		TaLink links[2];
		int count = ta_decl_links(lfirst(lc), links);

		for (int i = 0; i < count; i++)
		{
			bool found;
			Slot *slot;

			slot = hash_search(slots, ta_ident_clip(links[i].reference), HASH_ENTER, &found);
			if (!found)
			{
				TaReference *reference = palloc0(sizeof(TaReference));

				reference->name = links[i].reference;
				reference->child = links[i].child;
				reference->columns = links[i].columns;
				reference->parent = links[i].parent;
				reference->key = links[i].key;
				slot->reference = reference;
				result = lappend(result, reference);
			}
			merge_link(slot->reference, &links[i]);
		}
	}
	hash_destroy(slots);
	return result;
}

/* The reference of this name, or NULL when nothing declares it. */
TaReference *
ta_reference_named(const char *name)
{
	ListCell *lc;

	foreach(lc, ta_references(ta_catalog_decls_of_reference(name)))
	{
		TaReference *reference = lfirst(lc);

		if (strcmp(reference->name, name) == 0)
			return reference;
	}
	return NULL;
}
