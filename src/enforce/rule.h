/*
 * src/enforce/rule.h
 *		A reference that triggers enforce, resolved to what a trigger works with.
 *
 * Rules are kept per backend, one for each reference, and made again after a
 * relcache invalidation of the child, of a partition of it, or of a parent.  A
 * rule that cannot be resolved raises: a trigger never passes what it does not
 * understand.
 *
 * A rule found invalid is not freed before the end of the transaction, so it may
 * be read on by who holds it.  Whoever has locked a table of the rule since he
 * got it looks at rule->valid then, and gets it anew if that is false: names,
 * columns and indexes may have changed while he waited for the lock.
 */
#ifndef TA_RULE_H
#define TA_RULE_H

#include "postgres.h"

#include "access/attnum.h"
#include "access/tupdesc.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/relcache.h"

#include "base/spi_plan.h"
#include "store/enforced.h"

/* What becomes of a child when its parent goes, or its key changes. */
typedef enum TaRuleActionKind
{
	TA_RULE_NO_ACTION,
	TA_RULE_RESTRICT,
	TA_RULE_CASCADE,
	TA_RULE_SET_NULL,
	TA_RULE_SET_DEFAULT
} TaRuleActionKind;

typedef struct TaRuleAction
{
	TaRuleActionKind kind;
	int ncolumns; /* SET NULL (a, b), SET DEFAULT (a, b): how many; 0: all */
	AttrNumber columns[INDEX_MAX_KEYS]; /* of the child */
} TaRuleAction;

/* A column that must have one of some constant values: of a scope, a condition. */
typedef struct TaRuleTest
{
	AttrNumber column;
	const char *name; /* the column's */
	const char *shown; /* role = admin, for people */
	bool null; /* null fits */
	int nvalues;
	Datum *values; /* of the column's type */
	char **texts; /* the same as it was written */
	Oid collation; /* the column's */
	Oid operator; /* equality, of the type's default btree family */
	FmgrInfo equal; /* its function */
} TaRuleTest;

/* One pair of columns: a key and what refers to it. */
typedef struct TaRulePair
{
	AttrNumber child; /* of the child's table; in a trigger: ta_rule_attnum */
	AttrNumber parent; /* of the target's table; likewise */
	Oid child_type; /* of an array: of its elements */
	Oid parent_type;
	Oid collation; /* the key's */
	Oid
	operator; /* key = reference, as pg/keymatch finds it: PostgreSQL's or an opfamily's, no user cast */
	Oid left_type; /* what the operator takes on the key's side */
	Oid right_type; /* and on the child's */
	Oid cast; /* function from child_type to right_type; InvalidOid: it is taken as it is */
	FmgrInfo cast_function;
	FmgrInfo equal; /* the operator's function */
	int16 child_length; /* of child_type */
	bool child_by_value;
} TaRulePair;

/* A table that may be referred to. */
typedef struct TaRuleTarget
{
	int number; /* place in rule->targets */
	const char *type_value; /* NULL: not polymorphic */
	Oid relid;
	Oid owner;
	bool partitioned;
	List *heirs; /* OIDs of tables that inherit from it, whose rows may be referred to as well */
	bool rights_checked; /* its owner may do what a probe does */
	bool index_chosen; /* what follows is known; see ta_rule_look_at_target */
	bool
		share; /* FOR KEY SHARE does not keep what is referred to from being changed; FOR SHARE does */
	Oid index; /* by which a key may be probed directly; InvalidOid: only by query */
	int index_column[INDEX_MAX_KEYS]; /* for each pair: its place in the index, from 0 */
	TaRulePair pair[INDEX_MAX_KEYS];
	bool ending; /* a trigger locks rows whose update ends that they may be referred to */
	int nscope;
	TaRuleTest *scope; /* all must fit */
	AttrNumber soft_delete; /* 0: none */
	bool soft_delete_boolean; /* live: not true; else live: null */
	bool unique; /* no two rows have the same key */
	struct TaReferring *referring; /* enforce/absent's own */
	TupleDesc row; /* of the table */
	bool remember; /* what is locked may be remembered */
	uint64 memo_epoch; /* enforce/memo's own */
	uint32 memo_tag;
} TaRuleTarget;

typedef struct TaRule
{
	const char *reference;
	const char *name; /* of the constraint, in errors */
	bool valid; /* false: something has changed since */
	Oid child;
	Oid child_owner;
	bool child_partitioned;
	int ncolumns; /* without the type column */
	AttrNumber columns[INDEX_MAX_KEYS];
	AttrNumber type_column; /* 0: not polymorphic */
	TaRuleTest *types; /* for each target: the type column's value */
	bool element;
	bool match_full;
	bool statement; /* mode statement */
	bool deferrable;
	int ncondition;
	TaRuleTest *condition; /* all must fit */
	AttrNumber child_soft_delete; /* 0: none */
	bool child_soft_delete_boolean;
	TaRuleAction on_delete;
	TaRuleAction on_update;
	int ntargets;
	TaRuleTarget *targets;
	MemoryContext context; /* in which all of it is */
	struct TaRuleEntry *entry; /* enforce/rule's own */
} TaRule;

/* A rule as a trigger's table sees it: a partition may have its columns in another order. */
typedef struct TaRuleUse
{
	const TaRule *rule;
	Oid relid; /* the trigger's table */
	const AttrNumber
		*map; /* from the number of a column in the rule, less 1; NULL: they are the same */
} TaRuleUse;

/* Whether rows of the target stand in other tables, too: its partitions, or its heirs. */
static inline bool
ta_rule_descends(const TaRuleTarget *target)
{
	return target->partitioned || target->heirs != NIL;
}

/* The number that a column of the rule has in the trigger's table. */
static inline AttrNumber
ta_rule_attnum(const TaRuleUse *use, AttrNumber column)
{
	return use->map == NULL ? column : use->map[column - 1];
}

extern void ta_rule_init(void);
extern const TaRuleUse *ta_rule_of_child(const TriggerData *trigger);
extern const TaRuleUse *ta_rule_of_parent(const TriggerData *trigger);

extern bool ta_rule_fits(const TaRuleTest *test, Datum value, bool isnull);

/* Kept plans of a rule, by what they are for and the target's number. */
#define TA_PLAN_CHECK 0 /* enforce/probe */
#define TA_PLAN_CHECK_LIVE 1
#define TA_PLAN_REASON 2
#define TA_PLAN_PARENT 16 /* the first of enforce/action's */
extern TaSpiPlan *ta_rule_plan(const TaRule *rule, int purpose, int target);
extern void ta_rule_keep_plan(const TaRule *rule, int purpose, int target, TaSpiPlan *plan);

#endif /* TA_RULE_H */
