/* sql/todo_assoc--1.1--1.2.sql: findings, repair, import, diagram */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.2'" to load this file. \quit

------------------------------------------------------------------------------
-- Findings: validate, ignore
------------------------------------------------------------------------------

-- '' in association: wherever it is found; in message: whatever it says.
CREATE TABLE assoc_internal.ignored (
    code        text NOT NULL,
    association text NOT NULL DEFAULT '',
    message     text NOT NULL DEFAULT '',
    reason      text,
    ignored_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ignored_by  text NOT NULL DEFAULT SESSION_USER,
    PRIMARY KEY (code, association, message)
);
COMMENT ON TABLE assoc_internal.ignored IS
    'findings that assoc.validate() does not show, by assoc.ignore() and assoc.ignore_all()';
COMMENT ON COLUMN assoc_internal.ignored.association IS 'empty: the code, whatever it is about';
COMMENT ON COLUMN assoc_internal.ignored.message IS 'empty: any; else only the finding that said this (ignore_all)';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.ignored
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.ignored', '');
GRANT SELECT ON assoc_internal.ignored TO PUBLIC;
DO $$
BEGIN
    EXECUTE (SELECT pg_catalog.format('GRANT INSERT ON assoc_internal.ignored TO %I', pg_catalog.pg_get_userbyid(e.extowner))
             FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'todo_assoc');
END
$$;

-- What a downgrade to 1.1 set aside comes back; a row that somebody else put there, and that is none, stays.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT d.ctid AS place, d.incoming FROM assoc_internal.conflict d
             WHERE d.config_table OPERATOR(pg_catalog.=) 'ignored'
    LOOP
        BEGIN
            INSERT INTO assoc_internal.ignored
                SELECT h.* FROM pg_catalog.jsonb_populate_record(NULL::assoc_internal.ignored, c.incoming) h
                ON CONFLICT DO NOTHING;
            DELETE FROM assoc_internal.conflict d WHERE d.ctid OPERATOR(pg_catalog.=) c.place;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR invalid_parameter_value THEN
            NULL;
        END;
    END LOOP;
END
$$;

DROP FUNCTION assoc.validate(text, text, text);
CREATE FUNCTION assoc.validate(associations text DEFAULT NULL, min_severity text DEFAULT NULL,
    fail_on text DEFAULT NULL, data boolean DEFAULT true,
    OUT severity text, OUT code text, OUT association text, OUT message text, OUT fix text,
    OUT count bigint, OUT samples jsonb, OUT detail text, OUT docs text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_validate_v2';
COMMENT ON FUNCTION assoc.validate(text, text, text, boolean) IS
'SELECT severity, code, association, message, fix FROM assoc.validate();
What is wrong between declarations, schema, rows and packages, the worst first, with what mends it. associations: only these, as for assoc.plan. min_severity: error, warning or info. fail_on => ''warning'' raises when there is a finding of that severity or worse: psql -v ON_ERROR_STOP=1 -c makes it a gate. data => false looks at catalogs only, not at rows. count, samples: of the rows that are wrong. docs: where the code is explained. assoc.ignore hides a finding.';

CREATE FUNCTION assoc.ignore(code text, association text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_ignore';
COMMENT ON FUNCTION assoc.ignore(text, text, text) IS
'SELECT assoc.ignore(''fk_index_missing'', ''Todo.user'', reason => ''few to-dos'');
Findings of this code are not shown any more: of one association, or, left out, of any. It is kept in dumps and part of assoc.document(). For the owner of the extension, or of the association''s table.';

CREATE FUNCTION assoc.ignore_all(reason text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_ignore_all';
COMMENT ON FUNCTION assoc.ignore_all(text) IS
'SELECT assoc.ignore_all(reason => ''as it was when we began'');
A baseline: ignores each finding there is now, so that assoc.validate() shows only what is new. For the owner of the extension.';

CREATE FUNCTION assoc.unignore(code text DEFAULT NULL, association text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_unignore';
COMMENT ON FUNCTION assoc.unignore(text, text) IS
'SELECT assoc.unignore(''fk_index_missing'', ''Todo.user'');
Takes back what was said to assoc.ignore and assoc.ignore_all: of this code, of this association, or, both left out, all.';

------------------------------------------------------------------------------
-- Rows: orphans, repair
------------------------------------------------------------------------------

-- Rows taken out by repair.  Whoever owns the extension dumps them, so may read, restore and delete them.
CREATE TABLE assoc_internal.quarantine (
    id          uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY,
    association text NOT NULL,
    reason      text NOT NULL,
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    table_owner text NOT NULL,
    taken_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    taken_by    text NOT NULL,
    "row"       jsonb NOT NULL
);
COMMENT ON TABLE assoc_internal.quarantine IS 'rows that assoc.repair took out of their tables and kept';
COMMENT ON COLUMN assoc_internal.quarantine.table_owner IS
    'who owned the table then: another owner''s table of the same name is another table';
CREATE TRIGGER guard BEFORE INSERT ON assoc_internal.quarantine
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.quarantine', '');
DO $$
BEGIN
    EXECUTE (SELECT pg_catalog.format('GRANT SELECT, INSERT, DELETE ON assoc_internal.quarantine TO %I',
                                      pg_catalog.pg_get_userbyid(e.extowner))
             FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'todo_assoc');
END
$$;

CREATE VIEW assoc.quarantined WITH (security_barrier) AS
    SELECT q.association, c.oid::pg_catalog.regclass AS relation, q.reason, q.taken_at, q.taken_by, q."row", q.id
    FROM assoc_internal.quarantine q
    JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) q.schema_name
    JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
        AND c.relname OPERATOR(pg_catalog.=) q.table_name
    WHERE pg_catalog.pg_get_userbyid(c.relowner) OPERATOR(pg_catalog.=) q.table_owner
        AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid);
COMMENT ON VIEW assoc.quarantined IS
'SELECT * FROM assoc.quarantined;
The rows that assoc.repair(.., ''quarantine'') took out of tables which you may read, whole, with association, reason, when and by whom.';
GRANT SELECT ON assoc.quarantined TO PUBLIC;

CREATE FUNCTION assoc.orphans(association text, max_rows integer DEFAULT 100,
    OUT relation regclass, OUT key jsonb, OUT "row" jsonb)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_orphans';
COMMENT ON FUNCTION assoc.orphans(text, integer) IS
'SELECT * FROM assoc.orphans(''Todo.user'');
The rows of an association''s child that refer to no row of the parent: the table they stand in, the foreign key and the whole row, by foreign key. max_rows: at most so many; NULL: all. A null in the foreign key refers to nothing, and is no orphan.';

CREATE FUNCTION assoc_internal.repair_plan(association text, action text, batch_size integer,
    OUT number integer, OUT query text, OUT words text, OUT commits boolean, OUT passes integer)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_repair_plan';
COMMENT ON FUNCTION assoc_internal.repair_plan(text, text, integer) IS 'what assoc.repair has to do';
CREATE FUNCTION assoc_internal.repair_batch(association text, action text, number integer, relation oid, places text,
    done bigint, total bigint)
RETURNS bigint LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_repair_some';
COMMENT ON FUNCTION assoc_internal.repair_batch(text, text, integer, oid, text, bigint, bigint) IS
    'one batch of assoc.repair: tests the rows again, and mends those that are still bad';

-- No SET clause, which would forbid COMMIT: so everything in it is qualified.
CREATE PROCEDURE assoc.repair(association text, action text DEFAULT NULL, batch_size integer DEFAULT 1000)
LANGUAGE plpgsql AS $$
DECLARE
    job record;
    batch record;
    bad bigint;
    changed bigint;
    mended bigint;
    passes integer;
    idle integer;
    told timestamptz := pg_catalog.clock_timestamp();
BEGIN
    FOR job IN SELECT p.number, p.query, p.words, p.commits, p.passes
               FROM assoc_internal.repair_plan(association, action, batch_size) p LOOP
        mended := 0;
        passes := 0;
        idle := 0;
        LOOP
            bad := 0;
            changed := 0;
            passes := passes OPERATOR(pg_catalog.+) 1;
            FOR batch IN EXECUTE job.query LOOP
                bad := batch.total;
                changed := changed OPERATOR(pg_catalog.+) assoc_internal.repair_batch(association, action, job.number,
                    batch.relation, batch.places, changed, batch.total);
                IF job.commits THEN
                    COMMIT;
                END IF;
                IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) told OPERATOR(pg_catalog.>)
                    pg_catalog.current_setting('assoc.progress_interval')::pg_catalog.interval THEN
                    told := pg_catalog.clock_timestamp();
                    RAISE NOTICE '%: %: % of %', association, job.words, changed, batch.total;
                END IF;
            END LOOP;
            mended := mended OPERATOR(pg_catalog.+) changed;
            EXIT WHEN bad OPERATOR(pg_catalog.=) 0;
            -- rows that another session moved are met by the next pass; those that a trigger keeps, by each
            idle := CASE WHEN changed OPERATOR(pg_catalog.=) 0 THEN idle OPERATOR(pg_catalog.+) 1 ELSE 0 END;
            IF idle OPERATOR(pg_catalog.=) 2 OR passes OPERATOR(pg_catalog.=) job.passes THEN
                RAISE WARNING '%: rows are still bad after % passes', association, passes
                    USING DETAIL = 'A trigger or rule keeps them or undoes what repair does, another unique index keeps '
                        'the parents out, another session makes new ones or, at REPEATABLE READ, has mended them.';
                EXIT;
            END IF;
        END LOOP;
        RAISE NOTICE '%: %: %', association, job.words, mended;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE assoc.repair(text, text, integer) IS
'CALL assoc.repair(''Todo.user'', action => ''quarantine'');
Mends rows without parent, and the rows too many of a has_one or belongs_to_many (the one with the lowest key is kept). action, which has no default: delete; set_null; quarantine (delete, and keep in assoc.quarantined); restore_parent (insert the missing parents with nothing but their key). Tests each row again before it touches it, and commits after each batch, unless it is called in a transaction block.';

------------------------------------------------------------------------------
-- Progress of long work
------------------------------------------------------------------------------

CREATE VIEW assoc.running AS
    SELECT r.pid, r.usename AS "user", m.part[4] AS association, m.part[1] AS what,
        CASE WHEN m.part[1] OPERATOR(pg_catalog.<>) 'checking' THEN m.part[2]::pg_catalog.int8 END AS rows,
        pg_catalog.round(m.part[2]::pg_catalog."numeric" OPERATOR(pg_catalog./)
            NULLIF(m.part[3]::pg_catalog."numeric", 0), 3) AS fraction,
        pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.query_start AS elapsed
    FROM pg_catalog.pg_stat_activity r
    CROSS JOIN LATERAL pg_catalog.regexp_match(r.query, '^todo_assoc (\w+)(?: (\d{1,18})/(\d{1,18}))?: (.*)$') AS m(part)
    WHERE r.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND r.state OPERATOR(pg_catalog.=) 'active'
        AND m.part IS NOT NULL;
COMMENT ON VIEW assoc.running IS
'SELECT * FROM assoc.running;
Checks of rows and repairs that run now in this database: at which associations, how many rows are mended, and which part of all is done. Of other roles'' sessions only for members of pg_read_all_stats. pg_cancel_backend(pid) ends one; what repair has committed stays.';
GRANT SELECT ON assoc.running TO PUBLIC;

------------------------------------------------------------------------------
-- Import of what exists
------------------------------------------------------------------------------

CREATE FUNCTION assoc.import_foreign_keys(schemas text DEFAULT NULL, declare boolean DEFAULT false,
    OUT kind text, OUT name text, OUT "table" text, OUT target text, OUT foreign_key text, OUT status text,
    OUT inferred text, OUT evidence text, OUT statement text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_import_foreign_keys';
COMMENT ON FUNCTION assoc.import_foreign_keys(text, boolean) IS
'SELECT * FROM assoc.import_foreign_keys();
Models and associations from the foreign keys that the tables have; declare => true declares them, all or nothing, and plan() has nothing to do for them. schemas: ''app, billing''; NULL is every schema of users. Proposals from the names of columns without a key are shown with the share of values that match, and never declared. status: new, declared, skipped (inferred says why), proposed.';

------------------------------------------------------------------------------
-- Diagram
------------------------------------------------------------------------------

CREATE FUNCTION assoc.diagram(format text DEFAULT 'mermaid', associations text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_diagram_text';
COMMENT ON FUNCTION assoc.diagram(text, text) IS
'SELECT assoc.diagram();
The declared models as a picture: ''mermaid'' (an erDiagram, which GitHub and many editors draw) or ''dot'' (Graphviz; script/diagram makes SVG and PNG of it). associations: only these, as for assoc.plan. A solid line is enforced by a foreign key; a dashed one is planned, NOT VALID, not enforced or broken, and says so.';

------------------------------------------------------------------------------
-- Scan for orphans
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.scan_orphans(child regclass, child_columns text[], parent regclass, parent_columns text[],
    max_samples integer DEFAULT 10, OUT method text, OUT count bigint, OUT samples jsonb, OUT workers integer)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_scan_orphans_call';
COMMENT ON FUNCTION assoc_internal.scan_orphans(regclass, text[], regclass, text[], integer) IS
'Counts the rows of child that refer to no row of parent, nulls aside, and shows some of their keys. Needs SELECT on both; row security applies. method: bitmap or hash, one scan of each table; or anti_join, for types, collations, rights or sizes that these cannot do. workers: so many took part.';
CREATE FUNCTION assoc_internal.scan_references(child regclass, parents regclass[], child_columns text[], parent_columns text[],
    type_columns text[] DEFAULT '{}', type_values text[] DEFAULT '{}', OUT number integer, OUT method text, OUT count bigint,
    OUT workers integer)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_scan_references_call';
COMMENT ON FUNCTION assoc_internal.scan_references(regclass, regclass[], text[], text[], text[], text[]) IS
'The same of several references of a child by one scan of it: a place in the arrays each. Columns as text of an array, ''{a,b}''. With a type column and value, only of rows that have it. method is null where an anti-join is needed.';

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION assoc.help()
RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
VALUES
 ('SELECT assoc.define_model(''User'', ''Users'');                        name a table as a model'),
 ('SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');    declare: nothing is changed yet'),
 ('SELECT assoc.belongs_to(''Todo'', ''User'', on_delete => ''CASCADE'');   the other side; has_one, belongs_to_many likewise'),
 ('SELECT assoc.has_many(''User'', ''Tag'', through => ''todos.tags'');     along declared associations'),
 ('SELECT * FROM assoc.plan();  SELECT * FROM assoc.apply();            the DDL still missing, with its locks; do it'),
 ('SELECT * FROM assoc.validate();                                    what is wrong, and what mends it'),
 ('SELECT * FROM assoc.import_foreign_keys();                         declarations out of the foreign keys there are'),
 ('SELECT * FROM assoc.associations;  SELECT assoc.diagram();          what is declared, its status; as a picture'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual'),
 ('SELECT * FROM assoc.migrations;                                    the versions of packages: up, down, changed'),
 ('SELECT * FROM assoc.migrate(''todo_app'');                           take a package up; assoc.undo takes it down')
$$;
