/*
 * src/schema/run.c
 *		The one way our DDL is run.
 *
 * What is created while an extension's script runs becomes that extension's.
 * Our objects belong to their declarer, so while one runs whose declarer is
 * not the running extension, creating_extension is switched off.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/resowner.h"

#include "base/spi.h"
#include "schema/run.h"
#include "store/catalog.h"

static int own_ddl = 0;

/* True while a statement of ours runs. */
bool
ta_ddl_is_ours(void)
{
	return own_ddl > 0;
}

/* Runs one DDL statement as the caller, for an object of the declarer's. */
void
ta_run_ddl(const char *sql, const char *declarer)
{
	bool saved = creating_extension;

	if (saved && strcmp(ta_declarer(), declarer) != 0)
		creating_extension = false;
	own_ddl++;
	PG_TRY();
	{
		ta_spi_utility(sql);
	}
	PG_FINALLY();
	{
		own_ddl--;
		creating_extension = saved;
	}
	PG_END_TRY();
	CommandCounterIncrement();
}

/*
 * The same as another role: the owner of the table beside which the object is
 * made, so that the object is the table owner's.
 */
void
ta_run_ddl_as(const char *sql, const char *declarer, Oid role)
{
	Oid saved_user;
	int saved_context;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	if (role == saved_user)
	{
		ta_run_ddl(sql, declarer);
		return;
	}
	/* what the owner's code could do in the session of who called is restricted, as in REINDEX */
	SetUserIdAndSecContext(role, saved_context | SECURITY_LOCAL_USERID_CHANGE |
									 SECURITY_RESTRICTED_OPERATION);
	ta_run_ddl(sql, declarer);
	/* an error restores the identity at (sub)transaction abort */
	SetUserIdAndSecContext(saved_user, saved_context);
}

/*
 * Calls the function in a subtransaction: what fails is undone alone, and
 * returned; NULL when it was done.
 */
ErrorData *
ta_run_try(void (*action)(void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

typedef struct Statement
{
	const char *sql;
	const char *declarer;
	Oid role;
} Statement;

static void
run_statement(void *arg)
{
	const Statement *statement = arg;

	ta_run_ddl_as(statement->sql, statement->declarer, statement->role);
}

/* One DDL statement so. */
ErrorData *
ta_run_ddl_try(const char *sql, const char *declarer, Oid role)
{
	Statement statement = {.sql = sql, .declarer = declarer, .role = role};

	return ta_run_try(run_statement, &statement);
}

/*
 * The result of a query that counts, run as the role, by names of pg_catalog
 * alone.  For text that is not ours and may call functions of the role's: the
 * filter by which a package's rows are dumped.
 */
int64
ta_run_count_as(const char *sql, Oid role)
{
	Oid saved_user;
	int saved_context;
	int nest = NewGUCNestLevel();
	int64 count;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	SetUserIdAndSecContext(role, saved_context | SECURITY_LOCAL_USERID_CHANGE |
									 SECURITY_RESTRICTED_OPERATION);
	count = ta_spi_count(sql);
	/* an error restores both at (sub)transaction abort */
	SetUserIdAndSecContext(saved_user, saved_context);
	AtEOXact_GUC(true, nest);
	return count;
}
