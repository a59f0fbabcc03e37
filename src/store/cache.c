/*
 * src/store/cache.c
 *		Per-backend cache of models and their associations.
 *
 * An entry rides on the relation cache of the model's own table: whoever
 * changes a row of our catalog sends a relcache invalidation for the table it
 * concerns (store/guard.c), so that a changed declaration and DDL on the table
 * arrive through one channel, in every session, with the transaction that made
 * them.  A model whose table does not exist has no such channel and is not kept.
 * Renaming a schema invalidates no relation; it drops everything, as does
 * DROP EXTENSION.  Dropping a package sends nothing at all: an entry in which
 * one speaks is asked once per statement whether the package is still there.
 *
 * Lifetime: an entry has a memory context of its own.  An invalidation, which
 * may arrive under a reader, does no look-ups; it unlinks the entry and leaves
 * it on a list that is freed at the end of the top transaction.  So a TaModel
 * stays readable until then, whatever happens.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "pg/facts.h"
#include "store/cache.h"

/* longer model names are possible (text), but are not kept under their full name */
#define MODEL_NAME_SIZE 256

typedef struct CacheEntry
{
	TaModel model; /* first: a TaModel * is a CacheEntry * */
	MemoryContext context;
	List *packages; /* of char *: the declarers that are not by hand */
	TimestampTz checked; /* start of the last statement that looked for them */
	struct CacheEntry *next_of_table;
	struct CacheEntry *next_dead;
} CacheEntry;

typedef struct NameSlot
{
	char name[MODEL_NAME_SIZE];
	CacheEntry *entry;
} NameSlot;

typedef struct TableSlot
{
	Oid relid;
	CacheEntry *first;
} TableSlot;

static HTAB *by_name = NULL;
static HTAB *by_table = NULL;
static CacheEntry *dead = NULL;

/* counts invalidations: what was read before one must not be kept after it */
static uint64 invalidations = 0;

/* the packages that spoke in any entry, and the statement that looked for them last */
static List *known_packages = NIL;
static TimestampTz packages_checked = 0;

/* our own table: gone with DROP EXTENSION, and then nothing we keep is true */
static Oid config_relid = InvalidOid;

/* ---- invalidation ---- */

/* Unlinks the entries of one table and leaves them for the end of the transaction. */
static void
kill_table(TableSlot *slot)
{
	CacheEntry *entry = slot->first;

	while (entry != NULL)
	{
		CacheEntry *next = entry->next_of_table;

		hash_search(by_name, entry->model.name, HASH_REMOVE, NULL);
		entry->next_dead = dead;
		dead = entry;
		entry = next;
	}
	hash_search(by_table, &slot->relid, HASH_REMOVE, NULL);
}

static void
kill_all(void)
{
	HASH_SEQ_STATUS status;
	TableSlot *slot;

	if (by_table == NULL)
		return;
	/* removing the element just returned is allowed while scanning */
	hash_seq_init(&status, by_table);
	while ((slot = hash_seq_search(&status)) != NULL)
		kill_table(slot);
}

static void
relcache_callback(Datum arg, Oid relid)
{
	TableSlot *slot;

	invalidations++;
	if (by_table == NULL)
		return;
	if (!OidIsValid(relid) || relid == config_relid)
	{
		kill_all();
		return;
	}
	slot = hash_search(by_table, &relid, HASH_FIND, NULL);
	if (slot != NULL)
		kill_table(slot);
}

static void
namespace_callback(Datum arg, TaSysCacheId cacheid, uint32 hashvalue)
{
	invalidations++;
	kill_all();
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	while (dead != NULL)
	{
		CacheEntry *entry = dead;

		dead = entry->next_dead;
		MemoryContextDelete(entry->context);
	}
}

/* Makes every session forget the model(s) of the table, when this transaction commits. */
void
ta_cache_invalidate_table(const char *schema, const char *table)
{
	Oid relid = ta_rel_lookup(schema, table);

	if (OidIsValid(relid))
		CacheInvalidateRelcacheByRelid(relid);
}

/* Makes this session forget everything; for what cannot be told table by table. */
void
ta_cache_invalidate_all(void)
{
	kill_all();
}

/* ---- loading ---- */

/* One option that several declarers may say: the first wins, a differing one is a problem. */
static void
merge_text(TaModel *model, const char *option, char **into, const char *said)
{
	if (said == NULL)
		return;
	if (*into == NULL)
		*into = pstrdup(said);
	else if (strcmp(*into, said) != 0 && model->problem == NULL)
		model->problem = psprintf("%s is said to be %s and %s", option, *into, said);
}

/* Builds the model from what each declarer said; runs in the entry's context. */
static void
merge_rows(TaModel *model, List *rows)
{
	ListCell *lc;
	char *accessors = NULL;
	char *heirs = NULL;
	char *table = NULL;

	foreach(lc, rows)
	{
		TaModelRow *row = lfirst(lc);

		merge_text(model, "its table", &table, ta_ident_qualify(row->schema_name, row->table_name));
		if (model->schema == NULL)
		{
			model->schema = pstrdup(row->schema_name);
			model->table = pstrdup(row->table_name);
		}
		merge_text(model, "singular", &model->singular, row->singular);
		merge_text(model, "plural", &model->plural, row->plural);
		merge_text(model, "accessors", &accessors, row->accessors);
		merge_text(model, "type_value", &model->type_value, row->type_value);
		merge_text(model, "soft_delete", &model->soft_delete, row->soft_delete);
		merge_text(model, "heirs", &heirs, row->heirs);
		if (row->key != NIL)
		{
			if (model->key == NIL)
				model->key = ta_ident_from_array(ta_ident_to_array(row->key));
			else if (!ta_ident_lists_equal(model->key, row->key) && model->problem == NULL)
				model->problem = "its key is said in two ways";
		}
		model->declarers = lappend(model->declarers, pstrdup(row->declarer));
		if (row->inferred != NIL && model->inferred == NIL)
			model->inferred = ta_ident_from_array(ta_ident_to_array(row->inferred));
	}
	model->accessors = accessors == NULL || strcmp(accessors, "true") == 0;
	model->heirs = heirs != NULL && strcmp(heirs, "true") == 0;
	if (model->type_value == NULL)
		model->type_value = pstrdup(model->name);
	model->key_said = model->key != NIL;
	model->relid = ta_rel_lookup(model->schema, model->table);
	if (OidIsValid(model->relid) && !model->key_said)
		model->key = ta_rel_primary_key(model->relid);
}

/*
 * Puts a complete entry where it is found, unless it can't be invalidated, or
 * was invalidated while it was made (seen: the count before its rows were read).
 */
static void
publish(CacheEntry *entry, uint64 seen)
{
	TableSlot *slot;
	NameSlot *name;
	bool found;

	if (!OidIsValid(entry->model.relid) || strlen(entry->model.name) >= MODEL_NAME_SIZE ||
		seen != invalidations)
	{
		entry->next_dead = dead;
		dead = entry;
		return;
	}

	slot = hash_search(by_table, &entry->model.relid, HASH_ENTER, &found);
	if (!found)
		slot->first = NULL;
	entry->next_of_table = slot->first;
	slot->first = entry;

	name = hash_search(by_name, entry->model.name, HASH_ENTER, &found);
	Assert(!found);
	name->entry = entry;
}

/* Adds a declarer that can go without notice; runs in the entry's context. */
static void
add_package(CacheEntry *entry, const char *declarer)
{
	MemoryContext caller;

	if (declarer[0] == '\0' || ta_ident_list_has(entry->packages, declarer))
		return;
	entry->packages = lappend(entry->packages, pstrdup(declarer));
	if (ta_ident_list_has(known_packages, declarer))
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	known_packages = lappend(known_packages, pstrdup(declarer));
	MemoryContextSwitchTo(caller);
}

/* Whether a package that speaks in the entry was dropped. */
static bool
is_stale(CacheEntry *entry)
{
	ListCell *lc;

	if (entry->packages == NIL || entry->checked == GetCurrentStatementStartTimestamp())
		return false;
	foreach(lc, entry->packages)
	{
		if (!OidIsValid(get_extension_oid(lfirst(lc), true)))
			return true;
	}
	entry->checked = GetCurrentStatementStartTimestamp();
	return false;
}

/* The entry of this name, if it is still good. */
static CacheEntry *
find_entry(const char *name)
{
	NameSlot *slot =
		strlen(name) < MODEL_NAME_SIZE ? hash_search(by_name, name, HASH_FIND, NULL) : NULL;
	CacheEntry *entry = slot != NULL ? slot->entry : NULL;

	if (entry == NULL || !is_stale(entry))
		return entry;
	/* looking may have removed it already, but not freed it */
	relcache_callback((Datum) 0, entry->model.relid);
	return NULL;
}

/*
 * The model of this name, or NULL when none is defined.  Good to read until
 * the end of the transaction; look it up again to see later changes.
 */
const TaModel *
ta_cache_model(const char *name)
{
	List *rows;
	MemoryContext context;
	MemoryContext caller;
	CacheEntry *entry;
	CacheEntry *rival;
	uint64 seen;
	ListCell *lc;

	/* invalidations that are on their way reach us here, not in the middle of reading */
	AcceptInvalidationMessages();

	entry = find_entry(name);
	if (entry != NULL)
		return &entry->model;

	seen = invalidations;
	rows = ta_catalog_models_named(name);
	if (rows == NIL)
		return NULL;

	/* built below the caller's context, so that an error frees it; moved when it is whole */
	context = AllocSetContextCreate(CurrentMemoryContext, "todo_assoc model", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	entry = palloc0(sizeof(CacheEntry));
	entry->context = context;
	entry->model.name = pstrdup(name);
	merge_rows(&entry->model, rows);
	foreach(lc, rows)
		add_package(entry, ((TaModelRow *) lfirst(lc))->declarer);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, CacheMemoryContext);

	config_relid = ta_rel_lookup("assoc_internal", "model");

	/* looking up the table may have processed invalidations that made a rival entry impossible */
	rival = find_entry(name);
	if (rival != NULL)
	{
		MemoryContextDelete(context);
		return &rival->model;
	}
	publish(entry, seen);
	return &entry->model;
}

/* The model's associations (TaDecl), one per declarer that says it; read-only. */
List *
ta_cache_associations(const TaModel *model)
{
	CacheEntry *entry = (CacheEntry *) unconstify(TaModel *, model);
	ListCell *lc;

	if (!entry->model.loaded_associations)
	{
		MemoryContext caller = MemoryContextSwitchTo(entry->context);

		entry->model.associations = ta_catalog_decls_of_model(entry->model.name);
		entry->model.loaded_associations = true;
		foreach(lc, entry->model.associations)
			add_package(entry, ((TaDecl *) lfirst(lc))->declarer);
		MemoryContextSwitchTo(caller);
	}
	return entry->model.associations;
}

/*
 * A number that changes whenever something that a model or its table consists of
 * may have: what was made of them under another one is to be made again.
 */
uint64
ta_cache_generation(void)
{
	ListCell *lc;

	AcceptInvalidationMessages();
	if (packages_checked == GetCurrentStatementStartTimestamp())
		return invalidations;
	foreach(lc, known_packages)
	{
		if (OidIsValid(get_extension_oid(lfirst(lc), true)))
			continue;
		list_free_deep(known_packages);
		known_packages = NIL;
		invalidations++;
		kill_all();
		break;
	}
	packages_checked = GetCurrentStatementStartTimestamp();
	return invalidations;
}

/* Called once per backend, from _PG_init. */
void
ta_cache_init(void)
{
	HASHCTL names = {.keysize = MODEL_NAME_SIZE, .entrysize = sizeof(NameSlot)};
	HASHCTL tables = {.keysize = sizeof(Oid), .entrysize = sizeof(TableSlot)};

	by_name = hash_create("todo_assoc models", 64, &names, HASH_ELEM | HASH_STRINGS);
	by_table = hash_create("todo_assoc tables", 64, &tables, HASH_ELEM | HASH_BLOBS);

	CacheRegisterRelcacheCallback(relcache_callback, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_callback, (Datum) 0);
	RegisterXactCallback(xact_callback, NULL);
}
