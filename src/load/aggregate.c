/*
 * src/load/aggregate.c
 *		Aggregates by name: todos._count, reviews._avg.rating.
 *
 * One value for a row, of the rows that an association leads to from it.  Its
 * SQL is written by load/select.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "parser/parse_coerce.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "load/aggregate.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

static const char *const functions[] = {"_count", "_exists", "_sum", "_avg", "_min", "_max"};

/* Whether it is a function of the rows themselves, and not of one of their columns. */
static bool
is_of_rows(const char *function)
{
	return strcmp(function, "_count") == 0 || strcmp(function, "_exists") == 0;
}

/*
 * Where in the names (of char *), after the first, one of our functions stands
 * that may be the end of a path; 0: nowhere.
 */
int
ta_aggregate_at(const List *names)
{
	for (int i = 1; i < list_length(names); i++)
	{
		for (int f = 0; i >= list_length(names) - 2 && f < lengthof(functions); f++)
		{
			if (strcmp(list_nth(names, i), functions[f]) == 0)
				return i;
		}
	}
	return 0;
}

/* pg_catalog's function of the name for the type, if it has one, and what it returns. */
static Oid
returned_type(const char *name, Oid type)
{
	List *qualified = list_make2(makeString("pg_catalog"), makeString(pstrdup(name)));
	Oid base = getBaseType(type);
	Oid arguments[] = {base, IsBinaryCoercible(base, TEXTOID) ? TEXTOID : InvalidOid,
					   type_is_enum(base) ? ANYENUMOID : InvalidOid,
					   OidIsValid(get_element_type(base)) ? ANYARRAYOID : InvalidOid};

	for (int i = 0; i < lengthof(arguments); i++)
	{
		Oid function = OidIsValid(arguments[i]) ? LookupFuncName(qualified, 1, &arguments[i], true)
												: InvalidOid;

		if (OidIsValid(function))
			return i < 2 ? get_func_rettype(function) : base;
	}
	return InvalidOid;
}

/* The column that is aggregated; sets the value's type. */
static void
resolve_column(TaNodeAggregate *aggregate, const char *name, const char *path)
{
	const TaNode *node = aggregate->node;

	if (node->model == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" of %s, which leads to several models", aggregate->function,
							   ta_decl_name(node->decl)),
						errdetail("At %s.", path),
						errhint("Only _count and _exists are of rows of several models.")));
	aggregate->column = ta_node_column(node->model, name, path);
	aggregate->type = returned_type(aggregate->function + 1, aggregate->column->type);
	if (!OidIsValid(aggregate->type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("\"%s\" is not for column \"%s\" of type %s", aggregate->function, name,
						ta_type_shown(aggregate->column->type, aggregate->column->typmod)),
				 errdetail("At %s.", path)));
}

/* The aggregate that the names are: an association, a function, and perhaps a column; raises. */
TaNodeAggregate *
ta_aggregate_resolve(const TaModel *model, const List *names, const char *path)
{
	TaNodeAggregate *aggregate = palloc0(sizeof(TaNodeAggregate));
	const char *association = linitial(names);
	bool has_column = list_length(names) > 2;

	aggregate->function = lsecond(names);
	aggregate->node = ta_node_associated(model, association, path);
	if (is_of_rows(aggregate->function) && has_column)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is of rows, and of no column", aggregate->function),
						errdetail("At %s.", path),
						errhint("Say \"%s.%s\".", association, aggregate->function)));
	if (!is_of_rows(aggregate->function) && !has_column)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" needs a column", aggregate->function), errdetail("At %s.", path),
				 errhint("Say \"%s.%s.column\".", association, aggregate->function)));
	if (has_column)
		resolve_column(aggregate, lthird(names), path);
	else
		aggregate->type = strcmp(aggregate->function, "_count") == 0 ? INT8OID : BOOLOID;
	return aggregate;
}
