/*
 * src/load/query_short.c
 *		The short form of a query: 'todos.tags,profile'.
 *
 * Associations to include, separated by commas; a dot goes on from what was
 * included.  What begins alike is one include: 'todos.tags,todos.user' loads
 * todos once.
 */
#include "postgres.h"

#include "base/ident.h"
#include "load/query.h"

/* The include of this association that goes on from dotted names, or NULL. */
static TaQuery *
find_include(TaQuery *query, const char *association)
{
	ListCell *lc;

	foreach(lc, query->include)
	{
		TaQuery *include = lfirst(lc);

		if (include->merges && strcmp(include->association, association) == 0)
			return include;
	}
	return NULL;
}

/* Includes 'todos.tags' in the level; path says where the name was written. */
void
ta_query_include_dotted(TaQuery *query, const char *dotted, const char *path)
{
	const char *start = dotted;

	for (;;)
	{
		const char *end = strchrnul(start, '.');
		char *name = ta_ident_trim(start, end);
		TaQuery *include;

		if (name[0] == '\0')
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("an association's name is missing in \"%s\"", dotted),
							errdetail("At %s.", ta_query_at(path)),
							errhint("Write associations with dots and commas between them: "
									"todos.tags,profile.")));
		include = find_include(query, name);
		if (include == NULL)
		{
			include = ta_query_make(path);
			include->association = name;
			include->merges = true;
			query->include = lappend(query->include, include);
		}
		query = include;
		if (*end == '\0')
			return;
		start = end + 1;
	}
}

/* The short form; raises 22023. */
TaQuery *
ta_query_parse_short(const char *text)
{
	TaQuery *query = ta_query_make("");
	const char *start = text;

	for (;;)
	{
		const char *end = strchrnul(start, ',');
		char *item = ta_ident_trim(start, end);

		ta_query_include_dotted(query, item, item);
		if (*end == '\0')
			return query;
		start = end + 1;
	}
}
