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
#include "model/element.h"
#include "model/reference.h"
#include "store/cache.h"

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
	link->type_column = decl->type_column;
	link->type_inferred = ta_decl_inferred(decl, "type_column");
	if (decl->type_column != NULL)
		link->polymorphic = decl->kind == TA_BELONGS_TO ? decl->alias : decl->polymorphic;
	link->has_options = true;

	if (ta_decl_from_child(decl))
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
	link->type_column = decl->other_type_column;
	link->type_inferred = ta_decl_inferred(decl, "other_type_column");
	if (decl->other_type_column != NULL)
		link->polymorphic = decl->polymorphic;
	return 2;
}

/*
 * The links (TaLink) of the child but for one association's: those to the
 * parent, or (parent NULL) those of the polymorphic belongs_to of this alias.
 */
static List *
links_of_child(const char *child, const char *parent, const char *alias, const TaDecl *except)
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

			if (strcmp(links[i].child, child) != 0)
				continue;
			/* a column that refers to several models is no candidate for one of them */
			if (parent != NULL
					? links[i].type_column != NULL || strcmp(links[i].parent, parent) != 0
					: links[i].type_column == NULL || strcmp(links[i].polymorphic, alias) != 0)
				continue;
			copy = palloc(sizeof(TaLink));
			*copy = links[i];
			result = lappend(result, copy);
		}
	}
	return result;
}

/* The links (TaLink) already declared from the child to this one parent, but for one association's. */
List *
ta_links_between(const char *child, const char *parent, const TaDecl *except)
{
	return links_of_child(child, parent, NULL, except);
}

/* The links (TaLink) of the child's polymorphic belongs_to, from either side, but for one association's. */
List *
ta_links_polymorphic(const char *child, const char *alias, const TaDecl *except)
{
	return links_of_child(child, NULL, alias, except);
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

/* "commentableType", "commentableId" */
static char *
type_and_columns(const char *type_column, List *columns)
{
	return ta_ident_columns(type_column == NULL ? columns
												: lcons(pstrdup(type_column), list_copy(columns)));
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

/* Whether two links are of one fact; those of a polymorphic one may lead to different models. */
static bool
same_fact(const TaReference *reference, const TaLink *link)
{
	if (!ta_ident_lists_equal(reference->columns, link->columns) ||
		strcmp(reference->child, link->child) != 0 ||
		!ta_ident_same(reference->type_column, link->type_column))
		return false;
	return reference->type_column != NULL || (ta_ident_lists_equal(reference->key, link->key) &&
											  strcmp(reference->parent, link->parent) == 0);
}

/* Whether triggers shall enforce the scope of the declaration: only where it says them itself. */
static bool
enforces_scope(const TaDecl *decl)
{
	return ta_decl_from_child(decl) && decl->scope != NULL && decl->type_column == NULL &&
		   ta_enforce_is_triggers(decl->enforce);
}

static void
merge_link(TaReference *reference, const TaLink *link)
{
	const TaDecl *decl = link->decl;

	if (!same_fact(reference, link) &&
		(reference->type_column != NULL || link->type_column != NULL))
	{
		if (reference->problem == NULL)
			reference->problem =
				psprintf("%s says %s (%s), %s says %s (%s)",
						 ta_decl_name(linitial(reference->views)), reference->child,
						 type_and_columns(reference->type_column, reference->columns),
						 ta_decl_name(decl), link->child,
						 type_and_columns(link->type_column, link->columns));
	}
	else if (!same_fact(reference, link))
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
	if (reference->serves == NULL || (link->from_child && !ta_decl_from_child(reference->serves)))
		reference->serves = decl;
	if (decl->kind == TA_BELONGS_TO_MANY)
		reference->junction = true;
	if (decl->kind == TA_HAS_ONE && decl->order_by == NULL && reference->one == NULL &&
		link->type_column == NULL)
		reference->one = decl;
	if (!link->has_options)
		return;
	merge(reference, "on_delete", &reference->on_delete, decl->on_delete, decl);
	merge(reference, "on_update", &reference->on_update, decl->on_update, decl);
	merge(reference, "required", &reference->required, decl->required, decl);
	merge(reference, "deferral", &reference->deferral, decl->deferral, decl);
	merge(reference, "enforce", &reference->enforce, decl->enforce, decl);
	merge(reference, "index", &reference->index, decl->index, decl);
	merge(reference, "condition", &reference->condition, decl->condition, decl);
	if (enforces_scope(decl))
		merge(reference, "scope", &reference->scope, decl->scope, decl);
}

/* ---- targets ---- */

/* Adds a model that the reference may lead to; key NIL: unsaid. */
static void
add_target(TaReference *reference, const char *model, List *key, const TaDecl *by)
{
	TaTarget *target = NULL;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		if (strcmp(((TaTarget *) lfirst(lc))->model, model) == 0)
			target = lfirst(lc);
	}
	if (target == NULL)
	{
		target = palloc0(sizeof(TaTarget));
		target->model = model;
		target->by = by;
		reference->targets = lappend(reference->targets, target);
	}
	if (key == NIL)
		return;
	if (target->key_said && !ta_ident_lists_equal(target->key, key) && reference->problem == NULL)
		reference->problem =
			psprintf("%s is referred to by %s and, says %s, by %s", model,
					 ta_ident_columns(target->key), ta_decl_name(by), ta_ident_columns(key));
	target->key = key;
	target->key_said = true;
}

/* The targets that one view of a polymorphic reference says. */
static void
add_targets_of(TaReference *reference, const TaDecl *decl, bool from_child)
{
	TaLink links[2];
	int count = ta_decl_links(decl, links);
	ListCell *lc;

	for (int i = 0; i < count; i++)
	{
		if (strcmp(links[i].reference, reference->name) != 0 || links[i].type_column == NULL ||
			links[i].from_child != from_child)
			continue;
		foreach(lc, decl->targets)
			add_target(reference, lfirst(lc), NIL, decl);
		if (from_child)
			continue;
		add_target(reference, links[i].parent, links[i].key_inferred ? NIL : links[i].key, decl);
		foreach(lc, reference->targets)
		{
			TaTarget *target = lfirst(lc);

			if (strcmp(target->model, decl->model) == 0 && decl->kind == TA_HAS_ONE &&
				decl->order_by == NULL && target->one == NULL)
				target->one = decl;
		}
	}
}

/* The one parent; or what the belongs_to says, in its order, then what other sides add. */
static void
collect_targets(TaReference *reference)
{
	ListCell *lc;

	if (reference->type_column == NULL)
	{
		add_target(reference, reference->parent, reference->key, reference->serves);
		return;
	}
	foreach(lc, reference->views)
		add_targets_of(reference, lfirst(lc), true);
	foreach(lc, reference->views)
		add_targets_of(reference, lfirst(lc), false);
	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);
		const TaModel *model = ta_cache_model(target->model);

		target->type_value = model != NULL ? model->type_value : target->model;
		if (target->key == NIL && model != NULL)
			target->key = model->key;
	}
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
				reference->type_column = links[i].type_column;
				reference->polymorphic = links[i].polymorphic;
				reference->parent = links[i].type_column != NULL ? "" : links[i].parent;
				reference->key = links[i].type_column != NULL ? NIL : links[i].key;
				slot->reference = reference;
				result = lappend(result, reference);
			}
			merge_link(slot->reference, &links[i]);
		}
	}
	hash_destroy(slots);
	foreach(lc, result)
	{
		ta_reference_find_element(lfirst(lc));
		collect_targets(lfirst(lc));
	}
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

/* ---- keys, and what they can say ---- */

/* Whether the key joins exactly the reference's columns to its key, in any order. */
bool
ta_reference_is_key(const TaReference *reference, const TaForeignKey *fk, Oid parent)
{
	ListCell *lc;
	ListCell *lk;

	if (fk->parent != parent || list_length(fk->columns) != list_length(reference->columns))
		return false;
	forboth(lc, reference->columns, lk, reference->key)
	{
		ListCell *fc;
		ListCell *fk_key;
		bool found = false;

		forboth(fc, fk->columns, fk_key, fk->key)
		{
			if (strcmp(lfirst(fc), lfirst(lc)) == 0 && strcmp(lfirst(fk_key), lfirst(lk)) == 0)
				found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * Whether triggers shall enforce it where nobody says how, because no native key
 * can heed that its parents are deleted softly, or sees the rows of their heirs.
 * A key that is in place stays: what is enforced does not change by itself.
 */
bool
ta_reference_triggers_by_default(const TaReference *reference)
{
	const TaModel *child = ta_cache_model(reference->child);
	const TaModel *parent;
	ListCell *lc;

	if (reference->enforce.value != NULL || reference->type_column != NULL)
		return false;
	parent = ta_cache_model(reference->parent);
	if (parent == NULL || (parent->soft_delete == NULL && !parent->heirs))
		return false;
	/* the links of a junction stay with a row that is deleted softly, for when it comes back */
	if (!parent->heirs && reference->junction && (child == NULL || child->soft_delete == NULL))
		return false;
	foreach(lc, child != NULL && OidIsValid(child->relid) ? ta_rel_foreign_keys(child->relid) : NIL)
	{
		if (ta_reference_is_key(reference, lfirst(lc), parent->relid))
			return false;
	}
	return true;
}
