/*
 * src/enforce/action_sql.c
 *		The texts of the queries by which the parent's side acts.
 *
 * They are those of ri_triggers.c where there is a native key that does the
 * same.  Each runs as the owner of the table it reads: every name is
 * qualified, every operator is the one that the rule resolved, values are
 * parameters, and a predicate is made anew from its JSON.  Pure: nothing is
 * run here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/ident.h"
#include "enforce/action_sql.h"
#include "enforce/ending.h"
#include "enforce/rule_make.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* x."userId" */
static char *
column_sql(Oid relid, AttrNumber attnum)
{
	return psprintf("x.%s", quote_identifier(get_attname(relid, attnum, false)));
}

/* The type without a length: a cast to it never cuts, and runs no domain's checks. */
static char *
type_sql(Oid type)
{
	return format_type_extended(getBaseType(type), -1,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* ONLY public."Todos" x; of a partitioned table, all partitions. */
static char *
table_sql(Oid relid, bool descendants)
{
	return psprintf("%s%s x", descendants ? "" : "ONLY ", ta_rel_qualified(relid));
}

/* The array as one of the elements' type without domains, which PostgreSQL's array functions ask for. */
static char *
plain_array_sql(const char *column, const TaRulePair *pair)
{
	Oid base = getBaseType(pair->child_type);

	return base == pair->child_type ? pstrdup(column)
									: psprintf("%s::%s", column, type_sql(get_array_type(base)));
}

/*
 * Whether the elements compare among themselves as the key compares with them.
 * Then those functions may be used where the array is known to hold the key,
 * for what is equal to an element can be cast to its type.
 */
static bool
family_element(const TaRulePair *pair)
{
	return op_in_opfamily(pair->operator,
						  lookup_type_cache(pair->child_type, TYPECACHE_BTREE_OPFAMILY)->btree_opf);
}

/* OPERATOR(pg_catalog.=) */
static char *
operator_sql(Oid operator)
{
	char *name = get_opname(operator);
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Oid schema;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	schema = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace;
	ReleaseSysCache(tuple);
	return psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(schema)), name);
}

/* The SQL as a value of the type that the operator takes, which may be any. */
static char *
taken_sql(const char *sql, Oid type, Oid taken, bool array)
{
	if (type == taken || IsPolymorphicType(taken))
		return pstrdup(sql);
	return psprintf("%s::%s", sql, type_sql(array ? get_array_type(taken) : taken));
}

/* x."userId" OPERATOR(pg_catalog.=) ANY ($1) */
static char *
any_sql(const TaRule *rule, const TaRulePair *pair)
{
	Oid operator= get_commutator(pair->operator);
	Oid left;
	Oid right;

	op_input_types(operator, & left, &right);
	return psprintf("%s %s ANY (%s)",
					taken_sql(column_sql(rule->child, pair->child), pair->child_type, left, false),
					operator_sql(operator),
					taken_sql("$1", getBaseType(pair->parent_type), right, true));
}

/* $1 OPERATOR(pg_catalog.=) x."userId"; of many, k.k1 OPERATOR(pg_catalog.=) x."userId" */
static char *
pair_sql(const TaRule *rule, const TaRulePair *pair, int number, TaQueryKeys keys)
{
	bool one = keys == TA_KEYS_ONE;
	StringInfoData buf;

	if (keys == TA_KEYS_ANY)
		return any_sql(rule, pair);
	initStringInfo(&buf);
	generate_operator_clause(&buf, psprintf(one ? "$%d" : "k.k%d", number),
							 one ? pair->parent_type : getBaseType(pair->parent_type),
							 pair->operator, column_sql(rule->child, pair->child),
							 pair->child_type);
	return buf.data;
}

/*
 * Many keys, as rows.  Without an index, a hash join with them goes through the
 * child once.
 *
 * ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (k1, k2)
 */
static void
add_keys(StringInfo buf, const char *before, const TaRule *rule, TaQueryKeys keys)
{
	if (keys != TA_KEYS_JOINED)
		return;
	appendStringInfo(buf, "%s ROWS FROM (", before);
	for (int i = 1; i <= rule->ncolumns; i++)
		appendStringInfo(buf, "%spg_catalog.unnest($%d)", i > 1 ? ", " : "", i);
	appendStringInfoString(buf, ") AS k (");
	for (int i = 1; i <= rule->ncolumns; i++)
		appendStringInfo(buf, "%sk%d", i > 1 ? ", " : "", i);
	appendStringInfoChar(buf, ')');
}

/* $1 OPERATOR(pg_catalog.=) u.e, for an element of the array */
static char *
element_sql(const TaRulePair *pair, int parameter)
{
	StringInfoData buf;

	initStringInfo(&buf);
	generate_operator_clause(&buf, psprintf("$%d", parameter), pair->parent_type, pair->operator,
							 "u.e", pair->child_type);
	return buf.data;
}

/*
 * Whether the array holds the key.  The first form can use a GIN index; it is
 * right only where the key can be made an element without loss.
 *
 * x."tagIds" OPERATOR(pg_catalog.@>) ARRAY[$1::int4]
 * EXISTS (SELECT 1 FROM pg_catalog.unnest(x."tagIds") AS u (e) WHERE $1 OPERATOR(pg_catalog.=) u.e)
 */
static char *
holds_sql(const TaRule *rule, const TaRulePair *pair, int parameter)
{
	const char *column = column_sql(rule->child, pair->child);
	char *value =
		ta_element_cast_sql(psprintf("$%d", parameter), pair->parent_type, pair->child_type);

	if (value != NULL)
		return psprintf("%s OPERATOR(pg_catalog.@>) ARRAY[%s]", plain_array_sql(column, pair),
						value);
	return psprintf("EXISTS (SELECT 1 FROM pg_catalog.unnest(%s) AS u (e) WHERE %s)", column,
					element_sql(pair, parameter));
}

/*
 * A test of a column as SQL.  The constants are literals and not parameters, so
 * that a partial index on them can be used.
 *
 * (x.role OPERATOR(pg_catalog.=) 'admin'::text OR x.role IS NULL)
 */
static void
add_test(StringInfo buf, const char *separator, Oid relid, const TaRuleTest *test)
{
	const char *column = column_sql(relid, test->column);
	Oid type = get_atttype(relid, test->column);
	const char * or = "";

	appendStringInfo(buf, "%s(", separator);
	for (int i = 0; i < test->nvalues; i++)
	{
		appendStringInfoString(buf, or);
		generate_operator_clause(buf, column, type, test->operator,
								 psprintf("%s::%s", quote_literal_cstr(test->texts[i]),
										  type_sql(type)),
								 type);
		or = " OR ";
	}
	if (test->null)
		appendStringInfo(buf, "%s%s IS NULL", or, column);
	else if (test->nvalues == 0)
		appendStringInfoString(buf, "false");
	appendStringInfoChar(buf, ')');
}

static void
add_tests(StringInfo buf, const char *separator, Oid relid, int ntests, const TaRuleTest *tests)
{
	for (int i = 0; i < ntests; i++)
	{
		add_test(buf, separator, relid, &tests[i]);
		separator = " AND ";
	}
}

/* What of the child counts at all: rows of the target's type, and those that fit the condition. */
static void
add_counted(StringInfo buf, const TaRule *rule, const TaRuleTarget *target, const char *separator)
{
	if (rule->type_column != 0)
	{
		add_test(buf, separator, rule->child, &rule->types[target->number]);
		separator = " AND ";
	}
	add_tests(buf, separator, rule->child, rule->ncondition, rule->condition);
}

/* WHERE $1 = x.a AND $2 = x.b AND x.type = 'Post': the first parameters are the old key. */
static void
add_referring(StringInfo buf, const TaRule *rule, const TaRuleTarget *target, TaQueryKeys keys)
{
	const char *separator = " WHERE ";

	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];

		appendStringInfo(buf, "%s%s", separator,
						 rule->element ? holds_sql(rule, pair, i + 1)
									   : pair_sql(rule, pair, i + 1, keys));
		separator = " AND ";
	}
	add_counted(buf, rule, target, separator);
}

/* x."deletedAt" IS NULL, x.deleted IS NOT TRUE; nothing where rows cannot be deleted softly */
static void
add_live(StringInfo buf, Oid relid, AttrNumber column, bool is_boolean)
{
	if (column != 0)
		appendStringInfo(buf, " AND %s %s", column_sql(relid, column),
						 is_boolean ? "IS NOT TRUE" : "IS NULL");
}

static void
add_live_child(StringInfo buf, const TaRule *rule)
{
	add_live(buf, rule->child, rule->child_soft_delete, rule->child_soft_delete_boolean);
}

/*
 * What a row of the parent must be beside having the key.  live: it is not
 * deleted softly, either.
 *
 * AND (x.role OPERATOR(pg_catalog.=) 'admin'::text) AND x."deletedAt" IS NULL
 */
void
ta_query_add_eligible(StringInfo buf, const TaRuleTarget *target, bool live)
{
	add_tests(buf, " AND ", target->relid, target->nscope, target->scope);
	if (live)
		add_live(buf, target->relid, target->soft_delete, target->soft_delete_boolean);
}

/* SELECT 1 FROM ONLY public."Users" x WHERE x.id = $1 FOR KEY SHARE OF x */
static void
build_replaced(StringInfo buf, const TaRule *rule, const TaRuleTarget *target, bool live)
{
	const char *separator = " WHERE ";

	appendStringInfo(buf, "SELECT 1 FROM %s", table_sql(target->relid, ta_rule_descends(target)));
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];

		appendStringInfoString(buf, separator);
		generate_operator_clause(buf, column_sql(target->relid, pair->parent), pair->parent_type,
								 ta_key_operator(pair->parent_type, pair->parent_type),
								 psprintf("$%d", i + 1), pair->parent_type);
		separator = " AND ";
	}
	ta_query_add_eligible(buf, target, live);
	appendStringInfoString(buf, " FOR KEY SHARE OF x");
}

/*
 * The keys of the rows that a statement of ours put into a partition, by what
 * the row it took from another one says: who did it, and when.
 *
 * SELECT x.id FROM public."Users" x WHERE x.xmin = $1 AND x.cmin = $2
 */
static void
build_moved(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	appendStringInfoString(buf, "SELECT");
	for (int i = 0; i < rule->ncolumns; i++)
		appendStringInfo(buf, "%s %s", i > 0 ? "," : "",
						 column_sql(target->relid, target->pair[i].parent));
	appendStringInfo(buf,
					 " FROM %s WHERE x.xmin OPERATOR(pg_catalog.=) $1"
					 " AND x.cmin OPERATOR(pg_catalog.=) $2",
					 table_sql(target->relid, ta_rule_descends(target)));
}

/* SELECT 1 FROM ONLY public."Todos" x WHERE $1 = x."userId" FOR KEY SHARE OF x */
static void
build_referred(StringInfo buf, const TaRule *rule, const TaRuleTarget *target, TaQueryKeys keys,
			   bool live)
{
	appendStringInfo(buf, "SELECT 1 FROM %s", table_sql(rule->child, rule->child_partitioned));
	add_keys(buf, ",", rule, keys);
	add_referring(buf, rule, target, keys);
	if (live)
		add_live_child(buf, rule);
	appendStringInfoString(buf, " FOR KEY SHARE OF x");
}

/* SELECT 1 FROM ONLY public."Todos" x WHERE x."userId" IS NOT NULL */
static void
build_left(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	const char *separator = " WHERE ";

	appendStringInfo(buf, "SELECT 1 FROM %s", table_sql(rule->child, rule->child_partitioned));
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const char *column = column_sql(rule->child, rule->columns[i]);

		/* elements that are null refer to nothing */
		if (rule->element)
			appendStringInfo(buf,
							 "%sEXISTS (SELECT 1 FROM pg_catalog.unnest(%s) AS u (e) WHERE u.e IS"
							 " NOT NULL)",
							 separator, column);
		else
			appendStringInfo(buf, "%s%s IS NOT NULL", separator, column);
		separator = " AND ";
	}
	add_counted(buf, rule, target, separator);
}

/* The columns that an action sets, with the type column; their number. */
static int
set_columns(const TaRule *rule, const TaRuleAction *action, bool deleted, AttrNumber *columns)
{
	int n = 0;

	if (deleted && action->ncolumns > 0)
	{
		memcpy(columns, action->columns, action->ncolumns * sizeof(AttrNumber));
		return action->ncolumns;
	}
	if (rule->type_column != 0)
		columns[n++] = rule->type_column;
	for (int i = 0; i < rule->ncolumns; i++)
		columns[n++] = rule->columns[i];
	return n;
}

/* UPDATE ONLY public."Todos" x SET "userId" = NULL WHERE $1 = x."userId" */
static void
build_set(StringInfo buf, const TaRule *rule, const TaRuleTarget *target,
		  const TaRuleAction *action, bool deleted, const char *value, TaQueryKeys keys)
{
	AttrNumber columns[INDEX_MAX_KEYS + 1];
	int n = set_columns(rule, action, deleted, columns);

	appendStringInfo(buf, "UPDATE %s SET", table_sql(rule->child, rule->child_partitioned));
	for (int i = 0; i < n; i++)
		appendStringInfo(buf, "%s %s = %s", i > 0 ? "," : "",
						 quote_identifier(get_attname(rule->child, columns[i], false)), value);
	add_keys(buf, " FROM", rule, keys);
	add_referring(buf, rule, target, keys);
}

/*
 * The array without the key.  array_remove() knows one dimension only; in an
 * array of more the key becomes null, which refers to nothing either.
 *
 * UPDATE ONLY public."Todos" x SET "tagIds" = pg_catalog.array_remove(x."tagIds", $1::int4) WHERE ..
 */
static void
build_remove_element(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	const TaRulePair *pair = &target->pair[0];
	const char *column = plain_array_sql(column_sql(rule->child, pair->child), pair);
	const char *type = type_sql(pair->child_type);

	appendStringInfo(buf, "UPDATE %s SET %s = ", table_sql(rule->child, rule->child_partitioned),
					 quote_identifier(get_attname(rule->child, pair->child, false)));
	if (family_element(pair))
		appendStringInfo(buf,
						 "CASE WHEN pg_catalog.array_ndims(%s) OPERATOR(pg_catalog.>) 1"
						 " THEN pg_catalog.array_replace(%s, $1::%s, NULL)"
						 " ELSE pg_catalog.array_remove(%s, $1::%s) END",
						 column, column, type, column, type);
	else
		appendStringInfo(buf,
						 "ARRAY(SELECT u.e FROM pg_catalog.unnest(%s) WITH ORDINALITY AS u (e, n)"
						 " WHERE (%s) IS NOT TRUE ORDER BY u.n)",
						 column, element_sql(pair, 1));
	add_referring(buf, rule, target, TA_KEYS_ONE);
}

/* The array with the new key, $2, in the place of the old one. */
static void
build_replace_element(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	const TaRulePair *pair = &target->pair[0];
	const char *column = plain_array_sql(column_sql(rule->child, pair->child), pair);
	const char *type = type_sql(pair->child_type);

	appendStringInfo(buf, "UPDATE %s SET %s = ", table_sql(rule->child, rule->child_partitioned),
					 quote_identifier(get_attname(rule->child, pair->child, false)));
	if (family_element(pair))
		appendStringInfo(buf, "pg_catalog.array_replace(%s, $1::%s, $2::%s)", column, type, type);
	else
		appendStringInfo(buf,
						 "ARRAY(SELECT CASE WHEN %s THEN $2::%s ELSE u.e END"
						 " FROM pg_catalog.unnest(%s) WITH ORDINALITY AS u (e, n) ORDER BY u.n)",
						 element_sql(pair, 1), type, column);
	add_referring(buf, rule, target, TA_KEYS_ONE);
}

/* UPDATE ONLY public."Todos" x SET "userId" = $2 WHERE $1 = x."userId": the old key, then the new one. */
static void
build_follow(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	if (rule->element)
	{
		build_replace_element(buf, rule, target);
		return;
	}
	appendStringInfo(buf, "UPDATE %s SET", table_sql(rule->child, rule->child_partitioned));
	for (int i = 0; i < rule->ncolumns; i++)
		appendStringInfo(buf, "%s %s = $%d", i > 0 ? "," : "",
						 quote_identifier(get_attname(rule->child, target->pair[i].child, false)),
						 rule->ncolumns + i + 1);
	add_referring(buf, rule, target, TA_KEYS_ONE);
}

static void
build_null(StringInfo buf, const TaRule *rule, const TaRuleTarget *target, bool deleted,
		   TaQueryKeys keys)
{
	if (rule->element)
		build_remove_element(buf, rule, target);
	else
		build_set(buf, rule, target, deleted ? &rule->on_delete : &rule->on_update, deleted, "NULL",
				  keys);
}

/*
 * What is stamped on a child that is deleted softly: what its parent has, $n, if
 * the types are the same, else that it is, or when.  A parent that left its scope
 * has nothing.
 */
static char *
stamp_sql(const TaRule *rule, const TaRuleTarget *target, int number)
{
	Oid type = get_atttype(rule->child, rule->child_soft_delete);
	Oid base = getBaseType(type);
	bool same = target->soft_delete != 0 && get_atttype(target->relid, target->soft_delete) == type;
	char *now;

	if (rule->child_soft_delete_boolean)
		return pstrdup("true");
	if (base != TIMESTAMPTZOID && base != TIMESTAMPOID && base != DATEOID)
	{
		if (!same || target->nscope > 0)
			ta_rule_unresolved(rule->reference,
							   psprintf("Column \"%s\" of table \"%s\" cannot say that a row is"
										" deleted with its parent.",
										get_attname(rule->child, rule->child_soft_delete, false),
										get_rel_name(rule->child)));
		return psprintf("$%d", number);
	}
	now = psprintf("pg_catalog.now()::%s", type_sql(type));
	return same ? psprintf("COALESCE($%d, %s)", number, now) : now;
}

/*
 * UPDATE ONLY public."Todos" x SET "deletedAt" = $3, deletion_id = $2
 * WHERE $1 = x."userId" AND x."deletedAt" IS NULL
 */
static void
build_end(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	Assert(rule->child_soft_delete != 0);
	appendStringInfo(buf, "UPDATE %s SET %s = %s", table_sql(rule->child, rule->child_partitioned),
					 quote_identifier(get_attname(rule->child, rule->child_soft_delete, false)),
					 stamp_sql(rule, target, rule->ncolumns + 2));
	if (ta_ending_batch_column(rule->child) != 0)
		appendStringInfo(buf, ", deletion_id = $%d", rule->ncolumns + 1);
	add_referring(buf, rule, target, TA_KEYS_ONE);
	add_live_child(buf, rule);
}

/*
 * UPDATE ONLY public."Todos" x SET "deletedAt" = NULL, deletion_id = NULL
 * WHERE $1 = x."userId" AND x.deletion_id = $2
 */
static void
build_revive(StringInfo buf, const TaRule *rule, const TaRuleTarget *target)
{
	appendStringInfo(buf, "UPDATE %s SET %s = %s, deletion_id = NULL",
					 table_sql(rule->child, rule->child_partitioned),
					 quote_identifier(get_attname(rule->child, rule->child_soft_delete, false)),
					 rule->child_soft_delete_boolean ? "false" : "NULL");
	add_referring(buf, rule, target, TA_KEYS_ONE);
	appendStringInfo(buf, " AND x.deletion_id OPERATOR(pg_catalog.=) $%d", rule->ncolumns + 1);
}

/* The types of the two parameters behind the key: the batch, and what the parent's column says. */
static int
batch_types(const TaRule *rule, const TaRuleTarget *target, Oid *types)
{
	types[rule->ncolumns] = UUIDOID;
	types[rule->ncolumns + 1] =
		target->soft_delete != 0 ? get_atttype(target->relid, target->soft_delete) : TIMESTAMPTZOID;
	return rule->ncolumns + 2;
}

/* Whether the queries of the child can be made for many keys at once. */
bool
ta_query_has_set(const TaRule *rule, const TaRuleTarget *target)
{
	for (int i = 0; i < rule->ncolumns; i++)
	{
		if (!OidIsValid(get_array_type(getBaseType(target->pair[i].parent_type))))
			return false;
	}
	return !rule->element;
}

/* Likewise, by = ANY. */
bool
ta_query_has_any(const TaRule *rule, const TaRuleTarget *target)
{
	return rule->ncolumns == 1 && ta_query_has_set(rule, target) &&
		   OidIsValid(get_commutator(target->pair[0].operator));
}

/* Sets the types of the parameters of a query about keys, one key after the other; returns their number. */
static int
key_types(const TaRule *rule, const TaRuleTarget *target, int n, TaQueryKeys keys, Oid *types)
{
	for (int i = 0; i < n * rule->ncolumns; i++)
	{
		Oid type = target->pair[i % rule->ncolumns].parent_type;

		types[i] = keys == TA_KEYS_ONE ? type : get_array_type(getBaseType(type));
	}
	return n * rule->ncolumns;
}

/*
 * The query's text.  types gets the types of its parameters (room for
 * TA_ACTION_MAX_PARAMETERS), which are those of the target's key: the old key,
 * and for TA_QUERY_FOLLOW the new one behind it; none for TA_QUERY_LEFT, and a
 * transaction and command for TA_QUERY_MOVED.  keys: for many old keys, each
 * parameter an array, if ta_query_has_set or ta_query_has_any says so; for
 * queries that have the old key alone, and are of the child.
 */
char *
ta_query_sql(const TaRule *rule, const TaRuleTarget *target, TaActionQuery query, TaQueryKeys keys,
			 Oid *types, int *ntypes)
{
	StringInfoData buf;

	initStringInfo(&buf);
	*ntypes = key_types(rule, target, 1, keys, types);
	switch (query)
	{
		case TA_QUERY_REPLACED:
		case TA_QUERY_REPLACED_LIVE:
			build_replaced(&buf, rule, target, query == TA_QUERY_REPLACED_LIVE);
			break;
		case TA_QUERY_MOVED:
			build_moved(&buf, rule, target);
			types[0] = XIDOID;
			types[1] = CIDOID;
			*ntypes = 2;
			break;
		case TA_QUERY_REFERRED:
		case TA_QUERY_REFERRED_LIVE:
			build_referred(&buf, rule, target, keys, query == TA_QUERY_REFERRED_LIVE);
			break;
		case TA_QUERY_LEFT:
			build_left(&buf, rule, target);
			*ntypes = 0;
			break;
		case TA_QUERY_DELETE:
			appendStringInfo(&buf, "DELETE FROM %s",
							 table_sql(rule->child, rule->child_partitioned));
			add_keys(&buf, " USING", rule, keys);
			add_referring(&buf, rule, target, keys);
			break;
		case TA_QUERY_FOLLOW:
			build_follow(&buf, rule, target);
			*ntypes = key_types(rule, target, 2, TA_KEYS_ONE, types);
			break;
		case TA_QUERY_NULL_DELETED:
		case TA_QUERY_NULL_UPDATED:
			build_null(&buf, rule, target, query == TA_QUERY_NULL_DELETED, keys);
			break;
		case TA_QUERY_DEFAULT_DELETED:
			build_set(&buf, rule, target, &rule->on_delete, true, "DEFAULT", keys);
			break;
		case TA_QUERY_DEFAULT_UPDATED:
			build_set(&buf, rule, target, &rule->on_update, false, "DEFAULT", keys);
			break;
		case TA_QUERY_NULL_LIVE:
			build_null(&buf, rule, target, true, keys);
			add_live_child(&buf, rule);
			break;
		case TA_QUERY_DEFAULT_LIVE:
			build_set(&buf, rule, target, &rule->on_delete, true, "DEFAULT", keys);
			add_live_child(&buf, rule);
			break;
		case TA_QUERY_END:
			build_end(&buf, rule, target);
			*ntypes = batch_types(rule, target, types);
			break;
		case TA_QUERY_REVIVE:
			build_revive(&buf, rule, target);
			*ntypes = batch_types(rule, target, types);
			break;
		case TA_QUERY_KINDS:
			elog(ERROR, "unknown query of the parent's side");
	}
	return buf.data;
}
