/*
 * src/watch/apart.c
 *		What a session takes apart piece by piece.
 *
 * Tables whose constraints, and accessors that, this session has dropped by
 * hand: "schema.table" and "schema.alias".  Who takes an association apart
 * piece by piece is not held by what is left of it: so a script of pg_dump
 * --clean, which drops keys and functions first, and then tables in no order
 * of ours.  Lives as long as the session; forgets all when it is many.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/ident.h"
#include "watch/watch.h"

static List *apart = NIL;

#define APART_LIMIT 10000

/* A constraint of the table, or the accessor, was dropped by name. */
void
ta_apart_take(const char *schema, const char *name)
{
	char *key = ta_ident_qualify(schema, name);
	MemoryContext caller;

	if (ta_ident_list_has(apart, key))
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	if (list_length(apart) >= APART_LIMIT)
	{
		list_free_deep(apart);
		apart = NIL;
	}
	apart = lappend(apart, pstrdup(key));
	MemoryContextSwitchTo(caller);
}

/* The table is gone: what comes under its name is another. */
void
ta_apart_forget(const char *schema, const char *table)
{
	char *key = ta_ident_qualify(schema, table);
	ListCell *lc;

	foreach(lc, apart)
	{
		if (strcmp(lfirst(lc), key) == 0)
			apart = foreach_delete_current(apart, lc);
	}
}

/* Whether this session has dropped the accessor of that name, or a constraint of the table. */
bool
ta_apart_has(const char *schema, const char *name)
{
	return apart != NIL && ta_ident_list_has(apart, ta_ident_qualify(schema, name));
}
