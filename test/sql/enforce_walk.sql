-- Many keys of one statement, found by walking the index from one to the next.
SET client_min_messages = warning;
CREATE SCHEMA enforce_walk;
SET search_path = enforce_walk;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

-- Inserts children with these keys of the parents' numbers, and says how many parents are locked by that; all must be
-- referred to. Or else which key was refused. There are none then.
CREATE FUNCTION tried(kind text, numbers text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    locked bigint;
    wrong bigint;
BEGIN
    EXECUTE format('INSERT INTO %I (fk) SELECT k.key FROM (%s) AS n (n) JOIN %I k ON k.n = n.n', kind || ' c', numbers, kind || ' k');
    EXECUTE format('SELECT count(*) FILTER (WHERE locked), count(*) FILTER (WHERE locked <> due)
        FROM (SELECT p.xmax = pg_current_xact_id()::xid AS locked, c.fk IS NOT NULL AS due
            FROM %2$I p LEFT JOIN (SELECT DISTINCT fk FROM %1$I) c ON c.fk = p.id) l', kind || ' c', kind || ' p') INTO locked, wrong;
    EXECUTE format('TRUNCATE %I', kind || ' c');
    RETURN locked || ' locked' || CASE WHEN wrong > 0 THEN format(', of %s that is not right', wrong) ELSE '' END;
END
$$;
CREATE FUNCTION refused(kind text, numbers text, missing int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    wanted text;
BEGIN
    EXECUTE format('SELECT key FROM %I WHERE n = $1', kind || ' k') INTO wanted USING missing;
    RETURN tried(kind, numbers);
EXCEPTION WHEN foreign_key_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN CASE WHEN detail = format('Key (fk)=(%s) is not present in table "%s p".', wanted, kind) THEN 'the right key refused' ELSE detail END;
END
$$;

-- key of the parent with number i, of 1 to 6000, in no order; numbers above 6000 have a key but no parent, as have 3001 to 3500
CREATE TABLE kinds (kind text, parent_type text, child_type text, key text, "unique" boolean);
INSERT INTO kinds VALUES ('integer', 'integer', 'integer', 'i', true),
    ('falling', 'integer', 'integer', '-i', true),
    ('bigint', 'bigint', 'bigint', 'i * 10000000000 - 5', true),
    ('narrow', 'bigint', 'smallint', 'i', true),
    ('wide', 'integer', 'bigint', 'i * 7', true),
    ('oid', 'oid', 'oid', '(4294960000 + i)::oid', true),
    ('float', 'double precision', 'double precision', '(3000 - i)::double precision', true),
    ('date', 'date', 'date', 'date ''2000-01-01'' - 3000 + i', true),
    ('numeric', 'numeric', 'numeric', '(i - 3000) / 8.0', true),
    ('text', 'text', 'text', '''k'' || i', true),
    ('uuid', 'uuid', 'uuid', 'md5(i::text)::uuid', true),
    ('twice', 'integer', 'integer', 'i', false);
SELECT format('CREATE TABLE %I AS SELECT i AS n, (%s)::%s AS key FROM generate_series(1, 6500) i', kind || ' k', key, child_type),
    format('CREATE TABLE %I AS SELECT key::%s AS id FROM %I, generate_series(1, %s) WHERE n <= 6000 AND n NOT BETWEEN 3001 AND 3500 ORDER BY hashint4(n)',
        kind || ' p', parent_type, kind || ' k', CASE WHEN "unique" THEN 1 ELSE 2 END),
    format('CREATE %s INDEX ON %I (id)', CASE WHEN "unique" THEN 'UNIQUE' ELSE '' END, kind || ' p'),
    format('CREATE TABLE %I (fk %s)', kind || ' c', child_type)
FROM kinds \gexec
SELECT enforce(kind, quote_ident(kind || ' c')::regclass, '{fk}', jsonb_build_array(jsonb_build_object('table', quote_ident(kind || ' p'),
    'key', '{id}'::text[])), '{"mode": "statement"}') FROM kinds;

-- of a key that several rows have, any one will do
CREATE TABLE numbers (what text, numbers text);
INSERT INTO numbers VALUES ('all', 'SELECT i FROM generate_series(1, 6000) i WHERE i NOT BETWEEN 3001 AND 3500'),
    ('a third, twice', 'SELECT i * 3 FROM generate_series(1, 1000) i, generate_series(1, 2)'),
    ('few of many', 'SELECT i * 11 FROM generate_series(1, 545) i WHERE i * 11 NOT BETWEEN 3001 AND 3500'),
    ('near, then far', 'SELECT i FROM generate_series(1, 1500) i UNION ALL SELECT 3501 + i * 19 FROM generate_series(1, 130) i'),
    ('far, then near', 'SELECT i * 19 FROM generate_series(1, 130) i UNION ALL SELECT i FROM generate_series(3501, 6000) i'),
    ('not worth a trial', 'SELECT i FROM generate_series(1, 255) i'),
    ('all but a few', 'SELECT i FROM generate_series(1, 6000) i WHERE i NOT BETWEEN 3001 AND 3500 AND i % 100 <> 0');
-- each in a transaction of its own, for the locks stay to its end
\set ECHO none
SELECT format('SELECT %L, %L, tried(%2$L, %L)', what, kind, numbers) FROM numbers, kinds WHERE kind <> 'twice' ORDER BY what, kind \gexec
\set ECHO all
SELECT refused(kind, numbers || ' UNION ALL SELECT ' || missing, missing), count(*), string_agg(DISTINCT kind, ', ') FILTER (WHERE kind = 'twice') AS also
FROM numbers, kinds, unnest('{3001,3250,6001}'::int[]) missing WHERE what IN ('all', 'few of many', 'near, then far') GROUP BY 1;
-- the rows that were read as the statement goes are of several lots
SET work_mem = '64kB';
SELECT what, kind, tried(kind, numbers) FROM numbers, kinds WHERE what = 'all' AND kind IN ('integer', 'float', 'uuid') ORDER BY kind;
RESET work_mem;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT tried('integer', numbers) FROM numbers WHERE what = 'a third, twice';
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tried('integer', numbers) FROM numbers WHERE what = 'a third, twice';
COMMIT;

-- rows that went away and came back in the index's way
DELETE FROM "integer p" WHERE id % 3 = 1;
INSERT INTO "integer p" SELECT i FROM generate_series(1, 3000) i WHERE i % 6 = 1;
UPDATE "integer p" SET id = id + 10000 WHERE id BETWEEN 4000 AND 5000;
SELECT tried('integer', 'SELECT i FROM generate_series(1, 3000) i WHERE i % 6 <> 4');
SELECT refused('integer', 'SELECT i FROM generate_series(1, 3000) i WHERE i % 6 <> 4 OR i = 1006', 1006);
SELECT refused('integer', 'SELECT i FROM generate_series(3501, 6000) i WHERE i % 3 <> 1', 4001);

-- parents that may not be referred to stand among those that may
CREATE TABLE "scope p" (id int PRIMARY KEY, role text, "deletedAt" timestamp);
CREATE TABLE "scope c" (fk int);
INSERT INTO "scope p" SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, CASE WHEN i = 1500 THEN timestamp 'epoch' END FROM generate_series(1, 2000) i;
SELECT enforce('scope', '"scope c"', '{fk}', '[{"table": "\"scope p\"", "key": ["id"], "scope": {"role": "even"}, "soft_delete": "deletedAt"}]', '{"mode": "statement"}');
INSERT INTO "scope c" SELECT i FROM generate_series(2, 1498, 2) i;
INSERT INTO "scope c" SELECT i FROM generate_series(2, 1498, 2) i UNION ALL SELECT 777;
INSERT INTO "scope c" SELECT i FROM generate_series(2, 2000, 2) i;
INSERT INTO "scope c" SELECT i FROM generate_series(2, 2002, 2) i WHERE i <> 1500;
SELECT count(*) FROM "scope c";

SET client_min_messages = warning;
RESET search_path;
DROP SCHEMA enforce_walk CASCADE;
