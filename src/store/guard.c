/*
 * src/store/guard.c
 *		The write trigger of the config tables.
 *
 * Our own statements have been checked by whoever asked for them.  A direct
 * write, which is what a restore's COPY is, must come from the owner of the
 * table the row speaks of; of a row that is present already the equal one is
 * skipped, and a differing one is set aside with a WARNING, so that one row
 * never fails a whole restore.  A row whose table does not exist (yet) is kept:
 * it shows as missing.  Every write sends the invalidation that other sessions
 * wait for.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/ident.h"
#include "base/json.h"
#include "base/spi.h"
#include "pg/facts.h"
#include "store/cache.h"
#include "store/catalog.h"
#include "store/enforced.h"

PG_FUNCTION_INFO_V1(ta_guard_config);

/* Adds the schema and table of a model, if it is defined; NULL adds nothing. */
static List *
add_table(List *tables, const char *name)
{
	const TaModel *model = name != NULL ? ta_cache_model(name) : NULL;

	return model != NULL ? lappend(lappend(tables, model->schema), model->table) : tables;
}

/* The tables that hold the foreign key of a reference, as its declarations tell; laid flat as below. */
static List *
children_of(const char *reference)
{
	List *tables = NIL;
	ListCell *lc;

	foreach(lc, ta_catalog_decls_of_reference(reference))
	{
		TaDecl *decl = lfirst(lc);
		tables = add_table(tables, ta_decl_child(decl));
	}
	return tables;
}

/* The child and the parents of a reference that triggers enforce, in the same form. */
static List *
tables_in_force(const char *reference)
{
	const TaEnforced *row = reference != NULL ? ta_enforced_read(reference) : NULL;
	List *tables = NIL;
	ListCell *lc;

	if (row == NULL)
		return NIL;
	tables = list_make2(row->child_schema, row->child_table);
	foreach(lc, row->targets)
	{
		TaEnforcedTarget *target = lfirst(lc);

		tables = lappend(lappend(tables, target->schema), target->table);
	}
	return tables;
}

/* Whether the row is one of enforced or enforced_target; side: the table it names itself. */
static bool
is_enforced_row(HeapTuple row, TupleDesc desc, List **side)
{
	static const char *const names[][2] = {{"child_schema", "child_table"},
										   {"parent_schema", "parent_table"}};

	for (int i = 0; i < lengthof(names); i++)
	{
		char *schema;
		char *table;

		if (ta_spi_column(desc, names[i][0]) <= 0)
			continue;
		schema = ta_spi_named_text(row, desc, names[i][0]);
		table = ta_spi_named_text(row, desc, names[i][1]);
		/* NOT NULL is checked after us */
		*side = schema != NULL && table != NULL ? list_make2(schema, table) : NIL;
		return true;
	}
	return false;
}

/* The models a row speaks of, as (schema, table) pairs laid flat. */
static List *
tables_of(HeapTuple row, TupleDesc desc)
{
	char *schema = ta_spi_named_text(row, desc, "schema_name");
	List *tables = NIL;
	const char *columns[] = {"model", "target"};
	ListCell *lc;

	if (is_enforced_row(row, desc, &tables))
		return list_concat(tables, tables_in_force(ta_spi_named_text(row, desc, "reference")));
	if (schema != NULL)
	{
		char *table = ta_spi_named_text(row, desc, "table_name");

		/* NOT NULL is checked after us */
		return table == NULL ? NIL : list_make2(schema, table);
	}
	if (ta_spi_named_text(row, desc, "item") != NULL)
		return children_of(ta_spi_named_text(row, desc, "reference"));

	for (int i = 0; i < lengthof(columns); i++)
		tables = add_table(tables, ta_spi_named_text(row, desc, columns[i]));
	foreach(lc, ta_ident_from_array(ta_spi_named_text(row, desc, "targets")))
		tables = add_table(tables, lfirst(lc));
	return tables;
}

/*
 * The tables that must be the writer's, in the same form: what the declaring
 * functions ask for, as far as the row's models are defined (yet).
 */
static List *
owned_tables_of(HeapTuple row, TupleDesc desc)
{
	char *name = ta_spi_named_text(row, desc, "kind");
	List *tables = NIL;
	TaKind kind;

	if (name == NULL || !ta_kind_parse(name, &kind))
		return tables_of(row, desc);
	tables = add_table(tables, ta_spi_named_text(row, desc, "model"));
	if (kind == TA_BELONGS_TO_MANY)
		tables = add_table(tables, ta_spi_named_text(row, desc, "through"));
	else if (kind != TA_BELONGS_TO && kind != TA_REFERENCES_MANY &&
			 ta_spi_named_text(row, desc, "reference") != NULL)
		tables = add_table(tables, ta_spi_named_text(row, desc, "target"));
	return tables;
}

/* The cache keeps a model under the table of its first declarer, which need not be the row's own. */
static void
invalidate(HeapTuple row, TupleDesc desc)
{
	List *tables = tables_of(row, desc);

	if (ta_spi_named_text(row, desc, "schema_name") != NULL)
		tables = add_table(tables, ta_spi_named_text(row, desc, "name"));
	for (int i = 0; i + 1 < list_length(tables); i += 2)
		ta_cache_invalidate_table(list_nth(tables, i), list_nth(tables, i + 1));
}

/* Raises unless the writer owns the table, as far as it exists. */
static void
check_owns(const char *schema, const char *table)
{
	Oid relid = ta_rel_lookup(schema, table);

	if (OidIsValid(relid) && !ta_rel_owned_by_user(relid))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of table %s", ta_rel_shown(relid)),
						errdetail("A model belongs to the owner of its table.")));
}

/*
 * What triggers enforce is the child's owner's to say, who must have REFERENCES
 * on the parent: what assoc_internal.enforce asks for.  No trigger acts by the
 * row alone: the tables must have triggers of it, which their owners made.
 */
static void
check_enforced_write(HeapTuple row, TupleDesc desc, const List *side)
{
	char *key = ta_spi_named_text(row, desc, "key");
	const TaEnforced *enforced;
	char *reference = ta_spi_named_text(row, desc, "reference");
	Oid parent;

	if (side == NIL)
		return;
	if (key == NULL)
	{
		check_owns(linitial(side), lsecond(side));
		return;
	}
	enforced = reference != NULL ? ta_enforced_read(reference) : NULL;
	if (enforced != NULL)
		check_owns(enforced->child_schema, enforced->child_table);
	parent = ta_rel_lookup(linitial(side), lsecond(side));
	if (OidIsValid(parent) && !ta_rel_may_reference(parent, ta_ident_from_array(key)))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for table %s", ta_rel_shown(parent)),
						errdetail("A reference to it needs the REFERENCES privilege on it.")));
}

/* A direct write speaks by hand, and only for tables the writer owns. */
static void
check_direct_write(HeapTuple row, TupleDesc desc)
{
	char *declarer = ta_spi_named_text(row, desc, "declarer");
	List *tables = NIL;

	if (declarer != NULL && declarer[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("rows said by package \"%s\" cannot be written directly", declarer),
				 errhint("Only the package's scripts say them; write declarer '' for by hand.")));

	if (is_enforced_row(row, desc, &tables))
	{
		check_enforced_write(row, desc, tables);
		return;
	}
	tables = owned_tables_of(row, desc);
	for (int i = 0; i + 1 < list_length(tables); i += 2)
		check_owns(list_nth(tables, i), list_nth(tables, i + 1));
}

/* What the row is about: the model, Model.alias, or reference/item. */
static char *
row_name(HeapTuple row, TupleDesc desc)
{
	char *model = ta_spi_named_text(row, desc, "model");
	char *reference = ta_spi_named_text(row, desc, "item");
	char *package = ta_spi_named_text(row, desc, "package");
	char *type_value = ta_spi_named_text(row, desc, "type_value");
	List *side;

	if (is_enforced_row(row, desc, &side))
		return psprintf("%s%s%s", ta_spi_named_text(row, desc, "reference"),
						type_value != NULL && type_value[0] != '\0' ? "/" : "",
						type_value != NULL ? type_value : "");
	if (package != NULL)
		return package;
	if (model != NULL)
		return psprintf("%s.%s", model, ta_spi_named_text(row, desc, "alias"));
	if (reference != NULL)
		return psprintf("%s/%s", ta_spi_named_text(row, desc, "reference"), reference);
	return ta_spi_named_text(row, desc, "name");
}

/* How the row with the same key is found in each config table. */
static const struct
{
	const char *table;
	const char *keys[4];
	const char *sql;
} present_rows[] = {
	{"model",
	 {"name", "declarer", NULL},
	 "SELECT d.* FROM assoc_internal.model d WHERE d.name OPERATOR(pg_catalog.=) $1"
	 " AND d.declarer OPERATOR(pg_catalog.=) $2"},
	{"declaration",
	 {"model", "alias", "declarer"},
	 "SELECT d.* FROM assoc_internal.declaration d WHERE d.model OPERATOR(pg_catalog.=) $1"
	 " AND d.alias OPERATOR(pg_catalog.=) $2 AND d.declarer OPERATOR(pg_catalog.=) $3"},
	{"recorded",
	 {"reference", "item", NULL},
	 "SELECT d.* FROM assoc_internal.recorded d WHERE d.reference OPERATOR(pg_catalog.=) $1"
	 " AND d.item OPERATOR(pg_catalog.=) $2"},
	{"enforced",
	 {"reference", NULL},
	 "SELECT d.* FROM assoc_internal.enforced d WHERE d.reference OPERATOR(pg_catalog.=) $1"},
	{"enforced_target",
	 {"reference", "type_value", NULL},
	 "SELECT d.* FROM assoc_internal.enforced_target d WHERE d.reference OPERATOR(pg_catalog.=)"
	 " $1 AND d.type_value OPERATOR(pg_catalog.=) $2"},
	{"conflict",
	 {"config_table", "name", "declarer", "incoming"},
	 "SELECT d.* FROM assoc_internal.conflict d WHERE d.config_table OPERATOR(pg_catalog.=) $1"
	 " AND d.name OPERATOR(pg_catalog.=) $2 AND d.declarer OPERATOR(pg_catalog.=) $3"
	 " AND d.incoming OPERATOR(pg_catalog.=) $4::pg_catalog.jsonb"},
	{"ignored",
	 {"code", "association", "message"},
	 "SELECT d.* FROM assoc_internal.ignored d WHERE d.code OPERATOR(pg_catalog.=) $1"
	 " AND d.association OPERATOR(pg_catalog.=) $2 AND d.message OPERATOR(pg_catalog.=) $3"},
	{"history",
	 {"id", NULL},
	 "SELECT d.* FROM assoc_internal.history d WHERE d.id OPERATOR(pg_catalog.=)"
	 " $1::pg_catalog.uuid"},
	{"quarantine",
	 {"id", NULL},
	 "SELECT d.* FROM assoc_internal.quarantine d WHERE d.id OPERATOR(pg_catalog.=)"
	 " $1::pg_catalog.uuid"},
};

typedef struct Comparison
{
	HeapTuple incoming;
	bool equal;
} Comparison;

/* Compares column by column, as text: a dump holds nothing finer. */
static void
compare_row(HeapTuple present, TupleDesc desc, void *arg)
{
	Comparison *comparison = arg;

	comparison->equal = true;
	for (int i = 1; i <= desc->natts; i++)
	{
		char *old = ta_spi_text(present, desc, i);
		char *new = ta_spi_text(comparison->incoming, desc, i);

		/* what is known of the rows here is not for a restore to say */
		if (!ta_ident_same(old, new) &&
			strcmp(NameStr(TupleDescAttr(desc, i - 1)->attname), "validated") != 0)
			comparison->equal = false;
	}
}

/* Sets equal to whether the row present under the same key says the same; false when there is none. */
static bool
is_present(HeapTuple row, TupleDesc desc, const char *table, bool *equal)
{
	Comparison comparison = {.incoming = row};

	for (int i = 0; i < lengthof(present_rows); i++)
	{
		List *keys = NIL;

		if (strcmp(present_rows[i].table, table) != 0)
			continue;
		for (int k = 0; k < lengthof(present_rows[i].keys) && present_rows[i].keys[k] != NULL; k++)
			keys = lappend(keys, ta_spi_named_text(row, desc, present_rows[i].keys[k]));
		if (ta_spi_fixed(present_rows[i].sql, keys, TA_AS_CATALOG, compare_row, &comparison) == 0)
			return false;
		*equal = comparison.equal;
		return true;
	}
	return false;
}

/* Sets a differing row aside, or one that is unfit for the catalog, and says so. */
static void
set_aside(HeapTuple row, TupleDesc desc, const char *table, bool unfit)
{
	char *name = row_name(row, desc);
	char *declarer = ta_spi_named_text(row, desc, "declarer");
	Datum json = DirectFunctionCall1(row_to_json, heap_copy_tuple_as_datum(row, desc));

	ta_catalog_set_aside(table, name, declarer != NULL ? declarer : "", TextDatumGetCString(json));
	ereport(WARNING,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 unfit ? errmsg("the row about \"%s\" is none that a declaration writes", name)
				   : errmsg("\"%s\" is already declared, and differently", name),
			 unfit ? errdetail("The incoming row was set aside in assoc_internal.conflict.")
				   : errdetail("The incoming row was set aside in assoc_internal.conflict; the one "
							   "present stays."),
			 errhint("Declare it again as it should be, then DELETE FROM "
					 "assoc_internal.conflict.")));
}

/* Whether the row of a declaration has what its kind has, as ta_catalog reads it. */
static bool
is_sound(HeapTuple row, TupleDesc desc)
{
	TaDecl decl = {0};
	char *kind = ta_spi_named_text(row, desc, "kind");

	/* NOT NULL and the kind are checked after us */
	decl.model = ta_spi_named_text(row, desc, "model");
	decl.alias = ta_spi_named_text(row, desc, "alias");
	decl.target = ta_spi_named_text(row, desc, "target");
	if (decl.model == NULL || decl.alias == NULL || decl.target == NULL || kind == NULL ||
		!ta_kind_parse(kind, &decl.kind))
		return true;
	decl.foreign_key = ta_ident_from_array(ta_spi_named_text(row, desc, "foreign_key"));
	decl.source_key = ta_ident_from_array(ta_spi_named_text(row, desc, "source_key"));
	decl.target_key = ta_ident_from_array(ta_spi_named_text(row, desc, "target_key"));
	decl.other_key = ta_ident_from_array(ta_spi_named_text(row, desc, "other_key"));
	decl.through = ta_spi_named_text(row, desc, "through");
	decl.scope = ta_spi_named_text(row, desc, "scope");
	decl.reference = ta_spi_named_text(row, desc, "reference");
	decl.other_reference = ta_spi_named_text(row, desc, "other_reference");
	decl.polymorphic = ta_spi_named_text(row, desc, "polymorphic");
	decl.type_column = ta_spi_named_text(row, desc, "type_column");
	decl.other_type_column = ta_spi_named_text(row, desc, "other_type_column");
	decl.targets = ta_ident_from_array(ta_spi_named_text(row, desc, "targets"));
	decl.condition = ta_spi_named_text(row, desc, "condition");
	return ta_decl_is_sound(&decl);
}

/* The row with validated false: only assoc_internal.validate_reference says that all rows are right. */
static HeapTuple
unvalidated(HeapTuple row, TupleDesc desc)
{
	int column = ta_spi_column(desc, "validated");
	Datum value = BoolGetDatum(false);
	bool isnull = false;

	return column <= 0 ? row : heap_modify_tuple_by_cols(row, desc, 1, &column, &value, &isnull);
}

/* CASCADE; SET NULL ("userId"): an action that is none of these must not be taken for NO ACTION. */
static bool
is_action(const char *text)
{
	static const char *const words[] = {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL",
										"SET DEFAULT"};

	for (int i = 0; i < lengthof(words); i++)
	{
		size_t length = strlen(words[i]);

		if (strncmp(text, words[i], length) == 0 &&
			(text[length] == '\0' ||
			 (strncmp(words[i], "SET", 3) == 0 && text[length] == ' ' && text[length + 1] == '(')))
			return true;
	}
	return false;
}

/* Whether a row of enforced or enforced_target is one that ta_enforced_put could have written. */
static bool
is_sound_enforced(HeapTuple row, TupleDesc desc)
{
	static const char *const lists[] = {"columns", "key"};
	static const char *const jsons[] = {"condition", "scope"};
	static const char *const actions[] = {"on_delete", "on_update"};

	for (int i = 0; i < lengthof(lists); i++)
	{
		char *text = ta_spi_named_text(row, desc, lists[i]);
		List *names = ta_ident_from_array(text);

		/* NOT NULL is checked after us */
		if (text != NULL && (names == NIL || ta_ident_list_has(names, "")))
			return false;
	}
	for (int i = 0; i < lengthof(jsons); i++)
	{
		char *text = ta_spi_named_text(row, desc, jsons[i]);

		if (text != NULL && !ta_json_is_flat_object(text))
			return false;
	}
	for (int i = 0; i < lengthof(actions); i++)
	{
		char *text = ta_spi_named_text(row, desc, actions[i]);

		if (text != NULL && !is_action(text))
			return false;
	}
	return true;
}

/* One row of a direct INSERT: NULL to skip it. */
static HeapTuple
direct_insert(HeapTuple row, TupleDesc desc, const char *table)
{
	bool equal;
	List *side;

	if ((strcmp(table, "declaration") == 0 && !is_sound(row, desc)) ||
		(is_enforced_row(row, desc, &side) && !is_sound_enforced(row, desc)))
	{
		set_aside(row, desc, table, true);
		return NULL;
	}
	if (!is_present(row, desc, table, &equal))
		return row;
	/* the same row set aside twice is one; a finding ignored for another reason is ignored all the same */
	if (!equal && strcmp(table, "conflict") != 0 && strcmp(table, "ignored") != 0)
		set_aside(row, desc, table, false);
	return NULL;
}

/*
 * A row that comes into quarantine.  It is data of any table's owner, not a
 * declaration: nobody is asked whose it is, and one that differs is not set
 * aside where others may read it, but kept under another id.
 */
static HeapTuple
quarantine_insert(HeapTuple row, Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);
	int id = get_attnum(RelationGetRelid(rel), "id");
	Datum other;
	bool isnull = false;
	bool equal;

	if (ta_catalog_is_writing() || !is_present(row, desc, "quarantine", &equal))
		return row;
	if (equal)
		return NULL;
	other = DirectFunctionCall1(gen_random_uuid, (Datum) 0);
	return heap_modify_tuple_by_cols(row, desc, 1, &id, &other, &isnull);
}

/* assoc_internal.guard_config(): BEFORE ROW on each config table, and BEFORE TRUNCATE. */
Datum
ta_guard_config(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple result;
	TupleDesc desc;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "guard_config")));

	/* it trusts the table's name and columns: on a table of somebody else's it would be told lies */
	if (RelationGetNamespace(trigger->tg_relation) != get_namespace_oid("assoc_internal", false))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" is for the tables of todo_assoc", "guard_config")));

	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		List *rows = ta_catalog_models();
		ListCell *lc;

		foreach(lc, rows)
		{
			TaModelRow *row = lfirst(lc);

			ta_cache_invalidate_table(row->schema_name, row->table_name);
		}
		ta_cache_invalidate_all();
		return PointerGetDatum(NULL);
	}

	desc = RelationGetDescr(trigger->tg_relation);
	result =
		TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;

	if (strcmp(RelationGetRelationName(trigger->tg_relation), "quarantine") == 0)
		return PointerGetDatum(quarantine_insert(result, trigger->tg_relation));

	if (!ta_catalog_is_writing())
	{
		check_direct_write(trigger->tg_trigtuple, desc);
		check_direct_write(result, desc);
		if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
			result = direct_insert(result, desc, RelationGetRelationName(trigger->tg_relation));
		if (result == NULL)
			return PointerGetDatum(NULL);
		if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
			result = unvalidated(result, desc);
		if (strcmp(RelationGetRelationName(trigger->tg_relation), "enforced_target") == 0)
			ta_enforced_set_validated(ta_spi_named_text(result, desc, "reference"), false);
	}

	/* what was created for a reference is not kept in the cache */
	if (strcmp(RelationGetRelationName(trigger->tg_relation), "recorded") == 0)
		return PointerGetDatum(result);
	invalidate(trigger->tg_trigtuple, desc);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		invalidate(result, desc);
	return PointerGetDatum(result);
}
