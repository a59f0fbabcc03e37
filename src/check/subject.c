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
#include "schema/facet.h"

/* Those of the reference's views that are of this target; the child's own, which is of all, goes with the first. */
static List *
views_of(const TaReference *reference, const char *target, bool first)
{
	List *views = NIL;
	ListCell *lc;

	foreach(lc, reference->views)
	{
		TaDecl *decl = lfirst(lc);
		TaLink links[2];
		int count = ta_decl_links(decl, links);

		for (int i = 0; i < count; i++)
		{
			if (ta_ident_same(links[i].reference, reference->name) &&
				(links[i].from_child ? first : ta_ident_same(links[i].parent, target)))
				views = lappend(views, decl);
		}
	}
	return views;
}

/* Takes polymorphic states apart: each target has a table, types, indexes and rights of its own. */
void
ta_subject_split(TaSubject *subject)
{
	ListCell *lc;

	foreach(lc, subject->states)
	{
		TaState *state = lfirst(lc);
		ListCell *lf;

		if (state->problem != NULL || state->reference->type_column == NULL)
		{
			subject->facets = lappend(subject->facets, state);
			continue;
		}
		if (!ta_state_stands(state))
			continue;
		foreach(lf, ta_state_facets(state))
		{
			TaState *facet = lfirst(lf);
			TaReference *reference = unconstify(TaReference *, facet->reference);

			if (facet->filter == NULL)
				continue;
			reference->views =
				views_of(state->reference, reference->parent, ta_subject_leads(facet));
			facet->unique_index = ta_facet_unique_index(facet);
			subject->facets = lappend(subject->facets, facet);
		}
		foreach(lf, state->natives)
		{
			if (((TaState *) lfirst(lf))->missing == NIL)
				subject->natives = lappend(subject->natives, lfirst(lf));
		}
	}
}

/* Whether it is no facet, or the first of its reference: what is one fact of all targets is told of it. */
bool
ta_subject_leads(const TaState *facet)
{
	const TaStateTarget *first = facet->whole != NULL ? linitial(facet->whole->targets) : NULL;

	return first == NULL || ta_ident_same(first->target->model, facet->reference->parent);
}

/* Whether it is the facet of a reference that native keys enforce, or a native. */
bool
ta_subject_by_natives(const TaState *facet)
{
	return facet->whole != NULL && facet->mode == TA_MODE_FOREIGN_KEY;
}

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
	foreach(lc, subject->facets)
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

/* A hash table in the current context, whose entries begin with the OID of a table, or whatever they are found by. */
HTAB *
ta_subject_by_oid(const char *name, Size entry_size)
{
	HASHCTL ctl = {.keysize = sizeof(Oid), .entrysize = entry_size, .hcxt = CurrentMemoryContext};

	return hash_create(name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}
