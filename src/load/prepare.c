/*
 * src/load/prepare.c
 *		From what a function was called with to the steps that load it.
 *
 * The steps of a query that is asked again are kept, and with them the texts of
 * their statements: for one row, to make them would take longer than to run
 * them.  They are good as long as no declaration, table, index or statistics
 * changed; and only where a value of the query is read alike each time, which
 * dates are not: 'today' is one, and settings say what others mean.
 */
#include "postgres.h"

#include "access/hash.h"
#include "lib/ilist.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "load/allow.h"
#include "load/find_key.h"
#include "load/prepare.h"
#include "store/cache.h"

/* as many queries as are kept, the ones used last; and how long a text may be for that */
#define MAX_KEPT 100
#define MAX_KEPT_LENGTH 8192

/* models with longer names than this are not kept by their cache */
#define MAX_NAME 200

typedef struct Kept
{
	uint64 hash; /* of the text that follows: the key of the table */
	dlist_node used; /* in the order of their use */
	MemoryContext context;
	char *text; /* all that the steps were made of */
	int length;
	uint64 generation; /* of what is known about models and tables */
	TaStep *step;
	bool in_use; /* by a call that is running, perhaps outside of this one */
} Kept;

static HTAB *kept_queries = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);

/* ---- from a call to nodes ---- */

static void
say_allow(void *arg)
{
	errcontext("argument \"allow\"");
}

/* The query that was given; of one association, or of the model's rows. */
static TaQuery *
parse_query(const TaFind *find, bool of_one)
{
	TaQuery *query = find->jsonb != NULL ? ta_query_parse_jsonb(find->jsonb, of_one)
										 : ta_query_parse(find->text, of_one);

	if (find->one && query->limit != 0)
		query->limit = 1;
	return query;
}

/* What the query may do, checked to name what there is; NULL: everything. */
static TaQuery *
parse_allow(const TaFind *find)
{
	ErrorContextCallback context = {.callback = say_allow, .previous = error_context_stack};
	TaQuery *allow;

	if (find->allow == NULL)
		return NULL;
	error_context_stack = &context;
	allow = ta_query_parse(find->allow, false);
	ta_allow_check(ta_node_resolve(find->model, allow, NULL));
	error_context_stack = context.previous;
	return allow;
}

/* The query with its names resolved.  rows: roots are loaded, so that there may be a limit on how many. */
TaNode *
ta_prepare_resolve(const TaFind *find, bool rows)
{
	TaQuery *query = parse_query(find, false);
	TaQuery *allow = parse_allow(find);
	TaNode *node = ta_node_resolve(find->model, query, allow);

	if (rows && !find->by_key)
		ta_allow_limit(allow, query, query->limit, node->model->name);
	return node;
}

/* The row by its key, deleted softly or not, with this association alone, which has the query's options. */
TaNode *
ta_prepare_resolve_associated(const TaFind *find, const char *association)
{
	TaQuery *root = ta_query_make("");
	TaQuery *level = parse_query(find, true);

	level->association = association;
	level->required = TA_SAY_NO;
	root->attributes_said = true;
	root->paranoid = TA_SAY_NO;
	root->numbers_quoted = level->numbers_quoted;
	root->include = list_make1(level);
	return ta_node_resolve(find->model, root, NULL);
}

/* What must hold of the root that is named by its key, or NULL. */
char *
ta_prepare_key_test(const TaFind *find, const TaNode *node, TaParams *params)
{
	return find->by_key ? ta_find_key_test(node->model, find->key, find->key_type, "t.", params)
						: NULL;
}

/* ---- from nodes to steps ---- */

static TaStep *
compile(const TaFind *find, const TaNode *node)
{
	TaParams *params = ta_params_make();
	char *test = ta_prepare_key_test(find, node, params);

	return ta_step_compile(node, test, params, node->said->numbers_quoted);
}

/* The steps, made for this call. */
TaStep *
ta_prepare_step(const TaFind *find)
{
	return compile(find, ta_prepare_resolve(find, true));
}

/* ---- steps that are kept ---- */

static void
forget(Kept *kept)
{
	dlist_delete(&kept->used);
	MemoryContextDelete(kept->context);
	hash_search(kept_queries, &kept->hash, HASH_REMOVE, NULL);
}

/* Frees what was used least, if there are too many. */
static void
trim(void)
{
	dlist_node *node = by_use.head.prev;

	while (hash_get_num_entries(kept_queries) >= MAX_KEPT && node != &by_use.head)
	{
		Kept *kept = dlist_container(Kept, used, node);

		node = node->prev;
		if (!kept->in_use)
			forget(kept);
	}
}

/* All that the steps depend on but the value of the key: what it was called with, and a setting. */
static void
write_text(StringInfo text, const TaFind *find, const char *association)
{
	const char *query = find->jsonb != NULL ? (const char *) find->jsonb : find->text;
	int32 length = find->jsonb != NULL ? (int32) VARSIZE(find->jsonb)
				   : query != NULL     ? (int32) strlen(query)
									   : 0;

	appendStringInfo(text, "%d %d %d %d %u %d ", ta_guc_max_depth, find->one, find->by_key,
					 find->jsonb != NULL, find->key_type, length);
	appendBinaryStringInfo(text, find->model, (int) strlen(find->model) + 1);
	if (association != NULL)
		appendStringInfoString(text, association);
	appendStringInfoChar(text, '\0');
	if (length > 0)
		appendBinaryStringInfo(text, query, length);
	if (find->allow != NULL)
		appendStringInfo(text, " allow %s", find->allow);
}

static Kept *
find_kept(const StringInfo text, uint64 hash, uint64 generation)
{
	Kept *kept;

	if (kept_queries == NULL)
	{
		HASHCTL ctl = {.keysize = sizeof(uint64), .entrysize = sizeof(Kept)};

		kept_queries = hash_create("todo_assoc queries", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_queries, &hash, HASH_FIND, NULL);
	if (kept == NULL || kept->in_use)
		return NULL;
	if (kept->generation != generation || kept->length != text->len ||
		memcmp(kept->text, text->data, text->len) != 0)
	{
		forget(kept);
		return NULL;
	}
	dlist_move_head(&by_use, &kept->used);
	return kept;
}

/* Whether the statement binds no value that may be read otherwise next time. */
static bool
is_stable_statement(const TaStatement *statement)
{
	for (int i = 0; statement != NULL && i < TA_LOOKS; i++)
	{
		if (statement->params[i] != NULL && statement->params[i]->changes)
			return false;
	}
	return true;
}

static bool
is_stable(const TaStep *step)
{
	if (step->right != NULL && !is_stable(step->right))
		return false;
	if (!is_stable_statement(step->links) || !is_stable_statement(step->rows) ||
		strlen(step->node->model->name) > MAX_NAME)
		return false;
	for (int i = 0; i < step->ntemplates; i++)
	{
		if (!is_stable(step->children[i]))
			return false;
	}
	return true;
}

/* The value of the key for steps that were made with another one. */
static void
set_key(TaStep *step, const TaFind *find)
{
	TaParams *key = ta_params_make();
	TaParams *params = step->rows->params[TA_LOOK_JOIN];

	if (ta_prepare_key_test(find, step->node, key) == NULL)
		return;
	for (int i = 0; i < key->count; i++)
	{
		params->values[i] = key->values[i];
		params->nulls[i] = key->nulls[i];
	}
}

/* The copy of what the query is read from that lasts as long as its steps. */
static TaFind
copy_find(const TaFind *find)
{
	TaFind copy = *find;

	copy.model = pstrdup(find->model);
	if (find->jsonb != NULL)
	{
		copy.jsonb = palloc(VARSIZE(find->jsonb));
		memcpy(copy.jsonb, find->jsonb, VARSIZE(find->jsonb));
	}
	if (find->text != NULL)
		copy.text = pstrdup(find->text);
	if (find->allow != NULL)
		copy.allow = pstrdup(find->allow);
	return copy;
}

static Kept *
keep(TaStep *step, MemoryContext context, const StringInfo text, uint64 hash, uint64 generation)
{
	char *copy = MemoryContextAlloc(context, text->len);
	Kept *kept;
	bool found;

	memcpy(copy, text->data, text->len);
	kept = hash_search(kept_queries, &hash, HASH_ENTER, &found);
	if (found)
		return NULL;
	MemoryContextSetParent(context, TopMemoryContext);
	kept->context = context;
	kept->text = copy;
	kept->length = text->len;
	kept->generation = generation;
	kept->step = step;
	kept->in_use = false;
	dlist_push_head(&by_use, &kept->used);
	return kept;
}

/*
 * The steps of the query, or of one association of a row; kept ones where there
 * are.  in_use: what must be true while they run, or NULL: they are for this
 * call.
 */
TaStep *
ta_prepare_kept(const TaFind *find, const char *association, bool **in_use)
{
	uint64 generation = ta_cache_generation();
	MemoryContext caller;
	MemoryContext context;
	StringInfoData text;
	uint64 hash;
	Kept *kept;
	TaFind copy;
	TaStep *step;

	*in_use = NULL;
	initStringInfo(&text);
	write_text(&text, find, association);
	hash = DatumGetUInt64(hash_any_extended((const unsigned char *) text.data, text.len, 0));
	kept = find_kept(&text, hash, generation);
	if (kept != NULL)
	{
		set_key(kept->step, find);
		*in_use = &kept->in_use;
		return kept->step;
	}
	/* below the caller's context, so that an error frees it; moved when it is whole */
	context = AllocSetContextCreate(CurrentMemoryContext, "todo_assoc query", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	copy = copy_find(find);
	step = compile(&copy, association != NULL
							  ? ta_prepare_resolve_associated(&copy, pstrdup(association))
							  : ta_prepare_resolve(&copy, true));
	MemoryContextSwitchTo(caller);
	if (text.len <= MAX_KEPT_LENGTH && is_stable(step) && generation == ta_cache_generation())
	{
		trim();
		kept = keep(step, context, &text, hash, generation);
		if (kept != NULL)
			*in_use = &kept->in_use;
	}
	return step;
}
