-- A condition: rows of the child for which the reference counts, declared, planned, applied, violated, shown, mended and followed.
CREATE SCHEMA condition;
SET search_path = condition;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include
CREATE FUNCTION in_force() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', e.reference, e.name, e.mode, e.condition, CASE WHEN e.validated THEN 'valid' ELSE 'not valid' END, '->', t.parent_table)
	FROM assoc_internal.enforced e LEFT JOIN assoc_internal.enforced_target t USING (reference)
	WHERE e.child_schema = current_schema ORDER BY e.reference $$;

CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE "Users" (id integer PRIMARY KEY);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer, "the Status" text, urgent boolean, mood mood, tags text[], body json);
INSERT INTO "Users" VALUES (1), (2);
INSERT INTO "Todos" VALUES (1, 1, 'open', true), (2, 7, 'done', true), (3, 8, 'held', NULL), (4, 9, 'open', false), (5, NULL, 'open', true);

-- triggers by default
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'NO ACTION',
	condition => '{"the Status": ["open", "held"], "urgent": [true, null]}', inverse => 'todos');
SELECT steps();
SELECT outcomes();
SELECT in_force();
SELECT * FROM assoc.describe('Todo');
SELECT association, enforce, status, difference FROM assoc.associations ORDER BY 1;
-- only rows in the condition count
SELECT * FROM assoc.orphans('Todo.user');
SELECT code, severity, message, fix FROM assoc.validate() WHERE code = 'orphans';
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
INSERT INTO "Todos" VALUES (6, 77, 'done', true), (7, 77, NULL, true), (8, 77, 'open', false);
SELECT failing($$ INSERT INTO "Todos" VALUES (9, 77, 'open', true) $$);
SELECT failing($$ UPDATE "Todos" SET "the Status" = 'open' WHERE id = 6 $$);
SELECT failing($$ UPDATE "Todos" SET urgent = NULL WHERE id = 8 $$);
UPDATE "Todos" SET "the Status" = 'done', "userId" = 77 WHERE id = 1;
CALL assoc.repair('Todo.user', action => 'set_null');
SELECT outcomes();
SELECT in_force();
SELECT id, "userId", "the Status", urgent FROM "Todos" ORDER BY id;
-- a parent is held by rows that count alone
INSERT INTO "Todos" VALUES (10, 1, 'done', true), (11, 2, 'open', true);
DELETE FROM "Users" WHERE id = 1;
SELECT failing($$ DELETE FROM "Users" WHERE id = 2 $$);
-- the accessor shows what the columns say
SELECT t.id FROM "Users" u, todos(u) t ORDER BY 1;

-- the document says it, and declares it
SELECT assoc.document()::jsonb -> 'models' -> 'Todo' -> 'belongs_to' -> 'user';
SELECT assoc.declare(assoc.document()::jsonb);
-- renames and types
ALTER TABLE "Todos" RENAME "the Status" TO status;
SELECT in_force();
SELECT assoc.document()::jsonb #> '{models,Todo,belongs_to,user,condition}';
SELECT steps();
SELECT failing($$ INSERT INTO "Todos" VALUES (12, 77, 'open', true) $$);
ALTER TABLE "Todos" ALTER status TYPE varchar(10);
SELECT steps();
SELECT failing($$ INSERT INTO "Todos" VALUES (12, 77, 'open', true) $$);
-- another one is a change
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'NO ACTION', condition => '{"status": "open"}', inverse => 'todos');
SELECT steps();
SELECT outcomes();
SELECT failing($$ UPDATE "Todos" SET status = 'open' WHERE id = 6 $$);
-- by statements
SELECT assoc.set_enforcement('Todo.user', 'statement');
SELECT failing($$ UPDATE "Todos" SET status = 'open' WHERE id IN (6, 7) $$);
-- a key counts for all rows
SELECT failing($$ SELECT assoc.set_enforcement('Todo.user', 'foreign_key') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'NO ACTION', condition => '{"status": "open"}', enforce => 'foreign_key', inverse => 'todos') $$);
-- with no condition any more
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'NO ACTION', inverse => 'todos', enforce => 'foreign_key');
SELECT outcomes();
DELETE FROM "Todos" WHERE "userId" NOT IN (SELECT id FROM "Users");
SELECT outcomes();
SELECT in_force();
-- triggers take the place of a key that is there
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'NO ACTION', inverse => 'todos', condition => '{"mood": ["good", null]}');
SELECT steps();
SELECT outcomes();
SELECT in_force();
INSERT INTO "Todos" VALUES (20, 77, 'x', true, 'bad');
SELECT failing($$ INSERT INTO "Todos" VALUES (21, 77, 'x', true, NULL) $$);
-- with its column, the association goes
ALTER TABLE "Todos" DROP COLUMN mood;
SELECT association FROM assoc.associations ORDER BY 1;
SELECT outcomes();

--
-- The other side says it as well.
--
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', condition => '{"status": "open"}', on_delete => 'CASCADE');
SELECT steps();
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', condition => '{"status": "done"}') $$);
SELECT assoc.has_one('User', 'Todo', 'firstTodo', 'userId', condition => '{"status": "open"}', order_by => 'id');
SELECT outcomes();
INSERT INTO "Users" VALUES (3);
INSERT INTO "Todos" VALUES (30, 3, 'open'), (31, 3, 'done');
DELETE FROM "Users" WHERE id = 3;
SELECT id FROM "Todos" WHERE id >= 30;

--
-- Errors.
--
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '[1]') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"none": 1}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"body": "{}"}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"status": []}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"status": {"a": 1}}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"status": ["a", [1]]}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'userId', condition => '{"urgent": [true, "maybe"]}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', 'ownerId', condition => '{"tags": "{a}"}') $$);
SELECT assoc.belongs_to('Todo', 'User', 'owner', 'ownerId');
SELECT failing($$ SELECT assoc.has_many('User', 'User', 'x', through => 'todos.owner', condition => '{"id": 1}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', 'x', polymorphic => 'owner', condition => '{"id": 1}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": {"target": "User", "foreign_key": "userId", "condition": {"none": 1}}}}}}') $$);
SELECT pg_temp.forget();
