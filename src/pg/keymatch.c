/*
 * src/pg/keymatch.c
 *		Whether and how two columns can be compared as a key and its reference.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "pg/keymatch.h"

/*
 * The equality operator of the key type's default btree family by which a
 * foreign key would compare the two, key on the left; InvalidOid if there is
 * none.  The rule is ATAddForeignKeyConstraint's (tablecmds.c): a cross-type
 * member of the family, or else the reference type must be implicitly
 * coercible to the key's input type.
 */
Oid
ta_key_operator(Oid key_type, Oid reference_type)
{
	const TypeCacheEntry *type;
	Oid family;
	Oid input;
	Oid op;
	Oid base_reference = getBaseType(reference_type);

	if (!OidIsValid(key_type))
		return InvalidOid;
	/* the default family, from the cache: looking it up reads a catalog from end to end */
	type = lookup_type_cache(key_type, TYPECACHE_BTREE_OPFAMILY);
	family = type->btree_opf;
	input = type->btree_opintype;
	if (!OidIsValid(family))
		return InvalidOid;
	op = get_opfamily_member(family, input, base_reference, BTEqualStrategyNumber);
	if (OidIsValid(op))
		return op;

	op = get_opfamily_member(family, input, input, BTEqualStrategyNumber);
	if (OidIsValid(op) && can_coerce_type(1, &reference_type, &input, COERCION_IMPLICIT))
		return op;
	return InvalidOid;
}

/* Whether comparing by that operator calls no cast function that somebody made. */
bool
ta_key_cast_is_plain(Oid key_type, Oid reference_type)
{
	Oid op = ta_key_operator(key_type, reference_type);
	Oid left;
	Oid right;
	Oid function;

	if (!OidIsValid(op))
		return false;
	op_input_types(op, &left, &right);
	return find_coercion_pathway(right, getBaseType(reference_type), COERCION_IMPLICIT,
								 &function) != COERCION_PATH_FUNC ||
		   function < FirstNormalObjectId;
}

/* The operator as OPERATOR(schema.name), for generated SQL. */
char *
ta_operator_sql(Oid op)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(op));
	Form_pg_operator form;
	char *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", op);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/* That of two keys; plain = when there is none. */
char *
ta_key_operator_sql(Oid key_type, Oid reference_type)
{
	Oid op = ta_key_operator(key_type, reference_type);

	return OidIsValid(op) ? ta_operator_sql(op) : pstrdup("OPERATOR(pg_catalog.=)");
}

/* The collation as schema.name, quoted where need be. */
char *
ta_collation_sql(Oid collation)
{
	HeapTuple tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	result = ta_ident_qualify(get_namespace_name(form->collnamespace), NameStr(form->collname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * p.id OPERATOR(pg_catalog.=) c."userId": key on the left, as the operator
 * wants it.  Where the collations differ the key's decides, as in a foreign
 * key's own checks.  column NULL: it is yet to be created, like its key.
 */
char *
ta_key_test_sql(const char *key_sql, const TaColumn *key, const char *column_sql,
				const TaColumn *column)
{
	char *test = psprintf("%s %s %s", key_sql,
						  ta_key_operator_sql(key->type, column != NULL ? column->type : key->type),
						  column_sql);

	if (column == NULL || !OidIsValid(key->collation) || !OidIsValid(column->collation) ||
		key->collation == column->collation)
		return test;
	return psprintf("%s COLLATE %s", test, ta_collation_sql(key->collation));
}

/* ---- arrays of keys ---- */

/* Whether the array is one of a domain's values: it must be read as one of the type below. */
static bool
needs_plain_array(Oid type)
{
	Oid element = get_element_type(getBaseType(type));

	return OidIsValid(element) && getBaseType(element) != element;
}

/* The type of an array's elements, also of a domain over one; InvalidOid: it is no array. */
Oid
ta_element_type(Oid type)
{
	return get_element_type(getBaseType(type));
}

/* Whether a column of the type may hold keys, and is none itself: int4[] where the key is int4, not where it is int4[]. */
bool
ta_is_array_of_keys(Oid type, Oid key_type)
{
	Oid element = ta_element_type(type);

	return OidIsValid(element) && OidIsValid(ta_key_operator(key_type, element)) &&
		   !OidIsValid(ta_key_operator(key_type, type));
}

/* The column as one element of it is compared; of what is no array, itself. */
TaColumn *
ta_element_column(const TaColumn *column)
{
	TaColumn *element = palloc(sizeof(TaColumn));

	*element = *column;
	if (OidIsValid(ta_element_type(column->type)))
		element->type = ta_element_type(column->type);
	return element;
}

static int
integer_width(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ? get_typlen(type) : 0;
}

/*
 * The key as a value of the elements' type, so that PostgreSQL's array operators
 * find it; null where no element can be equal to it.  NULL: there is no such
 * cast that is known to keep equality.
 *
 * ($1).id::bigint, CASE WHEN $1 BETWEEN -32768 AND 32767 THEN $1::smallint END
 */
char *
ta_element_cast_sql(const char *key_sql, Oid key_type, Oid element)
{
	Oid from = getBaseType(key_type);
	Oid to = getBaseType(element);
	char *type =
		format_type_extended(to, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	int64 limit;

	if (lookup_type_cache(to, TYPECACHE_EQ_OPR)->eq_opr == ta_key_operator(key_type, element) ||
		(integer_width(from) > 0 && integer_width(to) >= integer_width(from)))
		return psprintf("%s::%s", key_sql, type);
	if (integer_width(from) == 0 || integer_width(to) == 0)
		return NULL;
	limit = to == INT2OID ? PG_INT16_MAX : PG_INT32_MAX;
	return psprintf("CASE WHEN %s OPERATOR(pg_catalog.>=) " INT64_FORMAT " AND %s"
					" OPERATOR(pg_catalog.<=) " INT64_FORMAT " THEN %s::%s END",
					key_sql, -limit - 1, key_sql, limit, key_sql, type);
}

/*
 * Whether the key is one of the array's elements, so that an index of the key is
 * used.  An array of more dimensions is its elements; nulls are equal to nothing.
 *
 * t.id OPERATOR(pg_catalog.=) ANY (($1)."tagIds")
 */
char *
ta_element_in_sql(const char *key_sql, const TaColumn *key, const char *column_sql,
				  const TaColumn *column)
{
	Oid element = column != NULL ? ta_element_type(column->type) : key->type;
	char *collate = column != NULL && OidIsValid(key->collation) && OidIsValid(column->collation) &&
							key->collation != column->collation
						? psprintf(" COLLATE %s", ta_collation_sql(key->collation))
						: pstrdup("");

	return psprintf("%s%s %s ANY (%s)", key_sql, collate, ta_key_operator_sql(key->type, element),
					column_sql);
}

/*
 * The same so that a GIN index of the array is used, where the elements compare
 * among themselves as the key compares with them; else as above.
 *
 * t."tagIds" OPERATOR(pg_catalog.@>) ARRAY[($1).id::integer]
 */
char *
ta_element_holds_sql(const char *column_sql, const TaColumn *column, const char *key_sql,
					 const TaColumn *key)
{
	Oid element = column != NULL ? ta_element_type(column->type) : key->type;
	char *value = ta_element_cast_sql(key_sql, key->type, element);

	if (value == NULL || (column != NULL && OidIsValid(key->collation) &&
						  OidIsValid(column->collation) && key->collation != column->collation))
		return ta_element_in_sql(key_sql, key, column_sql, column);
	return psprintf("%s%s OPERATOR(pg_catalog.@>) ARRAY[%s]", column_sql,
					column != NULL && needs_plain_array(column->type)
						? psprintf("::%s",
								   format_type_extended(get_array_type(getBaseType(element)), -1,
														FORMAT_TYPE_TYPEMOD_GIVEN |
															FORMAT_TYPE_FORCE_QUALIFY))
						: "",
					value);
}

/* The type of a column that holds keys like this one; NULL: there is no array of them. */
char *
ta_array_type_sql(const TaColumn *key)
{
	int32 typmod = key->typmod;
	Oid base = getBaseTypeAndTypmod(key->type, &typmod);
	TaColumn column = {.typmod = typmod, .collation = key->collation};

	column.type = get_array_type(base);
	return OidIsValid(column.type) && !OidIsValid(get_element_type(base)) ? ta_type_sql(&column)
																		  : NULL;
}

/* The column's type as it must be written in DDL, with a collation that differs from the type's. */
char *
ta_type_sql(const TaColumn *column)
{
	char *type = format_type_extended(column->type, column->typmod,
									  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (OidIsValid(column->collation) && column->collation != get_typcollation(column->type))
		type = psprintf("%s COLLATE %s", type, ta_collation_sql(column->collation));
	return type;
}

/* The type as psql shows it. */
char *
ta_type_shown(Oid type, int32 typmod)
{
	return format_type_with_typemod(type, typmod);
}

/* Whether the domain itself, not its base, has a CHECK. */
static bool
has_check(Oid domain)
{
	Relation rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	bool found;

	ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(domain));
	scan = systable_beginscan(rel, ConstraintTypidIndexId, true, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Whether ADD COLUMN of this type rewrites the table: a domain's constraints
 * are tested on each row.  Not by DomainHasConstraints, which plans the CHECKs
 * and so evaluates what is constant in them: somebody's code, run by whoever
 * looks at the plan.
 */
bool
ta_type_needs_rewrite(Oid type)
{
	for (;;)
	{
		HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Form_pg_type form;
		bool is_domain;
		bool not_null;
		Oid base;

		if (!HeapTupleIsValid(tuple))
			return false;
		form = (Form_pg_type) GETSTRUCT(tuple);
		is_domain = form->typtype == TYPTYPE_DOMAIN;
		not_null = form->typnotnull;
		base = form->typbasetype;
		ReleaseSysCache(tuple);
		if (!is_domain)
			return false;
		if (not_null || has_check(type))
			return true;
		type = base;
	}
}
