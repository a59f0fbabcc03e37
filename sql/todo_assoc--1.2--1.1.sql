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
