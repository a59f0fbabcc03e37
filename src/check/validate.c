/*
 * src/check/validate.c
 *		What is wrong between declarations, schema and packages.
 *
 * Changes nothing and raises nothing but for an unknown name.  A finding is one
 * fact with one remedy.  Its code never changes its meaning.  Here is what
 * declarations and packages lack; what is wrong with the schema they describe
 * is checked by the files beside this one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/err.h"
#include "base/ident.h"
#include "check/data.h"
#include "check/finding.h"
#include "check/ignore.h"
#include "check/subject.h"
#include "check/validate.h"
#include "migrate/history.h"
#include "migrate/package.h"
#include "migrate/restore.h"
#include "migrate/status.h"
#include "migrate/version.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "schema/apply.h"
#include "schema/plan.h"
#include "store/cache.h"

/* ---- findings ---- */

/* SELECT * FROM assoc.name('argument'); */
static char *
call(const char *function, const char *argument)
{
	return psprintf("SELECT * FROM assoc.%s(%s);", function, quote_literal_cstr(argument));
}

/* ---- associations ---- */

/* Steps of the plan that have not been done, and what no step mends. */
static void
check_plan(List **findings, List *references, bool everything, List **states)
{
	List *steps = ta_plan_steps(references, false, states);
	ListCell *lc;

	if (everything)
		steps = ta_plan_undeclared(steps, NULL);
	foreach(lc, steps)
	{
		TaStep *step = lfirst(lc);
		Oid relid = ta_step_relation(step);
		Oid owner = OidIsValid(relid) ? ta_ext_of_relation(relid) : InvalidOid;
		TaFinding *finding;
		bool broken;

		if (step->kind == TA_STEP_PROBLEM)
		{
			finding = ta_finding_add(findings, TA_ERROR, "declaration_unfit", step->reason, NULL);
			finding->association = step->association;
			continue;
		}
		/* what is not there lets rows in */
		broken = step->kind == TA_STEP_ENFORCE && step->state->faults != NIL;
		finding = ta_finding_add(
			findings, broken ? TA_ERROR : TA_WARNING, broken ? "trigger_missing" : "step_pending",
			step->reason,
			OidIsValid(owner) && !ta_step_validates_only(step)
				? psprintf("SELECT filename, script FROM assoc.generate_migration(%s);",
						   quote_literal_cstr(get_extension_name(owner)))
				: psprintf("%s;", step->sql));
		finding->association = step->association;
		finding->detail = psprintf("lock: %s on %s%s", step->lock, step->on_table,
								   step->rewrites ? "; rewrites it"
								   : step->scans  ? "; scans it"
												  : "");
	}
}

/* Models without a table, and rows that a restore set aside. */
static void
check_models(List **findings)
{
	ListCell *lc;

	foreach(lc, ta_catalog_model_names())
	{
		const TaModel *model = ta_cache_model(lfirst(lc));

		if (model == NULL || OidIsValid(model->relid) ||
			ta_ident_list_has(model->inferred, "new_table"))
			continue;
		ta_finding_add(findings, TA_ERROR, "model_missing",
					   psprintf("model \"%s\" stands for table %s, which does not exist",
								model->name, ta_ident_qualify(model->schema, model->table)),
					   psprintf("SELECT assoc.drop_model(%s, cascade => true);",
								quote_literal_cstr(model->name)));
	}
	foreach(lc, ta_catalog_conflicts())
		ta_finding_add(
			findings, TA_ERROR, "conflict",
			psprintf("a row about \"%s\" was set aside, for it differs from the one present",
					 (char *) lfirst(lc)),
			psprintf("DELETE FROM assoc_internal.conflict WHERE name = %s;",
					 quote_literal_cstr(lfirst(lc))));
}

/* ---- packages ---- */

static void
check_versions(List **findings, const TaPackage *package)
{
	TaHistoryRow *last = ta_history_last(package->name);
	ListCell *lc;

	foreach(lc, ta_migration_statuses(package))
	{
		TaVersionStatus *status = lfirst(lc);

		if (strcmp(status->state, "missing") == 0)
			ta_finding_add(findings, TA_ERROR, "version_missing",
						   psprintf("package \"%s\" is at version %s, of which there are no files",
									package->name, status->version),
						   NULL)
				->detail = pstrdup("It can't be restored or undone: install its files again.");
		else if (status->changed != NULL && strcmp(status->changed, "true") == 0)
			ta_finding_add(findings, TA_WARNING, "script_changed",
						   psprintf("%s is not the script that was run", status->applied->script),
						   NULL)
				->detail = psprintf("It ran %s with SHA-256 %s. A restore runs it as it is now.",
									status->applied->applied_at, status->applied->sha256);
		else if (status->is_current && !status->has_down)
			ta_finding_add(findings, TA_INFO, "down_missing",
						   psprintf("package \"%s\" has no script that leads down from version %s",
									package->name, status->version),
						   NULL);
	}
	if (package->default_version != NULL &&
		strcmp(package->default_version, package->installed) != 0)
		ta_finding_add(findings, TA_WARNING, "version_not_default",
					   psprintf("package \"%s\" is at version %s; a restore would install %s",
								package->name, package->installed, package->default_version),
					   ta_version_compare(package->default_version, package->installed) > 0
						   ? call("migrate", package->name)
						   : pstrdup("SELECT * FROM assoc.restore_preamble();"));
	if (last == NULL || !ta_ident_same(last->to_version, package->installed))
		ta_finding_add(findings, TA_ERROR, "history_differs",
					   psprintf("package \"%s\" is at version %s, but its history ends at %s",
								package->name, package->installed,
								last != NULL && last->to_version != NULL ? last->to_version
																		 : "nothing"),
					   call("migrate", package->name));
}

/* Rows that a dump would leave out. */
static void
check_marks(List **findings, const TaPackage *package)
{
	Oid extension = get_extension_oid(package->name, false);
	ListCell *lc;

	foreach(lc, ta_ext_members(extension))
	{
		ObjectAddress *object = lfirst(lc);
		char *condition;
		char kind;

		if (object->classId != RelationRelationId)
			continue;
		kind = get_rel_relkind(object->objectId);
		if ((kind != RELKIND_RELATION && kind != RELKIND_SEQUENCE) ||
			ta_ext_dump_mark(extension, object->objectId, &condition))
			continue;
		ta_finding_add(findings, kind == RELKIND_RELATION ? TA_ERROR : TA_WARNING,
					   kind == RELKIND_RELATION ? "table_not_dumped" : "sequence_not_dumped",
					   psprintf("the %s of %s is not part of a dump",
								kind == RELKIND_RELATION ? "content" : "value",
								ta_rel_shown(object->objectId)),
					   NULL)
			->detail =
			psprintf("In the next version of package \"%s\": SELECT "
					 "pg_catalog.pg_extension_config_dump(%s, '');",
					 package->name, quote_literal_cstr(ta_rel_qualified(object->objectId)));
	}
}

/* pg_upgrade makes every extension the superuser's, and leaves tables to their owners. */
static void
check_owner(List **findings, const TaPackage *package)
{
	TaExtension *extension = ta_ext(get_extension_oid(package->name, false));
	ListCell *lc;

	foreach(lc, ta_ext_member_tables(extension->oid))
	{
		Oid owner = ta_rel_owner(lfirst_oid(lc));

		if (owner == extension->owner)
			continue;
		ta_finding_add(findings, TA_INFO, "owner_differs",
					   psprintf("package \"%s\" belongs to %s, its table %s to %s", package->name,
								ta_ident_quote(GetUserNameFromId(extension->owner, false)),
								ta_rel_shown(lfirst_oid(lc)),
								ta_ident_quote(GetUserNameFromId(owner, false))),
					   NULL)
			->detail =
			pstrdup("Only the owner of a package migrates it. After pg_upgrade that is the "
					"superuser who ran it.");
		return;
	}
}

/* Everything about one installed package. */
static void
check_package(List **findings, const TaPackage *package)
{
	int before = list_length(*findings);

	if (ta_ident_list_has(ta_restore_running(), package->name))
		ta_finding_add(findings, TA_ERROR, "restore_not_ended",
					   psprintf("assoc.pre_restore() lifted foreign keys of package \"%s\"",
								package->name),
					   pstrdup("SELECT * FROM assoc.post_restore();"));
	check_versions(findings, package);
	check_marks(findings, package);
	check_owner(findings, package);
	for (int i = before; i < list_length(*findings); i++)
		((TaFinding *) list_nth(*findings, i))->package = package->name;
}

/* Without our event triggers nothing is followed, marked or noticed. */
static void
check_watch(List **findings)
{
	static const char *const triggers[] = {"todo_assoc_start", "todo_assoc_drop", "todo_assoc_end"};

	for (int i = 0; i < lengthof(triggers); i++)
	{
		HeapTuple tuple = SearchSysCache1(EVENTTRIGGERNAME, CStringGetDatum(triggers[i]));
		char enabled = TRIGGER_DISABLED;
		bool there = HeapTupleIsValid(tuple);

		if (there)
		{
			enabled = ((Form_pg_event_trigger) GETSTRUCT(tuple))->evtenabled;
			ReleaseSysCache(tuple);
		}
		if (enabled == TRIGGER_DISABLED)
			ta_finding_add(findings, TA_WARNING, "watch_disabled",
						   psprintf("event trigger %s is %s", triggers[i],
									there ? "disabled" : "gone"),
						   there
							   ? psprintf("ALTER EVENT TRIGGER %s ENABLE;", triggers[i])
							   : pstrdup(
									 "ALTER EXTENSION todo_assoc UPDATE TO '1.0'; ALTER EXTENSION "
									 "todo_assoc UPDATE;"));
	}
}

/* What 1.1 knows: the plan, and unless associations are named, models and packages. */
static List *
check_declared(const char *associations, List *references, List **states)
{
	List *findings = NIL;
	ListCell *lc;

	check_plan(&findings, references, associations == NULL, states);
	if (associations != NULL)
		return findings;
	check_models(&findings);
	check_watch(&findings);
	foreach(lc, ta_ext_requiring("todo_assoc"))
	{
		TaPackage *package = ta_package_find(((TaExtension *) lfirst(lc))->name);

		if (package != NULL)
			check_package(&findings, package);
	}
	return findings;
}

/*
 * The findings (TaFinding) that 1.1 has, the worst first: whether declarations
 * are carried out.  associations: only of these (as plan takes them); NULL: of
 * everything.
 */
List *
ta_validate_declared(const char *associations)
{
	List *findings = check_declared(associations, ta_plan_selected(associations), NULL);

	return ta_finding_sort(findings);
}

/*
 * All findings that are not ignored, the worst first.  data: those that take
 * reading rows as well.
 */
List *
ta_validate_all(const char *associations, bool data)
{
	TaSubject subject = {.everything = associations == NULL};

	subject.references = ta_plan_selected(associations);
	subject.findings = check_declared(associations, subject.references, &subject.states);
	ta_subject_split(&subject);
	ta_check_keys(&subject);
	ta_check_types(&subject);
	ta_check_indexes(&subject);
	ta_check_graph(&subject);
	ta_check_rights(&subject);
	ta_check_triggers(&subject);
	if (data)
		ta_check_data(&subject.findings, associations);
	return ta_finding_sort(ta_ignore_filter(subject.findings));
}
