-- What cannot be declared or checked, where no other test comes to it.
CREATE SCHEMA enforce_refused;
SET search_path = enforce_refused;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\i :include
\pset format unaligned
\pset tuples_only on

CREATE TABLE posts (id integer PRIMARY KEY);
CREATE TABLE "Users" (id integer PRIMARY KEY, role text, tags text[], years int4range);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, kind text, on_id integer, tags text[]);

-- tables that are no model's
CREATE TEMPORARY TABLE drafts (id integer PRIMARY KEY);
SELECT failing($$ SELECT assoc.define_model('Draft', 'drafts') $$);
SELECT failing($$ SELECT assoc.define_model('Class', 'pg_catalog.pg_class') $$);

-- one target under two names, and none at all
SELECT failing($$ SELECT assoc.belongs_to_polymorphic('Todo', 'on', 'Post, posts', type_column => 'kind', foreign_key => 'on_id') $$);
SELECT failing($$ SELECT assoc.belongs_to_polymorphic('Todo', 'on', '{}', type_column => 'kind', foreign_key => 'on_id') $$);

-- types that a scope or a condition cannot hold if it is enforced
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', scope => '{"tags": "{a}"}', enforce => 'trigger') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', scope => '{"years": "[1,2)"}', enforce => 'trigger') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', condition => '{"tags": "{a}"}') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', condition => '{"kind": []}') $$);

-- rows are not called checked while triggers are off, on either side
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', enforce => 'trigger');
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
SELECT outcome FROM assoc.apply('Todo.user');
SET client_min_messages = error;
ALTER TABLE "Todos" DISABLE TRIGGER USER;
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
ALTER TABLE "Todos" ENABLE TRIGGER USER;
ALTER TABLE "Users" DISABLE TRIGGER USER;
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
ALTER TABLE "Users" ENABLE TRIGGER USER;
RESET client_min_messages;
SELECT assoc_internal.validate_reference('Todo.user');

SET client_min_messages = error;
DROP SCHEMA enforce_refused CASCADE;
