/*
 * src/model/declare.c
 *		Declaring and forgetting models and associations.
 *
 * Declaring is not changing: rows are written here, DDL is planned elsewhere.
 * Everything runs under the catalog lock, so a second session that declares
 * the same waits, then finds the first one's row and joins or replaces it.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/check.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/reference.h"
#include "pg/facts.h"

/* ---- models ---- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_model(const TaModelRow *a, const TaModelRow *b)
{
	return same_text(a->schema_name, b->schema_name) && same_text(a->table_name, b->table_name) &&
		   same_text(a->singular, b->singular) && same_text(a->plural, b->plural) &&
		   ta_ident_lists_equal(a->key, b->key) && same_text(a->accessors, b->accessors) &&
		   ta_ident_lists_equal(a->inferred, b->inferred);
}

/* A said key must be columns of the table. */
static void
check_model_key(Oid relid, List *key)
{
	ListCell *lc;

	foreach(lc, key)
	{
		const char *nearest;

		if (ta_rel_column(relid, lfirst(lc)) != NULL)
			continue;
		nearest = ta_err_nearest(lfirst(lc), ta_rel_column_names(relid));
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("column \"%s\" of %s does not exist (argument \"key\")",
							   (char *) lfirst(lc), ta_rel_shown(relid)),
						nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
										: errhint("Its columns are %s.",
												  ta_err_list(ta_rel_column_names(relid), 20))));
	}
}

/* The table of a model that is being defined: as typed, as defined before, or inferred from the name. */
static Oid
table_for_model(const TaModelRow *said, const char *typed_table, TaModelRow *row, List **notes)
{
	const TaModel *known = ta_cache_model(said->name);
	bool inferred;

	if (typed_table != NULL)
		return ta_lookup_table(typed_table, false);
	if (known != NULL && OidIsValid(known->relid))
	{
		row->inferred = list_copy(known->inferred);
		return known->relid;
	}
	known = ta_lookup_or_infer_model(said->name, &inferred);
	if (strcmp(known->name, said->name) != 0)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
						errmsg("table %s is already model \"%s\"", ta_rel_shown(known->relid),
							   known->name),
						errhint("To define a second model on it, say the table: "
								"SELECT assoc.define_model(%s, %s).",
								quote_literal_cstr(said->name),
								quote_literal_cstr(ta_rel_qualified(known->relid)))));
	ta_check_usable(known);
	row->inferred = list_make1("table_name");
	*notes = lappend(*notes, psprintf("table inferred"));
	return known->relid;
}

/*
 * Defines a model, or replaces what this declarer said of it.  typed_table
 * NULL: inferred from the name.  Raises on bad names, on tables that cannot be
 * a model's or are not the user's, and when declarers disagree.
 */
TaChange
ta_define(const TaModelRow *said, const char *typed_table, List **notes)
{
	TaModelRow row = *said;
	TaChange change = TA_ADDED;
	const TaModel *model;
	List *before;
	Oid relid;
	ListCell *lc;

	ta_check_model_name(said->name);
	if (said->singular != NULL)
		ta_check_alias(said->singular);
	if (said->plural != NULL)
		ta_check_alias(said->plural);
	ta_catalog_lock();
	before = ta_catalog_models_named(said->name);

	relid = table_for_model(said, typed_table, &row, notes);
	ta_check_model_table(relid);
	ta_check_owner(relid);
	check_model_key(relid, said->key);

	model = ta_cache_model(said->name);
	if (model != NULL && OidIsValid(model->relid) && model->relid != relid)
		ta_check_owner(model->relid);

	row.declarer = pstrdup(ta_declarer());
	row.schema_name = ta_rel_schema(relid);
	row.table_name = ta_rel_name(relid);
	foreach(lc, before)
	{
		TaModelRow *old = lfirst(lc);

		if (strcmp(old->declarer, row.declarer) == 0)
			change = same_model(old, &row) ? TA_UNCHANGED : TA_CHANGED;
	}
	if (change != TA_UNCHANGED)
		ta_catalog_put_model(&row);

	ta_check_usable(ta_cache_model(said->name));
	return change;
}

/* ---- associations ---- */

/* Several declarers of one association must mean the same one. */
static void
check_declarers_agree(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		TaDecl *other = lfirst(lc);

		if (other->kind == decl->kind && same_text(other->target, decl->target) &&
			same_text(other->through, decl->through) &&
			same_text(other->reference, decl->reference) &&
			same_text(other->other_reference, decl->other_reference))
			continue;
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
						errmsg("association \"%s\" is already declared, and differently",
							   ta_decl_name(decl)),
						errdetail("Declared %s: %s %s.",
								  other->declarer[0] == '\0'
									  ? "by hand"
									  : psprintf("by package \"%s\"", other->declarer),
								  ta_kind_words(other->kind), other->target),
						errhint("Say another alias, or change it where it was declared.")));
	}
}

/* Checks every reference the declaration is a view of, with all that is said of it. */
static void
check_references(const TaDecl *decl)
{
	const char *names[] = {decl->reference, decl->other_reference};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (names[i] != NULL)
			ta_reference_check(ta_reference_named(names[i]));
	}
}

/* Whether anything but an inference stands behind the row's foreign key. */
static bool
merely_inferred(const TaLink *link)
{
	const TaModel *child = ta_cache_model(link->child);
	ListCell *lc;

	if (!link->columns_inferred || link->decl->kind == TA_BELONGS_TO_MANY || child == NULL ||
		(OidIsValid(child->relid) && ta_rel_columns(child->relid, link->columns, NULL) != NIL))
		return false;
	foreach(lc, ta_catalog_decls_of_reference(link->reference))
	{
		if (!ta_decl_inferred(lfirst(lc), "foreign_key"))
			return false;
	}
	return true;
}

/*
 * A row of the other side whose foreign key was only inferred, and whose column
 * does not exist, follows the one declared now: so that the order in which
 * the two sides are declared never matters.
 */
static void
lead_inferred_side(const TaDecl *decl, List **notes)
{
	TaLink own[2];
	const TaLink *follower = NULL;
	ListCell *lc;

	if (ta_decl_links(decl, own) != 1)
		return;
	if (decl->kind != TA_BELONGS_TO && ta_decl_inferred(decl, "foreign_key"))
		return;
	foreach(lc, ta_links_between(own[0].child, own[0].parent, decl))
	{
		TaLink *link = lfirst(lc);

		if (link->from_child == own[0].from_child)
			continue;
		if (strcmp(link->reference, decl->reference) == 0)
			return; /* already paired */
		if (!merely_inferred(link))
			continue;
		if (follower != NULL)
			return; /* two could follow: neither does */
		follower = link;
	}
	if (follower != NULL)
	{
		TaDecl changed = *follower->decl;

		changed.foreign_key = decl->foreign_key;
		changed.reference = decl->reference;
		if (changed.kind == TA_BELONGS_TO && ta_decl_inferred(&changed, "target_key"))
			changed.target_key = own[0].key;
		else if (changed.kind != TA_BELONGS_TO && ta_decl_inferred(&changed, "source_key"))
			changed.source_key = own[0].key;
		ta_catalog_put_decl(&changed);
		*notes = lappend(*notes, psprintf("%s follows", ta_decl_name(&changed)));
	}
}

/* The kind of the other side: a belongs_to's is to-one when its column is unique. */
static TaKind
inverse_kind(const TaDecl *decl)
{
	const TaModel *child;

	if (decl->kind == TA_BELONGS_TO_MANY)
		return TA_BELONGS_TO_MANY;
	if (decl->kind != TA_BELONGS_TO)
		return TA_BELONGS_TO;
	child = ta_lookup_model(decl->model);
	return OidIsValid(child->relid) &&
				   OidIsValid(ta_rel_unique_index(child->relid, decl->foreign_key))
			   ? TA_HAS_ONE
			   : TA_HAS_MANY;
}

/* Declares the other side under the alias that was said; NULL when it is there already. */
TaDeclared *
ta_declare_inverse(const TaDecl *decl)
{
	TaDecl other = {0};
	List *present = ta_catalog_decls_named(decl->target, decl->inverse);
	ListCell *lc;

	foreach(lc, present)
	{
		TaDecl *old = lfirst(lc);

		if (!same_text(old->reference, decl->reference) &&
			!same_text(old->reference, decl->other_reference))
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
							errmsg("association \"%s\" is not the inverse of \"%s\"",
								   ta_decl_name(old), ta_decl_name(decl)),
							errdetail("It has another foreign key, %s.",
									  old->foreign_key == NIL ? "along a path"
															  : ta_ident_columns(old->foreign_key)),
							errhint("Say another alias as the inverse.")));
		return NULL;
	}

	other.model = decl->target;
	other.alias = decl->inverse;
	other.kind = inverse_kind(decl);
	other.target = decl->model;
	other.inverse = decl->alias;
	if (decl->kind == TA_BELONGS_TO_MANY)
	{
		other.through = decl->through;
		other.foreign_key = decl->other_key;
		other.other_key = decl->foreign_key;
	}
	else
		other.foreign_key = decl->foreign_key;
	return ta_declare(&other);
}

/*
 * Resolves and stores an association, and leaves the checks to be made when
 * the rest of a document is stored: ta_declare_check.
 */
TaDeclared *
ta_declare_unchecked(const TaDecl *said)
{
	TaDeclared *result = palloc0(sizeof(TaDeclared));
	TaDecl *decl;
	ListCell *lc;

	ta_catalog_lock();
	decl = ta_resolve(said, &result->notes);
	decl->declarer = pstrdup(ta_declarer());
	result->decl = decl;

	result->change = TA_ADDED;
	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		TaDecl *old = lfirst(lc);

		if (strcmp(old->declarer, decl->declarer) != 0)
			continue;
		result->change = ta_decl_equal(old, decl) ? TA_UNCHANGED : TA_CHANGED;
		if (old->kind != decl->kind || !same_text(old->target, decl->target))
			result->notes = lappend(result->notes, psprintf("replaces %s %s",
															ta_kind_words(old->kind), old->target));
	}
	if (result->change != TA_UNCHANGED)
		ta_catalog_put_decl(decl);
	lead_inferred_side(decl, &result->notes);
	return result;
}

/* Raises when the stored association contradicts others, or cannot stand. */
void
ta_declare_check(const TaDecl *decl)
{
	check_declarers_agree(decl);
	check_references(decl);
	if (ta_decl_is_path(decl))
		(void) ta_hops_of(decl);
}

/*
 * Declares an association: resolves, stores and checks it, and the inverse
 * that was said with it.  Replaces what this declarer said of it before.
 * Raises on everything that is wrong; then nothing was done.
 */
TaDeclared *
ta_declare(const TaDecl *said)
{
	TaDeclared *result = ta_declare_unchecked(said);

	ta_declare_check(result->decl);
	if (result->decl->inverse != NULL)
		result->inverse = ta_declare_inverse(result->decl);
	return result;
}

/* ---- forgetting ---- */

/* Raises when only others said it: what a package's script says, its scripts take back. */
static void
check_said_by_us(const char *what, const char *name, bool by_us, const char *other)
{
	if (by_us)
		return;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("%s \"%s\" is declared %s", what, name,
						   other[0] == '\0' ? "by hand" : psprintf("by package \"%s\"", other)),
					errhint("Drop it where it was declared.")));
}

/* Forgets what was recorded for a reference that nobody declares any more. */
static void
forget_reference(const char *reference)
{
	if (reference != NULL && ta_catalog_decls_of_reference(reference) == NIL)
		ta_catalog_forget(reference);
}

/*
 * Forgets what this declarer said of the association.  Raises when it said
 * nothing.  Whether something depends on it is the caller's question.
 */
void
ta_forget_association(const TaDecl *decl)
{
	bool by_us = false;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, ta_declarer()) == 0)
			by_us = true;
	}
	check_said_by_us("association", ta_decl_name(decl), by_us, decl->declarer);
	ta_catalog_delete_decl(decl->model, decl->alias, ta_declarer());
	forget_reference(decl->reference);
	forget_reference(decl->other_reference);
}

/* The same for a model; its associations are the caller's care. */
void
ta_forget_model(const char *name)
{
	List *rows = ta_catalog_models_named(name);
	bool by_us = false;
	ListCell *lc;

	foreach(lc, rows)
	{
		if (strcmp(((TaModelRow *) lfirst(lc))->declarer, ta_declarer()) == 0)
			by_us = true;
	}
	check_said_by_us("model", name, by_us, ((TaModelRow *) linitial(rows))->declarer);
	ta_catalog_delete_model(name, ta_declarer());
}
