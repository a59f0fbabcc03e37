-- Keys of all kinds of types, of several columns and under odd names: what triggers enforce is what a native key enforces.
SET client_min_messages = warning;
CREATE SCHEMA enforce_types;
CREATE SCHEMA ours;
CREATE SCHEMA theirs;
SET search_path = enforce_types;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x int, y text);
CREATE DOMAIN whole AS int CHECK (VALUE >= 0);
CREATE DOMAIN label AS varchar(20);

-- typed(child type, parent type, two keys, one that is missing, one as the child may write it, if it may): both ways of looking
CREATE FUNCTION typed(child text, parent text, first text, second text, missing text, other text DEFAULT NULL)
    RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    name text;
    way text;
    reference text := format('%s to %s, not %s', child, parent, missing);
BEGIN
    FOREACH name IN ARRAY ARRAY['ours', 'theirs'] LOOP
        EXECUTE format('CREATE TABLE %I.p (id %s PRIMARY KEY)', name, parent);
        EXECUTE format('CREATE TABLE %I.c (id int PRIMARY KEY, r %s, note text)', name, child);
        EXECUTE format('INSERT INTO %I.p VALUES (%L), (%L)', name, first, second);
    END LOOP;
    ALTER TABLE theirs.c ADD FOREIGN KEY (r) REFERENCES theirs.p;
    PERFORM enforce(reference, 'ours.c', '{r}', '[{"table": "ours.p", "key": ["id"]}]');
    FOREACH way IN ARRAY ARRAY['query', 'auto'] LOOP
        PERFORM probe(way);
        RETURN NEXT format('%s to %s, %s: %s', child, parent, way, concat_ws(', ',
            twin(format('INSERT INTO c VALUES (1, %L), (2, %L), (3, NULL), (4, %1$L)', first, second)),
            twin(format('UPDATE c SET r = %L', second)),
            twin(format('UPDATE c SET r = %L', coalesce(other, first))),
            twin(format('UPDATE c SET r = %L', missing)),
            twin(format('INSERT INTO c VALUES (5, %L)', missing)),
            twin('DELETE FROM c')));
    END LOOP;
    PERFORM unenforce(reference);
    DROP TABLE ours.c, ours.p, theirs.c, theirs.p;
END $$;
SELECT typed('int', 'int', '1', '2', '3');
SELECT typed('int8', 'int', '1', '2', '3000000000');
SELECT typed('int', 'int8', '1', '2', '3');
SELECT typed('int2', 'int8', '1', '-2', '3');
SELECT typed('int8', 'int2', '1', '-2', '70000');
SELECT typed('int', 'numeric', '1', '2', '3');
SELECT typed('numeric', 'numeric', '1.0', '2.50', '3', '1.00');
SELECT typed('whole', 'int', '1', '2', '3');
SELECT typed('int', 'whole', '1', '2', '3');
SELECT typed('whole', 'int8', '1', '2', '3');
SELECT typed('float4', 'float8', '0', '1.5', '2.5', '-0');
SELECT typed('int', 'float8', '0', '1', '2');
SELECT typed('text', 'text', 'a', 'B', 'b');
SELECT typed('text', 'text', 'a', repeat('long ', 50), repeat('long ', 49));
SELECT typed('varchar(9)', 'text', 'a', 'b ', 'b');
SELECT typed('label', 'varchar', 'a', 'b', 'c');
SELECT typed('char(5)', 'char(9)', 'a', 'b', 'c', 'a  ');
SELECT typed('char(5)', 'text', 'a', 'b', 'c', 'a  ');
SELECT typed('name', 'text', 'a', 'b', 'c');
SELECT typed('text', 'name', 'a', 'b', 'c');
SELECT typed('text COLLATE "C"', 'text COLLATE "POSIX"', 'a', 'b', 'c');
SELECT typed('"char"', '"char"', 'a', 'b', 'c');
SELECT typed('uuid', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13');
SELECT typed('date', 'date', '2026-01-01', '2026-01-02', '2026-01-03');
SELECT typed('date', 'timestamp', '2026-01-01', '2026-01-02', '2026-01-03');
SELECT typed('date', 'timestamptz', '2026-01-01', '2026-01-02', '2026-01-03');
SELECT typed('timestamptz', 'date', '2026-01-01', '2026-01-02', '2026-01-03');
SELECT typed('timetz', 'timetz', '10:00+00', '11:00+00', '12:00+00');
SELECT typed('interval', 'interval', '1 day', '2 days', '3 days', '24 hours');
SELECT typed('bytea', 'bytea', '\x00', '\x0102', '\x01');
SELECT typed('oid', 'oid', '1', '4000000000', '2');
SELECT typed('inet', 'inet', '10.0.0.1', '10.0.0.2', '10.0.0.3');
SELECT typed('cidr', 'inet', '10.0.0.1', '10.0.0.0/8', '10.0.0.3');
SELECT typed('macaddr', 'macaddr', '08:00:2b:01:02:03', '08:00:2b:01:02:04', '08:00:2b:01:02:05');
SELECT typed('bit(3)', 'bit(3)', '101', '111', '000');
SELECT typed('money', 'money', '1.50', '2', '3');
SELECT typed('jsonb', 'jsonb', '{"a": 1}', '[2]', '3', '{"a":1.0}');
SELECT typed('int[]', 'int[]', '{1,2}', '{}', '{1}');
SELECT typed('int4range', 'int4range', '[1,5)', 'empty', '[1,6)', '[1,4]');
SELECT typed('mood', 'mood', 'sad', 'happy', 'ok');
SELECT typed('pair', 'pair', '(1,a)', '(2,b)', '(1,b)');

-- several columns: the index has them in another order than the reference, and one more index serves a part
SELECT probe('auto');
CREATE TABLE ours.p (a int, "B c" text, d date, note text, PRIMARY KEY (d, a, "B c"));
CREATE TABLE theirs.p (a int, "B c" text, d date, note text, PRIMARY KEY (d, a, "B c"));
CREATE INDEX ON ours.p (a);
CREATE TABLE ours.c (id int PRIMARY KEY, "The key's ""text""" varchar, x int8, y timestamp);
CREATE TABLE theirs.c (id int PRIMARY KEY, "The key's ""text""" varchar, x int8, y timestamp);
ALTER TABLE theirs.c ADD CONSTRAINT "odd ""name""" FOREIGN KEY ("The key's ""text""", x, y) REFERENCES theirs.p ("B c", a, d);
SELECT enforce('c', 'ours.c', '{"The key''s \"text\"", x, y}', '[{"table": "ours.p", "key": ["B c", "a", "d"]}]', '{"name": "odd \"name\""}');
SELECT twin('INSERT INTO p VALUES (1, ''one'', ''2026-01-01''), (1, ''two'', ''2026-01-01''), (2, ''one'', ''2026-01-02'')');
SELECT twin('INSERT INTO c VALUES (1, ''one'', 1, ''2026-01-01''), (2, ''two'', 1, ''2026-01-01''), (3, ''one'', 2, ''2026-01-02'')');
SELECT twin('INSERT INTO c VALUES (4, ''one'', 1, ''2026-01-02'')');
SELECT twin('INSERT INTO c VALUES (4, ''one'', 1, ''2026-01-01 12:00'')');
SELECT twin('INSERT INTO c VALUES (4, ''three'', 1, NULL), (5, NULL, NULL, NULL), (6, ''one'', 3, ''2026-01-01'')');
SELECT twin('INSERT INTO c VALUES (4, ''three'', 1, NULL), (5, NULL, NULL, NULL)');
SELECT twin('UPDATE c SET y = ''2026-01-01'' WHERE id = 4');
SELECT twin('UPDATE c SET y = ''2026-01-01'', "The key''s ""text""" = ''two'' WHERE id = 4');
SELECT probe('query');
SELECT twin('UPDATE c SET y = ''2026-01-02'' WHERE id = 4');
SELECT twin('UPDATE c SET y = ''2026-01-02'', "The key''s ""text""" = ''one'', x = 2 WHERE id = 4');
SELECT probe('auto');
SELECT unenforce('c');
TRUNCATE ours.c, theirs.c;
ALTER TABLE theirs.c DROP CONSTRAINT "odd ""name""";
ALTER TABLE theirs.c ADD FOREIGN KEY ("The key's ""text""", x, y) REFERENCES theirs.p ("B c", a, d) MATCH FULL;
SELECT enforce('c full', 'ours.c', '{"The key''s \"text\"", x, y}', '[{"table": "ours.p", "key": ["B c", "a", "d"]}]',
    jsonb_build_object('name', (SELECT conname FROM pg_constraint WHERE conrelid = 'theirs.c'::regclass AND contype = 'f'), 'match', 'full'));
SELECT twin('INSERT INTO c VALUES (1, ''one'', 1, ''2026-01-01''), (2, NULL, NULL, NULL)');
SELECT twin('INSERT INTO c VALUES (3, ''one'', 1, NULL)');
SELECT twin('UPDATE c SET x = NULL WHERE id = 1');
SELECT twin('UPDATE c SET x = 2 WHERE id = 2');
SELECT twin('INSERT INTO c VALUES (3, ''one'', 1, NULL)', 'DELETE FROM c WHERE id = 3');
SELECT twin('UPDATE c SET x = NULL, y = NULL, "The key''s ""text""" = NULL');
SELECT unenforce('c full');
DROP TABLE ours.c, theirs.c, ours.p, theirs.p;

-- a key that is not unique: any row that has it will do, as long as there is one
CREATE TABLE ours.p (id int PRIMARY KEY, code int);
CREATE TABLE ours.c (id int PRIMARY KEY, code int);
CREATE INDEX ON ours.p (code);
SELECT enforce('c code', 'ours.c', '{code}', '[{"table": "ours.p", "key": ["code"]}]', '{"ending": true}');
INSERT INTO ours.p VALUES (1, 1), (2, 1), (3, 2);
SELECT told('INSERT INTO ours.c VALUES (1, 1), (2, 2)');
SELECT told('INSERT INTO ours.c VALUES (3, 3)');
SELECT told('DELETE FROM ours.p WHERE id = 1');
SELECT told('INSERT INTO ours.c VALUES (3, 1)');
SELECT told('DELETE FROM ours.p WHERE id = 2');
SELECT told('INSERT INTO ours.c VALUES (4, 2)', 'UPDATE ours.p SET code = 2 WHERE id = 2');
-- and one without an index at all
DROP INDEX ours.p_code_idx;
SELECT told('INSERT INTO ours.c VALUES (5, 1)');
SELECT told('INSERT INTO ours.c VALUES (6, 3)');
SELECT unenforce('c code');

SET client_min_messages = warning;
DROP SCHEMA ours, theirs, enforce_types CASCADE;
