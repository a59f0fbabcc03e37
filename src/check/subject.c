/*
 * src/check/subject.c
 *		What the checks of the schema share.
 *
 * A check looks at the states the plan was made of, at PostgreSQL's caches, and
 * asks a few queries about all tables at once; none asks one per association.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "lib/stringinfo.h"

#include "base/ident.h"
#include "check/subject.h"
#include "pg/extension.h"
#include "pg/facts.h"

/* Whether tables and columns are all there; else the plan says what is not. */
bool
ta_subject_stands(const TaState *state)
{
	return state->problem == NULL && OidIsValid(state->child_rel) &&
		   OidIsValid(state->parent_rel) && state->missing == NIL;
}

/* Whether the key joins exactly the reference's columns to its key, in any order. */
bool
ta_subject_same_key(const TaForeignKey *fk, const TaState *state)
{
	const TaReference *reference = state->reference;
	ListCell *lc;
	ListCell *lk;

	if (fk->parent != state->parent_rel ||
		list_length(fk->columns) != list_length(reference->columns))
		return false;
	forboth(lc, fk->columns, lk, fk->key)
	{
		ListCell *rc;
		ListCell *rk;
		bool found = false;

		forboth(rc, reference->columns, rk, reference->key)
		{
			if (strcmp(lfirst(rc), lfirst(lc)) == 0 && strcmp(lfirst(rk), lfirst(lk)) == 0)
				found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

/* The tables that hold (or that are referred to by) foreign keys, as '{16384,16390}'. */
char *
ta_subject_tables(const TaSubject *subject, bool parents)
{
	StringInfoData out;
	ListCell *lc;

	initStringInfo(&out);
	foreach(lc, subject->states)
	{
		const TaState *state = lfirst(lc);

		if (ta_subject_stands(state))
			appendStringInfo(&out, "%s%u", out.len == 0 ? "'{" : ",",
							 parents ? state->parent_rel : state->child_rel);
	}
	appendStringInfoString(&out, out.len == 0 ? "'{}'" : "}'");
	return out.data;
}

/* lock: SHARE on public."Todos"; scans it */
char *
ta_subject_lock(const char *lock, Oid relid, const char *more)
{
	return psprintf("lock: %s on %s%s%s", lock, ta_rel_qualified(relid), more != NULL ? "; " : "",
					more != NULL ? more : "");
}

/* A finding about an association. */
TaFinding *
ta_subject_add_of(TaSubject *subject, const TaDecl *decl, TaSeverity severity, const char *code,
				  char *message, char *fix, char *detail)
{
	TaFinding *finding = ta_finding_add(&subject->findings, severity, code, message, fix);

	finding->association = ta_decl_name(decl);
	finding->detail = detail;
	return finding;
}

/* A finding about a reference: of the association it is called after; says when a package has the table. */
TaFinding *
ta_subject_add(TaSubject *subject, const TaState *state, TaSeverity severity, const char *code,
			   char *message, char *fix, char *detail)
{
	Oid package = ta_ext_of_relation(state->child_rel);

	if (OidIsValid(package) && fix != NULL)
		detail = psprintf("%s%sthe table is package %s's, whose next version should do it",
						  detail != NULL ? detail : "", detail != NULL ? "; " : "",
						  ta_ident_quote(get_extension_name(package)));
	return ta_subject_add_of(subject, state->reference->serves, severity, code, message, fix,
							 detail);
}
