/*
 * src/check/default.c
 *		Whether the row is there that SET DEFAULT makes children refer to.
 *
 * A default is an expression, somebody's code.  Only one of constants, and of
 * PostgreSQL's own functions that always give the same, is looked at.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "check/default.h"
#include "check/orphan.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

static bool
is_unfit_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId || func_volatile(function) != PROVOLATILE_IMMUTABLE;
}

/* Whether there is more in the expression than constants and what always gives the same of them. */
static bool
is_unfit(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_Const:
		case T_RelabelType:
		case T_FuncExpr:
		case T_OpExpr:
		case T_CoerceViaIO:
			break;
		default:
			return true;
	}
	return check_functions_in_node(node, is_unfit_function, context) ||
		   expression_tree_walker(node, is_unfit, context);
}

/* The column's default as SQL; NULL: there is none, it is null, or it is not for us to evaluate. */
static char *
default_sql(Relation rel, const TaColumn *column)
{
	Node *expr = column->has_default && !column->generated
					 ? build_column_default(rel, column->attnum)
					 : NULL;

	if (expr == NULL || is_unfit(expr, NULL) || (IsA(expr, Const) && ((Const *) expr)->constisnull))
		return NULL;
	return deparse_expression(expr, NIL, false, false);
}

/* Whether deleting a parent, or changing its key, sets all columns of the foreign key to their defaults. */
static bool
sets_all(const TaForeignKey *fk)
{
	return fk != NULL && !fk->temporal &&
		   ((fk->on_delete == FKCONSTR_ACTION_SETDEFAULT &&
			 (fk->delete_columns == NIL ||
			  list_length(fk->delete_columns) == list_length(fk->columns))) ||
			fk->on_update == FKCONSTR_ACTION_SETDEFAULT);
}

/*
 * The defaults that SET DEFAULT sets, "0", if no row of the parent has them as
 * its key; NULL: one has, the action is another, or the parent has no rows at
 * all, of which none can be deleted.
 *
 * SELECT (EXISTS (SELECT FROM s."Users") AND NOT EXISTS (SELECT FROM s."Users" p
 * WHERE p.id OPERATOR(pg_catalog.=) (0)::integer))::pg_catalog.int4
 */
char *
ta_default_row_missing(const TaState *state)
{
	Relation rel;
	List *values = NIL;
	List *tests = NIL;
	ListCell *lc;
	ListCell *lk;
	char *parent;

	if (!sets_all(state->fk))
		return NULL;
	rel = table_open(state->child_rel, AccessShareLock);
	forboth(lc, state->fk->columns, lk, state->fk->key)
	{
		TaColumn *column = ta_rel_column(state->child_rel, lfirst(lc));
		TaColumn *key = ta_rel_column(state->parent_rel, lfirst(lk));
		char *value = column != NULL ? default_sql(rel, column) : NULL;

		if (value == NULL || key == NULL)
			break;
		values = lappend(values, value);
		tests =
			lappend(tests,
					ta_key_test_sql(psprintf("p.%s", ta_ident_quote(key->name)), key,
									psprintf("(%s)::%s", value,
											 format_type_extended(column->type, column->typmod,
																  FORMAT_TYPE_TYPEMOD_GIVEN |
																	  FORMAT_TYPE_FORCE_QUALIFY)),
									column));
	}
	table_close(rel, AccessShareLock);
	if (list_length(tests) < list_length(state->fk->columns))
		return NULL;
	parent = ta_rows_parent(state);
	if (ta_spi_count(psprintf("SELECT (EXISTS (SELECT FROM %s) AND NOT EXISTS (SELECT FROM %s p "
							  "WHERE %s))::pg_catalog.int4::pg_catalog.int8",
							  parent, parent, ta_err_join(tests, " AND "))) == 0)
		return NULL;
	return ta_err_join(values, ", ");
}
