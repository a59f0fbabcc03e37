/*
 * src/pg/facts.c
 *		Facts about relations, columns, keys and indexes, as plain structs.
 *
 * Reads the system caches and the relation cache and nothing of ours.  A fact
 * is true when it is read; who needs it to stay true holds a lock.  What needs
 * a relation opened takes AccessShareLock and lets it go at once: a plan over
 * two thousand associations must not fill the lock table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_partitioned_table.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "pg/facts.h"

/* ---- relations ---- */

/* The relation of exactly this schema and name, or InvalidOid. */
Oid
ta_rel_lookup(const char *schema, const char *name)
{
	Oid nsp = get_namespace_oid(schema, true);

	return OidIsValid(nsp) ? get_relname_relid(name, nsp) : InvalidOid;
}

/* The relation of exactly this name on the search path, or InvalidOid. */
Oid
ta_rel_visible(const char *name)
{
	return RelnameGetRelid(name);
}

/* Raises: another session dropped the relation since it was looked up. */
static void
gone(Oid relid)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
					errmsg("relation with OID %u was dropped concurrently", relid),
					errhint("Try again.")));
}

/* The relation's bare name; one that is gone raises. */
char *
ta_rel_name(Oid relid)
{
	char *name = get_rel_name(relid);

	if (name == NULL)
		gone(relid);
	return name;
}

Oid
ta_rel_namespace(Oid relid)
{
	return get_rel_namespace(relid);
}

char *
ta_rel_schema(Oid relid)
{
	char *name = get_namespace_name(get_rel_namespace(relid));

	if (name == NULL)
		gone(relid);
	return name;
}

/* schema.name, quoted: for generated SQL. */
char *
ta_rel_qualified(Oid relid)
{
	return ta_ident_qualify(ta_rel_schema(relid), ta_rel_name(relid));
}

/* As psql would show it: with the schema only if the search path does not find it. */
char *
ta_rel_shown(Oid relid)
{
	return RelationIsVisible(relid) ? ta_ident_quote(ta_rel_name(relid)) : ta_rel_qualified(relid);
}

char
ta_rel_kind(Oid relid)
{
	return get_rel_relkind(relid);
}

/* Whether other tables inherit from it, or are its partitions; pg_class says so of one that once had some, too. */
bool
ta_rel_has_children(Oid relid)
{
	return find_inheritance_children(relid, NoLock) != NIL;
}

/* Whether other tables inherit from it, which are no partitions. */
bool
ta_rel_has_inheritance_children(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_RELATION && ta_rel_has_children(relid);
}

/* The tables (OIDs) that this one inherits from, and theirs, the nearest first; a partition's are its wholes. */
List *
ta_rel_inherits_from(Oid relid)
{
	List *above = list_make1_oid(relid);
	Relation catalog = table_open(InheritsRelationId, AccessShareLock);
	ListCell *lc;

	/* the list grows while it is walked */
	foreach(lc, above)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple tuple;

		ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(lfirst_oid(lc)));
		scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
			above = list_append_unique_oid(above, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
		systable_endscan(scan);
	}
	table_close(catalog, AccessShareLock);
	return list_delete_first(above);
}

/* Whether no row comes into the table, or leaves it, by another's name: no partitions, no inheritance. */
bool
ta_rel_is_plain_table(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_RELATION && !get_rel_relispartition(relid) &&
		   !has_superclass(relid) && !ta_rel_has_children(relid);
}

bool
ta_rel_is_temporary(Oid relid)
{
	return get_rel_persistence(relid) == RELPERSISTENCE_TEMP;
}

Oid
ta_rel_owner(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		gone(relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

bool
ta_rel_owned_by_user(Oid relid)
{
	return ta_relation_ownercheck(relid, GetUserId());
}

/* Whether the user may make foreign keys to these columns, as ALTER TABLE asks. */
bool
ta_rel_may_reference(Oid relid, List *columns)
{
	ListCell *lc;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_REFERENCES) == ACLCHECK_OK)
		return true;
	foreach(lc, columns)
	{
		AttrNumber attnum = get_attnum(relid, lfirst(lc));

		if (attnum == InvalidAttrNumber ||
			pg_attribute_aclcheck(relid, attnum, GetUserId(), ACL_REFERENCES) != ACLCHECK_OK)
			return false;
	}
	return columns != NIL;
}

/* Whether the role may create in the schema. */
bool
ta_rel_schema_allows_create(const char *schema, Oid role)
{
	Oid nsp = get_namespace_oid(schema, true);

	return OidIsValid(nsp) && ta_namespace_aclcheck(nsp, role, ACL_CREATE) == ACLCHECK_OK;
}

/* Whether the user sees the relation's rows, all of them: SELECT, and no row security. */
bool
ta_rel_may_count(Oid relid)
{
	return ta_rel_role_may_count(relid, GetUserId());
}

/* The same of any role. */
bool
ta_rel_role_may_count(Oid relid, Oid role)
{
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK &&
		   check_enable_rls(relid, role, true) != RLS_ENABLED;
}

/* Opens the relation to read its descriptor, index list or keys; one that is gone raises. */
static Relation
open_relation(Oid relid)
{
	Relation rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		gone(relid);
	return rel;
}

/* ---- columns ---- */

/* The user column of exactly this name, or NULL. */
TaColumn *
ta_rel_column(Oid relid, const char *name)
{
	HeapTuple tuple = SearchSysCacheAttName(relid, name);
	Form_pg_attribute att;
	TaColumn *column;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	if (att->attnum <= 0)
	{
		ReleaseSysCache(tuple);
		return NULL;
	}

	column = palloc0(sizeof(TaColumn));
	column->name = pstrdup(NameStr(att->attname));
	column->attnum = att->attnum;
	column->type = att->atttypid;
	column->typmod = att->atttypmod;
	column->collation = att->attcollation;
	column->not_null = att->attnotnull;
	column->has_default = att->atthasdef;
	column->generated = att->attgenerated != '\0';
	ReleaseSysCache(tuple);
	return column;
}

/* The names of the relation's columns, in order. */
List *
ta_rel_column_names(Oid relid)
{
	Relation rel = open_relation(relid);
	TupleDesc desc = RelationGetDescr(rel);
	List *names = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped)
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

/* The columns of these names; NIL when one is missing, which is then told. */
List *
ta_rel_columns(Oid relid, List *names, const char **missing)
{
	List *columns = NIL;
	ListCell *lc;

	foreach(lc, names)
	{
		TaColumn *column = ta_rel_column(relid, lfirst(lc));

		if (column == NULL)
		{
			if (missing != NULL)
				*missing = lfirst(lc);
			return NIL;
		}
		columns = lappend(columns, column);
	}
	return columns;
}

/* ---- indexes ---- */

typedef bool (*IndexTest)(Relation rel, Form_pg_index index, Bitmapset *wanted, int count);

/* The names that the index's key columns have; NIL when one is an expression. */
static List *
index_column_names(Relation rel, Form_pg_index index)
{
	List *names = NIL;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber attnum = index->indkey.values[i];

		if (attnum <= 0)
			return NIL;
		names =
			lappend(names,
					pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname)));
	}
	return names;
}

/* How many of the index's leading columns are wanted ones, before the first that is not. */
static int
leading_matches(Form_pg_index index, Bitmapset *wanted)
{
	Bitmapset *seen = NULL;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber attnum = index->indkey.values[i];

		if (attnum <= 0 || !bms_is_member(attnum, wanted))
			break;
		seen = bms_add_member(seen, attnum);
	}
	return bms_num_members(seen);
}

/* A foreign key may refer to it: unique, immediate, whole, on exactly these columns. */
static bool
is_key_index(Relation rel, Form_pg_index index, Bitmapset *wanted, int count)
{
	return index->indisunique && index->indimmediate && index->indnkeyatts == count &&
		   leading_matches(index, wanted) == count;
}

/* It keeps these columns unique: on all or some of them. */
static bool
is_unique_index(Relation rel, Form_pg_index index, Bitmapset *wanted, int count)
{
	return index->indisunique && leading_matches(index, wanted) == index->indnkeyatts;
}

/* Whether the index's leading columns are ordered by the collations that the table's columns have. */
static bool
has_own_collations(Relation rel, Form_pg_index index, int count)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index->indexrelid));
	bool isnull;
	bool same = true;
	oidvector *collations;

	if (!HeapTupleIsValid(tuple))
		return false;
	collations = (oidvector *) DatumGetPointer(
		SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indcollation, &isnull));
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), index->indkey.values[i] - 1);

		same = same && collations->values[i] == att->attcollation;
	}
	ReleaseSysCache(tuple);
	return same;
}

/* Equality on all these columns finds its rows: btree that leads with them, or hash on the one. */
static bool
is_serving_index(Relation rel, Form_pg_index index, Bitmapset *wanted, int count)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index->indexrelid));
	Oid am;

	if (!HeapTupleIsValid(tuple))
		return false;
	am = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return (am == BTREE_AM_OID || (am == HASH_AM_OID && count == 1)) &&
		   leading_matches(index, wanted) == count && has_own_collations(rel, index, count);
}

/* The first valid index but one, without predicate, that passes the test for these columns. */
static Oid
find_index(Oid relid, List *columns, Oid except, IndexTest test)
{
	Relation rel;
	List *indexes;
	Bitmapset *wanted = NULL;
	Oid found = InvalidOid;
	ListCell *lc;

	foreach(lc, columns)
	{
		AttrNumber attnum = get_attnum(relid, lfirst(lc));

		if (attnum == InvalidAttrNumber)
			return InvalidOid;
		wanted = bms_add_member(wanted, attnum);
	}

	rel = open_relation(relid);
	indexes = RelationGetIndexList(rel);
	foreach(lc, indexes)
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));

		if (!HeapTupleIsValid(tuple))
			continue;
		if (lfirst_oid(lc) != except && ((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
			test(rel, (Form_pg_index) GETSTRUCT(tuple), wanted, list_length(columns)))
			found = lfirst_oid(lc);
		ReleaseSysCache(tuple);
		if (OidIsValid(found))
			break;
	}
	relation_close(rel, AccessShareLock);
	return found;
}

/* The unique index that a foreign key to these columns would use, or InvalidOid. */
Oid
ta_rel_key_index(Oid relid, List *columns)
{
	return find_index(relid, columns, InvalidOid, is_key_index);
}

/* An index that makes two rows with the same values of these columns impossible. */
Oid
ta_rel_unique_index(Oid relid, List *columns)
{
	return find_index(relid, columns, InvalidOid, is_unique_index);
}

/* An index, but for one, by which the rows with given values of all these columns are found. */
Oid
ta_rel_serving_index(Oid relid, List *columns, Oid except)
{
	return find_index(relid, columns, except, is_serving_index);
}

/* The operator family and the collation of a column of the index. */
static bool
column_order(Form_pg_index index, int column, Oid *family, Oid *collation)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index->indexrelid));
	bool isnull;
	oidvector *classes;
	oidvector *collations;

	if (!HeapTupleIsValid(tuple))
		return false;
	classes = (oidvector *) DatumGetPointer(
		SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indclass, &isnull));
	collations = (oidvector *) DatumGetPointer(
		SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indcollation, &isnull));
	*family = get_opclass_family(classes->values[column]);
	*collation = collations->values[column];
	ReleaseSysCache(tuple);
	return true;
}

/* Which rows' arrays hold an element: GIN, on which the column may be any, by PostgreSQL's own @>. */
static bool
is_element_index(Relation rel, Form_pg_index index, Bitmapset *wanted, int count)
{
	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber attnum = index->indkey.values[i];
		Oid family;
		Oid collation;

		if (attnum > 0 && bms_is_member(attnum, wanted) &&
			column_order(index, i, &family, &collation) &&
			op_in_opfamily(OID_ARRAY_CONTAINS_OP, family) &&
			collation == TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attcollation)
			return true;
	}
	return false;
}

/* An index by which the rows are found whose array in this column holds a given element. */
Oid
ta_rel_element_index(Oid relid, const char *column)
{
	return find_index(relid, list_make1(unconstify(char *, column)), InvalidOid, is_element_index);
}

/* Whether it is an index of the table. */
bool
ta_rel_is_index_of(Oid index, Oid relid)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool result = false;

	if (HeapTupleIsValid(tuple))
	{
		result = ((Form_pg_index) GETSTRUCT(tuple))->indrelid == relid;
		ReleaseSysCache(tuple);
	}
	return result;
}

/* The names of the primary key's columns, or NIL. */
List *
ta_rel_primary_key(Oid relid)
{
	Relation rel = open_relation(relid);
	Oid index_oid;
	List *names = NIL;

	index_oid = rel->rd_rel->relkind == RELKIND_RELATION ||
						rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE
					? (RelationGetIndexList(rel), rel->rd_pkindex)
					: InvalidOid;
	if (OidIsValid(index_oid))
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index_oid));

		if (HeapTupleIsValid(tuple))
		{
			names = index_column_names(rel, (Form_pg_index) GETSTRUCT(tuple));
			ReleaseSysCache(tuple);
		}
	}
	relation_close(rel, AccessShareLock);
	return names;
}

bool
ta_rel_in_primary_key(Oid relid, const char *column)
{
	return ta_ident_list_has(ta_rel_primary_key(relid), column);
}

/* A column (or expression) of the partition key that is not among the columns; NULL when all are. */
const char *
ta_rel_partition_column_outside(Oid relid, List *columns)
{
	/* not the relation cache's key: building that evaluates its expressions, somebody's code */
	HeapTuple tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(relid));
	Form_pg_partitioned_table form;
	const char *outside = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts && outside == NULL; i++)
	{
		AttrNumber attnum = form->partattrs.values[i];
		char *name = attnum > 0 ? get_attname(relid, attnum, false) : NULL;

		if (name == NULL)
			outside = "an expression";
		else if (!ta_ident_list_has(columns, name))
			outside = ta_ident_quote(name);
	}
	ReleaseSysCache(tuple);
	return outside;
}

/* The attributes of a partition key, those in expressions too, which are read and not evaluated. */
static Bitmapset *
partition_attributes(HeapTuple tuple)
{
	Form_pg_partitioned_table form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	Bitmapset *attributes = NULL;
	bool isnull;
	Datum expressions =
		SysCacheGetAttr(PARTRELID, tuple, Anum_pg_partitioned_table_partexprs, &isnull);

	for (int i = 0; i < form->partnatts; i++)
	{
		if (form->partattrs.values[i] > 0)
			attributes = bms_add_member(attributes, form->partattrs.values[i] -
														FirstLowInvalidHeapAttributeNumber);
	}
	if (!isnull)
		pull_varattnos(stringToNode(TextDatumGetCString(expressions)), 1, &attributes);
	return attributes;
}

/*
 * The first of the columns by which the table, or a partition of it, is
 * partitioned: an UPDATE of it may move a row.  NULL: none.
 */
const char *
ta_rel_partition_column_among(Oid relid, List *columns)
{
	ListCell *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		HeapTuple tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Bitmapset *attributes;
		ListCell *ln;

		if (!HeapTupleIsValid(tuple))
			continue;
		attributes = partition_attributes(tuple);
		ReleaseSysCache(tuple);
		foreach(ln, columns)
		{
			AttrNumber attnum = get_attnum(lfirst_oid(lc), lfirst(ln));

			if (attnum > 0 &&
				bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, attributes))
				return lfirst(ln);
		}
	}
	return NULL;
}

/* ---- foreign keys ---- */

/* The names of some columns of a relation. */
static List *
attnum_names(Oid relid, const AttrNumber *attnums, int count)
{
	List *names = NIL;

	for (int i = 0; i < count; i++)
		names = lappend(names, get_attname(relid, attnums[i], false));
	return names;
}

/* Reads one pg_constraint row; NULL when it is gone. */
static TaForeignKey *
read_foreign_key(Oid constraint_oid)
{
	HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint_oid));
	Form_pg_constraint form;
	TaForeignKey *fk;
	AttrNumber conkey[INDEX_MAX_KEYS];
	AttrNumber confkey[INDEX_MAX_KEYS];
	AttrNumber delete_columns[INDEX_MAX_KEYS];
	Oid operators[3][INDEX_MAX_KEYS];
	int count;
	int delete_count;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (form->contype != CONSTRAINT_FOREIGN)
	{
		ReleaseSysCache(tuple);
		return NULL;
	}

	DeconstructFkConstraintRow(tuple, &count, conkey, confkey, operators[0], operators[1],
							   operators[2], &delete_count, delete_columns);
	fk = palloc0(sizeof(TaForeignKey));
	fk->oid = constraint_oid;
	fk->name = pstrdup(NameStr(form->conname));
	fk->parent = form->confrelid;
	fk->columns = attnum_names(form->conrelid, conkey, count);
	fk->key = attnum_names(form->confrelid, confkey, count);
	fk->on_delete = form->confdeltype;
	fk->on_update = form->confupdtype;
	fk->delete_columns = attnum_names(form->conrelid, delete_columns, delete_count);
	fk->match = form->confmatchtype;
	fk->deferrable = form->condeferrable;
	fk->deferred = form->condeferred;
	fk->enforced = TA_CONSTRAINT_ENFORCED(form);
	fk->validated = form->convalidated;
	fk->temporal = TA_CONSTRAINT_TEMPORAL(form);
	fk->inherited = OidIsValid(form->conparentid);
	ReleaseSysCache(tuple);
	return fk;
}

/* The table's own foreign keys (TaForeignKey), as its referencing side: those that the server enforces, or the others. */
static List *
foreign_keys(Oid relid, bool enforced)
{
	Relation rel = open_relation(relid);
	List *oids = NIL;
	List *keys = NIL;
	ListCell *lc;

	foreach(lc, RelationGetFKeyList(rel))
		oids = lappend_oid(oids, ((ForeignKeyCacheInfo *) lfirst(lc))->conoid);
	foreach(lc, oids)
	{
		TaForeignKey *fk = read_foreign_key(lfirst_oid(lc));

		if (fk != NULL && fk->enforced == enforced)
			keys = lappend(keys, fk);
	}
	relation_close(rel, AccessShareLock);
	return keys;
}

/* The table's own foreign keys (TaForeignKey), as its referencing side. */
List *
ta_rel_foreign_keys(Oid relid)
{
	return foreign_keys(relid, true);
}

/* Those that are NOT ENFORCED: there in the catalog alone. */
List *
ta_rel_unenforced_keys(Oid relid)
{
	return foreign_keys(relid, false);
}

/* ---- names in use ---- */

bool
ta_constraint_name_taken(Oid relid, const char *name)
{
	return ConstraintNameIsUsed(CONSTRAINT_RELATION, relid, name);
}

bool
ta_relation_name_taken(Oid namespace_oid, const char *name)
{
	return OidIsValid(get_relname_relid(name, namespace_oid));
}
