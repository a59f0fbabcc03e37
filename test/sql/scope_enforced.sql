-- A scope that triggers enforce: declared, planned, applied, violated, shown, mended, followed and taken back.
CREATE SCHEMA scope_enforced;
SET search_path = scope_enforced;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include
-- the triggers of a table, without the hash
CREATE FUNCTION triggers(tables text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(pg_get_triggerdef(t.oid), '_[0-9a-f]{16}', '_*'), '^CREATE (CONSTRAINT )?TRIGGER', '\1TRIGGER')
	FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = current_schema::regnamespace AND relname = ANY (tables) AND NOT tgisinternal
	ORDER BY relname COLLATE "C", tgname COLLATE "C" $$;
CREATE FUNCTION in_force() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', e.reference, e.name, e.mode, CASE WHEN e.validated THEN 'valid' ELSE 'not valid' END, '->', t.parent_table, t.key, t.scope)
	FROM assoc_internal.enforced e LEFT JOIN assoc_internal.enforced_target t USING (reference)
	WHERE e.child_schema = current_schema ORDER BY e.reference $$;

CREATE TABLE "Users" (id integer PRIMARY KEY, "the Role" text, level integer, "e mail" text);
CREATE TABLE "Docs" (id integer PRIMARY KEY, "approverId" integer);
INSERT INTO "Users" VALUES (1, 'admin', 1), (2, 'admin', 2), (3, 'guest', 1), (4, NULL, 1), (5, 'admin', 3);
INSERT INTO "Docs" VALUES (1, 1), (2, 3), (3, NULL), (4, 9);

--
-- Without enforce => said, it is what it was: a filter of the accessor.
--
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"the Role": "admin", "level": [1, 2]}', on_delete => 'NO ACTION');
SELECT steps();
SELECT * FROM assoc.describe('Doc');

--
-- Said with triggers, it is enforced.
--
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"the Role": "admin", "level": [1, 2]}', on_delete => 'NO ACTION', enforce => 'trigger');
SELECT steps();
SELECT outcomes();
SELECT in_force();
SELECT triggers('{Users,Docs}');
SELECT * FROM assoc.describe('Doc');
SELECT * FROM assoc.orphans('Doc.approver') ORDER BY 1;
SELECT code, severity, message, fix FROM assoc.validate() WHERE code = 'orphans';
SELECT failing($$ SELECT assoc_internal.validate_reference('Doc.approver') $$);
SELECT failing($$ INSERT INTO "Docs" VALUES (5, 3) $$);
SELECT failing($$ INSERT INTO "Docs" VALUES (5, 4) $$);
SELECT failing($$ INSERT INTO "Docs" VALUES (5, 5) $$);
SELECT failing($$ UPDATE "Docs" SET "approverId" = 3 WHERE id = 1 $$);
INSERT INTO "Docs" VALUES (5, 2);
-- what is mended is checked, and then known
SELECT failing($$ CALL assoc.repair('Doc.approver', action => 'restore_parent') $$);
CALL assoc.repair('Doc.approver', action => 'delete');
SELECT outcomes();
SELECT in_force();
SELECT * FROM "Docs" ORDER BY id;
-- a parent may not leave the scope while rows refer to it
SELECT failing($$ UPDATE "Users" SET "the Role" = 'guest' WHERE id = 1 $$);
SELECT failing($$ UPDATE "Users" SET level = 3 WHERE id = 2 $$);
UPDATE "Users" SET level = 2 WHERE id = 1;
UPDATE "Users" SET "e mail" = 'x';
UPDATE "Users" SET "the Role" = 'guest' WHERE id = 5;
UPDATE "Users" SET "the Role" = 'admin' WHERE id = 3;
INSERT INTO "Docs" VALUES (6, 3);
-- the action, too, is taken
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"the Role": "admin", "level": [1, 2]}', on_delete => 'SET NULL', enforce => 'trigger');
SELECT outcomes();
UPDATE "Users" SET "the Role" = NULL WHERE id = 3;
SELECT * FROM "Docs" ORDER BY id;
-- renames
ALTER TABLE "Users" RENAME "the Role" TO role;
SELECT in_force();
SELECT failing($$ INSERT INTO "Docs" VALUES (7, 4) $$);
SELECT steps();
-- a column may get another type, and its values stay values
ALTER TABLE "Users" ALTER level TYPE bigint;
SELECT steps();
SELECT failing($$ INSERT INTO "Docs" VALUES (7, 5) $$);
INSERT INTO "Docs" VALUES (9, 1);
-- what loses a trigger is told
DO $$ BEGIN EXECUTE (SELECT format('DROP TRIGGER %I ON "Users"', tgname) FROM pg_trigger WHERE tgrelid = '"Users"'::regclass AND tgname LIKE 'RI\_assoc\_e\_%'); END $$;
SELECT steps();
SELECT failing($$ UPDATE "Users" SET role = 'guest' WHERE id = 1 $$);
SELECT outcomes();
SELECT count(*) FROM pg_trigger WHERE tgrelid = '"Users"'::regclass AND tgname LIKE 'RI\_assoc\_e\_%';

--
-- Unsaid, it stays what it is; another scope is a change, which is checked.
--
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"role": "admin", "level": [1, 2]}');
SELECT steps();
SELECT in_force();
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"role": ["admin", null]}', enforce => 'statement');
SELECT steps();
SELECT association, status, difference FROM assoc.associations ORDER BY 1;
SELECT outcomes();
SELECT in_force();
SELECT failing($$ INSERT INTO "Docs" VALUES (7, 5), (8, 1) $$);
INSERT INTO "Docs" VALUES (7, 4);
-- without one, all that refer rightly still do
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', enforce => 'trigger');
SELECT steps();
SELECT outcomes();
SELECT in_force();
SELECT triggers('{Users}');
INSERT INTO "Docs" VALUES (8, 5);
-- a valid key says nothing of a scope
SELECT assoc.set_enforcement('Doc.approver', 'foreign_key');
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"role": "admin"}', enforce => 'trigger');
SELECT steps();
SELECT outcomes();
DELETE FROM "Docs" WHERE id IN (7, 8);
SELECT outcomes();
SELECT in_force();
-- back to a key, the scope is a filter again; and the switch enforces it
SELECT assoc.set_enforcement('Doc.approver', 'foreign_key');
INSERT INTO "Docs" VALUES (7, 5);
SELECT assoc.set_enforcement('Doc.approver', 'trigger');
SELECT failing($$ INSERT INTO "Docs" VALUES (8, 5) $$);

--
-- Errors.
--
CREATE DOMAIN word AS text CHECK (VALUE <> '');
CREATE TYPE mood AS ENUM ('good', 'bad');
ALTER TABLE "Users" ADD tags text[], ADD name word, ADD mood mood;
SELECT assoc.drop_association('Doc.approver');
SELECT outcomes();
SELECT failing($$ SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"tags": "{a}"}', enforce => 'trigger') $$);
SELECT failing($$ SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"none": 1}', enforce => 'trigger') $$);
SELECT failing($$ SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"level": "x"}', enforce => 'trigger') $$);
SELECT failing($$ SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{}', enforce => 'trigger') $$);
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"tags": "{a}"}');
SELECT failing($$ SELECT assoc.set_enforcement('Doc.approver', 'trigger') $$);
-- two associations of one reference agree, or say none
SELECT assoc.belongs_to('Doc', 'User', 'approver', 'approverId', scope => '{"name": "Ann", "mood": "good"}', enforce => 'trigger');
SELECT failing($$ SELECT assoc.belongs_to('Doc', 'User', 'reader', 'approverId', scope => '{"mood": "bad"}', enforce => 'trigger') $$);
SELECT assoc.belongs_to('Doc', 'User', 'reader', 'approverId', scope => '{"mood": "bad"}');
-- a domain's check is not called by who looks at the rows
SELECT sql, outcome FROM assoc.apply();
DELETE FROM "Docs" WHERE "approverId" IS NOT NULL;
SELECT sql, outcome FROM assoc.apply();
SELECT failing($$ INSERT INTO "Docs" VALUES (8, 5) $$);
UPDATE "Users" SET name = 'Ann', mood = 'good' WHERE id = 5;
INSERT INTO "Docs" VALUES (8, 5);
UPDATE "Users" SET name = 'Bob';
SELECT * FROM "Docs" ORDER BY id;
SELECT pg_temp.forget();
