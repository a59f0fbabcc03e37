-- DDL on tables whose references triggers enforce: renames are followed, drops end or are held, types change, partitions come and go.
CREATE SCHEMA watch_triggers;
SET search_path = watch_triggers;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

CREATE FUNCTION in_force() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', e.reference || ':', e.child_schema || '.' || e.child_table, e.columns, e.on_delete, CASE WHEN NOT e.validated THEN 'NOT VALID' END,
		'->', t.parent_schema || '.' || t.parent_table, t.key)
	FROM assoc_internal.enforced e LEFT JOIN assoc_internal.enforced_target t USING (reference)
	WHERE 'watch_triggers' IN (e.child_schema, t.parent_schema) OR 'moved' IN (e.child_schema, t.parent_schema) ORDER BY 1 $$;
CREATE FUNCTION triggers(tables text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT relname || ': ' || string_agg(regexp_replace(tgname, '_[0-9a-f]{16}', ''), ' ' ORDER BY tgname COLLATE "C")
	FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relname = ANY (tables) AND NOT tgisinternal AND tgname LIKE 'RI\_assoc%'
	GROUP BY relname ORDER BY relname COLLATE "C" $$;

CREATE TABLE "Users" (id integer PRIMARY KEY, name text);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer, other integer DEFAULT 1);
INSERT INTO "Users" VALUES (1), (2);
INSERT INTO "Todos" VALUES (1, 1), (2, NULL);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'SET NULL ("userId")', enforce => 'trigger', inverse => 'todos');
SELECT count(*) FROM assoc.apply() WHERE outcome = 'done';

--
-- Renames, also of what nobody declares any more.
--
ALTER TABLE "Todos" RENAME TO "Tasks 'n' \";
ALTER TABLE "Tasks 'n' \" RENAME COLUMN "userId" TO "the ""owner""";
ALTER TABLE "Users" RENAME COLUMN id TO uid;
CREATE SCHEMA moved;
ALTER TABLE "Users" SET SCHEMA moved;
SELECT in_force();
ALTER SCHEMA moved RENAME TO "Moved again";
ALTER SCHEMA "Moved again" RENAME TO moved;
ALTER TABLE moved."Users" SET SCHEMA watch_triggers;
SELECT in_force();
SELECT steps();
SELECT failing($$ INSERT INTO "Tasks 'n' \" VALUES (3, 9) $$);
DELETE FROM "Users" WHERE uid = 1;
TABLE "Tasks 'n' \";
SELECT assoc.drop_association('User.todos'), assoc.drop_association('Todo.user');
ALTER TABLE "Tasks 'n' \" RENAME TO "Todos";
ALTER TABLE "Todos" RENAME COLUMN "the ""owner""" TO "userId";
ALTER TABLE "Users" RENAME COLUMN uid TO id;
SELECT in_force();
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 9) $$);
ALTER TABLE "Users" RENAME TO people;
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 9) $$);
ALTER TABLE people RENAME TO "Users";
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', enforce => 'trigger', inverse => 'todos');

--
-- Another type: conditions name the columns, and let them go for a moment.
--
ALTER TABLE "Todos" ALTER COLUMN "userId" TYPE bigint;
ALTER TABLE "Users" ALTER COLUMN id TYPE bigint;
ALTER TABLE "Todos" ALTER COLUMN other TYPE bigint, ALTER COLUMN "userId" TYPE integer;
SELECT triggers('{Users,Todos}');
SELECT in_force();
SELECT steps();
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 9) $$);
SELECT failing($$ UPDATE "Todos" SET "userId" = 9 $$);
SELECT failing($$ ALTER TABLE "Todos" ALTER COLUMN "userId" TYPE uuid $$);
SELECT triggers('{Users,Todos}');

--
-- Drops: a parent is held, CASCADE or the child's going ends it, and nothing is left on the other side.
--
SELECT failing($$ DROP TABLE "Users" $$);
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*') FROM failing($$ ALTER TABLE "Users" DROP COLUMN id $$) AS line;
BEGIN;
DROP TABLE "Users" CASCADE;
SELECT in_force();
SELECT triggers('{Users,Todos}');
INSERT INTO "Todos" VALUES (3, 9);
ROLLBACK;
BEGIN;
DROP TABLE "Todos";
SELECT in_force();
SELECT triggers('{Users,Todos}');
DELETE FROM "Users";
TRUNCATE "Users";
ROLLBACK;
BEGIN;
DROP TABLE "Users", "Todos";
SELECT in_force();
ROLLBACK;
BEGIN;
ALTER TABLE "Todos" DROP COLUMN "userId";
SELECT in_force();
SELECT triggers('{Users,Todos}');
ROLLBACK;
BEGIN;
ALTER TABLE "Users" DROP COLUMN id CASCADE;
SELECT in_force();
SELECT triggers('{Users,Todos}');
INSERT INTO "Todos" VALUES (3, 9);
ROLLBACK;
-- dropped and added in one command it is another column: what is declared stays, and is put in force again
BEGIN;
ALTER TABLE "Todos" DROP COLUMN "userId", ADD COLUMN "userId" integer;
SELECT in_force();
SELECT sql FROM assoc.plan('Todo');
ROLLBACK;
-- held by triggers that nobody declares, too
BEGIN;
SELECT assoc.drop_model('Todo', cascade => true);
SAVEPOINT held;
DROP TABLE "Users";
ROLLBACK TO held;
DROP TABLE "Users" CASCADE;
SELECT in_force();
ROLLBACK;
-- who takes the triggers apart is not held by what is left
BEGIN;
SELECT format('DROP TRIGGER %I ON "Todos"', tgname) AS statement FROM pg_trigger WHERE tgrelid = '"Todos"'::regclass AND tgname LIKE 'RI\_assoc\_c\_%' \gset
:statement;
SELECT in_force();
-- without one of them, nothing passes
SAVEPOINT one;
DELETE FROM "Users" WHERE id = 2;
ROLLBACK TO one;
DROP TABLE "Users";
SELECT in_force();
SELECT triggers('{Users,Todos}');
ROLLBACK;
BEGIN;
DROP SCHEMA watch_triggers CASCADE;
SELECT count(*) FROM assoc_internal.enforced WHERE child_schema = 'watch_triggers';
ROLLBACK;

--
-- Partitions and inheritance.
--
CREATE TABLE places (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (0) TO (10);
CREATE TABLE stays (id integer NOT NULL, place_id integer) PARTITION BY RANGE (id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES FROM (0) TO (10);
INSERT INTO places VALUES (1), (2);
INSERT INTO stays VALUES (1, 1);
SELECT assoc.belongs_to('Stay', 'Place', foreign_key => 'place_id', target_key => 'id', on_delete => 'NO ACTION', enforce => 'trigger', index => false);
SELECT count(*) FROM assoc.apply('Stay') WHERE outcome = 'done';
SELECT triggers('{places,places_1,stays,stays_1}');
-- a partition of the parent gets all that it needs
CREATE TABLE places_2 PARTITION OF places FOR VALUES FROM (10) TO (20);
CREATE TABLE places_3 (id integer NOT NULL);
INSERT INTO places_3 VALUES (20);
ALTER TABLE places ATTACH PARTITION places_3 FOR VALUES FROM (20) TO (30);
SELECT triggers('{places_2,places_3}');
SELECT in_force();
INSERT INTO stays VALUES (2, 20);
SELECT failing('TRUNCATE places_3');
SELECT failing('DELETE FROM places_3');
-- and leaves it, unless somebody refers to it
SELECT failing('ALTER TABLE places DETACH PARTITION places_3');
SELECT failing('DROP TABLE places_3');
DELETE FROM stays WHERE id = 2;
ALTER TABLE places DETACH PARTITION places_3;
SELECT triggers('{places_3}');
TRUNCATE places_3;
DROP TABLE places_2;
SELECT steps('Stay');
-- rows of a partition that comes to the child are unchecked
CREATE TABLE stays_2 (id integer NOT NULL, place_id integer);
INSERT INTO stays_2 VALUES (12, 9);
ALTER TABLE stays ATTACH PARTITION stays_2 FOR VALUES FROM (10) TO (20);
SELECT in_force();
SELECT triggers('{stays_2}');
SELECT outcomes('Stay');
ALTER TABLE stays DETACH PARTITION stays_2;
SELECT triggers('{stays_2}');
SELECT outcomes('Stay');
SELECT in_force();
-- what inherits is outside, as of a foreign key
CREATE TABLE "Heirs" () INHERITS ("Todos");
INSERT INTO "Heirs" VALUES (5, 5);
SELECT steps('Todo');
DROP TABLE "Heirs";
ANALYZE "Todos"; -- only now PostgreSQL knows that nothing inherits any more
-- once a statement: neither is part of another, nor has parts
SELECT assoc.set_enforcement('Todo.user', 'statement');
SELECT failing('CREATE TABLE heirs () INHERITS ("Todos")');
SELECT failing('CREATE TABLE heirs () INHERITS ("Users")');
CREATE TABLE all_todos (id integer NOT NULL, "userId" integer, other bigint) PARTITION BY LIST (id);
SELECT failing('ALTER TABLE all_todos ATTACH PARTITION "Todos" DEFAULT');
CREATE TABLE above (id integer NOT NULL);
SELECT failing('ALTER TABLE "Todos" INHERIT above');
SELECT assoc.set_enforcement('Todo.user', 'trigger');
ALTER TABLE all_todos ATTACH PARTITION "Todos" DEFAULT;
SELECT steps('Todo');

SELECT pg_temp.forget();
DROP SCHEMA moved;
SELECT count(*) FROM assoc_internal.enforced WHERE child_schema = 'watch_triggers';
