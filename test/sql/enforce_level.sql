-- What is deleted of a parent is acted on once a statement where nothing can come between two rows, and row by row elsewhere; what
-- decides it may change, and then the trigger does in the same command.
SET client_min_messages = warning;
CREATE SCHEMA enforce_level;
SET search_path = enforce_level;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all
CREATE TABLE "Users" (id integer PRIMARY KEY, v integer);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, v integer);
CREATE TABLE seen (what text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (TG_NAME); RETURN NULL; END $$;
-- level(): how what is deleted of each parent is acted on
CREATE FUNCTION level() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s %s%s%s%s', c.relname, trim(encode(t.tgargs, 'escape'), '\000'), CASE WHEN t.tgtype & 1 = 1 THEN ' each row' ELSE ' statement' END,
        CASE WHEN EXISTS (SELECT FROM pg_trigger w WHERE w.tgrelid = t.tgrelid AND w.tgname = replace(t.tgname, '_a_', '_aw_')) THEN ', whole' END,
        CASE t.tgenabled WHEN 'O' THEN '' ELSE ' (' || t.tgenabled::text || ')' END)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'enforce_level'::regnamespace AND t.tgname LIKE 'RI\_assoc\_a\_%'
    ORDER BY c.relname, encode(t.tgargs, 'escape') $$;
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
-- triggers of the user's
CREATE TRIGGER audit AFTER DELETE ON "Users" FOR EACH ROW EXECUTE FUNCTION see();
SELECT level();
SELECT sql FROM assoc.plan();
SELECT code FROM assoc.validate('Todo.user');
ALTER TRIGGER audit ON "Users" RENAME TO "another audit";
DROP TRIGGER "another audit" ON "Users";
SELECT level();
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON "Users" FOR EACH ROW EXECUTE FUNCTION see();
SELECT level();
DROP TRIGGER audit ON "Users";
CREATE TRIGGER audit BEFORE DELETE ON "Users" FOR EACH ROW EXECUTE FUNCTION see();
DROP TRIGGER audit ON "Users";
CREATE TRIGGER audit AFTER DELETE ON "Users" FOR EACH STATEMENT EXECUTE FUNCTION see();
SELECT level();
ALTER TRIGGER audit ON "Users" RENAME TO "Audit";
SELECT level();
ALTER TRIGGER "Audit" ON "Users" RENAME TO audit;
SELECT level();
DROP TRIGGER audit ON "Users";
-- other references to the same parent: native keys, however they come and go, and triggers
CREATE TABLE "Logins" (id integer PRIMARY KEY, "userId" integer REFERENCES "Users");
SELECT level();
DROP TABLE "Logins";
SELECT level();
CREATE TABLE "Logins" (id integer PRIMARY KEY, "userId" integer);
ALTER TABLE "Logins" ADD FOREIGN KEY ("userId") REFERENCES "Users";
SELECT level();
ALTER TABLE "Logins" DROP CONSTRAINT "Logins_userId_fkey";
SELECT level();
ALTER TABLE "Logins" ADD COLUMN other integer REFERENCES "Users";
SELECT level();
ALTER TABLE "Logins" DROP COLUMN other;
CREATE SCHEMA enforce_level_2 CREATE TABLE logins (id integer REFERENCES enforce_level."Users");
SELECT level();
DROP SCHEMA enforce_level_2 CASCADE;
SELECT assoc.belongs_to('Login', 'User', foreign_key => 'userId', on_delete => 'SET NULL', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
SELECT assoc.set_enforcement('Login.user', 'foreign_key');
SELECT level();
SELECT assoc.set_enforcement('Login.user', 'trigger');
SELECT level();
SELECT assoc.drop_association('Login.user');
SELECT outcome FROM assoc.apply();
SELECT level();
-- what the actions are
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', on_update => 'CASCADE', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'NO ACTION', on_update => 'NO ACTION', deferral => 'immediate', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'RESTRICT', deferral => 'immediate', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
-- a parent whose rows another table's ON DELETE CASCADE deletes
CREATE TABLE "Companies" (id integer PRIMARY KEY);
ALTER TABLE "Users" ADD "companyId" integer REFERENCES "Companies" ON DELETE CASCADE;
SELECT level();
ALTER TABLE "Users" DROP CONSTRAINT "Users_companyId_fkey";
SELECT level();
SELECT assoc.belongs_to('User', 'Company', foreign_key => 'companyId', on_delete => 'CASCADE', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT level();
SELECT assoc.drop_association('User.company');
SELECT outcome FROM assoc.apply();
SELECT level();
ALTER TABLE "Users" DROP COLUMN "companyId";
-- the triggers stay switched off
ALTER TABLE "Users" DISABLE TRIGGER USER;
CREATE TRIGGER audit AFTER DELETE ON "Users" FOR EACH ROW EXECUTE FUNCTION see();
SELECT level();
DROP TRIGGER audit ON "Users";
SELECT level();
ALTER TABLE "Users" ENABLE TRIGGER USER;
SELECT outcome FROM assoc.apply();
-- part of another table, and no longer
CREATE TABLE above (id integer, v integer);
ALTER TABLE "Users" INHERIT above;
SELECT level();
INSERT INTO "Users" VALUES (1), (2);
INSERT INTO "Todos" VALUES (1, 1);
-- (18 and later tell RESTRICT by words of its own)
SELECT replace(replace(replace(f, '23001: ', '23503: '), 'RESTRICT setting of ', ''), ' is referenced from', ' is still referenced from') FROM told('DELETE FROM above') f;
ALTER TABLE "Users" NO INHERIT above;
SELECT level();
CREATE TABLE parts (id integer NOT NULL, v integer) PARTITION BY RANGE (id);
ALTER TABLE parts ATTACH PARTITION "Users" DEFAULT;
SELECT level();
SELECT replace(replace(replace(f, '23001: ', '23503: '), 'RESTRICT setting of ', ''), ' is referenced from', ' is still referenced from') FROM told('DELETE FROM parts') f;
SELECT told('DELETE FROM parts WHERE id = 2');
DELETE FROM "Todos";
ALTER TABLE parts DETACH PARTITION "Users";
SELECT level();
-- where event triggers do not fire, a table that is acted on once a statement cannot become part of another
SELECT told('SET LOCAL session_replication_role = replica', 'ALTER TABLE "Users" INHERIT above') ~ 'prevents table "Users"|permission denied';
SELECT told('SET LOCAL session_replication_role = replica', 'ALTER TABLE parts ATTACH PARTITION "Users" DEFAULT') ~ 'prevents table "Users"|permission denied';
SELECT outcome FROM assoc.apply();
CREATE TABLE heir () INHERITS ("Users");
SELECT level();
SELECT outcome FROM assoc.apply();
DROP TABLE heir;

-- what is done together is what is done row by row
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE c (id integer PRIMARY KEY, fk integer, v integer);
CREATE INDEX ON c (fk);
SELECT assoc.belongs_to('C', 'P', foreign_key => 'fk', on_delete => 'CASCADE', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
INSERT INTO p SELECT generate_series(1, 6);
INSERT INTO c SELECT i, i / 2, 0 FROM generate_series(2, 9) i;
-- a child's trigger before each row, which changes rows that are to be deleted next
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen VALUES (format('%s: %s left', OLD.id, (SELECT count(*) FROM c)));
    UPDATE c SET v = v + 1 WHERE fk > OLD.fk AND v = 0;
    RETURN OLD;
END $$;
CREATE TRIGGER spoil BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION spoil();
SELECT told('DELETE FROM p WHERE id <= 2');
TABLE seen;
TABLE c;
DROP TRIGGER spoil ON c;
TRUNCATE seen;
-- a key that goes and comes in one statement
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (1, 1, 0), (20, 2, 0);
SELECT told('MERGE INTO p USING (VALUES (1, 0), (2, 1)) s (id, new) ON p.id = s.id WHEN MATCHED AND s.new = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET id = s.new');
SELECT told('DELETE FROM c WHERE fk = 2');
SELECT told('WITH gone AS (DELETE FROM p WHERE id IN (1, 2) RETURNING id) INSERT INTO p SELECT id + 10 FROM gone');
TABLE c;
-- a statement that deletes nothing asks for nothing
BEGIN;
DELETE FROM p WHERE false;
SELECT mode FROM pg_locks WHERE relation = 'c'::regclass AND pid = pg_backend_pid();
DELETE FROM p WHERE id = 11;
SELECT mode FROM pg_locks WHERE relation = 'c'::regclass AND pid = pg_backend_pid() ORDER BY mode;
COMMIT;
-- of two keys to one row, each parent's row is followed by the next: as native keys do
CREATE TABLE q (id integer PRIMARY KEY);
CREATE TABLE d (id integer PRIMARY KEY, one integer, two integer);
SELECT assoc.belongs_to('D', 'Q', 'first', foreign_key => 'one', on_delete => 'CASCADE', enforce => 'trigger');
SELECT assoc.belongs_to('D', 'Q', 'second', foreign_key => 'two', on_delete => 'NO ACTION', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT l FROM level() l WHERE l LIKE 'q %';
INSERT INTO q SELECT generate_series(1, 3);
INSERT INTO d VALUES (1, 1, 2), (2, 2, 3);
SELECT told('DELETE FROM q');
TABLE d;

-- a table that refers to itself: of a row that MERGE inserts below one that it deletes, the order of the rows tells
CREATE TABLE t (id integer PRIMARY KEY, up integer);
SELECT assoc.belongs_to('T', 'T', 'upper', foreign_key => 'up', on_delete => 'SET NULL', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
SELECT l FROM level() l WHERE l LIKE 't %';
INSERT INTO t VALUES (1, NULL);
SELECT told('MERGE INTO t USING (VALUES (1), (2)) s (id) ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1)');
TABLE t;
-- a row that is out of scope: who points at it is refused in time, and stands in its way until then no more than with a native key
CREATE TABLE u (id integer PRIMARY KEY, role text);
CREATE TABLE a (id integer PRIMARY KEY, fk integer);
SELECT assoc.belongs_to('A', 'U', 'approver', foreign_key => 'fk', scope => '{"role": "admin"}', on_delete => 'RESTRICT', on_update => 'RESTRICT', deferral => 'deferred', enforce => 'trigger');
SELECT outcome FROM assoc.apply();
INSERT INTO u VALUES (1, 'guest'), (2, 'guest'), (3, 'admin');
BEGIN;
INSERT INTO a VALUES (1, 1), (2, 2);
SELECT told('UPDATE u SET id = 4 WHERE id = 1');
SELECT told('DELETE FROM u WHERE id = 2');
UPDATE a SET fk = 3;
COMMIT;
SELECT told('DELETE FROM u WHERE id = 4');
TABLE u;

DROP SCHEMA enforce_level CASCADE;
