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
#include "commands/defrem.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

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
	Oid opclass = GetDefaultOpClass(key_type, BTREE_AM_OID);
	Oid family;
	Oid input;
	Oid op;
	Oid base_reference = getBaseType(reference_type);

	if (!OidIsValid(opclass))
		return InvalidOid;
	family = get_opclass_family(opclass);
	input = get_opclass_input_type(opclass);

	op = get_opfamily_member(family, input, base_reference, BTEqualStrategyNumber);
	if (OidIsValid(op))
		return op;

	op = get_opfamily_member(family, input, input, BTEqualStrategyNumber);
	if (OidIsValid(op) && can_coerce_type(1, &reference_type, &input, COERCION_IMPLICIT))
		return op;
	return InvalidOid;
}

/* That operator as OPERATOR(schema.name), for generated SQL; plain = when there is none. */
char *
ta_key_operator_sql(Oid key_type, Oid reference_type)
{
	Oid op = ta_key_operator(key_type, reference_type);
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(op));
	Form_pg_operator form;
	char *result;

	if (!HeapTupleIsValid(tuple))
		return pstrdup("OPERATOR(pg_catalog.=)");
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/* schema.collation */
static char *
collation_sql(Oid collation)
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
	return psprintf("%s COLLATE %s", test, collation_sql(key->collation));
}

/* The column's type as it must be written in DDL, with a collation that differs from the type's. */
char *
ta_type_sql(const TaColumn *column)
{
	char *type = format_type_extended(column->type, column->typmod,
									  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (OidIsValid(column->collation) && column->collation != get_typcollation(column->type))
		type = psprintf("%s COLLATE %s", type, collation_sql(column->collation));
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
