/*
 * src/store/restored.c
 *		What a restore may load in any order.
 *
 * The triggers of a package's tables are made by its script, so they are there
 * before the rows that a restore loads; and pg_dump orders the rows of such
 * tables by native keys alone.  A session that restores therefore loads them
 * unchecked, as it does where keys and triggers come after the rows: the
 * reference then is one whose rows are not known to be right.
 *
 * That a session restores is known by three things together: its CREATE
 * EXTENSION made the table and put the reference in force; and, when a row
 * comes, it has the settings that every script of pg_dump begins with, of which
 * no application has both.  Whoever made the table may switch its triggers off
 * anyway.  All other sessions are checked, also while it lasts.
 *
 * What is kept lives as long as the session.  A table whose transaction failed
 * is no other's: its OID tells.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "store/enforced.h"
#include "store/restored.h"

typedef struct Noted
{
	Oid child;
	char *reference;
	/* where it was last said that rows are unchecked */
	FullTransactionId transaction;
	SubTransactionId subtransaction;
} Noted;

static List *noted = NIL;

static Noted *
find(const char *reference, Oid child)
{
	ListCell *lc;

	foreach(lc, noted)
	{
		Noted *note = lfirst(lc);

		if (note->child == child && strcmp(note->reference, reference) == 0)
			return note;
	}
	return NULL;
}

/* Whether the transaction has made the table. */
static bool
is_new(Oid relid)
{
	Relation rel = relation_open(relid, AccessShareLock);
	bool result = rel->rd_createSubid != InvalidSubTransactionId;

	relation_close(rel, NoLock);
	return result;
}

/* Triggers enforce the reference now: kept if an extension's script, which also made the table, did that. */
void
ta_restored_note(const char *reference, Oid child)
{
	MemoryContext caller;
	Noted *note;

	if (!creating_extension || !is_new(child) || find(reference, child) != NULL)
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	note = palloc0(sizeof(Noted));
	note->child = child;
	note->reference = pstrdup(reference);
	noted = lappend(noted, note);
	MemoryContextSwitchTo(caller);
}

/*
 * Whether the session restores, so that a row of the child is not to be checked:
 * then the reference's rows count as unchecked.  Costs nothing in a session that
 * has made no package.
 */
bool
ta_restored_passes(const char *reference, Oid child)
{
	Noted *note;

	if (noted == NIL || creating_extension || check_function_bodies ||
		namespace_search_path[0] != '\0')
		return false;
	note = find(reference, child);
	if (note == NULL)
		return false;
	/* once is enough, until that may be rolled back */
	if (!FullTransactionIdEquals(note->transaction, GetTopFullTransactionId()) ||
		note->subtransaction != GetCurrentSubTransactionId())
	{
		ta_enforced_set_validated(reference, false);
		note->transaction = GetTopFullTransactionId();
		note->subtransaction = GetCurrentSubTransactionId();
	}
	return true;
}
