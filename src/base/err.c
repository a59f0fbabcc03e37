/*
 * src/base/err.c
 *		What error reports share: nearest names and quoted lists for HINT and DETAIL.
 *
 * Knows nothing of associations.  Everything is allocated in the caller's
 * context.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/err.h"

/* varstr_levenshtein_less_equal refuses longer strings */
#define NEAREST_MAX_LENGTH 255

/* The name of the list that differs in the fewest letters, at most limit; case alone is no difference. */
static const char *
nearest(const char *wanted, List *names, int limit)
{
	int length = strlen(wanted);
	int best_distance = limit + 1;
	const char *best = NULL;
	ListCell *lc;

	if (length > NEAREST_MAX_LENGTH)
		return NULL;

	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		int distance;

		if (strlen(name) > NEAREST_MAX_LENGTH)
			continue;
		if (pg_strcasecmp(wanted, name) == 0)
			return name;
		distance = varstr_levenshtein_less_equal(wanted, length, name, strlen(name), 1, 1, 1,
												 best_distance, true);
		if (distance < best_distance)
		{
			best_distance = distance;
			best = name;
		}
	}
	return best;
}

/*
 * Returns the name of the list (of char *) most like the wanted one, or NULL
 * when none is near enough to be a likely slip: at most half of its letters
 * differ, and never more than three.
 */
const char *
ta_err_nearest(const char *wanted, List *names)
{
	return nearest(wanted, names, Min(3, Max(1, (int) strlen(wanted) / 2)));
}

/* The same for a name that may well be meant as it is: but one letter differs, or the case. */
const char *
ta_err_slip(const char *wanted, List *names)
{
	return nearest(wanted, names, 1);
}

/* The strings of the list (of char *) with the separator between them. */
char *
ta_err_join(List *names, const char *separator)
{
	StringInfoData buf;
	ListCell *lc;

	initStringInfo(&buf);
	foreach(lc, names)
	{
		if (lc != list_head(names))
			appendStringInfoString(&buf, separator);
		appendStringInfoString(&buf, lfirst(lc));
	}
	return buf.data;
}

/* The same for a sentence: ", " between, and no more than limit of them. */
char *
ta_err_list(List *names, int limit)
{
	if (list_length(names) <= limit)
		return ta_err_join(names, ", ");
	return psprintf("%s and %d more", ta_err_join(list_truncate(list_copy(names), limit), ", "),
					list_length(names) - limit);
}
