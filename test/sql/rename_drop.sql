-- Renaming and dropping models and associations: what follows, what stays, what is refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA rename_drop;
SET search_path = rename_drop;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
CREATE TABLE "Users" (id int PRIMARY KEY, name text);
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Tags" (id int PRIMARY KEY);
CREATE VIEW functions AS SELECT p.oid::regprocedure::text COLLATE "C" AS function FROM pg_proc p
    WHERE p.pronamespace = 'rename_drop'::regnamespace AND p.proname <> 'failing' ORDER BY 1;
SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos', on_delete => 'CASCADE');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.has_many('User', 'Tag', alias => 'again', through => 'tags');
SELECT DISTINCT outcome FROM assoc.apply();
INSERT INTO "Users" VALUES (1, 'ann');
INSERT INTO "Todos" VALUES (1, 1);
INSERT INTO "Tags" VALUES (5);
INSERT INTO todo_tags ("todoId", "tagId") VALUES (1, 5);
TABLE functions;
SELECT reference, other_reference FROM assoc_internal.declaration ORDER BY model, alias;

-- an association: its accessor, the inverse and the paths follow, the reference keeps its name
SELECT assoc.rename_association('User.todos', 'tasks');
SELECT assoc.rename_association('Todo.tags', 'labels');
SELECT assoc.rename_association('User.tags', 'all labels');
SELECT association, through, status FROM assoc.associations;
SELECT model, alias, inverse FROM assoc_internal.declaration WHERE inverse IS NOT NULL ORDER BY 1, 2;
TABLE functions;
SELECT t.id FROM "Users" u, tasks(u) t;
SELECT g.id FROM "Users" u, again(u) g;
SELECT reference, other_reference FROM assoc_internal.declaration ORDER BY model, alias;
SELECT assoc.declare(assoc.document()::jsonb, prune => true);
SELECT failing($$ SELECT assoc.rename_association('User.tasks', 'again') $$);
SELECT failing($$ SELECT assoc.rename_association('User.tasks', 'tasks') $$);
SELECT failing($$ SELECT assoc.rename_association('User.tasks', 'name') $$);
SELECT failing($$ SELECT assoc.rename_association('User.tasks', '') $$);
SELECT failing($$ SELECT assoc.rename_association('User.tasks', 'a.b') $$);
SELECT failing($$ SELECT assoc.rename_association('User.task', 'x') $$);
SELECT failing($$ SELECT assoc.rename_association('tasks', 'x') $$);
SELECT assoc.rename_association('User.tasks', NULL);

-- a model: wherever it is said, as owner of associations, target and junction
SELECT assoc.rename_model('User', 'Person');
SELECT assoc.rename_model('todo_tags', 'Tagging');
SELECT assoc.rename_model('Tag', 'Label');
SELECT association, target, through, status FROM assoc.associations;
SELECT model, table_name FROM assoc.models;
SELECT count(*) FROM assoc.plan();
TABLE functions;
SELECT assoc.declare(assoc.document()::jsonb, prune => true);
SELECT failing($$ SELECT assoc.rename_model('Person', 'Todo') $$);
SELECT failing($$ SELECT assoc.rename_model('Person', '') $$);
SELECT failing($$ SELECT assoc.rename_model('User', 'X') $$);
SELECT failing(format('SELECT assoc.rename_model(''Person'', %L)', repeat('x', 64)));

-- a view that uses an accessor follows the table, and keeps the accessor from being dropped
CREATE VIEW uses AS SELECT g.id FROM "Users" u, again(u) g;
SELECT failing($$ SELECT assoc.drop_association('Person.again') $$);
DROP VIEW uses;
SELECT assoc.drop_association('Person.again');

-- dropping an association: refused while a path goes through it; the key stays, and the line says how to drop it
SELECT assoc.belongs_to('Todo', 'Person', alias => 'also', foreign_key => 'userId');
SELECT assoc.has_many('Person', 'Label', alias => 'path', through => 'tasks.labels');
SELECT failing($$ SELECT assoc.drop_association('Person.tasks') $$);
SELECT failing($$ SELECT assoc.drop_association('Todo.labels') $$);
SELECT failing($$ SELECT assoc.drop_association('Person.nothing') $$);
SELECT failing($$ SELECT assoc.drop_association('nothing') $$);
SELECT assoc.drop_association('Person.path');
-- while another side is left the key is still declared, and what that side inferred stays
SELECT assoc.drop_association('Todo.also');
SELECT assoc.drop_association('Todo.user');
SELECT association, foreign_key, inferred FROM assoc.associations WHERE association LIKE 'Person.%';
TABLE functions;

-- dropping a model: refused while associations use it; cascade takes them and the paths along
SELECT failing($$ SELECT assoc.drop_model('Label') $$);
SELECT failing($$ SELECT assoc.drop_model('Tagging') $$);
SELECT failing($$ SELECT assoc.drop_model('Nothing') $$);
SELECT assoc.drop_model('Tagging', cascade => true);
SELECT association FROM assoc.associations;
SELECT assoc.drop_model('Label');
SELECT assoc.drop_association('Person.tasks');
SELECT assoc.drop_model('Person', cascade => true);
SELECT assoc.drop_model('Todo');
SELECT count(*) FROM assoc_internal.model;
SELECT count(*) FROM assoc_internal.declaration;
SELECT count(*) FROM assoc_internal.recorded;
TABLE functions;
-- tables, columns and keys are all there
SELECT conname COLLATE "C" FROM pg_constraint WHERE contype = 'f' AND connamespace = 'rename_drop'::regnamespace ORDER BY 1;
SELECT count(*) FROM todo_tags;

SET client_min_messages = warning;
DROP SCHEMA rename_drop CASCADE;
