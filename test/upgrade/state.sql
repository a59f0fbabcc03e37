-- What pg_upgrade must leave as it is: each to a file of its own in the directory :out.
\pset format unaligned
\pset tuples_only on
\pset null (null)
SET search_path = "My ""schema""", public;
\set system '''pg_catalog''::regnamespace, ''pg_toast''::regnamespace, ''information_schema''::regnamespace'
SELECT to_regclass('assoc_internal.history') IS NOT NULL AS since_1_1, to_regclass('assoc_internal.enforced') IS NOT NULL AS since_1_3 \gset

\o :out/assoc.associations
SELECT * FROM assoc.associations;
\o :out/assoc.models
SELECT * FROM assoc.models;
\o :out/assoc.document()
SELECT assoc.document();
\o :out/assoc.plan()
SELECT * FROM assoc.plan();
\o :out/assoc.describe()
SELECT m.model, d FROM assoc.models m, assoc.describe(m.model) d;
-- rows that a dropped package left behind count as gone, and are in no dump
\set is_there 'IN (SELECT '''' UNION ALL SELECT extname FROM pg_extension)'
\o :out/assoc_internal.model
SELECT m::text FROM assoc_internal.model m WHERE m.declarer :is_there ORDER BY 1;
\o :out/assoc_internal.declaration
SELECT d::text FROM assoc_internal.declaration d WHERE d.declarer :is_there ORDER BY 1;
\o :out/assoc_internal.recorded
SELECT r::text FROM assoc_internal.recorded r WHERE r.declarer :is_there ORDER BY 1;
\o :out/assoc_internal.conflict
SELECT c::text FROM assoc_internal.conflict c ORDER BY 1;
\if :since_1_3
\o :out/assoc_internal.enforced
SELECT e::text FROM assoc_internal.enforced e WHERE e.declarer :is_there ORDER BY 1;
\o :out/assoc_internal.enforced_target
SELECT t::text FROM assoc_internal.enforced_target t WHERE t.declarer :is_there ORDER BY 1;
\endif
\if :since_1_1
\o :out/assoc.migrations
SELECT * FROM assoc.migrations;
\o :out/assoc.validate()
-- but for what pg_upgrade does to the owners of extensions
SELECT * FROM assoc.validate() WHERE code <> 'owner_differs';
\o :out/assoc.restore_preamble()
SELECT * FROM assoc.restore_preamble();
\o :out/assoc_internal.history
SELECT h::text FROM assoc_internal.history h ORDER BY h.package, h.applied_at;
\o :out/assoc_internal.restoring
SELECT r::text FROM assoc_internal.restoring r ORDER BY 1;
\o :out/assoc_internal.lifted_key
SELECT k::text FROM assoc_internal.lifted_key k ORDER BY 1;
\endif

\o :out/extensions
SELECT e.extname, e.extversion, e.extnamespace::regnamespace, e.extrelocatable, obj_description(e.oid, 'pg_extension'),
	ARRAY(SELECT r.extname FROM pg_depend d JOIN pg_extension r ON r.oid = d.refobjid
		WHERE d.classid = 'pg_extension'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_extension'::regclass ORDER BY 1) AS requires
FROM pg_extension e ORDER BY 1;
\o :out/owners_of_extensions
SELECT e.extname, e.extowner::regrole FROM pg_extension e ORDER BY 1;
\o :out/dump_marks
SELECT e.extname, m.relid::regclass, m.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) m(relid, condition)
ORDER BY 1, m.relid::regclass::text;
\o :out/members
-- row types are members from 17 on
SELECT e.extname, d.deptype, pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.classid NOT IN ('pg_type'::regclass, 'pg_extension'::regclass)
ORDER BY 1, 2, 3;
\o :out/event_triggers
SELECT t.evtname, t.evtevent, t.evtenabled, t.evtowner::regrole, t.evtfoid::regprocedure, t.evttags,
	obj_description(t.oid, 'pg_event_trigger') FROM pg_event_trigger t ORDER BY 1;
\o :out/triggers
SELECT t.tgenabled, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal ORDER BY 2;
\o :out/functions
SELECT p.oid::regprocedure, p.proowner::regrole, p.probin, p.prosrc, p.provolatile, p.proparallel, p.prosecdef, p.proconfig,
	obj_description(p.oid, 'pg_proc') FROM pg_proc p
WHERE p.pronamespace NOT IN (:system) ORDER BY p.oid::regprocedure::text;
\o :out/privileges
-- MAINTAIN is there from 17 on
WITH acls (object, kind, acl) AS (
	SELECT c.oid::regclass::text, 'now', coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
	FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'S') AND c.relnamespace NOT IN (:system)
	UNION ALL
	SELECT p.oid::regprocedure::text, 'now', coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_proc p WHERE p.pronamespace NOT IN (:system)
	UNION ALL
	SELECT n.nspname, 'now', coalesce(n.nspacl, acldefault('n', n.nspowner)) FROM pg_namespace n WHERE n.oid NOT IN (:system)
	UNION ALL
	SELECT pg_describe_object(i.classoid, i.objoid, i.objsubid), 'at first', i.initprivs FROM pg_init_privs i WHERE i.privtype = 'e')
SELECT a.object, a.kind, x.grantor::regrole, CASE x.grantee WHEN 0 THEN 'public' ELSE x.grantee::regrole::text END,
	string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ' ' ORDER BY x.privilege_type)
FROM acls a, aclexplode(a.acl) x WHERE x.privilege_type <> 'MAINTAIN'
GROUP BY 1, 2, 3, x.grantee ORDER BY 1, 2, 3, 4;
\o :out/foreign_keys
SELECT c.conrelid::regclass, c.conname, c.convalidated, pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.contype = 'f'
ORDER BY c.conrelid::regclass::text, 2;
\o :out/indexes
SELECT pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace NOT IN (:system) ORDER BY 1;
\o :out/rows
SELECT format('SELECT %L, t::text FROM %s t ORDER BY 2', c.oid::regclass, c.oid::regclass) FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace NOT IN (:system, 'assoc_internal'::regnamespace)
ORDER BY c.oid::regclass::text \gexec
SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2;
\o
