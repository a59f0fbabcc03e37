/* sql/todo_assoc--1.2--1.1.sql: back to 1.1 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.1'" to load this file. \quit

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
 ('SELECT * FROM assoc.models;  SELECT * FROM assoc.associations;     what is declared, and its status'),
 ('SELECT * FROM assoc.describe(''User'');                              one model in words'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual'),
 ('SELECT * FROM assoc.migrations;                                    the versions of packages: up, down, changed'),
 ('SELECT * FROM assoc.migrate(''todo_app'');                           take a package up; assoc.undo takes it down')
$$;

------------------------------------------------------------------------------
-- Diagram
------------------------------------------------------------------------------

DROP FUNCTION assoc.diagram(text, text);

------------------------------------------------------------------------------
-- Import of what exists
------------------------------------------------------------------------------

DROP FUNCTION assoc.import_foreign_keys(text, boolean);

------------------------------------------------------------------------------
-- Scan for orphans
------------------------------------------------------------------------------

DROP FUNCTION assoc_internal.scan_orphans(regclass, text[], regclass, text[], integer);
DROP FUNCTION assoc_internal.scan_references(regclass, regclass[], text[], text[], text[], text[]);

------------------------------------------------------------------------------
-- Progress of long work
------------------------------------------------------------------------------

DROP VIEW assoc.running;

------------------------------------------------------------------------------
-- Rows: orphans, repair
------------------------------------------------------------------------------

-- 1.1 has no place that only some may read.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM assoc_internal.quarantine) THEN
        RAISE EXCEPTION 'cannot go back to 1.1 while rows are in quarantine'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Put back what you need of them, then: DELETE FROM assoc_internal.quarantine;';
    END IF;
END
$$;
DROP PROCEDURE assoc.repair(text, text, integer);
DROP FUNCTION assoc_internal.repair_batch(text, text, integer, oid, text, bigint, bigint);
DROP FUNCTION assoc_internal.repair_plan(text, text, integer);
DROP FUNCTION assoc.orphans(text, integer);
DROP VIEW assoc.quarantined;
-- DROP TABLE alone would leave the mark for dump behind
ALTER EXTENSION todo_assoc DROP TABLE assoc_internal.quarantine;
DROP TABLE assoc_internal.quarantine;

------------------------------------------------------------------------------
-- Findings: validate, ignore
------------------------------------------------------------------------------

-- 1.1 ignores nothing; what 1.2 did is kept where rows are set aside, dumped, and found again.
INSERT INTO assoc_internal.conflict (config_table, name, declarer, incoming)
    SELECT 'ignored', pg_catalog.concat_ws(' of ', i.code, NULLIF(i.association, '')), '', pg_catalog.to_jsonb(i)
    FROM assoc_internal.ignored i ON CONFLICT DO NOTHING;
-- DROP TABLE alone would leave the mark for dump behind
ALTER EXTENSION todo_assoc DROP TABLE assoc_internal.ignored;
DROP TABLE assoc_internal.ignored;

DROP FUNCTION assoc.ignore(text, text, text);
DROP FUNCTION assoc.ignore_all(text);
DROP FUNCTION assoc.unignore(text, text);
DROP FUNCTION assoc.validate(text, text, text, boolean);
CREATE FUNCTION assoc.validate(associations text DEFAULT NULL, min_severity text DEFAULT NULL,
    fail_on text DEFAULT NULL,
    OUT severity text, OUT code text, OUT association text, OUT message text, OUT fix text, OUT detail text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_validate';
COMMENT ON FUNCTION assoc.validate(text, text, text) IS
'SELECT * FROM assoc.validate();
What is wrong between declarations, schema and packages, with what mends it. associations: only these, as for assoc.plan. min_severity: error, warning or info. fail_on => ''warning'' raises when there is a finding of that severity or worse: psql -v ON_ERROR_STOP=1 -c makes it a gate.';
