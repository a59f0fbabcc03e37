/* sql/todo_assoc--1.1--1.2.sql: findings, repair, import, diagram */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.2'" to load this file. \quit

------------------------------------------------------------------------------
-- Findings: validate, ignore
------------------------------------------------------------------------------

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
    OUT number integer, OUT query text, OUT words text, OUT commits boolean)
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
    changed bigint;
    mended bigint;
    passes integer;
    told timestamptz := pg_catalog.clock_timestamp();
BEGIN
    FOR job IN SELECT p.number, p.query, p.words, p.commits
               FROM assoc_internal.repair_plan(association, action, batch_size) p LOOP
        mended := 0;
        passes := 0;
        LOOP
            changed := 0;
            passes := passes OPERATOR(pg_catalog.+) 1;
            FOR batch IN EXECUTE job.query LOOP
                changed := changed OPERATOR(pg_catalog.+) assoc_internal.repair_batch(association, action, job.number,
                    batch.relation, batch.places, changed, batch.total);
                IF job.commits THEN
                    COMMIT;
                END IF;
                IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) told OPERATOR(pg_catalog.>)
                    '10 s'::pg_catalog.interval THEN
                    told := pg_catalog.clock_timestamp();
                    RAISE NOTICE '%: %: % of %', association, job.words, changed, batch.total;
                END IF;
            END LOOP;
            mended := mended OPERATOR(pg_catalog.+) changed;
            EXIT WHEN changed OPERATOR(pg_catalog.=) 0;
            IF passes OPERATOR(pg_catalog.=) 10 THEN
                RAISE WARNING '%: rows are still bad after 10 passes', association
                    USING DETAIL = 'A trigger undoes what repair does, or another session makes new ones.';
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
    SELECT r.pid, r.usename AS "user", m.part[4] AS association, m.part[1] AS what, m.part[2]::pg_catalog.int8 AS rows,
        pg_catalog.round(m.part[2]::pg_catalog."numeric" OPERATOR(pg_catalog./)
            NULLIF(m.part[3]::pg_catalog."numeric", 0), 3) AS fraction,
        pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.query_start AS elapsed
    FROM pg_catalog.pg_stat_activity r
    CROSS JOIN LATERAL pg_catalog.regexp_match(r.query, '^todo_assoc (\w+)(?: (\d{1,18})/(\d{1,18}))?: (.*)$') AS m(part)
    WHERE r.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND r.state OPERATOR(pg_catalog.=) 'active'
        AND m.part IS NOT NULL;
COMMENT ON VIEW assoc.running IS
'SELECT * FROM assoc.running;
Checks of rows and repairs that run now in this database: at which association, how many rows are mended, and which part of all. Of other roles'' sessions only for members of pg_read_all_stats. pg_cancel_backend(pid) ends one; what repair has committed stays.';
GRANT SELECT ON assoc.running TO PUBLIC;

------------------------------------------------------------------------------
-- Import of what exists
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- Diagram
------------------------------------------------------------------------------

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------
