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
