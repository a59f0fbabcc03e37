/*
 * src/model/element.c
 *		References whose foreign key is an array of keys.
 *
 * The child's side says so: references_many.  The parents' side is a has_many
 * like any other, whose foreign key may be one or the other: it goes by the
 * child's side, where that is declared, and else by the type of the column.  So
 * either side may be declared first.
 */
#include "postgres.h"

#include "base/ident.h"
#include "model/element.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* The one column, and the one column of the key, if both are there. */
static bool
find_pair(const TaModel *child, List *columns, const TaModel *parent, List *key, TaColumn **column,
		  TaColumn **referred)
{
	if (child == NULL || parent == NULL || !OidIsValid(child->relid) ||
		!OidIsValid(parent->relid) || list_length(columns) != 1 || list_length(key) != 1)
		return false;
	*column = ta_rel_column(child->relid, linitial(columns));
	*referred = ta_rel_column(parent->relid, linitial(key));
	return *column != NULL && *referred != NULL;
}

/* Whether the column is there and is an array of such keys. */
bool
ta_holds_keys(const TaModel *child, List *columns, const TaModel *parent, List *key)
{
	TaColumn *column;
	TaColumn *referred;

	return find_pair(child, columns, parent, key, &column, &referred) &&
		   ta_is_array_of_keys(column->type, referred->type);
}

/* Whether the column is there and is one such key. */
bool
ta_holds_one_key(const TaModel *child, List *columns, const TaModel *parent, List *key)
{
	TaColumn *column;
	TaColumn *referred;

	return find_pair(child, columns, parent, key, &column, &referred) &&
		   OidIsValid(ta_key_operator(referred->type, column->type));
}

/* Whether a view that leaves open which of both it is means an array, by the column's type. */
static bool
is_array_by_type(const char *child, List *columns, const char *parent, List *key)
{
	return ta_catalog_has_polymorphic() &&
		   ta_holds_keys(ta_cache_model(child), columns, ta_cache_model(parent), key);
}

/*
 * Whether the link goes by the elements of an array.  Asks the other views of
 * the reference only where the column does not tell.
 */
bool
ta_link_by_element(const TaLink *link)
{
	const TaReference *reference;

	if (link->decl->kind == TA_REFERENCES_MANY)
		return true;
	if (link->type_column != NULL || link->from_child || link->decl->kind == TA_BELONGS_TO_MANY ||
		list_length(link->columns) != 1 ||
		ta_holds_one_key(ta_cache_model(link->child), link->columns, ta_cache_model(link->parent),
						 link->key))
		return false;
	if (is_array_by_type(link->child, link->columns, link->parent, link->key))
		return true;
	reference = ta_reference_named(link->reference);
	return reference != NULL && reference->element;
}

/*
 * Sets whether the reference goes by elements: as its child's side says, and
 * where that is not declared, as the column's type does.  A belongs_to and a
 * references_many of one column contradict each other.
 */
void
ta_reference_find_element(TaReference *reference)
{
	const TaDecl *many = NULL;
	const TaDecl *one = NULL;
	ListCell *lc;

	if (reference->type_column != NULL)
		return;
	foreach(lc, reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if (decl->kind == TA_REFERENCES_MANY && many == NULL)
			many = decl;
		else if (decl->kind != TA_HAS_MANY && decl->kind != TA_HAS_ONE &&
				 decl->kind != TA_REFERENCES_MANY && one == NULL)
			one = decl;
	}
	if (many != NULL && one != NULL && reference->problem == NULL)
		reference->problem =
			psprintf("%s says that each element of %s refers, %s that the column does",
					 ta_decl_name(many), ta_ident_columns(reference->columns), ta_decl_name(one));
	reference->element =
		many != NULL || (one == NULL && is_array_by_type(reference->child, reference->columns,
														 reference->parent, reference->key));
}
