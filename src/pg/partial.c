/*
 * src/pg/partial.c
 *		Unique indexes that count only some rows of a table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "nodes/parsenodes.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "pg/facts.h"
#include "pg/partial.h"

/*
 * The condition on the relation's columns as pg_index would hold it, for
 * comparison by equal().  Operators without a schema are pg_catalog's.
 */
static Node *
predicate_of(Relation rel, const char *condition)
{
	List *statements = raw_parser(psprintf("SELECT %s", condition), RAW_PARSE_DEFAULT);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
	Node *raw = linitial_node(ResTarget, select->targetList)->val;
	ParseState *pstate = make_parsestate(NULL);
	int nest = NewGUCNestLevel();
	Node *test;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true),
					 false, true, true);
	test = transformWhereClause(pstate, raw, EXPR_KIND_INDEX_PREDICATE, "WHERE");
	assign_expr_collations(pstate, test);
	free_parsestate(pstate);
	AtEOXact_GUC(true, nest);
	return test;
}

/* Whether all the index's key columns, which are no expressions, are among these. */
static bool
is_within(Relation rel, Form_pg_index index, List *columns)
{
	for (int i = 0; i < index->indnkeyatts; i++)
	{
		ListCell *lc;
		bool found = false;

		foreach(lc, columns)
			found =
				found || get_attnum(RelationGetRelid(rel), lfirst(lc)) == index->indkey.values[i];
		if (index->indkey.values[i] == 0 || !found)
			return false;
	}
	return true;
}

/* Whether the index has exactly this predicate. */
static bool
has_predicate(HeapTuple tuple, Node *predicate)
{
	bool isnull;
	Datum stored = SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indpred, &isnull);

	return !isnull && equal(stringToNode(TextDatumGetCString(stored)), predicate);
}

/* Whether the index is a valid unique one of the rows with this predicate. */
static bool
is_unique_where(Relation rel, Oid oid, List *columns, Node *predicate)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(oid));
	Form_pg_index index;
	bool result;

	if (!HeapTupleIsValid(tuple))
		return false;
	index = (Form_pg_index) GETSTRUCT(tuple);
	result = index->indrelid == RelationGetRelid(rel) && index->indisunique && index->indisvalid &&
			 index->indimmediate && is_within(rel, index, columns) &&
			 has_predicate(tuple, predicate);
	ReleaseSysCache(tuple);
	return result;
}

/* Whether that is said of this index of the table. */
bool
ta_index_is_unique_where(Oid index, Oid relid, List *columns, const char *condition)
{
	Relation rel = relation_open(relid, AccessShareLock);
	bool result = is_unique_where(rel, index, columns, predicate_of(rel, condition));

	relation_close(rel, AccessShareLock);
	return result;
}

/*
 * A valid unique index of the rows for which the condition holds, by which no
 * two of them have the same values in all these columns; InvalidOid: there is
 * none.  One of fewer of them is stricter, and does as well.
 */
Oid
ta_rel_unique_index_where(Oid relid, List *columns, const char *condition)
{
	Relation rel = relation_open(relid, AccessShareLock);
	Node *predicate = predicate_of(rel, condition);
	Oid found = InvalidOid;
	ListCell *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		if (!is_unique_where(rel, lfirst_oid(lc), columns, predicate))
			continue;
		found = lfirst_oid(lc);
		break;
	}
	relation_close(rel, AccessShareLock);
	return found;
}
