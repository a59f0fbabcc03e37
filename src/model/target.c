/*
 * src/model/target.c
 *		References that lead to one of several models.
 *
 * A polymorphic belongs_to and its other sides meet by name: has_many(..,
 * polymorphic => 'commentable') is the other side of Comment.commentable,
 * whether that is declared or not.  So a name and a child are one reference, and
 * what one side says of its columns holds for all; two that say different
 * columns contradict each other.
 *
 * As everywhere, the order of declarations does not matter: the belongs_to
 * looks at what other sides say, and these at it (see model/infer).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "model/lookup.h"
#include "model/naming.h"
#include "model/target.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* ---- which columns ---- */

/* Of the two columns of a polymorphic reference, the one in question. */
typedef enum Half
{
	HALF_TYPE,
	HALF_KEY
} Half;

static const char *
column_of(const TaLink *link, Half half)
{
	return half == HALF_TYPE ? link->type_column : linitial(link->columns);
}

static bool
column_inferred(const TaLink *link, Half half)
{
	return half == HALF_TYPE ? link->type_inferred : link->columns_inferred;
}

static const char *
argument_of(const TaLinkRequest *q, Half half)
{
	return half == HALF_TYPE ? "type_column" : q->columns_argument;
}

static const char *
label_of(Half half)
{
	return half == HALF_TYPE ? "type" : "id";
}

/* Raises: several columns fit. */
static void
ambiguous_column(const TaLinkRequest *q, Half half, List *candidates)
{
	ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_COLUMN),
					errmsg("several %s of \"%s\" fit association \"%s\"",
						   half == HALF_TYPE ? "type columns" : "foreign keys", q->child->name,
						   ta_decl_name(q->decl)),
					errdetail("They are %s.", ta_ident_columns(candidates)),
					errhint("Say which: %s => %s.", argument_of(q, half),
							quote_literal_cstr(linitial(candidates)))));
}

/* The column of the belongs_to, if that is another declaration: it is what it inferred as well. */
static List *
column_of_child(List *links, Half half)
{
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (link->from_child)
			return list_make1((char *) column_of(link, half));
	}
	return NIL;
}

/* What other sides of the reference say of the column. */
static List *
columns_said(List *links, Half half)
{
	List *said = NIL;
	ListCell *lc;

	foreach(lc, links)
	{
		TaLink *link = lfirst(lc);

		if (!column_inferred(link, half) && !ta_ident_list_has(said, column_of(link, half)))
			said = lappend(said, (char *) column_of(link, half));
	}
	return said;
}

/* The columns of the child that are there and called as usual: commentableType, commentable_type. */
static List *
columns_there(const TaLinkRequest *q, Half half)
{
	List *there = NIL;
	ListCell *lc;

	if (!OidIsValid(q->child->relid))
		return NIL;
	foreach(lc, ta_name_foreign_keys(q->stem, label_of(half)))
	{
		if (ta_rel_column(q->child->relid, lfirst(lc)) != NULL)
			there = lappend(there, lfirst(lc));
	}
	return there;
}

/* The column that was not said: there already, said elsewhere, or new in the style of its table. */
static char *
infer_column(const TaLinkRequest *q, List *links, Half half)
{
	List *candidates = column_of_child(links, half);
	Oid style = OidIsValid(q->child->relid) ? q->child->relid
				: q->parent != NULL         ? q->parent->relid
											: InvalidOid;
	char *column;

	/* one that is there by name goes first: what is said otherwise contradicts it, and is told */
	if (candidates == NIL)
		candidates = columns_there(q, half);
	if (candidates == NIL)
		candidates = columns_said(links, half);
	if (list_length(candidates) > 1 && !q->tentative)
		ambiguous_column(q, half, candidates);
	if (candidates != NIL)
		column = pstrdup(linitial(candidates));
	else
		column = ta_name_foreign_key(q->stem, label_of(half),
									 ta_name_style_is_snake(ta_rel_column_names(style),
															OidIsValid(q->child->relid)
																? q->child->table
																: q->parent->table));
	*q->notes = lappend(*q->notes, psprintf("%s %s inferred",
											ta_infer_columns_exist(q->child, list_make1(column))
												? "column"
												: "new column",
											ta_ident_quote(column)));
	return column;
}

/* Columns that were said: the foreign key must be one, and neither the table's system column. */
static void
check_said(const TaLinkRequest *q)
{
	if (list_length(*q->columns) > 1)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("the foreign key of polymorphic association \"%s\" has %d columns",
							   ta_decl_name(q->decl), list_length(*q->columns)),
						errdetail("Beside its type column it has one, which refers to a key of one "
								  "column of each target."),
						errhint("Say one: %s => '...'.", q->columns_argument)));
}

/* The type column is no part of the foreign key. */
static void
check_distinct(const TaLinkRequest *q)
{
	if (strcmp(*q->type_column, linitial(*q->columns)) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("type_column and %s of association \"%s\" are the same column",
							   q->columns_argument, ta_decl_name(q->decl)),
						errdetail("Both are %s of \"%s\".", ta_ident_quote(*q->type_column),
								  q->child->name)));
}

/* The parents' side says what it is referred to by: one column. */
static void
complete_key(const TaLinkRequest *q)
{
	if (q->key == NULL)
		return;
	if (*q->key == NIL)
	{
		*q->key = q->parent->key;
		ta_infer_mark(q->decl, q->key_argument);
	}
	if (list_length(*q->key) == 1)
		return;
	if (*q->key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("model \"%s\" has no key to refer to", q->parent->name),
				 errdetail("Table %s has no primary key.", ta_rel_shown(q->parent->relid)),
				 errhint("Say which unique column: %s => '...', or SELECT assoc.define_model(%s, "
						 "key => '...').",
						 q->key_argument, quote_literal_cstr(q->parent->name))));
	ereport(ERROR, (errcode(ERRCODE_INVALID_FOREIGN_KEY),
					errmsg("model \"%s\" cannot be a target of \"%s.%s\"", q->parent->name,
						   q->child->name, q->stem),
					errdetail("Its key (%s) has %d columns, the foreign key has one.",
							  ta_ident_columns(*q->key), list_length(*q->key)),
					errhint("Say a unique column of it: %s => '...'.", q->key_argument)));
}

/* The reference of this name and child: another side's, or this one's own of before. */
static char *
find_reference(const TaLinkRequest *q, List *links)
{
	ListCell *lc;

	if (links != NIL)
		return pstrdup(((TaLink *) linitial(links))->reference);
	foreach(lc, ta_catalog_decls_named(q->decl->model, q->decl->alias))
	{
		TaLink own[2];
		int count = ta_decl_links(lfirst(lc), own);

		for (int i = 0; i < count; i++)
		{
			if (own[i].type_column != NULL && strcmp(own[i].child, q->child->name) == 0 &&
				strcmp(own[i].polymorphic, q->stem) == 0)
				return pstrdup(own[i].reference);
		}
	}
	return ta_reference_invent(q->child->table, *q->columns);
}

/*
 * Completes a polymorphic link: its type column, its column, the key of a
 * parents' side, its reference.  q->stem is the alias that all sides share.
 */
void
ta_infer_polymorphic(const TaLinkRequest *q)
{
	List *links = ta_links_polymorphic(q->child->name, q->stem, q->decl);

	check_said(q);
	if (*q->type_column == NULL)
	{
		*q->type_column = infer_column(q, links, HALF_TYPE);
		ta_infer_mark(q->decl, q->type_argument);
	}
	else
		ta_infer_tell_new(q, list_make1(*q->type_column), "type_column");
	if (*q->columns == NIL)
	{
		*q->columns = list_make1(infer_column(q, links, HALF_KEY));
		ta_infer_mark(q->decl, q->columns_argument);
	}
	else
		ta_infer_tell_new(q, *q->columns, q->columns_argument);
	check_distinct(q);
	complete_key(q);
	*q->reference = find_reference(q, links);
}

/* Whether the child has a column that by its name refers to this parent alone. */
bool
ta_infer_fits_plainly(const TaModel *child, const TaModel *parent)
{
	ListCell *lc;

	if (ta_links_between(child->name, parent->name, NULL) != NIL)
		return true;
	if (!OidIsValid(child->relid) || list_length(parent->key) != 1)
		return false;
	foreach(lc, ta_name_foreign_keys(ta_name_stem(parent), linitial(parent->key)))
	{
		if (ta_rel_column(child->relid, lfirst(lc)) != NULL)
			return true;
	}
	return false;
}

/* ---- targets ---- */

/* The models that the reference may lead to (of char *). */
List *
ta_target_names(const TaReference *reference)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, reference->targets)
		names = lappend(names, (char *) ((TaTarget *) lfirst(lc))->model);
	return names;
}

/* The models that the association leads to (of char *), whoever says so. */
List *
ta_decl_target_names(const TaDecl *decl)
{
	TaReference *reference;

	if (!ta_decl_is_polymorphic(decl))
		return list_make1(decl->target);
	reference = ta_reference_named(decl->reference);
	return reference != NULL ? ta_target_names(reference) : decl->targets;
}

/* "Post, Photo or Video"; last NULL: commas alone.  None: "no model yet". */
char *
ta_targets_in_words(List *names, const char *last)
{
	char *front;

	if (names == NIL)
		return pstrdup("no model yet");
	if (last == NULL || list_length(names) == 1)
		return ta_err_join(names, ", ");
	front = ta_err_join(list_truncate(list_copy(names), list_length(names) - 1), ", ");
	return psprintf("%s %s %s", front, last, (char *) llast(names));
}

/* All references (TaReference) that lead to one of several models. */
List *
ta_references_polymorphic(void)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, ta_references(ta_catalog_decls()))
	{
		if (((TaReference *) lfirst(lc))->type_column != NULL)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* The target of this model, or NULL. */
const TaTarget *
ta_reference_target(const TaReference *reference, const char *model)
{
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		if (strcmp(((TaTarget *) lfirst(lc))->model, model) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* The columns of the child that refer: with a type column, that first. */
List *
ta_reference_columns(const TaReference *reference)
{
	if (reference->type_column == NULL)
		return reference->columns;
	return lcons(pstrdup(reference->type_column), list_copy(reference->columns));
}

/* The columns of a junction by which a belongs_to_many links: no two rows should have the same in all. */
List *
ta_decl_pair(const TaDecl *decl)
{
	List *pair = list_concat_copy(decl->foreign_key, decl->other_key);

	if (decl->type_column != NULL)
		pair = lcons(decl->type_column, pair);
	if (decl->other_type_column != NULL)
		pair = lappend(pair, decl->other_type_column);
	return pair;
}

/* ---- the type column ---- */

/* Whether the column can say types: text, varchar, an enum, an integer, or a domain over one of them. */
bool
ta_type_column_fits(const TaColumn *column)
{
	switch (getBaseType(column->type))
	{
		case TEXTOID:
		case VARCHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return true;
		default:
			return type_is_enum(getBaseType(column->type));
	}
}

/* Whether an integer's text is one, as its type would write it: 1, and not 01. */
static bool
is_integer(const char *text, int64 least, int64 greatest)
{
	char *end;
	int64 number;

	errno = 0;
	number = strtoi64(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && number >= least && number <= greatest &&
		   strcmp(psprintf(INT64_FORMAT, number), text) == 0;
}

/* Whether the value is one of the column's type.  A domain's checks are not asked: they are somebody's code. */
bool
ta_type_column_holds(const TaColumn *column, const char *type_value)
{
	int32 typmod = column->typmod;
	Oid type = getBaseTypeAndTypmod(column->type, &typmod);

	switch (type)
	{
		case VARCHAROID:
			return typmod < VARHDRSZ || pg_mbstrlen(type_value) <= typmod - VARHDRSZ;
		case INT2OID:
			return is_integer(type_value, PG_INT16_MIN, PG_INT16_MAX);
		case INT4OID:
			return is_integer(type_value, PG_INT32_MIN, PG_INT32_MAX);
		case INT8OID:
			return is_integer(type_value, PG_INT64_MIN, PG_INT64_MAX);
		default:
			return !type_is_enum(type) ||
				   (strlen(type_value) < NAMEDATALEN &&
					SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
										  CStringGetDatum(type_value)));
	}
}

/*
 * t."commentableType" OPERATOR(pg_catalog.=) 'Post'::text; column NULL: it is
 * yet to be created.  Cast to the base type without its length: a domain's
 * checks are somebody's code, and a length would cut the value.
 */
char *
ta_type_test_sql(const char *prefix, const char *name, const TaColumn *column,
				 const char *type_value)
{
	Oid type = column != NULL ? getBaseType(column->type) : TEXTOID;

	return psprintf("%s%s %s %s::%s", prefix, ta_ident_quote(name), ta_key_operator_sql(type, type),
					quote_literal_cstr(type_value),
					format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY));
}

/* ---- facets ---- */

/*
 * What to call the polymorphic belongs_to when it is narrowed to one target:
 * commentable_post, whatever its columns are called, for these may be renamed.
 */
char *
ta_facet_alias(const TaDecl *decl, const char *target)
{
	return ta_ident_clip(psprintf("%s_%s", decl->alias, ta_name_lower_first(target)));
}

/* Whether one of the facets has the alias. */
static bool
has_facet(List *facets, const char *alias)
{
	ListCell *lc;

	foreach(lc, facets)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, alias) == 0)
			return true;
	}
	return false;
}

/*
 * The polymorphic belongs_to as one belongs_to a target (TaDecl): what reads
 * can go by one of them.  Of other associations, themselves.  Of two targets
 * whose names are the same when they are cut to 63 bytes, the first.
 */
List *
ta_decl_facets(const TaDecl *decl)
{
	TaReference *reference;
	List *facets = NIL;
	ListCell *lc;

	if (!ta_decl_is_polymorphic(decl))
		return list_make1(unconstify(TaDecl *, decl));
	reference = ta_reference_named(decl->reference);
	foreach(lc, reference != NULL ? reference->targets : NIL)
	{
		TaTarget *target = lfirst(lc);
		TaDecl *facet = palloc(sizeof(TaDecl));

		*facet = *decl;
		facet->alias = ta_facet_alias(decl, target->model);
		facet->target = pstrdup(target->model);
		facet->target_key = target->key;
		facet->targets = NIL;
		if (!has_facet(facets, facet->alias))
			facets = lappend(facets, facet);
	}
	return facets;
}

/*
 * The key whose type a new foreign-key column takes, so that it can hold the
 * keys of all targets: of integers the widest.  NULL: there is none such.
 */
const TaColumn *
ta_targets_key_column(const TaReference *reference)
{
	const TaColumn *widest = NULL;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		TaTarget *target = lfirst(lc);
		const TaModel *model = ta_cache_model(target->model);
		TaColumn *key = model != NULL && OidIsValid(model->relid) && target->key != NIL
							? ta_rel_column(model->relid, linitial(target->key))
							: NULL;

		if (key == NULL)
			continue;
		if (widest == NULL || get_typlen(key->type) > get_typlen(widest->type))
			widest = key;
	}
	foreach(lc, widest == NULL ? NIL : reference->targets)
	{
		TaTarget *target = lfirst(lc);
		const TaModel *model = ta_cache_model(target->model);
		TaColumn *key = model != NULL && OidIsValid(model->relid) && target->key != NIL
							? ta_rel_column(model->relid, linitial(target->key))
							: NULL;

		if (key != NULL && !OidIsValid(ta_key_operator(key->type, widest->type)))
			return NULL;
	}
	return widest;
}

/* ---- taking a target away ---- */

/* The polymorphic reference as it is before the declaration changes or goes; NULL: there is none. */
TaReference *
ta_retire_before(const TaDecl *decl)
{
	const char *name = decl->type_column != NULL         ? decl->reference
					   : decl->other_type_column != NULL ? decl->other_reference
														 : NULL;

	return name != NULL ? ta_reference_named(name) : NULL;
}

/* Raises while rows of the child say this target's type. */
static void
check_unused(const TaReference *reference, const TaTarget *target)
{
	const TaModel *child = ta_cache_model(reference->child);
	TaColumn *column = child != NULL && OidIsValid(child->relid)
						   ? ta_rel_column(child->relid, reference->type_column)
						   : NULL;
	char *where;
	int64 count;

	if (column == NULL || !ta_type_column_fits(column) ||
		!ta_type_column_holds(column, target->type_value))
		return;
	where = psprintf("FROM %s t WHERE %s", ta_rel_qualified(child->relid),
					 ta_type_test_sql("t.", reference->type_column, column, target->type_value));
	count = ta_spi_count(psprintf("SELECT pg_catalog.count(*) %s", where));
	if (count == 0)
		return;
	ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					errmsg("model \"%s\" is still a target of \"%s.%s\"", target->model,
						   reference->child, reference->polymorphic),
					errdetail_plural("%lld row of %s refers to it.", "%lld rows of %s refer to it.",
									 count, (long long) count, ta_rel_shown(child->relid)),
					errhint("Delete them, or let them refer to others: SELECT t.* %s;", where)));
}

/*
 * Raises when the reference has lost a target that rows still refer to.  Not
 * when all of it is gone: then nobody says any more what its columns are.
 */
void
ta_retire_check(const TaReference *before)
{
	TaReference *now = before != NULL ? ta_reference_named(before->name) : NULL;
	ListCell *lc;

	foreach(lc, now != NULL ? before->targets : NIL)
	{
		if (ta_reference_target(now, ((TaTarget *) lfirst(lc))->model) == NULL)
			check_unused(before, lfirst(lc));
	}
}

/* Raises: what another declarer says, he takes back. */
static void
check_ours(const TaDecl *row)
{
	if (strcmp(row->declarer, ta_declarer()) == 0)
		return;
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("association \"%s\" is declared %s", ta_decl_name(row),
						   row->declarer[0] == '\0' ? "by hand"
													: psprintf("by package \"%s\"", row->declarer)),
					errhint("Take the target away where it was declared.")));
}

/* Raises unless the target can be taken out of the reference. */
static void
check_target(const TaDecl *decl, const TaReference *reference, const char *model)
{
	if (!ta_decl_is_polymorphic(decl))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("association \"%s\" is not polymorphic", ta_decl_name(decl)),
						errdetail("It leads to \"%s\" alone.", decl->target)));
	if (ta_reference_target(reference, model) == NULL)
	{
		const char *nearest = ta_err_nearest(model, ta_target_names(reference));

		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("model \"%s\" is no target of \"%s\"", model, ta_decl_name(decl)),
						errdetail("It leads to %s.",
								  ta_targets_in_words(ta_target_names(reference), "or")),
						nearest != NULL ? errhint("Did you mean \"%s\"?", nearest) : 0));
	}
	if (list_length(reference->targets) == 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" is the last target of \"%s\"", model, ta_decl_name(decl)),
				 errhint("Drop the association: SELECT assoc.drop_association(%s).",
						 quote_literal_cstr(ta_decl_name(decl)))));
}

/*
 * Takes the model out of the targets of a polymorphic belongs_to.  Returns the
 * model's own associations that were its other side (TaDecl): to be forgotten
 * by the caller, and then ta_retire_check called.  Needs the catalog lock.
 */
List *
ta_retire_target(TaDecl *decl, const char *model)
{
	TaReference *reference = ta_reference_named(decl->reference);
	List *sides = NIL;
	ListCell *lc;

	check_target(decl, reference, model);
	foreach(lc, reference->views)
	{
		TaDecl *row = lfirst(lc);
		ListCell *lt;

		if (ta_decl_is_polymorphic(row) ? !ta_ident_list_has(row->targets, model)
			: row->type_column != NULL  ? strcmp(row->model, model) != 0
										: strcmp(row->target, model) != 0)
			continue;
		check_ours(row);
		if (!ta_decl_is_polymorphic(row))
		{
			sides = lappend(sides, row);
			continue;
		}
		foreach(lt, row->targets)
		{
			if (strcmp(lfirst(lt), model) == 0)
				row->targets = foreach_delete_current(row->targets, lt);
		}
		ta_catalog_put_decl(row);
	}
	return sides;
}
