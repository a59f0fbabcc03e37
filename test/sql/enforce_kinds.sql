-- The parent's side of what no native key can say: several targets, arrays, conditions, keys that are not unique.
SET client_min_messages = warning;
CREATE SCHEMA kinds;
SET search_path = kinds;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all
CREATE FUNCTION tell(statement text, VARIADIC tables text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	name text;
	line text;
BEGIN
	-- RESTRICT as versions before 18 tell it
	RETURN NEXT replace(replace(replace(told(statement), '23001: ', '23503: '), 'RESTRICT setting of ', ''), ' is referenced from', ' is still referenced from');
	FOREACH name IN ARRAY tables LOOP
		EXECUTE format('SELECT string_agg(whole::text, '' '' ORDER BY whole::text COLLATE "C") FROM %I whole', name) INTO line;
		RETURN NEXT format('    %s: %s', name, line);
	END LOOP;
END $$;

-- polymorphic: each target's rows count for their type alone
CREATE TABLE posts (id integer PRIMARY KEY, title text);
CREATE TABLE photos (id bigint PRIMARY KEY);
CREATE TABLE "No tes" ("Key" integer PRIMARY KEY);
CREATE PROCEDURE fill() LANGUAGE sql AS $$
	TRUNCATE posts, photos, "No tes", none_c, restrict_c, cascade_c, null_c, default_c, other_c;
	INSERT INTO posts SELECT i, 'p' || i FROM generate_series(0, 5) i;
	INSERT INTO photos SELECT i FROM generate_series(1, 5) i;
	INSERT INTO "No tes" SELECT i FROM generate_series(1, 5) i;
$$;
CREATE TABLE none_c (n integer, type text, id integer);
CREATE TABLE restrict_c (LIKE none_c);
CREATE TABLE cascade_c (LIKE none_c);
CREATE TABLE null_c (LIKE none_c);
CREATE TABLE default_c (n integer, type varchar(10) DEFAULT 'Post', id integer DEFAULT 0);
CREATE TYPE kind AS ENUM ('Post', 'It''s');
CREATE TABLE other_c (n integer, type kind, id smallint);
\set targets '[{"type": "Post", "table": "posts", "key": ["id"]}, {"type": "Photo", "table": "photos", "key": ["id"]}, {"type": "It''s", "table": "\\"No tes\\"", "key": ["Key"]}]'
SELECT enforce('kinds none', 'none_c', '{id}', :'targets', '{"type_column": "type"}');
SELECT enforce('kinds restrict', 'restrict_c', '{id}', :'targets', '{"type_column": "type", "on_delete": "RESTRICT", "on_update": "RESTRICT"}');
SELECT enforce('kinds cascade', 'cascade_c', '{id}', :'targets', '{"type_column": "type", "on_delete": "CASCADE", "on_update": "CASCADE"}');
SELECT enforce('kinds null', 'null_c', '{id}', :'targets', '{"type_column": "type", "on_delete": "SET NULL", "on_update": "SET NULL"}');
SELECT enforce('kinds default', 'default_c', '{id}', :'targets', '{"type_column": "type", "on_delete": "SET DEFAULT", "on_update": "SET DEFAULT"}');
SELECT enforce('kinds other', 'other_c', '{id}', '[{"type": "Post", "table": "posts", "key": ["id"]}, {"type": "It''s", "table": "\"No tes\"", "key": ["Key"]}]',
	'{"type_column": "type", "on_delete": "CASCADE", "on_update": "SET NULL"}');
CALL fill();
INSERT INTO none_c VALUES (1, 'Post', 1), (2, 'Photo', 2), (3, 'It''s', 3), (4, NULL, NULL);
SELECT tell('DELETE FROM posts WHERE id IN (2, 3)', 'none_c');
SELECT tell('DELETE FROM posts WHERE id = 1');
SELECT tell('DELETE FROM photos WHERE id = 2');
SELECT tell('DELETE FROM photos WHERE id IN (1, 3)');
SELECT tell('UPDATE "No tes" SET "Key" = 7 WHERE "Key" = 3');
SELECT tell('UPDATE "No tes" SET "Key" = 7 WHERE "Key" = 2');
SELECT tell('TRUNCATE photos');
SELECT tell('DELETE FROM none_c WHERE type = ''Photo''; TRUNCATE photos', 'none_c', 'photos');
CALL fill();
INSERT INTO restrict_c VALUES (1, 'Post', 1), (2, 'Photo', 2);
SELECT tell('DELETE FROM posts WHERE id = 1');
SELECT tell('UPDATE photos SET id = 7 WHERE id = 2');
SELECT tell('UPDATE photos SET id = 7 WHERE id = 1');
CALL fill();
INSERT INTO cascade_c VALUES (1, 'Post', 1), (2, 'Photo', 1), (3, 'It''s', 1), (4, 'Post', 2), (5, NULL, NULL);
SELECT tell('DELETE FROM photos WHERE id = 1', 'cascade_c');
SELECT tell('UPDATE posts SET id = 10 WHERE id = 1', 'cascade_c');
SELECT tell('UPDATE "No tes" SET "Key" = "Key" * 100', 'cascade_c');
SELECT tell('DELETE FROM posts', 'cascade_c');
CALL fill();
INSERT INTO null_c VALUES (1, 'Post', 1), (2, 'Photo', 1), (3, 'It''s', 1), (4, 'Post', 2);
SELECT tell('DELETE FROM photos WHERE id = 1', 'null_c');
SELECT tell('UPDATE posts SET id = 10 WHERE id = 1', 'null_c');
SELECT tell('DELETE FROM posts', 'null_c');
CALL fill();
INSERT INTO default_c VALUES (1, 'Post', 1), (2, 'Photo', 1), (3, 'It''s', 1), (4, 'Post', 2);
SELECT tell('DELETE FROM photos WHERE id = 1', 'default_c');
SELECT tell('UPDATE posts SET id = 10 WHERE id = 1', 'default_c');
SELECT tell('DELETE FROM posts WHERE id = 0');
SELECT tell('DELETE FROM "No tes"', 'default_c');
CALL fill();
INSERT INTO other_c VALUES (1, 'Post', 1), (2, 'It''s', 1), (3, 'It''s', 2);
SELECT tell('DELETE FROM posts WHERE id = 1', 'other_c');
SELECT tell('UPDATE "No tes" SET "Key" = 7 WHERE "Key" = 1', 'other_c');
SELECT tell('DELETE FROM "No tes"', 'other_c');

-- one table under two types
CREATE TABLE twice_c (n integer, type text, id integer);
SELECT enforce('kinds twice', 'twice_c', '{id}', '[{"type": "Post", "table": "posts", "key": ["id"]}, {"type": "Story", "table": "posts", "key": ["id"]}]',
	'{"type_column": "type", "on_delete": "CASCADE", "on_update": "CASCADE"}');
CALL fill();
INSERT INTO twice_c VALUES (1, 'Post', 1), (2, 'Story', 1), (3, 'Story', 2);
SELECT tell('UPDATE posts SET id = 10 WHERE id = 1', 'twice_c');
SELECT tell('DELETE FROM posts WHERE id = 10', 'twice_c');

-- a condition: the reference counts only for rows that fit it
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE cond_c (n integer, id integer, state text, level integer);
SELECT enforce('kinds condition', 'cond_c', '{id}', '[{"table": "users", "key": ["id"]}]',
	'{"condition": {"state": ["open", "new''s"], "level": [1, null]}, "on_delete": "SET NULL", "on_update": "CASCADE"}');
INSERT INTO users SELECT generate_series(1, 5);
INSERT INTO cond_c VALUES (1, 1, 'open', 1), (2, 1, 'new''s', NULL), (3, 1, 'closed', 1), (4, 1, 'open', 2), (5, 1, NULL, 1), (6, 77, 'closed', 1);
SELECT tell('UPDATE users SET id = 10 WHERE id = 1', 'cond_c');
SELECT tell('TRUNCATE users');
SELECT tell('DELETE FROM users WHERE id = 10', 'cond_c');
SELECT tell('TRUNCATE users', 'users');
-- an index that leads to the key: what else there is with it is looked at
INSERT INTO users SELECT generate_series(1, 5);
CREATE INDEX ON cond_c (id);
CREATE TABLE cond_none (LIKE cond_c INCLUDING INDEXES);
SELECT enforce('kinds condition none', 'cond_none', '{id}', '[{"table": "users", "key": ["id"]}]', '{"condition": {"state": "open"}}');
INSERT INTO cond_none VALUES (1, 1, 'closed', 1), (2, 1, 'closed', 1), (3, 2, 'open', 1), (4, 2, 'closed', 1);
SELECT tell('DELETE FROM users WHERE id = 1');
SELECT tell('DELETE FROM users WHERE id = 2');

-- keys that are not unique: each row with the key keeps the children valid
CREATE TABLE langs (code text, region text);
CREATE TABLE many_none (n integer, code text);
CREATE TABLE many_restrict (n integer, code text);
CREATE TABLE many_cascade (n integer, code text);
CREATE TABLE many_null (n integer, code text);
SELECT enforce('many none', 'many_none', '{code}', '[{"table": "langs", "key": ["code"]}]', '{"ending": true}');
SELECT enforce('many restrict', 'many_restrict', '{code}', '[{"table": "langs", "key": ["code"]}]', '{"ending": true, "on_delete": "RESTRICT", "on_update": "RESTRICT"}');
SELECT enforce('many cascade', 'many_cascade', '{code}', '[{"table": "langs", "key": ["code"]}]', '{"ending": true, "on_delete": "CASCADE", "on_update": "CASCADE"}');
SELECT enforce('many null', 'many_null', '{code}', '[{"table": "langs", "key": ["code"]}]', '{"ending": true, "on_delete": "SET NULL", "on_update": "SET NULL"}');
INSERT INTO langs VALUES ('a', 1), ('a', 2), ('b', 1), ('c', 1), ('c', 2), ('d', 1), ('d', 2), ('d', 3), (NULL, 1);
INSERT INTO many_none VALUES (1, 'a');
INSERT INTO many_restrict VALUES (1, 'b'), (2, 'c');
INSERT INTO many_cascade VALUES (1, 'd'), (2, 'd');
INSERT INTO many_null VALUES (1, 'd');
SELECT tell('DELETE FROM langs WHERE code = ''a'' AND region = ''1''');
SELECT tell('DELETE FROM langs WHERE code = ''a''');
SELECT tell('DELETE FROM langs WHERE code = ''b''');
SELECT tell('DELETE FROM langs WHERE code = ''c'' AND region = ''1''');
SELECT tell('UPDATE langs SET code = ''x'' WHERE code = ''c''');
SELECT tell('UPDATE langs SET code = ''e'' WHERE code = ''d'' AND region = ''1''', 'many_cascade', 'many_null');
SELECT tell('DELETE FROM langs WHERE code = ''d'' AND region = ''2''', 'many_cascade', 'many_null');
SELECT tell('UPDATE langs SET code = ''f'' WHERE code = ''d''', 'many_cascade', 'many_null');
SELECT tell('DELETE FROM langs WHERE code = ''f''', 'many_cascade', 'many_null');
-- the last two at once
INSERT INTO langs VALUES ('g', 1), ('g', 2);
INSERT INTO many_cascade VALUES (3, 'g');
SELECT tell('DELETE FROM langs WHERE code = ''g''', 'many_cascade');

-- without the trigger that locks such a row before its key changes, and with one that changes it after that
CREATE TABLE words (code text, hidden timestamptz);
CREATE TABLE word_c (code text);
SELECT enforce('words', 'word_c', '{code}', '[{"table": "words", "key": ["code"]}]', '{"ending": true}');
INSERT INTO words VALUES ('h'), ('i');
SELECT tell('UPDATE words SET code = ''j'' WHERE code = ''h''', 'words');
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code := upper(NEW.code); RETURN NEW; END $$;
CREATE TRIGGER later BEFORE UPDATE ON words FOR EACH ROW EXECUTE FUNCTION later();
SELECT regexp_replace(t, 'e_[0-9a-f]{16}', 'e_<hash>') FROM tell('UPDATE words SET hidden = now() WHERE code = ''i''') t;
DROP TRIGGER later ON words;
DO $$ BEGIN EXECUTE format('DROP TRIGGER %I ON words', enforce_trigger('e', 'words')); END $$;
SELECT regexp_replace(t, 'e_[0-9a-f]{16}', 'e_<hash>') FROM tell('UPDATE words SET code = ''k'' WHERE code = ''i''') t;
SELECT tell('UPDATE words SET hidden = NULL', 'words');

-- arrays
CREATE TABLE tags (id integer PRIMARY KEY);
CREATE TABLE arr_none (n integer, ids integer[]);
CREATE TABLE arr_restrict (n integer, ids integer[]);
CREATE TABLE arr_cascade (n integer, ids integer[]);
CREATE TABLE arr_null (n integer, ids integer[]);
CREATE TABLE arr_default (n integer, ids integer[] DEFAULT '{9}');
SELECT enforce('arr none', 'arr_none', '{ids}', '[{"table": "tags", "key": ["id"]}]', '{"element": true}');
SELECT enforce('arr restrict', 'arr_restrict', '{ids}', '[{"table": "tags", "key": ["id"]}]', '{"element": true, "on_delete": "RESTRICT", "on_update": "RESTRICT"}');
SELECT enforce('arr cascade', 'arr_cascade', '{ids}', '[{"table": "tags", "key": ["id"]}]', '{"element": true, "on_delete": "CASCADE", "on_update": "CASCADE"}');
SELECT enforce('arr null', 'arr_null', '{ids}', '[{"table": "tags", "key": ["id"]}]', '{"element": true, "on_delete": "SET NULL", "on_update": "SET NULL"}');
SELECT enforce('arr default', 'arr_default', '{ids}', '[{"table": "tags", "key": ["id"]}]', '{"element": true, "on_delete": "SET DEFAULT", "on_update": "SET DEFAULT"}');
INSERT INTO tags SELECT generate_series(1, 9);
INSERT INTO arr_none VALUES (1, '{1,2,1}'), (2, '{}'), (3, NULL), (4, '{NULL}');
SELECT tell('DELETE FROM tags WHERE id = 2');
SELECT tell('UPDATE tags SET id = 20 WHERE id = 1');
SELECT tell('DELETE FROM tags WHERE id = 8');
SELECT tell('TRUNCATE tags');
DELETE FROM arr_none WHERE n = 1;
SELECT tell('TRUNCATE tags', 'tags', 'arr_none');
INSERT INTO tags SELECT generate_series(1, 9);
INSERT INTO arr_restrict VALUES (1, '[0:1]={1,2}');
SELECT tell('DELETE FROM tags WHERE id = 2');
DELETE FROM arr_restrict;
INSERT INTO arr_cascade VALUES (1, '{1,2,1,NULL}'), (2, '{3}'), (3, '{{1,2},{2,4}}');
SELECT tell('UPDATE tags SET id = 20 WHERE id = 2', 'arr_cascade');
SELECT tell('DELETE FROM tags WHERE id = 1', 'arr_cascade');
INSERT INTO tags VALUES (1), (2);
INSERT INTO arr_null VALUES (1, '{1,2,1,NULL}'), (2, '{3}'), (3, '{{1,2},{2,4}}'), (4, '[5:6]={4,2}');
SELECT tell('DELETE FROM tags WHERE id = 2', 'arr_null');
SELECT tell('UPDATE tags SET id = 30 WHERE id = 3', 'arr_null');
INSERT INTO tags VALUES (2), (3);
INSERT INTO arr_default VALUES (1, '{1,2}'), (2, '{3}'), (3, '{}');
SELECT tell('DELETE FROM tags WHERE id = 2', 'arr_default');
SELECT tell('UPDATE tags SET id = 31 WHERE id = 3', 'arr_default');
SELECT tell('DELETE FROM tags WHERE id = 9', 'arr_default');
-- with a GIN index
CREATE INDEX ON arr_null USING gin (ids);
SELECT tell('DELETE FROM tags WHERE id = 1', 'arr_null');
-- elements of another type, compared as the key compares
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE arr_big (n integer, ids smallint[]);
CREATE TABLE num (id numeric PRIMARY KEY);
CREATE TABLE arr_num (n integer, ids numeric[]);
CREATE TABLE str (id text PRIMARY KEY);
CREATE TABLE arr_str (n integer, ids varchar(5)[]);
SELECT enforce('arr big', 'arr_big', '{ids}', '[{"table": "big", "key": ["id"]}]', '{"element": true, "on_delete": "SET NULL", "on_update": "CASCADE"}');
SELECT enforce('arr num', 'arr_num', '{ids}', '[{"table": "num", "key": ["id"]}]', '{"element": true, "on_delete": "SET NULL", "on_update": "CASCADE"}');
SELECT enforce('arr str', 'arr_str', '{ids}', '[{"table": "str", "key": ["id"]}]', '{"element": true, "on_delete": "SET NULL", "on_update": "CASCADE"}');
INSERT INTO big VALUES (1), (2), (10000000000);
INSERT INTO arr_big VALUES (1, '{1,2,1,NULL}'), (2, '{{1,2}}');
SELECT tell('DELETE FROM big WHERE id > 10');
SELECT tell('UPDATE big SET id = 10 WHERE id = 1', 'arr_big');
SELECT tell('UPDATE big SET id = 100000 WHERE id = 10', 'arr_big');
SELECT tell('DELETE FROM big WHERE id = 10', 'arr_big');
INSERT INTO num VALUES (1.0), (2);
INSERT INTO arr_num VALUES (1, '{1,1.00,2}');
SELECT tell('UPDATE num SET id = 1.000 WHERE id = 1', 'arr_num');
SELECT tell('DELETE FROM num WHERE id = 1', 'arr_num');
INSERT INTO str VALUES ('a'), ('b'), ('longer');
INSERT INTO arr_str VALUES (1, '{a,b,a}');
SELECT tell('DELETE FROM str WHERE id = ''longer''', 'arr_str');
SELECT tell('UPDATE str SET id = ''c'' WHERE id = ''a''', 'arr_str');
SELECT tell('UPDATE str SET id = ''toolong'' WHERE id = ''c''');
SELECT tell('DELETE FROM str WHERE id = ''c''', 'arr_str');

SELECT unenforce(r) FROM unnest(ARRAY['words', 'kinds none', 'kinds restrict', 'kinds cascade', 'kinds null', 'kinds default', 'kinds other', 'kinds twice',
	'kinds condition', 'kinds condition none', 'many none', 'many restrict', 'many cascade', 'many null', 'arr none', 'arr restrict',
	'arr cascade', 'arr null', 'arr default', 'arr big', 'arr num', 'arr str']) r;
DROP SCHEMA kinds CASCADE;
