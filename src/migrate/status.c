/*
 * src/migrate/status.c
 *		How each version of each package stands: the files there are, set
 *		against the version that is installed and the history.
 */
#include "postgres.h"

#include "base/ident.h"
#include "migrate/status.h"
#include "migrate/version.h"

/* The row of the history that last took the package up to the version, or NULL. */
static const TaHistoryRow *
applied_row(List *history, const char *version)
{
	ListCell *lc;

	foreach(lc, history)
	{
		const TaHistoryRow *row = lfirst(lc);

		if (row->to_version == NULL || strcmp(row->to_version, version) != 0)
			continue;
		if (row->from_version == NULL || ta_version_compare(row->from_version, version) < 0)
			return row;
	}
	return NULL;
}

/* Whether the script that ran is another now; NULL when one of the two is not known. */
static const char *
is_changed(const TaPackage *package, const TaHistoryRow *row)
{
	TaScript *script;
	char *sha256;

	if (row == NULL || row->sha256 == NULL)
		return NULL;
	script = ta_package_script(package, row->from_version, row->to_version);
	sha256 = script != NULL ? ta_script_sha256(script) : NULL;
	return sha256 == NULL ? NULL : strcmp(sha256, row->sha256) == 0 ? "false" : "true";
}

/* The first version is undone by DROP EXTENSION, each other by a script that leads below it. */
static bool
has_down(const TaPackage *package, const char *version)
{
	bool first = true;
	ListCell *lc;

	foreach(lc, package->versions)
		first = first && ta_version_compare(lfirst(lc), version) >= 0;
	foreach(lc, package->scripts)
	{
		TaScript *script = lfirst(lc);

		if (script->from != NULL && strcmp(script->from, version) == 0 &&
			ta_version_compare(script->to, version) < 0)
			return true;
	}
	return first;
}

static TaVersionStatus *
status_of(const TaPackage *package, List *history, char *version)
{
	TaVersionStatus *status = palloc0(sizeof(TaVersionStatus));
	bool available = ta_ident_list_has(package->versions, version);
	bool up =
		package->installed != NULL &&
		(strcmp(version, package->installed) == 0 ||
		 (ta_version_is_numeric(version) && ta_version_compare(version, package->installed) < 0));

	status->package = package;
	status->version = version;
	status->state = !available ? "missing" : up ? "up" : "down";
	status->is_current = package->installed != NULL && strcmp(version, package->installed) == 0;
	status->has_down = available && has_down(package, version);
	status->applied = up ? applied_row(history, version) : NULL;
	status->changed = up ? is_changed(package, status->applied) : NULL;
	return status;
}

/*
 * The package's versions (TaVersionStatus), in order: those that can be had,
 * and the one that is installed though its files are gone.
 */
List *
ta_migration_statuses(const TaPackage *package)
{
	List *history = ta_history_of(package->name);
	List *versions = list_copy(package->versions);
	List *statuses = NIL;
	ListCell *lc;

	if (package->installed != NULL && !ta_ident_list_has(versions, package->installed))
		versions = lappend(versions, package->installed);
	list_sort(versions, ta_version_compare_cells);
	foreach(lc, versions)
		statuses = lappend(statuses, status_of(package, history, lfirst(lc)));
	return statuses;
}
