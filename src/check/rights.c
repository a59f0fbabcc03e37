/*
 * src/check/rights.c
 *		What owners may not do, policies hide, and accessors lack.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "base/ident.h"
#include "check/subject.h"
#include "model/path.h"
#include "pg/facts.h"
#include "schema/accessor.h"

static char *
grant(const char *privilege, Oid relid, Oid role)
{
	return psprintf("GRANT %s ON %s TO %s;", privilege, ta_rel_qualified(relid),
					ta_ident_quote(GetUserNameFromId(role, false)));
}

static bool
has_row_security(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool result = false;

	if (HeapTupleIsValid(tuple))
	{
		result = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
		ReleaseSysCache(tuple);
	}
	return result;
}

static bool
may(Oid relid, Oid role, AclMode mode)
{
	return pg_class_aclcheck(relid, role, mode) == ACLCHECK_OK;
}

/* The owner of a table refers to one that is not theirs. */
static void
check_owners(TaSubject *subject, const TaState *state)
{
	Oid owner = ta_rel_owner(state->child_rel);
	char *name = ta_ident_quote(GetUserNameFromId(owner, false));

	if (state->enforced && state->fk == NULL && state->in_force == NULL &&
		!may(state->parent_rel, owner, ACL_REFERENCES))
		ta_subject_add(subject, state, TA_WARNING, "references_denied",
					   psprintf("%s, the owner of %s, may not refer to %s: the %s can't be made",
								name, ta_rel_shown(state->child_rel),
								ta_rel_shown(state->parent_rel),
								state->by_triggers ? "triggers" : "foreign key"),
					   grant("REFERENCES", state->parent_rel, owner), NULL);
	if (!state->reference->junction && !may(state->parent_rel, owner, ACL_SELECT))
		ta_subject_add(subject, state, TA_WARNING, "target_not_readable",
					   psprintf("%s, the owner of %s, may not read %s", name,
								ta_rel_shown(state->child_rel), ta_rel_shown(state->parent_rel)),
					   grant("SELECT", state->parent_rel, owner), NULL);
}

/* A foreign key sees rows that policies hide from who follows it. */
static void
check_policies(TaSubject *subject, const TaState *state)
{
	const TaDecl *decl = state->reference->serves;

	if (ta_decl_from_child(decl) && has_row_security(state->parent_rel))
		ta_subject_add(subject, state, TA_INFO, "rls_hides_target",
					   psprintf("%s may lead to no row although there is one: policies of %s hide "
								"it from some",
								ta_decl_name(decl), ta_rel_shown(state->parent_rel)),
					   NULL, pstrdup("The foreign key is checked without regard to policies."));
}

/* ---- accessors ---- */

/* What makes the accessor; NULL: only its package's script does. */
static char *
make_accessor(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls_named(decl->model, decl->alias))
	{
		if (((TaDecl *) lfirst(lc))->declarer[0] == '\0')
			return pstrdup("SELECT assoc.declare(assoc.document()::jsonb);");
	}
	return ta_decl_is_path(decl)
			   ? NULL
			   : psprintf("SELECT * FROM assoc.apply(%s);", quote_literal_cstr(ta_decl_name(decl)));
}

/* Whether the association has its function, and as it was made. */
static void
check_accessor(TaSubject *subject, const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	char *replaced;
	char *problem;

	if (model == NULL || !OidIsValid(model->relid) ||
		/* that is another finding */
		ta_rel_column(model->relid, decl->alias) != NULL)
		return;
	replaced = ta_accessor_replaced(decl);
	problem = ta_accessor_problem(decl);
	if (replaced != NULL)
	{
		char *make = make_accessor(decl);

		ta_subject_add_of(subject, decl, TA_WARNING, "accessor_altered",
						  psprintf("the accessor of %s was replaced: %s is another function now",
								   ta_decl_name(decl), replaced),
						  make != NULL ? psprintf("DROP FUNCTION %s; %s", replaced, make) : NULL,
						  NULL);
	}
	else if (problem == NULL && ta_accessor_altered(decl))
		ta_subject_add_of(
			subject, decl, TA_WARNING, "accessor_altered",
			psprintf("the accessor of %s is not as it was made", ta_decl_name(decl)),
			make_accessor(decl),
			pstrdup(
				"Its body or a setting of it was changed, or a type that its scope names has moved."));
	else if (problem != NULL && ta_accessor_possible(decl))
		ta_subject_add_of(subject, decl, TA_WARNING, "accessor_missing",
						  psprintf("%s has no accessor", ta_decl_name(decl)), make_accessor(decl),
						  NULL);
	else if (problem != NULL)
		ta_subject_add_of(subject, decl, TA_INFO, "accessor_missing",
						  psprintf("%s has %s", ta_decl_name(decl), problem), NULL,
						  pstrdup("With accessors => false of its model none is wanted."));
}

/* A belongs_to_many is a view of two references. */
static void
check_accessors(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);

		if (ta_ident_same(decl->reference, state->reference->name))
			check_accessor(subject, decl);
	}
}

void
ta_check_rights(TaSubject *subject)
{
	ListCell *lc;

	foreach(lc, subject->facets)
	{
		const TaState *state = lfirst(lc);

		if (!ta_subject_stands(state))
			continue;
		check_owners(subject, state);
		check_policies(subject, state);
	}
	foreach(lc, subject->states)
	{
		if (ta_state_stands(lfirst(lc)))
			check_accessors(subject, lfirst(lc));
	}
	if (!subject->everything)
		return;
	foreach(lc, ta_catalog_decls_with_path())
	{
		const TaDecl *decl = lfirst(lc);

		/* a broken path is another finding */
		if (ta_path_problem(decl) == NULL)
			check_accessor(subject, decl);
	}
}
