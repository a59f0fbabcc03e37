/*
 * src/schema/accessor.c
 *		The SQL function that each association gets beside its table.
 *
 * todos("Users") RETURNS SETOF "Todos": LANGUAGE sql, STABLE, a string body
 * with every name qualified, so that the planner inlines it, and API servers
 * see a computed relationship.  A BEGIN ATOMIC body would forbid ADD COLUMN ..
 * DEFAULT on the table of its argument (since 15.20).  PARALLEL SAFE, for the
 * label is looked at before the function is inlined.
 *
 * A polymorphic belongs_to has one for each target, commentable_post(c): rows of
 * several tables have no common type.  So what is done to its accessor is done
 * to those of its facets (see model/target).
 *
 * It belongs to the table's owner and DEPENDS ON EXTENSION todo_assoc, which
 * is also how we know our own: a function that is not both is never touched.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/comment.h"
#include "commands/extension.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/ident.h"
#include "model/option.h"
#include "model/path.h"
#include "model/target.h"
#include "pg/extension.h"
#include "pg/facts.h"
#include "pg/keymatch.h"
#include "schema/accessor.h"
#include "schema/run.h"

/* ---- finding ---- */

/* schema.alias(schema.table) */
static char *
signature(Oid relid, const char *alias)
{
	return psprintf("%s(%s)", ta_ident_qualify(ta_rel_schema(relid), alias),
					ta_rel_qualified(relid));
}

/* The function of this name in the schema that takes a row of the table, or InvalidOid. */
static Oid
find_function_in(Oid schema, Oid relid, const char *alias)
{
	Oid rowtype = get_rel_type_id(relid);

	/* exactly this signature: a look-up by name would walk the accessors of all tables */
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(alias),
						   PointerGetDatum(buildoidvector(&rowtype, 1)), ObjectIdGetDatum(schema));
}

/* The same beside the table, where the accessor is. */
static Oid
find_function(Oid relid, const char *alias)
{
	return find_function_in(ta_rel_namespace(relid), relid, alias);
}

/* Whether the function carries our mark. */
static bool
is_marked(Oid function)
{
	return list_member_oid(getAutoExtensionsOfObject(ProcedureRelationId, function),
						   get_extension_oid("todo_assoc", true));
}

/*
 * Whether the function is the table owner's and carries our mark: the mark
 * alone anybody can put on a function of theirs, to be taken for the accessor.
 */
static bool
is_ours(Oid function, Oid relid)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner == ta_rel_owner(relid) && is_marked(function);
}

/* ---- the body ---- */

/*
 * Towards the parents, by an index of their key; towards the children, by one of
 * the array:
 *
 * t.id OPERATOR(pg_catalog.=) ANY (($1)."tagIds")
 * t."tagIds" OPERATOR(pg_catalog.@>) ARRAY[($1).id::integer]
 */
static char *
element_condition(const TaHop *hop, const TaModel *child, const TaModel *parent,
				  const char *child_prefix, const char *parent_prefix)
{
	const char *name = linitial(hop->link.columns);
	TaColumn *key = ta_rel_column(parent->relid, linitial(hop->link.key));
	TaColumn *column = OidIsValid(child->relid) ? ta_rel_column(child->relid, name) : NULL;
	char *key_sql = psprintf("%s%s", parent_prefix, ta_ident_quote(linitial(hop->link.key)));
	char *column_sql = psprintf("%s%s", child_prefix, ta_ident_quote(name));

	/* the type is another one by now: status and plan tell */
	if (key == NULL || (column != NULL && !ta_is_array_of_keys(column->type, key->type)))
		return NULL;
	return hop->to_parent ? ta_element_in_sql(key_sql, key, column_sql, column)
						  : ta_element_holds_sql(column_sql, column, key_sql, key);
}

/* p.id OPERATOR(pg_catalog.=) c."userId": key on the left, as the operator wants it */
static char *
hop_condition(const TaHop *hop, const char *from, const char *to)
{
	const TaModel *child = ta_cache_model(hop->link.child);
	const TaModel *parent = ta_cache_model(hop->link.parent);
	const char *child_prefix = hop->to_parent ? from : to;
	const char *parent_prefix = hop->to_parent ? to : from;
	List *tests = NIL;
	ListCell *lc;
	ListCell *lk;

	if (hop->element)
		return element_condition(hop, child, parent, child_prefix, parent_prefix);
	forboth(lc, hop->link.columns, lk, hop->link.key)
	{
		TaColumn *key = ta_rel_column(parent->relid, lfirst(lk));
		TaColumn *column =
			OidIsValid(child->relid) ? ta_rel_column(child->relid, lfirst(lc)) : NULL;

		if (key == NULL)
			return NULL;
		tests =
			lappend(tests,
					ta_key_test_sql(psprintf("%s%s", parent_prefix, ta_ident_quote(lfirst(lk))),
									key, psprintf("%s%s", child_prefix, ta_ident_quote(lfirst(lc))),
									column));
	}
	if (hop->link.type_column != NULL)
		tests =
			lappend(tests, ta_type_test_sql(child_prefix, hop->link.type_column,
											OidIsValid(child->relid)
												? ta_rel_column(child->relid, hop->link.type_column)
												: NULL,
											hop->type_value));
	return ta_err_join(tests, " AND ");
}

/* The scopes that hold where the hop arrives, each after " AND ". */
static void
append_scopes(StringInfo buf, const TaHop *hop, const char *prefix)
{
	const TaModel *model = ta_cache_model(ta_hop_to(hop));
	ListCell *lc;

	foreach(lc, hop->scopes)
		appendStringInfo(buf, " AND %s", ta_scope_sql(lfirst(lc), model->relid, prefix));
}

/* schema.table of the model a hop leads to. */
static char *
hop_table(const TaHop *hop)
{
	const TaModel *model = ta_cache_model(ta_hop_to(hop));

	return ta_ident_qualify(model->schema, model->table);
}

/* Whether every model and key on the way is there; a junction may be yet to come. */
static bool
hops_usable(List *hops)
{
	ListCell *lc;

	foreach(lc, hops)
	{
		TaHop *hop = lfirst(lc);
		const TaModel *parent = ta_cache_model(hop->link.parent);

		if (parent == NULL || !OidIsValid(parent->relid) ||
			ta_cache_model(hop->link.child) == NULL || hop_condition(hop, "", "") == NULL)
			return false;
	}
	return hops != NIL;
}

/* Whether a target can be reached twice: where several lead to one, after one has led to several. */
static bool
may_repeat(List *hops)
{
	bool several = false;
	ListCell *lc;

	foreach(lc, hops)
	{
		TaHop *hop = lfirst(lc);

		if ((hop->to_parent || hop->element) && several)
			return true;
		several = several || !hop->to_parent || hop->element;
	}
	return false;
}

/*
 * The body, along the hops:
 *
 * one       SELECT t.* FROM s."Todos" t WHERE ($1).id = t."userId"
 * elements  SELECT t.* FROM s."Tags" t WHERE t.id = ANY (($1)."tagIds"): each once
 * of a type SELECT t.* FROM s."Comments" t WHERE ($1).id = t."commentableId" AND
 *           t."commentableType" = 'Post'
 * junction  SELECT t.* FROM s.tags t, s.todo_tags j1 WHERE t.id = j1.tag_id AND ($1).id = j1.todo_id
 * path      SELECT t.* FROM s.tags t WHERE EXISTS (SELECT 1 FROM s.todos j1, s.todo_tags j2
 *           WHERE ... AND t.id = j2.tag_id): each target once
 *
 * with the scopes, and ORDER BY and LIMIT 1 where the association says so.
 */
static char *
body_sql(const TaDecl *decl, List *hops)
{
	StringInfoData buf;
	StringInfoData from;
	StringInfoData where;
	bool exists = ta_decl_is_path(decl) && may_repeat(hops);
	const char *at = "($1).";
	int number = 0;
	ListCell *lc;

	initStringInfo(&buf);
	initStringInfo(&from);
	initStringInfo(&where);
	foreach(lc, hops)
	{
		TaHop *hop = lfirst(lc);
		bool last = lnext(hops, lc) == NULL;
		char *alias = last ? pstrdup("t") : psprintf("j%d", ++number);
		char *prefix = psprintf("%s.", alias);

		if (!last)
			appendStringInfo(&from, "%s%s %s", number == 1 ? "" : ", ", hop_table(hop), alias);
		appendStringInfo(&where, "%s%s", lc == list_head(hops) ? "" : " AND ",
						 hop_condition(hop, at, prefix));
		append_scopes(&where, hop, prefix);
		at = prefix;
	}

	appendStringInfo(&buf, "SELECT t.* FROM %s t", hop_table(llast(hops)));
	if (exists)
		appendStringInfo(&buf, " WHERE EXISTS (SELECT 1 FROM %s WHERE %s)", from.data, where.data);
	else
		appendStringInfo(&buf, "%s%s WHERE %s", from.len > 0 ? ", " : "", from.data, where.data);
	if (decl->order_by != NULL)
		appendStringInfo(&buf, " ORDER BY %s", ta_order_sql(decl->order_by, "t."));
	if (decl->kind == TA_HAS_ONE && (decl->order_by != NULL || ta_decl_is_path(decl)))
		appendStringInfoString(&buf, " LIMIT 1");
	return buf.data;
}

/* ---- making and dropping ---- */

/* Whether it is a polymorphic belongs_to narrowed to one target. */
static bool
is_facet(const TaDecl *decl)
{
	return decl->kind == TA_BELONGS_TO && decl->type_column != NULL && decl->target[0] != '\0';
}

/*
 * The association that has the accessor of this name when two models stand for
 * one table: that of the model first by name.  NULL: no other model has one.
 */
static TaDecl *
rival(const TaDecl *decl, const TaModel *model)
{
	ListCell *lc;

	foreach(lc, ta_catalog_models_of_table(model->schema, model->table))
	{
		TaModelRow *row = lfirst(lc);
		List *others = strcmp(row->name, decl->model) != 0
						   ? ta_catalog_decls_named(row->name, decl->alias)
						   : NIL;

		if (others != NIL)
			return linitial(others);
	}
	return NULL;
}

/*
 * Whether the function already is what we would make: body, result, language,
 * the rights of who calls it and no settings of its own.
 */
static bool
is_current(Oid function, const char *body, Oid result, bool *same_result)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool no_source;
	bool no_config;
	Datum source;
	bool same;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &no_source);
	(void) SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &no_config);
	*same_result = form->prorettype == result;
	same = *same_result && form->prolang == SQLlanguageId && !form->prosecdef && no_config &&
		   !no_source && strcmp(TextDatumGetCString(source), body) == 0;
	ReleaseSysCache(tuple);
	return same;
}

/* What has the name that a polymorphic belongs_to would give to one of its accessors, or NULL. */
static char *
clash(const TaDecl *decl, const TaModel *model)
{
	if (ta_catalog_decls_named(decl->model, decl->alias) != NIL)
		return psprintf("no accessor: %s has the name", ta_decl_name(decl));
	if (ta_rel_column(model->relid, decl->alias) != NULL)
		return psprintf("no accessor: %s has a column %s", ta_rel_shown(model->relid),
						ta_ident_quote(decl->alias));
	return NULL;
}

/* Why no accessor can be made, or NULL. */
static char *
obstacle(const TaDecl *decl, const TaModel *model)
{
	Oid function;
	char *taken = is_facet(decl) ? clash(decl, model) : NULL;

	if (taken != NULL)
		return taken;

	if (ta_namespace_aclcheck(ta_rel_namespace(model->relid), ta_rel_owner(model->relid),
							  ACL_CREATE) != ACLCHECK_OK)
		return psprintf("no accessor: the owner of %s may not create in schema %s",
						ta_rel_shown(model->relid), ta_ident_quote(model->schema));
	function = find_function(model->relid, decl->alias);
	if (OidIsValid(function) && !is_ours(function, model->relid))
		return psprintf("no accessor: function %s exists and is not ours",
						signature(model->relid, decl->alias));
	return NULL;
}

/* What ALTER FUNCTION .. DEPENDS ON EXTENSION todo_assoc and COMMENT ON FUNCTION do. */
static void
mark_as_ours(Oid function, Oid relid, char *comment)
{
	ObjectAddress object;
	ObjectAddress extension;

	ObjectAddressSet(object, ProcedureRelationId, function);
	ObjectAddressSet(extension, ExtensionRelationId, get_extension_oid("todo_assoc", false));
	if (!is_ours(function, relid))
		recordDependencyOn(&object, &extension, DEPENDENCY_AUTO_EXTENSION);
	CreateComments(function, ProcedureRelationId, 0, comment);
	CommandCounterIncrement();
}

/* What \df+ says of it: a call that works, then what it is. */
static char *
comment_text(const TaDecl *decl)
{
	return psprintf("%s\n%s: %s %s", ta_accessor_call(decl), ta_decl_name(decl),
					ta_kind_words(decl->kind), decl->target);
}

static void
create_accessor(const TaDecl *decl, const TaModel *model, const char *body)
{
	const TaModel *target = ta_cache_model(decl->target);
	Oid owner = ta_rel_owner(model->relid);
	char *name = signature(model->relid, decl->alias);
	Oid existing = find_function(model->relid, decl->alias);
	const char *declarer = decl->declarer;
	int nest = NewGUCNestLevel();

	/* one that is not the running package's is replaced as what it is, no member of the package */
	if (creating_extension && OidIsValid(existing) &&
		getExtensionOfObject(ProcedureRelationId, existing) != CurrentExtensionObject)
		declarer = "";

	/* a column or junction in the body may be yet to come */
	(void) set_config_option("check_function_bodies", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	ta_run_ddl_as(psprintf("CREATE OR REPLACE FUNCTION %s RETURNS SETOF %s LANGUAGE sql STABLE "
						   "PARALLEL SAFE SECURITY INVOKER%s AS %s",
						   name, ta_rel_qualified(target->relid),
						   ta_decl_to_one(decl) ? " ROWS 1" : " ROWS 1000",
						   quote_literal_cstr(body)),
				  declarer, owner);
	AtEOXact_GUC(true, nest);
	mark_as_ours(find_function(model->relid, decl->alias), model->relid, comment_text(decl));
}

/* ---- dropping ---- */

/*
 * Drops the function if it is our accessor on the table.  By its OID: DROP
 * FUNCTION by name would walk the accessors of that name on all tables.
 */
static void
drop_function(Oid function, Oid relid)
{
	ObjectAddress object;

	if (!OidIsValid(function) || !is_ours(function, relid))
		return;
	ObjectAddressSet(object, ProcedureRelationId, function);
	performDeletion(&object, DROP_RESTRICT, 0);
	CommandCounterIncrement();
}

/* Drops our accessor of this name on the table, if there is one. */
static void
drop_named(Oid relid, const char *alias)
{
	if (OidIsValid(relid))
		drop_function(find_function(relid, alias), relid);
}

/* Drops one accessor, if it is there; another model of the table may want it now. */
static void
drop_one(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	TaDecl *other;

	if (model == NULL || !OidIsValid(model->relid))
		return;
	other = rival(decl, model);
	if (other != NULL && strcmp(other->model, decl->model) < 0)
		return;
	drop_named(model->relid, decl->alias);
	if (other != NULL && (!ta_decl_is_path(other) || ta_path_problem(other) == NULL))
		(void) ta_accessor_refresh(other);
}

/* ---- whose it is ---- */

/* ALTER EXTENSION x ADD FUNCTION f, or DROP, by who may; else nothing. */
static void
change_membership(Oid extension, const char *verb, Oid relid, const char *alias)
{
	TaExtension *package = ta_ext(extension);

	if (package != NULL && has_privs_of_role(GetUserId(), package->owner))
		ta_run_ddl(psprintf("ALTER EXTENSION %s %s FUNCTION %s", ta_ident_quote(package->name),
							verb, signature(relid, alias)),
				   ta_declarer());
}

/*
 * An accessor is part of a package that says its association: restoring the
 * package makes it.  One that only the hand says must be in the dump, so it is
 * part of none.  Brings that to be what it is after a declarer came or went.
 */
static void
settle(const TaDecl *decl, const char *said_as)
{
	const TaModel *model = ta_cache_model(decl->model);
	Oid function = model != NULL && OidIsValid(model->relid)
					   ? find_function(model->relid, decl->alias)
					   : InvalidOid;
	Oid holder;
	Oid wanted = InvalidOid;
	ListCell *lc;

	if (!OidIsValid(function) || !is_ours(function, model->relid))
		return;
	holder = getExtensionOfObject(ProcedureRelationId, function);
	foreach(lc, ta_catalog_decls_named(decl->model, said_as))
	{
		const char *declarer = ((TaDecl *) lfirst(lc))->declarer;
		Oid package = declarer[0] != '\0' ? get_extension_oid(declarer, true) : InvalidOid;

		if (OidIsValid(package) && (!OidIsValid(wanted) || package == holder))
			wanted = package;
	}
	if (wanted == holder)
		return;
	if (OidIsValid(holder))
		change_membership(holder, "DROP", model->relid, decl->alias);
	if (OidIsValid(wanted))
		change_membership(wanted, "ADD", model->relid, decl->alias);
}

/* The same for each accessor of the association. */
void
ta_accessor_settle(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_decl_facets(decl))
		settle(lfirst(lc), decl->alias);
}

/* Whether a package may have to have the accessor: its script runs, or it says the association. */
static bool
is_said_by_package(const TaDecl *decl)
{
	return creating_extension || decl->declarer[0] != '\0';
}

/* Makes one accessor of the association (said_as: its alias) what it must be. */
static char *
refresh(const TaDecl *decl, const char *said_as)
{
	const TaModel *model = ta_cache_model(decl->model);
	const TaModel *target = ta_cache_model(decl->target);
	List *hops;
	Oid function;
	char *body;
	char *problem;
	bool same_result = false;

	if (model == NULL || target == NULL || !OidIsValid(model->relid) || !OidIsValid(target->relid))
		return pstrdup("no accessor: a table is missing");
	if (!model->accessors)
	{
		drop_one(decl);
		return NULL;
	}
	hops = ta_hops_of(decl);
	if (!hops_usable(hops))
		return pstrdup("no accessor: a table or key on its way is missing");
	problem = obstacle(decl, model);
	if (problem != NULL)
		return problem;

	body = body_sql(decl, hops);
	function = find_function(model->relid, decl->alias);
	if (OidIsValid(function))
	{
		TaDecl *other;

		if (is_current(function, body, get_rel_type_id(target->relid), &same_result))
		{
			if (is_said_by_package(decl))
				settle(decl, said_as);
			return NULL;
		}
		other = rival(decl, model);
		if (other != NULL && strcmp(other->model, decl->model) < 0)
			return psprintf("no accessor: %s of the same table has it", ta_decl_name(other));
		/* only the result type can't be replaced; whatever uses the function then stops this */
		if (!same_result)
			drop_named(model->relid, decl->alias);
	}
	create_accessor(decl, model, body);
	if (is_said_by_package(decl))
		settle(decl, said_as);
	return NULL;
}

/*
 * Whether a function of this name may be an accessor that the polymorphic
 * belongs_to had: not where an association or a target has it now.
 */
static bool
is_left_over(const TaDecl *decl, const char *name, List *facets)
{
	ListCell *lc;

	foreach(lc, facets)
	{
		if (strcmp(((TaDecl *) lfirst(lc))->alias, name) == 0)
			return false;
	}
	return ta_catalog_decls_named(decl->model, name) == NIL;
}

/* Drops the accessors of a polymorphic belongs_to for models that are no targets of it (any more). */
static void
drop_left_over(const TaDecl *decl, List *facets)
{
	const TaModel *model = ta_cache_model(decl->model);
	ListCell *lc;

	if (model == NULL || !OidIsValid(model->relid))
		return;
	foreach(lc, ta_catalog_model_names())
	{
		char *name = ta_facet_alias(decl, lfirst(lc));

		if (is_left_over(decl, name, facets))
			drop_named(model->relid, name);
	}
}

/*
 * Makes the association's accessors what they must be; returns why there is
 * none, or one is missing, or NULL.
 */
char *
ta_accessor_refresh(const TaDecl *decl)
{
	List *facets = ta_decl_facets(decl);
	char *problem = NULL;
	ListCell *lc;

	if (ta_decl_is_polymorphic(decl))
		drop_left_over(decl, facets);
	foreach(lc, facets)
	{
		char *found = refresh(lfirst(lc), decl->alias);

		if (problem == NULL)
			problem = found;
	}
	return problem;
}

/* Drops the association's accessors, if it has any. */
void
ta_accessor_drop(const TaDecl *decl)
{
	if (ta_decl_is_polymorphic(decl))
		drop_left_over(decl, NIL);
	else
		drop_one(decl);
}

/* Drops them from another table, that the model had before. */
void
ta_accessor_drop_of_table(Oid relid, const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_decl_facets(decl))
		drop_named(relid, ((TaDecl *) lfirst(lc))->alias);
}

/* The table has moved: drops the accessors that stayed in the schema where it was. */
void
ta_accessor_drop_in(Oid schema, Oid relid, const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_decl_facets(decl))
		drop_function(find_function_in(schema, relid, ((TaDecl *) lfirst(lc))->alias), relid);
}

/* Whether the function is part of an extension, and it is not its own script that runs. */
static bool
is_held_by_extension(Oid function)
{
	Oid extension = getExtensionOfObject(ProcedureRelationId, function);

	return OidIsValid(extension) && !(creating_extension && extension == CurrentExtensionObject);
}

/*
 * The table, or that of the accessor's rows, is about to be dropped: steps out
 * of the way.  Not when something else uses the function, or when it is a
 * package's: that is PostgreSQL's to tell or to drop.
 */
static void
step_aside(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	Oid function = model != NULL && OidIsValid(model->relid)
					   ? find_function(model->relid, decl->alias)
					   : InvalidOid;

	if (OidIsValid(function) && !ta_function_is_used(function) && !is_held_by_extension(function))
		drop_named(model->relid, decl->alias);
}

/* The same for each accessor of the association. */
void
ta_accessor_step_aside(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_decl_facets(decl))
		step_aside(lfirst(lc));
}

/*
 * The table has another owner now, whose the accessor must be.  The function
 * is never given away: whoever wrote its body would then have it run as the
 * new owner.  It is dropped, by who may, and made anew by ta_accessor_refresh.
 */
static void
drop_of_former_owner(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	Oid function = model != NULL && OidIsValid(model->relid)
					   ? find_function(model->relid, decl->alias)
					   : InvalidOid;
	ObjectAddress object;

	if (!OidIsValid(function) || is_ours(function, model->relid) || !is_marked(function) ||
		!ta_function_owned_by_user(function) || ta_function_is_used(function) ||
		is_held_by_extension(function))
		return;
	ObjectAddressSet(object, ProcedureRelationId, function);
	performDeletion(&object, DROP_RESTRICT, 0);
	CommandCounterIncrement();
}

/* The same for each accessor of the association. */
void
ta_accessor_drop_of_former_owner(const TaDecl *decl)
{
	ListCell *lc;

	foreach(lc, ta_decl_facets(decl))
		drop_of_former_owner(lfirst(lc));
}

/* After a rename: the COMMENT says the names as they are. */
void
ta_accessor_comment(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	ListCell *lc;

	foreach(lc, model != NULL && OidIsValid(model->relid) ? ta_decl_facets(decl) : NIL)
	{
		const TaDecl *facet = lfirst(lc);
		Oid function = find_function(model->relid, facet->alias);

		if (OidIsValid(function) && is_ours(function, model->relid))
			mark_as_ours(function, model->relid, comment_text(facet));
	}
}

/* Whether declaring the association again would make its accessors. */
bool
ta_accessor_possible(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	ListCell *lc;

	if (model == NULL || !OidIsValid(model->relid) || !model->accessors)
		return false;
	foreach(lc, ta_decl_facets(decl))
	{
		if (obstacle(lfirst(lc), model) != NULL)
			return false;
	}
	return true;
}

/* Why the association has no accessor now, or lacks one; or NULL.  Changes nothing. */
char *
ta_accessor_problem(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	ListCell *lc;

	if (model == NULL || !OidIsValid(model->relid) || !model->accessors)
		return NULL;
	foreach(lc, ta_decl_facets(decl))
	{
		const TaDecl *facet = lfirst(lc);
		char *problem = obstacle(facet, model);

		if (problem != NULL)
			return problem;
		if (!OidIsValid(find_function(model->relid, facet->alias)))
			return psprintf("no accessor: declare %s again", ta_decl_name(decl));
	}
	return NULL;
}

/* Whether the association has its function, and it is not what would be made; changes nothing. */
bool
ta_accessor_altered(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	const TaModel *target = ta_cache_model(decl->target);
	TaDecl *other;
	List *hops;
	Oid function;
	bool same_result;

	if (model == NULL || target == NULL || !OidIsValid(model->relid) ||
		!OidIsValid(target->relid) || !model->accessors ||
		(ta_decl_is_path(decl) && ta_path_problem(decl) != NULL))
		return false;
	function = find_function(model->relid, decl->alias);
	if (!OidIsValid(function) || !is_ours(function, model->relid))
		return false;
	hops = ta_hops_of(decl);
	if (!hops_usable(hops) ||
		is_current(function, body_sql(decl, hops), get_rel_type_id(target->relid), &same_result))
		return false;
	/* it may be another model's, of the same table */
	other = rival(decl, model);
	return other == NULL || strcmp(other->model, decl->model) > 0;
}

/*
 * The signature of the function that somebody has put in the place of the
 * accessor, or NULL.  CREATE OR REPLACE takes our mark away, and leaves the
 * COMMENT: without that it is a function that was there before.
 */
char *
ta_accessor_replaced(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	const char *title = strchr(comment_text(decl), '\n');
	Oid function;
	char *comment;
	char *comment_title;

	if (model == NULL || !OidIsValid(model->relid) || !model->accessors)
		return NULL;
	function = find_function(model->relid, decl->alias);
	if (!OidIsValid(function) || is_ours(function, model->relid))
		return NULL;
	comment = GetComment(function, ProcedureRelationId, 0);
	/* what stands before depends on the search path */
	comment_title = comment != NULL ? strrchr(comment, '\n') : NULL;
	return comment_title != NULL && strcmp(comment_title, title) == 0
			   ? signature(model->relid, decl->alias)
			   : NULL;
}

/* SELECT t.* FROM "Users" s, todos(s) t; of a polymorphic belongs_to: give it a facet */
char *
ta_accessor_call(const TaDecl *decl)
{
	const TaModel *model = ta_cache_model(decl->model);
	bool visible = RelationIsVisible(model->relid);

	return psprintf("SELECT t.* FROM %s s, %s(s) t", ta_rel_shown(model->relid),
					visible ? ta_ident_quote(decl->alias)
							: ta_ident_qualify(model->schema, decl->alias));
}
