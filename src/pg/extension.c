/*
 * src/pg/extension.c
 *		Facts about extensions, what belongs to them, and dependencies.
 *
 * Reads pg_extension and pg_depend, and nothing of ours.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "pg/extension.h"
#include "pg/facts.h"

/* ---- extensions ---- */

/* Copies the extension's row, or NULL; PostgreSQL 15 has no cache for it. */
static HeapTuple
read_tuple(Oid oid, TupleDesc *desc)
{
	Relation rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	*desc = CreateTupleDescCopy(RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return tuple;
}

/* The installed extension of this OID, or NULL. */
TaExtension *
ta_ext(Oid oid)
{
	TupleDesc desc;
	HeapTuple tuple = OidIsValid(oid) ? read_tuple(oid, &desc) : NULL;
	Form_pg_extension form;
	TaExtension *extension;
	bool isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_extension) GETSTRUCT(tuple);
	extension = palloc0(sizeof(TaExtension));
	extension->oid = oid;
	extension->name = pstrdup(NameStr(form->extname));
	extension->version =
		TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion, desc, &isnull));
	extension->owner = form->extowner;
	extension->schema = get_namespace_name(form->extnamespace);
	return extension;
}

/* Calls the function for each row of pg_depend that the index finds; stops when it returns true. */
static bool
scan_depend(bool by_referenced, Oid classid, Oid objid, bool (*see)(Form_pg_depend row, void *arg),
			void *arg)
{
	Relation rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	bool stop = false;

	ScanKeyInit(&keys[0], by_referenced ? Anum_pg_depend_refclassid : Anum_pg_depend_classid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], by_referenced ? Anum_pg_depend_refobjid : Anum_pg_depend_objid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(rel, by_referenced ? DependReferenceIndexId : DependDependerIndexId,
							  true, NULL, 2, keys);
	while (!stop && HeapTupleIsValid(tuple = systable_getnext(scan)))
		stop = see((Form_pg_depend) GETSTRUCT(tuple), arg);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return stop;
}

static bool
refers_to_extension(Form_pg_depend row, void *arg)
{
	return row->refclassid == ExtensionRelationId && row->refobjid == *(Oid *) arg;
}

/* Whether the user may do to the extension what its owner may. */
bool
ta_ext_owned_by_user(const TaExtension *extension)
{
	return has_privs_of_role(GetUserId(), extension->owner);
}

/* Whether the extension requires the other one, as its control file says. */
bool
ta_ext_requires(Oid extension, const char *required)
{
	Oid other = get_extension_oid(required, true);

	return OidIsValid(other) && OidIsValid(extension) &&
		   scan_depend(false, ExtensionRelationId, extension, refers_to_extension, &other);
}

static bool
collect_extension(Form_pg_depend row, void *arg)
{
	List **oids = arg;

	if (row->classid == ExtensionRelationId)
		*oids = list_append_unique_oid(*oids, row->objid);
	return false;
}

static int
compare_extensions(const ListCell *a, const ListCell *b)
{
	return strcmp(((TaExtension *) lfirst(a))->name, ((TaExtension *) lfirst(b))->name);
}

/* The installed extensions (TaExtension) that require this one, by name. */
List *
ta_ext_requiring(const char *required)
{
	Oid other = get_extension_oid(required, true);
	List *oids = NIL;
	List *extensions = NIL;
	ListCell *lc;

	if (!OidIsValid(other))
		return NIL;
	scan_depend(true, ExtensionRelationId, other, collect_extension, &oids);
	foreach(lc, oids)
	{
		TaExtension *extension = ta_ext(lfirst_oid(lc));

		if (extension != NULL)
			extensions = lappend(extensions, extension);
	}
	list_sort(extensions, compare_extensions);
	return extensions;
}

/* ---- functions ---- */

static bool
is_normal(Form_pg_depend row, void *arg)
{
	return row->deptype == DEPENDENCY_NORMAL;
}

/* Whether something else could not be without the function. */
bool
ta_function_is_used(Oid function)
{
	return scan_depend(true, ProcedureRelationId, function, is_normal, NULL);
}

/* Whether the user may do to the function what its owner may. */
bool
ta_function_owned_by_user(Oid function)
{
	return ta_function_ownercheck(function, GetUserId());
}

/* ---- members ---- */

/* The extension that the relation belongs to, an index with its table; or InvalidOid. */
Oid
ta_ext_of_relation(Oid relid)
{
	char kind = get_rel_relkind(relid);

	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, true);
	return OidIsValid(relid) ? getExtensionOfObject(RelationRelationId, relid) : InvalidOid;
}

static bool
collect_member(Form_pg_depend row, void *arg)
{
	List **members = arg;
	ObjectAddress *object;

	if (row->deptype != DEPENDENCY_EXTENSION)
		return false;
	object = palloc(sizeof(ObjectAddress));
	ObjectAddressSubSet(*object, row->classid, row->objid, row->objsubid);
	*members = lappend(*members, object);
	return false;
}

/* Everything that belongs to the extension (ObjectAddress). */
List *
ta_ext_members(Oid extension)
{
	List *members = NIL;

	scan_depend(true, ExtensionRelationId, extension, collect_member, &members);
	return members;
}

static int
compare_tables(const ListCell *a, const ListCell *b)
{
	return strcmp(ta_rel_qualified(lfirst_oid(a)), ta_rel_qualified(lfirst_oid(b)));
}

/* The extension's ordinary and partitioned tables (OIDs), by name. */
List *
ta_ext_member_tables(Oid extension)
{
	List *tables = NIL;
	ListCell *lc;

	foreach(lc, ta_ext_members(extension))
	{
		ObjectAddress *object = lfirst(lc);

		if (object->classId == RelationRelationId &&
			strchr("rp", get_rel_relkind(object->objectId)) != NULL)
			tables = lappend_oid(tables, object->objectId);
	}
	list_sort(tables, compare_tables);
	return tables;
}

/* ---- marks for dump ---- */

/* Whether pg_dump dumps the relation's rows, and which: condition is '' for all. */
bool
ta_ext_dump_mark(Oid extension, Oid relid, char **condition)
{
	TupleDesc desc;
	HeapTuple tuple = read_tuple(extension, &desc);
	bool no_config;
	bool no_condition;
	Datum config;
	Datum conditions;
	Datum *oids;
	Datum *texts;
	int count;
	int text_count;

	*condition = NULL;
	if (!HeapTupleIsValid(tuple))
		return false;
	config = heap_getattr(tuple, Anum_pg_extension_extconfig, desc, &no_config);
	conditions = heap_getattr(tuple, Anum_pg_extension_extcondition, desc, &no_condition);
	if (no_config || no_condition)
		return false;
	deconstruct_array(DatumGetArrayTypeP(config), OIDOID, sizeof(Oid), true, TYPALIGN_INT, &oids,
					  NULL, &count);
	deconstruct_array(DatumGetArrayTypeP(conditions), TEXTOID, -1, false, TYPALIGN_INT, &texts,
					  NULL, &text_count);
	for (int i = 0; i < count && i < text_count; i++)
	{
		if (DatumGetObjectId(oids[i]) != relid)
			continue;
		*condition = TextDatumGetCString(texts[i]);
		return true;
	}
	return false;
}

/* Marks a relation that the running extension script made, so that its rows are dumped. */
void
ta_ext_mark_for_dump(Oid relid)
{
	DirectFunctionCall2(pg_extension_config_dump, ObjectIdGetDatum(relid), CStringGetTextDatum(""));
	/* several marks in one statement change one and the same row of pg_extension */
	CommandCounterIncrement();
}
