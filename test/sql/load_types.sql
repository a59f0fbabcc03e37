-- Every value is what row_to_json writes, byte for byte; names too.
\t on
\a
CREATE SCHEMA load_types;
SET search_path = load_types;
CREATE TYPE mood AS ENUM ('sad', 'hap"py');
CREATE TYPE pair AS (a int, "b ""c" text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN moods AS mood[];
CREATE DOMAIN pairs AS pair;
CREATE DOMAIN document AS json;
CREATE TYPE range_of_numeric AS RANGE (subtype = numeric);
CREATE TYPE money_of AS (amount numeric, unit text);
CREATE FUNCTION money_of_json(money_of) RETURNS json LANGUAGE sql IMMUTABLE AS $$SELECT json_build_object('cast', ($1).amount)$$;
CREATE CAST (money_of AS json) WITH FUNCTION money_of_json(money_of);
CREATE TYPE cast_mood AS ENUM ('sad');
CREATE FUNCTION cast_mood_json(cast_mood) RETURNS json LANGUAGE sql IMMUTABLE AS $$SELECT json_build_object('cast', $1::text)$$;
CREATE CAST (cast_mood AS json) WITH FUNCTION cast_mood_json(cast_mood);
CREATE TABLE things (
    id int PRIMARY KEY,
    gone int,
    "Bool" boolean, "small ""int""" smallint, "ïnt" bigint, r real, d double precision, n numeric, money money, text text, "varchar" varchar(40), "char" char(6), one "char", name name,
    bytes bytea, date date, time time, timetz timetz, ts timestamp(3), tstz timestamptz, interval interval, uuid uuid, inet inet, mac macaddr, bit bit(3), varbit varbit, point point, oid oid, regtype regtype,
    json json, jsonb jsonb, xml xml, enum mood, domain positive, "array" int[], texts text[], matrix int[][], jsons json[], composite pair, composites pair[], domain_array moods, domain_row pairs, domain_json document,
    range int4range, multi int4multirange, "own range" range_of_numeric, "cast row" money_of, "own cast" cast_mood, tsv tsvector, generated int GENERATED ALWAYS AS (id * 2) STORED, vector int2vector);
ALTER TABLE things DROP COLUMN gone;
INSERT INTO things VALUES
    (1, true, 32767, 9223372036854775807, 1.5, 0.1, 12345678901234567890.0123456789, '12.50', E'quote " back \\ slash / tab \t newline \n return \r bell \x07 del \x7f feed \f back \b ünïcode', 'varchar', 'char', 'x', 'name',
    '\x00ff', '2026-02-28', '12:34:56.789', '12:34:56+02', '2026-01-01 12:34:56.789', '2026-07-01 12:34:56.123456+00', '1 year 2 days 03:04:05', '00000000-0000-0000-0000-000000000001', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'1', '(1,2)', 4294967295, 'integer',
    '{"b" : 1,  "a": [1, 2], "b": 2}', '{"b": 1, "a": "\u00e4\""}', '<a b="c">d</a>', 'hap"py', 5, '{1,NULL,3}', '{"a\"b",NULL,"c,d"}', '{{1,2},{3,4}}', ARRAY['{"a": 1}'::json], '(1,"x""y")', ARRAY['(1,x)'::pair, NULL], '{sad,"hap\"py"}', '(2,)', '[1,  2]',
    '[1,5)', '{[1,2),[5,7)}', '(1.5,2.5]', '(3.5,eur)', 'sad', 'a b:2', DEFAULT, '1 2'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL),
    (3, false, -32768, -9223372036854775808, 'NaN', '-Infinity', 'NaN', '-0.01', '', '', '', '', '', '\x', 'infinity', '24:00', '00:00-15:59', '-infinity', 'infinity', '-1 day', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '::1', 'ff:ff:ff:ff:ff:ff', B'000', B'', '(NaN,Infinity)', 0, 'load_types.mood',
    'null', '[]', '', 'sad', 1, '{}', '{}', '{}', '{}', '(,)', '{}', '{}', '(,)', '"x"', 'empty', '{}', 'empty', '(,)', NULL, '', DEFAULT, ''),
    (4, true, 0, 0, 1e30, 1e-300, 'Infinity', '0', repeat('12345678', 4) || '"' || repeat('abcdefgh', 3) || chr(31) || chr(8364), 'x', 'ä', NULL, 'N', decode(repeat('ab', 50), 'hex'), '4713-01-01 BC', '00:00', '00:00+00', '0044-03-15 00:00 BC', '294276-12-31 23:59:59.999999+00', '0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    '{}', '"s"', NULL, NULL, NULL, '[2:3]={1,2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL);
INSERT INTO things (id, text, n, jsonb) SELECT 5, string_agg(chr(g), ''), -0.000000000000000001, jsonb_build_object('k', repeat('x', 3000)) FROM generate_series(1, 1500) g WHERE g NOT BETWEEN 55296 AND 57343;
INSERT INTO things (id, text) SELECT 1000 + g, repeat('a', g) || chr(g % 40 + 1) || repeat('\', g % 3) || repeat('b', 7 - g % 7) FROM generate_series(1, 60) g;
ALTER TABLE things ADD COLUMN later text DEFAULT 'later "';
SELECT assoc.define_model('Thing', 'things');
-- what differs, and how
CREATE FUNCTION difference() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s: ours %s, row_to_json %s', x.id, ours, theirs) FROM things x, LATERAL (SELECT assoc.find_by_pk('Thing', x.id)::text, row_to_json(x)::text) y(ours, theirs) WHERE ours IS DISTINCT FROM theirs
    UNION ALL SELECT 'all together' WHERE (SELECT '[' || string_agg(row_to_json(x)::text, ',' ORDER BY id) || ']' FROM things x) IS DISTINCT FROM assoc.find_all('Thing', '{"order": ["id"]}')::text
$$;
SELECT count(*), bool_and(jsonb_typeof(assoc.find_by_pk('Thing', id)::jsonb) = 'object') FROM things;
SELECT difference();
SET timezone = 'Pacific/Chatham'; SET datestyle = 'SQL, DMY'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'escape'; SET extra_float_digits = 0;
SELECT difference();
RESET timezone; RESET datestyle; RESET intervalstyle; RESET bytea_output; RESET extra_float_digits;
SELECT difference();
-- bigint and numeric as strings
SELECT assoc.find_all('Thing', '{"attributes": ["id", "ïnt", "n", "d", "domain"], "where": {"id": {"lte": 4}}, "order": ["id"], "numbers": "string"}');
-- columns that come and go are seen at once
ALTER TABLE things ADD COLUMN new int DEFAULT 7, DROP COLUMN money, ALTER domain TYPE text;
SELECT difference();
ALTER TABLE things RENAME text TO "Text"; ALTER TABLE things RENAME TO "All things";
CREATE VIEW things AS SELECT * FROM "All things";
SELECT difference();
DROP VIEW things;
-- keys of every kind find their rows: one column or two, of text with a collation, of uuid, numeric, timestamptz, enum, of other types than what refers
CREATE TABLE owners (id int PRIMARY KEY, t text COLLATE "C" UNIQUE, u uuid UNIQUE, n numeric UNIQUE, ts timestamptz UNIQUE, e mood UNIQUE, b bigint UNIQUE, v varchar(9) UNIQUE, i int, UNIQUE (i, t), dom positive UNIQUE, c char(4) UNIQUE);
CREATE TABLE owned (id int PRIMARY KEY, t text, u uuid, n int, ts timestamptz, e mood, b int, v text, i int, dom int, c text);
INSERT INTO owners SELECT g, 'k' || g, ('00000000-0000-0000-0000-00000000000' || g)::uuid, g, '2026-01-01'::timestamptz + g * interval '1 h', CASE g WHEN 1 THEN 'sad' WHEN 2 THEN 'hap"py' END::mood, g, 'v' || g, 7, g, 'c' || g FROM generate_series(1, 3) g;
INSERT INTO owned SELECT g, t, u, n, ts, e, b, v, i, dom, c FROM generate_series(1, 7) g LEFT JOIN owners o ON o.id = g % 4;
SELECT assoc.define_model('Owner', 'owners'), assoc.define_model('Owned', 'owned');
SET client_min_messages = error;
SELECT count(assoc.belongs_to('Owned', 'Owner', 'by_' || c, foreign_key => c, target_key => c, inverse => 'of_' || c, enforce => 'none')) FROM unnest('{t,u,n,ts,e,b,v,dom,c}'::text[]) c;
SELECT count(assoc.belongs_to('Owned', 'Owner', 'by_both', foreign_key => 'i, t', target_key => 'i, t', inverse => 'of_both', enforce => 'none'));
RESET client_min_messages;
SELECT key, value FROM json_each(assoc.find_one('Owner', json_build_object('attributes', '["id"]'::json, 'where', '{"id": 2}'::json, 'include', (SELECT json_object_agg('of_' || c, '{"attributes": ["id"], "order": ["id"]}'::json) FROM unnest('{t,u,n,ts,e,b,v,dom,c,both}'::text[]) c))::text));
SELECT key, value FROM json_each(assoc.find_one('Owned', json_build_object('attributes', '["id"]'::json, 'where', '{"id": 5}'::json, 'include', (SELECT json_object_agg('by_' || c, '["id"]'::json) FROM unnest('{t,u,n,ts,e,b,v,dom,c,both}'::text[]) c))::text));

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA load_types CASCADE;
