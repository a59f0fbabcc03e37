/* sql/todo_assoc--1.0--1.1.sql: packages as migrations, history, DDL watch, restore */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.1'" to load this file. \quit

------------------------------------------------------------------------------
-- History.  One row for each script that ran, or for a change of version that
-- was only noticed.  Every row goes into a dump: it alone tells afterwards at
-- which version the database was.
------------------------------------------------------------------------------

CREATE TABLE assoc_internal.history (
    id                uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY,
    package           text NOT NULL,
    action            text NOT NULL CHECK (action IN ('migrate', 'undo', 'undo_all', 'release', 'observed')),
    from_version      text,
    to_version        text,
    script            text,
    sha256            text,
    applied_at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    applied_by        text NOT NULL,
    duration          interval,
    rows_dropped      bigint,
    server_version    text NOT NULL,
    extension_version text NOT NULL
);
CREATE INDEX history_package_idx ON assoc_internal.history (package, applied_at);
COMMENT ON TABLE assoc_internal.history IS
    'what was migrated, undone or noticed, when and by whom; survives dump and restore, undo_all and dropped packages';
COMMENT ON COLUMN assoc_internal.history.action IS
    'the function that did it; observed: a plain CREATE, ALTER or DROP EXTENSION, or a restore';
COMMENT ON COLUMN assoc_internal.history.from_version IS 'NULL: the package was not there';
COMMENT ON COLUMN assoc_internal.history.to_version IS 'NULL: the package is gone';
COMMENT ON COLUMN assoc_internal.history.sha256 IS 'of the script as it was when it ran';

-- What a downgrade to 1.0 set aside comes back; a row that somebody else put there, and that is none, stays.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT d.ctid AS place, d.incoming FROM assoc_internal.conflict d
             WHERE d.config_table OPERATOR(pg_catalog.=) 'history'
    LOOP
        BEGIN
            INSERT INTO assoc_internal.history
                SELECT h.* FROM pg_catalog.jsonb_populate_record(NULL::assoc_internal.history, c.incoming) h;
            DELETE FROM assoc_internal.conflict d WHERE d.ctid OPERATOR(pg_catalog.=) c.place;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR invalid_parameter_value THEN
            NULL;
        END;
    END LOOP;
END
$$;

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.history
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();

CREATE FUNCTION assoc_internal.settle_history() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_settle_history';
COMMENT ON FUNCTION assoc_internal.settle_history() IS
    'after rows of the history were restored: forgets what the restore itself was noticed to do, and notes at which version it left a package';
CREATE TRIGGER settle AFTER INSERT ON assoc_internal.history
    FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.settle_history();

SELECT pg_catalog.pg_extension_config_dump('assoc_internal.history', '');
GRANT SELECT ON assoc_internal.history TO PUBLIC;
-- the owner of the extension, who need not be the one who updates it
DO $$
BEGIN
    EXECUTE (SELECT pg_catalog.format('GRANT INSERT ON assoc_internal.history TO %I', pg_catalog.pg_get_userbyid(e.extowner))
             FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'todo_assoc');
END
$$;

-- Not dumped: what pre_restore() lifted is put back by post_restore(), in the same database.
CREATE TABLE assoc_internal.restoring (
    package    text NOT NULL PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_by text NOT NULL
);
COMMENT ON TABLE assoc_internal.restoring IS 'packages between assoc.pre_restore() and assoc.post_restore()';
CREATE TABLE assoc_internal.lifted_key (
    schema_name    text NOT NULL,
    table_name     text NOT NULL,
    name           text NOT NULL,
    package        text NOT NULL REFERENCES assoc_internal.restoring ON DELETE CASCADE,
    columns        text[] NOT NULL,
    parent_schema  text NOT NULL,
    parent_table   text NOT NULL,
    key            text[] NOT NULL,
    match_full     boolean NOT NULL,
    on_delete      text NOT NULL,
    on_update      text NOT NULL,
    deferral       text NOT NULL,
    PRIMARY KEY (schema_name, table_name, name)
);
COMMENT ON TABLE assoc_internal.lifted_key IS 'foreign keys of member tables that assoc.pre_restore() lifted, as facts';
GRANT SELECT ON assoc_internal.restoring, assoc_internal.lifted_key TO PUBLIC;

-- by the name of an object that was dropped or renamed
CREATE INDEX recorded_value_idx ON assoc_internal.recorded (value);

------------------------------------------------------------------------------
-- Migrations
------------------------------------------------------------------------------

CREATE FUNCTION assoc.migrate(package text, version text DEFAULT NULL,
    OUT step integer, OUT from_version text, OUT to_version text, OUT script text,
    OUT duration interval, OUT rows_dropped bigint)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_migrate';
COMMENT ON FUNCTION assoc.migrate(text, text) IS
'SELECT * FROM assoc.migrate(''todo_app'');
Takes a package up to a version (left out: the default version of its control file), one script at a time, in one transaction; creates it if it is not there. A row for each script that ran; none, and a NOTICE, when there is nothing to do. Sessions that call it at once wait for each other. A script that fails leaves nothing; the error names it, the line and the statement.';

CREATE FUNCTION assoc.undo(package text, steps integer DEFAULT 1, version text DEFAULT NULL,
    OUT step integer, OUT from_version text, OUT to_version text, OUT script text,
    OUT duration interval, OUT rows_dropped bigint)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_undo';
COMMENT ON FUNCTION assoc.undo(text, integer, text) IS
'SELECT * FROM assoc.undo(''todo_app'');
Takes a package down by its down scripts: so many steps, or to a version, which is the one it has afterwards. rows_dropped: rows of tables that a script dropped. The first version is undone by assoc.undo_all.';

CREATE FUNCTION assoc.undo_all(package text, confirm boolean DEFAULT false,
    OUT step integer, OUT from_version text, OUT to_version text, OUT script text,
    OUT duration interval, OUT rows_dropped bigint)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_undo_all';
COMMENT ON FUNCTION assoc.undo_all(text, boolean) IS
'SELECT * FROM assoc.undo_all(''todo_app'', confirm => true);
Takes a package down to nothing: every down script, then DROP EXTENSION, and with it its tables. Refused while they hold rows, unless confirm => true; then rows_dropped says how many were lost. The history stays.';

CREATE FUNCTION assoc_internal.migration_list(
    OUT package text, OUT version text, OUT state text, OUT is_current boolean, OUT has_down boolean,
    OUT applied_at timestamptz, OUT applied_by text, OUT duration interval, OUT script_changed boolean)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_migration_list';
COMMENT ON FUNCTION assoc_internal.migration_list() IS
    'rows of assoc.migrations: the versions there are, set against the history';

CREATE VIEW assoc.migrations AS
    SELECT package, version, state, is_current, has_down, applied_at, applied_by, duration, script_changed
    FROM assoc_internal.migration_list();
COMMENT ON VIEW assoc.migrations IS
'SELECT * FROM assoc.migrations;
Every version of every package: up, down (not applied) or missing (its scripts are gone); whether it can be undone, when, by whom and how long it was applied, and whether its script has changed since.';
GRANT SELECT ON assoc.migrations TO PUBLIC;

CREATE FUNCTION assoc.generate_migration(package text, from_version text DEFAULT NULL,
    to_version text DEFAULT NULL, OUT filename text, OUT script text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_generate_migration';
COMMENT ON FUNCTION assoc.generate_migration(text, text, text) IS
'SELECT filename, script FROM assoc.generate_migration(''todo_app'');
Writes the next version of a package, up and down: what is declared by hand about its tables, and the DDL that this needs. from_version: the version it has; to_version: left out, the next number. Save each script under its filename beside the control file; script/new-migration does.';

CREATE FUNCTION assoc.release(package text)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_release';
COMMENT ON FUNCTION assoc.release(text) IS
'SELECT assoc.release(''todo_app'');
Ends a package without touching what it made: its tables, functions and so on become ordinary ones, its declarations are by hand from then on, and its extension is dropped.';

------------------------------------------------------------------------------
-- Dump and restore
------------------------------------------------------------------------------

CREATE FUNCTION assoc.restore_preamble()
RETURNS SETOF text LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_restore_preamble';
COMMENT ON FUNCTION assoc.restore_preamble() IS
'SELECT * FROM assoc.restore_preamble();
The statements to run in an empty database before a dump of this one is restored there: each package at the version it has here, for a restore alone takes the default version.';

CREATE FUNCTION assoc.pre_restore()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_pre_restore';
COMMENT ON FUNCTION assoc.pre_restore() IS
'SELECT assoc.pre_restore();
Lifts the foreign keys between tables of packages, so that their rows can be restored in any order: with pg_restore -j, and where they refer to each other in a circle. Call it between the sections pre-data and data, and assoc.post_restore() after. For packages that you own.';

CREATE FUNCTION assoc.post_restore(OUT package text, OUT item text, OUT outcome text, OUT detail text)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_post_restore';
COMMENT ON FUNCTION assoc.post_restore() IS
'SELECT * FROM assoc.post_restore();
Puts back what assoc.pre_restore() lifted, checks every row, and compares what is there with what is declared. outcome: done; blocked (detail has the rows that break the key, which stays NOT VALID); finding (of assoc.validate).';

CREATE FUNCTION assoc.grant_owner()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_grant_owner';
COMMENT ON FUNCTION assoc.grant_owner() IS
'SELECT assoc.grant_owner();
Grants the owner of the extension what a restore needs, after REASSIGN OWNED gave it another owner.';

------------------------------------------------------------------------------
-- Validate
------------------------------------------------------------------------------

CREATE FUNCTION assoc.validate(associations text DEFAULT NULL, min_severity text DEFAULT NULL,
    fail_on text DEFAULT NULL,
    OUT severity text, OUT code text, OUT association text, OUT message text, OUT fix text, OUT detail text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_validate';
COMMENT ON FUNCTION assoc.validate(text, text, text) IS
'SELECT * FROM assoc.validate();
What is wrong between declarations, schema and packages, with what mends it. associations: only these, as for assoc.plan. min_severity: error, warning or info. fail_on => ''warning'' raises when there is a finding of that severity or worse: psql -v ON_ERROR_STOP=1 -c makes it a gate.';

------------------------------------------------------------------------------
-- DDL watch.  Event triggers are a convenience: they never fail on what does
-- not concern declarations or packages, and nothing is unsafe without them.
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.on_command_start() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_on_command_start';
COMMENT ON FUNCTION assoc_internal.on_command_start() IS
    'before DDL: lets accessors step out of the way of a drop, keeps packages from being dropped with todo_assoc';
CREATE FUNCTION assoc_internal.on_drop() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_on_drop';
COMMENT ON FUNCTION assoc_internal.on_drop() IS
    'after a drop: declarations go with the child''s side, and hold the parent''s';
CREATE FUNCTION assoc_internal.on_command_end() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_on_command_end';
COMMENT ON FUNCTION assoc_internal.on_command_end() IS
    'after DDL: follows renames, marks tables of packages for dump, notes versions, warns of hand-made DDL on them';

CREATE EVENT TRIGGER todo_assoc_start ON ddl_command_start
    WHEN TAG IN ('ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE', 'ALTER INDEX',
        'ALTER SCHEMA', 'CREATE EXTENSION', 'ALTER EXTENSION', 'DROP EXTENSION', 'DROP TABLE', 'DROP VIEW',
        'DROP MATERIALIZED VIEW', 'DROP FOREIGN TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP INDEX',
        'DROP TRIGGER', 'DROP RULE', 'DROP POLICY')
    EXECUTE FUNCTION assoc_internal.on_command_start();
COMMENT ON EVENT TRIGGER todo_assoc_start IS 'todo_assoc: before drops, renames and changes of extensions';
CREATE EVENT TRIGGER todo_assoc_drop ON sql_drop
    EXECUTE FUNCTION assoc_internal.on_drop();
COMMENT ON EVENT TRIGGER todo_assoc_drop IS 'todo_assoc: declarations of what was dropped';
CREATE EVENT TRIGGER todo_assoc_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE', 'ALTER INDEX',
        'ALTER SCHEMA', 'ALTER SEQUENCE', 'ALTER TRIGGER', 'ALTER RULE', 'CREATE EXTENSION', 'ALTER EXTENSION',
        'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SEQUENCE', 'CREATE SCHEMA', 'CREATE INDEX',
        'CREATE TRIGGER', 'CREATE RULE', 'CREATE POLICY', 'ALTER POLICY')
    EXECUTE FUNCTION assoc_internal.on_command_end();
COMMENT ON EVENT TRIGGER todo_assoc_end IS 'todo_assoc: renames, packages, hand-made changes of their tables';

-- packages that were there before the history was
INSERT INTO assoc_internal.history (package, action, to_version, applied_by, server_version, extension_version)
    SELECT e.extname, 'observed', e.extversion, SESSION_USER, pg_catalog.current_setting('server_version'), '1.1'
    FROM pg_catalog.pg_extension e
    WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension o
                      ON o.oid OPERATOR(pg_catalog.=) d.refobjid AND o.extname OPERATOR(pg_catalog.=) 'todo_assoc'
                  WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::regclass
                    AND d.objid OPERATOR(pg_catalog.=) e.oid
                    AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::regclass)
      AND e.extversion IS DISTINCT FROM (SELECT h.to_version FROM assoc_internal.history h
                                         WHERE h.package OPERATOR(pg_catalog.=) e.extname::text
                                         ORDER BY h.applied_at DESC LIMIT 1);

-- nobody needs them but us
REVOKE EXECUTE ON FUNCTION assoc_internal.settle_history(), assoc_internal.on_command_start(), assoc_internal.on_drop(), assoc_internal.on_command_end() FROM PUBLIC;

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
 ('SELECT * FROM assoc.models;  SELECT * FROM assoc.associations;     what is declared, and its status'),
 ('SELECT * FROM assoc.describe(''User'');                              one model in words'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual'),
 ('SELECT * FROM assoc.migrations;                                    the versions of packages: up, down, changed'),
 ('SELECT * FROM assoc.migrate(''todo_app'');                           take a package up; assoc.undo takes it down')
$$;
