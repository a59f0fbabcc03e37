/*
 * src/watch/drop.c
 *		Drops of tables and columns that associations speak of.
 *
 * The child's side is always free to go, and the associations go with it.  The
 * parent's side is held by them, as a foreign key would, unless the command
 * says CASCADE or takes the child too.  PostgreSQL's own refusals come first:
 * we look at what it has dropped.  What must happen before is watch/aside's.
 */
#include "postgres.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "migrate/history.h"
#include "model/declare.h"
#include "model/follow.h"
#include "model/lookup.h"
#include "model/path.h"
#include "model/reference.h"
#include "model/rename.h"
#include "pg/facts.h"
#include "schema/accessor.h"
#include "schema/run.h"
#include "store/cache.h"
#include "watch/watch.h"

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
	bool trigger; /* or triggers */
	bool package; /* one is among the dropped */
	List *tables; /* of Gone */
	List *columns; /* of Gone */
	List *models; /* of char *: those whose table, or a column of it, is gone */
	List *gone; /* of char *: those of them whose table is gone */
	List *ended; /* of TaDecl */
	List *held; /* of TaDecl: parents' side gone, child's still there */
	List *retired; /* of TaDecl: polymorphic ones that have lost a target, and keep others */
} Drop;

/* Whether this session has dropped the association's accessor, or a constraint of its child's table. */
static bool
is_apart(const TaDecl *decl, const TaModel *child)
{
	const TaModel *model = ta_cache_model(decl->model);

	return ta_apart_has(child->schema, child->table) ||
		   (model != NULL && ta_apart_has(model->schema, decl->alias));
}

/* ---- after ---- */

/* A constraint of the table is gone. */
static void
forget_constraint(const char *schema, const char *table, const char *name)
{
	Oid relid = ta_rel_lookup(schema, table);

	if (!OidIsValid(relid))
		return;
	(void) ta_follow_object(relid, TA_ITEM_CONSTRAINT, name, NULL);
	(void) ta_follow_object(relid, TA_ITEM_CHECK, name, NULL);
}

/* A column is gone: what comes under its name is none that apply() has generated. */
static void
forget_column(const Gone *gone)
{
	Oid relid = ta_rel_lookup(gone->schema, gone->table);

	if (OidIsValid(relid) && !ta_ddl_is_ours())
		(void) ta_follow_object(relid, TA_ITEM_COLUMN, gone->column, NULL);
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

		if ((ta_recorded_is(row, TA_ITEM_INDEX) || ta_recorded_is(row, TA_ITEM_UNIQUE_INDEX)) &&
			child != NULL && OidIsValid(child->relid) && strcmp(child->schema, schema) == 0)
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
			ta_apart_take(gone->schema, gone->table);
	}
	else if (strcmp(type, "function") == 0)
	{
		if (drop->function && !ta_ddl_is_ours())
			ta_apart_take(gone->schema, gone->table);
	}
	else if (strcmp(type, "trigger") == 0)
	{
		if (!ta_ddl_is_ours())
			ta_enforced_trigger_gone(gone->schema, gone->table, gone->column);
		if (drop->trigger && strncmp(gone->column, "RI_assoc_", 9) == 0 && !ta_ddl_is_ours())
			ta_apart_take(gone->schema, gone->table);
	}
	else if (strcmp(type, "index") == 0)
	{
		if (!ta_ddl_is_ours())
			forget_index(gone->schema, gone->table);
	}
	else if (gone->column != NULL)
	{
		forget_column(gone);
		drop->columns = lappend(drop->columns, gone);
	}
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

/* Whether a column that is gone is one that the declaration shows, of this model. */
static bool
shown_gone(const Drop *drop, const TaDecl *decl, const char *name)
{
	const TaModel *model = ta_cache_model(name);
	ListCell *lc;

	foreach(lc, drop->columns)
	{
		Gone *gone = lfirst(lc);

		if (model != NULL && strcmp(gone->schema, model->schema) == 0 &&
			strcmp(gone->table, model->table) == 0 &&
			ta_decl_shows_column(decl, name, gone->column))
			return true;
	}
	return false;
}

/* Whether the declaration filters or orders by a column that is gone, or has it in its condition. */
static bool
view_gone(const Drop *drop, const TaDecl *decl)
{
	return shown_gone(drop, decl, decl->target) || shown_gone(drop, decl, decl->model);
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

/* The declaration holds what is gone, unless it goes too. */
static void
hold(Drop *drop, TaDecl *decl)
{
	if (!has_decl(drop->held, decl))
		drop->held = lappend(drop->held, decl);
}

/* A target of a polymorphic belongs_to is gone: it is held; with CASCADE, the others are left. */
static void
judge_targets(Drop *drop, TaDecl *decl, const TaLink *link)
{
	ListCell *lc;

	foreach(lc, decl->targets)
	{
		const TaModel *target = ta_cache_model(lfirst(lc));

		if (!side_gone(drop, lfirst(lc), target != NULL ? target->key : NIL))
			continue;
		if (!drop->cascade && holds(link))
			hold(drop, decl);
		else if (ta_ident_list_has(drop->gone, lfirst(lc)) && !has_decl(drop->retired, decl))
			drop->retired = lappend(drop->retired, decl);
	}
}

/* The columns by which the child refers. */
static List *
columns_of(const TaLink *link)
{
	return link->type_column == NULL
			   ? link->columns
			   : lcons(unconstify(char *, link->type_column), list_copy(link->columns));
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
		if (side_gone(drop, links[i].child, columns_of(&links[i])))
			end_decl(drop, decl);
		else if (ta_decl_is_polymorphic(decl))
			judge_targets(drop, decl, &links[i]);
		else if (!side_gone(drop, links[i].parent, links[i].key))
			continue;
		else if (drop->cascade || !holds(&links[i]))
			end_decl(drop, decl);
		else
			hold(drop, decl);
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
			ta_apart_forget(gone->schema, gone->table);

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
	const TaDecl *decl = linitial(drop->held);
	TaLink links[2];
	int count = ta_decl_links(decl, links);
	List *parents = NIL;
	ListCell *lp;

	for (int i = 0; i < count; i++)
		parents = lappend(parents, unconstify(char *, links[i].parent));
	if (ta_decl_is_polymorphic(decl))
		parents = decl->targets;
	foreach(lp, parents)
	{
		int i = ta_decl_is_polymorphic(decl) ? 0 : foreach_current_index(lp);
		const TaModel *parent = ta_cache_model(lfirst(lp));
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
			if (ta_ident_list_has(links[i].key != NIL ? links[i].key : parent->key, gone->column))
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

/* Takes the targets whose table is gone out of the polymorphic declarations; returns what goes. */
static List *
end_targets(const Drop *drop)
{
	List *names = NIL;
	ListCell *lc;

	foreach(lc, drop->retired)
	{
		const TaDecl *decl = lfirst(lc);
		TaDecl row = *decl;
		ListCell *lt;

		if (has_decl(drop->ended, decl) || !is_free(decl->declarer))
			continue;
		row.targets = NIL;
		foreach(lt, decl->targets)
		{
			if (ta_ident_list_has(drop->gone, lfirst(lt)))
				names =
					lappend(names, psprintf("%s to %s", ta_decl_name(decl), (char *) lfirst(lt)));
			else
				row.targets = lappend(row.targets, lfirst(lt));
		}
		ta_catalog_put_decl(&row);
	}
	return names;
}

/* Ends the models of dropped tables; a said key that has lost a column is unsaid, as is a column of soft deletion. */
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
			bool loses = false;
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
				loses = loses || is_gone(drop->columns, &model, lfirst(lk));
			if (loses)
				row->key = NIL;
			if (row->soft_delete != NULL && is_gone(drop->columns, &model, row->soft_delete))
			{
				row->soft_delete = NULL;
				loses = true;
			}
			if (loses)
				ta_catalog_put_model(row);
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
	names = list_concat(end_declarations(drop, &kept), end_targets(drop));
	names = list_concat(end_models(drop), names);
	if (names != NIL)
		ereport(NOTICE, (errmsg("no longer declared: %s", ta_err_list(names, 20))));
	if (kept != NIL)
		ereport(WARNING,
				(errmsg("associations of packages have lost a table or column: %s",
						ta_err_list(kept, 20)),
				 errhint("The package's next version, or its down script, takes them back.")));
}

/* Whether the child of what is in force is there, and holds the parent. */
static bool
is_held(const Drop *drop, const TaEnforced *row)
{
	Oid child = ta_rel_lookup(row->child_schema, row->child_table);

	return !drop->cascade && OidIsValid(child) &&
		   !ta_apart_has(row->child_schema, row->child_table);
}

/*
 * A target of several is gone, and what the others enforce stays in force.
 * Rows that refer to it are of no type any more: the next check finds them.
 * Returns false where no other is left.
 */
static bool
keep_other_targets(const Gone *gone, TaEnforced *row)
{
	List *others = NIL;
	ListCell *lc;

	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);

		if (strcmp(target->schema, gone->schema) != 0 || strcmp(target->table, gone->table) != 0)
			others = lappend(others, target);
	}
	if (row->type_column == NULL || others == NIL ||
		!OidIsValid(ta_rel_lookup(row->child_schema, row->child_table)))
		return false;
	row->targets = others;
	row->validated = false;
	ta_enforced_put(row);
	ereport(NOTICE, (errmsg("no longer enforced by triggers: %s of %s to %s", row->name,
							ta_ident_qualify(row->child_schema, row->child_table),
							ta_ident_qualify(gone->schema, gone->table))));
	return true;
}

/*
 * What triggers enforce of the tables and columns that are gone ends, whether
 * it is declared or not: the triggers of the other tables go.  A parent that is
 * held by triggers nobody declares is held as well.
 */
static void
end_enforcement(const Drop *drop)
{
	List *ended = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach(lc, list_concat_copy(drop->tables, drop->columns))
	{
		Gone *gone = lfirst(lc);
		ListCell *lr;

		foreach(lr, ta_enforced_speaking_of(gone->schema, gone->table, gone->column, true))
			ended = lappend(ended, lfirst(lr));
		foreach(lr, ta_enforced_speaking_of(gone->schema, gone->table, gone->column, false))
		{
			TaEnforced *row = lfirst(lr);

			if (is_held(drop, row))
				ereport(ERROR,
						(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
						 errmsg("cannot drop %s %s because other objects depend on it", gone->type,
								gone->column != NULL ? ta_ident_quote(gone->column)
													 : ta_ident_qualify(gone->schema, gone->table)),
						 errdetail("triggers of %s (%s) depend on it",
								   ta_ident_qualify(row->child_schema, row->child_table),
								   ta_ident_columns(row->columns)),
						 errhint("Use DROP ... CASCADE to drop the triggers too.")));
			if (gone->column != NULL || !keep_other_targets(gone, row))
				ended = lappend(ended, row);
		}
	}
	foreach(lc, ended)
	{
		TaEnforced *row = lfirst(lc);

		/* of several that are gone, the first ends it */
		if (ta_ident_list_has(names, row->reference))
			continue;
		names = lappend(names, row->reference);
		ta_enforced_end(row);
		if (OidIsValid(ta_rel_lookup(row->child_schema, row->child_table)))
			ereport(NOTICE, (errmsg("no longer enforced by triggers: %s of %s", row->name,
									ta_ident_qualify(row->child_schema, row->child_table))));
	}
}

/* Something was dropped. */
void
ta_drop_end(Node *statement)
{
	Drop drop = {.cascade = says_cascade(statement),
				 .constraint = drops_constraints(statement),
				 .function = IsA(statement, DropStmt) &&
							 castNode(DropStmt, statement)->removeType == OBJECT_FUNCTION,
				 .trigger = IsA(statement, DropStmt) &&
							castNode(DropStmt, statement)->removeType == OBJECT_TRIGGER};

	ta_spi_fixed(
		"SELECT o.object_type, o.address_names[1], o.address_names[2], o.address_names[3]"
		" FROM pg_catalog.pg_event_trigger_dropped_objects() o"
		" WHERE NOT o.is_temporary AND o.address_names[1] IS DISTINCT FROM 'pg_toast'"
		" AND o.object_type OPERATOR(pg_catalog.=)"
		" ANY ('{table,view,materialized view,foreign table,table column,view column,"
		"foreign table column,table constraint,trigger,index,extension,function}'::pg_catalog.text[])",
		NIL, TA_AS_CALLER, read_dropped, &drop);
	find_models(&drop);
	if (drop.models != NIL)
		end_what_is_gone(&drop);
	end_enforcement(&drop);
	if (drop.package)
		make_accessors_again();
}
