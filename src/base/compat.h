/*
 * src/base/compat.h
 *		The only place that looks at PG_VERSION_NUM.
 *
 * Wrappers take the shape of the newest major; each names the major that
 * changed the call.  Anything outside the supported range does not compile.
 */
#ifndef TA_COMPAT_H
#define TA_COMPAT_H

#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h" /* until 15, part of postgres.h */
#endif
#if PG_VERSION_NUM >= 190000
#include "utils/inval.h"
#include "utils/syscache.h"
#endif

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "todo_assoc supports PostgreSQL 15 to 19"
#endif

/* 18: modules announce their name and version to pg_get_loaded_modules() */
#if PG_VERSION_NUM >= 180000
#define TA_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "todo_assoc", .version = TA_VERSION)
#else
#define TA_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 16: pg_*_aclcheck and pg_*_ownercheck became object_aclcheck and object_ownercheck */
#if PG_VERSION_NUM >= 160000
#define ta_namespace_aclcheck(nsp, role, mode) object_aclcheck(NamespaceRelationId, nsp, role, mode)
#define ta_relation_ownercheck(relid, role) object_ownercheck(RelationRelationId, relid, role)
#define ta_function_ownercheck(oid, role) object_ownercheck(ProcedureRelationId, oid, role)
#define ta_namespace_ownercheck(oid, role) object_ownercheck(NamespaceRelationId, oid, role)
#define ta_function_aclcheck(oid, role, mode) object_aclcheck(ProcedureRelationId, oid, role, mode)
#else
#define ta_namespace_aclcheck(nsp, role, mode) pg_namespace_aclcheck(nsp, role, mode)
#define ta_relation_ownercheck(relid, role) pg_class_ownercheck(relid, role)
#define ta_function_ownercheck(oid, role) pg_proc_ownercheck(oid, role)
#define ta_namespace_ownercheck(oid, role) pg_namespace_ownercheck(oid, role)
#define ta_function_aclcheck(oid, role, mode) pg_proc_aclcheck(oid, role, mode)
#endif

/* 16: a plan keeps the rights that it needs beside its tables; needs executor/executor.h */
#if PG_VERSION_NUM >= 160000
#define ta_check_plan_rights(plan)                                                                 \
	((void) ExecCheckPermissions((plan)->rtable, (plan)->permInfos, true))
#else
#define ta_check_plan_rights(plan) ((void) ExecCheckRTPerms((plan)->rtable, true))
#endif

/* 19: the syscache callback's cache id became an enum */
#if PG_VERSION_NUM >= 190000
typedef SysCacheIdentifier TaSysCacheId;
#else
typedef int TaSysCacheId;
#endif

/* 19: the parse analysis hook may not change what it is told of the query's jumble */
#if PG_VERSION_NUM >= 190000
#define TaJumbleState const JumbleState
#else
#define TaJumbleState JumbleState
#endif

/* 18: a foreign key may be NOT ENFORCED, have a PERIOD, and be NOT VALID on a partitioned table */
#if PG_VERSION_NUM >= 180000
#define TA_CONSTRAINT_ENFORCED(form) ((form)->conenforced)
#define TA_CONSTRAINT_TEMPORAL(form) ((form)->conperiod)
#define TA_PARTITIONED_NOT_VALID_FK true
#else
#define TA_CONSTRAINT_ENFORCED(form) true
#define TA_CONSTRAINT_TEMPORAL(form) false
#define TA_PARTITIONED_NOT_VALID_FK false
#endif

/* 18: a CHECK constraint may be NOT ENFORCED */
#if PG_VERSION_NUM >= 180000
#define TA_CHECK_ENFORCED(check) ((check)->ccenforced)
#else
#define TA_CHECK_ENFORCED(check) true
#endif

/* 18: what never returns is said in front */
#if PG_VERSION_NUM >= 180000
#define TA_NORETURN pg_noreturn
#else
#define TA_NORETURN pg_attribute_noreturn()
#endif

/* 18: RESTRICT has a SQLSTATE and a text of its own */
#if PG_VERSION_NUM >= 180000
#define TA_RESTRICT_SQLSTATE ERRCODE_RESTRICT_VIOLATION
#define TA_RESTRICT_HAS_TEXT true
#else
#define TA_RESTRICT_SQLSTATE ERRCODE_FOREIGN_KEY_VIOLATION
#define TA_RESTRICT_HAS_TEXT false
#endif

/* 19: who locks a row is told whether it was deleted or updated, by a query as by a foreign key's own probe */
#if PG_VERSION_NUM >= 190000
#define TA_CONCURRENT_DELETE "could not serialize access due to concurrent delete"
#else
#define TA_CONCURRENT_DELETE "could not serialize access due to concurrent update"
#endif

/* 18: an index scan may count what it does; 19: and is told what kind of scan it is */
#if PG_VERSION_NUM >= 190000
#define ta_index_beginscan(heap, index, snapshot, nkeys)                                           \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0, SO_NONE)
#elif PG_VERSION_NUM >= 180000
#define ta_index_beginscan(heap, index, snapshot, nkeys)                                           \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define ta_index_beginscan(heap, index, snapshot, nkeys)                                           \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* 18: an error in an extension's script names the script, the line and the statement by itself */
#if PG_VERSION_NUM >= 180000
#define TA_SCRIPT_CONTEXT 0
#else
#define TA_SCRIPT_CONTEXT 1
#endif

/* 17: there is no old_snapshot_threshold any more */
#if PG_VERSION_NUM >= 170000
#define ta_test_for_old_snapshot(snapshot, rel, page) ((void) 0)
#else
#define ta_test_for_old_snapshot(snapshot, rel, page) TestForOldSnapshot(snapshot, rel, page)
#endif

/* 18: a generated column may be virtual, which no tuple holds */
#if PG_VERSION_NUM >= 180000
#define TA_ATTRIBUTE_STORED(att) ((att)->attgenerated != ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define TA_ATTRIBUTE_STORED(att) true
#endif

/* 19: a scan of a table takes flags */
#if PG_VERSION_NUM >= 190000
#define ta_table_beginscan(rel, snapshot) table_beginscan(rel, snapshot, 0, NULL, SO_NONE)
#else
#define ta_table_beginscan(rel, snapshot) table_beginscan(rel, snapshot, 0, NULL)
#endif

/* 18: ALTER COLUMN SET NOT NULL records the constraint in pg_constraint as well; same DDL text */

#endif /* TA_COMPAT_H */
