/*
 * src/check/ignore.c
 *		Findings that are not to be shown.
 *
 * Hiding a finding hides it from everybody.  So a code as a whole, and the
 * baseline, are for the owner of the extension; what is about one association
 * is also for the owner of its table.  The rows are store/ignored's.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/hsearch.h"

#include "base/err.h"
#include "base/ident.h"
#include "check/finding.h"
#include "check/ignore.h"
#include "model/lookup.h"
#include "pg/extension.h"
#include "pg/facts.h"

static bool
owns_extension(void)
{
	TaExtension *extension = ta_ext(get_extension_oid("todo_assoc", true));

	return extension != NULL && has_privs_of_role(GetUserId(), extension->owner);
}

/* Raises for who may not say what nobody is shown. */
void
ta_ignore_check_owner(void)
{
	if (!owns_extension())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of extension %s", "todo_assoc"),
				 errdetail("What is ignored as a whole is hidden from everybody."),
				 errhint("The owner of a table may ignore findings of its associations: SELECT "
						 "assoc.ignore('code', 'Model.alias').")));
}

/*
 * Raises for an unknown code or association, or for who may not ignore it.
 * code NULL: any; association NULL: all that are found.
 */
void
ta_ignore_check(const char *code, const char *association)
{
	TaDecl *decl;
	const TaModel *model;

	if (code != NULL && !ta_finding_code_known(code))
	{
		const char *nearest = ta_err_nearest(code, ta_finding_codes());

		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("no finding has the code \"%s\"", code),
						errdetail("The codes are %s.", ta_err_join(ta_finding_codes(), ", ")),
						nearest != NULL ? errhint("Did you mean \"%s\"?", nearest) : 0));
	}
	if (association == NULL)
	{
		ta_ignore_check_owner();
		return;
	}
	decl = linitial(ta_lookup_association(association));
	model = ta_cache_model(decl->model);
	if (!owns_extension() && model != NULL && OidIsValid(model->relid))
		ta_check_owner(model->relid);
}

static const char *
association_of(const TaFinding *finding)
{
	return finding->association != NULL ? finding->association : "";
}

/* What a baseline knows the finding by. */
static char *
lasting_message(const TaFinding *finding)
{
	return finding->lasting != NULL ? finding->lasting : finding->message;
}

static bool
is_ignored(const TaFinding *finding, List *rows)
{
	ListCell *lc;

	foreach(lc, rows)
	{
		TaIgnored *row = lfirst(lc);

		if (strcmp(row->code, finding->code) == 0 &&
			(row->message[0] == '\0' ? row->association[0] == '\0' ||
										   strcmp(row->association, association_of(finding)) == 0
									 : strcmp(row->association, association_of(finding)) == 0 &&
										   strcmp(row->message, lasting_message(finding)) == 0))
			return true;
	}
	return false;
}

/* Rows of one association; "" holds those that are of none. */
typedef struct Slot
{
	char association[2 * NAMEDATALEN + 1]; /* hash key */
	List *rows;
} Slot;

/* The findings without those that are ignored. */
List *
ta_ignore_filter(List *findings)
{
	HASHCTL ctl = {.keysize = 2 * NAMEDATALEN + 1,
				   .entrysize = sizeof(Slot),
				   .hcxt = CurrentMemoryContext};
	List *rows = ta_ignored_rows();
	List *everywhere = NIL;
	List *shown = NIL;
	HTAB *slots;
	ListCell *lc;

	if (rows == NIL)
		return findings;
	slots = hash_create("todo_assoc ignored findings", list_length(rows), &ctl,
						HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	foreach(lc, rows)
	{
		TaIgnored *row = lfirst(lc);
		bool found;
		Slot *slot;

		if (row->association[0] == '\0')
		{
			everywhere = lappend(everywhere, row);
			continue;
		}
		slot = hash_search(slots, row->association, HASH_ENTER, &found);
		slot->rows = found ? lappend(slot->rows, row) : list_make1(row);
	}
	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		Slot *slot = hash_search(slots, association_of(finding), HASH_FIND, NULL);

		if (!is_ignored(finding, everywhere) && (slot == NULL || !is_ignored(finding, slot->rows)))
			shown = lappend(shown, finding);
	}
	hash_destroy(slots);
	return shown;
}

/* Ignores each of the findings, as it is now; returns how many they were. */
int
ta_ignore_findings(List *findings, const char *reason)
{
	ListCell *lc;

	foreach(lc, findings)
	{
		TaFinding *finding = lfirst(lc);
		TaIgnored row = {.code = unconstify(char *, finding->code),
						 .association = unconstify(char *, association_of(finding)),
						 .message = lasting_message(finding),
						 .reason = unconstify(char *, reason)};

		(void) ta_ignored_put(&row);
	}
	return list_length(findings);
}
