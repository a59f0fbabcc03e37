-- Changes of tables that associations speak of: types, partitions, inheritance, owners; and unrelated DDL.
CREATE SCHEMA watch_alter;
SET search_path = watch_alter;
\t on
\a
\pset null -
CREATE TABLE users (id integer PRIMARY KEY, name text);
CREATE TABLE todos (id integer PRIMARY KEY, user_id integer, title text);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', inverse => 'todos');
SELECT count(*) FROM assoc.apply();
INSERT INTO users VALUES (1), (2);
INSERT INTO todos VALUES (1, 1), (2, 2);

-- int to bigint on both sides, each alone and both; with the key in place
ALTER TABLE users ALTER id TYPE bigint;
SELECT status, difference FROM assoc.associations;
SELECT t.id FROM users u, todos(u) t ORDER BY 1;
ALTER TABLE todos ALTER COLUMN user_id SET DATA TYPE bigint;
SELECT status, difference FROM assoc.associations;
SELECT t.id FROM users u, todos(u) t ORDER BY 1;
SELECT u.id FROM todos t, "user"(t) u ORDER BY 1;
SELECT count(*) FROM assoc.plan();
-- columns may come and go, with defaults, while there are accessors
ALTER TABLE users ADD COLUMN note text DEFAULT 'x', ADD COLUMN at timestamptz DEFAULT now(), ALTER name SET DEFAULT 'y';
ALTER TABLE users DROP COLUMN note, DROP COLUMN at;
-- an incompatible pair: with a key PostgreSQL refuses, without one it is told
\set VERBOSITY terse
ALTER TABLE todos ALTER user_id TYPE text;
\set VERBOSITY default
ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey;
ALTER TABLE todos ALTER user_id TYPE text;
SELECT status, difference FROM assoc.associations WHERE association = 'Todo.user';
ALTER TABLE todos ALTER user_id TYPE bigint USING user_id::bigint;
SELECT status, difference FROM assoc.associations WHERE association = 'Todo.user';
SELECT count(*) FROM assoc.apply();
SELECT t.id FROM users u, todos(u) t ORDER BY 1;

-- a key of the parent that is dropped: told when its column's type changes next, and by validate()
ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey;
ALTER TABLE users DROP CONSTRAINT users_pkey;
SELECT severity, code, association, message FROM assoc.validate() WHERE code = 'declaration_unfit';
ALTER TABLE users ADD PRIMARY KEY (id);
SELECT count(*) FROM assoc.apply();

-- inheritance hands down no key
CREATE TABLE special_todos (reason text) INHERITS (todos);
CREATE TABLE other_todos (LIKE todos);
ALTER TABLE other_todos INHERIT todos;
ALTER TABLE other_todos NO INHERIT todos;
CREATE TABLE special_users () INHERITS (users);
DROP TABLE special_users, special_todos, other_todos;
CREATE TABLE unrelated (id integer);
CREATE TABLE unrelated_child () INHERITS (unrelated);
DROP TABLE unrelated_child, unrelated;

-- partitions: a key is cloned; one that comes with a key of its own keeps it
CREATE TABLE events (id integer, user_id bigint, at date) PARTITION BY RANGE (at);
SELECT count(assoc.belongs_to('Event', 'User', foreign_key => 'user_id', inverse => 'events'));
SELECT DISTINCT outcome FROM assoc.apply();
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 (id integer, user_id bigint, at date);
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
SELECT status, difference FROM assoc.associations WHERE association = 'Event.user';
SELECT conrelid::regclass, confdeltype FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text LIKE 'events%' ORDER BY conrelid::regclass::text COLLATE "C";
ALTER TABLE events DETACH PARTITION events_2027;
DROP TABLE events_2027;
-- a partition that is a model itself, whose declaration does not fit the whole
CREATE TABLE events_2028 (id integer, user_id bigint, at date);
SELECT assoc.define_model('Old', 'events_2028');
SELECT assoc.belongs_to('Old', 'User', foreign_key => 'user_id', on_delete => 'CASCADE');
SELECT count(*) FROM assoc.apply();
ALTER TABLE events ATTACH PARTITION events_2028 FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');
SELECT association, on_delete, status FROM assoc.associations WHERE association IN ('Old.user', 'Event.user');
DROP TABLE events_2028;
DROP TABLE events;

-- DDL that has nothing to do with us
CREATE TABLE plain (id serial PRIMARY KEY, v text);
CREATE INDEX ON plain (v);
CREATE TABLE plain_2 AS SELECT * FROM plain;
SELECT * INTO plain_3 FROM plain;
ALTER TABLE plain ADD CHECK (v <> ''), ALTER v SET NOT NULL;
ALTER TABLE plain RENAME v TO w;
ALTER TABLE plain RENAME TO plain_4;
ALTER INDEX plain_v_idx RENAME TO plain_w_idx;
CREATE FUNCTION trigger_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON plain_4 FOR EACH ROW EXECUTE FUNCTION trigger_function();
ALTER TRIGGER t ON plain_4 RENAME TO u;
DROP TRIGGER u ON plain_4;
CREATE RULE r AS ON DELETE TO plain_2 DO INSTEAD NOTHING;
DROP RULE r ON plain_2;
DROP INDEX plain_w_idx;
CREATE SCHEMA watch_alter_2 CREATE TABLE inside (id integer PRIMARY KEY) CREATE VIEW seen AS SELECT * FROM inside;
ALTER SCHEMA watch_alter_2 RENAME TO watch_alter_3;
DROP SCHEMA watch_alter_3 CASCADE;
ALTER TABLE IF EXISTS no_such_table RENAME TO x;
ALTER TABLE IF EXISTS no_such_table ADD COLUMN x integer;
ALTER TABLE IF EXISTS no_such_table SET SCHEMA public;
DROP TABLE plain_4, plain_2, plain_3;

-- the setting
SHOW assoc.package_ddl;
SET assoc.package_ddl = 'loud';
SET assoc.no_such_setting = 1;

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA watch_alter CASCADE;
