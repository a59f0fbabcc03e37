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

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Membership filter
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.orphan_keys_add(state internal, key_set bigint, max_samples integer, VARIADIC keys "any")
RETURNS internal LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ta_orphan_keys_add';
COMMENT ON FUNCTION assoc_internal.orphan_keys_add(internal, bigint, integer, "any") IS
'of the aggregate orphan_keys: looks one key up';
CREATE FUNCTION assoc_internal.orphan_keys_merge(state internal, other internal)
RETURNS internal LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ta_orphan_keys_merge';
COMMENT ON FUNCTION assoc_internal.orphan_keys_merge(internal, internal) IS
'of the aggregate orphan_keys: adds what another worker found';
CREATE FUNCTION assoc_internal.orphan_keys_write(state internal)
RETURNS bytea LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ta_orphan_keys_write';
COMMENT ON FUNCTION assoc_internal.orphan_keys_write(internal) IS
'of the aggregate orphan_keys: writes down what a worker found';
CREATE FUNCTION assoc_internal.orphan_keys_read(written bytea, state internal)
RETURNS internal LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ta_orphan_keys_read';
COMMENT ON FUNCTION assoc_internal.orphan_keys_read(bytea, internal) IS
'of the aggregate orphan_keys: reads what a worker found';
CREATE FUNCTION assoc_internal.orphan_keys_result(state internal)
RETURNS text LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ta_orphan_keys_result';
COMMENT ON FUNCTION assoc_internal.orphan_keys_result(internal) IS
'of the aggregate orphan_keys: what all of them found';
CREATE AGGREGATE assoc_internal.orphan_keys(key_set bigint, max_samples integer, VARIADIC keys "any") (
    SFUNC = assoc_internal.orphan_keys_add, STYPE = internal, FINALFUNC = assoc_internal.orphan_keys_result,
    COMBINEFUNC = assoc_internal.orphan_keys_merge, SERIALFUNC = assoc_internal.orphan_keys_write,
    DESERIALFUNC = assoc_internal.orphan_keys_read, PARALLEL = SAFE);
COMMENT ON AGGREGATE assoc_internal.orphan_keys(bigint, integer, "any") IS
'counts the keys that are not in a set that scan_orphans() has made; of no use by itself';

CREATE FUNCTION assoc_internal.scan_orphans(child regclass, child_columns text[], parent regclass, parent_columns text[],
    max_samples integer DEFAULT 10, OUT method text, OUT count bigint, OUT samples jsonb)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_scan_orphans_call';
COMMENT ON FUNCTION assoc_internal.scan_orphans(regclass, text[], regclass, text[], integer) IS
'Counts the rows of child that refer to no row of parent, nulls aside, and shows some of their keys. Needs SELECT on both; row security applies. method: bitmap or hash, one scan of each table; or anti_join, for types, collations or sizes that these cannot do.';
