/*
 * src/watch/enforced.c
 *		DDL on tables whose references triggers enforce.
 *
 * PostgreSQL knows our triggers as anybody's: it keeps their columns from being
 * dropped or given another type, and does not know that a parent's partition
 * needs them too.  What is done here makes DDL go as with a native key.  It is
 * a convenience: where event triggers do not fire, a trigger that finds its
 * tables changed raises, and the plan shows what is missing.
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/run.h"
#include "schema/trigger.h"
#include "store/catalog.h"
#include "store/enforced.h"
#include "watch/watch.h"

/* What triggers enforce (TaEnforced) of which the relation is the child or a parent. */
List *
ta_enforced_of_relation(Oid relid)
{
	if (!OidIsValid(relid) || strchr("rp", ta_rel_kind(relid)) == NULL)
		return NIL;
	return ta_enforced_of_table(ta_rel_schema(relid), ta_rel_name(relid));
}

/* The same of the relation and of the tables that it is a partition of or inherits from. */
static List *
enforced_above(Oid relid)
{
	List *rows = ta_enforced_of_relation(relid);
	ListCell *lc;

	foreach(lc, ta_rel_inherits_from(relid))
		rows = list_concat(rows, ta_enforced_of_relation(lfirst_oid(lc)));
	return rows;
}

static bool
is_child(const TaEnforced *row, const char *schema, const char *table)
{
	return strcmp(row->child_schema, schema) == 0 && strcmp(row->child_table, table) == 0;
}

static bool
is_child_relation(const TaEnforced *row, Oid relid)
{
	return is_child(row, ta_rel_schema(relid), ta_rel_name(relid));
}

/* Whether a column of the child is part of what the row says. */
static bool
child_uses(const TaEnforced *row, const char *column)
{
	return ta_ident_list_has(row->columns, column) || ta_ident_same(row->type_column, column) ||
		   ta_ident_same(row->child_soft_delete, column) ||
		   (row->condition != NULL && ta_ident_list_has(ta_scope_columns(row->condition), column));
}

static bool
target_uses(const TaEnforcedTarget *target, const char *column)
{
	return ta_ident_list_has(target->key, column) || ta_ident_same(target->soft_delete, column) ||
		   (target->scope != NULL && ta_ident_list_has(ta_scope_columns(target->scope), column));
}

/* The table that a command attaches, detaches, or has inherit. */
static Oid
part_of(AlterTableCmd *command)
{
	RangeVar *name = IsA(command->def, PartitionCmd) ? castNode(PartitionCmd, command->def)->name
													 : castNode(RangeVar, command->def);

	return ta_statement_relation(name);
}

/* Whether the statement does anything that can matter here: most ALTER TABLEs do not. */
static bool
concerns(AlterTableStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_DropColumn:
			case AT_AlterColumnType:
			case AT_DisableTrig:
			case AT_DisableTrigAll:
			case AT_DisableTrigUser:
			case AT_EnableTrig:
			case AT_EnableTrigAll:
			case AT_EnableTrigUser:
			case AT_EnableAlwaysTrig:
			case AT_EnableReplicaTrig:
			case AT_AttachPartition:
			case AT_DetachPartition:
			case AT_DetachPartitionFinalize:
			case AT_AddInherit:
			case AT_DropInherit:
				return true;
			default:
				break;
		}
	}
	return false;
}

/* ---- a partition of a parent leaves ---- */

/* The one whose keys are known to be referred to no more, until the command's end. */
static Oid unreferenced_part = InvalidOid;

/* Who may read all of both tables; InvalidOid: neither the user nor an owner. */
static Oid
who_sees(Oid child, Oid parent)
{
	Oid roles[] = {GetUserId(), ta_rel_owner(child), ta_rel_owner(parent)};

	for (int i = 0; i < lengthof(roles); i++)
	{
		if (ta_rel_role_may_count(child, roles[i]) && ta_rel_role_may_count(parent, roles[i]))
			return roles[i];
	}
	return InvalidOid;
}

/*
 * The rows of the child that refer to a key which only this partition has:
 *
 * SELECT count(*) FROM (SELECT 1 FROM s.stays t, s.places_3 p WHERE p.id = t.place_id AND NOT EXISTS
 * (SELECT 1 FROM s.places q WHERE q.id = t.place_id AND q.tableoid <> ALL ('{16401}')) LIMIT 1) r
 */
static char *
referring_sql(const TaEnforced *row, const TaEnforcedTarget *target, Oid child, Oid parent,
			  Oid part)
{
	List *to_part = NIL;
	List *to_others = NIL;
	List *oids = NIL;
	ListCell *lc;
	ListCell *lk;

	forboth(lc, row->columns, lk, target->key)
	{
		TaColumn *column = ta_rel_column(child, lfirst(lc));
		TaColumn *key = ta_rel_column(parent, lfirst(lk));
		char *quoted = ta_ident_quote(lfirst(lk));
		char *reference = psprintf("t.%s", ta_ident_quote(lfirst(lc)));

		if (column == NULL || key == NULL)
			return NULL;
		/* of an array, an element: what others have is then the partition's key */
		if (row->element && !ta_is_array_of_keys(column->type, key->type))
			return NULL;
		to_part = lappend(to_part,
						  row->element
							  ? ta_element_in_sql(psprintf("p.%s", quoted), key, reference, column)
							  : ta_key_test_sql(psprintf("p.%s", quoted), key, reference, column));
		to_others = lappend(to_others, row->element ? ta_key_test_sql(psprintf("q.%s", quoted), key,
																	  psprintf("p.%s", quoted), key)
													: ta_key_test_sql(psprintf("q.%s", quoted), key,
																	  reference, column));
	}
	if (row->type_column != NULL)
		to_part = lappend(to_part, psprintf("t.%s::pg_catalog.text OPERATOR(pg_catalog.=) %s",
											ta_ident_quote(row->type_column),
											quote_literal_cstr(target->type_value)));
	foreach(lc, find_all_inheritors(part, NoLock, NULL))
		oids = lappend(oids, psprintf("%u", lfirst_oid(lc)));
	return psprintf(
		"SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %s t, %s p WHERE %s AND NOT "
		"EXISTS (SELECT 1 FROM %s q WHERE %s AND q.tableoid OPERATOR(pg_catalog.<>) ALL "
		"('{%s}'::pg_catalog.oid[])) LIMIT 1) r",
		ta_rel_qualified(child), ta_rel_qualified(part), ta_err_join(to_part, " AND "),
		ta_rel_qualified(parent), ta_err_join(to_others, " AND "), ta_err_join(oids, ","));
}

/*
 * Keeps rows from being written that refer to the partition, until the command's
 * own locks or, of CONCURRENTLY, its mark on the partition do that: who checks a
 * row locks the parent; who stays out of the parent's way here waits for the
 * child's writers.
 */
static void
lock_for_leaving(Oid child, Oid parent, Oid part, bool concurrently)
{
	LOCKMODE lock = concurrently ? ShareUpdateExclusiveLock : AccessExclusiveLock;

	LockRelationOid(parent, lock);
	LockRelationOid(part, lock);
	if (concurrently)
		(void) find_all_inheritors(child, ShareLock, NULL);
}

/* Raises, as PostgreSQL does for a native key, when rows refer to keys of the partition; false: nobody can tell. */
static bool
check_unreferenced(const TaEnforced *row, const TaEnforcedTarget *target, Oid parent, Oid part,
				   bool concurrently)
{
	Oid child = ta_rel_lookup(row->child_schema, row->child_table);
	Oid role;
	char *sql;

	if (!OidIsValid(child))
		return true;
	/* who has taken the triggers away, as a script of pg_dump --clean does, is held by nothing */
	if (!ta_triggers_on_parent(row, parent))
		return false;
	role = who_sees(child, parent);
	sql = referring_sql(row, target, child, parent, part);
	if (!OidIsValid(role) || sql == NULL || !ta_rel_role_may_count(part, role))
		return false;
	lock_for_leaving(child, parent, part, concurrently);
	if (ta_run_count_as(sql, role) == 0)
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg(target->heirs
						? "removing heir \"%s\" violates foreign key constraint \"%s\""
						: "removing partition \"%s\" violates foreign key constraint \"%s\"",
					ta_rel_name(part), row->name),
			 errdetail("Keys of it are still referenced from table \"%s\".", row->child_table),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, row->child_schema),
			 err_generic_string(PG_DIAG_TABLE_NAME, row->child_table),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, row->name)));
	return false;
}

/*
 * DETACH PARTITION, NO INHERIT, or DROP TABLE of a part, is about to begin, by who
 * may.  whole: what it leaves, and with that what is above; InvalidOid: all that it
 * is a part of.  alone: nothing else goes with it, which may be what refers to it.
 * concurrently: DETACH PARTITION CONCURRENTLY, whose first transaction this is.
 */
void
ta_enforced_part_leaves(Oid part, Oid whole, bool alone, bool concurrently)
{
	bool unreferenced = true;
	List *wholes;
	ListCell *lc;

	unreferenced_part = InvalidOid;
	if (!OidIsValid(part) || strchr("rp", ta_rel_kind(part)) == NULL)
		return;
	wholes = OidIsValid(whole) ? lcons_oid(whole, ta_rel_inherits_from(whole))
							   : ta_rel_inherits_from(part);
	foreach(lc, wholes)
	{
		Oid parent = lfirst_oid(lc);
		ListCell *lr;

		foreach(lr, ta_enforced_of_relation(parent))
		{
			TaEnforced *row = lfirst(lr);
			ListCell *lt;

			foreach(lt, row->targets)
			{
				TaEnforcedTarget *target = lfirst(lt);

				if (ta_rel_lookup(target->schema, target->table) != parent ||
					!(target->heirs || get_rel_relispartition(part)) ||
					(alone && check_unreferenced(row, target, parent, part, concurrently)))
					continue;
				unreferenced = false;
				if (row->validated)
					ta_enforced_set_validated(row->reference, false);
			}
		}
	}
	if (unreferenced)
		unreferenced_part = part;
}

/* ---- before an ALTER TABLE ---- */

/* The child loses a column: its triggers, which hold the column, go before. */
static void
column_goes(const TaEnforced *row)
{
	ta_catalog_lock_rows();
	ta_enforced_delete(row->reference);
	ta_triggers_drop(row);
	ereport(NOTICE, (errmsg("no longer enforced by triggers: %s of %s", row->name,
							ta_ident_qualify(row->child_schema, row->child_table))));
}

/* Whether one of the row's columns, of that table, has the name. */
bool
ta_enforced_uses(const TaEnforced *row, Oid relid, const char *column)
{
	ListCell *lc;

	if (is_child_relation(row, relid) && child_uses(row, column))
		return true;
	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);

		if (ta_rel_lookup(target->schema, target->table) == relid && target_uses(target, column))
			return true;
	}
	return false;
}

/*
 * ALTER TABLE .. DROP COLUMN, ALTER COLUMN .. TYPE: triggers whose condition
 * names the column step aside.  Only for who may alter the table: else
 * PostgreSQL refuses, and nothing must have happened.
 */
void
ta_enforced_alter_start(AlterTableStmt *statement)
{
	Oid relid;
	List *rows;
	ListCell *lc;

	if (!concerns(statement))
		return;
	relid = ta_statement_relation(statement->relation);
	if (!OidIsValid(relid) || !ta_rel_owned_by_user(relid))
		return;
	rows = ta_enforced_of_relation(relid);
	foreach(lc, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);
		ListCell *lr;

		if (command->subtype == AT_AddInherit)
			ta_triggers_leave_statement(relid);
		if (command->subtype == AT_AttachPartition && OidIsValid(part_of(command)) &&
			ta_rel_owned_by_user(part_of(command)))
			ta_triggers_leave_statement(part_of(command));
		if (command->subtype == AT_DetachPartition)
			ta_enforced_part_leaves(part_of(command), relid, true,
									castNode(PartitionCmd, command->def)->concurrent);
		if (command->subtype == AT_DropInherit)
			ta_enforced_part_leaves(relid, part_of(command), true, false);
		if (command->subtype == AT_AlterColumnType)
			ta_retype_start(relid, command);
		if (command->subtype != AT_DropColumn)
			continue;
		foreach(lr, rows)
		{
			TaEnforced *row = lfirst(lr);

			if (is_child_relation(row, relid) && child_uses(row, command->name) &&
				ta_enforced_read(row->reference) != NULL)
				column_goes(row);
		}
	}
}

/* ---- a parent's trigger for DELETE: of each row, or of the statement ---- */

/*
 * Native keys of the relation, or its triggers, may be others than before: so
 * may be what its parents', and its own, triggers for DELETE are.
 */
static void
settle_around(Oid relid)
{
	ListCell *lc;

	ta_triggers_settle(relid);
	foreach(lc, ta_rel_foreign_keys(relid))
		ta_triggers_settle(((TaForeignKey *) lfirst(lc))->parent);
}

/* Whether a constraint, or one of a column, is a foreign key. */
static bool
has_key(Node *element)
{
	ListCell *lc;

	if (element == NULL)
		return false;
	if (IsA(element, Constraint))
		return castNode(Constraint, element)->contype == CONSTR_FOREIGN;
	if (!IsA(element, ColumnDef))
		return false;
	foreach(lc, castNode(ColumnDef, element)->constraints)
	{
		if (lfirst_node(Constraint, lc)->contype == CONSTR_FOREIGN)
			return true;
	}
	return false;
}

/* A command on triggers of the relation, not of ours, has ended. */
void
ta_enforced_triggers_changed(Oid relid, const char *name)
{
	if (strncmp(name, "RI_assoc_", 9) != 0)
		ta_triggers_settle(relid);
}

/* ---- after an ALTER TABLE ---- */

/* The triggers that the row needs and that are not there. */
static void
restore_triggers(List *rows)
{
	ListCell *lc;

	foreach(lc, rows)
		ta_triggers_restore(lfirst(lc));
}

/* What is known of the rows is known no more, until they are checked again. */
static void
forget_validated(List *rows)
{
	ListCell *lc;

	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		if (row->validated)
			ta_enforced_set_validated(row->reference, false);
	}
}

static List *
names_of(List *rows)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		names = lappend(names, psprintf("%s of %s", ta_ident_quote(row->name),
										ta_ident_qualify(row->child_schema, row->child_table)));
	}
	return names;
}

/* The rows whose triggers of the relation ALTER TABLE .. TRIGGER name has switched; name NULL: all. */
static List *
rows_of_trigger(List *rows, Oid relid, const char *name)
{
	List *found = NIL;
	ListCell *lc;

	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);
		bool is_ours =
			name == NULL || strcmp(name, ta_trigger_name(TA_TRIGGER_FORGET, row->reference)) == 0;

		for (int kind = TA_TRIGGER_CHECK_INSERT; !is_ours && kind <= TA_TRIGGER_ENDING; kind++)
			is_ours = strcmp(name, ta_trigger_name(kind, row->reference)) == 0;
		if (is_ours)
			found = lappend(found, row);
	}
	return found;
}

/* Triggers of the relation were switched on or off. */
static void
switched(List *rows, Oid relid, const char *name, bool off)
{
	List *concerned = rows_of_trigger(rows, relid, name);

	/* also where a restore has not brought the rows yet */
	if (!off && ta_rel_owned_by_user(relid))
		ta_triggers_wake(relid);
	if (concerned == NIL)
		return;
	forget_validated(concerned);
	if (off)
		ereport(WARNING,
				(errmsg("triggers that enforce associations are disabled on %s",
						ta_rel_shown(relid)),
				 errdetail("No longer enforced: %s.", ta_err_list(names_of(concerned), 12)),
				 errhint("ALTER TABLE %s ENABLE TRIGGER %s; then SELECT * FROM assoc.apply(); "
						 "checks the rows.",
						 ta_rel_qualified(relid), name != NULL ? ta_ident_quote(name) : "USER")));
}

/* Raises when a table became part of another whose rows are checked once a statement. */
static void
refuse_statement_mode(List *rows, Oid relid)
{
	ListCell *lc;

	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		if (strcmp(row->mode, "statement") != 0)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is checked once a statement, and can't be part of another table or "
						"have parts",
						ta_ident_qualify(row->child_schema, row->child_table)),
				 errdetail("Constraint %s would not see rows that come by another table's name.",
						   ta_ident_quote(row->name)),
				 errhint("Let it check each row: enforce => 'trigger' in its declaration, then "
						 "SELECT * FROM assoc.apply();")));
	}
}

/* A table became a partition of the relation, or inherits from it. */
static void
joined(Oid relid, Oid part)
{
	List *rows = enforced_above(relid);
	List *own = ta_enforced_of_relation(part);
	List *wholes = lcons_oid(relid, ta_rel_inherits_from(relid));
	ListCell *lc;

	refuse_statement_mode(rows, relid);
	refuse_statement_mode(own, part);
	/* of a child, its rows are unchecked; of a parent, its rows need the triggers */
	foreach(lc, rows)
	{
		TaEnforced *row = lfirst(lc);

		if (row->validated && OidIsValid(part) && get_rel_relispartition(part) &&
			list_member_oid(wholes, ta_rel_lookup(row->child_schema, row->child_table)))
			ta_enforced_set_validated(row->reference, false);
	}
	restore_triggers(rows);
	restore_triggers(own);
	foreach(lc, wholes)
		ta_triggers_settle(lfirst_oid(lc));
}

/* A table is no longer part of the relation: the triggers that we gave it go. */
static void
left(Oid relid, Oid part)
{
	ListCell *lc;

	foreach(lc, enforced_above(relid))
	{
		TaEnforced *row = lfirst(lc);
		List *parts = find_all_inheritors(part, NoLock, NULL);
		List *stay = ta_triggers_relations(row);
		ListCell *lp;

		foreach(lp, parts)
		{
			if (!list_member_oid(stay, lfirst_oid(lp)))
				ta_triggers_drop_on(lfirst_oid(lp), row);
		}
		/* its keys went with it: if nobody could tell who referred to them, the next check does */
		if (row->validated && part != unreferenced_part && !is_child_relation(row, relid))
			ta_enforced_set_validated(row->reference, false);
	}
	ta_triggers_settle(relid);
	ta_triggers_settle(part);
}

/* An ALTER TABLE has changed the relation. */
void
ta_enforced_alter_end(AlterTableStmt *statement, Oid relid)
{
	List *rows;
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (has_key(command->def) || command->subtype == AT_AlterConstraint)
		{
			settle_around(relid);
			break;
		}
	}
	/* what we do ourselves we also note */
	if (ta_ddl_is_ours() || !concerns(statement))
		return;
	rows = ta_enforced_of_relation(relid);
	foreach(lc, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		switch (command->subtype)
		{
			case AT_AlterColumnType:
				ta_retype_end(relid, command);
				break;
			case AT_DisableTrig:
			case AT_EnableReplicaTrig:
				switched(rows, relid, command->name, true);
				break;
			case AT_DisableTrigAll:
			case AT_DisableTrigUser:
				switched(rows, relid, NULL, true);
				break;
			case AT_EnableTrig:
			case AT_EnableAlwaysTrig:
				switched(rows, relid, command->name, false);
				break;
			case AT_EnableTrigAll:
			case AT_EnableTrigUser:
				switched(rows, relid, NULL, false);
				break;
			case AT_AttachPartition:
				joined(relid, part_of(command));
				break;
			case AT_DetachPartition:
			case AT_DetachPartitionFinalize:
				left(relid, part_of(command));
				break;
			case AT_AddInherit:
				joined(part_of(command), relid);
				break;
			case AT_DropInherit:
				left(part_of(command), relid);
				break;
			default:
				break;
		}
	}
}

/* A table was created: as a partition or below another, or with foreign keys. */
void
ta_enforced_created(CreateStmt *statement)
{
	Oid relid = ta_statement_relation(statement->relation);
	ListCell *lc;

	if (!OidIsValid(relid))
		return;
	foreach(lc, statement->inhRelations)
	{
		Oid above = ta_statement_relation(lfirst_node(RangeVar, lc));
		List *rows = OidIsValid(above) ? enforced_above(above) : NIL;

		refuse_statement_mode(rows, relid);
		restore_triggers(rows);
		ta_triggers_settle(above);
	}
	foreach(lc, statement->tableElts)
	{
		if (has_key(lfirst(lc)))
		{
			settle_around(relid);
			break;
		}
	}
}

/* ---- drops ---- */

/*
 * A trigger is gone: if it was one of ours, rows come unchecked from now on;
 * another's may have kept a parent's rows from being acted on together.
 */
void
ta_enforced_trigger_gone(const char *schema, const char *table, const char *name)
{
	Oid relid = ta_rel_lookup(schema, table);

	if (!OidIsValid(relid))
		return;
	if (strncmp(name, "RI_assoc_", 9) == 0)
		forget_validated(rows_of_trigger(ta_enforced_of_table(schema, table), relid, name));
	else
		ta_triggers_settle(relid);
}

/* Ends what the row says, for a table or a column of it is gone; rights were PostgreSQL's to ask. */
void
ta_enforced_end(const TaEnforced *row)
{
	ta_enforced_delete(row->reference);
	ta_triggers_drop(row);
}

/*
 * The rows that speak of the table, or with a column's name of that column.
 * of_child tells those whose child it is from those whose parent.
 */
List *
ta_enforced_speaking_of(const char *schema, const char *table, const char *column, bool of_child)
{
	List *found = NIL;
	ListCell *lc;

	foreach(lc, ta_enforced_of_table(schema, table))
	{
		TaEnforced *row = lfirst(lc);
		bool speaks =
			of_child && is_child(row, schema, table) && (column == NULL || child_uses(row, column));
		ListCell *lt;

		foreach(lt, of_child ? NIL : row->targets)
		{
			TaEnforcedTarget *target = lfirst(lt);

			speaks = speaks ||
					 (strcmp(target->schema, schema) == 0 && strcmp(target->table, table) == 0 &&
					  (column == NULL || target_uses(target, column)));
		}
		if (speaks)
			found = lappend(found, row);
	}
	return found;
}
