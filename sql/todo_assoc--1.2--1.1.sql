/* sql/todo_assoc--1.2--1.1.sql: back to 1.1 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.1'" to load this file. \quit

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Diagram
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Import of what exists
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Progress of long work
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Rows: orphans, repair
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Findings: validate, ignore
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Membership filter
------------------------------------------------------------------------------

DROP FUNCTION assoc_internal.scan_orphans(regclass, text[], regclass, text[], integer);
DROP AGGREGATE assoc_internal.orphan_keys(bigint, integer, "any");
DROP FUNCTION assoc_internal.orphan_keys_add(internal, bigint, integer, "any");
DROP FUNCTION assoc_internal.orphan_keys_merge(internal, internal);
DROP FUNCTION assoc_internal.orphan_keys_write(internal);
DROP FUNCTION assoc_internal.orphan_keys_read(bytea, internal);
DROP FUNCTION assoc_internal.orphan_keys_result(internal);
