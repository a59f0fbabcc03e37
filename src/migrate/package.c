/*
 * src/migrate/package.c
 *		A package: an extension that requires todo_assoc, and its scripts.
 *
 * Which packages and versions there are is PostgreSQL's word
 * (pg_available_extension_versions).  A name that is not in it opens no file.
 * Where the scripts are, and which lead from where to where, is found as
 * PostgreSQL finds it: by the control file's folder and the names of files.
 *
 * Nothing is remembered between calls: files change under a running server.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "commands/extension.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/err.h"
#include "base/ident.h"
#include "base/spi.h"
#include "migrate/package.h"
#include "migrate/version.h"
#include "pg/extension.h"

#define EQ " OPERATOR(pg_catalog.=) "

/* A script is read whole; one that is larger than this is none. */
#define MAX_SCRIPT_SIZE (256L * 1024 * 1024)

/* ---- what PostgreSQL says ---- */

/* The names of all packages, installed or to be had, in order. */
List *
ta_package_names(void)
{
	List *names = NIL;

	ta_spi_fixed("SELECT v.name FROM pg_catalog.pg_available_extension_versions v"
				 " WHERE 'todo_assoc'" EQ "ANY (v.requires::pg_catalog.text[])"
				 " UNION SELECT h.extname::pg_catalog.text FROM pg_catalog.pg_extension h"
				 " JOIN pg_catalog.pg_depend d ON d.objid" EQ "h.oid"
				 " JOIN pg_catalog.pg_extension a ON a.oid" EQ "d.refobjid"
				 " WHERE d.classid" EQ "'pg_catalog.pg_extension'::pg_catalog.regclass"
				 " AND d.refclassid" EQ "'pg_catalog.pg_extension'::pg_catalog.regclass"
				 " AND a.extname::pg_catalog.text" EQ "'todo_assoc'"
				 " ORDER BY 1",
				 NIL, TA_AS_CATALOG, ta_spi_keep_text, &names);
	return names;
}

static void
read_version(HeapTuple tuple, TupleDesc desc, void *arg)
{
	TaPackage *package = arg;

	package->versions = lappend(package->versions, ta_spi_text(tuple, desc, 1));
	package->default_version = ta_spi_text(tuple, desc, 2);
}

/* ---- files ---- */

/* The value of a setting in a control file, or NULL. */
static char *
control_setting(const char *path, const char *setting)
{
	ConfigVariable *head = NULL;
	ConfigVariable *tail = NULL;
	char *value = NULL;
	FILE *file = AllocateFile(path, "r");

	if (file == NULL)
		return NULL;
	(void) ParseConfigFp(file, path, 0, ERROR, &head, &tail);
	FreeFile(file);
	for (ConfigVariable *item = head; item != NULL; item = item->next)
	{
		if (strcmp(item->name, setting) == 0)
			value = pstrdup(item->value);
	}
	FreeConfigVariables(head);
	return value;
}

static bool
file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The folders in which control files are looked for, in order. */
static List *
control_folders(void)
{
	char share[MAXPGPATH];
	char *system;
	const char *path = GetConfigOption("extension_control_path", true, false); /* since 18 */
	List *folders = NIL;

	get_share_path(my_exec_path, share);
	system = psprintf("%s/extension", share);
	while (path != NULL && *path != '\0')
	{
		const char *end = strchrnul(path, ':');
		char *item = pnstrdup(path, end - path);

		if (strcmp(item, "$system") == 0)
			folders = lappend(folders, system);
		else if (item[0] != '\0')
			folders = lappend(folders, psprintf("%s/extension", item));
		path = *end == ':' ? end + 1 : end;
	}
	return folders == NIL ? list_make1(system) : folders;
}

/* The folder that has the package's scripts, or NULL; and what else its control file says. */
static char *
script_folder(const char *name, TaPackage *package)
{
	ListCell *lc;

	foreach(lc, control_folders())
	{
		char *folder = lfirst(lc);
		char *control = psprintf("%s/%s.control", folder, name);
		char *directory;

		if (!file_exists(control))
			continue;
		directory = control_setting(control, "directory");
		package->schema = control_setting(control, "schema");
		package->encoding = control_setting(control, "encoding");
		if (directory == NULL)
			return folder;
		if (is_absolute_path(directory))
			return directory;
		/* relative to the folder that "extension" is in */
		get_parent_directory(folder);
		return psprintf("%s/%s", folder, directory);
	}
	return NULL;
}

/* NAME--TO.sql or NAME--FROM--TO.sql as a script; NULL for any other file. */
static TaScript *
parse_file(const char *name, const char *folder, const char *file)
{
	size_t prefix = strlen(name);
	size_t length = strlen(file);
	TaScript *script;
	char *versions;
	char *middle;

	if (length <= prefix + 6 || strncmp(file, name, prefix) != 0 ||
		strncmp(file + prefix, "--", 2) != 0 || strcmp(file + length - 4, ".sql") != 0)
		return NULL;
	versions = pnstrdup(file + prefix + 2, length - prefix - 6);
	script = palloc0(sizeof(TaScript));
	middle = strstr(versions, "--");
	script->to = versions;
	if (middle != NULL)
	{
		*middle = '\0';
		script->from = versions;
		script->to = middle + 2;
		if (strstr(script->to, "--") != NULL)
			return NULL;
	}
	script->file = pstrdup(file);
	script->path = psprintf("%s/%s", folder, file);
	return script;
}

static int
compare_scripts(const ListCell *a, const ListCell *b)
{
	return strcmp(((TaScript *) lfirst(a))->file, ((TaScript *) lfirst(b))->file);
}

static List *
list_scripts(const char *name, TaPackage *package)
{
	char *folder = script_folder(name, package);
	List *scripts = NIL;
	DIR *dir = folder != NULL ? AllocateDir(folder) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = ReadDir(dir, folder)) != NULL)
	{
		TaScript *script = parse_file(name, folder, entry->d_name);

		if (script != NULL)
			scripts = lappend(scripts, script);
	}
	if (dir != NULL)
		FreeDir(dir);
	list_sort(scripts, compare_scripts);
	return scripts;
}

/* ---- packages ---- */

/*
 * The package of this name as it is now, or NULL when there is none.  One that
 * is installed and whose files are gone has no versions and no scripts.
 */
TaPackage *
ta_package_find(const char *name)
{
	TaPackage *package = palloc0(sizeof(TaPackage));
	TaExtension *extension = ta_ext(get_extension_oid(name, true));

	package->name = pstrdup(name);
	if (extension != NULL && ta_ext_requires(extension->oid, "todo_assoc"))
		package->installed = extension->version;
	ta_spi_fixed("SELECT v.version, e.default_version"
				 " FROM pg_catalog.pg_available_extension_versions v"
				 " JOIN pg_catalog.pg_available_extensions e ON e.name" EQ "v.name"
				 " WHERE v.name" EQ "$1::pg_catalog.name"
				 " AND 'todo_assoc'" EQ "ANY (v.requires::pg_catalog.text[])",
				 list_make1((char *) name), TA_AS_CATALOG, read_version, package);
	if (package->installed == NULL && package->versions == NIL)
		return NULL;
	list_sort(package->versions, ta_version_compare_cells);
	/* PostgreSQL knows the name: now its files may be opened */
	if (package->versions != NIL)
		package->scripts = list_scripts(name, package);
	return package;
}

/* The same; raises when there is no such package. */
TaPackage *
ta_package(const char *name)
{
	TaPackage *package = ta_package_find(name);
	List *names;
	const char *near;

	if (package != NULL)
		return package;
	names = ta_package_names();
	near = ta_err_nearest(name, names);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("package \"%s\" does not exist", name),
			 names == NIL ? errdetail("There is no package: no extension that requires todo_assoc.")
						  : errdetail("Packages are %s.", ta_err_list(names, 20)),
			 near != NULL ? errhint("Did you mean \"%s\"?", near)
						  : errhint("script/new-package makes one; \"make install\" in its folder "
									"puts it where the server finds it.")));
	return NULL;
}

/* The version as the package knows it; raises when it does not. */
const char *
ta_package_version(const TaPackage *package, const char *version)
{
	if (!ta_ident_list_has(package->versions, version))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("package \"%s\" has no version \"%s\"", package->name, version),
						package->versions == NIL
							? errdetail("Its files are gone.")
							: errdetail("Its versions are %s.", ta_err_list(package->versions, 20)),
						errhint("SELECT * FROM assoc.migrations WHERE package = %s;",
								quote_literal_cstr(package->name))));
	if (!ta_version_is_numeric(version))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("version \"%s\" of package \"%s\" has no place in an order", version,
					package->name),
			 errdetail("Up and down are told by dotted numbers, such as 1.2."),
			 errhint("ALTER EXTENSION %s UPDATE TO %s; goes there without asking for the order.",
					 ta_ident_quote(package->name), quote_literal_cstr(version))));
	return version;
}

/* The script that leads in one step from one version to another (from NULL: that makes it), or NULL. */
TaScript *
ta_package_script(const TaPackage *package, const char *from, const char *to)
{
	ListCell *lc;

	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);

		if (ta_ident_same(script->from, from) && strcmp(script->to, to) == 0)
			return script;
	}
	return NULL;
}

/* ---- routes ---- */

/*
 * The scripts (TaScript) that lead from one version to the other without ever
 * turning back: up only, or down only.  Of several ways the one that stops at
 * most versions, so that each is a step of its own.  NIL: there is none.
 */
List *
ta_package_route(const TaPackage *package, const char *from, const char *to)
{
	int direction = ta_version_compare(to, from) > 0 ? 1 : -1;
	List *best = NIL;
	ListCell *lc;
	List *places = list_make1((char *) from);
	List *routes = list_make1(NIL);

	/* the versions between the two, in the order of travel; each gets the longest way to it */
	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);

		if (script->from != NULL && ta_version_is_numeric(script->to) &&
			ta_version_compare(script->to, from) * direction > 0 &&
			ta_version_compare(script->to, to) * direction <= 0 &&
			!ta_ident_list_has(places, script->to))
			places = lappend(places, script->to);
	}
	list_sort(places, ta_version_compare_cells);
	for (int i = 1; i < list_length(places); i++)
	{
		const char *place = list_nth(places, direction > 0 ? i : list_length(places) - 1 - i);

		best = NIL;
		for (int before = 0; before < i; before++)
		{
			const char *at =
				list_nth(places, direction > 0 ? before : list_length(places) - 1 - before);
			List *route = list_nth(routes, before);
			TaScript *script = ta_package_script(package, at, place);

			if (script == NULL || (route == NIL && before > 0) ||
				list_length(route) + 1 <= list_length(best))
				continue;
			best = lappend(list_copy(route), script);
		}
		routes = lappend(routes, best);
	}
	/* the target is the last of the places, if it is one */
	return list_length(places) > 1 &&
				   strcmp(list_nth(places, direction > 0 ? list_length(places) - 1 : 0), to) == 0
			   ? best
			   : NIL;
}

/*
 * The scripts that a plain CREATE EXTENSION (from NULL) or ALTER EXTENSION ran:
 * PostgreSQL takes the fewest, up or down; to make a package it starts at the
 * version that needs fewest more.  NIL where it can't be told.
 */
List *
ta_package_path(const TaPackage *package, const char *from, const char *to)
{
	List *front = NIL; /* of List of TaScript */
	List *seen = NIL;
	ListCell *lc;

	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);

		/* the later in the alphabet wins, as with PostgreSQL: found first */
		if (ta_ident_same(script->from, from))
			front = lcons(list_make1(script), front);
	}
	while (front != NIL)
	{
		List *next = NIL;

		foreach(lc, front)
		{
			List *path = lfirst(lc);
			const char *at = ((TaScript *) llast(path))->to;
			ListCell *ls;

			if (strcmp(at, to) == 0)
				return path;
			if (ta_ident_list_has(seen, at))
				continue;
			seen = lappend(seen, (char *) at);
			foreach(ls, package->scripts)
			{
				TaScript *script = lfirst(ls);

				if (script->from != NULL && strcmp(script->from, at) == 0)
					next = lappend(next, lappend(list_copy(path), script));
			}
		}
		front = next;
	}
	return NIL;
}

/* ---- contents ---- */

/* The script's text as it is on disk, or NULL when it can't be read. */
char *
ta_script_read(const TaScript *script)
{
	struct stat st;
	FILE *file;
	char *text;
	size_t size;

	if (stat(script->path, &st) != 0 || st.st_size > MAX_SCRIPT_SIZE)
		return NULL;
	file = AllocateFile(script->path, PG_BINARY_R);
	if (file == NULL)
		return NULL;
	text = palloc(st.st_size + 1);
	size = fread(text, 1, st.st_size, file);
	text[size] = '\0';
	FreeFile(file);
	return text;
}

/* Its SHA-256 in hexadecimal, or NULL. */
char *
ta_script_sha256(const TaScript *script)
{
	char *text = ta_script_read(script);
	uint8 sum[PG_SHA256_DIGEST_LENGTH];
	char *hex = palloc(2 * sizeof(sum) + 1);
	pg_cryptohash_ctx *context;

	if (text == NULL)
		return NULL;
	context = pg_cryptohash_create(PG_SHA256);
	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) text, strlen(text)) < 0 ||
		pg_cryptohash_final(context, sum, sizeof(sum)) < 0)
		elog(ERROR, "could not compute SHA-256 of \"%s\": %s", script->file,
			 pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	for (int i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return hex;
}
