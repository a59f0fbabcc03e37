/*
 * src/base/ident.c
 *		Identifiers: the one place that quotes, qualifies, splits and invents them.
 *
 * No convention lives here (that is model/naming); names come in and go out
 * exactly as typed, never folded.  Results are in the caller's context.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "base/ident.h"

/* The name as it must be written in SQL. */
char *
ta_ident_quote(const char *name)
{
	return pstrdup(quote_identifier(name));
}

/* schema.name as it must be written in SQL. */
char *
ta_ident_qualify(const char *schema, const char *name)
{
	return quote_qualified_identifier(schema, name);
}

/* "a", "b" */
char *
ta_ident_columns(List *columns)
{
	return ta_ident_prefixed_columns("", columns);
}

/* prefix"a", prefix"b"; the prefix is written as it comes: 't.', '($1).' */
char *
ta_ident_prefixed_columns(const char *prefix, List *columns)
{
	StringInfoData buf;
	ListCell *lc;

	initStringInfo(&buf);
	foreach(lc, columns)
		appendStringInfo(&buf, "%s%s%s", lc == list_head(columns) ? "" : ", ", prefix,
						 quote_identifier(lfirst(lc)));
	return buf.data;
}

/* A copy of the text from start to before end, without white space at its ends. */
char *
ta_ident_trim(const char *start, const char *end)
{
	while (start < end && scanner_isspace(*start))
		start++;
	while (end > start && scanner_isspace(end[-1]))
		end--;
	return pnstrdup(start, end - start);
}

/* Raises unless every name can be a column's (or a model's) name and none comes twice. */
static void
check_names(List *names, const char *argument, const char *what)
{
	ListCell *lc;

	if (names == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" names no %s", argument, what),
						strcmp(what, "column") == 0
							? errhint("Write it as 'userId', 'tenant_id, user_id' or "
									  "'{tenant_id,user_id}', or leave it out.")
							: errhint("Write it as 'Post, Photo', or leave it out.")));

	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		ListCell *other;

		if (name[0] == '\0')
			ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
							errmsg("argument \"%s\" holds an empty %s name", argument, what)));
		if (strlen(name) >= NAMEDATALEN)
			ereport(ERROR,
					(errcode(ERRCODE_NAME_TOO_LONG),
					 errmsg("%s name \"%s\" in argument \"%s\" is too long", what, name, argument),
					 errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
		for_each_cell(other, names, lnext(names, lc))
		{
			if (strcmp(name, lfirst(other)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("argument \"%s\" names %s \"%s\" twice", argument, what, name)));
		}
	}
}

/* Splits a list of names, checked. */
static List *
split(const char *text, const char *argument, const char *what)
{
	List *names = NIL;
	const char *start = text;

	if (text == NULL)
		return NIL;

	while (scanner_isspace(*start))
		start++;

	if (*start == '{')
		names = ta_ident_from_array(start);
	else if (*start != '\0')
	{
		for (;;)
		{
			const char *end = strchrnul(start, ',');

			names = lappend(names, ta_ident_trim(start, end));
			if (*end == '\0')
				break;
			start = end + 1;
		}
	}

	check_names(names, argument, what);
	return names;
}

/*
 * Splits a column option: 'userId', 'tenant_id, user_id' or
 * '{tenant_id,user_id}' (an array literal, for names with commas or outer
 * blanks).  Names are taken exactly as typed.  NULL gives NIL; an empty list,
 * an empty or too long name and a repeated one raise, naming the argument.
 */
List *
ta_ident_split(const char *text, const char *argument)
{
	return split(text, argument, "column");
}

/* The same for an option that names models. */
List *
ta_ident_split_models(const char *text, const char *argument)
{
	return split(text, argument, "model");
}

/* The elements of a text array's output, '{a,"b c"}'; NULL gives NIL. */
List *
ta_ident_from_array(const char *array_text)
{
	List *names = NIL;
	Datum array;
	Datum *elements;
	bool *nulls;
	int count;

	if (array_text == NULL)
		return NIL;

	array = OidInputFunctionCall(F_ARRAY_IN, pstrdup(array_text), TEXTOID, -1);
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, &count);
	for (int i = 0; i < count; i++)
		names = lappend(names, nulls[i] ? pstrdup("") : TextDatumGetCString(elements[i]));
	return names;
}

/* The reverse: the text form of a text array, or NULL for NIL. */
char *
ta_ident_to_array(List *names)
{
	Datum *elements;
	int count = 0;
	ListCell *lc;

	if (names == NIL)
		return NULL;

	elements = palloc(sizeof(Datum) * list_length(names));
	foreach(lc, names)
		elements[count++] = CStringGetTextDatum(lfirst(lc));
	return OidOutputFunctionCall(F_ARRAY_OUT,
								 PointerGetDatum(construct_array(elements, count, TEXTOID, -1,
																 false, TYPALIGN_INT)));
}

/*
 * Column names as one would type them for ta_ident_split: 'a, b', or an array
 * literal where a name has a comma, a brace or outer blanks.  NULL for NIL.
 */
char *
ta_ident_typed(List *names)
{
	StringInfoData out;
	ListCell *lc;

	if (names == NIL)
		return NULL;
	initStringInfo(&out);
	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		size_t length = strlen(name);

		if (length == 0 || name[0] == '{' || strchr(name, ',') != NULL ||
			scanner_isspace(name[0]) || scanner_isspace(name[length - 1]))
			return ta_ident_to_array(names);
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", name);
	}
	return out.data;
}

/* Whether both texts are the same, or both NULL. */
bool
ta_ident_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether both lists hold the same names in the same order. */
bool
ta_ident_lists_equal(List *a, List *b)
{
	ListCell *la;
	ListCell *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
	{
		if (strcmp(lfirst(la), lfirst(lb)) != 0)
			return false;
	}
	return true;
}

/* Whether the list (of char *) holds the name. */
bool
ta_ident_list_has(List *names, const char *name)
{
	ListCell *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/* The name cut to what a name may hold, never inside a character. */
char *
ta_ident_clip(const char *name)
{
	return pnstrdup(name, pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1));
}

/* The name with a number behind it, cut so that both fit: commentablePostId2; 0: without. */
char *
ta_ident_numbered(const char *name, int number)
{
	char *digits = number == 0 ? pstrdup("") : psprintf("%d", number);
	int room = NAMEDATALEN - 1 - (int) strlen(digits);

	return psprintf("%s%s", pnstrdup(name, pg_mbcliplen(name, (int) strlen(name), room)), digits);
}

/*
 * Invents the name that PostgreSQL would choose for an object of the table:
 * table_columns_label, each part cut so that the whole has at most 63 bytes,
 * with a number behind the label while taken() says that it exists.
 */
char *
ta_ident_invent(const char *table, List *columns, const char *label,
				bool (*taken)(const char *name, void *arg), void *arg)
{
	StringInfoData addition;
	ListCell *lc;

	/* as ChooseIndexNameAddition and ChooseForeignKeyConstraintNameAddition: no more than fits */
	initStringInfo(&addition);
	foreach(lc, columns)
	{
		if (addition.len > 0)
			appendStringInfoChar(&addition, '_');
		appendStringInfoString(&addition, lfirst(lc));
		if (addition.len >= NAMEDATALEN)
			break;
	}

	for (int pass = 0;; pass++)
	{
		char *numbered = pass == 0 ? pstrdup(label) : psprintf("%s%d", label, pass);
		char *name = makeObjectName(table, addition.len > 0 ? addition.data : NULL,
									numbered[0] == '\0' ? NULL : numbered);

		if (!taken(name, arg))
			return name;
	}
}
