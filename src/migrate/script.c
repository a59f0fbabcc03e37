/*
 * src/migrate/script.c
 *		Running one script, and saying where it failed.
 *
 * Since version 18 PostgreSQL itself names the script, the line and the
 * statement of an error in an extension's script; before, it gives none of
 * them.  So there an error context callback says the same, in the same words.
 * Which statement runs is told by the parse analysis hook, which sees the
 * script as one text and each statement's place in it.
 *
 * Lives in static variables for the time of one ALTER or CREATE EXTENSION that
 * we run; they do not nest.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/ident.h"
#include "pg/extension.h"
#include "migrate/mark.h"
#include "migrate/script.h"

#if TA_SCRIPT_CONTEXT

/* The script that runs; NULL: none of ours. */
typedef struct Running
{
	const char *package;
	const char *file;
	const char *text; /* as PostgreSQL executes it: first as we read it, then its own copy */
	bool seen; /* the latter */
	int location; /* of the statement in the text; -1: none was analyzed yet */
	int length; /* 0: up to the end */
} Running;

static Running *running = NULL;

#endif

static post_parse_analyze_hook_type next_hook = NULL;

#if TA_SCRIPT_CONTEXT

/* The statement is the script's next, if its text is the script's. */
static void
note_statement(const ParseState *pstate, const Query *query)
{
	if (!running->seen)
	{
		/* the first that is analyzed while the script runs is the script's first */
		if (!creating_extension ||
			!ta_ident_same(get_extension_name(CurrentExtensionObject), running->package))
			return;
		running->text = pstate->p_sourcetext;
		running->seen = true;
	}
	/* statements of functions that it calls have texts of their own */
	if (pstate->p_sourcetext != running->text)
		return;
	running->location = query->stmt_location;
	running->length = query->stmt_len;
}

#endif

/* Called for each statement that is analyzed, in this session, whosever it is. */
static void
after_analysis(ParseState *pstate, Query *query, TaJumbleState *jumble)
{
	if (next_hook != NULL)
		next_hook(pstate, query, jumble);
#if TA_SCRIPT_CONTEXT
	if (running != NULL)
		note_statement(pstate, query);
#endif
	/* ROLLBACK must not fail, and COMMIT looks by itself */
	if (query->commandType != CMD_UTILITY || !IsA(query->utilityStmt, TransactionStmt))
		ta_mark_after_script();
}

/* Called once per backend, from _PG_init. */
void
ta_script_init(void)
{
	next_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = after_analysis;
}

#if TA_SCRIPT_CONTEXT

/* ---- the text as PostgreSQL executes it ---- */

/* Lines that begin with \echo are for psql; what is left of them is empty. */
static char *
without_echo(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	while (*text != '\0')
	{
		const char *end = strchrnul(text, '\n');

		if (strncmp(text, "\\echo", 5) != 0)
			appendBinaryStringInfo(&out, text, end - text);
		if (*end == '\n')
			appendStringInfoChar(&out, *end++);
		text = end;
	}
	return out.data;
}

static char *
replace(char *script, const char *placeholder, const char *value)
{
	Datum replaced =
		DirectFunctionCall3Coll(replace_text, C_COLLATION_OID, CStringGetTextDatum(script),
								CStringGetTextDatum(placeholder), CStringGetTextDatum(value));

	return TextDatumGetCString(replaced);
}

/*
 * The script as PostgreSQL will hand it to the parser, or NULL.  Only for an
 * error before its first statement is analyzed: then its own copy is known.
 */
static char *
executed_text(const TaPackage *package, const TaScript *script)
{
	char *text = ta_script_read(script);
	TaExtension *extension = ta_ext(get_extension_oid(package->name, true));
	const char *schema = extension != NULL ? extension->schema : package->schema;
	Oid owner = extension != NULL ? extension->owner : GetUserId();

	if (text == NULL)
		return NULL;
	/* in the encoding that the control file says, or the database's */
	text = pg_any_to_server(text, strlen(text),
							package->encoding != NULL ? pg_char_to_encoding(package->encoding)
													  : GetDatabaseEncoding());
	text = without_echo(text);
	text = replace(text, "@extowner@", ta_ident_quote(GetUserNameFromId(owner, false)));
	if (schema != NULL)
		text = replace(text, "@extschema@", ta_ident_quote(schema));
	return text;
}

/* ---- the context ---- */

/*
 * The bounds of the statement around a syntax error that was met before any
 * statement was analyzed: between two semicolons at line ends, as in 18.
 */
static void
find_bounds(const Running *run, int position, int *location, int *length)
{
	const char *text = run->text;

	*location = 0;
	*length = 0;
	for (const char *c = text; *c != '\0'; c++)
	{
		int next = c + 2 - text;

		if (c[0] != ';' || c[1] != '\n')
			continue;
		if (next < position)
			*location = next;
		else if (next > position)
		{
			*length = next - *location;
			return;
		}
	}
}

/* Leaves out the blanks around a statement. */
static void
trim(const char *text, int *location, int *length)
{
	if (*length == 0)
		*length = strlen(text + *location);
	while (*length > 0 && scanner_isspace(text[*location]))
		(*location)++, (*length)--;
	while (*length > 0 && scanner_isspace(text[*location + *length - 1]))
		(*length)--;
}

/* Says where in the script the error is. */
static void
script_context(void *arg)
{
	Running *run = arg;
	int location = run->location;
	int length = run->length;
	int position = geterrposition();
	int line = 1;

	/* an error after the script is not in it */
	if (run->seen && !OidIsValid(CurrentExtensionObject))
		return;
	if (position > 0)
	{
		if (location < 0 || position < location || (length > 0 && position > location + length))
			find_bounds(run, position, &location, &length);
		trim(run->text, &location, &length);
		errposition(0);
		internalerrposition(Min(Max(position - location, 0), length));
		internalerrquery(pnstrdup(run->text + location, length));
	}
	else if (location >= 0)
	{
		trim(run->text, &location, &length);
		errcontext("SQL statement \"%.*s\"", length, run->text + location);
	}
	if (location < 0)
	{
		errcontext("extension script file \"%s\"", run->file);
		return;
	}
	for (int i = 0; i < location; i++)
		line += run->text[i] == '\n';
	errcontext("extension script file \"%s\", near line %d", run->file, line);
}

#endif

/*
 * One utility statement, executed as SPI would.  Not by SPI itself: the error
 * position within a script would be taken for one within the ALTER EXTENSION.
 */
static void
execute(const char *sql)
{
	RawStmt *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
	PlannedStmt *statement = makeNode(PlannedStmt);

	statement->commandType = CMD_UTILITY;
	statement->utilityStmt = raw->stmt;
	statement->stmt_location = raw->stmt_location;
	statement->stmt_len = raw->stmt_len;
	PushActiveSnapshot(GetTransactionSnapshot());
	ProcessUtility(statement, sql, false, PROCESS_UTILITY_QUERY, NULL, NULL, None_Receiver, NULL);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/*
 * Runs CREATE, ALTER or DROP EXTENSION, which executes exactly this script
 * (NULL: none).  An error has a context with the script's name, the line and
 * the statement.
 */
void
ta_script_run(const char *sql, const TaPackage *package, const TaScript *script)
{
#if TA_SCRIPT_CONTEXT
	ErrorContextCallback callback;
	Running run = {.location = -1};
	Running *outer = running;

	run.text = script != NULL ? executed_text(package, script) : NULL;
	if (run.text == NULL)
	{
		execute(sql);
		return;
	}
	run.package = package->name;
	run.file = script->file;
	callback.callback = script_context;
	callback.arg = &run;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	running = &run;
	PG_TRY();
	{
		execute(sql);
	}
	PG_FINALLY();
	{
		running = outer;
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
#else
	execute(sql);
#endif
}
