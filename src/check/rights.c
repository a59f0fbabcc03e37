/*
 * src/check/rights.c
 *		What owners may not do, policies hide, and accessors lack.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "base/ident.h"
#include "check/subject.h"
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

	if (state->enforced && state->fk == NULL && !may(state->parent_rel, owner, ACL_REFERENCES))
		ta_subject_add(
			subject, state, TA_WARNING, "references_denied",
			psprintf("%s, the owner of %s, may not refer to %s: the foreign key can't be "
					 "made",
					 name, ta_rel_shown(state->child_rel), ta_rel_shown(state->parent_rel)),
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

	if (decl->kind == TA_BELONGS_TO && has_row_security(state->parent_rel))
		ta_subject_add(subject, state, TA_INFO, "rls_hides_target",
					   psprintf("%s may lead to no row although there is one: policies of %s hide "
								"it from some",
								ta_decl_name(decl), ta_rel_shown(state->parent_rel)),
					   NULL, pstrdup("The foreign key is checked without regard to policies."));
}

/* Whether the declaration has its function; a belongs_to_many is a view of two references. */
static void
check_accessors(TaSubject *subject, const TaState *state)
{
	ListCell *lc;

	foreach(lc, state->reference->views)
	{
		const TaDecl *decl = lfirst(lc);
		const TaModel *model = ta_cache_model(decl->model);
		char *problem;

		if (decl->reference == NULL || strcmp(decl->reference, state->reference->name) != 0 ||
			model == NULL || !OidIsValid(model->relid) ||
			/* that is another finding */
			ta_rel_column(model->relid, decl->alias) != NULL)
			continue;
		problem = ta_accessor_problem(decl);
		if (problem == NULL)
			continue;
		if (ta_accessor_possible(decl))
			ta_subject_add_of(subject, decl, TA_WARNING, "accessor_missing",
							  psprintf("%s has no accessor", ta_decl_name(decl)),
							  pstrdup("SELECT assoc.declare(assoc.document()::jsonb);"), NULL);
		else
			ta_subject_add_of(subject, decl, TA_INFO, "accessor_missing",
							  psprintf("%s has %s", ta_decl_name(decl), problem), NULL,
							  pstrdup("With accessors => false of its model none is wanted."));
	}
}

void
ta_check_rights(TaSubject *subject)
{
	ListCell *lc;

	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);

		if (!ta_subject_stands(state))
			continue;
		check_owners(subject, state);
		check_policies(subject, state);
		check_accessors(subject, state);
	}
}
