/*
 * src/enforce/rule_make.c
 *		Resolving a row of the catalog into a rule.
 *
 * Names become numbers here, types operators, and JSON constants of a column's
 * type.  Rows of the catalog are not believed: what they name must exist and
 * fit, and a table takes part only if it carries our triggers for the
 * reference, which nobody but its owner could make.  Whatever does not hold is
 * an error, so a trigger that cannot do its work never passes.
 *
 * Everything is made in the current context.  No relation is opened; what takes
 * that is looked at later, under the lock of the target (ta_rule_look_at_target).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "enforce/rule_make.h"
#include "model/option.h"
#include "pg/facts.h"
#include "pg/keymatch.h"

/* Raises: the reference cannot be enforced as it stands, so nothing passes. */
void
ta_rule_unresolved(const char *reference, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("reference \"%s\" cannot be enforced", reference),
					errdetail_internal("%s", detail), errhint("SELECT * FROM assoc.apply();")));
}

/* ---- triggers ---- */

/* Whether the function is the one of ours that has this name. */
static bool
is_our_function(Oid function, const char *name)
{
	char *found = get_func_name(function);

	return found != NULL && strcmp(found, name) == 0 &&
		   get_func_namespace(function) == get_namespace_oid("assoc_internal", true);
}

/*
 * Whether the table has a trigger of this name that calls this function of
 * ours.  Sets enabled, if not NULL, to its tgenabled.
 */
static bool
is_trigger(Oid relid, const char *name, const char *function, char *enabled)
{
	Relation rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&keys[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_trigger_tgname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	scan = systable_beginscan(rel, TriggerRelidNameIndexId, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		found = is_our_function(form->tgfoid, function);
		if (enabled != NULL)
			*enabled = form->tgenabled;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Whether the table has the reference's trigger of this kind. */
static bool
has_trigger(Oid relid, const char *reference, TaTriggerKind kind, const char *function)
{
	return is_trigger(relid, ta_trigger_name(kind, reference), function, NULL);
}

/* Its owner has let this table take part in the reference, as its child or as a parent. */
static void
check_consent(const char *reference, Oid relid, bool child)
{
	if (child ? has_trigger(relid, reference, TA_TRIGGER_CHECK_INSERT, "check_reference") ||
					has_trigger(relid, reference, TA_TRIGGER_CHECK_INSERT, "check_statement")
			  : has_trigger(relid, reference, TA_TRIGGER_DELETED, "parent_deleted") &&
					has_trigger(relid, reference, TA_TRIGGER_TRUNCATED, "parent_truncated"))
		return;
	ta_rule_unresolved(reference,
					   psprintf("Table \"%s\" does not have the triggers that enforce it.",
								get_rel_name(relid)));
}

/* ---- columns and constants ---- */

static Oid
find_table(const char *reference, const char *schema, const char *table)
{
	Oid relid = ta_rel_lookup(schema, table);
	char kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ta_rule_unresolved(reference, psprintf("Table \"%s\" does not exist.",
											   ta_ident_qualify(schema, table)));
	return relid;
}

static TaColumn *
find_column(const char *reference, Oid relid, const char *name)
{
	TaColumn *column = ta_rel_column(relid, name);

	if (column == NULL)
		ta_rule_unresolved(reference, psprintf("Column \"%s\" of table \"%s\" does not exist.",
											   name, get_rel_name(relid)));
	return column;
}

/* What equality of the column's own type is to be compared by; fills operator and function. */
static void
set_equality(const char *reference, TaRuleTest *test, const TaColumn *column)
{
	test->operator= ta_key_operator(column->type, column->type);
	if (!OidIsValid(test->operator))
		ta_rule_unresolved(reference, psprintf("Column \"%s\" is of a type without btree equality.",
											   column->name));
	fmgr_info(get_opcode(test->operator), &test->equal);
	test->collation = column->collation;
}

/* The constant as a value of the column's type; a domain's own checks, which are its owner's code, are left out. */
static Datum
constant(const TaColumn *column, char *text)
{
	int32 typmod = column->typmod;
	Oid type = getBaseTypeAndTypmod(column->type, &typmod);
	Oid function;
	Oid parameter;

	getTypeInputInfo(type, &function, &parameter);
	return OidInputFunctionCall(function, text, parameter, typmod);
}

/* One member of a scope or condition: a value, null, or a list of them. */
static void
make_test(const char *reference, TaRuleTest *test, Oid relid, const TaJsonPair *pair)
{
	TaColumn *column = find_column(reference, relid, pair->key);
	JsonbContainer *array = ta_json_container(pair->value, false);
	List *values = array != NULL ? ta_json_array(array) : list_make1(pair->value);
	List *shown = NIL;
	ListCell *lc;

	test->column = column->attnum;
	test->name = column->name;
	set_equality(reference, test, column);
	test->values = palloc(sizeof(Datum) * (list_length(values) + 1));
	test->texts = palloc(sizeof(char *) * (list_length(values) + 1));
	foreach(lc, values)
	{
		const JsonbValue *value = lfirst(lc);
		char *text = ta_json_scalar_text(value);

		if (value->type == jbvNull)
			test->null = true;
		else if (text == NULL)
			ta_rule_unresolved(reference, psprintf("Column \"%s\" is compared with %s.", pair->key,
												   ta_json_kind(value)));
		else
		{
			test->texts[test->nvalues] = text;
			test->values[test->nvalues++] = constant(column, text);
		}
		shown = lappend(shown, text == NULL ? "null" : text);
	}
	test->shown = psprintf(list_length(shown) == 1 ? "%s = %s" : "%s one of %s", column->name,
						   ta_err_list(shown, 10));
}

/* All members of a scope or condition; NULL text has none. */
static int
make_tests(const char *reference, Oid relid, const char *json, TaRuleTest **tests)
{
	List *pairs;
	ListCell *lc;
	int n = 0;

	if (json == NULL)
		return 0;
	if (!ta_json_is_flat_object(json))
		ta_rule_unresolved(reference, "A scope or condition of it is no object of constants.");
	pairs = ta_json_object(&ta_json_parse(json)->root);
	*tests = palloc0(sizeof(TaRuleTest) * list_length(pairs));
	foreach(lc, pairs)
		make_test(reference, &(*tests)[n++], relid, lfirst(lc));
	return n;
}

/* A soft delete column; sets whether it is boolean. */
static AttrNumber
find_soft_delete(const char *reference, Oid relid, const char *name, bool *is_boolean)
{
	TaColumn *column;

	*is_boolean = false;
	if (name == NULL)
		return 0;
	column = find_column(reference, relid, name);
	*is_boolean = getBaseType(column->type) == BOOLOID;
	return column->attnum;
}

/* ---- the child ---- */

static TaRuleAction
make_action(const TaEnforced *row, Oid child, const char *text)
{
	TaAction parsed = ta_action_parse(text);
	TaRuleAction action = {0};
	ListCell *lc;

	if (strcmp(ta_action_text(parsed.code, parsed.columns), text) != 0)
		ta_rule_unresolved(row->reference, psprintf("\"%s\" is no action.", text));
	switch (parsed.code)
	{
		case FKCONSTR_ACTION_RESTRICT:
			action.kind = TA_RULE_RESTRICT;
			break;
		case FKCONSTR_ACTION_CASCADE:
			action.kind = TA_RULE_CASCADE;
			break;
		case FKCONSTR_ACTION_SETNULL:
			action.kind = TA_RULE_SET_NULL;
			break;
		case FKCONSTR_ACTION_SETDEFAULT:
			action.kind = TA_RULE_SET_DEFAULT;
			break;
		default:
			action.kind = TA_RULE_NO_ACTION;
			break;
	}
	foreach(lc, parsed.columns)
	{
		if (action.ncolumns == INDEX_MAX_KEYS)
			ta_rule_unresolved(row->reference, "An action of it has too many columns.");
		action.columns[action.ncolumns++] = find_column(row->reference, child, lfirst(lc))->attnum;
	}
	return action;
}

/* The columns of the child, and what is said of its rows. */
static void
make_child(TaRule *rule, const TaEnforced *row)
{
	ListCell *lc;

	rule->child = find_table(row->reference, row->child_schema, row->child_table);
	rule->child_owner = ta_rel_owner(rule->child);
	rule->child_partitioned = get_rel_relkind(rule->child) == RELKIND_PARTITIONED_TABLE;
	check_consent(row->reference, rule->child, true);
	/* statement triggers fire for the table that a statement names, and for no other */
	if (rule->statement && (rule->child_partitioned || get_rel_relispartition(rule->child) ||
							has_superclass(rule->child) || ta_rel_has_children(rule->child)))
		ta_rule_unresolved(row->reference,
						   psprintf("Table \"%s\" has or is a partition or an inheritance child, "
									"where rows cannot be checked by statement.",
									row->child_table));

	if (row->columns == NIL || list_length(row->columns) > INDEX_MAX_KEYS ||
		(row->element && list_length(row->columns) != 1))
		ta_rule_unresolved(row->reference, "The number of its columns is none it can have.");
	foreach(lc, row->columns)
		rule->columns[rule->ncolumns++] =
			find_column(row->reference, rule->child, lfirst(lc))->attnum;

	rule->ncondition = make_tests(row->reference, rule->child, row->condition, &rule->condition);
	rule->child_soft_delete = find_soft_delete(row->reference, rule->child, row->child_soft_delete,
											   &rule->child_soft_delete_boolean);
	rule->on_delete = make_action(row, rule->child, row->on_delete);
	rule->on_update = make_action(row, rule->child, row->on_update);
}

/* ---- the targets ---- */

/* How a key and what refers to it are compared: as a native key compares them, but never by a user's cast. */
static void
make_pair(TaRule *rule, const TaEnforced *row, TaRuleTarget *target, int number,
		  const TaEnforcedTarget *said)
{
	TaRulePair *pair = &target->pair[number];
	TaColumn *child = find_column(row->reference, rule->child, list_nth(row->columns, number));
	TaColumn *parent = find_column(row->reference, target->relid, list_nth(said->key, number));
	CoercionPathType path;

	pair->child = child->attnum;
	pair->parent = parent->attnum;
	pair->child_type = child->type;
	pair->parent_type = parent->type;
	pair->collation = parent->collation;
	if (row->element)
	{
		pair->child_type = get_element_type(getBaseType(child->type));
		if (!OidIsValid(pair->child_type))
			ta_rule_unresolved(row->reference, psprintf("Column \"%s\" is no array.", child->name));
	}
	get_typlenbyval(pair->child_type, &pair->child_length, &pair->child_by_value);

	pair->operator= ta_key_operator(parent->type, pair->child_type);
	if (!OidIsValid(pair->operator))
		ta_rule_unresolved(row->reference, psprintf("Columns \"%s\" and \"%s\" cannot be compared.",
													child->name, parent->name));
	op_input_types(pair->operator, & pair->left_type, &pair->right_type);
	fmgr_info(get_opcode(pair->operator), &pair->equal);

	if (IsBinaryCoercible(pair->child_type, pair->right_type))
		return;
	path = find_coercion_pathway(pair->right_type, getBaseType(pair->child_type), COERCION_IMPLICIT,
								 &pair->cast);
	if (path == COERCION_PATH_RELABELTYPE)
		return;
	if (path != COERCION_PATH_FUNC || pair->cast >= FirstNormalObjectId)
		ta_rule_unresolved(row->reference,
						   psprintf("Column \"%s\" would need a cast that is not PostgreSQL's.",
									child->name));
	fmgr_info(pair->cast, &pair->cast_function);
}

/*
 * Whether the parents that a transaction has locked may be remembered: only if
 * each statement that could change them tells us, whatever its session's role.
 */
static bool
may_remember(const TaRule *rule, const TaRuleTarget *target)
{
	char enabled;

	return !rule->deferrable && !target->partitioned && !get_rel_relispartition(target->relid) &&
		   !has_superclass(target->relid) && !ta_rel_has_children(target->relid) &&
		   is_trigger(target->relid, ta_trigger_name(TA_TRIGGER_FORGET, NULL), "forget_parents",
					  &enabled) &&
		   enabled == TRIGGER_FIRES_ALWAYS;
}

/*
 * A row that goes to another partition is deleted there: its trigger could not
 * tell whether it may still be referred to.
 */
static void
check_stays(const TaRule *rule, const TaRuleTarget *target, const TaEnforcedTarget *said)
{
	List *columns = said->scope != NULL ? ta_scope_columns(said->scope) : NIL;

	if (said->soft_delete != NULL)
		columns = lappend(columns, said->soft_delete);
	if (target->partitioned && ta_rel_partition_column_among(target->relid, columns) != NULL)
		ta_rule_unresolved(
			rule->reference,
			psprintf("\"%s\" is partitioned by what says which of its rows may be referred to.",
					 said->table));
}

/* Whether a BEFORE ROW trigger takes the lock that meets FOR KEY SHARE when an update ends that a row may be referred to. */
static bool
has_ending(const TaRule *rule, const TaRuleTarget *target)
{
	char enabled;

	return is_trigger(target->relid, ta_trigger_name(TA_TRIGGER_ENDING, rule->reference),
					  "parent_ending", &enabled) &&
		   (enabled == TRIGGER_FIRES_ALWAYS || enabled == TRIGGER_FIRES_ON_ORIGIN);
}

static void
make_target(TaRule *rule, const TaEnforced *row, int number, const TaEnforcedTarget *said)
{
	TaRuleTarget *target = &rule->targets[number];
	ListCell *lc;

	target->number = number;
	target->relid = find_table(row->reference, said->schema, said->table);
	target->owner = ta_rel_owner(target->relid);
	target->partitioned = get_rel_relkind(target->relid) == RELKIND_PARTITIONED_TABLE;
	check_consent(row->reference, target->relid, false);
	if (said->heirs)
		target->heirs = list_delete_first(find_all_inheritors(target->relid, NoLock, NULL));
	foreach(lc, target->heirs)
		check_consent(row->reference, lfirst_oid(lc), false);

	if (list_length(said->key) != rule->ncolumns)
		ta_rule_unresolved(row->reference,
						   psprintf("Its columns and the key of \"%s\" differ in number.",
									said->table));
	for (int i = 0; i < rule->ncolumns; i++)
		make_pair(rule, row, target, i, said);
	/* each table of a tree has an index of its own */
	target->unique = target->heirs == NIL && OidIsValid(ta_rel_key_index(target->relid, said->key));
	target->nscope = make_tests(row->reference, target->relid, said->scope, &target->scope);
	target->soft_delete = find_soft_delete(row->reference, target->relid, said->soft_delete,
										   &target->soft_delete_boolean);
	check_stays(rule, target, said);
	target->remember = may_remember(rule, target);
	target->ending = has_ending(rule, target);

	if (rule->type_column == 0)
		return;
	target->type_value = said->type_value;
	rule->types[number].column = rule->type_column;
	rule->types[number].name = row->type_column;
	set_equality(row->reference, &rule->types[number],
				 find_column(row->reference, rule->child, row->type_column));
	rule->types[number].values = palloc(sizeof(Datum));
	rule->types[number].values[0] =
		constant(find_column(row->reference, rule->child, row->type_column), said->type_value);
	rule->types[number].texts = palloc(sizeof(char *));
	rule->types[number].texts[0] = said->type_value;
	rule->types[number].nvalues = 1;
}

/*
 * Reads what is in force for the reference and resolves it.  Raises 55000 when
 * there is nothing, or something does not fit.
 */
TaRule *
ta_rule_make(const char *reference)
{
	TaEnforced *row = ta_enforced_read(reference);
	TaRule *rule = palloc0(sizeof(TaRule));
	ListCell *lc;
	int number = 0;

	if (row == NULL)
		ta_rule_unresolved(reference, "Nothing is said of it in assoc_internal.enforced.");
	rule->reference = pstrdup(reference);
	rule->name = row->name;
	rule->match_full = row->match_full;
	rule->element = row->element;
	rule->statement = strcmp(row->mode, "statement") == 0;
	rule->deferrable = strcmp(row->deferral, "none") != 0;
	make_child(rule, row);

	if (row->targets == NIL || (row->type_column == NULL && list_length(row->targets) != 1))
		ta_rule_unresolved(reference, "The number of its targets is none it can have.");
	rule->ntargets = list_length(row->targets);
	rule->targets = palloc0(sizeof(TaRuleTarget) * rule->ntargets);
	if (row->type_column != NULL)
	{
		rule->type_column = find_column(reference, rule->child, row->type_column)->attnum;
		rule->types = palloc0(sizeof(TaRuleTest) * rule->ntargets);
	}
	foreach(lc, row->targets)
		make_target(rule, row, number++, lfirst(lc));
	return rule;
}

/* ---- the index of a target ---- */

/* Whether the index can be probed for the whole key, each column by its pair's operator. */
static bool
serves(const TaRule *rule, const TaRuleTarget *target, Relation index, int *columns)
{
	Form_pg_index form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || !form->indisready ||
		!form->indislive || form->indnkeyatts != rule->ncolumns || form->indcheckxmin ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL))
		return false;
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &target->pair[i];
		int place = 0;

		while (place < rule->ncolumns && form->indkey.values[place] != pair->parent)
			place++;
		if (place == rule->ncolumns || index->rd_indcollation[place] != pair->collation ||
			index->rd_opcintype[place] != pair->left_type ||
			get_op_opfamily_strategy(pair->operator, index->rd_opfamily[place]) !=
				BTEqualStrategyNumber)
			return false;
		columns[i] = place;
	}
	return true;
}

/*
 * Whether an update of the key's columns is one that FOR KEY SHARE keeps away:
 * only of those in a unique index that a foreign key could refer to.
 */
static bool
is_guarded_key(const TaRule *rule, const TaRuleTarget *target, Relation parent)
{
	Bitmapset *guarded = RelationGetIndexAttrBitmap(parent, INDEX_ATTR_BITMAP_KEY);

	for (int i = 0; i < rule->ncolumns; i++)
	{
		if (!bms_is_member(target->pair[i].parent - FirstLowInvalidHeapAttributeNumber, guarded))
			return false;
	}
	return true;
}

/*
 * What is only known of a target that is open and locked: the index by which
 * keys are probed, unique before others, or none if no one serves; and how
 * strongly its rows must be locked.
 */
void
ta_rule_look_at_target(const TaRule *rule, const TaRuleTarget *reader, Relation parent)
{
	TaRuleTarget *target = &rule->targets[reader->number];
	MemoryContext caller = MemoryContextSwitchTo(rule->context);
	bool unique = false;
	ListCell *lc;

	/* not the relation's own: to count references to that costs more than it is worth */
	target->row = CreateTupleDescCopyConstr(RelationGetDescr(parent));
	MemoryContextSwitchTo(caller);
	target->index_chosen = true;
	target->share = !target->ending && (!is_guarded_key(rule, target, parent) ||
										target->nscope > 0 || target->soft_delete != 0);
	target->index = InvalidOid;
	if (parent->rd_rel->relkind != RELKIND_RELATION || target->heirs != NIL)
		return;
	foreach(lc, RelationGetIndexList(parent))
	{
		Relation index = index_open(lfirst_oid(lc), AccessShareLock);
		int columns[INDEX_MAX_KEYS];

		if (!unique && serves(rule, target, index, columns) &&
			(!OidIsValid(target->index) || index->rd_index->indisunique))
		{
			target->index = RelationGetRelid(index);
			memcpy(target->index_column, columns, sizeof(columns));
			unique = index->rd_index->indisunique;
		}
		index_close(index, AccessShareLock);
	}
}
