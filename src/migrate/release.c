/*
 * src/migrate/release.c
 *		The end of a package that leaves what it made.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/ident.h"
#include "migrate/history.h"
#include "migrate/release.h"
#include "migrate/restore.h"
#include "migrate/run.h"
#include "migrate/script.h"
#include "pg/extension.h"
#include "store/catalog.h"

/* Whether the object is one that a user made, and not what goes with another: row types, array types. */
static bool
is_of_its_own(const ObjectAddress *object)
{
	Oid relid = object->classId == TypeRelationId ? get_typ_typrelid(object->objectId) : InvalidOid;

	return object->classId != TypeRelationId ||
		   (!OidIsValid(get_element_type(object->objectId)) &&
			(!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE));
}

/*
 * Takes every member out of the extension, by what ALTER EXTENSION .. DROP does
 * to any kind of object; the marks for dump go with the extension itself.
 * Returns how many there were.
 */
static int
detach_members(const TaExtension *package)
{
	int count = 0;
	ListCell *lc;

	foreach(lc, ta_ext_members(package->oid))
	{
		ObjectAddress *object = lfirst(lc);

		count += is_of_its_own(object);
		(void) deleteDependencyRecordsForClass(object->classId, object->objectId,
											   ExtensionRelationId, DEPENDENCY_EXTENSION);
		/* else pg_dump would take the privileges it has now for those it was made with */
		removeExtObjInitPriv(object->objectId, object->classId);
	}
	CommandCounterIncrement();
	return count;
}

/* The installed package, locked, that the user may release. */
static TaExtension *
package_to_release(const char *name)
{
	TaExtension *package;

	ta_migrate_lock(name);
	package = ta_ext(get_extension_oid(name, true));
	if (package == NULL || !ta_ext_requires(package->oid, "todo_assoc"))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("package \"%s\" is not installed", name),
				 errhint("SELECT DISTINCT package FROM assoc.migrations WHERE is_current;")));
	if (!ta_ext_owned_by_user(package))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of package \"%s\"", name),
						errhint("Call it as %s.",
								ta_ident_quote(GetUserNameFromId(package->owner, false)))));
	ta_restore_check_not_running(name);
	return package;
}

/*
 * Ends a package and keeps what it made: its members become ordinary objects,
 * what it declared is by hand.  Returns a line that says so.
 */
char *
ta_release_package(const char *name)
{
	TaExtension *package = package_to_release(name);
	TaHistoryRow row = {.package = package->name,
						.action = "release",
						.from_version = package->version};
	int members;
	uint64 declarations;

	ta_catalog_lock();
	ta_history_observe();
	members = detach_members(package);
	declarations = ta_catalog_release(name);
	/* noted before it happens: what is then noticed is no news */
	ta_history_add(&row);
	ta_script_run(psprintf("DROP EXTENSION %s", ta_ident_quote(name)), NULL, NULL);
	return psprintf("%s: released; its %d %s stay, its " UINT64_FORMAT " %s by hand now", name,
					members, members == 1 ? "object" : "objects", declarations,
					declarations == 1 ? "association is" : "associations are");
}
