/*
 * src/model/option.c
 *		Values of options: reading what was typed, and writing it back as SQL.
 *
 * The catalog keeps one canonical text per value; what is built from it goes
 * through the quoting here, so that no catalog row holds SQL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/spi.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "store/enforced.h"

/* ---- referential actions ---- */

static const struct
{
	char code;
	const char *words;
} actions[] = {
	{FKCONSTR_ACTION_NOACTION, "NO ACTION"},     {FKCONSTR_ACTION_RESTRICT, "RESTRICT"},
	{FKCONSTR_ACTION_CASCADE, "CASCADE"},        {FKCONSTR_ACTION_SETNULL, "SET NULL"},
	{FKCONSTR_ACTION_SETDEFAULT, "SET DEFAULT"},
};

/* A name as typed: "quoted" as in SQL, or exactly so. */
static char *
read_name(const char *start, const char *end)
{
	char *name = ta_ident_trim(start, end);
	size_t length = strlen(name);
	char *to = name;

	if (length < 2 || name[0] != '"' || name[length - 1] != '"')
		return name;
	for (char *from = name + 1; from < name + length - 1; from++)
	{
		if (from[0] == '"' && from[1] == '"')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return name;
}

/* Splits at commas that stand outside double quotes; the pieces are trimmed, not unquoted. */
static List *
split_items(const char *text, const char *end)
{
	List *items = NIL;
	const char *start = text;
	bool quoted = false;

	for (const char *c = text; c <= end; c++)
	{
		if (c < end && *c == '"')
			quoted = !quoted;
		else if (c == end || (*c == ',' && !quoted))
		{
			items = lappend(items, ta_ident_trim(start, c));
			start = c + 1;
		}
	}
	return items;
}

/* Raises: not an action. */
static void
bad_action(const char *typed, const char *argument)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a referential action (argument \"%s\")", typed, argument),
			 errhint("Use NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT; on_delete also "
					 "'SET NULL (column)'.")));
}

/*
 * An action as typed, in any case, with blanks or underscores, to its
 * canonical text; NULL stays NULL (unsaid).
 */
char *
ta_option_action(const char *typed, const char *argument)
{
	const char *open;
	char *words;
	List *columns = NIL;

	if (typed == NULL)
		return NULL;
	open = strchr(typed, '(');
	words = ta_ident_trim(typed, open != NULL ? open : typed + strlen(typed));
	for (char *c = words; *c != '\0'; c++)
	{
		if (*c == '_')
			*c = ' ';
	}
	if (open != NULL)
	{
		const char *close = strrchr(open, ')');
		ListCell *lc;

		if (close == NULL || *ta_ident_trim(close + 1, close + strlen(close)) != '\0')
			bad_action(typed, argument);
		foreach(lc, split_items(open + 1, close))
		{
			char *item = lfirst(lc);

			columns = lappend(columns, read_name(item, item + strlen(item)));
		}
	}

	for (int i = 0; i < lengthof(actions); i++)
	{
		if (pg_strcasecmp(words, actions[i].words) != 0)
			continue;
		if (columns != NIL &&
			(strcmp(argument, "on_delete") != 0 || (actions[i].code != FKCONSTR_ACTION_SETNULL &&
													actions[i].code != FKCONSTR_ACTION_SETDEFAULT)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" cannot name columns (argument \"%s\")", typed, argument),
					 errhint(
						 "Only ON DELETE SET NULL and SET DEFAULT can be limited to columns.")));
		return ta_action_text(actions[i].code, columns);
	}
	bad_action(typed, argument);
	return NULL;
}

/* The canonical text of an action: SET NULL ("userId"). */
char *
ta_action_text(char code, List *columns)
{
	for (int i = 0; i < lengthof(actions); i++)
	{
		if (actions[i].code == code)
			return columns == NIL
					   ? pstrdup(actions[i].words)
					   : psprintf("%s (%s)", actions[i].words, ta_ident_columns(columns));
	}
	elog(ERROR, "unknown referential action \"%c\"", code);
	return NULL;
}

/* The reverse, for text that ta_option_action made. */
TaAction
ta_action_parse(const char *canonical)
{
	TaAction action = {FKCONSTR_ACTION_NOACTION, NIL};
	const char *open = strchr(canonical, '(');
	char *words = ta_ident_trim(canonical, open != NULL ? open : canonical + strlen(canonical));

	for (int i = 0; i < lengthof(actions); i++)
	{
		if (strcmp(words, actions[i].words) == 0)
			action.code = actions[i].code;
	}
	if (open != NULL)
	{
		ListCell *lc;

		foreach(lc, split_items(open + 1, strrchr(open, ')')))
		{
			char *item = lfirst(lc);

			action.columns = lappend(action.columns, read_name(item, item + strlen(item)));
		}
	}
	return action;
}

/* The action as SQL, built anew: a row written directly may hold any text. */
char *
ta_action_sql(const char *stored)
{
	TaAction action = ta_action_parse(stored);

	return ta_action_text(action.code, action.columns);
}

/* ---- words of a small set ---- */

/* The member of the set that was typed, in any case; an unknown one raises. */
static char *
one_of(const char *typed, const char *const *set, int count, const char *argument, const char *hint)
{
	if (typed == NULL)
		return NULL;
	for (int i = 0; i < count; i++)
	{
		if (pg_strcasecmp(typed, set[i]) == 0)
			return pstrdup(set[i]);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value for argument \"%s\": \"%s\"", argument, typed),
					errhint("%s", hint)));
	return NULL;
}

char *
ta_option_deferral(const char *typed)
{
	static const char *const set[] = {"none", "immediate", "deferred"};

	return one_of(typed, set, lengthof(set), "deferral",
				  "Use none, immediate (DEFERRABLE INITIALLY IMMEDIATE) or deferred (DEFERRABLE "
				  "INITIALLY DEFERRED).");
}

char *
ta_deferral_text(bool deferrable, bool deferred)
{
	return pstrdup(!deferrable ? "none" : deferred ? "deferred" : "immediate");
}

char *
ta_option_enforce(const char *typed)
{
	static const char *const set[] = {"foreign_key", "none", "trigger", "statement"};
	bool available = ta_enforced_available();
	char *mode = one_of(typed, set, available ? lengthof(set) : 2, "enforce",
						available ? "Use foreign_key, trigger, statement or none."
								  : "Use foreign_key or none; triggers came with 1.3: ALTER "
									"EXTENSION todo_assoc UPDATE.");

	return mode;
}

/* Raises: the relation has no such column. */
static void
unknown_column(Oid relid, const char *name, const char *argument)
{
	const char *nearest = ta_err_nearest(name, ta_rel_column_names(relid));

	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("column \"%s\" of %s does not exist (argument \"%s\")", name,
						   ta_rel_shown(relid), argument),
					nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
									: errhint("Its columns are %s.",
											  ta_err_list(ta_rel_column_names(relid), 20))));
}

/* ---- order_by ---- */

/* Cuts the word off the end of the text, if it stands there after a blank. */
static bool
cut_word(char *text, const char *word)
{
	size_t length = strlen(text);
	size_t tail = strlen(word);

	if (length <= tail || pg_strcasecmp(text + length - tail, word) != 0 ||
		!scanner_isspace(text[length - tail - 1]))
		return false;
	length -= tail;
	while (length > 0 && scanner_isspace(text[length - 1]))
		length--;
	text[length] = '\0';
	return true;
}

/* One item: 'createdAt DESC NULLS LAST' or '-createdAt'. */
static char *
read_order_item(char *item, char **column)
{
	const char *nulls = "";
	const char *direction = "";

	if (cut_word(item, "first"))
		nulls = cut_word(item, "nulls") ? " NULLS FIRST" : NULL;
	else if (cut_word(item, "last"))
		nulls = cut_word(item, "nulls") ? " NULLS LAST" : NULL;
	if (nulls == NULL)
		return NULL;

	if (cut_word(item, "desc"))
		direction = " DESC";
	else if (!cut_word(item, "asc") && item[0] == '-')
	{
		direction = " DESC";
		item++;
	}
	*column = read_name(item, item + strlen(item));
	if ((*column)[0] == '\0')
		return NULL;
	return psprintf("%s%s%s", ta_ident_quote(*column), direction, nulls);
}

/*
 * The order as typed, a list of columns each with ASC or DESC (or - before it)
 * and NULLS FIRST or LAST, to its canonical text.
 */
char *
ta_option_order_by(const char *typed, Oid relid)
{
	List *canonical = NIL;
	ListCell *lc;

	if (typed == NULL)
		return NULL;
	foreach(lc, split_items(typed, typed + strlen(typed)))
	{
		char *column = NULL;
		char *item = read_order_item(pstrdup(lfirst(lc)), &column);

		if (item == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cannot read \"%s\" in argument \"order_by\"", (char *) lfirst(lc)),
					 errhint("Write a list of columns: 'createdAt DESC, id', '-createdAt', "
							 "'dueDate NULLS LAST'.")));
		if (OidIsValid(relid) && ta_rel_column(relid, column) == NULL)
			unknown_column(relid, column, "order_by");
		canonical = lappend(canonical, item);
	}
	return ta_err_join(canonical, ", ");
}

/*
 * ORDER BY's list from the canonical text, each column with the prefix ('t.').
 * Read and quoted anew: a row written directly may hold any text.
 */
char *
ta_order_sql(const char *order_by, const char *prefix)
{
	List *items = NIL;
	ListCell *lc;

	foreach(lc, split_items(order_by, order_by + strlen(order_by)))
	{
		char *column;
		char *item = read_order_item(pstrdup(lfirst(lc)), &column);

		/* what cannot be read is a column that is not there: the call says so */
		items = lappend(items,
						psprintf("%s%s", prefix, item != NULL ? item : ta_ident_quote(lfirst(lc))));
	}
	return ta_err_join(items, ", ");
}

/* The canonical text with a column renamed. */
char *
ta_order_rename(const char *order_by, const char *column, const char *new_name)
{
	List *items = NIL;
	ListCell *lc;

	foreach(lc, split_items(order_by, order_by + strlen(order_by)))
	{
		char *name = NULL;
		char *item = read_order_item(pstrdup(lfirst(lc)), &name);

		if (item != NULL && strcmp(name, column) == 0)
			item = psprintf("%s%s", ta_ident_quote(new_name), item + strlen(ta_ident_quote(name)));
		items = lappend(items, item != NULL ? item : lfirst(lc));
	}
	return ta_err_join(items, ", ");
}

/* The columns that it names. */
List *
ta_order_columns(const char *order_by)
{
	List *columns = NIL;
	ListCell *lc;

	foreach(lc, split_items(order_by, order_by + strlen(order_by)))
	{
		char *name = NULL;

		if (read_order_item(pstrdup(lfirst(lc)), &name) != NULL)
			columns = lappend(columns, name);
	}
	return columns;
}

/* ---- scope ---- */

/* The value as text; raises when it is none. */
static char *
scope_constant(const JsonbValue *value, const TaColumn *column)
{
	char *text = ta_json_scalar_text(value);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scope of column \"%s\" holds %s", column->name, ta_json_kind(value)),
				 errhint("Use a value, null, or a list of values.")));
	return text;
}

/*
 * Raises unless the column's type can read the value.  Only for who says the
 * scope, and only by the input of a plain type: a domain's checks, also within
 * an array or a row, are somebody's code, and everybody's call of declare() or
 * apply() renders every scope.
 */
static void
check_constant(const JsonbValue *value, const TaColumn *column)
{
	int32 typmod = column->typmod;
	Oid type = getBaseTypeAndTypmod(column->type, &typmod);
	char *text = ta_json_scalar_text(value);
	char kind = get_typtype(type);
	Oid input;
	Oid parameter;

	if (text == NULL || OidIsValid(get_element_type(type)) ||
		(kind != TYPTYPE_BASE && kind != TYPTYPE_ENUM))
		return;
	getTypeInputInfo(type, &input, &parameter);
	(void) OidInputFunctionCall(input, text, parameter, typmod);
}

/* The same for each value of a scope whose columns and shapes are right. */
static void
check_constants(Jsonb *jsonb, Oid relid)
{
	ListCell *lc;

	foreach(lc, ta_json_object(&jsonb->root))
	{
		TaJsonPair *pair = lfirst(lc);
		TaColumn *column = ta_rel_column(relid, pair->key);
		JsonbContainer *array = ta_json_container(pair->value, false);
		ListCell *lv;

		foreach(lv, array != NULL ? ta_json_array(array) : list_make1(pair->value))
			check_constant(lfirst(lv), column);
	}
}

/*
 * Whether values of the type can be read by PostgreSQL's code alone, whoever
 * does it: the checks of a domain within an array, a row or a range are
 * somebody's.
 */
bool
ta_scope_may_hold(Oid type)
{
	char kind = get_typtype(getBaseType(type));

	return !OidIsValid(get_element_type(getBaseType(type))) &&
		   (kind == TYPTYPE_BASE || kind == TYPTYPE_ENUM);
}

/*
 * column = 'value'::type, with the type's own equality.  enforced: by a domain's
 * base type, for whoever checks the rows must not run the domain's checks.
 */
static char *
scope_comparison(const JsonbValue *value, const TaColumn *column, const char *prefix, bool enforced)
{
	TaColumn plain = *column;

	if (value->type == jbvNull)
		return psprintf("%s%s IS NULL", prefix, ta_ident_quote(column->name));
	plain.collation = InvalidOid;
	if (enforced)
		plain.type = getBaseTypeAndTypmod(column->type, &plain.typmod);
	return psprintf("%s%s %s %s::%s", prefix, ta_ident_quote(column->name),
					ta_key_operator_sql(column->type, column->type),
					quote_literal_cstr(scope_constant(value, column)), ta_type_sql(&plain));
}

/* The condition of one column. */
static char *
scope_column_sql(const TaJsonPair *pair, Oid relid, const char *prefix, bool enforced)
{
	TaColumn *column = ta_rel_column(relid, pair->key);
	JsonbContainer *array = ta_json_container(pair->value, false);
	List *any = NIL;
	ListCell *lc;

	if (column == NULL)
		unknown_column(relid, pair->key, "scope");
	if (!OidIsValid(ta_key_operator(column->type, column->type)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("column \"%s\" of type %s cannot be in a scope", column->name,
							   ta_type_shown(column->type, column->typmod)),
						errdetail("The type has no default btree operator class.")));
	/* model/check has refused the reference before */
	if (enforced && !ta_scope_may_hold(column->type))
		elog(ERROR, "column \"%s\" of type %s cannot be in an enforced scope", column->name,
			 ta_type_shown(column->type, column->typmod));
	if (array == NULL)
		return scope_comparison(pair->value, column, prefix, enforced);

	foreach(lc, ta_json_array(array))
		any = lappend(any, scope_comparison(lfirst(lc), column, prefix, enforced));
	if (any == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("scope of column \"%s\" is an empty list", column->name),
						errhint("Use a value, null, or a list of values.")));
	return psprintf("(%s)", ta_err_join(any, " OR "));
}

static char *
scope_sql(const char *scope, Oid relid, const char *prefix, bool enforced)
{
	Jsonb *jsonb = ta_json_parse(scope);
	List *conditions = NIL;
	ListCell *lc;

	foreach(lc, ta_json_object(&jsonb->root))
		conditions = lappend(conditions, scope_column_sql(lfirst(lc), relid, prefix, enforced));
	return ta_err_join(conditions, " AND ");
}

/* Checks a scope, {column: value | [values] | null}, against the table; returns it as stored. */
char *
ta_option_scope(const char *json, Oid relid)
{
	Jsonb *jsonb;

	if (json == NULL)
		return NULL;
	jsonb = ta_json_parse(json);
	if (!JB_ROOT_IS_OBJECT(jsonb) || JB_ROOT_COUNT(jsonb) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"scope\" must be a JSON object with at least one column"),
				 errhint("For example '{\"status\": \"open\", \"kind\": [\"a\", \"b\"]}'.")));
	if (OidIsValid(relid))
	{
		(void) ta_scope_sql(json, relid, "");
		check_constants(jsonb, relid);
	}
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

/* $."status"[1] */
static char *
json_path(const char *key, int element)
{
	StringInfoData path;

	initStringInfo(&path);
	appendStringInfoString(&path, "$.");
	ta_json_put_string(&path, key);
	if (element >= 0)
		appendStringInfo(&path, "[%d]", element);
	return path.data;
}

/* One value of a condition; raises with its path when the column's type can't read it. */
static void
check_condition_value(const JsonbValue *value, const TaColumn *column, const char *path)
{
	MemoryContext context = CurrentMemoryContext;

	if (value->type != jbvNull && ta_json_scalar_text(value) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("condition of column \"%s\" holds %s", column->name, ta_json_kind(value)),
				 errdetail("At %s.", path), errhint("Use a value, null, or a list of values.")));
	PG_TRY();
	{
		check_constant(value, column);
	}
	PG_CATCH();
	{
		ErrorData *error;

		/* raised again at once: only where it stands is added */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->detail = psprintf("At %s of the condition.", path);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* One column of a condition. */
static void
check_condition_pair(const TaJsonPair *pair, Oid relid)
{
	TaColumn *column = ta_rel_column(relid, pair->key);
	JsonbContainer *array = ta_json_container(pair->value, false);
	List *values = array != NULL ? ta_json_array(array) : list_make1(pair->value);
	char *path = json_path(pair->key, -1);
	ListCell *lc;

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of %s does not exist", pair->key, ta_rel_shown(relid)),
				 errdetail("At %s of the condition.", path)));
	if (!OidIsValid(ta_key_operator(column->type, column->type)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("column \"%s\" of type %s cannot be in a condition", column->name,
							   ta_type_shown(column->type, column->typmod)),
						errdetail("The type has no default btree operator class; at %s.", path)));
	if (values == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("condition of column \"%s\" is an empty list", column->name),
				 errdetail("At %s.", path), errhint("Use a value, null, or a list of values.")));
	foreach(lc, values)
		check_condition_value(lfirst(lc), column,
							  array == NULL ? path
											: json_path(pair->key, foreach_current_index(lc)));
}

/* Checks a condition, {column: value | [values] | null}, against the child; returns it as stored. */
char *
ta_option_condition(const char *json, Oid relid)
{
	Jsonb *jsonb;
	ListCell *lc;

	if (json == NULL)
		return NULL;
	jsonb = ta_json_parse(json);
	if (!JB_ROOT_IS_OBJECT(jsonb) || JB_ROOT_COUNT(jsonb) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"condition\" must be a JSON object with at least one "
							   "column"),
						errhint("For example '{\"status\": [\"open\", \"held\"]}'.")));
	foreach(lc, OidIsValid(relid) ? ta_json_object(&jsonb->root) : NIL)
		check_condition_pair(lfirst(lc), relid);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

/* The scope as an SQL condition on the relation, each column with the prefix ('t.'). */
char *
ta_scope_sql(const char *scope, Oid relid, const char *prefix)
{
	return scope_sql(scope, relid, prefix, false);
}

/* The same of a scope that triggers enforce, for looking at rows as any user: it runs nobody's code. */
char *
ta_scope_test_sql(const char *scope, Oid relid, const char *prefix)
{
	return scope_sql(scope, relid, prefix, true);
}

/* The columns that the scope names. */
List *
ta_scope_columns(const char *scope)
{
	List *columns = NIL;
	ListCell *lc;

	foreach(lc, ta_json_object(&ta_json_parse(scope)->root))
		columns = lappend(columns, ((TaJsonPair *) lfirst(lc))->key);
	return columns;
}

static void
keep_text(HeapTuple tuple, TupleDesc desc, void *arg)
{
	*(char **) arg = ta_spi_text(tuple, desc, 1);
}

/* The scope with a column renamed. */
char *
ta_scope_rename(const char *scope, const char *column, const char *new_name)
{
	char *renamed = NULL;

	if (!ta_ident_list_has(ta_scope_columns(scope), column))
		return pstrdup(scope);
	ta_spi_fixed("SELECT (($1::pg_catalog.jsonb OPERATOR(pg_catalog.-) $2) OPERATOR(pg_catalog.||)"
				 " pg_catalog.jsonb_build_object($3, $1::pg_catalog.jsonb"
				 " OPERATOR(pg_catalog.->) $2))::pg_catalog.text",
				 list_make3((char *) scope, (char *) column, (char *) new_name), TA_AS_CALLER,
				 keep_text, &renamed);
	return renamed;
}
