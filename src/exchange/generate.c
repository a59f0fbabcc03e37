/*
 * src/exchange/generate.c
 *		Writing the next version of a package: its up and its down script.
 *
 * What the scripts hold is the difference between declared and actual, as far
 * as it is the package's: the DDL steps on its own tables, which apply() does
 * not take outside of a script, and what was declared by hand about them, which
 * the package says from then on.  The DDL is written out, not left to apply(): a
 * migration does the same in every database.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "exchange/document.h"
#include "exchange/generate.h"
#include "migrate/package.h"
#include "migrate/version.h"
#include "model/path.h"
#include "pg/extension.h"
#include "schema/inverse.h"
#include "schema/plan.h"
#include "store/catalog.h"

typedef struct Generator
{
	const TaPackage *package;
	Oid extension;
	List *references; /* of TaReference: those the package may say */
	List *decls; /* of TaDecl: to be said */
	List *models; /* of char *: that they name */
	List *steps; /* of TaStep */
} Generator;

/* ---- what is the package's ---- */

static bool
is_member(const Generator *gen, Oid relid)
{
	return OidIsValid(relid) && ta_ext_of_relation(relid) == gen->extension;
}

/* Whether a script of the package may speak of the table: it is there whenever the script runs. */
static bool
is_within_reach(const Generator *gen, Oid relid)
{
	Oid owner = ta_ext_of_relation(relid);
	TaExtension *extension = ta_ext(owner);

	return owner == gen->extension ||
		   (extension != NULL && ta_ext_requires(gen->extension, extension->name));
}

/* The reference's table is the package's, or is to be created beside one that is. */
static bool
is_ours(const Generator *gen, const TaReference *reference)
{
	const TaModel *child = ta_cache_model(reference->child);
	const TaModel *parent = ta_cache_model(reference->parent);

	if (child == NULL || parent == NULL || !OidIsValid(parent->relid))
		return false;
	return OidIsValid(child->relid) ? is_member(gen, child->relid) : is_member(gen, parent->relid);
}

/* Keeps the references that are the package's; those that a script of it can't say are told. */
static void
select_references(Generator *gen)
{
	List *all = ta_references(ta_catalog_decls());
	ListCell *lc;

	foreach(lc, all)
	{
		TaReference *reference = lfirst(lc);

		if (!is_ours(gen, reference))
			continue;
		if (is_within_reach(gen, ta_cache_model(reference->parent)->relid))
			gen->references = lappend(gen->references, reference);
		else
			ereport(NOTICE,
					(errmsg("%s is left out: its other table, %s, is not part of package \"%s\"",
							ta_decl_name(reference->serves),
							ta_rel_shown(ta_cache_model(reference->parent)->relid),
							gen->package->name),
					 errdetail("A restore creates the package before that table.")));
	}
}

/* ---- what is said by hand ---- */

/* Whether the package says the same already. */
static bool
is_said(const Generator *gen, const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, gen->package->name) == 0)
			return true;
	}
	return false;
}

static bool
has_reference(const Generator *gen, const char *name)
{
	ListCell *lc;

	foreach(lc, gen->references)
	{
		if (strcmp(((TaReference *) lfirst(lc))->name, name) == 0)
			return true;
	}
	return false;
}

/* Whether everything that the declaration is a view of is the package's. */
static bool
may_be_said(const Generator *gen, const TaDecl *decl)
{
	ListCell *lc;

	if (!ta_decl_is_path(decl))
		return has_reference(gen, decl->reference) &&
			   (decl->other_reference == NULL || has_reference(gen, decl->other_reference));
	if (ta_path_problem(decl) != NULL)
		return false;
	foreach(lc, ta_hops_of(decl))
	{
		if (!has_reference(gen, ((TaHop *) lfirst(lc))->link.reference))
			return false;
	}
	return true;
}

static void
add_model(Generator *gen, const char *name)
{
	ListCell *lc;

	if (ta_ident_list_has(gen->models, name))
		return;
	foreach(lc, ta_catalog_models_named(name))
	{
		if (strcmp(((TaModelRow *) lfirst(lc))->declarer, gen->package->name) == 0)
			return;
	}
	gen->models = lappend(gen->models, (char *) name);
}

/* What the hand says of the package's tables; a path after the associations it goes along. */
static void
select_decls(Generator *gen)
{
	List *decls = ta_catalog_decls();

	for (int paths = 0; paths <= 1; paths++)
	{
		ListCell *lc;

		foreach(lc, decls)
		{
			TaDecl *decl = lfirst(lc);

			if (ta_decl_is_path(decl) != (paths == 1) || decl->declarer[0] != '\0' ||
				is_said(gen, decl) || !may_be_said(gen, decl))
				continue;
			gen->decls = lappend(gen->decls, decl);
			add_model(gen, decl->model);
			add_model(gen, decl->target);
			if (decl->kind == TA_BELONGS_TO_MANY)
				add_model(gen, decl->through);
		}
	}
}

/* ---- the scripts ---- */

static void
begin_script(StringInfo out, const Generator *gen, const char *from, const char *to)
{
	const char *name = gen->package->name;

	initStringInfo(out);
	appendStringInfo(out, "/* %s--%s--%s.sql: written by assoc.generate_migration */\n\n", name,
					 from, to);
	appendStringInfo(out,
					 "\\echo Use \"ALTER EXTENSION %s UPDATE TO '%s'\" to load this file. \\quit\n",
					 ta_ident_quote(name), to);
}

/* The text on one line: a name may hold line ends, and a comment ends with the line. */
static char *
one_line(const char *text)
{
	char *line = pstrdup(text);

	for (char *c = line; *c != '\0'; c++)
	{
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	return line;
}

/* The DDL in the order of the plan, each step below its reason; then what is declared. */
static char *
write_up(const Generator *gen, const char *from, const char *to)
{
	StringInfoData out;
	ListCell *lc;

	begin_script(&out, gen, from, to);
	foreach(lc, gen->steps)
	{
		TaStep *step = lfirst(lc);

		if (step->sql == NULL)
			appendStringInfo(&out, "\n-- NOT DONE, for no DDL mends it: %s\n",
							 one_line(step->reason));
		else
			appendStringInfo(&out, "\n-- %s\n%s;\n", one_line(step->reason), step->sql);
	}
	if (gen->models != NIL)
		appendStringInfoChar(&out, '\n');
	foreach(lc, gen->models)
	{
		List *rows = ta_catalog_models_named(lfirst(lc));

		appendStringInfo(&out, "%s\n", ta_document_model_call(linitial(rows)));
	}
	if (gen->decls != NIL)
		appendStringInfoChar(&out, '\n');
	foreach(lc, gen->decls)
		appendStringInfo(&out, "%s\n", ta_document_call(lfirst(lc)));
	return out.data;
}

/* The same backwards. */
static char *
write_down(const Generator *gen, const char *from, const char *to)
{
	StringInfoData out;

	begin_script(&out, gen, from, to);
	if (gen->decls != NIL)
		appendStringInfoChar(&out, '\n');
	for (int i = list_length(gen->decls) - 1; i >= 0; i--)
		appendStringInfo(&out, "SELECT assoc.drop_association(%s);\n",
						 quote_literal_cstr(ta_decl_name(list_nth(gen->decls, i))));
	if (gen->models != NIL)
		appendStringInfoChar(&out, '\n');
	for (int i = list_length(gen->models) - 1; i >= 0; i--)
		appendStringInfo(&out, "SELECT assoc.drop_model(%s);\n",
						 quote_literal_cstr(list_nth(gen->models, i)));
	for (int i = list_length(gen->steps) - 1; i >= 0; i--)
	{
		TaStep *step = list_nth(gen->steps, i);
		char *sql = ta_inverse_sql(step);

		if (sql != NULL)
			appendStringInfo(&out, "\n%s;\n", sql);
	}
	return out.data;
}

/* ---- versions ---- */

static const char *
check_from(const TaPackage *package, const char *from)
{
	if (package->installed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("package \"%s\" is not installed", package->name),
				 errdetail("Its next version is the difference between what is declared and what "
						   "is there."),
				 errhint("SELECT * FROM assoc.migrate(%s);", quote_literal_cstr(package->name))));
	if (from != NULL && strcmp(from, package->installed) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("package \"%s\" is at version %s, not %s", package->name,
							   package->installed, from),
						errdetail("The script is written for the database as it is."),
						errhint("Leave from_version out.")));
	return package->installed;
}

static const char *
check_to(const TaPackage *package, const char *from, const char *to)
{
	const char *next;

	if (to != NULL && !ta_version_is_numeric(to))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is no version for a package", to),
						errdetail("Versions are numbers with dots between them."),
						errhint("Say, for example, to_version => %s.",
								quote_literal_cstr(
									ta_version_is_numeric(from) ? ta_version_next(from) : "1.0"))));
	if (to == NULL && !ta_version_is_numeric(from))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("version \"%s\" has no next one", from), errhint("Say to_version.")));
	next = to != NULL ? to : ta_version_next(from);
	if (ta_version_compare(next, from) <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("version %s is not above %s", next, from),
						errhint("Say, for example, to_version => %s.",
								quote_literal_cstr(ta_version_next(from)))));
	if (ta_ident_list_has(package->versions, next))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("package \"%s\" already has a version %s", package->name, next),
				 errhint("SELECT * FROM assoc.migrate(%s); first, or say another to_version.",
						 quote_literal_cstr(package->name))));
	return next;
}

/*
 * The scripts that lead from the version the package has to the next (to NULL:
 * its last number and one), and back.  NULL, after a NOTICE, when there is
 * nothing to write.
 */
TaGenerated *
ta_generate(const char *name, const char *from, const char *to)
{
	Generator gen = {.package = ta_package(name)};
	TaGenerated *result = palloc0(sizeof(TaGenerated));

	from = check_from(gen.package, from);
	to = check_to(gen.package, from, to);
	gen.extension = get_extension_oid(name, false);
	select_references(&gen);
	select_decls(&gen);
	gen.steps = ta_plan_steps(gen.references, false, NULL);
	if (gen.steps == NIL && gen.decls == NIL)
	{
		ereport(NOTICE,
				(errmsg("package \"%s\" needs no new version: what is declared about its tables is "
						"there",
						name),
				 errhint("Declare by hand what shall change, then call this again.")));
		return NULL;
	}
	result->up_file = psprintf("%s--%s--%s.sql", name, from, to);
	result->down_file = psprintf("%s--%s--%s.sql", name, to, from);
	result->up = write_up(&gen, from, to);
	result->down = write_down(&gen, to, from);
	return result;
}
