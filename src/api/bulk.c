/*
 * src/api/bulk.c
 *		SQL-callable: declaring a whole document, and giving it back.
 *
 * All or nothing.  Everything is stored first and checked then, so that a
 * document may move an option from one side to the other; accessors come last.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/json.h"

#include "api/args.h"
#include "api/bulk.h"
#include "base/err.h"
#include "base/ident.h"
#include "check/ignore.h"
#include "exchange/document.h"
#include "model/check.h"
#include "model/declare.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/target.h"
#include "schema/accessor.h"
#include "schema/plan.h"

PG_FUNCTION_INFO_V1(ta_declare_text);
PG_FUNCTION_INFO_V1(ta_declare_jsonb);
PG_FUNCTION_INFO_V1(ta_document);

/* in which paths are stored */
#define LAST_ROUND 4

typedef struct Tally
{
	int added;
	int changed;
	int dropped;
} Tally;

static void
count(Tally *tally, TaChange change)
{
	tally->added += change == TA_ADDED;
	tally->changed += change == TA_CHANGED;
}

/* The rows of the list that this declarer said. */
static List *
ours(List *decls)
{
	List *result = NIL;
	ListCell *lc;

	foreach(lc, decls)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->declarer, ta_declarer()) == 0)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* ---- names of the document, for pruning ---- */

typedef struct NameSlot
{
	char name[2 * NAMEDATALEN];
} NameSlot;

static HTAB *
name_set(void)
{
	HASHCTL ctl = {.keysize = 2 * NAMEDATALEN,
				   .entrysize = sizeof(NameSlot),
				   .hcxt = CurrentMemoryContext};

	return hash_create("todo_assoc names", 256, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
add_name(HTAB *set, const char *name)
{
	hash_search(set, name, HASH_ENTER, NULL);
}

static bool
has_name(HTAB *set, const char *name)
{
	return hash_search(set, name, HASH_FIND, NULL) != NULL;
}

/* Drops what this declarer said and the document lacks, accessors included. */
static void
prune_associations(const TaDocument *document, Tally *tally)
{
	HTAB *kept = name_set();
	ListCell *lc;

	foreach(lc, document->decls)
		add_name(kept, ta_decl_name(lfirst(lc)));
	foreach(lc, ours(ta_catalog_decls()))
	{
		TaDecl *decl = lfirst(lc);
		const TaModel *model = ta_cache_model(decl->model);

		if (has_name(kept, ta_decl_name(decl)))
			continue;
		if (model != NULL && OidIsValid(model->relid))
			ta_check_owner(model->relid);
		ta_forget_association(decl);
		if (ta_catalog_decls_named(decl->model, decl->alias) == NIL)
			ta_accessor_drop(decl);
		tally->dropped++;
	}
}

/* Drops the models that the document lacks, and that no association uses or somebody else says as well. */
static void
prune_models(const TaDocument *document, Tally *tally)
{
	HTAB *kept = name_set();
	HTAB *used = name_set();
	ListCell *lc;

	foreach(lc, document->models)
		add_name(kept, ((TaDocumentModel *) lfirst(lc))->row.name);
	foreach(lc, ta_catalog_decls())
	{
		TaDecl *decl = lfirst(lc);
		ListCell *lt;

		add_name(used, decl->model);
		add_name(used, decl->target);
		foreach(lt, decl->targets)
			add_name(used, lfirst(lt));
		if (decl->kind == TA_BELONGS_TO_MANY)
			add_name(used, decl->through);
	}
	foreach(lc, ta_catalog_models())
	{
		TaModelRow *row = lfirst(lc);
		const TaModel *model;

		if (strcmp(row->declarer, ta_declarer()) != 0 || has_name(kept, row->name) ||
			(has_name(used, row->name) && list_length(ta_catalog_models_named(row->name)) == 1))
			continue;
		model = ta_cache_model(row->name);
		if (OidIsValid(model->relid))
			ta_check_owner(model->relid);
		ta_forget_model(row->name);
		tally->dropped++;
	}
}

/* ---- declaring ---- */

/*
 * An entry that says nothing of the model itself only defines one that is not
 * defined.  Returns the associations that go by a model that changed.
 */
static List *
define_models(const TaDocument *document, Tally *tally)
{
	List *about = NIL;
	ListCell *lc;

	foreach(lc, document->models)
	{
		TaDocumentModel *model = lfirst(lc);
		List *notes = NIL;

		if (model->says || ta_cache_model(model->row.name) == NULL)
		{
			TaChange change = ta_define(&model->row, model->table_name, &notes);

			count(tally, change);
			if (change == TA_CHANGED)
				about = list_concat(about, ta_decls_about(model->row.name));
		}
	}
	return about;
}

/*
 * The round in which an association is stored: first the foreign keys that are
 * said, then belongs_to, which joins these, then the other sides, which join
 * both; a belongs_to_many that looks for its junction after those that name
 * theirs; paths last.
 */
static int
round_of(const TaDecl *decl)
{
	if (ta_decl_is_path(decl))
		return LAST_ROUND;
	if (decl->kind == TA_BELONGS_TO_MANY)
		return decl->through == NULL ? 3 : 2;
	if (decl->foreign_key != NIL)
		return 0;
	return ta_decl_from_child(decl) ? 1 : 2;
}

/* Whether the association can be resolved in this round. */
static bool
ready(const TaDecl *decl, int round)
{
	const TaModel *model;
	TaDecl probe = *decl;

	if (round < round_of(decl))
		return false;
	if (!ta_decl_is_path(decl))
		return true;
	model = ta_cache_model(decl->model);
	probe.model = model != NULL ? model->name : decl->model;
	return ta_path_problem(&probe) == NULL;
}

/* Stores all associations (gives TaDeclared); a path waits for those it goes through. */
static List *
store_associations(const TaDocument *document, Tally *tally)
{
	List *waiting = list_copy(document->decls);
	List *stored = NIL;
	bool stuck = false;

	for (int round = 0; waiting != NIL; round++)
	{
		List *left = NIL;
		bool progress = false;
		ListCell *lc;

		foreach(lc, waiting)
		{
			TaDecl *decl = lfirst(lc);
			TaDeclared *declared;

			/* a path that nothing makes whole is declared all the same: that says what is missing */
			if (!ready(decl, round) && !stuck)
			{
				left = lappend(left, decl);
				continue;
			}
			declared = ta_declare_unchecked(decl);
			count(tally, declared->change);
			stored = lappend(stored, declared);
			progress = true;
		}
		stuck = !progress && round >= LAST_ROUND;
		waiting = left;
	}
	return stored;
}

/* The rows, those of them that settling changed as they are now. */
static List *
with_changes(List *stored, List *changed)
{
	HTAB *names = name_set();
	List *result = list_copy(changed);
	ListCell *lc;

	foreach(lc, changed)
		add_name(names, ta_decl_name(lfirst(lc)));
	foreach(lc, stored)
	{
		if (!has_name(names, ta_decl_name(lfirst(lc))))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * Settles and checks what was stored anew and what goes by a changed model,
 * then declares the inverses that are said.
 */
static void
check_associations(List *stored, List *about, Tally *tally)
{
	List *changed = NIL;
	ListCell *lc;

	foreach(lc, stored)
	{
		TaDeclared *declared = lfirst(lc);

		if (declared->change != TA_UNCHANGED)
			changed = lappend(changed, declared->decl);
	}
	foreach(lc, with_changes(changed, ta_declare_settle(list_concat_copy(about, changed))))
		ta_declare_check(lfirst(lc));
	foreach(lc, stored)
	{
		TaDeclared *declared = lfirst(lc);
		TaDeclared *inverse;

		if (declared->decl->inverse == NULL || declared->change == TA_UNCHANGED)
			continue;
		inverse = ta_declare_inverse(declared->decl);
		if (inverse != NULL)
			count(tally, inverse->change);
	}
}

static void
refresh_accessors(void)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls())
	{
		TaDecl *decl = lfirst(lc);

		if (!ta_decl_is_path(decl) || ta_path_problem(decl) == NULL)
			(void) ta_accessor_refresh(decl);
	}
}

/* Ignores the findings that the document does; prune: and no others, if it speaks of them. */
static void
ignore_findings(const TaDocument *document, bool prune)
{
	ListCell *lc;

	if (!document->says_ignored)
		return;
	if (!ta_ignored_available())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("this version of the database's todo_assoc ignores no findings"),
						errhint("ALTER EXTENSION todo_assoc UPDATE;")));
	if (prune)
	{
		ta_ignore_check_owner();
		(void) ta_ignored_delete(NULL, NULL);
	}
	foreach(lc, document->ignored)
	{
		TaIgnored *row = lfirst(lc);

		ta_ignore_check(row->code, row->association);
		if (row->association == NULL)
			row->association = pstrdup("");
		if (row->message == NULL)
			row->message = pstrdup("");
		(void) ta_ignored_put(row);
	}
}

/* Declares the document, all or nothing; returns a line that counts what came of it. */
char *
ta_bulk_declare(TaDocument *document, bool prune)
{
	Tally tally = {0};
	List *before;
	List *about;
	int steps;
	ListCell *lc;

	ta_catalog_lock();
	before = ta_references_polymorphic();
	if (prune)
		prune_associations(document, &tally);
	about = define_models(document, &tally);
	check_associations(store_associations(document, &tally), about, &tally);
	foreach(lc, before)
		ta_retire_check(lfirst(lc));
	if (prune)
		prune_models(document, &tally);
	refresh_accessors();
	ignore_findings(document, prune);
	if (tally.added > 0 || tally.changed > 0)
		ta_warn_of_cascades(NULL);

	steps = list_length(ta_plan_steps(ta_references(ta_catalog_decls()), false, NULL));
	return psprintf(
		"%d models, %d associations: %d added, %d changed, %d dropped; %d steps planned",
		list_length(document->models), list_length(document->decls), tally.added, tally.changed,
		tally.dropped, steps);
}

static Datum
declare_document(Jsonb *jsonb, bool prune)
{
	return PointerGetDatum(cstring_to_text(ta_bulk_declare(ta_document_read(jsonb), prune)));
}

/*
 * assoc.declare(document text, prune) returns text
 *
 * Errors: 22P02 not JSON; 22023 not a document, with the path of the culprit;
 * else those of the declaring functions.
 */
Datum
ta_declare_text(PG_FUNCTION_ARGS)
{
	return declare_document(ta_json_parse(ta_arg_text(fcinfo, 0)), PG_GETARG_BOOL(1));
}

/* assoc.declare(document jsonb, prune) returns text: the same */
Datum
ta_declare_jsonb(PG_FUNCTION_ARGS)
{
	return declare_document(PG_GETARG_JSONB_P(0), PG_GETARG_BOOL(1));
}

/* ---- giving it back ---- */

/* assoc.document() returns json: what this declarer said, and not what was inferred */
Datum
ta_document(PG_FUNCTION_ARGS)
{
	List *models = NIL;
	List *decls = ours(ta_catalog_decls());
	HTAB *junctions = name_set();
	ListCell *lc;

	foreach(lc, decls)
	{
		TaDecl *decl = lfirst(lc);

		if (decl->kind == TA_BELONGS_TO_MANY)
			add_name(junctions, decl->through);
	}
	foreach(lc, ta_catalog_models())
	{
		TaModelRow *row = lfirst(lc);

		/* a junction that its belongs_to_many named is named again by it */
		if (strcmp(row->declarer, ta_declarer()) == 0 &&
			!(ta_ident_list_has(row->inferred, "new_table") && has_name(junctions, row->name)))
			models = lappend(models, row);
	}
	PG_RETURN_TEXT_P(cstring_to_text(
		ta_document_write(models, decls, ta_declarer()[0] == '\0' ? ta_ignored_rows() : NIL)));
}
