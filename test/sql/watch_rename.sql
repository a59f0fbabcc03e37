-- Renames and moves are followed by what is declared, by what was recorded, and by accessors.
CREATE SCHEMA watch_rename;
CREATE SCHEMA "Other ""schema""";
SET search_path = watch_rename;
\t on
\a
\pset null -
CREATE TABLE "Users" (id integer PRIMARY KEY, email text UNIQUE);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer, position integer, done boolean, user_email text);
CREATE TABLE tags (id integer PRIMARY KEY);
SELECT assoc.define_model('User', '"Users"');
SELECT assoc.define_model('Account', '"Users"', key => 'email');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', inverse => 'todos', on_delete => 'SET NULL ("userId")');
SELECT assoc.has_one('User', 'Todo', 'first', foreign_key => 'userId', order_by => 'position DESC NULLS LAST, -id', scope => '{"done": [true, null], "user_email": "a"}');
SELECT assoc.belongs_to('Todo', 'User', 'writer', foreign_key => 'user_email', target_key => 'email', inverse => 'written');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', foreign_key => 'todo_id', other_key => 'tag_id', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT count(*) FROM assoc.apply();
INSERT INTO "Users" VALUES (1, 'a'), (2, 'b');
INSERT INTO "Todos" VALUES (1, 1, 5, true, 'a'), (2, 1, 7, NULL, 'a'), (3, 2, 1, true, 'b');
INSERT INTO tags VALUES (1), (2);
INSERT INTO todo_tags VALUES (1, 1), (2, 2);

-- everything is in place, and each accessor finds what it found
CREATE VIEW check_all AS
    SELECT (SELECT count(*) FROM assoc.plan()) AS steps,
        (SELECT count(*) FROM assoc.associations WHERE status <> 'in place' OR difference IS NOT NULL) AS not_in_place,
        (SELECT count(*) FROM assoc_internal.recorded r WHERE item = 'constraint' AND NOT EXISTS
            (SELECT 1 FROM pg_constraint c WHERE c.conname = r.value)) AS lost_keys,
        (SELECT count(*) FROM assoc_internal.recorded r WHERE item LIKE '%index' AND NOT EXISTS
            (SELECT 1 FROM pg_class c WHERE c.relname = r.value)) AS lost_indexes;
CREATE FUNCTION called(call text, OUT result text) LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT string_agg(s, '' '') FROM (' || call || ') c(s)' INTO result; END $$;
-- what describe() says is the call of an accessor is one
CREATE FUNCTION calls() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT m || '.' || (regexp_match(l, '^  (\w+):'))[1] || ': ' || watch_rename.called(replace(c.call, 'SELECT t.*', 'SELECT t::text') || ' ORDER BY 1')
    FROM (VALUES ('Tag'), ('Todo'), ('User')) v(m), assoc.describe(m) WITH ORDINALITY d(l, n),
        LATERAL (SELECT regexp_replace(l2, '^    call: ', '') AS call FROM assoc.describe(m) WITH ORDINALITY d2(l2, n2)
            WHERE n2 > n AND l2 ~ '^    call: ' ORDER BY n2 LIMIT 1) c
    WHERE l ~ '^  \w+:' AND l !~ '^  key:' ORDER BY 1 $$;
SELECT * FROM check_all;
SELECT * FROM calls();

-- columns: a foreign key, a column of an order, of a scope, a key that is not the primary key
ALTER TABLE "Todos" RENAME "userId" TO "user's id";
ALTER TABLE "Todos" RENAME COLUMN position TO "the Position";
ALTER TABLE "Todos" RENAME done TO is_done;
ALTER TABLE "Users" RENAME email TO "e,mail";
ALTER TABLE todo_tags RENAME todo_id TO "todoId";
SELECT * FROM check_all;
SELECT association, foreign_key, key, on_delete FROM assoc.associations;
SELECT model, key FROM assoc.models;
SELECT alias, scope, order_by FROM assoc_internal.declaration WHERE scope IS NOT NULL;
SELECT * FROM calls();

-- constraints and indexes that apply() made
ALTER TABLE "Todos" RENAME CONSTRAINT "Todos_userId_fkey" TO "a key";
ALTER INDEX "Todos_userId_idx" RENAME TO "an index";
ALTER TABLE "todo_tags_tag_id_idx" RENAME TO other_index;
SELECT * FROM check_all;
SELECT item, value FROM assoc_internal.recorded WHERE value IN ('a key', 'an index', 'other_index') ORDER BY 1;

-- tables, and one that takes the name of another
ALTER TABLE "Users" RENAME TO people;
ALTER TABLE "Todos" RENAME TO "Users";
ALTER TABLE IF EXISTS todo_tags RENAME TO "Links of todos, tags and more, as long as a name can be: 63 byte";
SELECT * FROM check_all;
SELECT model, table_name FROM assoc.models;
SELECT * FROM calls();
SELECT obj_description('watch_rename.todos(people)'::regprocedure);

-- to another schema, and the schema itself; accessors go along
ALTER TABLE tags SET SCHEMA "Other ""schema""";
SELECT p.oid::regprocedure FROM pg_proc p WHERE proname IN ('tags', 'todos') ORDER BY p.oid::regprocedure::text COLLATE "C";
ALTER TABLE people SET SCHEMA "Other ""schema""";
ALTER SCHEMA "Other ""schema""" RENAME TO watch_other;
SELECT * FROM check_all;
SELECT model, table_name FROM assoc.models;
SELECT * FROM calls();
SELECT p.oid::regprocedure FROM pg_proc p WHERE proname IN ('tags', 'todos', 'first', 'written') ORDER BY p.oid::regprocedure::text COLLATE "C";
ALTER TABLE watch_other.people SET SCHEMA watch_rename;
ALTER TABLE watch_other.tags SET SCHEMA watch_rename;
SELECT * FROM check_all;
SELECT * FROM calls();

-- a rename that fails, or is taken back, changes nothing
ALTER TABLE people RENAME TO tags;
BEGIN;
ALTER TABLE people RENAME TO folk;
SAVEPOINT s;
ALTER TABLE folk RENAME id TO number;
ROLLBACK TO s;
SELECT model, table_name, key FROM assoc.models WHERE model = 'User';
ROLLBACK;
SELECT model, table_name, key FROM assoc.models WHERE model = 'User';
SELECT * FROM check_all;

-- what stands for a table of another kind, and what is no table's
CREATE VIEW "Active" AS SELECT * FROM people;
SELECT assoc.define_model('Active', 'Active');
SELECT assoc.belongs_to('Todo', 'Active', 'active', foreign_key => 'user''s id', target_key => 'id', enforce => 'none');
ALTER VIEW "Active" RENAME TO active_people;
ALTER VIEW active_people RENAME COLUMN id TO number;
SELECT model, table_name FROM assoc.models WHERE model = 'Active';
SELECT foreign_key, key, status FROM assoc.associations WHERE association = 'Todo.active';
SELECT assoc.drop_association('Todo.active');
SELECT assoc.drop_model('Active');
CREATE TYPE pair AS (a integer, b integer);
ALTER TYPE pair RENAME ATTRIBUTE a TO c;
ALTER TYPE pair RENAME TO couple;
CREATE SEQUENCE numbers;
ALTER SEQUENCE numbers RENAME TO counters;
ALTER SEQUENCE counters SET SCHEMA watch_other;

-- columns of partitioned and inheriting tables, by their parent
CREATE TABLE events (id integer, user_id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT assoc.define_model('Event', 'events');
SELECT assoc.define_model('Event2026', 'events_2026');
-- how many steps there are is the major's: before 18, a key on a partitioned table is never NOT VALID
SELECT count(assoc.belongs_to('Event', 'User', foreign_key => 'user_id', target_key => 'id'));
SELECT assoc.belongs_to('Event2026', 'User', foreign_key => 'user_id', target_key => 'id', index => false);
SELECT DISTINCT outcome FROM assoc.apply();
ALTER TABLE events RENAME user_id TO person_id;
SELECT association, foreign_key, status FROM assoc.associations WHERE association LIKE 'Event%';
SELECT * FROM check_all;

-- a column that gets the name of an association
ALTER TABLE people ADD COLUMN first text;
ALTER TABLE people DROP COLUMN first;

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA watch_rename, watch_other CASCADE;
