/*
 * src/enforce/row.c
 *		What a row of a child refers to.
 *
 * Pure: reads the row and the rule, and looks at no table.
 */
#include "postgres.h"

#include "lib/qunique.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "enforce/row.h"

/* ---- reading a row ---- */

/* Whether the reference counts for the row at all. */
static bool
counts(const TaRuleUse *use, TupleTableSlot *slot)
{
	const TaRule *rule = use->rule;

	for (int i = 0; i < rule->ncondition; i++)
	{
		bool isnull;
		Datum value = slot_getattr(slot, ta_rule_attnum(use, rule->condition[i].column), &isnull);

		if (!ta_rule_fits(&rule->condition[i], value, isnull))
			return false;
	}
	return true;
}

static bool
is_live(const TaRuleUse *use, TupleTableSlot *slot)
{
	const TaRule *rule = use->rule;
	bool isnull;
	Datum value;

	if (rule->child_soft_delete == 0)
		return true;
	value = slot_getattr(slot, ta_rule_attnum(use, rule->child_soft_delete), &isnull);
	return isnull || (rule->child_soft_delete_boolean && !DatumGetBool(value));
}

/* The target that the type column names, or NULL. */
static const TaRuleTarget *
target_of_type(const TaRule *rule, Datum type)
{
	for (int i = 0; i < rule->ntargets; i++)
	{
		if (ta_rule_fits(&rule->types[i], type, false))
			return &rule->targets[i];
	}
	return NULL;
}

/*
 * Reads the row: what it refers to, or why that cannot be told.  A plain
 * reference follows its MATCH; a polymorphic one has a type and a key, or
 * neither.
 */
TaRowKind
ta_row_read(const TaRuleUse *use, TupleTableSlot *slot, TaRow *row)
{
	const TaRule *rule = use->rule;
	bool polymorphic = rule->type_column != 0;
	Datum type = (Datum) 0;
	int columns = rule->ncolumns;
	int nulls = 0;
	bool isnull;

	if (rule->ncondition > 0 && !counts(use, slot))
		return TA_ROW_NOTHING;

	for (int i = 0; i < rule->ncolumns; i++)
	{
		row->key[i] = slot_getattr(slot, ta_rule_attnum(use, rule->columns[i]), &isnull);
		nulls += isnull;
	}
	if (polymorphic)
	{
		type = slot_getattr(slot, ta_rule_attnum(use, rule->type_column), &isnull);
		nulls += isnull;
		columns++;
	}
	if (nulls > 0)
		return nulls < columns && (polymorphic || rule->match_full) ? TA_ROW_MIXED : TA_ROW_NOTHING;

	row->target = polymorphic ? target_of_type(rule, type) : &rule->targets[0];
	row->live = is_live(use, slot);
	return row->target == NULL ? TA_ROW_UNKNOWN_TYPE : TA_ROW_REFERS;
}

/* ---- comparing two versions of a row ---- */

/* Whether a column is the same in both, to the byte. */
static bool
same_bytes(TupleTableSlot *old_slot, TupleTableSlot *new_slot, AttrNumber column)
{
	Form_pg_attribute att = TupleDescAttr(new_slot->tts_tupleDescriptor, column - 1);
	bool old_null;
	bool new_null;
	Datum old_value = slot_getattr(old_slot, column, &old_null);
	Datum new_value = slot_getattr(new_slot, column, &new_null);

	if (old_null || new_null)
		return old_null && new_null;
	return datum_image_eq(old_value, new_value, att->attbyval, att->attlen);
}

/* Whether the keys are equal by the operator that compares them with the target's. */
static bool
same_key(const TaRule *rule, const TaRow *old_row, const TaRow *new_row)
{
	if (rule->element)
		return false;
	for (int i = 0; i < rule->ncolumns; i++)
	{
		const TaRulePair *pair = &new_row->target->pair[i];

		/* else the operator does not take two references */
		if (pair->left_type != pair->right_type || OidIsValid(pair->cast) ||
			!DatumGetBool(FunctionCall2Coll(unconstify(FmgrInfo *, &pair->equal), pair->collation,
											old_row->key[i], new_row->key[i])))
			return false;
	}
	return true;
}

/*
 * Whether the new version refers as the old one did, so that what held for the
 * old one holds for it.
 */
bool
ta_row_refers_alike(const TaRuleUse *use, TupleTableSlot *old_slot, TupleTableSlot *new_slot)
{
	const TaRule *rule = use->rule;
	TaRow old_row;
	TaRow new_row;
	bool same = true;

	if (ta_row_read(use, old_slot, &old_row) != TA_ROW_REFERS ||
		ta_row_read(use, new_slot, &new_row) != TA_ROW_REFERS || old_row.target != new_row.target ||
		(new_row.live && !old_row.live))
		return false;
	for (int i = 0; i < rule->ncolumns; i++)
		same = same && same_bytes(old_slot, new_slot, ta_rule_attnum(use, rule->columns[i]));
	return same || same_key(rule, &old_row, &new_row);
}

/* ---- elements ---- */

typedef struct Order
{
	FmgrInfo *compare;
	Oid collation;
} Order;

static int
compare_elements(const void *a, const void *b, void *arg)
{
	const Order *order = arg;

	return DatumGetInt32(FunctionCall2Coll(order->compare, order->collation, *(const Datum *) a,
										   *(const Datum *) b));
}

/*
 * The distinct elements of the row's array that are not null, in order: all who
 * refer to several parents lock them in the same one.
 */
int
ta_row_elements(const TaRule *rule, const TaRow *row, Datum **elements)
{
	const TaRulePair *pair = &row->target->pair[0];
	TypeCacheEntry *type = lookup_type_cache(pair->child_type, TYPECACHE_CMP_PROC_FINFO);
	Order order = {.compare = &type->cmp_proc_finfo, .collation = pair->collation};
	ArrayType *array = DatumGetArrayTypeP(row->key[0]);
	bool *nulls;
	int total;
	int n = 0;

	if (!OidIsValid(type->cmp_proc_finfo.fn_oid))
		elog(ERROR, "type %u has no order", pair->child_type);
	deconstruct_array(array, pair->child_type, type->typlen, type->typbyval, type->typalign,
					  elements, &nulls, &total);
	for (int i = 0; i < total; i++)
	{
		if (!nulls[i])
			(*elements)[n++] = (*elements)[i];
	}
	qsort_arg(*elements, n, sizeof(Datum), compare_elements, &order);
	return (int) qunique_arg(*elements, n, sizeof(Datum), compare_elements, &order);
}
