/* sql/todo_assoc--1.1--1.2.sql: findings, repair, import, diagram */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.2'" to load this file. \quit

------------------------------------------------------------------------------
-- Findings: validate, ignore
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Rows: orphans, repair
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Progress of long work
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Import of what exists
------------------------------------------------------------------------------

CREATE FUNCTION assoc.import_foreign_keys(schemas text DEFAULT NULL, declare boolean DEFAULT false,
    OUT kind text, OUT name text, OUT "table" text, OUT target text, OUT foreign_key text, OUT status text,
    OUT inferred text, OUT evidence text, OUT statement text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_import_foreign_keys';
COMMENT ON FUNCTION assoc.import_foreign_keys(text, boolean) IS
'SELECT * FROM assoc.import_foreign_keys(''app'', declare => true);
Models and associations from the foreign keys that the tables have; declare => true declares them, all or nothing, and plan() has nothing to do for them. schemas: ''app, billing''; NULL is every schema of users. Proposals from the names of columns without a key are shown with the share of values that match, and never declared. status: new, declared, skipped (inferred says why), proposed.';

------------------------------------------------------------------------------
-- Diagram
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------
