-- Drops: the child's side is free to go, the parent's side is held, accessors step aside.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA watch_drop;
SET search_path = watch_drop;
\set ECHO none
\i :errors
\set ECHO all
\t on
\a
\pset null -
CREATE VIEW declared AS SELECT association, status FROM assoc.associations;
CREATE VIEW accessors AS SELECT p.oid::regprocedure::text COLLATE "C" AS accessor FROM pg_proc p
    WHERE pronamespace = 'watch_drop'::regnamespace AND proname NOT IN ('failing', 'fresh') ORDER BY 1;
CREATE FUNCTION fresh(enforce text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    PERFORM assoc.declare('{"models": {}}', prune => true);
    DROP TABLE IF EXISTS todo_tags, todos, tags, users, profiles CASCADE;
    CREATE TABLE users (id integer PRIMARY KEY, code integer UNIQUE);
    CREATE TABLE todos (id integer PRIMARY KEY, user_id integer, code integer, rank integer, state text);
    CREATE TABLE tags (id integer PRIMARY KEY);
    PERFORM assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', inverse => 'todos', enforce => enforce);
    PERFORM assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos', enforce => enforce);
    PERFORM assoc.has_many('User', 'Tag', through => 'todos.tags');
    PERFORM assoc.has_one('User', 'Todo', 'best', foreign_key => 'user_id', order_by => 'rank DESC', scope => '{"state": "open"}');
    PERFORM assoc.apply();
END
$$;

-- what sequelize-cli, Rails and Flyway issue when they undo: the child's column, the child's table, in reverse order
SELECT fresh();
SELECT * FROM declared;
ALTER TABLE todos DROP COLUMN user_id;
SELECT * FROM declared;
SELECT * FROM accessors;
DROP TABLE todo_tags;
DROP TABLE todos;
DROP TABLE IF EXISTS tags;
DROP TABLE IF EXISTS users;
DROP TABLE IF EXISTS users CASCADE;
SELECT * FROM declared;
SELECT * FROM assoc.models;
SELECT count(*) FROM assoc_internal.recorded;

-- the parent's side, with a native key: PostgreSQL refuses, in its own words
SELECT fresh();
SELECT failing('DROP TABLE users');
SELECT failing('ALTER TABLE users DROP COLUMN id');
SELECT * FROM declared;
SELECT * FROM accessors;
-- without a key, as when the plan was not applied: we refuse, as a key would
SELECT fresh('none');
SELECT failing('DROP TABLE users');
SELECT failing('ALTER TABLE users DROP COLUMN id');
SELECT failing('DROP TABLE tags, users');
SELECT * FROM declared;
SELECT * FROM accessors;
ALTER TABLE users DROP COLUMN code;
-- CASCADE, or the child in the same command
DROP TABLE users CASCADE;
SELECT * FROM declared;
SELECT * FROM accessors;
SELECT fresh('none');
ALTER TABLE users DROP COLUMN id CASCADE;
SELECT * FROM declared;
SELECT model FROM assoc.models;
SELECT fresh('none');
DROP TABLE users, todos, todo_tags;
SELECT * FROM declared;

-- columns that an order or a scope names, a said key, a column of an action
SELECT fresh();
ALTER TABLE todos DROP COLUMN rank;
SELECT * FROM declared;
SELECT fresh();
ALTER TABLE todos DROP COLUMN state, DROP COLUMN code;
SELECT * FROM declared;
SELECT assoc.define_model('User', 'users', key => 'id');
SELECT assoc.define_model('Coded', 'users', key => 'code');
ALTER TABLE users DROP COLUMN code;
SELECT model, key FROM assoc.models;
-- dropped and added again in one command is still there
ALTER TABLE todos DROP COLUMN user_id, ADD COLUMN user_id integer;
SELECT * FROM declared;

-- what is dropped is not the model's: an index or key that apply() made
SELECT item, value FROM assoc_internal.recorded WHERE reference = 'todos_user_id' ORDER BY 1;
SELECT count(*) FROM assoc.apply();
DROP INDEX todos_user_id_idx;
ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey;
SELECT item, value FROM assoc_internal.recorded WHERE reference = 'todos_user_id' ORDER BY 1;
SELECT * FROM declared;

-- something else uses an accessor: PostgreSQL tells, or takes it along
SELECT fresh();
CREATE VIEW open_todos AS SELECT t.* FROM users u, todos(u) t;
SELECT failing('DROP TABLE todo_tags, todos');
SELECT * FROM accessors;
DROP TABLE todo_tags, todos CASCADE;
SELECT * FROM declared;

-- a whole schema; what else has a model in it
SELECT fresh();
CREATE SCHEMA watch_drop_2;
CREATE TABLE watch_drop_2.notes (id integer PRIMARY KEY, user_id integer);
SELECT assoc.define_model('Note', 'watch_drop_2.notes');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', inverse => 'notes');
SELECT failing('DROP SCHEMA watch_drop_2');
DROP SCHEMA watch_drop_2 CASCADE;
SELECT association FROM assoc.associations WHERE association LIKE '%ote%';

-- views, materialized views; things that are no model's
CREATE MATERIALIZED VIEW user_list AS SELECT id FROM users;
CREATE VIEW user_view AS SELECT id FROM users;
SELECT assoc.define_model('Listed', 'user_list', key => 'id');
SELECT assoc.define_model('Viewed', 'user_view', key => 'id');
SELECT assoc.belongs_to('Todo', 'Viewed', foreign_key => 'user_id', target_key => 'id', enforce => 'none');
SELECT failing('DROP VIEW user_view');
DROP VIEW user_view CASCADE;
DROP MATERIALIZED VIEW user_list;
SELECT model FROM assoc.models;
CREATE TEMPORARY TABLE users (id integer);
DROP TABLE pg_temp.users;
DROP TABLE IF EXISTS no_such_table;
SELECT failing('DROP TABLE no_such_table');
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
DROP FUNCTION f();
SELECT * FROM declared;

-- a drop that is taken back
BEGIN;
DROP TABLE todos CASCADE;
SELECT * FROM declared;
ROLLBACK;
SELECT * FROM declared;
SELECT * FROM accessors;
SELECT count(*) FROM assoc.plan();

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA watch_drop CASCADE;
