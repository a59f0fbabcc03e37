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
	List *decls; /* of Said: what the package is to say */
	List *models; /* of Said: those that they name, and those that the hand adds to */
	List *steps; /* of TaStep */
} Generator;

/* An association or a model that the package says from the next version on. */
typedef struct Said
{
	char *name;
	char *up; /* the call that says it */
	char *down; /* the call that takes it back, or that says what the package said before */
} Said;

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
	bool ours = child != NULL && reference->targets != NIL;
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		const TaModel *parent = ta_cache_model(((TaTarget *) lfirst(lc))->model);

		ours = ours && parent != NULL && OidIsValid(parent->relid) &&
			   (OidIsValid(child->relid) || is_member(gen, parent->relid));
	}
	return ours && (!OidIsValid(child->relid) || is_member(gen, child->relid));
}

/* A parent that a script of the package can't speak of; InvalidOid: there is none. */
static Oid
parent_out_of_reach(const Generator *gen, const TaReference *reference)
{
	ListCell *lc;

	foreach(lc, reference->targets)
	{
		Oid relid = ta_cache_model(((TaTarget *) lfirst(lc))->model)->relid;

		if (!is_within_reach(gen, relid))
			return relid;
	}
	return InvalidOid;
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
		Oid far;

		if (!is_ours(gen, reference))
			continue;
		far = parent_out_of_reach(gen, reference);
		if (!OidIsValid(far))
			gen->references = lappend(gen->references, reference);
		else
			ereport(NOTICE,
					(errmsg("%s is left out: its other table, %s, is not part of package \"%s\"",
							ta_decl_name(reference->serves), ta_rel_shown(far), gen->package->name),
					 errdetail("A restore creates the package before that table.")));
	}
}

/* ---- what is said by hand ---- */

/* What the package says of the association; NULL: nothing. */
static TaDecl *
said_by_package(const Generator *gen, const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, gen->package->name) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* Likewise of a model. */
static TaModelRow *
model_by_package(const Generator *gen, const char *name)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models_named(name))
	{
		if (strcmp(((TaModelRow *) lfirst(lc))->declarer, gen->package->name) == 0)
			return lfirst(lc);
	}
	return NULL;
}

/* What the hand says of the model; NULL: nothing. */
static TaModelRow *
model_by_hand(const char *name)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models_named(name))
	{
		if (((TaModelRow *) lfirst(lc))->declarer[0] == '\0')
			return lfirst(lc);
	}
	return NULL;
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
	TaModelRow *before = model_by_package(gen, name);
	TaModelRow *hand = model_by_hand(name);
	Said *said;
	ListCell *lc;

	foreach(lc, gen->models)
	{
		if (strcmp(((Said *) lfirst(lc))->name, name) == 0)
			return;
	}
	if (before != NULL && hand == NULL)
		return;
	said = palloc0(sizeof(Said));
	said->name = pstrdup(name);
	said->up = ta_document_model_call(hand == NULL     ? linitial(ta_catalog_models_named(name))
									  : before == NULL ? hand
													   : ta_document_model_merge(before, hand));
	said->down = before != NULL
					 ? ta_document_model_call(before)
					 : psprintf("SELECT assoc.drop_model(%s);", quote_literal_cstr(name));
	if (before == NULL || strcmp(said->up, said->down) != 0)
		gen->models = lappend(gen->models, said);
}

/* The package's models whose options the hand has added to. */
static void
select_models(Generator *gen)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models())
	{
		TaModelRow *row = lfirst(lc);

		if (row->declarer[0] == '\0' && model_by_package(gen, row->name) != NULL)
			add_model(gen, row->name);
	}
}

/* What the hand says of an association: the package says it from then on, with what it has said before. */
static void
add_decl(Generator *gen, TaDecl *decl)
{
	TaDecl *before = said_by_package(gen, decl);
	Said *said = palloc0(sizeof(Said));

	said->name = (char *) ta_decl_name(decl);
	said->up = ta_document_call(before == NULL ? decl : ta_document_merge(before, decl));
	said->down = before != NULL ? ta_document_call(before)
								: psprintf("SELECT assoc.drop_association(%s);",
										   quote_literal_cstr(said->name));
	if (before == NULL || strcmp(said->up, said->down) != 0)
		gen->decls = lappend(gen->decls, said);
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
			ListCell *lt;

			if (ta_decl_is_path(decl) != (paths == 1) || decl->declarer[0] != '\0' ||
				!may_be_said(gen, decl))
				continue;
			add_decl(gen, decl);
			add_model(gen, decl->model);
			foreach(lt, ta_decl_is_polymorphic(decl) ? decl->targets : list_make1(decl->target))
				add_model(gen, lfirst(lt));
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

/* Whether the step is a call that looks at what is declared: it stands where that is said already, or still. */
static bool
is_call(const TaStep *step)
{
	return step->kind == TA_STEP_ENFORCE || step->kind == TA_STEP_VALIDATE_TRIGGERS ||
		   step->kind == TA_STEP_UNENFORCE;
}

/* The steps that are calls, or those that are not, in the order of the plan, each below its reason. */
static void
write_steps(StringInfo out, const Generator *gen, bool calls)
{
	ListCell *lc;

	foreach(lc, gen->steps)
	{
		TaStep *step = lfirst(lc);

		if (is_call(step) != calls)
			continue;
		if (step->sql == NULL)
			appendStringInfo(out, "\n-- NOT DONE, for no DDL mends it: %s\n",
							 one_line(step->reason));
		else
			appendStringInfo(out, "\n-- %s\n%s;\n", one_line(step->reason), step->sql);
	}
}

/* The DDL, then what is declared, then what triggers enforce of it. */
static char *
write_up(const Generator *gen, const char *from, const char *to)
{
	StringInfoData out;
	ListCell *lc;

	begin_script(&out, gen, from, to);
	write_steps(&out, gen, false);
	if (gen->models != NIL)
		appendStringInfoChar(&out, '\n');
	foreach(lc, gen->models)
		appendStringInfo(&out, "%s\n", ((Said *) lfirst(lc))->up);
	if (gen->decls != NIL)
		appendStringInfoChar(&out, '\n');
	foreach(lc, gen->decls)
		appendStringInfo(&out, "%s\n", ((Said *) lfirst(lc))->up);
	write_steps(&out, gen, true);
	return out.data;
}

/* When a step is taken back: what is no call, after all that is declared. */
typedef enum When
{
	WHILE_DECLARED, /* a call that looks at what the up script has declared */
	DECLARED_AS_BEFORE, /* one that makes triggers as they were */
	LAST
} When;

static When
is_taken_back(const TaStep *step)
{
	if (!is_call(step))
		return LAST;
	return step->kind == TA_STEP_UNENFORCE || step->state->in_force != NULL ? DECLARED_AS_BEFORE
																			: WHILE_DECLARED;
}

/* What takes the steps back that it is time for, the last first. */
static void
write_inverses(StringInfo out, const Generator *gen, When when)
{
	for (int i = list_length(gen->steps) - 1; i >= 0; i--)
	{
		TaStep *step = list_nth(gen->steps, i);
		char *sql = is_taken_back(step) == when ? ta_inverse_sql(step) : NULL;

		if (sql != NULL)
			appendStringInfo(out, "\n%s;\n", sql);
	}
}

/* The same backwards. */
static char *
write_down(const Generator *gen, const char *from, const char *to)
{
	StringInfoData out;

	begin_script(&out, gen, from, to);
	write_inverses(&out, gen, WHILE_DECLARED);
	if (gen->decls != NIL)
		appendStringInfoChar(&out, '\n');
	for (int i = list_length(gen->decls) - 1; i >= 0; i--)
		appendStringInfo(&out, "%s\n", ((Said *) list_nth(gen->decls, i))->down);
	if (gen->models != NIL)
		appendStringInfoChar(&out, '\n');
	for (int i = list_length(gen->models) - 1; i >= 0; i--)
		appendStringInfo(&out, "%s\n", ((Said *) list_nth(gen->models, i))->down);
	write_inverses(&out, gen, DECLARED_AS_BEFORE);
	write_inverses(&out, gen, LAST);
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
	select_models(&gen);
	gen.steps = ta_plan_steps(gen.references, false, NULL);
	if (gen.steps == NIL && gen.decls == NIL && gen.models == NIL)
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
