-- What is told when a reference is violated, in each option and on both sides, to the byte as by a native key: SQLSTATE,
-- message, detail, hint, and the names of schema, table, column and constraint.
SET client_min_messages = warning;
CREATE SCHEMA enforce_errors;
CREATE SCHEMA ours;
CREATE SCHEMA theirs;
SET search_path = enforce_errors;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

-- what statements come to in a schema: the error, or the rows of its tables; then all is taken back
CREATE FUNCTION outcome(name text, VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    path text := current_setting('search_path');
    result text;
BEGIN
    BEGIN
        result := told(VARIADIC format('SET LOCAL search_path = %s, %s', name, path) || statements || 'SET CONSTRAINTS ALL IMMEDIATE'::text);
        IF result = 'ok' THEN
            result := contents(name);
        END IF;
        RAISE SQLSTATE 'TA001';
    EXCEPTION WHEN SQLSTATE 'TA001' THEN
        NULL;
    END;
    PERFORM set_config('search_path', path, true);
    RETURN replace(result, name, 'SCHEMA');
END
$$;

-- all actions on delete and on update, MATCH SIMPLE and FULL, at once and deferred; column names that need quotes, and a
-- name of 63 bytes; returns what differs, and how often which SQLSTATE was told
CREATE TABLE seen (state text, different boolean);
CREATE FUNCTION try_all(parents text[], children text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    o record;
    s record;
    names text[];
    long constant text := rpad('the "parent''s key" of a child whose name is as long as it may be', 63, '.');
BEGIN
    FOR o IN SELECT row_number() OVER () AS n, d.a AS on_delete, u.a AS on_update, m.m AS match, f.f AS deferral
        FROM unnest('{NO ACTION,RESTRICT,CASCADE,SET NULL,SET DEFAULT}'::text[]) d(a), unnest('{NO ACTION,RESTRICT,CASCADE,SET NULL,SET DEFAULT}'::text[]) u(a),
            unnest('{simple,full}'::text[]) m(m), unnest('{none,deferred}'::text[]) f(f) LOOP
        FOREACH names SLICE 1 IN ARRAY '{{ours},{theirs}}'::text[] LOOP
            EXECUTE format('CREATE TABLE %1$I.p (id integer, "Te nant" text, note text, UNIQUE (id, "Te nant"));
                CREATE TABLE %1$I."Chil""dren" (id integer PRIMARY KEY, "pIt" text DEFAULT ''none'', pid integer DEFAULT 99);
                INSERT INTO %1$I.p VALUES (1, ''it''), (2, ''it''), (3, ''her''), (4, NULL);
                INSERT INTO %1$I."Chil""dren" VALUES (1, ''it'', 1), (2, ''it'', 2), (3, NULL, NULL)', names[1]);
        END LOOP;
        EXECUTE format('ALTER TABLE theirs."Chil""dren" ADD CONSTRAINT %I FOREIGN KEY ("pIt", pid) REFERENCES theirs.p ("Te nant", id)
            MATCH %s ON DELETE %s ON UPDATE %s %s', long, o.match, o.on_delete, o.on_update,
            CASE WHEN o.deferral = 'deferred' THEN 'DEFERRABLE INITIALLY DEFERRED' END);
        PERFORM enforce('enforce_errors.' || o.n, 'ours."Chil""dren"', '{pIt,pid}', '[{"table": "ours.p", "key": ["Te nant", "id"]}]',
            jsonb_build_object('name', long, 'match', o.match, 'on_delete', o.on_delete, 'on_update', o.on_update, 'deferral', o.deferral));
        FOR s IN SELECT statement, outcome('theirs', statement) AS theirs, outcome('ours', statement) AS ours FROM unnest(parents || children) statement LOOP
            INSERT INTO seen VALUES (CASE WHEN s.theirs ~ '^[0-9A-Z]{5}: ' THEN left(s.theirs, 5) ELSE 'rows' END, s.theirs <> s.ours);
            IF s.theirs <> s.ours THEN
                RETURN NEXT format(E'%s, MATCH %s ON DELETE %s ON UPDATE %s, %s\nnative:   %s\ntriggers: %s', s.statement, o.match, o.on_delete,
                    o.on_update, o.deferral, s.theirs, s.ours);
            END IF;
        END LOOP;
        DROP TABLE ours."Chil""dren", ours.p, theirs."Chil""dren", theirs.p;
    END LOOP;
END
$$;
SELECT * FROM try_all(
    ARRAY['DELETE FROM p WHERE id = 1', 'DELETE FROM p WHERE id = 3', 'DELETE FROM p', 'DELETE FROM p WHERE "Te nant" IS NULL',
        'UPDATE p SET id = id + 10 WHERE id = 2', 'UPDATE p SET id = id + 1', 'UPDATE p SET "Te nant" = upper("Te nant")', 'UPDATE p SET "Te nant" = NULL',
        'UPDATE p SET note = ''x'', id = id', 'WITH gone AS (DELETE FROM p RETURNING id) SELECT count(*) FROM gone'],
    ARRAY['INSERT INTO "Chil""dren" VALUES (4, ''it'', 9)', 'INSERT INTO "Chil""dren" VALUES (4, ''it'', 1), (5, ''her'', 2), (6, ''her'', 9)',
        'INSERT INTO "Chil""dren" VALUES (4, NULL, 1)', 'INSERT INTO "Chil""dren" VALUES (4, ''it'', NULL)', 'INSERT INTO "Chil""dren" (id) VALUES (4)',
        'UPDATE "Chil""dren" SET pid = 9', 'UPDATE "Chil""dren" SET pid = NULL', 'UPDATE "Chil""dren" SET "pIt" = ''a (b)=(c), "d" %s ü'' WHERE id = 2',
        'UPDATE "Chil""dren" SET id = id + 1', 'INSERT INTO "Chil""dren" VALUES (1, ''it'', 9) ON CONFLICT (id) DO UPDATE SET pid = excluded.pid',
        'INSERT INTO "Chil""dren" VALUES (4, ''it'', 9) ON CONFLICT DO NOTHING']);
-- RESTRICT is told as 23503 until 17, as 23001 from 18 on
SELECT CASE state WHEN '23001' THEN '23503' ELSE state END AS state, count(*) > 100 AS many, count(*) FILTER (WHERE different) AS different
    FROM seen GROUP BY 1 ORDER BY 1;

DROP SCHEMA ours, theirs, enforce_errors CASCADE;
