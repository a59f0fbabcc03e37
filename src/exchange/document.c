/*
 * src/exchange/document.c
 *		The document: {"models": {"User": {"has_many": {"todos": {...}}}},
 *		"ignored": [{"code": "fk_index_missing", "association": "Todo.user"}]}.
 *
 * Reading is strict: an unknown key, a wrong type or a missing target is an
 * error with the JSON path of the culprit.  Writing gives what was said and
 * leaves out what was inferred, ordered by name, so that it can be compared
 * and kept under version control.  One table says for both which options there
 * are.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "base/err.h"
#include "base/ident.h"
#include "exchange/document.h"

typedef enum OptionType
{
	OPTION_TEXT,
	OPTION_COLUMNS,
	OPTION_BOOL,
	OPTION_JSON
} OptionType;

#define KIND(kind) (1 << (kind))
/* a belongs_to of several targets has a key of its own, called as its function */
#define POLYMORPHIC ((TaKind) (TA_REFERENCES_MANY + 1))
#define POLY KIND(POLYMORPHIC)
#define HAS (KIND(TA_HAS_ONE) | KIND(TA_HAS_MANY))
#define MANY KIND(TA_BELONGS_TO_MANY)
#define ARRAY KIND(TA_REFERENCES_MANY)
#define ALL (KIND(TA_BELONGS_TO) | ARRAY | HAS | MANY)

static const struct
{
	const char *name;
	OptionType type;
	int kinds; /* which take it */
	size_t offset;
} options[] = {
	{"target", OPTION_TEXT, ALL, offsetof(TaDecl, target)},
	{"targets", OPTION_COLUMNS, POLY, offsetof(TaDecl, targets)},
	{"foreign_key", OPTION_COLUMNS, ALL | POLY, offsetof(TaDecl, foreign_key)},
	{"target_key", OPTION_COLUMNS, KIND(TA_BELONGS_TO) | ARRAY | MANY,
	 offsetof(TaDecl, target_key)},
	{"source_key", OPTION_COLUMNS, HAS | MANY, offsetof(TaDecl, source_key)},
	{"through", OPTION_TEXT, HAS | MANY, offsetof(TaDecl, through)},
	{"other_key", OPTION_COLUMNS, MANY, offsetof(TaDecl, other_key)},
	{"scope", OPTION_JSON, ALL, offsetof(TaDecl, scope)},
	{"condition", OPTION_JSON, KIND(TA_BELONGS_TO) | ARRAY | HAS, offsetof(TaDecl, condition)},
	{"order_by", OPTION_TEXT, HAS | MANY | ARRAY, offsetof(TaDecl, order_by)},
	{"on_delete", OPTION_TEXT, ALL | POLY, offsetof(TaDecl, on_delete)},
	{"on_update", OPTION_TEXT, ALL | POLY, offsetof(TaDecl, on_update)},
	{"required", OPTION_BOOL, KIND(TA_BELONGS_TO) | ARRAY | HAS | POLY, offsetof(TaDecl, required)},
	{"deferral", OPTION_TEXT, ALL | POLY, offsetof(TaDecl, deferral)},
	{"inverse", OPTION_TEXT, ALL, offsetof(TaDecl, inverse)},
	{"enforce", OPTION_TEXT, ALL | POLY, offsetof(TaDecl, enforce)},
	{"index", OPTION_BOOL, ALL | POLY, offsetof(TaDecl, index)},
	{"polymorphic", OPTION_TEXT, HAS | MANY, offsetof(TaDecl, polymorphic)},
	{"type_column", OPTION_TEXT, POLY | HAS | MANY, offsetof(TaDecl, type_column)},
};

static const struct
{
	const char *name;
	OptionType type;
	size_t offset;
} model_options[] = {
	{"table_name", OPTION_TEXT, offsetof(TaDocumentModel, table_name)},
	{"singular", OPTION_TEXT, offsetof(TaDocumentModel, row.singular)},
	{"plural", OPTION_TEXT, offsetof(TaDocumentModel, row.plural)},
	{"key", OPTION_COLUMNS, offsetof(TaDocumentModel, row.key)},
	{"accessors", OPTION_BOOL, offsetof(TaDocumentModel, row.accessors)},
	{"type_value", OPTION_TEXT, offsetof(TaDocumentModel, row.type_value)},
	{"soft_delete", OPTION_TEXT, offsetof(TaDocumentModel, row.soft_delete)},
	{"heirs", OPTION_BOOL, offsetof(TaDocumentModel, row.heirs)},
};

static const struct
{
	const char *name;
	size_t offset;
} ignored_members[] = {
	{"code", offsetof(TaIgnored, code)},
	{"association", offsetof(TaIgnored, association)},
	{"message", offsetof(TaIgnored, message)},
	{"reason", offsetof(TaIgnored, reason)},
};

/* What the document calls the kind. */
static const char *
kind_name(TaKind kind)
{
	return kind == POLYMORPHIC ? "belongs_to_polymorphic" : ta_kind_name(kind);
}

static bool
kind_parse(const char *name, TaKind *kind)
{
	*kind = POLYMORPHIC;
	return strcmp(name, kind_name(POLYMORPHIC)) == 0 || ta_kind_parse(name, kind);
}

static TaKind
kind_of(const TaDecl *decl)
{
	return ta_decl_is_polymorphic(decl) ? POLYMORPHIC : decl->kind;
}

#define FIELD(base, offset, type) ((type *) ((char *) (base) + (offset)))

/* ---- reading ---- */

/* Raises: a value of the wrong type. */
static void
wrong_type(const char *path, const JsonbValue *value, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the document holds %s where %s is expected", ta_json_kind(value), wanted),
			 errdetail("At %s.", path)));
}

/* Raises: a key that means nothing there. */
static void
unknown_key(const char *path, const char *key, List *known)
{
	const char *nearest = ta_err_nearest(key, known);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the document holds the unknown key \"%s\"", key), errdetail("At %s.", path),
			 nearest != NULL ? errhint("Did you mean \"%s\"?", nearest)
							 : errhint("Known there: %s.", ta_err_list(known, 24))));
}

/* The pairs of a value that must be an object. */
static List *
object_at(const JsonbValue *value, const char *path)
{
	JsonbContainer *object = ta_json_container(value, true);

	if (object == NULL)
		wrong_type(path, value, "an object");
	return ta_json_object(object);
}

/* A column list: "userId", "a, b" or ["a", "b"]. */
static List *
columns_at(const JsonbValue *value, const char *path, const char *name)
{
	JsonbContainer *array = ta_json_container(value, false);
	char *text = ta_json_string(value);
	List *columns = NIL;
	ListCell *lc;

	if (text != NULL)
		return ta_ident_split(text, name);
	if (array == NULL)
		wrong_type(path, value, "a column or a list of columns");
	foreach(lc, ta_json_array(array))
	{
		char *column = ta_json_string(lfirst(lc));

		if (column == NULL)
			wrong_type(path, lfirst(lc), "a column");
		columns = lappend(columns, column);
	}
	/* the same checks as of a typed list; an empty one raises as well */
	return ta_ident_split(columns == NIL ? "" : ta_ident_to_array(columns), name);
}

/* Reads one option into its field. */
static void
read_option(void *field, OptionType type, const JsonbValue *value, const char *path,
			const char *name)
{
	switch (type)
	{
		case OPTION_TEXT:
			if (value->type != jbvString)
				wrong_type(path, value, "a string");
			*(char **) field = ta_json_string(value);
			break;
		case OPTION_COLUMNS:
			*(List **) field = columns_at(value, path, name);
			break;
		case OPTION_BOOL:
			if (value->type != jbvBool)
				wrong_type(path, value, "true or false");
			*(char **) field = ta_json_scalar_text(value);
			break;
		case OPTION_JSON:
			if (ta_json_container(value, true) == NULL)
				wrong_type(path, value, "an object");
			*(char **) field = JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
			break;
	}
}

static List *
options_of_kind(TaKind kind)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(options); i++)
	{
		if ((options[i].kinds & KIND(kind)) != 0)
			names = lappend(names, (char *) options[i].name);
	}
	return names;
}

/* One association: its target (or targets) as a string, or an object of options. */
static TaDecl *
read_association(const char *model, TaKind kind, const TaJsonPair *pair, const char *path)
{
	TaDecl *decl = palloc0(sizeof(TaDecl));
	ListCell *lc;

	decl->model = pstrdup(model);
	decl->kind = kind == POLYMORPHIC ? TA_BELONGS_TO : kind;
	decl->alias = pair->key;
	if (kind == POLYMORPHIC)
	{
		char *targets = ta_json_string(pair->value);

		decl->target = pstrdup("");
		decl->targets = ta_ident_split_models(targets, "targets");
		if (targets != NULL)
			return decl;
	}
	else
		decl->target = ta_json_string(pair->value);
	if (decl->target != NULL && kind != POLYMORPHIC)
		return decl;

	foreach(lc, object_at(pair->value, path))
	{
		TaJsonPair *option = lfirst(lc);
		char *option_path = psprintf("%s.%s", path, option->key);
		bool found = false;

		for (int i = 0; i < lengthof(options); i++)
		{
			if ((options[i].kinds & KIND(kind)) == 0 || strcmp(options[i].name, option->key) != 0)
				continue;
			found = true;
			/* null is unsaid */
			if (option->value->type != jbvNull)
				read_option(FIELD(decl, options[i].offset, void), options[i].type, option->value,
							option_path, option->key);
		}
		if (!found)
			unknown_key(option_path, option->key, options_of_kind(kind));
	}
	if (decl->target == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the document holds an association without \"target\""),
						errdetail("At %s.", path)));
	return decl;
}

static List *
model_keys(void)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(model_options); i++)
		names = lappend(names, (char *) model_options[i].name);
	for (int kind = TA_BELONGS_TO; kind <= POLYMORPHIC; kind++)
		names = lappend(names, (char *) kind_name((TaKind) kind));
	return names;
}

/* One member of a model: an option, or the associations of a kind. */
static void
read_model_member(TaDocument *document, TaDocumentModel *model, const TaJsonPair *pair,
				  const char *path)
{
	TaKind kind;

	for (int i = 0; i < lengthof(model_options); i++)
	{
		if (strcmp(model_options[i].name, pair->key) != 0)
			continue;
		if (pair->value->type != jbvNull)
		{
			read_option(FIELD(model, model_options[i].offset, void), model_options[i].type,
						pair->value, path, pair->key);
			model->says = true;
		}
		return;
	}
	if (kind_parse(pair->key, &kind))
	{
		ListCell *lc;

		foreach(lc, object_at(pair->value, path))
		{
			TaJsonPair *association = lfirst(lc);

			document->decls = lappend(document->decls,
									  read_association(model->row.name, kind, association,
													   psprintf("%s.%s", path, association->key)));
		}
		return;
	}
	unknown_key(path, pair->key, model_keys());
}

static void
read_models(TaDocument *document, const JsonbValue *value)
{
	ListCell *lm;

	foreach(lm, object_at(value, "models"))
	{
		TaJsonPair *entry = lfirst(lm);
		TaDocumentModel *model = palloc0(sizeof(TaDocumentModel));
		char *path = psprintf("models.%s", entry->key);
		ListCell *lo;

		model->row.name = entry->key;
		document->models = lappend(document->models, model);
		foreach(lo, object_at(entry->value, path))
		{
			TaJsonPair *member = lfirst(lo);

			read_model_member(document, model, member, psprintf("%s.%s", path, member->key));
		}
	}
}

/* One finding that is ignored: {"code": "fk_index_missing", "association": "Todo.user"} */
static TaIgnored *
read_ignored(const JsonbValue *value, const char *path)
{
	TaIgnored *row = palloc0(sizeof(TaIgnored));
	List *known = NIL;
	ListCell *lc;

	for (int i = 0; i < lengthof(ignored_members); i++)
		known = lappend(known, unconstify(char *, ignored_members[i].name));
	foreach(lc, object_at(value, path))
	{
		TaJsonPair *pair = lfirst(lc);
		char *member_path = psprintf("%s.%s", path, pair->key);

		if (!ta_ident_list_has(known, pair->key))
			unknown_key(member_path, pair->key, known);
		for (int i = 0; i < lengthof(ignored_members); i++)
		{
			/* null is unsaid */
			if (strcmp(ignored_members[i].name, pair->key) == 0 && pair->value->type != jbvNull)
				read_option(FIELD(row, ignored_members[i].offset, void), OPTION_TEXT, pair->value,
							member_path, pair->key);
		}
	}
	if (row->code == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the document holds an ignored finding without \"code\""),
						errdetail("At %s.", path)));
	return row;
}

static void
read_all_ignored(TaDocument *document, const JsonbValue *value)
{
	JsonbContainer *array = ta_json_container(value, false);
	int at = 0;
	ListCell *lc;

	if (array == NULL)
		wrong_type("ignored", value, "an array");
	document->says_ignored = true;
	foreach(lc, ta_json_array(array))
		document->ignored =
			lappend(document->ignored, read_ignored(lfirst(lc), psprintf("ignored[%d]", at++)));
}

/* Reads a whole document; raises on anything it does not know. */
TaDocument *
ta_document_read(Jsonb *jsonb)
{
	TaDocument *document = palloc0(sizeof(TaDocument));
	ListCell *lc;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a document must be a JSON object"),
						errhint("For example {\"models\": {\"User\": {\"has_many\": {\"todos\": "
								"\"Todo\"}}}}.")));
	foreach(lc, ta_json_object(&jsonb->root))
	{
		TaJsonPair *pair = lfirst(lc);

		if (strcmp(pair->key, "models") == 0)
			read_models(document, pair->value);
		else if (strcmp(pair->key, "ignored") == 0)
			read_all_ignored(document, pair->value);
		else
			unknown_key(pair->key, pair->key, list_make2("models", "ignored"));
	}
	return document;
}

/* ---- writing ---- */

/* Appends , "name": to an object; first tells whether a comma is due. */
static void
put_key(StringInfo out, const char *indent, const char *name, bool *first)
{
	appendStringInfo(out, "%s\n%s", *first ? "" : ",", indent);
	*first = false;
	ta_json_put_string(out, name);
	appendStringInfoString(out, ": ");
}

static void
put_columns(StringInfo out, List *columns)
{
	const char *only = list_length(columns) == 1 ? linitial(columns) : NULL;
	ListCell *lc;

	/* a string is split at commas and trimmed when it is read */
	if (only != NULL && strpbrk(only, ",{") == NULL &&
		strcmp(ta_ident_trim(only, only + strlen(only)), only) == 0)
	{
		ta_json_put_string(out, only);
		return;
	}
	appendStringInfoChar(out, '[');
	foreach(lc, columns)
	{
		if (lc != list_head(columns))
			appendStringInfoString(out, ", ");
		ta_json_put_string(out, lfirst(lc));
	}
	appendStringInfoChar(out, ']');
}

/* One option, unless it is unsaid. */
static void
put_option(StringInfo out, const char *name, OptionType type, const void *field, bool *first,
		   const char *indent)
{
	const char *text = type == OPTION_COLUMNS ? NULL : *(char *const *) field;

	if (type == OPTION_COLUMNS ? *(List *const *) field == NIL : text == NULL)
		return;
	if (indent != NULL)
		put_key(out, indent, name, first);
	else
	{
		appendStringInfoString(out, *first ? "" : ", ");
		*first = false;
		ta_json_put_string(out, name);
		appendStringInfoString(out, ": ");
	}
	if (type == OPTION_COLUMNS)
		put_columns(out, *(List *const *) field);
	else if (type == OPTION_TEXT)
		ta_json_put_string(out, text);
	else
		appendStringInfoString(out, text);
}

/* The row with its type column where it was said: a junction has it beside one of its two columns. */
static const TaDecl *
as_said(const TaDecl *decl)
{
	TaDecl *said;

	if (decl->other_type_column == NULL)
		return decl;
	said = palloc(sizeof(TaDecl));
	*said = *decl;
	said->type_column = decl->other_type_column;
	if (ta_decl_inferred(decl, "other_type_column"))
		said->inferred = lappend(list_copy(decl->inferred), "type_column");
	return said;
}

/* {"target": "User", "foreign_key": "userId"}, on one line */
static void
put_association(StringInfo out, const TaDecl *stored)
{
	const TaDecl *decl = as_said(stored);
	bool first = true;

	appendStringInfoChar(out, '{');
	for (int i = 0; i < lengthof(options); i++)
	{
		if ((options[i].kinds & KIND(kind_of(decl))) != 0 &&
			!ta_decl_inferred(decl, options[i].name))
			put_option(out, options[i].name, options[i].type,
					   FIELD(decl, options[i].offset, const void), &first, NULL);
	}
	appendStringInfoChar(out, '}');
}

/* The model's associations of one kind. */
static void
put_kind(StringInfo out, const char *model, TaKind kind, List *decls, bool *first)
{
	bool first_alias = true;
	ListCell *lc;

	foreach(lc, decls)
	{
		TaDecl *decl = lfirst(lc);

		if (kind_of(decl) != kind || strcmp(decl->model, model) != 0)
			continue;
		if (first_alias)
		{
			put_key(out, "      ", kind_name(kind), first);
			appendStringInfoChar(out, '{');
		}
		put_key(out, "        ", decl->alias, &first_alias);
		put_association(out, decl);
	}
	if (!first_alias)
		appendStringInfoString(out, "\n      }");
}

static void
put_model_options(StringInfo out, const TaModelRow *row, bool *first)
{
	TaDocumentModel model = {.row = *row};

	if (row->inferred == NIL)
		model.table_name = ta_ident_qualify(row->schema_name, row->table_name);
	for (int i = 0; i < lengthof(model_options); i++)
		put_option(out, model_options[i].name, model_options[i].type,
				   FIELD(&model, model_options[i].offset, const void), first, "      ");
}

static void
put_model(StringInfo out, const char *name, const TaModelRow *row, List *decls, bool *first_model)
{
	bool first = true;

	put_key(out, "    ", name, first_model);
	appendStringInfoChar(out, '{');
	if (row != NULL)
		put_model_options(out, row, &first);
	for (int kind = TA_BELONGS_TO; kind <= POLYMORPHIC; kind++)
		put_kind(out, name, (TaKind) kind, decls, &first);
	appendStringInfoString(out, first ? "}" : "\n    }");
}

/* , "ignored": [...], unless nothing is */
static void
put_ignored(StringInfo out, List *ignored)
{
	ListCell *lc;

	if (ignored == NIL)
		return;
	appendStringInfoString(out, ",\n  \"ignored\": [");
	foreach(lc, ignored)
	{
		const TaIgnored *row = lfirst(lc);
		bool first = true;

		appendStringInfoString(out, lc == list_head(ignored) ? "\n    {" : ",\n    {");
		for (int i = 0; i < lengthof(ignored_members); i++)
		{
			const void *field = FIELD(row, ignored_members[i].offset, const void);
			const char *text = *(char *const *) field;

			/* "" is any */
			if (text != NULL && text[0] != '\0')
				put_option(out, ignored_members[i].name, OPTION_TEXT, field, &first, NULL);
		}
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "\n  ]");
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The document of these rows (TaModelRow, TaDecl of one declarer, ordered by
 * name): models by name, each with what is said of it; then the findings that are
 * ignored (TaIgnored).
 */
char *
ta_document_write(List *models, List *decls, List *ignored)
{
	StringInfoData out;
	List *names = NIL;
	bool first = true;
	ListCell *lc;
	ListCell *next_row = list_head(models);
	int at = 0;

	foreach(lc, models)
		names = lappend(names, ((TaModelRow *) lfirst(lc))->name);
	foreach(lc, decls)
		names = lappend(names, ((TaDecl *) lfirst(lc))->model);
	list_sort(names, compare_names);

	initStringInfo(&out);
	appendStringInfoString(&out, "{\n  \"models\": {");
	for (int i = 0; i < list_length(names); i++)
	{
		const char *name = list_nth(names, i);
		const TaModelRow *row = NULL;
		List *own = NIL;

		if (i > 0 && strcmp(name, list_nth(names, i - 1)) == 0)
			continue;
		/* both lists are ordered as the names are: one pass over each */
		if (next_row != NULL && strcmp(((TaModelRow *) lfirst(next_row))->name, name) == 0)
		{
			row = lfirst(next_row);
			next_row = lnext(models, next_row);
		}
		while (at < list_length(decls) &&
			   strcmp(((TaDecl *) list_nth(decls, at))->model, name) == 0)
			own = lappend(own, list_nth(decls, at++));
		put_model(&out, name, row, own, &first);
	}
	appendStringInfoString(&out, first ? "}" : "\n  }");
	put_ignored(&out, ignored);
	appendStringInfoString(&out, "\n}");
	return out.data;
}

/* ---- what two say ---- */

/* Whether the option, a text or a list, is said; an empty list is not. */
static bool
is_said(OptionType type, const void *field)
{
	return type == OPTION_COLUMNS ? *(List *const *) field != NIL : *(char *const *) field != NULL;
}

static void
take(OptionType type, void *into, const void *from)
{
	if (type == OPTION_COLUMNS)
		*(List **) into = *(List *const *) from;
	else
		*(char **) into = *(char *const *) from;
}

/*
 * The declaration with everything that either says: what the second says of an
 * option goes before what the first has only inferred.  Where both say it, they
 * say the same.
 */
TaDecl *
ta_document_merge(const TaDecl *first, const TaDecl *second)
{
	TaDecl *merged = palloc(sizeof(TaDecl));

	*merged = *first;
	for (int i = 0; i < lengthof(options); i++)
	{
		if (is_said(options[i].type, FIELD(second, options[i].offset, const void)) &&
			(!is_said(options[i].type, FIELD(first, options[i].offset, const void)) ||
			 ta_decl_inferred(first, options[i].name)))
			take(options[i].type, FIELD(merged, options[i].offset, void),
				 FIELD(second, options[i].offset, const void));
	}
	return merged;
}

/* The same of a model; its table is one. */
TaModelRow *
ta_document_model_merge(const TaModelRow *first, const TaModelRow *second)
{
	TaDocumentModel merged = {.row = *first};
	TaDocumentModel other = {.row = *second};
	TaModelRow *row = palloc(sizeof(TaModelRow));

	for (int i = 1; i < lengthof(model_options); i++)
	{
		if (!is_said(model_options[i].type, FIELD(&merged, model_options[i].offset, const void)))
			take(model_options[i].type, FIELD(&merged, model_options[i].offset, void),
				 FIELD(&other, model_options[i].offset, const void));
	}
	*row = merged.row;
	return row;
}

/* ---- as calls ---- */

/* name => 'value', after what the call already holds */
static void
put_argument(StringInfo out, const char *name, OptionType type, const void *field)
{
	const char *text =
		type == OPTION_COLUMNS ? ta_ident_typed(*(List *const *) field) : *(char *const *) field;

	if (text == NULL)
		return;
	appendStringInfo(out, ", %s => %s", name,
					 type == OPTION_BOOL ? text : quote_literal_cstr(text));
}

/*
 * The declaration as a call that says all of it, what was inferred as well, so
 * that it means the same wherever it is run:
 *
 * SELECT assoc.belongs_to('Todo', 'User', alias => 'user', foreign_key => 'userId');
 *
 * But not the inverse, which a call of its own declares.
 */
char *
ta_document_call(const TaDecl *stored)
{
	const TaDecl *decl = as_said(stored);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "SELECT assoc.%s(%s, ", ta_decl_kind(decl),
					 quote_literal_cstr(decl->model));
	if (!ta_decl_is_polymorphic(decl))
		appendStringInfo(&out, "%s, ", quote_literal_cstr(decl->target));
	appendStringInfo(&out, "alias => %s", quote_literal_cstr(decl->alias));
	for (int i = 0; i < lengthof(options); i++)
	{
		if ((options[i].kinds & KIND(kind_of(decl))) != 0 &&
			strcmp(options[i].name, "target") != 0 && strcmp(options[i].name, "inverse") != 0)
			put_argument(&out, options[i].name, options[i].type,
						 FIELD(decl, options[i].offset, const void));
	}
	appendStringInfoString(&out, ");");
	return out.data;
}

/* SELECT assoc.define_model('Todo', 'public."Todos"'); */
char *
ta_document_model_call(const TaModelRow *row)
{
	StringInfoData out;
	TaDocumentModel model = {.row = *row};

	initStringInfo(&out);
	appendStringInfo(&out, "SELECT assoc.define_model(%s, %s", quote_literal_cstr(row->name),
					 quote_literal_cstr(ta_ident_qualify(row->schema_name, row->table_name)));
	for (int i = 1; i < lengthof(model_options); i++)
		put_argument(&out, model_options[i].name, model_options[i].type,
					 FIELD(&model, model_options[i].offset, const void));
	appendStringInfoString(&out, ");");
	return out.data;
}
