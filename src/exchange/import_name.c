/*
 * src/exchange/import_name.c
 *		Names for what is imported: models, aliases, other sides.
 *
 * Every name follows from the names in the database and from what is declared
 * by now, in the order in which keys are read; so the same database gives the
 * same names.  A name that is taken, by an alias, a column or a function of
 * the table's row, makes way for the next one of a list, and at last for one
 * with a number.
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"

#include "base/err.h"
#include "base/ident.h"
#include "exchange/import_name.h"
#include "model/naming.h"

/* ---- words ---- */

static bool
is_word_byte(char c)
{
	return isalnum((unsigned char) c) || IS_HIGHBIT_SET(c);
}

/* What is neither a letter nor a digit becomes one underscore, or nothing at the ends. */
static char *
clean(const char *name)
{
	StringInfoData out;
	bool gap = false;

	initStringInfo(&out);
	for (; *name != '\0'; name++)
	{
		if (!is_word_byte(*name))
		{
			gap = true;
			continue;
		}
		if (gap && out.len > 0)
			appendStringInfoChar(&out, '_');
		gap = false;
		appendStringInfoChar(&out, *name);
	}
	return out.data;
}

/* The first letter small; all of them where there is none: USERS is users. */
static char *
lower(const char *name)
{
	char *result = ta_name_lower_first(name);

	for (const char *c = name; *c != '\0'; c++)
	{
		if (islower((unsigned char) *c) || IS_HIGHBIT_SET(*c))
			return result;
	}
	for (char *c = result; *c != '\0'; c++)
		*c = tolower((unsigned char) *c);
	return result;
}

/* order_items -> OrderItems */
static char *
pascal(const char *name)
{
	StringInfoData out;
	bool starts = true;

	initStringInfo(&out);
	for (; *name != '\0'; name++)
	{
		if (!is_word_byte(*name))
		{
			starts = true;
			continue;
		}
		appendStringInfoChar(&out, starts ? toupper((unsigned char) *name) : *name);
		starts = false;
	}
	return out.data;
}

/* The two words as one name, in the style of the table. */
static char *
join(const TaImportTable *table, const char *first, const char *second)
{
	if (table->snake)
		return psprintf("%s_%s", first, second);
	return psprintf("%s%s", first, pascal(second));
}

/* user of users; a name without a letter is a row's. */
char *
ta_import_alias_one(const char *table)
{
	char *word = clean(table);

	return *word == '\0' ? pstrdup("row") : lower(ta_name_singular(word));
}

/* users */
char *
ta_import_alias_many(const char *table)
{
	char *word = clean(table);

	return *word == '\0' ? pstrdup("rows") : lower(ta_name_plural(ta_name_singular(word)));
}

/* Whether they are the same but for case and underscores. */
bool
ta_import_same_word(const char *a, const char *b)
{
	for (;;)
	{
		while (*a == '_')
			a++;
		while (*b == '_')
			b++;
		if (tolower((unsigned char) *a) != tolower((unsigned char) *b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

/* What a column is called before "_id": author of author_id and authorId; NULL: it has no such ending. */
char *
ta_import_role(const char *column, const char *key)
{
	const char *endings[] = {key, "id", "uuid", "fk"};

	for (int i = 0; i < lengthof(endings); i++)
	{
		size_t length = strlen(column);
		size_t tail = strlen(endings[i]);
		const char *at;
		char *role;

		if (tail == 0 || length <= tail)
			continue;
		at = column + length - tail;
		if (pg_strcasecmp(at, endings[i]) != 0 ||
			!(!is_word_byte(at[-1]) ||
			  (isupper((unsigned char) at[0]) && !isupper((unsigned char) at[-1]))))
			continue;
		role = lower(clean(pnstrdup(column, length - tail)));
		if (*role != '\0')
			return role;
	}
	return NULL;
}

/* ---- names in use ---- */

static bool
name_in(HTAB *taken, const char *key, HASHACTION action)
{
	bool found;

	hash_search(taken, key, action, &found);
	return found;
}

void
ta_import_take_model(HTAB *taken, const char *model)
{
	(void) name_in(taken, psprintf("m%s", model), HASH_ENTER);
}

void
ta_import_take_alias(HTAB *taken, const char *model, const char *alias)
{
	(void) name_in(taken, psprintf("a%s\n%s", model, alias), HASH_ENTER);
}

void
ta_import_take_function(HTAB *taken, Oid relid, const char *name)
{
	(void) name_in(taken, psprintf("f%u\n%s", relid, name), HASH_ENTER);
}

static bool
alias_free(const TaImport *import, const TaImportTable *table, const char *model, const char *alias)
{
	return *alias != '\0' && ta_rel_column(table->relid, alias) == NULL &&
		   !name_in(import->taken, psprintf("a%s\n%s", model, alias), HASH_FIND) &&
		   !name_in(import->taken, psprintf("f%u\n%s", table->relid, alias), HASH_FIND);
}

/* The name with a number behind it, which is not cut off. */
static char *
numbered(const char *name, int number)
{
	char *tail = psprintf("%d", number);
	char *shorter = pstrdup(name);

	while (strlen(shorter) + strlen(tail) >= NAMEDATALEN)
		shorter = ta_ident_clip(psprintf("%.*s", (int) strlen(shorter) - 1, shorter));
	return psprintf("%s%s", shorter, tail);
}

/* The first of the names that is free, else the last one with a number; taken from now on. */
static char *
choose_alias(TaImport *import, const TaImportTable *table, const char *model, List *names)
{
	char *alias = NULL;
	ListCell *lc;

	foreach(lc, names)
	{
		alias = ta_ident_clip(lfirst(lc));
		if (alias_free(import, table, model, alias))
			break;
		alias = NULL;
	}
	for (int number = 2; alias == NULL; number++)
	{
		alias = numbered(llast(names), number);
		if (!alias_free(import, table, model, alias))
			alias = NULL;
	}
	ta_import_take_alias(import->taken, model, alias);
	return alias;
}

/* ---- names ---- */

/* The table's name in the singular, as User and OrderItem; else with the schema before it, or a number behind. */
char *
ta_import_name_model(TaImport *import, TaImportTable *table)
{
	char *bare = pascal(ta_name_singular(clean(ta_rel_name(table->relid))));
	char *name;

	if (*bare == '\0')
		bare = pstrdup("Model");
	name = ta_ident_clip(bare);
	if (name_in(import->taken, psprintf("m%s", name), HASH_FIND))
		name = ta_ident_clip(psprintf("%s%s", pascal(ta_rel_schema(table->relid)), bare));
	bare = name;
	for (int number = 2; name_in(import->taken, psprintf("m%s", name), HASH_FIND); number++)
		name = numbered(bare, number);
	ta_import_take_model(import->taken, name);
	return name;
}

/* The role that the key's columns give its parent, and the column it was read from; or NULL. */
static char *
role_of(const TaImportKey *key, const char **column)
{
	ListCell *lc;
	ListCell *lk;

	/* in a composite key, the columns both tables have are those that other keys share */
	for (int pass = 0; pass < 2; pass++)
	{
		forboth(lc, key->fk.columns, lk, key->fk.key)
		{
			char *role = ta_import_role(lfirst(lc), lfirst(lk));

			if (role == NULL || (pass == 0 && list_length(key->fk.columns) > 1 &&
								 strcmp(lfirst(lc), lfirst(lk)) == 0))
				continue;
			*column = lfirst(lc);
			return role;
		}
	}
	return NULL;
}

/* The alias of the belongs_to: author of author_id, owner_user of owner, the parent's name where the column has none. */
char *
ta_import_name_to(TaImport *import, TaImportKey *key, const char **why)
{
	const TaImportTable *child = key->child;
	const char *one = key->parent->one;
	const char *column = linitial(key->fk.columns);
	char *role = role_of(key, &column);
	List *names = NIL;
	char *alias;

	if (role == NULL && list_length(key->fk.columns) == 1 &&
		strcmp(column, linitial(key->fk.key)) != 0 && !ta_import_same_word(column, one) &&
		!ta_import_same_word(column, psprintf("%s%s", one, (char *) linitial(key->fk.key))))
		role = join(child, lower(clean(column)), one);
	if (child == key->parent && (role == NULL || strcmp(role, one) == 0))
		names = list_make1(pstrdup("parent"));
	names = lappend(names, role != NULL ? role : pstrdup(one));
	if (role != NULL && strcmp(role, one) != 0)
		names = lappend(names, join(child, role, one));
	names = lappend(names, join(child, role != NULL ? role : one, "row"));
	alias = choose_alias(import, child, key->child_model, names);
	*why =
		psprintf("alias %s from %s%s", alias,
				 role != NULL ? psprintf("column %s", ta_ident_quote(column)) : "the target's name",
				 strcmp(alias, linitial(names)) == 0
					 ? ""
					 : psprintf(", for %s is taken", ta_ident_quote(linitial(names))));
	return alias;
}

/* The alias of a references_many: the target's name in the plural. */
char *
ta_import_name_array(TaImport *import, TaImportKey *key, const char **why)
{
	const TaImportTable *child = key->child;
	const char *many = key->parent->many;
	char *alias = choose_alias(import, child, key->child_model,
							   list_make2(pstrdup(many), join(child, many, "rows")));

	*why = psprintf("alias %s from the target's name%s", alias,
					strcmp(alias, many) == 0 ? ""
											 : psprintf(", for %s is taken", ta_ident_quote(many)));
	return alias;
}

/* How many imported keys lead from the child to the parent. */
static int
count_siblings(const TaImportKey *key)
{
	int count = 0;
	ListCell *lc;

	foreach(lc, key->child->keys)
	{
		TaImportKey *other = lfirst(lc);

		count += other->problem == NULL && other->parent == key->parent;
	}
	return count;
}

/* The alias of the other side: posts, or posts_by_author where several keys lead there; children of a parent. */
char *
ta_import_name_back(TaImport *import, TaImportKey *key, bool one, const char **why)
{
	const TaImportTable *child = key->child;
	const char *base = one ? child->one : child->many;
	const char *to = key->alias != NULL ? key->alias : key->declared_to;
	bool self = child == key->parent;
	List *names = NIL;
	char *alias;

	if (self && to != NULL && strcmp(to, "parent") == 0)
		names = list_make1(pstrdup(one ? "child" : "children"));
	else if (!self && (to == NULL || count_siblings(key) == 1 || strcmp(to, key->parent->one) == 0))
		names = list_make1(pstrdup(base));
	if (to != NULL)
		names = lappend(names, join(child, base, join(child, "by", to)));
	alias = choose_alias(import, key->parent, key->parent_model, names);
	*why = psprintf("alias %s from the table's name%s", alias,
					strcmp(alias, base) == 0 ? "" : " and the other side's");
	return alias;
}

/* The alias of a belongs_to_many: the role of the other side in the plural, else with the junction's name. */
char *
ta_import_name_across(TaImport *import, TaImportKey *here, TaImportKey *there)
{
	const TaImportTable *junction = here->child;
	const char *to = there->alias != NULL ? there->alias : there->declared_to;
	char *many = to == NULL || strcmp(to, there->parent->one) == 0 ? pstrdup(there->parent->many)
																   : ta_name_plural(to);

	return choose_alias(import, here->parent, here->parent_model,
						list_make2(many, join(junction, many,
											  join(junction, "through", junction->many))));
}
