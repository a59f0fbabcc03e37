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

CREATE FUNCTION assoc.diagram(format text DEFAULT 'mermaid', associations text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_diagram_text';
COMMENT ON FUNCTION assoc.diagram(text, text) IS
'SELECT assoc.diagram();
The declared models as a picture: ''mermaid'' (an erDiagram, which GitHub and many editors draw) or ''dot'' (Graphviz; script/diagram makes SVG and PNG of it). associations: only these, as for assoc.plan. A solid line is enforced by a foreign key; a dashed one is planned, NOT VALID, not enforced or broken, and says so.';

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------
