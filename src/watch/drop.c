/*
 * src/watch/drop.c
 *		Drops of tables and columns that associations speak of.
 *
 * The child's side is always free to go, and the associations go with it.  The
 * parent's side is held by them, as a foreign key would, unless the command
 * says CASCADE or takes the child too.  PostgreSQL's own refusals come first:
 * we look at what it has dropped.
 *
 * Only our accessors must step aside before: a function that takes or returns
 * a row of the table is what would hold the table.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "migrate/history.h"
#include "migrate/run.h"
#include "model/declare.h"
#include "model/follow.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/reference.h"
#include "model/rename.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/run.h"
#include "store/cache.h"
#include "watch/watch.h"

/* ---- before ---- */

/* Accessors that take or return rows of the models' table. */
static void
step_aside(List *models)
{
	ListCell *lc;

	foreach(lc, models)
	{
		ListCell *ld;

		foreach(ld, ta_decls_about(lfirst(lc)))
			ta_accessor_step_aside(lfirst(ld));
	}
}

/* A table is about to be dropped, by who may. */
static void
table_goes(Oid relid)
{
	List *models = NIL;
	ListCell *lc;

	ta_migrate_count_dropped(relid);
	/* its partitions go with it, and what takes or returns their rows */
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		models = list_concat(models, ta_models_of_relation(lfirst_oid(lc)));
	if (models == NIL)
		return;
	ta_catalog_lock_rows();
	step_aside(models);
}

/* Whether the user may drop the relation: else PostgreSQL says so, and nothing must have happened. */
static bool
may_drop(Oid relid)
{
	return ta_rel_owned_by_user(relid) ||
		   ta_namespace_ownercheck(get_rel_namespace(relid), GetUserId());
}

static void
schema_goes(const char *schema)
{
	Oid nsp = get_namespace_oid(schema, true);
	ListCell *lc;

	if (!OidIsValid(nsp) || !ta_namespace_ownercheck(nsp, GetUserId()))
		return;
	foreach(lc, ta_catalog_models_of_schema(schema))
	{
		TaModelRow *row = lfirst(lc);
		Oid relid = ta_rel_lookup(row->schema_name, row->table_name);

		if (OidIsValid(relid))
			table_goes(relid);
	}
}

static void
extension_goes(const char *name)
{
	TaExtension *extension = ta_ext(get_extension_oid(name, true));
	ListCell *lc;

	if (extension == NULL || !has_privs_of_role(GetUserId(), extension->owner))
		return;
	foreach(lc, ta_ext_member_tables(extension->oid))
	{
		/* what a run of ours drops with the package is counted there */
		List *models = ta_models_of_relation(lfirst_oid(lc));

		if (models == NIL)
			continue;
		ta_catalog_lock_rows();
		step_aside(models);
	}
}

/* DROP TABLE, DROP VIEW and the like, DROP SCHEMA, DROP EXTENSION. */
void
ta_drop_start(DropStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->objects)
	{
		Oid relid;

		switch (statement->removeType)
		{
			case OBJECT_SCHEMA:
				schema_goes(strVal(lfirst(lc)));
				break;
			case OBJECT_EXTENSION:
				extension_goes(strVal(lfirst(lc)));
				break;
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
				relid = ta_statement_relation(makeRangeVarFromNameList(lfirst(lc)));
				if (OidIsValid(relid) && may_drop(relid))
					table_goes(relid);
				break;
			default:
				break;
		}
	}
}

/* DROP OWNED BY: every model's table that is one of the roles'. */
void
ta_drop_owned_start(DropOwnedStmt *statement)
{
	ListCell *lr;

	foreach(lr, statement->roles)
	{
		Oid role = get_rolespec_oid(lfirst(lr), true);
		ListCell *lc;

		if (!OidIsValid(role) || !has_privs_of_role(GetUserId(), role))
			continue;
		foreach(lc, ta_catalog_models())
		{
			TaModelRow *row = lfirst(lc);
			Oid relid = ta_rel_lookup(row->schema_name, row->table_name);

			if (OidIsValid(relid) && ta_rel_owner(relid) == role)
				table_goes(relid);
		}
	}
}

/* ALTER TABLE .. DROP COLUMN may end associations: rows of ours. */
void
ta_drop_column_start(AlterTableStmt *statement)
{
	ListCell *lc;

	foreach(lc, statement->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->subtype != AT_DropColumn)
			continue;
		if (ta_models_of_relation(ta_statement_relation(statement->relation)) != NIL)
			ta_catalog_lock_rows();
		return;
	}
}

/* A dropped table, or with a column's name a dropped column. */
typedef struct Gone
{
	char *type; /* as PostgreSQL words it: table, view, table column, ... */
	char *schema;
	char *table;
	char *column;
} Gone;

typedef struct Drop
{
	bool cascade;
	bool constraint; /* the command drops constraints by name */
	bool function; /* or functions */
	bool package; /* one is among the dropped */
	List *tables; /* of Gone */
	List *columns; /* of Gone */
	List *models; /* of char *: those whose table, or a column of it, is gone */
	List *gone; /* of char *: those of them whose table is gone */
	List *ended; /* of TaDecl */
	List *held; /* of TaDecl: parents' side gone, child's still there */
} Drop;

/* ---- taken apart ---- */

/*
 * Tables whose constraints, and accessors that, this session has dropped by
 * hand: "schema.table" and "schema.alias".  Who takes an association apart
 * piece by piece is not held by what is left of it: so a script of pg_dump
 * --clean, which drops keys and functions first, and then tables in no order
 * of ours.  Lives as long as the session; forgets all when it is many.
 */
static List *apart = NIL;

#define APART_LIMIT 10000

static void
take_apart(const char *schema, const char *name)
{
	char *key = ta_ident_qualify(schema, name);
	MemoryContext caller;

	if (ta_ident_list_has(apart, key))
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	if (list_length(apart) >= APART_LIMIT)
	{
		list_free_deep(apart);
		apart = NIL;
	}
	apart = lappend(apart, pstrdup(key));
	MemoryContextSwitchTo(caller);
}

/* The table is gone: what comes under its name is another. */
static void
forget_apart(const char *schema, const char *table)
{
	char *key = ta_ident_qualify(schema, table);
	ListCell *lc;

	foreach(lc, apart)
	{
		if (strcmp(lfirst(lc), key) == 0)
			apart = foreach_delete_current(apart, lc);
	}
}

/* Whether this session has dropped the association's accessor, or a constraint of its child's table. */
static bool
is_apart(const TaDecl *decl, const TaModel *child)
{
	const TaModel *model = ta_cache_model(decl->model);

	return apart != NIL &&
		   (ta_ident_list_has(apart, ta_ident_qualify(child->schema, child->table)) ||
			(model != NULL &&
			 ta_ident_list_has(apart, ta_ident_qualify(model->schema, decl->alias))));
}

/* ---- after ---- */

/* A constraint of the table is gone. */
static void
forget_constraint(const char *schema, const char *table, const char *name)
{
	Oid relid = ta_rel_lookup(schema, table);

	if (OidIsValid(relid))
		(void) ta_follow_object(relid, TA_ITEM_CONSTRAINT, name, NULL);
}

/* An index is gone.  It does not say whose it was; but its schema does, and names in it are unique. */
static void
forget_index(const char *schema, const char *name)
{
	ListCell *lc;

	foreach(lc, ta_catalog_recorded_objects(NULL, name))
	{
		TaRecorded *row = lfirst(lc);
		TaReference *reference = ta_reference_named(row->reference);
		const TaModel *child = reference != NULL ? ta_cache_model(reference->child) : NULL;

		if (strcmp(row->item, TA_ITEM_CONSTRAINT) != 0 && child != NULL &&
			OidIsValid(child->relid) && strcmp(child->schema, schema) == 0)
			ta_catalog_forget_item(reference->name, row->item);
	}
}

static void
read_dropped(HeapTuple tuple, TupleDesc desc, void *arg)
{
	Drop *drop = arg;
	Gone *gone = palloc0(sizeof(Gone));
	const char *type;

	type = gone->type = ta_spi_text(tuple, desc, 1);
	gone->schema = ta_spi_text(tuple, desc, 2);
	gone->table = ta_spi_text(tuple, desc, 3);
	gone->column = ta_spi_text(tuple, desc, 4);
	if (strcmp(type, "extension") == 0)
		drop->package = ta_history_observe_drop(gone->schema) || drop->package;
	else if (strcmp(type, "table constraint") == 0)
	{
		/* what we drop ourselves we also put back, or forget */
		if (!ta_ddl_is_ours())
			forget_constraint(gone->schema, gone->table, gone->column);
		if (drop->constraint && !ta_ddl_is_ours())
			take_apart(gone->schema, gone->table);
	}
	else if (strcmp(type, "function") == 0)
	{
		if (drop->function && !ta_ddl_is_ours())
			take_apart(gone->schema, gone->table);
	}
	else if (strcmp(type, "index") == 0)
	{
		if (!ta_ddl_is_ours())
			forget_index(gone->schema, gone->table);
	}
	else if (gone->column != NULL)
		drop->columns = lappend(drop->columns, gone);
	else
		drop->tables = lappend(drop->tables, gone);
}

/* Whether the command says CASCADE, or is one that always takes everything. */
static bool
says_cascade(Node *statement)
{
	ListCell *lc;

	if (IsA(statement, DropStmt))
		return castNode(DropStmt, statement)->behavior == DROP_CASCADE ||
			   castNode(DropStmt, statement)->removeType == OBJECT_EXTENSION;
	if (!IsA(statement, AlterTableStmt))
		return true;
	foreach(lc, castNode(AlterTableStmt, statement)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype == AT_DropColumn && command->behavior == DROP_CASCADE)
			return true;
	}
	return false;
}

static bool
drops_constraints(Node *statement)
{
	ListCell *lc;

	foreach(lc, IsA(statement, AlterTableStmt) ? castNode(AlterTableStmt, statement)->cmds : NIL)
	{
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_DropConstraint)
			return true;
	}
	return false;
}

static bool
is_gone(List *list, const TaModel *model, const char *column)
{
	ListCell *lc;

	foreach(lc, list)
	{
		Gone *gone = lfirst(lc);

		if (strcmp(gone->schema, model->schema) == 0 && strcmp(gone->table, model->table) == 0 &&
			ta_ident_same(gone->column, column))
			return true;
	}
	return false;
}

/* Whether this drop took the model's table, or one of these columns of it. */
static bool
side_gone(const Drop *drop, const char *name, List *columns)
{
	const TaModel *model = ta_cache_model(name);
	ListCell *lc;

	if (ta_ident_list_has(drop->gone, name))
		return true;
	if (model == NULL || !OidIsValid(model->relid))
		return false;
	/* one that was dropped and added in the same command is there */
	foreach(lc, columns)
	{
		if (is_gone(drop->columns, model, lfirst(lc)) &&
			ta_rel_column(model->relid, lfirst(lc)) == NULL)
			return true;
	}
	return false;
}

/* Whether the child's side still stands, and holds the parent's. */
static bool
holds(const TaLink *link)
{
	const TaModel *child = ta_cache_model(link->child);

	return child != NULL && OidIsValid(child->relid) && !is_apart(link->decl, child);
}

/* Whether the declaration filters or orders by a column that is gone. */
static bool
view_gone(const Drop *drop, const TaDecl *decl)
{
	const TaModel *target = ta_cache_model(decl->target);
	ListCell *lc;

	foreach(lc, drop->columns)
	{
		Gone *gone = lfirst(lc);

		if (target != NULL && strcmp(gone->schema, target->schema) == 0 &&
			strcmp(gone->table, target->table) == 0 &&
			ta_decl_shows_column(decl, decl->target, gone->column))
			return true;
	}
	return false;
}

static bool
has_decl(List *decls, const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, decls)
	{
		TaDecl *other = lfirst(lc);

		if (strcmp(other->model, decl->model) == 0 && strcmp(other->alias, decl->alias) == 0 &&
			strcmp(other->declarer, decl->declarer) == 0)
			return true;
	}
	return false;
}

/* The declaration ends, and so do the paths through it, and theirs. */
static void
end_decl(Drop *drop, TaDecl *decl)
{
	ListCell *lc;

	if (has_decl(drop->ended, decl))
		return;
	drop->ended = lappend(drop->ended, decl);
	foreach(lc, ta_paths_through(decl->model, decl->alias))
	{
		char *model;
		char *alias;
		ListCell *ld;

		ta_lookup_split(lfirst(lc), &model, &alias);
		foreach(ld, ta_catalog_decls_named(model, alias))
			end_decl(drop, lfirst(ld));
	}
}

/* What becomes of a declaration that speaks of a model whose table has lost something. */
static void
judge(Drop *drop, TaDecl *decl)
{
	TaLink links[2];
	int count = ta_decl_links(decl, links);

	if (count == 0 && (side_gone(drop, decl->model, NIL) || side_gone(drop, decl->target, NIL)))
		end_decl(drop, decl);
	for (int i = 0; i < count; i++)
	{
		if (side_gone(drop, links[i].child, links[i].columns))
			end_decl(drop, decl);
		else if (!side_gone(drop, links[i].parent, links[i].key))
			continue;
		else if (drop->cascade || !holds(&links[i]))
			end_decl(drop, decl);
		else if (!has_decl(drop->held, decl))
			drop->held = lappend(drop->held, decl);
	}
	if (view_gone(drop, decl))
		end_decl(drop, decl);
}

/* The models whose table is among the dropped, or has lost a column. */
static void
find_models(Drop *drop)
{
	List *all = list_concat_copy(drop->tables, drop->columns);
	ListCell *lc;

	foreach(lc, all)
	{
		Gone *gone = lfirst(lc);
		ListCell *ln;

		if (gone->column == NULL)
			forget_apart(gone->schema, gone->table);

		foreach(ln, ta_catalog_names_of_table(gone->schema, gone->table))
		{
			if (!ta_ident_list_has(drop->models, lfirst(ln)))
				drop->models = lappend(drop->models, lfirst(ln));
			if (gone->column == NULL)
				drop->gone = lappend(drop->gone, lfirst(ln));
		}
	}
}

/* "table \"Users\"" or "column id of table \"Users\"": the first that is gone of those which are held. */
static char *
held_object(const Drop *drop)
{
	TaLink links[2];
	int count = ta_decl_links(linitial(drop->held), links);

	for (int i = 0; i < count; i++)
	{
		const TaModel *parent = ta_cache_model(links[i].parent);
		ListCell *lc;

		foreach(lc, list_concat_copy(drop->tables, drop->columns))
		{
			Gone *gone = lfirst(lc);
			char *table = ta_ident_qualify(gone->schema, gone->table);

			if (parent == NULL || strcmp(gone->schema, parent->schema) != 0 ||
				strcmp(gone->table, parent->table) != 0)
				continue;
			if (gone->column == NULL)
				return psprintf("%s %s", gone->type, table);
			if (ta_ident_list_has(links[i].key, gone->column))
				return psprintf("column %s of table %s", ta_ident_quote(gone->column), table);
		}
	}
	return pstrdup("this");
}

/* Raises, in PostgreSQL's words, when associations hold the parent's side. */
static void
refuse(const Drop *drop)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, drop->held)
	{
		if (!ta_ident_list_has(names, ta_decl_name(lfirst(lc))))
			names = lappend(names, (char *) ta_decl_name(lfirst(lc)));
	}
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop %s because other objects depend on it", held_object(drop)),
			 list_length(names) == 1
				 ? errdetail("association %s depends on it", (char *) linitial(names))
				 : errdetail("associations %s depend on it", ta_err_list(names, 12)),
			 errhint("Use DROP ... CASCADE to end the associations too, or drop the tables that "
					 "refer to it in the same command.")));
}

/* Whether the row may go from here: what a package says, its scripts take back. */
static bool
is_free(const char *declarer)
{
	return declarer[0] == '\0' || strcmp(declarer, ta_declarer()) == 0;
}

/* Ends the declarations, and their accessors on tables that stand; returns their names. */
static List *
end_declarations(const Drop *drop, List **kept)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, drop->ended)
	{
		TaDecl *decl = lfirst(lc);
		char *name = (char *) ta_decl_name(decl);

		if (!is_free(decl->declarer))
		{
			*kept = lappend(*kept, psprintf("%s (%s)", name, decl->declarer));
			continue;
		}
		ta_forget_row(decl);
		if (ta_catalog_decls_named(decl->model, decl->alias) == NIL)
			ta_accessor_drop(decl);
		if (!ta_ident_list_has(names, name))
			names = lappend(names, name);
	}
	return names;
}

/* Ends the models of dropped tables; a said key that has lost a column is unsaid. */
static List *
end_models(const Drop *drop)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, drop->models)
	{
		ListCell *lr;

		foreach(lr, ta_catalog_models_named(lfirst(lc)))
		{
			TaModelRow *row = lfirst(lr);
			TaModel model = {.schema = row->schema_name, .table = row->table_name};
			ListCell *lk;

			if (!is_free(row->declarer))
				continue;
			if (is_gone(drop->tables, &model, NULL))
			{
				ta_catalog_delete_model(row->name, row->declarer);
				names = lappend(names, psprintf("model %s", row->name));
				continue;
			}
			foreach(lk, row->key)
			{
				if (!is_gone(drop->columns, &model, lfirst(lk)))
					continue;
				row->key = NIL;
				ta_catalog_put_model(row);
				break;
			}
		}
	}
	return names;
}

/* What a package's accessors were for may be said by hand as well. */
static void
make_accessors_again(void)
{
	ListCell *lc;

	foreach(lc, ta_catalog_decls())
		ta_watch_refresh(lfirst(lc));
}

/* What is declared of the tables and columns that are gone. */
static void
end_what_is_gone(Drop *drop)
{
	List *names;
	List *kept = NIL;
	ListCell *lc;

	foreach(lc, drop->models)
	{
		ListCell *ld;

		foreach(ld, ta_decls_about(lfirst(lc)))
			judge(drop, lfirst(ld));
	}
	if (drop->held != NIL)
		refuse(drop);
	names = end_declarations(drop, &kept);
	names = list_concat(end_models(drop), names);
	if (names != NIL)
		ereport(NOTICE, (errmsg("no longer declared: %s", ta_err_list(names, 20))));
	if (kept != NIL)
		ereport(WARNING,
				(errmsg("associations of packages have lost a table or column: %s",
						ta_err_list(kept, 20)),
				 errhint("The package's next version, or its down script, takes them back.")));
}

/* Something was dropped. */
void
ta_drop_end(Node *statement)
{
	Drop drop = {.cascade = says_cascade(statement),
				 .constraint = drops_constraints(statement),
				 .function = IsA(statement, DropStmt) &&
							 castNode(DropStmt, statement)->removeType == OBJECT_FUNCTION};

	ta_spi_fixed(
		"SELECT o.object_type, o.address_names[1], o.address_names[2], o.address_names[3]"
		" FROM pg_catalog.pg_event_trigger_dropped_objects() o"
		" WHERE NOT o.is_temporary AND o.address_names[1] IS DISTINCT FROM 'pg_toast'"
		" AND o.object_type OPERATOR(pg_catalog.=)"
		" ANY ('{table,view,materialized view,foreign table,table column,view column,"
		"foreign table column,table constraint,index,extension,function}'::pg_catalog.text[])",
		NIL, TA_AS_CALLER, read_dropped, &drop);
	find_models(&drop);
	if (drop.models != NIL)
		end_what_is_gone(&drop);
	if (drop.package)
		make_accessors_again();
}
