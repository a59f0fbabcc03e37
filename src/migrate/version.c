/*
 * src/migrate/version.c
 *		Dotted numeric versions: 1.2 comes before 1.10.
 *
 * To PostgreSQL a version is any text and has no order; a migration needs one.
 * Pure.
 */
#include "postgres.h"

#include "migrate/version.h"

/* Whether the text is numbers with dots between them. */
bool
ta_version_is_numeric(const char *version)
{
	bool digit = false;

	for (const char *c = version; *c != '\0'; c++)
	{
		if (*c >= '0' && *c <= '9')
			digit = true;
		else if (*c == '.' && digit)
			digit = false;
		else
			return false;
	}
	return digit;
}

/* Compares two numbers of any length, digit by digit; moves both past them. */
static int
compare_numbers(const char **a, const char **b)
{
	size_t left;
	size_t right;
	int result;

	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	left = strspn(*a, "0123456789");
	right = strspn(*b, "0123456789");
	result = left != right ? (left < right ? -1 : 1) : strncmp(*a, *b, left);
	*a += left;
	*b += right;
	return result;
}

/* Negative, zero, positive as for strcmp.  1.0 and 1.00 are two names of one place: the text decides. */
int
ta_version_compare(const char *a, const char *b)
{
	const char *left = a;
	const char *right = b;

	if (!ta_version_is_numeric(a) || !ta_version_is_numeric(b))
	{
		/* what is no number comes after all that are */
		if (ta_version_is_numeric(a) != ta_version_is_numeric(b))
			return ta_version_is_numeric(a) ? -1 : 1;
		return strcmp(a, b);
	}
	for (;;)
	{
		int result = compare_numbers(&left, &right);

		if (result != 0)
			return result;
		if (*left == '\0' || *right == '\0')
			break;
		left++;
		right++;
	}
	if (*left != *right)
		return *left == '\0' ? -1 : 1;
	return strcmp(a, b);
}

/* The same for a list of char *. */
int
ta_version_compare_cells(const ListCell *a, const ListCell *b)
{
	return ta_version_compare(lfirst(a), lfirst(b));
}

/* The next version: its last number and one. */
char *
ta_version_next(const char *version)
{
	char *next = psprintf("0%s", version);
	const char *dot = strrchr(next, '.');
	char *first = next + (dot == NULL ? 0 : dot + 1 - next);
	char *digit = next + strlen(next) - 1;

	while (digit > first && *digit == '9')
		*digit-- = '0';
	if (*digit == '9')
	{
		/* 1.9 -> 1.10 */
		*digit = '0';
		next = psprintf("%.*s1%s", (int) (first - next), next, first);
	}
	else
		(*digit)++;
	/* the digit put in front was for a version that is one number: 9 -> 10 */
	return next[0] == '0' && next[1] != '\0' ? next + 1 : next;
}
