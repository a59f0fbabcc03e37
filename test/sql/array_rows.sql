-- Rows of arrays of keys: read both ways, enforced, found and mended.
CREATE SCHEMA array_rows;
SET search_path = array_rows;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\set ECHO none
\i :include
\set ECHO all
\pset format unaligned
\pset tuples_only on
CREATE TABLE tags (id int PRIMARY KEY, label text);
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE todos (id int PRIMARY KEY, user_id int REFERENCES users, tag_ids int[], status text);
CREATE TABLE comments (id int PRIMARY KEY, todo_id int REFERENCES todos ON DELETE CASCADE);
INSERT INTO tags SELECT i, chr(96 + i) FROM generate_series(1, 9) i;
INSERT INTO users VALUES (1), (2);
INSERT INTO todos VALUES (1, 1, '{3,1,3,NULL}'), (2, 1, '{}'), (3, 2, NULL), (4, 2, '{{1,2},{4,5}}'), (5, NULL, '[5:6]={5,6}');
INSERT INTO comments VALUES (1, 1), (2, 4), (3, 4);
SELECT assoc.references_many('Todo', 'Tag', order_by => 'label', inverse => 'todos');
SELECT outcome FROM assoc.apply();

-- rows of the target once each; rows whose array holds the key, by the index
SELECT o.id, string_agg(t.label, '') FROM todos o, tags(o) t GROUP BY o.id ORDER BY o.id;
SELECT t.label, array_agg(o.id ORDER BY o.id) FROM tags t, todos(t) o GROUP BY t.label ORDER BY t.label;
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT o.id FROM tags t, todos(t) o WHERE t.id = 3;
EXPLAIN (COSTS off) SELECT t.id FROM todos o, tags(o) t WHERE o.id = 1;
RESET enable_seqscan;
-- along paths, each target once
SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
SELECT assoc.belongs_to('Comment', 'Todo', inverse => 'comments');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.has_many('Tag', 'Comment', through => 'todos.comments');
SELECT assoc.has_many('Todo', 'Todo', alias => 'akin', through => 'tags.todos');
SELECT assoc.has_many('Tag', 'User', through => 'todos.user');
SELECT u.id, array_agg(t.id ORDER BY t.id) FROM users u, tags(u) t GROUP BY u.id ORDER BY u.id;
SELECT t.id, array_agg(c.id ORDER BY c.id) FROM tags t, comments(t) c GROUP BY t.id ORDER BY t.id;
SELECT o.id, array_agg(k.id ORDER BY k.id) FROM todos o, akin(o) k GROUP BY o.id ORDER BY o.id;
SELECT t.id, array_agg(u.id ORDER BY u.id) FROM tags t, users(t) u GROUP BY t.id ORDER BY t.id;
SELECT assoc.drop_association('Tag.users'), assoc.drop_association('Todo.akin'), assoc.drop_association('Tag.comments'), assoc.drop_association('User.tags');

-- each element must be there
SELECT failing('INSERT INTO todos VALUES (6, NULL, ''{1,99}'')');
SELECT failing('UPDATE todos SET tag_ids = tag_ids || 98 WHERE id = 2');
-- SET NULL, the default: the element goes; of more dimensions, it becomes null
DELETE FROM tags WHERE id IN (1, 5);
SELECT id, tag_ids FROM todos ORDER BY id;
SELECT assoc.references_many('Todo', 'Tag', on_delete => 'RESTRICT', on_update => 'CASCADE');
SELECT count(*) FROM assoc.apply();
-- (18 and later tell RESTRICT by words of its own)
SELECT replace(replace(replace(f, '23001: ', '23503: '), 'RESTRICT setting of ', ''), ' is referenced from', ' is still referenced from') FROM failing('DELETE FROM tags WHERE id = 3') f;
UPDATE tags SET id = 30 WHERE id = 3;
SELECT id, tag_ids FROM todos ORDER BY id;
-- CASCADE: the row goes, with what goes with it
SELECT assoc.references_many('Todo', 'Tag', on_delete => 'CASCADE', on_update => 'SET NULL');
SELECT count(*) FROM assoc.apply();
UPDATE tags SET id = 31 WHERE id = 30;
SELECT id, tag_ids FROM todos ORDER BY id;
DELETE FROM tags WHERE id = 6;
SELECT id, tag_ids FROM todos ORDER BY id;
SELECT failing('TRUNCATE tags');

-- rows that were there before
SELECT assoc.references_many('Todo', 'Tag', enforce => 'none');
SELECT count(*) FROM assoc.apply();
CREATE PROCEDURE bad() LANGUAGE sql AS $$
    UPDATE todos SET tag_ids = NULL;
    DELETE FROM todos WHERE id > 5;
    INSERT INTO todos VALUES (11, NULL, '{2,98,97,2,98,NULL,4}'), (12, NULL, '{99}'), (13, NULL, '{{2,99},{96,4}}'), (14, NULL, '{2,7}') $$;
CALL bad();
SELECT severity, code, association, message, count, samples, detail, fix FROM assoc.validate('Todo.tags');
SELECT * FROM assoc.orphans('Todo.tags') ORDER BY row->>'id';
SELECT * FROM assoc.orphans('Tag.todos', 1);
SELECT assoc.references_many('Todo', 'Tag');
SELECT sql, outcome, detail FROM assoc.apply();
SELECT failing($$SELECT assoc_internal.validate_reference('Todo.tags')$$);
SELECT association, status FROM assoc.associations WHERE association = 'Todo.tags';
SELECT line FROM regexp_split_to_table(assoc.diagram(), E'\n') line WHERE line ~ 'tags"|tags ';
SELECT failing($$INSERT INTO todos VALUES (15, NULL, '{2,95}')$$);
SELECT failing($$CALL assoc.repair('Todo.tags')$$);
-- mended: the elements go
CALL assoc.repair('Todo.tags', 'set_null');
SELECT id, tag_ids FROM todos WHERE id > 10 ORDER BY id;
SELECT code, message FROM assoc.validate('Todo.tags');
SELECT sql, outcome FROM assoc.apply();
-- the rows that lack are inserted
CREATE PROCEDURE worse() LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE todos DISABLE TRIGGER USER;
    CALL bad();
    ALTER TABLE todos ENABLE TRIGGER USER;
END $$;
CALL worse();
CALL assoc.repair('Tag.todos', 'restore_parent', 2);
SELECT id FROM tags WHERE id > 90 ORDER BY id;
SELECT id, tag_ids FROM todos WHERE id > 10 ORDER BY id;
SELECT sql, outcome FROM assoc.apply();
DELETE FROM tags WHERE id > 90;
SELECT id, tag_ids FROM todos WHERE id > 10 ORDER BY id;
-- the rows go, for good or kept aside
CALL worse();
CALL assoc.repair('Todo.tags', 'quarantine');
SELECT association, reason, row->>'tag_ids' FROM assoc.quarantined ORDER BY row->>'id';
CALL worse();
CALL assoc.repair('Todo.tags', 'delete', 1);
SELECT id, tag_ids FROM todos WHERE id > 10 ORDER BY id;
SELECT sql, outcome FROM assoc.apply();

-- no column to write to
ALTER TABLE todos DISABLE TRIGGER USER;
CREATE TABLE copies (id int PRIMARY KEY, tag_ids int[] GENERATED ALWAYS AS (ARRAY[id, id + 1]) STORED);
INSERT INTO copies VALUES (2), (80);
SELECT assoc.references_many('Copy', 'Tag', on_delete => 'NO ACTION');
SELECT failing($$CALL assoc.repair('Copy.tags')$$);
SELECT failing($$CALL assoc.repair('Copy.tags', 'set_null')$$);
SELECT assoc.drop_association('Copy.tags');
DROP TABLE copies;

-- a scope of the target, a condition of the row
ALTER TABLE todos ENABLE TRIGGER USER;
SELECT assoc.references_many('Todo', 'Tag', scope => '{"label": ["b", "d", "g"]}', condition => '{"status": "open"}', enforce => 'trigger', required => false);
SELECT sql, outcome FROM assoc.apply();
SELECT failing($$INSERT INTO todos VALUES (21, NULL, '{2,31}', 'open')$$);
INSERT INTO todos VALUES (21, NULL, '{2,31,99}', 'done'), (22, NULL, '{2,4,7}', 'open');
SELECT failing($$UPDATE todos SET status = 'open' WHERE id = 21$$);
UPDATE tags SET label = 'x' WHERE id = 4;
SELECT id, tag_ids FROM todos WHERE id > 20 ORDER BY id;
SELECT o.id, t.id FROM todos o, tags(o) t WHERE o.id > 20 ORDER BY 1, 2;
SELECT * FROM assoc.orphans('Todo.tags');
ALTER TABLE todos DISABLE TRIGGER USER;
INSERT INTO todos VALUES (23, NULL, '{2,31,99}', 'open');
ALTER TABLE todos ENABLE TRIGGER USER;
SELECT key, row FROM assoc.orphans('Todo.tags');
SELECT code, message, count, samples FROM assoc.validate('Todo.tags') WHERE code = 'orphans';
SELECT failing($$CALL assoc.repair('Todo.tags', 'restore_parent')$$);
CALL assoc.repair('Todo.tags', 'set_null');
SELECT id, tag_ids FROM todos WHERE id > 20 ORDER BY id;
SELECT sql, outcome FROM assoc.apply();
-- rows that are deleted softly
DELETE FROM todos;
ALTER TABLE tags ADD COLUMN deleted_at timestamptz;
ALTER TABLE todos ADD COLUMN deleted_at timestamptz;
SELECT assoc.define_model('Tag', soft_delete => 'deleted_at');
SELECT assoc.references_many('Todo', 'Tag');
SELECT sql, outcome FROM assoc.apply();
INSERT INTO todos VALUES (31, NULL, '{2,7}'), (32, NULL, '{7,8}');
UPDATE tags SET deleted_at = now() WHERE id = 7;
SELECT id, tag_ids FROM todos ORDER BY id;
SELECT failing($$INSERT INTO todos VALUES (33, NULL, '{2,7}')$$);
ALTER TABLE todos DISABLE TRIGGER USER;
INSERT INTO todos VALUES (33, NULL, '{2,7}');
ALTER TABLE todos ENABLE TRIGGER USER;
SELECT severity, code, message, samples, fix FROM assoc.validate('Todo.tags');
SELECT sql, outcome, detail FROM assoc.apply();
DELETE FROM todos WHERE id = 33;
SELECT assoc.define_model('Todo', soft_delete => 'deleted_at');
SELECT assoc.references_many('Todo', 'Tag', on_delete => 'CASCADE');
SELECT sql, outcome FROM assoc.apply();
UPDATE tags SET deleted_at = now() WHERE id = 8;
SELECT id, tag_ids, deleted_at IS NOT NULL FROM todos ORDER BY id;
UPDATE tags SET deleted_at = NULL WHERE id = 8;
SELECT id, tag_ids, deleted_at IS NOT NULL FROM todos ORDER BY id;
SELECT assoc.declare('{"models": {}}', prune => true) IS NOT NULL;
SELECT count(*) FROM assoc.apply();

-- keys of other types, and arrays of others than theirs
CREATE DOMAIN code AS text CHECK (value <> '');
CREATE TYPE "Mood" AS ENUM ('good', 'bad', 'so so');
CREATE TABLE codes (code code PRIMARY KEY);
CREATE TABLE moods (mood "Mood" PRIMARY KEY);
CREATE TABLE bigs (id bigint PRIMARY KEY);
CREATE TABLE smalls (id smallint PRIMARY KEY);
CREATE TABLE "All ""kinds""" (id int PRIMARY KEY, codes text[], domains code[], moods "Mood"[], bigs int[], smalls bigint[]);
SELECT assoc.define_model('All', '"All ""kinds"""');
SELECT assoc.references_many('All', 'Code', 'byText', 'codes', inverse => 'texts');
SELECT assoc.references_many('All', 'Code', 'byDomain', 'domains', inverse => 'domained');
SELECT assoc.references_many('All', 'Mood', 'feelings', 'moods', inverse => 'felt');
SELECT assoc.references_many('All', 'Big', 'byBig', 'bigs', inverse => 'alls');
SELECT assoc.references_many('All', 'Small', 'bySmall', 'smalls', inverse => 'alls', on_update => 'CASCADE');
SELECT assoc.references_many('All', 'Code', 'byNew', 'new codes');
SELECT sql, outcome FROM assoc.apply();
INSERT INTO codes VALUES ('a'), ('b');
INSERT INTO moods VALUES ('good'), ('so so');
INSERT INTO bigs VALUES (1), (5000000000);
INSERT INTO smalls VALUES (1), (2);
INSERT INTO "All ""kinds""" VALUES (1, '{a,b}', '{b,a}', '{good,"so so"}', '{1}', '{1,2}', '{a}');
SELECT failing($$UPDATE "All ""kinds""" SET codes = '{a,c}'$$);
SELECT failing($$UPDATE "All ""kinds""" SET domains = '{a,c}'$$);
SELECT failing($$UPDATE "All ""kinds""" SET moods = '{good,bad}'$$);
SELECT failing($$UPDATE "All ""kinds""" SET bigs = '{2}'$$);
SELECT failing($$UPDATE "All ""kinds""" SET smalls = '{1,70000}'$$);
SELECT c.code, a.id FROM codes c, texts(c) a ORDER BY 1;
SELECT c.code, a.id FROM codes c, domained(c) a ORDER BY 1;
SELECT m.mood, a.id FROM moods m, felt(m) a ORDER BY 1;
SELECT b.id, a.id FROM bigs b, alls(b) a ORDER BY 1;
SELECT s.id, a.id FROM smalls s, alls(s) a ORDER BY 1;
SELECT count(*) FROM "All ""kinds""" a, "byText"(a) t, "byDomain"(a) d, feelings(a) f, "byBig"(a) b, "bySmall"(a) s;
UPDATE smalls SET id = 3 WHERE id = 2;
DELETE FROM codes WHERE code = 'b';
DELETE FROM moods WHERE mood = 'good';
DELETE FROM bigs;
SELECT * FROM "All ""kinds""";
SELECT code, association, message FROM assoc.validate() WHERE association LIKE 'All.%' ORDER BY 2;
ALTER TABLE "All ""kinds""" DISABLE TRIGGER USER;
UPDATE "All ""kinds""" SET codes = '{a,"c d"}', domains = '{c,a,c}', moods = '{bad,"so so"}';
SELECT association, count, samples FROM assoc.validate() WHERE code = 'orphans' ORDER BY 1;
SELECT key FROM assoc.orphans('All.feelings');
CALL assoc.repair('All.feelings', 'set_null');
CALL assoc.repair('All.byDomain', 'set_null');
CALL assoc.repair('All.byText', 'restore_parent');
SELECT * FROM "All ""kinds""";

-- no length cuts a key
CREATE TABLE currencies (code char(3) PRIMARY KEY);
CREATE TABLE prices (id int PRIMARY KEY, created_at date);
SELECT assoc.references_many('Price', 'Currency', inverse => 'prices');
SELECT sql, outcome FROM assoc.apply('Price.currencies');
INSERT INTO currencies VALUES ('EUR'), ('CHF');
INSERT INTO prices VALUES (1, NULL, '{EUR,CHF}');
SELECT c.code, p.id FROM currencies c, prices(c) p ORDER BY 1;
ALTER TABLE prices DISABLE TRIGGER USER;
UPDATE prices SET currency_codes = '{EUR,USD,CHF}';
CALL assoc.repair('Price.currencies', 'set_null');
ALTER TABLE prices ENABLE TRIGGER USER;
DELETE FROM currencies WHERE code = 'CHF';
SELECT currency_codes FROM prices;
-- a table that refers to itself; a parent that is partitioned
CREATE TABLE nodes (id int PRIMARY KEY, next_ids int[]);
SELECT assoc.references_many('Node', 'Node', alias => 'next', foreign_key => 'next_ids', inverse => 'previous', on_delete => 'SET NULL');
SELECT count(*) FROM assoc.apply('Node');
INSERT INTO nodes VALUES (1, '{2,1}'), (2, '{1}');
SELECT n.id, array_agg(p.id ORDER BY p.id) FROM nodes n, previous(n) p GROUP BY 1 ORDER BY 1;
DELETE FROM nodes WHERE id = 1;
SELECT * FROM nodes;
SELECT code, message FROM assoc.validate('Node.next');
CREATE TABLE places (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (1) TO (10);
CREATE TABLE places_2 PARTITION OF places FOR VALUES FROM (10) TO (20);
CREATE TABLE stays (id int, place_ids int[], PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES FROM (1) TO (10);
SELECT assoc.references_many('Stay', 'Place', inverse => 'stays');
SELECT sql, outcome FROM assoc.apply('Stay.places');
INSERT INTO places VALUES (1), (2), (11);
INSERT INTO stays VALUES (1, '{1,11}');
SELECT failing('INSERT INTO stays VALUES (2, ''{1,12}'')');
SELECT s.id, p.id FROM stays s, places(s) p ORDER BY 1, 2;
SELECT failing('ALTER TABLE places DETACH PARTITION places_2');
UPDATE stays SET place_ids = '{1,2}';
ALTER TABLE places DETACH PARTITION places_2;
DELETE FROM places WHERE id = 2;
SELECT * FROM stays;

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true) IS NOT NULL;
DROP SCHEMA array_rows CASCADE;
