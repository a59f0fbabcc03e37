-- Rows that break an association: found by validate(), shown by orphans().
CREATE SCHEMA orphans;
SET search_path = orphans;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include
-- findings about rows
CREATE FUNCTION found(associations text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(E'\n    ', concat_ws(' ', severity, code, association) || ': ' || message, fix, detail)
	FROM assoc.validate(associations) WHERE code IN ('orphans', 'half_null', 'duplicates', 'duplicate_links', 'cycle',
		'key_near_limit', 'not_visible', 'row_security') $$;

CREATE TABLE "Users" (id integer PRIMARY KEY, name text);
CREATE TABLE "Todos" (id integer PRIMARY KEY, title text, "userId" integer);
INSERT INTO "Users" VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO "Todos" VALUES (1, 'sleep', 1), (2, 'eat', 7), (3, 'walk', NULL), (4, 'read', 8), (5, 'rest', 7);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', inverse => 'todos');
SELECT * FROM found();
SELECT * FROM assoc.orphans('Todo.user');
SELECT * FROM assoc.orphans('User.todos', 2);
SELECT count(*) FROM assoc.orphans('User.todos', NULL);
SELECT count(*) FROM assoc.orphans('User.todos', 0);

-- the key there is, NOT VALID, changes nothing; validated it makes orphans impossible
SELECT outcome FROM assoc.apply();
SELECT * FROM found();
DELETE FROM "Todos" WHERE "userId" > 2;
SELECT outcome FROM assoc.apply();
SELECT * FROM found();

-- no association without rows of its own
SELECT assoc.has_many('User', 'Todo', 'first', foreign_key => 'userId');
CREATE TABLE tags (id integer PRIMARY KEY);
CREATE TABLE todo_tags (todo_id integer, tag_id integer);
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', foreign_key => 'todo_id', other_key => 'tag_id',
	inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT failing($$SELECT * FROM assoc.orphans('User.tags')$$);
SELECT failing($$SELECT * FROM assoc.orphans('Todo.users')$$);
SELECT failing($$SELECT * FROM assoc.orphans('Tod.user')$$);
SELECT failing($$SELECT * FROM assoc.orphans('Todo')$$);
SELECT failing($$SELECT * FROM assoc.orphans(NULL)$$);
SELECT failing($$SELECT * FROM assoc.orphans('Todo.user', -1)$$);
CREATE TABLE notes (id integer PRIMARY KEY);
SELECT assoc.belongs_to('Note', 'User');
SELECT failing($$SELECT * FROM assoc.orphans('Note.user')$$);
SELECT assoc.drop_association('Note.user');

-- a junction: both keys, and pairs
INSERT INTO tags VALUES (1), (2);
INSERT INTO todo_tags VALUES (1, 1), (1, 1), (1, 2), (9, 1), (1, 9), (NULL, 1), (NULL, 1);
SELECT * FROM found('Todo.tags');
SELECT * FROM assoc.orphans('Todo.tags');

-- has one: rows too many
CREATE TABLE profiles (id integer PRIMARY KEY, user_id integer);
INSERT INTO profiles VALUES (1, 1), (2, 1), (3, 1), (4, NULL), (5, NULL), (6, 2);
SELECT assoc.has_one('User', 'Profile', foreign_key => 'user_id');
SELECT * FROM found('User.profile');

-- keys of several columns, of other types and collations, of names that need quotes
CREATE DOMAIN account_number AS smallint;
CREATE COLLATION "no case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE accounts ("tenant ""id""" text COLLATE "no case", number bigint, mood mood,
	PRIMARY KEY ("tenant ""id""", number, mood));
CREATE TABLE invoices (id integer PRIMARY KEY, "a tenant" text, n account_number, m mood);
INSERT INTO accounts VALUES ('Acme', 1, 'good');
INSERT INTO invoices VALUES (1, 'acme', 1, 'good'), (2, 'ACME', 2, 'good'), (3, 'b', NULL, NULL), (4, 'acme', 1, 'bad'),
	(5, NULL, NULL, NULL);
SELECT assoc.belongs_to('Invoice', 'Account', foreign_key => 'a tenant, n, m');
SELECT * FROM found('Invoice');
SELECT * FROM assoc.orphans('Invoice.account');

-- somebody's cast to json is not called
CREATE FUNCTION trap(mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
CREATE CAST (mood AS json) WITH FUNCTION trap(mood);
SELECT count(*) FROM found('Invoice');
SELECT count(*) FROM assoc.orphans('Invoice.account');
DROP CAST (mood AS json);

-- partitions, and inheritance children, which a native key does not see
CREATE TABLE events (id integer, user_id integer) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
INSERT INTO events VALUES (1, 1), (2, 77), (11, 78);
SELECT count(assoc.belongs_to('Event', 'User'));
SELECT * FROM found('Event');
SELECT * FROM assoc.orphans('Event.user');
CREATE TABLE papers (id integer PRIMARY KEY, user_id integer);
CREATE TABLE letters (stamp text) INHERITS (papers);
INSERT INTO papers VALUES (1, 1);
INSERT INTO letters VALUES (2, 55, 'blue');
SELECT assoc.belongs_to('Paper', 'User');
SELECT outcome FROM assoc.apply('Paper');
SELECT * FROM found('Paper');
SELECT * FROM assoc.orphans('Paper.user');

-- a tree: circles, and what hangs below
CREATE TABLE categories (id integer PRIMARY KEY, parent_id integer);
INSERT INTO categories VALUES (1, NULL), (2, 1), (3, 5), (4, 3), (5, 4), (6, 5), (7, 7);
SELECT assoc.belongs_to('Category', 'Category', 'parent', foreign_key => 'parent_id');
SELECT * FROM found('Category');
UPDATE categories SET parent_id = 2 WHERE id IN (3, 7);
SELECT * FROM found('Category');

-- a type that is nearly full
CREATE TABLE clicks (id bigint PRIMARY KEY);
CREATE TABLE hits (id integer PRIMARY KEY, click_id smallint);
INSERT INTO clicks VALUES (32000);
SELECT assoc.belongs_to('Hit', 'Click');
SELECT * FROM found('Hit');

-- a key that is none any more
CREATE TABLE keys (id integer, CONSTRAINT keys_once UNIQUE (id));
CREATE TABLE locks (key_id integer);
SELECT assoc.belongs_to('Lock', 'Key', target_key => 'id');
ALTER TABLE keys DROP CONSTRAINT keys_once;
SELECT failing($$SELECT * FROM assoc.orphans('Lock.key')$$);
SELECT failing($$CALL assoc.repair('Lock.key', 'delete')$$);

-- a view is looked at only when it is named
CREATE VIEW shown AS SELECT 1 AS id, 99 AS user_id;
SELECT assoc.define_model('Shown', 'shown', key => 'id');
SELECT assoc.belongs_to('Shown', 'User', enforce => 'none');
SELECT count(*) FROM found() WHERE found LIKE '%Shown%';
SELECT * FROM found('Shown');

SELECT pg_temp.forget();
