/*
 * src/model/naming.c
 *		Conventions: singular and plural, aliases, foreign-key names, style.
 *
 * Pure: names in, names out.  The English here is small on purpose; what it
 * makes is always told to the user, and define_model(singular, plural) and the
 * alias and foreign_key options override it.
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"

#include "base/ident.h"
#include "model/naming.h"

static const char *const irregular[][2] = {
	{"person", "people"},
	{"child", "children"},
	{"man", "men"},
	{"woman", "women"},
	{"mouse", "mice"},
	{"goose", "geese"},
	{"tooth", "teeth"},
	{"foot", "feet"},
	{"ox", "oxen"},
	{"datum", "data"},
	{"medium", "media"},
	{"criterion", "criteria"},
	{"phenomenon", "phenomena"},
	{"index", "indices"},
	{"vertex", "vertices"},
	{"matrix", "matrices"},
	{"quiz", "quizzes"},
	{"movie", "movies"},
	{"cookie", "cookies"},
	{"zombie", "zombies"},
	{"pie", "pies"},
	{"tie", "ties"},
	{"hero", "heroes"},
	{"potato", "potatoes"},
	{"tomato", "tomatoes"},
	{"echo", "echoes"},
	{"leaf", "leaves"},
	{"half", "halves"},
	{"knife", "knives"},
	{"life", "lives"},
	{"wife", "wives"},
	{"wolf", "wolves"},
	{"shelf", "shelves"},
	{"calf", "calves"},
	{"thief", "thieves"},
	{"loaf", "loaves"},
	{"self", "selves"},
	{"bus", "buses"},
	{"gas", "gases"},
	{"lens", "lenses"},
	{"alias", "aliases"},
	{"axis", "axes"},
	{"crisis", "crises"},
	{"analysis", "analyses"},
	{"basis", "bases"},
	{"thesis", "theses"},
	{"diagnosis", "diagnoses"},
	{"hypothesis", "hypotheses"},
	{"cache", "caches"},
	{"niche", "niches"},
	{"use", "uses"},
};

static const char *const uncountable[] = {
	"news",  "sheep", "series",  "species",   "equipment", "information",
	"fish",  "money", "rice",    "deer",      "metadata",  "feedback",
	"staff", "music", "traffic", "furniture", "luggage",   "advice",
};

/* Where the last word of a compound begins: OrderItem, order_item. */
static const char *
last_word(const char *name)
{
	const char *word = name;

	for (const char *c = name + 1; name[0] != '\0' && *c != '\0'; c++)
	{
		if (c[-1] == '_' || c[-1] == ' ' || c[-1] == '-' ||
			(isupper((unsigned char) *c) && islower((unsigned char) c[-1])))
			word = c;
	}
	return word;
}

/* before + word, with the word's first letter in the case of the model's. */
static char *
replace_word(const char *name, const char *word, const char *with)
{
	char *result = psprintf("%.*s%s", (int) (word - name), name, with);

	if (isupper((unsigned char) *word))
		result[word - name] = toupper((unsigned char) result[word - name]);
	return result;
}

static bool
ends_with(const char *word, const char *ending)
{
	size_t length = strlen(word);
	size_t tail = strlen(ending);

	return length > tail && pg_strcasecmp(word + length - tail, ending) == 0;
}

static bool
is_uncountable(const char *word)
{
	for (int i = 0; i < lengthof(uncountable); i++)
	{
		if (pg_strcasecmp(word, uncountable[i]) == 0)
			return true;
	}
	return false;
}

/* The irregular partner: from column `from` of the table to the other, or NULL. */
static const char *
irregular_form(const char *word, int from)
{
	for (int i = 0; i < lengthof(irregular); i++)
	{
		if (pg_strcasecmp(word, irregular[i][from]) == 0)
			return irregular[i][1 - from];
	}
	return NULL;
}

/* The name without its last `drop` bytes, plus the ending. */
static char *
with_ending(const char *name, int drop, const char *ending)
{
	return psprintf("%.*s%s", (int) strlen(name) - drop, name, ending);
}

static bool
is_consonant(char c)
{
	return isalpha((unsigned char) c) && strchr("aeiouAEIOU", c) == NULL;
}

/* User -> Users, OrderItem -> OrderItems, category -> categories. */
char *
ta_name_plural(const char *name)
{
	const char *word = last_word(name);
	size_t length = strlen(word);
	const char *form = irregular_form(word, 0);

	if (length == 0 || is_uncountable(word) || irregular_form(word, 1) != NULL)
		return pstrdup(name);
	if (form != NULL)
		return replace_word(name, word, form);
	if (!isalpha((unsigned char) word[length - 1]))
		return pstrdup(name);
	if (length > 1 && ends_with(word, "y") && is_consonant(word[length - 2]))
		return with_ending(name, 1, "ies");
	if (ends_with(word, "s") || ends_with(word, "x") || ends_with(word, "z") ||
		ends_with(word, "ch") || ends_with(word, "sh"))
		return with_ending(name, 0, "es");
	return with_ending(name, 0, "s");
}

/* Users -> User, order_items -> order_item; a name that is no plural stays. */
char *
ta_name_singular(const char *name)
{
	const char *word = last_word(name);
	const char *form = irregular_form(word, 1);

	if (is_uncountable(word) || irregular_form(word, 0) != NULL)
		return pstrdup(name);
	if (form != NULL)
		return replace_word(name, word, form);
	if (ends_with(word, "ies"))
		return with_ending(name, 3, "y");
	/* warehouses, causes, prizes: the e is the word's own */
	if (ends_with(word, "ouses") || ends_with(word, "auses") || ends_with(word, "izes"))
		return with_ending(name, 1, "");
	if (ends_with(word, "sses") || ends_with(word, "xes") || ends_with(word, "zes") ||
		ends_with(word, "ches") || ends_with(word, "shes") || ends_with(word, "uses"))
		return with_ending(name, 2, "");
	if (ends_with(word, "ss") || ends_with(word, "us") || ends_with(word, "is") ||
		!ends_with(word, "s"))
		return pstrdup(name);
	return with_ending(name, 1, "");
}

/* OrderItem -> order_item, HTTPRequest -> http_request. */
char *
ta_name_snake(const char *name)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const char *c = name; *c != '\0'; c++)
	{
		bool upper = isupper((unsigned char) *c);
		bool starts_word = c > name && upper && c[-1] != '_' &&
						   (!isupper((unsigned char) c[-1]) || islower((unsigned char) c[1]));

		if (starts_word)
			appendStringInfoChar(&buf, '_');
		appendStringInfoChar(&buf, *c == ' ' || *c == '-' ? '_' : tolower((unsigned char) *c));
	}
	return buf.data;
}

char *
ta_name_lower_first(const char *name)
{
	char *result = pstrdup(name);

	result[0] = tolower((unsigned char) result[0]);
	return result;
}

static char *
upper_first(const char *name)
{
	char *result = pstrdup(name);

	result[0] = toupper((unsigned char) result[0]);
	return result;
}

/* The default alias of an association to the model: todos, order_items; user. */
char *
ta_name_alias(const TaModel *model, bool many)
{
	const char *name;

	if (many)
		name =
			model->plural != NULL ? model->plural : ta_name_plural(ta_name_singular(model->name));
	else
		name = model->singular != NULL ? model->singular : ta_name_singular(model->name);
	return ta_ident_clip(ta_name_lower_first(name));
}

/* What a foreign key to the model is named after when no alias says it better. */
char *
ta_name_stem(const TaModel *model)
{
	return ta_name_alias(model, false);
}

/* userId, user_id */
char *
ta_name_foreign_key(const char *stem, const char *key, bool snake)
{
	char *name = snake ? psprintf("%s_%s", ta_name_snake(stem), ta_name_snake(key))
					   : psprintf("%s%s", stem, upper_first(key));

	return ta_ident_clip(name);
}

/* The names by which such a foreign key may go: userId, user_id, UserId; each once. */
List *
ta_name_foreign_keys(const char *stem, const char *key)
{
	List *names = NIL;
	char *candidates[4];

	candidates[0] = ta_name_foreign_key(stem, key, false);
	candidates[1] = ta_name_foreign_key(stem, key, true);
	candidates[2] = upper_first(candidates[0]);
	candidates[3] = ta_ident_clip(psprintf("%s_%s", stem, key));
	for (int i = 0; i < lengthof(candidates); i++)
	{
		if (!ta_ident_list_has(names, candidates[i]))
			names = lappend(names, candidates[i]);
	}
	return names;
}

/* The same of a column that holds many: tagIds, tag_ids, TagIds. */
List *
ta_name_foreign_key_arrays(const char *stem, const char *key)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, ta_name_foreign_keys(stem, key))
	{
		char *name = ta_ident_clip(ta_name_plural(lfirst(lc)));

		if (!ta_ident_list_has(names, name))
			names = lappend(names, name);
	}
	return names;
}

static bool
has_upper(const char *name)
{
	for (; *name != '\0'; name++)
	{
		if (isupper((unsigned char) *name))
			return true;
	}
	return false;
}

/* Whether the table writes its columns as snake_case: most of those tell that tell, else its name does. */
bool
ta_name_style_is_snake(List *columns, const char *table)
{
	int snake = 0;
	int camel = 0;
	ListCell *lc;

	foreach(lc, columns)
	{
		const char *name = lfirst(lc);

		if (has_upper(name))
			camel++;
		else if (strchr(name, '_') != NULL)
			snake++;
	}
	if (snake != camel)
		return snake > camel;
	return !has_upper(table);
}

/* The tables that a model of this name may stand for: Todo, Todos, todo, todos; each once. */
List *
ta_name_tables(const char *model)
{
	List *names = NIL;
	char *candidates[4];

	candidates[0] = pstrdup(model);
	candidates[1] = ta_name_plural(model);
	candidates[2] = ta_name_snake(model);
	candidates[3] = ta_name_snake(candidates[1]);
	for (int i = 0; i < lengthof(candidates); i++)
	{
		if (!ta_ident_list_has(names, candidates[i]))
			names = lappend(names, candidates[i]);
	}
	return names;
}
