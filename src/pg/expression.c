/*
 * src/pg/expression.c
 *		Generated columns and CHECK constraints, found by what they say.
 *
 * Expressions are compared as the catalog holds them, so that one that a dump
 * has written otherwise, or whose columns were renamed, is the same.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tupdesc.h"
#include "catalog/pg_attribute.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "base/compat.h"
#include "base/ident.h"
#include "pg/expression.h"

/*
 * The expression on the relation's columns as the catalog would hold it for a
 * column of this type (type InvalidOid: for a CHECK); NULL: the type can't take
 * it.  Operators without a schema are pg_catalog's.
 */
static Node *
cooked(Relation rel, const char *sql, Oid type, int32 typmod)
{
	List *statements = raw_parser(psprintf("SELECT %s", sql), RAW_PARSE_DEFAULT);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
	Node *raw = linitial_node(ResTarget, select->targetList)->val;
	ParseState *pstate = make_parsestate(NULL);
	int nest = NewGUCNestLevel();
	Node *expr;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true),
					 true, true, true);
	expr =
		transformExpr(pstate, raw,
					  OidIsValid(type) ? EXPR_KIND_GENERATED_COLUMN : EXPR_KIND_CHECK_CONSTRAINT);
	if (OidIsValid(type))
		expr = coerce_to_target_type(pstate, expr, exprType(expr), type, typmod,
									 COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	else
		expr = coerce_to_boolean(pstate, expr, "CHECK");
	if (expr != NULL)
		assign_expr_collations(pstate, expr);
	free_parsestate(pstate);
	AtEOXact_GUC(true, nest);
	return expr;
}

/* What the stored generated column at this place is made of, as the catalog holds it; NULL: it is none. */
static char *
generated_at(Relation rel, int i)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
	const TupleConstr *constr = RelationGetDescr(rel)->constr;

	if (att->attisdropped || att->attgenerated != ATTRIBUTE_GENERATED_STORED || constr == NULL)
		return NULL;
	for (int d = 0; d < constr->num_defval; d++)
	{
		if (constr->defval[d].adnum == att->attnum)
			return constr->defval[d].adbin;
	}
	return NULL;
}

/* Whether the column's expression is one of these. */
static bool
is_generated_as(Relation rel, int i, List *expressions)
{
	char *stored = generated_at(rel, i);
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
	Node *expr;
	ListCell *lc;

	if (stored == NULL)
		return false;
	expr = stringToNode(stored);
	foreach(lc, expressions)
	{
		if (equal(expr, cooked(rel, lfirst(lc), att->atttypid, att->atttypmod)))
			return true;
	}
	return false;
}

/*
 * The stored generated column of the table that is made of one of these
 * expressions (SQL); NULL: there is none.  Of several, one of the preferred (of
 * char *), else the first.
 */
char *
ta_rel_generated_as(Oid relid, List *expressions, List *preferred)
{
	Relation rel = relation_open(relid, AccessShareLock);
	char *found = NULL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		const char *name = NameStr(TupleDescAttr(RelationGetDescr(rel), i)->attname);

		if ((found != NULL && !ta_ident_list_has(preferred, name)) ||
			!is_generated_as(rel, i, expressions))
			continue;
		found = pstrdup(name);
		if (ta_ident_list_has(preferred, name))
			break;
	}
	relation_close(rel, AccessShareLock);
	return found;
}

/* The names (of char *) of the table's stored generated columns. */
List *
ta_rel_generated_columns(Oid relid)
{
	Relation rel = relation_open(relid, AccessShareLock);
	List *names = NIL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		if (generated_at(rel, i) != NULL)
			names =
				lappend(names, pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel), i)->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

/* What a stored generated column is made of, as SQL; NULL: it is none. */
char *
ta_generated_sql(Oid relid, const char *column)
{
	Relation rel = relation_open(relid, AccessShareLock);
	char *sql = NULL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		char *stored = generated_at(rel, i);

		if (stored != NULL &&
			strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel), i)->attname), column) == 0)
			sql = deparse_expression(stringToNode(stored),
									 deparse_context_for(RelationGetRelationName(rel), relid),
									 false, false);
	}
	relation_close(rel, AccessShareLock);
	return sql;
}

/*
 * A CHECK constraint of the table that the server enforces and that says this
 * (SQL); NULL: there is none.  Of several, the one of the preferred name.
 */
TaCheckFact *
ta_rel_check_as(Oid relid, const char *condition, const char *preferred)
{
	Relation rel = relation_open(relid, AccessShareLock);
	const TupleConstr *constr = RelationGetDescr(rel)->constr;
	Node *wanted =
		constr != NULL && constr->num_check > 0 ? cooked(rel, condition, InvalidOid, -1) : NULL;
	TaCheckFact *found = NULL;

	for (int i = 0; constr != NULL && i < constr->num_check; i++)
	{
		const ConstrCheck *check = &constr->check[i];

		if (!TA_CHECK_ENFORCED(check) ||
			(found != NULL && !ta_ident_same(preferred, check->ccname)) ||
			!equal(stringToNode(check->ccbin), wanted))
			continue;
		found = palloc(sizeof(TaCheckFact));
		found->name = pstrdup(check->ccname);
		found->validated = check->ccvalid;
	}
	relation_close(rel, AccessShareLock);
	return found;
}

/* The arguments of column = ANY (..) or column = .. by this operator, without columns on the right; NIL: it is none. */
static List *
compared(Node *node, Oid opno)
{
	List *args = NIL;

	if (IsA(node, ScalarArrayOpExpr) && castNode(ScalarArrayOpExpr, node)->opno == opno &&
		castNode(ScalarArrayOpExpr, node)->useOr)
		args = castNode(ScalarArrayOpExpr, node)->args;
	else if (IsA(node, OpExpr) && castNode(OpExpr, node)->opno == opno)
		args = castNode(OpExpr, node)->args;
	return list_length(args) == 2 && !contain_var_clause(lsecond(args)) ? args : NIL;
}

/* Whether it says the same as what is wanted, condition AND column = ANY (ARRAY[..]), but for the values in the list. */
static bool
is_like(Node *stored, Node *wanted)
{
	List *parts = is_andclause(stored) ? castNode(BoolExpr, stored)->args : NIL;
	List *wanted_parts = castNode(BoolExpr, wanted)->args;
	const ScalarArrayOpExpr *any = lsecond_node(ScalarArrayOpExpr, wanted_parts);
	List *args;

	if (list_length(parts) != 2 || !equal(linitial(parts), linitial(wanted_parts)))
		return false;
	args = compared(lsecond(parts), any->opno);
	return args != NIL && equal(linitial(args), linitial(any->args));
}

/* The name of a CHECK constraint of the table that says this (SQL) but for the values in its list; NULL: there is none. */
char *
ta_rel_check_like(Oid relid, const char *condition)
{
	Relation rel = relation_open(relid, AccessShareLock);
	const TupleConstr *constr = RelationGetDescr(rel)->constr;
	Node *wanted =
		constr != NULL && constr->num_check > 0 ? cooked(rel, condition, InvalidOid, -1) : NULL;
	char *found = NULL;

	for (int i = 0; wanted != NULL && i < constr->num_check && found == NULL; i++)
	{
		const ConstrCheck *check = &constr->check[i];

		if (TA_CHECK_ENFORCED(check) && is_like(stringToNode(check->ccbin), wanted))
			found = pstrdup(check->ccname);
	}
	relation_close(rel, AccessShareLock);
	return found;
}

/* Whether the table has a CHECK constraint of this name. */
bool
ta_rel_has_check(Oid relid, const char *name)
{
	Relation rel = relation_open(relid, AccessShareLock);
	const TupleConstr *constr = RelationGetDescr(rel)->constr;
	bool found = false;

	for (int i = 0; constr != NULL && i < constr->num_check; i++)
		found = found || strcmp(constr->check[i].ccname, name) == 0;
	relation_close(rel, AccessShareLock);
	return found;
}
