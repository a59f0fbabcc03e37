/*
 * src/load/on.c
 *		"on": a condition instead of the association's keys.
 *
 * {"on": {"due": {"lt": {"col": "$until$"}}}}: rows of the target whose due is less
 * than the until of the row above.  The columns of the row above that it names
 * are the keys by which rows are looked up, as the association's own would be.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/allow.h"
#include "load/where.h"
#include "model/path.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* The name in "$name$", or NULL. */
static char *
name_above(const char *text)
{
	size_t length = strlen(text);

	return length > 2 && text[0] == '$' && text[length - 1] == '$' ? pnstrdup(text + 1, length - 2)
																   : NULL;
}

/* Adds the columns of the row above that the value names. */
static List *
collect(List *names, const JsonbValue *value)
{
	JsonbContainer *object = ta_json_container(value, true);
	JsonbContainer *array = ta_json_container(value, false);
	ListCell *lc;

	check_stack_depth();
	foreach(lc, object != NULL ? ta_json_object(object) : NIL)
	{
		TaJsonPair *pair = lfirst(lc);
		char *text = strcmp(pair->key, "col") == 0 ? ta_json_string(pair->value) : NULL;
		char *name = text != NULL ? name_above(text) : NULL;

		if (name != NULL && !ta_ident_list_has(names, name))
			names = lappend(names, name);
		names = collect(names, pair->value);
	}
	foreach(lc, array != NULL ? ta_json_array(array) : NIL)
		names = collect(names, lfirst(lc));
	return names;
}

/*
 * The step that goes from the model to the association's target by the condition
 * instead; raises where that cannot be.
 */
TaHop *
ta_on_hop(const TaModel *model, const TaDecl *decl, const TaHop *own, const JsonbValue *on,
		  const char *path)
{
	TaHop *hop = palloc0(sizeof(TaHop));
	ListCell *lc;

	hop->on = true;
	hop->scopes = own->scopes;
	hop->link.child = ta_hop_to(own);
	hop->link.parent = model->name;
	hop->link.columns = hop->link.key = collect(NIL, on);
	if (hop->link.key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"on\" names no column of the row above"), errdetail("At %s.", path),
				 errhint("For example {\"due\": {\"lt\": {\"col\": \"$until$\"}}}, where until "
						 "is a column of %s. What is asked of the rows of %s alone is "
						 "for \"where\".",
						 model->name, ta_decl_name(decl))));
	foreach(lc, hop->link.key)
		(void) ta_node_column(model, lfirst(lc), path);
	return hop;
}

/*
 * The condition on rows of the table.  The columns of the row above are those of
 * prefix or, where joins says so, of the keys: k.k1, k.k2.
 */
char *
ta_on_sql(TaSqlTable *table, const TaNode *node, const char *prefix, bool keys)
{
	TaSqlAbove above = {.model = node->parent->model,
						.allow = node->parent->allow,
						.prefix = prefix,
						.keys = keys ? ((TaHop *) linitial(node->hops))->link.key : NIL};
	char *sql;

	table->above = &above;
	sql = ta_where_sql(table, node->said->on, ta_query_path_key(node->path, "on"));
	table->above = NULL;
	return sql;
}

/* A column of the row above, named in a condition; NULL: the text names none. */
char *
ta_on_column_sql(const TaSqlTable *table, const char *text, const char *path)
{
	char *name = name_above(text);
	const TaSqlAbove *above = table->above;
	const TaColumn *column;
	int n = 1;
	ListCell *lc;

	if (name == NULL)
		return NULL;
	if (above == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" names a column of the row above, of which only \"on\" knows", text),
				 errdetail("At %s.", path)));
	column = ta_node_column(above->model, name, path);
	ta_allow_name(above->allow, TA_ALLOW_WHERE, above->model, name, path);
	if (above->keys == NIL)
		return psprintf("%s%s", above->prefix, ta_ident_quote(name));
	foreach(lc, above->keys)
	{
		if (strcmp(lfirst(lc), name) == 0)
			break;
		n++;
	}
	/* an array has no collation to give to its elements */
	return OidIsValid(column->collation) ? psprintf("(%sk%d COLLATE %s)", above->prefix, n,
													ta_collation_sql(column->collation))
										 : psprintf("%sk%d", above->prefix, n);
}
