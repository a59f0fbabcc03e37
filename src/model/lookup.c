/*
 * src/model/lookup.c
 *		From a typed name to a table, a model, an association.
 *
 * Only the declaring functions infer (ta_lookup_or_infer_model); every other
 * look-up of an unknown name raises, with the nearest names and a call that
 * can be typed as HINT.
 */
#include "postgres.h"

#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "model/lookup.h"
#include "model/naming.h"
#include "pg/facts.h"

/* ---- checks of names ---- */

/* Raises unless the text can be a model's name. */
void
ta_check_model_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("a model's name must not be empty")));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG), errmsg("model name \"%s\" is too long", name),
				 errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
}

/* Raises unless the text can be an alias: it names a function, and stands in 'Model.alias'. */
void
ta_check_alias(const char *alias)
{
	if (alias[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("an alias must not be empty")));
	if (strlen(alias) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG), errmsg("alias \"%s\" is too long", alias),
						errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
	if (strchr(alias, '.') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
						errmsg("alias \"%s\" must not contain a dot", alias),
						errdetail("An association is written Model.alias, a path alias.alias.")));
}

/* Raises unless the relation can be a model's table. */
void
ta_check_model_table(Oid relid)
{
	char kind = ta_rel_kind(relid);

	if (strchr("rpvmf", kind) == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("%s is not a table or view", ta_rel_shown(relid)),
						errhint("A model stands for a table; a view or foreign table can have "
								"associations with enforce => 'none'.")));
	if (ta_rel_is_temporary(relid))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s is a temporary table", ta_rel_shown(relid)),
						errdetail("A model is seen by every session, a temporary table by one.")));
	if (IsCatalogNamespace(ta_rel_namespace(relid)) || IsToastNamespace(ta_rel_namespace(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("system catalog %s cannot be a model's table", ta_rel_shown(relid))));
}

/* A model belongs to the owner of its table. */
void
ta_check_owner(Oid relid)
{
	if (!ta_rel_owned_by_user(relid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", ta_rel_shown(relid)),
				 errdetail("A model belongs to the owner of its table, who alone may define it "
						   "or add associations to it.")));
}

/* Raises unless the model's declarers agree and its table is there. */
void
ta_check_usable(const TaModel *model)
{
	if (model->problem != NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("model \"%s\" is said in two ways", model->name),
			 errdetail("%s.", model->problem),
			 errhint("Redefine it where it is said wrongly: SELECT assoc.define_model(%s, ...).",
					 quote_literal_cstr(model->name))));
	if (!OidIsValid(model->relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s of model \"%s\" does not exist",
						ta_ident_qualify(model->schema, model->table), model->name),
				 errhint("Define the model anew: SELECT assoc.define_model(%s, 'table_name'); or "
						 "forget it: SELECT assoc.drop_model(%s).",
						 quote_literal_cstr(model->name), quote_literal_cstr(model->name))));
}

/* ---- tables ---- */

/* The relation written exactly so: on the search path, or schema.name at one of the dots. */
static Oid
match_exactly(const char *typed)
{
	Oid relid = ta_rel_visible(typed);

	for (const char *dot = strchr(typed, '.'); dot != NULL && !OidIsValid(relid);
		 dot = strchr(dot + 1, '.'))
		relid = ta_rel_lookup(pnstrdup(typed, dot - typed), dot + 1);
	return relid;
}

/* The relation meant when the text is read as SQL would: folded, unquoted. */
static Oid
match_as_identifier(const char *typed)
{
	List *names;

	if (!SplitIdentifierString(pstrdup(typed), '.', &names))
		return InvalidOid;
	if (list_length(names) == 1)
		return ta_rel_visible(linitial(names));
	if (list_length(names) == 2)
		return ta_rel_lookup(linitial(names), lsecond(names));
	return InvalidOid;
}

/*
 * The table that was typed: exactly as typed first, then as an SQL identifier;
 * both fit and differ: an error.  Nothing fits: InvalidOid, or an error.
 */
Oid
ta_lookup_table(const char *typed, bool missing_ok)
{
	Oid exact = match_exactly(typed);
	Oid folded = match_as_identifier(typed);

	if (OidIsValid(exact) && OidIsValid(folded) && exact != folded)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS), errmsg("table name \"%s\" is ambiguous", typed),
				 errdetail("It is %s as typed, and %s as an SQL identifier.",
						   ta_rel_qualified(exact), ta_rel_qualified(folded)),
				 errhint("Write one of the two as in the detail, with its quotes.")));
	if (!OidIsValid(exact))
		exact = folded;
	if (!OidIsValid(exact) && !missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table \"%s\" does not exist", typed),
				 errhint("Write it as it is stored ('Users', 'app.Users') or as in SQL "
						 "('\"Users\"'); the search path is searched.")));
	return exact;
}

/* ---- models ---- */

/* Raises: no model of this name. */
static void
unknown_model(const char *name)
{
	const char *nearest = ta_err_nearest(name, ta_catalog_model_names());

	ereport(
		ERROR,
		(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("model \"%s\" does not exist", name),
		 nearest != NULL
			 ? errhint("Did you mean \"%s\"?", nearest)
			 : errhint("Define it: SELECT assoc.define_model(%s, 'table_name'). Defined models: "
					   "SELECT * FROM assoc.models.",
					   quote_literal_cstr(name))));
}

/* The model of this name; an unknown one raises. */
const TaModel *
ta_lookup_model(const char *name)
{
	const TaModel *model = ta_cache_model(name);

	if (model == NULL)
		unknown_model(name);
	return model;
}

/* The one model of the table, or NULL; several raise. */
const TaModel *
ta_lookup_model_of_table(Oid relid)
{
	List *rows = ta_catalog_models_of_table(ta_rel_schema(relid), ta_rel_name(relid));
	List *names = NIL;
	ListCell *lc;

	foreach(lc, rows)
	{
		TaModelRow *row = lfirst(lc);

		if (!ta_ident_list_has(names, row->name))
			names = lappend(names, row->name);
	}
	if (list_length(names) > 1)
		ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_ALIAS),
						errmsg("table %s has several models", ta_rel_shown(relid)),
						errdetail("They are %s.", ta_err_list(names, 10)),
						errhint("Write the model's name instead of the table's.")));
	return names == NIL ? NULL : ta_cache_model(linitial(names));
}

/* The table a model not yet defined stands for, InvalidOid where none fits; several raise. */
static Oid
find_table(const char *name)
{
	List *found = NIL;
	List *found_names = NIL;
	Oid typed = ta_lookup_table(name, true);
	ListCell *lc;

	if (OidIsValid(typed))
		return typed;

	foreach(lc, ta_name_tables(name))
	{
		Oid relid = ta_rel_visible(lfirst(lc));

		if (OidIsValid(relid) && !list_member_oid(found, relid))
		{
			found = lappend_oid(found, relid);
			found_names = lappend(found_names, ta_rel_qualified(relid));
		}
	}
	if (list_length(found) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS),
				 errmsg("model \"%s\" is not defined, and several tables fit its name", name),
				 errdetail("They are %s.", ta_err_list(found_names, 10)),
				 errhint("Say which: SELECT assoc.define_model(%s, %s).", quote_literal_cstr(name),
						 quote_literal_cstr(linitial(found_names)))));
	return found == NIL ? InvalidOid : linitial_oid(found);
}

/* Whether a model of this name, not yet defined, would be inferred as a table. */
bool
ta_lookup_fits_table(const char *name)
{
	return OidIsValid(find_table(name));
}

/* The table on the search path whose name is most like the model's or its plural; else 'table_name'. */
static const char *
nearest_table(const char *name)
{
	List *names = NIL;
	const char *nearest;

	ta_spi_fixed("SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_class c"
				 " WHERE c.relkind OPERATOR(pg_catalog.=) ANY"
				 " ('{r,p,v,m,f}'::pg_catalog.\"char\"[]) AND pg_catalog.pg_table_is_visible(c.oid)"
				 " AND c.relnamespace OPERATOR(pg_catalog.<>) 'pg_catalog'::pg_catalog.regnamespace"
				 " ORDER BY c.relname",
				 NIL, TA_AS_CALLER, ta_spi_keep_text, &names);
	nearest = ta_err_nearest(ta_name_plural(name), names);
	if (nearest == NULL)
		nearest = ta_err_nearest(name, names);
	return nearest != NULL ? nearest : "table_name";
}

/* The table that it would be inferred as; none raises. */
Oid
ta_lookup_infer_table(const char *name)
{
	Oid relid = find_table(name);
	const char *nearest;
	const char *table;

	if (OidIsValid(relid))
		return relid;
	nearest = ta_err_nearest(name, ta_catalog_model_names());
	table = nearest_table(name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist, and no table fits its name", name),
			 errdetail("Looked on the search path for %s.", ta_ident_columns(ta_name_tables(name))),
			 nearest != NULL ? errhint("Did you mean \"%s\"? Else define it: SELECT "
									   "assoc.define_model(%s, %s).",
									   nearest, quote_literal_cstr(name), quote_literal_cstr(table))
							 : errhint("Define it: SELECT assoc.define_model(%s, %s).",
									   quote_literal_cstr(name), quote_literal_cstr(table))));
	return InvalidOid;
}

/* What to call the model of a table that was typed: as typed, but 'app.users' and '"Users"' say the table. */
static char *
name_for_model(const char *typed, Oid relid)
{
	char *name = ta_rel_name(relid);
	const TaModel *model;

	if (strpbrk(typed, ".\"") == NULL || strcmp(typed, name) == 0)
		return pstrdup(typed);
	model = ta_cache_model(name);
	if (model != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("model \"%s\" already exists", name),
				 errdetail("Its table is %s, not %s.",
						   ta_ident_qualify(model->schema, model->table), ta_rel_qualified(relid)),
				 errhint("Define a model of another name: SELECT assoc.define_model('...', "
						 "%s).",
						 quote_literal_cstr(ta_rel_qualified(relid)))));
	return name;
}

/*
 * The model of this name, for a declaring function: one not yet defined is
 * defined as the table of that name, its plural, or the snake_case of either;
 * a table that has a model already gives that.  Needs the catalog lock.
 */
const TaModel *
ta_lookup_or_infer_model(const char *name, bool *inferred)
{
	const TaModel *model;
	TaModelRow row = {0};
	Oid relid;

	ta_check_model_name(name);
	*inferred = false;
	model = ta_cache_model(name);
	if (model != NULL)
		return model;

	relid = ta_lookup_infer_table(name);
	model = ta_lookup_model_of_table(relid);
	if (model != NULL)
		return model;

	ta_check_model_table(relid);
	ta_check_owner(relid);
	row.name = name_for_model(name, relid);
	row.declarer = pstrdup(ta_declarer());
	row.schema_name = ta_rel_schema(relid);
	row.table_name = ta_rel_name(relid);
	row.inferred = list_make1("table_name");
	ta_catalog_put_model(&row);
	*inferred = true;
	return ta_cache_model(row.name);
}

/* ---- associations ---- */

/* Splits 'Model.alias' at the last dot (an alias has none); raises when there is none. */
void
ta_lookup_split(const char *name, char **model, char **alias)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name || dot[1] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
						errmsg("\"%s\" is not the name of an association", name),
						errhint("Write it as 'Model.alias', for example 'Todo.user'.")));
	*model = pnstrdup(name, dot - name);
	*alias = pstrdup(dot + 1);
}

/* Raises: the model has no association of this alias. */
static void
unknown_alias(const TaModel *model, const char *alias)
{
	List *names = NIL;
	const char *nearest;
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		char *name = ((TaDecl *) lfirst(lc))->alias;

		if (!ta_ident_list_has(names, name))
			names = lappend(names, name);
	}
	nearest = ta_err_nearest(alias, names);
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("model \"%s\" has no association \"%s\"", model->name, alias),
					names == NIL ? errdetail("It has no associations.")
								 : errdetail("It has %s.", ta_err_list(names, 12)),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("SELECT * FROM assoc.describe(%s) shows the model.",
											  quote_literal_cstr(model->name))));
}

/* The first row of the model's association; an unknown alias raises. */
TaDecl *
ta_lookup_alias(const TaModel *model, const char *alias)
{
	ListCell *lc;

	foreach(lc, ta_cache_associations(model))
	{
		TaDecl *decl = lfirst(lc);

		if (strcmp(decl->alias, alias) == 0)
			return decl;
	}
	unknown_alias(model, alias);
	return NULL;
}

/* The rows (one per declarer) of 'Model.alias'; unknown ones raise. */
List *
ta_lookup_association(const char *name)
{
	char *model_name;
	char *alias;
	const TaModel *model;
	List *rows;

	ta_lookup_split(name, &model_name, &alias);
	model = ta_lookup_model(model_name);
	(void) ta_lookup_alias(model, alias);
	rows = ta_catalog_decls_named(model->name, alias);
	/* the cache is as new as the last invalidation that arrived */
	if (rows == NIL)
		unknown_alias(model, alias);
	return rows;
}
