-- Models whose rows are deleted softly: declared, planned, in force, and checked.
SET client_min_messages = warning;
CREATE SCHEMA softly;
SET search_path = softly;
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\set ECHO none
\i :include
\set ECHO all
-- in other databases references and triggers may have other names
CREATE FUNCTION triggers(tab regclass, kinds text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(pg_get_triggerdef(oid), '_[0-9a-f]{16}', '_*'), '\(''.*''\)', '(..)') FROM pg_trigger
	WHERE tgrelid = tab AND NOT tgisinternal AND tgname ~ ('^RI_assoc_(' || kinds || ')_') ORDER BY tgname COLLATE "C" $$;
CREATE TABLE "Users" (id integer PRIMARY KEY, email text, "deletedAt" timestamptz, "signedUp" timestamptz NOT NULL DEFAULT now(), twice integer GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer, "deletedAt" timestamptz);
CREATE TABLE "Steps" (id integer PRIMARY KEY, "todoId" integer, hidden boolean NOT NULL DEFAULT false);
CREATE TABLE "Logins" (id integer PRIMARY KEY, "userId" integer NOT NULL);

-- what cannot be said
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => 'deletedat') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => 'zzzzzzzz') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => '') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => 'signedUp') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => 'twice') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', key => 'email', soft_delete => 'email') $$);
SELECT failing($$ SELECT assoc.define_model('User', 'Users', soft_delete => 'id') $$);

-- a timestamp, and a boolean that is NOT NULL
SELECT assoc.define_model('User', 'Users', soft_delete => 'deletedAt');
SELECT assoc.define_model('Todo', 'Todos', soft_delete => 'deletedAt');
SELECT assoc.define_model('Step', 'Steps', soft_delete => 'hidden');
SELECT assoc.define_model('Login', 'Logins');
SELECT name, soft_delete FROM assoc_internal.model WHERE schema_name = 'softly' ORDER BY name COLLATE "C";
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Step', 'Todo', foreign_key => 'todoId', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Login', 'User', foreign_key => 'userId');
SELECT step, association, reason, sql, lock, on_table FROM assoc.plan('Todo.user, Step.todo, Login.user');
SELECT * FROM assoc.describe('Todo');
SELECT step, association, outcome, detail FROM assoc.apply('Todo.user, Step.todo, Login.user');
SELECT count(*) FROM assoc.plan('Todo.user, Step.todo, Login.user');
SELECT * FROM assoc.describe('Todo');
SELECT e.child_table, e.child_soft_delete, t.parent_table, t.soft_delete, e.validated FROM assoc_internal.enforced e JOIN assoc_internal.enforced_target t USING (reference)
    WHERE e.child_schema = 'softly' ORDER BY e.child_table COLLATE "C";
SELECT DISTINCT triggers('"Users"', '.*');
SELECT triggers('"Todos"', 'cu');

-- plain DML on the columns
INSERT INTO "Users" (id) SELECT generate_series(1, 5);
INSERT INTO "Todos" (id, "userId") VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO "Steps" (id, "todoId") VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO "Logins" VALUES (1, 3);
UPDATE "Todos" SET "deletedAt" = '2026-01-01' WHERE id = 2;
SELECT id, hidden FROM "Steps" ORDER BY id;
UPDATE "Users" SET "deletedAt" = '2026-02-02' WHERE id = 1;
SELECT t.id, t."deletedAt" IS NOT NULL AS deleted, t.deletion_id = u.deletion_id AS with_user, s.hidden FROM "Todos" t JOIN "Users" u ON u.id = t."userId"
    JOIN "Steps" s ON s."todoId" = t.id ORDER BY t.id;
SELECT failing($$ INSERT INTO "Todos" (id, "userId") VALUES (4, 1) $$);
INSERT INTO "Todos" (id, "userId", "deletedAt") VALUES (4, 1, now());
SELECT failing($$ UPDATE "Todos" SET "deletedAt" = NULL WHERE id = 4 $$);
UPDATE "Users" SET "deletedAt" = NULL WHERE id = 1;
SELECT t.id, t."deletedAt" IS NOT NULL AS deleted, t.deletion_id IS NULL AS unmarked, s.hidden FROM "Todos" t LEFT JOIN "Steps" s ON s."todoId" = t.id ORDER BY t.id;
-- who logs in lives: NO ACTION
SELECT failing($$ UPDATE "Users" SET "deletedAt" = now() WHERE id = 3 $$);
UPDATE "Users" SET email = 'x' WHERE id = 3;
DELETE FROM "Logins";
UPDATE "Users" SET "deletedAt" = now() WHERE id = 3;
SELECT failing($$ INSERT INTO "Logins" VALUES (1, 3) $$);
-- a hard DELETE considers all
DELETE FROM "Users" WHERE id = 1;
SELECT id FROM "Todos" ORDER BY id;

-- a column that has the name, and another type
CREATE TABLE "Notes" (id integer PRIMARY KEY, "userId" integer, gone date, deletion_id text);
SELECT assoc.define_model('Note', 'Notes', soft_delete => 'gone');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'userId', on_delete => 'CASCADE');
SELECT step, reason, sql FROM assoc.plan('Note.user');
SELECT assoc.drop_model('Note', cascade => true);

-- validate finds living children of deleted parents; so does the step that validates
SELECT severity, code, message, fix FROM assoc.validate('Todo.user') WHERE code IN ('live_child_of_deleted', 'soft_delete_unenforced');
ALTER TABLE "Todos" DISABLE TRIGGER USER;
ALTER TABLE "Logins" DISABLE TRIGGER USER;
UPDATE "Users" SET "deletedAt" = '2026-03-03' WHERE id = 4;
INSERT INTO "Todos" (id, "userId") VALUES (6, 4), (7, 4), (8, 3);
INSERT INTO "Logins" VALUES (2, 4);
ALTER TABLE "Todos" ENABLE TRIGGER USER;
ALTER TABLE "Logins" ENABLE TRIGGER USER;
SELECT severity, code, association, message, fix, count, samples, detail FROM assoc.validate('Todo.user, Login.user') WHERE code = 'live_child_of_deleted';
SELECT step, association, outcome, detail FROM assoc.apply('Todo.user, Login.user');
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
SELECT fix AS bury FROM assoc.validate('Todo.user') WHERE code = 'live_child_of_deleted' \gset
:bury
SELECT fix AS bury FROM assoc.validate('Login.user') WHERE code = 'live_child_of_deleted' \gset
:bury
SELECT code FROM assoc.validate('Todo.user, Login.user') WHERE code = 'live_child_of_deleted';
SELECT step, association, outcome, detail FROM assoc.apply('Todo.user, Login.user');

-- the column follows a rename, and goes
ALTER TABLE "Users" RENAME COLUMN "deletedAt" TO "removed At";
SELECT soft_delete FROM assoc_internal.model WHERE name = 'User';
SELECT count(*) FROM assoc.plan('Todo.user, Login.user');
UPDATE "Users" SET "removed At" = now() WHERE id = 2;
SELECT id, "deletedAt" IS NOT NULL AS deleted FROM "Todos" WHERE "userId" = 2;
SELECT assoc.document()::jsonb -> 'models' -> 'User' ->> 'soft_delete';
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"table_name": "Users", "soft_delete": "nix"}}}') $$);
SELECT assoc.define_model('User', 'Users');
SELECT step, reason, sql FROM assoc.plan('Login.user');
SELECT step, outcome FROM assoc.apply('Login.user');
SELECT assoc.define_model('User', 'Users', soft_delete => 'removed At');
SELECT step, outcome FROM assoc.apply('Login.user');
-- triggers hold the parent's column; with CASCADE it goes, and what was enforced is to be put in force again
DO $$ BEGIN ALTER TABLE "Users" DROP COLUMN "removed At"; EXCEPTION WHEN dependent_objects_still_exist THEN RAISE WARNING '%', sqlerrm; END $$;
ALTER TABLE "Users" DROP COLUMN "removed At" CASCADE;
SELECT coalesce(soft_delete, '-') FROM assoc_internal.model WHERE name = 'User';
SELECT step, association, reason, sql FROM assoc.plan('Todo.user, Login.user');
-- the child's goes by itself
ALTER TABLE "Todos" DROP COLUMN "deletedAt" CASCADE;
SELECT coalesce(soft_delete, '-') FROM assoc_internal.model WHERE name = 'Todo';
SELECT association, status FROM assoc.associations WHERE association = 'Step.todo';
SELECT step, association, outcome FROM assoc.apply('Todo.user, Step.todo, Login.user');

-- a key that is in place stays, and is told of; one that is asked for, too
CREATE TABLE "Teams" (id integer PRIMARY KEY, gone boolean);
CREATE TABLE "Members" (id integer PRIMARY KEY, "teamId" integer REFERENCES "Teams");
CREATE TABLE "Games" (id integer PRIMARY KEY, "teamId" integer);
SELECT assoc.define_model('Team', 'Teams', soft_delete => 'gone');
SELECT assoc.belongs_to('Member', 'Team', foreign_key => 'teamId');
SELECT assoc.belongs_to('Game', 'Team', foreign_key => 'teamId', enforce => 'foreign_key');
SELECT step, association, reason, sql FROM assoc.plan('Member.team, Game.team');
SELECT step, association, outcome FROM assoc.apply('Member.team, Game.team');
SELECT * FROM assoc.describe('Member');
INSERT INTO "Teams" VALUES (1, true), (2, NULL);
INSERT INTO "Members" VALUES (1, 1), (2, 2);
SELECT severity, code, message, fix, count FROM assoc.validate('Member.team') WHERE code IN ('live_child_of_deleted', 'soft_delete_unenforced');
-- what the key was sure of says nothing of that
SELECT assoc.set_enforcement('Member.team', 'trigger');
UPDATE "Members" SET "teamId" = NULL WHERE id = 1;
SELECT assoc.set_enforcement('Member.team', 'trigger');
SELECT step, outcome FROM assoc.apply('Member.team');
SELECT code FROM assoc.validate('Member.team') WHERE code IN ('live_child_of_deleted', 'soft_delete_unenforced');
SELECT failing($$ INSERT INTO "Members" VALUES (3, 1) $$);

-- a type column says which parents; some are deleted softly, and one table may be two models
CREATE TABLE "Comments" (id integer PRIMARY KEY, "subjectType" text, "subjectId" integer);
SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Team, Login');
SELECT step, outcome FROM assoc.apply('Comment.subject');
INSERT INTO "Logins" VALUES (1, 2);
INSERT INTO "Comments" VALUES (1, 'Team', 2), (2, 'Login', 1);
DELETE FROM "Members";
SELECT failing($$ INSERT INTO "Comments" VALUES (3, 'Team', 1) $$);
UPDATE "Teams" SET gone = true WHERE id = 2;
SELECT * FROM "Comments" ORDER BY id;
SELECT assoc.define_model('Squad', '"Teams"');
SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Team, Login, Squad');
SELECT step, outcome FROM assoc.apply('Comment.subject');
SELECT DISTINCT triggers('"Teams"', 'au|e');
UPDATE "Teams" SET gone = false;
INSERT INTO "Comments" VALUES (3, 'Team', 1), (4, 'Squad', 1);
UPDATE "Teams" SET gone = true WHERE id = 1;
SELECT * FROM "Comments" ORDER BY id;
DELETE FROM "Teams" WHERE id = 1;
SELECT * FROM "Comments" ORDER BY id;

-- has_one: at most one that lives
CREATE TABLE "Profiles" (id integer PRIMARY KEY, "teamId" integer, closed date);
SELECT assoc.define_model('Profile', 'Profiles', soft_delete => 'closed');
SELECT assoc.has_one('Team', 'Profile', foreign_key => 'teamId');
SELECT step, reason, sql FROM assoc.plan('Team.profile');
INSERT INTO "Profiles" VALUES (1, 2, '2026-01-01'), (2, 2, NULL), (3, 2, NULL);
UPDATE "Teams" SET gone = NULL;
SELECT step, outcome, detail FROM assoc.apply('Team.profile');
SELECT severity, code, message, count FROM assoc.validate('Team.profile') WHERE code = 'duplicates';
CALL assoc.repair('Team.profile', action => 'delete');
SELECT * FROM "Profiles" ORDER BY id;
SELECT step, outcome FROM assoc.apply('Team.profile');
SELECT count(*) FROM assoc.plan('Team.profile');
SELECT severity, code FROM assoc.validate('Team.profile') WHERE severity <> 'info';
SELECT indexdef FROM pg_indexes WHERE schemaname = 'softly' AND tablename = 'Profiles' ORDER BY indexname;
SELECT assoc.has_one('Team', 'Comment', 'pinned', polymorphic => 'subject');
SELECT step, sql FROM assoc.plan('Team.pinned');
SELECT assoc.define_model('Comment', 'Comments', soft_delete => 'hidden');
ALTER TABLE "Comments" ADD COLUMN hidden boolean;
SELECT assoc.define_model('Comment', 'Comments', soft_delete => 'hidden');
SELECT step, sql FROM assoc.plan('Team.pinned');
SELECT step, outcome FROM assoc.apply('Team.pinned');
SELECT count(*) FROM assoc.plan('Team.pinned');

-- the links of a junction stay
CREATE TABLE "Tags" (id integer PRIMARY KEY);
SELECT assoc.belongs_to_many('Team', 'Tag', through => 'team_tags');
SELECT step, sql FROM assoc.plan('Team.tags');
SELECT count(*) FROM assoc.apply('Team.tags');
INSERT INTO "Tags" VALUES (1);
INSERT INTO team_tags SELECT 2, 1;
UPDATE "Teams" SET gone = true WHERE id = 2;
SELECT code FROM assoc.validate('Team.tags') WHERE code ~ 'soft|live';
SELECT assoc.belongs_to_many('Team', 'Tag', through => 'team_tags', enforce => 'trigger');
SELECT severity, code, message, fix, count FROM assoc.validate('Team.tags') WHERE code ~ 'soft|live';

-- CASCADE to rows that cannot be deleted softly
CREATE TABLE "Rooms" (id integer PRIMARY KEY, "teamId" integer, "boss Id" integer);
SELECT assoc.belongs_to('Room', 'Team', foreign_key => 'teamId', on_delete => 'CASCADE');
SELECT step, outcome FROM assoc.apply('Room.team');
SELECT severity, code, message, fix, detail FROM assoc.validate('Room.team') WHERE code ~ 'soft';
INSERT INTO "Teams" VALUES (5);
INSERT INTO "Rooms" VALUES (1, 5);
SELECT failing($$ UPDATE "Teams" SET gone = true WHERE id = 5 $$);
DELETE FROM "Teams" WHERE id = 5;
SELECT count(*) FROM "Rooms";

-- once a statement; and partitions on both sides
SELECT assoc.belongs_to('Room', 'User', 'boss', foreign_key => 'boss Id', on_delete => 'NO ACTION', enforce => 'statement');
SELECT assoc.define_model('User', 'Users', soft_delete => 'email');
SELECT step, outcome FROM assoc.apply('Room.boss');
INSERT INTO "Users" VALUES (11, NULL), (12, 'gone');
SELECT failing($$ INSERT INTO "Rooms" VALUES (2, NULL, 11), (3, NULL, 12) $$);
INSERT INTO "Rooms" VALUES (2, NULL, 11);
SELECT failing($$ UPDATE "Users" SET email = 'x' WHERE id = 11 $$);
SELECT assoc.belongs_to('Room', 'User', 'boss', foreign_key => 'boss Id', on_delete => 'SET NULL', enforce => 'statement');
SELECT step, outcome FROM assoc.apply('Room.boss');
UPDATE "Users" SET email = 'x' WHERE id = 11;
SELECT * FROM "Rooms";
CREATE TABLE "Trees" (id integer PRIMARY KEY, felled date) PARTITION BY RANGE (id);
CREATE TABLE "Trees1" PARTITION OF "Trees" FOR VALUES FROM (0) TO (10);
CREATE TABLE "Birds" (id integer PRIMARY KEY, "treeId" integer, flown date) PARTITION BY RANGE (id);
CREATE TABLE "Birds1" PARTITION OF "Birds" FOR VALUES FROM (0) TO (10);
SELECT assoc.define_model('Tree', 'Trees', soft_delete => 'felled');
SELECT assoc.define_model('Bird', 'Birds', soft_delete => 'flown');
SELECT assoc.belongs_to('Bird', 'Tree', foreign_key => 'treeId', on_delete => 'CASCADE');
SELECT step, outcome FROM assoc.apply('Bird.tree');
SELECT count(*) FROM assoc.plan('Bird.tree');
CREATE TABLE "Trees2" PARTITION OF "Trees" FOR VALUES FROM (10) TO (20);
INSERT INTO "Trees" VALUES (1, NULL), (11, NULL), (12, '2026-01-01');
INSERT INTO "Birds" VALUES (1, 1, NULL), (2, 11, NULL), (3, 11, '2026-01-01');
SELECT failing($$ INSERT INTO "Birds" VALUES (4, 12) $$);
UPDATE "Trees" SET felled = '2026-02-02';
SELECT id, flown, deletion_id IS NOT NULL AS marked FROM "Birds" ORDER BY id;
UPDATE "Trees" SET felled = NULL WHERE id = 11;
SELECT id, flown FROM "Birds" ORDER BY id;
SELECT code FROM assoc.validate('Bird.tree') WHERE severity = 'error';

-- partitions that a soft deletion would move a row to
CREATE TABLE "Old Trees" (id integer NOT NULL, felled boolean NOT NULL DEFAULT false) PARTITION BY LIST ((NOT felled));
SELECT assoc.define_model('OldTree', 'Old Trees', soft_delete => 'felled');
SELECT failing($$ SELECT assoc.belongs_to('Bird', 'OldTree', alias => 'old', foreign_key => 'treeId', target_key => 'id', enforce => 'trigger') $$);
SELECT assoc.define_model('OldTree', 'Old Trees');
SELECT assoc.belongs_to('Bird', 'OldTree', alias => 'old', foreign_key => 'treeId', target_key => 'id', on_delete => 'SET NULL', enforce => 'trigger');
SELECT assoc.drop_association('Bird.old');

-- deferred: what CASCADE and SET NULL do comes at once, as of a key, and only NO ACTION waits
CREATE TABLE "Owls" (id integer PRIMARY KEY, gone timestamptz);
CREATE TABLE "Eggs" (id integer PRIMARY KEY, "owlId" integer, gone timestamptz);
SELECT assoc.define_model('Owl', 'Owls', soft_delete => 'gone');
SELECT assoc.define_model('Egg', 'Eggs', soft_delete => 'gone');
SELECT assoc.belongs_to('Egg', 'Owl', foreign_key => 'owlId', on_delete => 'CASCADE', deferral => 'deferred');
SELECT step, outcome FROM assoc.apply('Egg.owl');
SELECT regexp_replace(pg_get_triggerdef(oid), '_[0-9a-f]{16}', '_*') FROM pg_trigger
	WHERE tgrelid = '"Owls"'::regclass AND tgname LIKE 'RI\_assoc\_a_\_%' ORDER BY tgname;
INSERT INTO "Owls" VALUES (1), (2);
INSERT INTO "Eggs" VALUES (1, 1), (2, 2);
BEGIN;
UPDATE "Owls" SET gone = '2026-01-01' WHERE id = 1;
SELECT id, gone IS NOT NULL AS gone FROM "Eggs" ORDER BY id;
UPDATE "Owls" SET id = 3 WHERE id = 2;
UPDATE "Eggs" SET "owlId" = 3 WHERE id = 2;
COMMIT;
-- both at once
UPDATE "Owls" SET id = 4, gone = '2026-01-01' WHERE id = 3;
SELECT assoc.belongs_to('Egg', 'Owl', foreign_key => 'owlId', on_delete => 'SET NULL', on_update => 'NO ACTION', deferral => 'deferred');
SELECT step, outcome FROM assoc.apply('Egg.owl');
UPDATE "Owls" SET gone = '2026-01-01' WHERE id = 3;
SELECT id, "owlId" FROM "Eggs" ORDER BY id;
SELECT assoc.belongs_to('Egg', 'Owl', foreign_key => 'owlId', on_delete => 'NO ACTION', on_update => 'CASCADE', deferral => 'deferred');
SELECT step, outcome FROM assoc.apply('Egg.owl');
INSERT INTO "Owls" VALUES (5);
UPDATE "Eggs" SET "owlId" = 5 WHERE id = 2;
BEGIN;
UPDATE "Owls" SET gone = '2026-01-01' WHERE id = 5;
UPDATE "Owls" SET gone = NULL WHERE id = 5;
UPDATE "Owls" SET id = 6 WHERE id = 5;
SELECT id, "owlId" FROM "Eggs" ORDER BY id;
COMMIT;
UPDATE "Owls" SET gone = '2026-01-01' WHERE id = 6;

RESET search_path;
DROP SCHEMA softly CASCADE;
SELECT count(*) FROM assoc_internal.enforced WHERE child_schema = 'softly';
