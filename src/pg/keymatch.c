/*
 * src/pg/keymatch.c
 *		Whether and how two columns can be compared as a key and its reference.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "commands/defrem.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
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

/* The column's type as it must be written in DDL, with a collation that differs from the type's. */
char *
ta_type_sql(const TaColumn *column)
{
	char *type = format_type_extended(column->type, column->typmod,
									  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (OidIsValid(column->collation) && column->collation != get_typcollation(column->type))
	{
		HeapTuple tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));

		if (HeapTupleIsValid(tuple))
		{
			Form_pg_collation form = (Form_pg_collation) GETSTRUCT(tuple);

			type = psprintf("%s COLLATE %s", type,
							ta_ident_qualify(get_namespace_name(form->collnamespace),
											 NameStr(form->collname)));
			ReleaseSysCache(tuple);
		}
	}
	return type;
}

/* The type as psql shows it. */
char *
ta_type_shown(Oid type, int32 typmod)
{
	return format_type_with_typemod(type, typmod);
}

/* Whether ADD COLUMN of this type rewrites the table: a domain's constraints are tested on each row. */
bool
ta_type_needs_rewrite(Oid type)
{
	return ta_domain_has_constraints(type);
}
