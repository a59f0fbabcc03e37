-- ALTER COLUMN .. TYPE of columns by which triggers enforce: in either order, with partitions and heirs, and what it refuses.
CREATE SCHEMA watch_retype;
SET search_path = watch_retype;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

CREATE FUNCTION validated() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', child_table, CASE WHEN NOT validated THEN 'NOT VALID' END)
	FROM assoc_internal.enforced WHERE child_schema = 'watch_retype' ORDER BY child_table COLLATE "C", reference COLLATE "C" $$;
-- the triggers that have conditions, by the tables' columns that those name
CREATE FUNCTION conditions() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', relname, regexp_replace(tgname, '_[0-9a-f]{16}', ''),
		(SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
			JOIN pg_depend ON refobjid = attrelid AND refobjsubid = attnum AND classid = 'pg_trigger'::regclass AND objid = t.oid
			WHERE attrelid = tgrelid AND attnum > 0))
	FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'watch_retype'::regnamespace
	AND tgname LIKE 'RI\_assoc%' AND tgqual IS NOT NULL ORDER BY relname COLLATE "C", tgname COLLATE "C" $$;

CREATE TABLE "Users" (id integer PRIMARY KEY, mail text UNIQUE);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, "userMail" varchar(20));
INSERT INTO "Users" VALUES (1, 'a'), (2, 'b');
INSERT INTO "Todos" VALUES (1, 1, 'a'), (2, NULL, NULL);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', on_update => 'CASCADE', enforce => 'trigger', index => false);
SELECT count(*) FROM assoc.apply() WHERE outcome = 'done';
SELECT conditions();

-- int becomes bigint: the child first, the parent first
BEGIN;
ALTER TABLE "Todos" ALTER COLUMN "user's id" TYPE bigint;
ALTER TABLE "Users" ALTER COLUMN id TYPE bigint;
SELECT conditions();
SELECT validated();
SELECT steps();
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 3000000000) $$);
UPDATE "Users" SET id = 3000000000 WHERE id = 1;
TABLE "Todos" ORDER BY id;
ROLLBACK;
BEGIN;
ALTER TABLE "Users" ALTER COLUMN id TYPE bigint;
ALTER TABLE "Todos" ALTER COLUMN id TYPE bigint, ALTER COLUMN "user's id" TYPE bigint;
SELECT conditions();
SELECT validated();
SELECT failing($$ UPDATE "Todos" SET "user's id" = 3000000000 WHERE id = 1 $$);
DELETE FROM "Users" WHERE id = 1;
TABLE "Todos" ORDER BY id;
ROLLBACK;

-- an error in the command leaves all as it was
SELECT failing($$ ALTER TABLE "Todos" ALTER COLUMN "user's id" TYPE uuid $$);
SELECT failing($$ ALTER TABLE "Users" ALTER COLUMN id TYPE bigint USING 1/(id - 1) $$);
SELECT conditions();
SELECT validated();

-- what can't be compared any more is refused
SELECT failing($$ ALTER TABLE "Todos" ALTER COLUMN "user's id" TYPE text $$);
SELECT failing($$ ALTER TABLE "Users" ALTER COLUMN id TYPE uuid USING lpad(id::text, 32, '0')::uuid $$);
SELECT conditions();
-- unless nothing enforces it meanwhile
BEGIN;
SELECT assoc.set_enforcement('Todo.user', 'none');
ALTER TABLE "Users" ALTER COLUMN id TYPE uuid USING lpad(id::text, 32, '0')::uuid;
ALTER TABLE "Todos" ALTER COLUMN "user's id" TYPE uuid USING lpad("user's id"::text, 32, '0')::uuid;
SELECT assoc.set_enforcement('Todo.user', 'trigger');
SELECT conditions();
SELECT validated();
ROLLBACK;

-- where values may change, the rows count as unchecked
BEGIN;
ALTER TABLE "Todos" ALTER COLUMN "user's id" TYPE bigint USING "user's id" + 10;
SELECT validated();
SELECT outcomes();
ROLLBACK;
BEGIN;
ALTER TABLE "Users" ALTER COLUMN id TYPE numeric;
SELECT validated();
SELECT outcomes();
SELECT validated();
ROLLBACK;

-- text
SELECT assoc.belongs_to('Todo', 'User', alias => 'mailer', foreign_key => 'userMail', target_key => 'mail', on_delete => 'SET NULL', on_update => 'NO ACTION', enforce => 'trigger', index => false);
SELECT count(*) FROM assoc.apply() WHERE outcome = 'done';
BEGIN;
ALTER TABLE "Todos" ALTER COLUMN "userMail" TYPE text;
ALTER TABLE "Users" ALTER COLUMN mail TYPE varchar;
SELECT conditions();
SELECT validated();
ALTER TABLE "Todos" ALTER COLUMN "userMail" TYPE varchar(10);
SELECT validated();
ROLLBACK;

-- partitions, of both sides
CREATE TABLE places (id integer NOT NULL PRIMARY KEY, at integer) PARTITION BY RANGE (id);
CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (0) TO (10);
CREATE TABLE stays (id integer NOT NULL, place_id integer) PARTITION BY RANGE (id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES FROM (0) TO (10);
ALTER TABLE places ADD UNIQUE (id, at);
ALTER TABLE stays ADD COLUMN place_at integer;
INSERT INTO places VALUES (1, 1);
INSERT INTO stays VALUES (1, 1, 1);
SELECT assoc.belongs_to('Stay', 'Place', foreign_key => 'place_id, place_at', target_key => 'id, at', on_delete => 'CASCADE', on_update => 'CASCADE', enforce => 'trigger', index => false);
SELECT count(*) FROM assoc.apply('Stay') WHERE outcome = 'done';
ALTER TABLE stays ALTER COLUMN place_id TYPE bigint, ALTER COLUMN place_at TYPE bigint;
ALTER TABLE places ALTER COLUMN at TYPE bigint;
SELECT conditions();
SELECT validated();
SELECT steps('Stay');
SELECT failing('UPDATE stays SET place_id = 2');
UPDATE places SET at = 3000000000;
TABLE stays;
SELECT failing('ALTER TABLE stays_1 ALTER COLUMN place_id TYPE integer');
SELECT conditions();

-- the command reaches what inherits
CREATE TABLE things ("user's id" integer);
ALTER TABLE "Todos" INHERIT things;
ALTER TABLE things ALTER COLUMN "user's id" TYPE bigint;
SELECT conditions();
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 3000000000) $$);
SELECT failing($$ ALTER TABLE things ALTER COLUMN "user's id" TYPE text $$);
SELECT steps();

SELECT pg_temp.forget();
SELECT count(*) FROM assoc_internal.enforced WHERE child_schema = 'watch_retype';
