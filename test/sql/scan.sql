-- Orphans found by one scan of each table are those that the anti-join finds, whatever the type of the key.
CREATE SCHEMA scan;
SET search_path = scan;
-- what is found, by which method; and whether the anti-join and the number of samples agree
CREATE FUNCTION found(child regclass, columns text[], parent regclass, keys text[], max_samples integer DEFAULT 10)
RETURNS TABLE (method text, count bigint, samples jsonb, agrees boolean) LANGUAGE plpgsql AS $$
DECLARE
    anti_join bigint;
    expected bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s c WHERE (%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)', child,
        (SELECT string_agg(format('c.%I IS NOT NULL', c), ' AND ') FROM unnest(columns) c), parent,
        (SELECT string_agg(format('p.%I = c.%I', k, c), ' AND ') FROM unnest(columns, keys) AS u(c, k))) INTO anti_join;
    SELECT s.method, s.count, s.samples INTO found.method, found.count, found.samples
    FROM assoc_internal.scan_orphans(child, columns, parent, keys, max_samples) s;
    expected := least(found.count, max_samples);
    found.agrees := found.count = anti_join AND coalesce(jsonb_array_length(found.samples) = expected, true);
    found.samples := (SELECT jsonb_agg(e ORDER BY e) FROM jsonb_array_elements(found.samples) e);
    RETURN NEXT;
END $$;

--
-- Integers: a bitmap; of other sizes; of a wide range: a hash set.
--
CREATE TABLE "Users" (id integer PRIMARY KEY, small smallint UNIQUE, big bigint UNIQUE, wide bigint UNIQUE);
INSERT INTO "Users" SELECT i, i, i, i::bigint * 100000000000 FROM generate_series(-5, 100) i WHERE i <> 50;
CREATE TABLE "Todos" (id integer PRIMARY KEY, "user Id" integer, small smallint, big bigint);
INSERT INTO "Todos" SELECT i, i, i, i FROM generate_series(-7, 103) i;
INSERT INTO "Todos" VALUES (1000, NULL, NULL, NULL), (1001, 2147483647, 32767, 9223372036854775807), (1002, -2147483648, -32768, -9223372036854775808);
SELECT * FROM found('"Todos"', '{"user Id"}', '"Users"', '{id}');
SELECT * FROM found('"Todos"', '{"user Id"}', '"Users"', '{id}', 0);
SELECT method, count, jsonb_array_length(samples), agrees FROM found('"Todos"', '{"user Id"}', '"Users"', '{id}', 3);
SELECT c, k, method, count, agrees FROM unnest('{"user Id",small,big}'::text[]) c, unnest('{id,small,big,wide}'::text[]) k,
    LATERAL found('"Todos"', ARRAY[c], '"Users"', ARRAY[k]) ORDER BY 1, 2;
INSERT INTO "Users" VALUES (1000, 1000, 9223372036854775807, 1), (1001, 1001, -9223372036854775808, 2);
SELECT * FROM found('"Todos"', '{big}', '"Users"', '{big}');
-- no parents, no children
CREATE TABLE none (id integer PRIMARY KEY);
SELECT method, count, agrees FROM found('"Todos"', '{small}', 'none', '{id}');
SELECT * FROM found('none', '{id}', '"Todos"', '{id}');
-- itself; rows deleted and updated in this transaction
BEGIN;
DELETE FROM "Users" WHERE id = 7;
UPDATE "Users" SET id = 50 WHERE id = 8;
SELECT * FROM found('"Todos"', '{"user Id"}', '"Users"', '{id}');
ROLLBACK;
SELECT * FROM found('"Todos"', '{"user Id"}', '"Todos"', '{id}');

--
-- Other types; values that are equal and look different.
--
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN code AS text CHECK (VALUE <> 'no');
CREATE TABLE parents (uuid uuid, text text, varchar varchar(40), name name, bpchar char(8), bytea bytea, numeric numeric,
    float4 float4, float8 float8, date date, timestamptz timestamptz, timestamp timestamp, time time, oid oid, bool bool, mood mood,
    code code, mac macaddr, money money, char "char");
CREATE TABLE children (LIKE parents);
INSERT INTO parents VALUES ('00000000-0000-0000-0000-00000000000a', 'a', 'v', 'n', 'b  ', '\x00', 1.50, '-0', 'NaN', '2020-01-01',
    '2020-01-01 00:00+00', '2020-01-01', '10:00', 1, true, 'ok', 'yes', '08:00:2b:01:02:03', '1', 'x'),
    ('00000000-0000-0000-0000-00000000000b', 'ä', '', '', '', '\x', 'NaN', 0.1, 'Infinity', 'infinity', 'infinity', '-infinity',
    '24:00', 4294967295, NULL, 'sad', '', '08:00:2b:01:02:04', '-1', '');
INSERT INTO parents DEFAULT VALUES;
INSERT INTO children VALUES ('00000000-0000-0000-0000-00000000000a', 'a', 'v', 'n', 'b', '\x00', 1.5, '0', 'NaN', '2020-01-01',
    '2020-01-01 00:00+00', '2020-01-01', '10:00', 1, true, 'ok', 'yes', '08:00:2b:01:02:03', '1', 'x'),
    ('00000000-0000-0000-0000-00000000000b', 'ä', '', '', '  ', '\x', 'NaN', 0.1, 'Infinity', 'infinity', 'infinity', '-infinity',
    '24:00', 4294967295, NULL, 'sad', '', '08:00:2b:01:02:04', '-1', ''),
    ('00000000-0000-0000-0000-00000000000c', 'a ', 'V', 'N', ' b', '\x0000', 1.51, '0.2', '-Infinity', '2020-01-02',
    '2020-01-01 00:01+00', '2020-01-02', '10:01', 2, false, 'happy', 'y"es', '08:00:2b:01:02:05', '2', 'y');
INSERT INTO children DEFAULT VALUES;
SET datestyle = 'ISO'; SET timezone = 'UTC'; SET lc_monetary = 'C';
SELECT attname, f.* FROM pg_attribute, found('children', ARRAY[attname::text], 'parents', ARRAY[attname::text]) f
    WHERE attrelid = 'parents'::regclass AND attnum > 0 ORDER BY attnum;
-- of two types
SELECT c || ' to ' || k AS types, f.* FROM (VALUES ('text', 'varchar'), ('varchar', 'text'), ('bpchar', 'text'), ('text', 'name'), ('name', 'text'),
    ('float4', 'float8'), ('float8', 'float4'), ('code', 'text'), ('text', 'code'), ('date', 'timestamp')) v(c, k),
    found('children', ARRAY[c], 'parents', ARRAY[k]) f ORDER BY 1;
SELECT f.* FROM found('"Todos"', '{small}', 'parents', '{numeric}', 0) f;
SELECT f.* FROM found('"Todos"', '{id}', 'parents', '{float8}', 0) f;
-- what bytes do not tell: the anti-join
CREATE TABLE odd (ip inet, range int4range, span interval, list int[]);
INSERT INTO odd VALUES ('1.2.3.4', '[1,3)', '1 day', '{1}');
SELECT attname, f.* FROM pg_attribute, found('odd', ARRAY[attname::text], 'odd', ARRAY[attname::text]) f
    WHERE attrelid = 'odd'::regclass AND attnum > 0 ORDER BY attnum;

--
-- Several columns: a boundary that moves makes another key; a null anywhere refers to nothing.
--
CREATE TABLE pairs (a text, b text, c integer, PRIMARY KEY (a, b, c));
INSERT INTO pairs VALUES ('a', 'bc', 1), ('', 'x', 2);
CREATE TABLE uses (a text, b text, c bigint);
INSERT INTO uses VALUES ('a', 'bc', 1), ('ab', 'c', 1), ('', 'x', 2), ('x', '', 2), ('a', 'bc', 4294967297), (NULL, 'q', 1), ('q', NULL, NULL);
SELECT * FROM found('uses', '{a,b,c}', 'pairs', '{a,b,c}');
SELECT * FROM found('uses', '{b,a,c}', 'pairs', '{a,b,c}');

--
-- Long values, out of line and compressed.
--
CREATE TABLE long_parents (k text);
CREATE TABLE long_children (k text);
ALTER TABLE long_children ALTER k SET STORAGE EXTERNAL;
INSERT INTO long_parents SELECT repeat('long', 30000 + i) FROM generate_series(1, 20) i;
INSERT INTO long_children SELECT repeat('long', 30000 + i) FROM generate_series(1, 21) i;
SELECT method, count, length(samples->0->>'k'), agrees FROM found('long_children', '{k}', 'long_parents', '{k}');

--
-- Partitions; inheritance children are other tables.
--
CREATE TABLE parted (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (1000);
INSERT INTO parted SELECT generate_series(0, 99);
SELECT * FROM found('"Todos"', '{small}', 'parted', '{id}', 1000);
SELECT * FROM found('parted', '{id}', '"Users"', '{id}');
SELECT * FROM found('parted_1', '{id}', 'parted_2', '{id}', 0);
CREATE TABLE heir () INHERITS ("Users");
INSERT INTO heir VALUES (50);
SELECT count FROM assoc_internal.scan_orphans('"Todos"', '{user Id}', '"Users"', '{id}');

--
-- Keys of each length, with zeros in them, some equal but for the end; of fixed lengths together: 8, 12, 16, 24, 32 and more.
--
CREATE TABLE lengths (n integer, zeros bytea, text text, twin bytea);
INSERT INTO lengths SELECT n, decode(repeat('00', n), 'hex'), repeat('x', n), decode(repeat('ab', n), 'hex') FROM generate_series(0, 70) n;
DO $$
DECLARE
    longest integer;
    f record;
BEGIN
    FOREACH longest IN ARRAY '{0,7,8,14,15,16,30,31,32,70}'::integer[] LOOP
        CREATE TABLE short AS SELECT * FROM lengths WHERE n <= longest AND n <> 5;
        FOR f IN SELECT c, s.* FROM unnest('{zeros,text,twin}'::text[]) c, found('lengths', ARRAY[c], 'short', ARRAY[c], 0) s LOOP
            IF f.method <> 'hash' OR NOT f.agrees THEN
                RAISE '% up to %: %', f.c, longest, f;
            END IF;
        END LOOP;
        DROP TABLE short;
    END LOOP;
END $$;
CREATE TABLE wide (a integer, b smallint, c uuid, d bigint, e date, f float8);
INSERT INTO wide SELECT i, i, md5(i::text)::uuid, i * 1000000007::bigint, '2020-01-01'::date + i, i FROM generate_series(0, 99) i;
CREATE TABLE narrow AS SELECT * FROM wide WHERE a % 10 > 0;
SELECT cols, f.method, f.count, f.agrees FROM unnest('{"{d}","{e}","{f}","{e,d}","{a,d}","{a,b}","{c}","{c,e}","{c,d}","{c,c}","{a,b,c,d,e,f}"}'::text[]) cols,
    found('wide', cols::text[], 'narrow', cols::text[], 0) f;

--
-- Columns that are younger than the rows, were dropped, or follow nulls and long values.
--
CREATE TABLE old (id integer, gone text, note text);
INSERT INTO old SELECT i, 'x', CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('y', i % 200) END FROM generate_series(1, 500) i;
ALTER TABLE old DROP gone, ADD user_id integer NOT NULL DEFAULT 7, ADD name text DEFAULT 'nobody', ADD nothing integer;
INSERT INTO old (id, user_id, name, nothing) SELECT i, i % 130, CASE WHEN i % 2 = 0 THEN 'a' END, 60 FROM generate_series(501, 1000) i;
SELECT c, f.* FROM (VALUES ('user_id', '"Todos"', 'id'), ('name', 'parents', 'text'), ('nothing', '"Todos"', 'id')) v(c, p, k),
    found('old', ARRAY[c], p::regclass, ARRAY[k], 0) f;

--
-- Several references by one scan; polymorphic ones, by a type column.
--
CREATE TABLE posts (id integer PRIMARY KEY);
CREATE TABLE photos (id uuid PRIMARY KEY, name text);
INSERT INTO posts SELECT generate_series(1, 50);
INSERT INTO photos SELECT md5(i::text)::uuid, 'photo ' || i FROM generate_series(1, 50) i;
CREATE TABLE comments (id integer, kind text, on_id integer, photo uuid, "other On" integer, label varchar(20), sort char(8), flag code);
INSERT INTO comments SELECT i, (ARRAY['Post', 'User', 'Photo', NULL])[1 + i % 4], i % 60, md5((i % 55)::text)::uuid, i % 120, 'photo ' || i % 70,
    (ARRAY['a', 'b'])[1 + i % 2], (ARRAY['Post', 'User'])[1 + i % 2] FROM generate_series(1, 1200) i;
SELECT s.number, s.method, s.count, s.count = e.n AS agrees FROM assoc_internal.scan_references('comments',
    ARRAY['posts', '"Users"', 'photos', '"Users"', 'posts', 'photos', 'odd', 'posts', 'posts']::regclass[],
    '{"{on_id}","{on_id}","{photo}","{\"other On\"}","{on_id}","{label}","{kind}","{on_id}","{on_id}"}',
    '{"{id}","{id}","{id}","{id}","{id}","{name}","{ip}","{id}","{id}"}', '{kind,kind,kind,NULL,NULL,NULL,NULL,sort,flag}', '{Post,User,Photo,NULL,NULL,NULL,NULL,a,User}') s
    JOIN LATERAL (VALUES
        (1, (SELECT count(*) FROM comments c WHERE kind = 'Post' AND NOT EXISTS (SELECT FROM posts p WHERE p.id = c.on_id))),
        (2, (SELECT count(*) FROM comments c WHERE kind = 'User' AND NOT EXISTS (SELECT FROM "Users" p WHERE p.id = c.on_id))),
        (3, (SELECT count(*) FROM comments c WHERE kind = 'Photo' AND NOT EXISTS (SELECT FROM photos p WHERE p.id = c.photo))),
        (4, (SELECT count(*) FROM comments c WHERE NOT EXISTS (SELECT FROM ONLY "Users" p WHERE p.id = c."other On"))),
        (5, (SELECT count(*) FROM comments c WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = c.on_id))),
        (6, (SELECT count(*) FROM comments c WHERE NOT EXISTS (SELECT FROM photos p WHERE p.name = c.label))),
        (7, NULL),
        (8, (SELECT count(*) FROM comments c WHERE sort = 'a' AND NOT EXISTS (SELECT FROM posts p WHERE p.id = c.on_id))),
        (9, (SELECT count(*) FROM comments c WHERE flag = 'User' AND NOT EXISTS (SELECT FROM posts p WHERE p.id = c.on_id)))) e(number, n) USING (number) ORDER BY 1;
SELECT * FROM assoc_internal.scan_references('comments', '{posts}', '{"{on_id,id}"}', '{"{id}"}');
SELECT * FROM assoc_internal.scan_references('comments', '{posts}', '{NULL}', '{"{id}"}');
SELECT * FROM assoc_internal.scan_references('comments', '{posts}', '{"{on_id}"}', '{"{id}"}', '{nothing}', '{x}');
SELECT * FROM assoc_internal.scan_references('comments', '{posts}', '{"{on_id}"}', '{"{id}"}', '{kind}');

--
-- Too big for maintenance_work_mem.
--
CREATE TABLE many (id integer PRIMARY KEY, key text UNIQUE, far bigint UNIQUE);
INSERT INTO many SELECT i, 'key number ' || i, i * 1000003::bigint FROM generate_series(1, 60000) i;
ANALYZE many;
SELECT k, method, count, agrees FROM unnest('{id,key,far}'::text[]) k, found('many', ARRAY[k], 'many', ARRAY[k]);
SET maintenance_work_mem = '1MB';
SELECT k, method, count, agrees FROM unnest('{id,key,far}'::text[]) k, found('many', ARRAY[k], 'many', ARRAY[k]);
-- what fits alone takes turns
SELECT * FROM assoc_internal.scan_references('many', ARRAY['many', 'many', 'many', '"Users"']::regclass[], '{"{id}","{id}","{key}","{far}"}', '{"{id}","{far}","{key}","{wide}"}');
SET maintenance_work_mem = '4MB';
SELECT * FROM assoc_internal.scan_references('many', '{many,many,many,many}', '{"{id}","{far}","{id,far}","{far}"}', '{"{id}","{far}","{id,far}","{far}"}');
RESET maintenance_work_mem;

--
-- In parallel.
--
CREATE TABLE lines (id integer, far bigint, key text);
INSERT INTO lines SELECT i % 60013, (i % 60013) * 1000003::bigint, 'key number ' || i % 60013 FROM generate_series(1, 120000) i;
ALTER TABLE lines SET (parallel_workers = 2);
ANALYZE lines;
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
SELECT k, f.* FROM unnest('{id,key,far}'::text[]) k, found('lines', ARRAY[k], 'many', ARRAY[k], 100) f;

--
-- Errors.
--
\set VERBOSITY terse
SELECT * FROM assoc_internal.scan_orphans('lines', '{nothing}', 'many', '{id}');
SELECT * FROM assoc_internal.scan_orphans('lines', '{id}', 'many', '{NULL}');
SELECT * FROM assoc_internal.scan_orphans('lines', '{id}', 'many', '{id,key}');
SELECT * FROM assoc_internal.scan_orphans('lines', '{}', 'many', '{}');
SELECT * FROM assoc_internal.scan_orphans('lines', '{id}', 'many', '{id}', -1);

SET client_min_messages = warning;
DROP SCHEMA scan CASCADE;
