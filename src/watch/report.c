/*
 * src/watch/report.c
 *		What an ALTER TABLE does to associations: told, and followed in accessors.
 *
 * Nothing here raises: a change of a table is its owner's, and is done.  What
 * it does to an association is a WARNING, and shows in assoc.associations.
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/declare.h"
#include "model/path.h"
#include "model/reference.h"
#include "model/target.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/plan.h"
#include "schema/run.h"
#include "store/cache.h"
#include "watch/watch.h"

/* The models (of char *) that stand for the relation. */
List *
ta_models_of_relation(Oid relid)
{
	List *names = NIL;
	ListCell *lc;

	if (!OidIsValid(relid) || strchr("rpvmf", ta_rel_kind(relid)) == NULL)
		return NIL;
	foreach(lc, ta_catalog_models_of_table(ta_rel_schema(relid), ta_rel_name(relid)))
	{
		TaModelRow *row = lfirst(lc);

		if (!ta_ident_list_has(names, row->name))
			names = lappend(names, row->name);
	}
	return names;
}

static void
refresh(void *arg)
{
	const TaDecl *decl = arg;

	(void) ta_accessor_refresh(decl);
	ta_accessor_comment(decl);
}

static void
remake(void *arg)
{
	ta_accessor_drop(arg);
	refresh(arg);
}

/*
 * Brings an accessor up to date.  What keeps it from that, somebody's
 * privileges, a function that was put in its place, a scope that fits the
 * column no more, must not keep the command from being done: it is told, and
 * shows in assoc.associations.
 */
void
ta_watch_refresh(TaDecl *decl)
{
	ErrorData *error;

	if (ta_decl_is_path(decl) && ta_path_problem(decl) != NULL)
		return;
	error = ta_run_try(refresh, decl);
	if (error != NULL)
		error = ta_run_try(remake, decl);
	if (error == NULL)
		return;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("the accessor of \"%s\" could not be brought up to date", ta_decl_name(decl)),
			 errdetail("%s", error->message)));
}

/* Whether a path goes along an association of one of the models. */
static bool
goes_through(const TaDecl *path, List *models)
{
	ListCell *lc;

	if (ta_path_problem(path) != NULL)
		return false;
	foreach(lc, ta_hops_of(path))
	{
		const TaHop *hop = lfirst(lc);

		if (ta_ident_list_has(models, hop->link.child) ||
			ta_ident_list_has(models, hop->link.parent))
			return true;
	}
	return false;
}

/* Names that accessors of these models hold have changed: makes them anew. */
void
ta_refresh_models(List *models)
{
	ListCell *lc;

	foreach(lc, models)
	{
		ListCell *ld;

		foreach(ld, ta_decls_about(lfirst(lc)))
			ta_watch_refresh(lfirst(ld));
	}
	/* a path goes through tables of which it does not say the model */
	foreach(lc, models != NIL ? ta_catalog_decls_with_path() : NIL)
	{
		if (goes_through(lfirst(lc), models))
			ta_watch_refresh(lfirst(lc));
	}
}

/* The references that one of the models is a side of. */
static List *
references_of(List *models)
{
	List *decls = NIL;
	ListCell *lc;

	foreach(lc, models)
		decls = list_concat(decls, ta_decls_about(lfirst(lc)));
	return ta_references(decls);
}

/* Warns of each association of the models that can't be as it is declared now. */
static void
warn_of_problems(List *models)
{
	ListCell *lc;

	foreach(lc, references_of(models))
	{
		TaReference *reference = lfirst(lc);
		TaProblem *problem = ta_reference_problem(reference);

		if (problem == NULL)
			continue;
		ereport(WARNING, (errcode(problem->sqlstate),
						  errmsg("association \"%s\" does not fit its tables any more",
								 ta_decl_name(reference->serves)),
						  errdetail("%s.%s%s", problem->message, problem->detail != NULL ? " " : "",
									problem->detail != NULL ? problem->detail : ""),
						  problem->hint != NULL ? errhint("%s", problem->hint) : 0));
	}
}

/* Warns that an association's name is now a column's, too. */
static void
warn_of_alias(List *models, const char *column)
{
	ListCell *lc;

	foreach(lc, models)
	{
		if (ta_catalog_decls_named(lfirst(lc), column) == NIL)
			continue;
		ereport(WARNING,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" has the name of association \"%s.%s\"", column,
						(char *) lfirst(lc), column),
				 errdetail("Both would be one key in JSON, and one call in SQL."),
				 errhint("SELECT assoc.rename_association(%s, 'another');",
						 quote_literal_cstr(psprintf("%s.%s", (char *) lfirst(lc), column)))));
	}
}

/* Whether rows of the table's heirs take part in the reference: it refers to them, and is not the table's own. */
static bool
counts_heirs(const TaReference *reference, Oid relid)
{
	const TaModel *child = ta_cache_model(reference->child);
	ListCell *lc;

	if (child == NULL || child->relid == relid)
		return false;
	foreach(lc, reference->targets)
	{
		const TaModel *parent = ta_cache_model(((TaTarget *) lfirst(lc))->model);

		if (parent != NULL && parent->relid == relid && !parent->heirs)
			return false;
	}
	return true;
}

/* Rows of an inheritance child are outside of what a key of its parent holds. */
static void
warn_of_inheritance(Oid child, Oid parent)
{
	List *models = ta_models_of_relation(parent);
	List *names = NIL;
	ListCell *lc;

	foreach(lc, references_of(models))
	{
		TaReference *reference = lfirst(lc);

		if (!counts_heirs(reference, parent) &&
			(reference->enforce.value == NULL || strcmp(reference->enforce.value, "none") != 0))
			names = lappend(names, (char *) ta_decl_name(reference->serves));
	}
	if (names == NIL)
		return;
	ereport(
		WARNING,
		(errmsg("rows of %s are outside of the foreign keys of %s", ta_rel_shown(child),
				ta_rel_shown(parent)),
		 errdetail("Inheritance hands down no key: they neither refer by %s nor are referred to.",
				   ta_err_list(names, 12)),
		 errhint("Declare the associations of %s as a model of its own.", ta_rel_shown(child))));
}

static void
drop_of_former_owner(void *arg)
{
	ta_accessor_drop_of_former_owner(arg);
}

/* The accessors of the models' own associations belong to the owner of the table: who is another now. */
static void
follow_owner(List *models)
{
	ListCell *lc;

	foreach(lc, models)
	{
		const TaModel *model = ta_cache_model(lfirst(lc));
		ListCell *ld;

		foreach(ld, model != NULL ? ta_catalog_decls_of_model(model->name) : NIL)
		{
			if (ta_run_try(drop_of_former_owner, lfirst(ld)) == NULL)
				ta_watch_refresh(lfirst(ld));
		}
	}
}

/* An ALTER TABLE has changed the relation. */
void
ta_report_alter(AlterTableStmt *statement, Oid relid)
{
	List *models = ta_models_of_relation(relid);
	bool retyped = false;
	bool unlocked = false;
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		switch (command->subtype)
		{
			case AT_AlterColumnType:
				retyped = true;
				break;
			case AT_DropConstraint:
				unlocked = true;
				break;
			case AT_AddColumn:
				warn_of_alias(models, castNode(ColumnDef, command->def)->colname);
				break;
			case AT_ChangeOwner:
				follow_owner(models);
				break;
			case AT_AddInherit:
				warn_of_inheritance(relid, ta_statement_relation(castNode(RangeVar, command->def)));
				break;
			case AT_AttachPartition:
			{
				Oid partition = ta_statement_relation(castNode(PartitionCmd, command->def)->name);

				warn_of_problems(list_concat_copy(models, ta_models_of_relation(partition)));
				break;
			}
			default:
				break;
		}
	}
	/* operators and casts in the accessors' bodies are those of the types */
	if (retyped)
		ta_refresh_models(models);
	/* a key that was referred to may be none any more */
	if (retyped || unlocked)
		warn_of_problems(models);
}

/* A table was created: perhaps below one that is a model's. */
void
ta_report_created(CreateStmt *statement)
{
	Oid relid = ta_statement_relation(statement->relation);
	ListCell *lc;

	if (!OidIsValid(relid) || statement->partbound != NULL)
		return;
	foreach(lc, statement->inhRelations)
	{
		Oid parent = ta_statement_relation(lfirst_node(RangeVar, lc));

		if (OidIsValid(parent))
			warn_of_inheritance(relid, parent);
	}
}
