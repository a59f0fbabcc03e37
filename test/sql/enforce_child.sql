-- The child's side of a reference that triggers enforce: the same as a native key, to the byte.
SET client_min_messages = warning;
CREATE SCHEMA enforce_child;
CREATE SCHEMA ours;
CREATE SCHEMA theirs;
SET search_path = enforce_child;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours."Users" (id int PRIMARY KEY, name text);
CREATE TABLE theirs."Users" (id int PRIMARY KEY, name text);
CREATE TABLE ours."Todos" (id int PRIMARY KEY, "userId" int, title text);
CREATE TABLE theirs."Todos" (id int PRIMARY KEY, "userId" int REFERENCES theirs."Users", title text);
SELECT enforce('Todo.user', 'ours."Todos"', '{userId}', '[{"table": "ours.\"Users\"", "key": ["id"]}]');
SELECT twin('INSERT INTO "Users" SELECT i, ''user '' || i FROM generate_series(1, 20) i');

-- insert, update, null, several rows, the key as it was
SELECT twin('INSERT INTO "Todos" VALUES (1, 1, ''sleep'')');
SELECT twin('INSERT INTO "Todos" VALUES (2, 21, ''eat'')');
SELECT twin('INSERT INTO "Todos" VALUES (2, NULL, ''eat'')');
SELECT twin('INSERT INTO "Todos" SELECT i, i FROM generate_series(3, 20) i');
SELECT twin('INSERT INTO "Todos" SELECT i, i FROM generate_series(30, 40) i');
SELECT twin('UPDATE "Todos" SET "userId" = 2 WHERE id = 1');
SELECT twin('UPDATE "Todos" SET "userId" = 22 WHERE id = 1');
SELECT twin('UPDATE "Todos" SET "userId" = NULL WHERE id = 1');
SELECT twin('UPDATE "Todos" SET title = ''rest''');

-- by SQL, as a native key looks, and not; a plain owner may not choose, and then all goes the one way
SELECT probe('query');
SELECT twin('INSERT INTO "Todos" VALUES (50, 1, ''sleep'')');
SELECT twin('INSERT INTO "Todos" VALUES (51, 21, ''eat'')');
SELECT twin('UPDATE "Todos" SET "userId" = 23 WHERE id = 50');
SELECT probe('auto');

-- what happens between the statement and the check
SELECT twin('INSERT INTO "Todos" VALUES (60, 99)', 'DELETE FROM "Todos" WHERE id = 60');
CREATE FUNCTION parent_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %I."Users" VALUES (%s) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA, NEW."userId");
    RETURN NULL;
END $$;
CREATE FUNCTION delete_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I."Todos" WHERE id = %s', TG_TABLE_SCHEMA, NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION mend_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %I."Todos" SET "userId" = 1 WHERE id = %s AND "userId" > 99', TG_TABLE_SCHEMA, NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION other_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."userId" := NEW."userId" + 1;
    RETURN NEW;
END $$;
CREATE FUNCTION with_trigger(clause text, VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('CREATE TRIGGER %s', replace(clause, '@', 'ours."Todos"'));
    EXECUTE format('CREATE TRIGGER %s', replace(clause, '@', 'theirs."Todos"'));
    result := twin(VARIADIC statements);
    EXECUTE format('DROP TRIGGER %s ON ours."Todos"', split_part(clause, ' ', 1));
    EXECUTE format('DROP TRIGGER %s ON theirs."Todos"', split_part(clause, ' ', 1));
    RETURN result;
END $$;
-- a trigger whose name comes first makes the parent in time, the other one too late
SELECT with_trigger('"A" AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION parent_late()', 'INSERT INTO "Todos" VALUES (61, 61)');
SELECT with_trigger('z AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION parent_late()', 'INSERT INTO "Todos" VALUES (62, 62)');
SELECT with_trigger('"A" AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION delete_row()', 'INSERT INTO "Todos" VALUES (63, 163)');
SELECT with_trigger('z AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION delete_row()', 'INSERT INTO "Todos" VALUES (64, 164)');
SELECT with_trigger('"A" AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION mend_row()', 'INSERT INTO "Todos" VALUES (65, 165), (66, 66), (67, 2)');
SELECT with_trigger('"A" AFTER INSERT ON @ FOR EACH ROW EXECUTE FUNCTION mend_row()', 'INSERT INTO "Todos" VALUES (65, 165), (67, 2)');
-- BEFORE triggers change the key; a row that is not inserted in the end is not checked
SELECT with_trigger('b BEFORE INSERT OR UPDATE ON @ FOR EACH ROW EXECUTE FUNCTION other_key()', 'INSERT INTO "Todos" VALUES (70, 20)');
SELECT with_trigger('b BEFORE INSERT OR UPDATE ON @ FOR EACH ROW EXECUTE FUNCTION other_key()', 'INSERT INTO "Todos" VALUES (71, 0)');
SELECT with_trigger('b BEFORE INSERT OR UPDATE ON @ FOR EACH ROW EXECUTE FUNCTION other_key()', 'UPDATE "Todos" SET title = ''b'' WHERE "userId" = 20');
SELECT twin('INSERT INTO "Todos" VALUES (1, 99) ON CONFLICT DO NOTHING');
SELECT twin('INSERT INTO "Todos" VALUES (1, 99) ON CONFLICT (id) DO UPDATE SET "userId" = 3');
SELECT twin('INSERT INTO "Todos" VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET "userId" = 99');
SELECT twin('INSERT INTO "Todos" VALUES (1, 99) ON CONFLICT (id) DO UPDATE SET title = ''c''');
-- parents made by the same statement
SELECT twin('WITH p AS (INSERT INTO "Users" VALUES (80) RETURNING id) INSERT INTO "Todos" SELECT 80, id FROM p');
SELECT twin('WITH p AS (INSERT INTO "Users" VALUES (81) RETURNING id) INSERT INTO "Todos" SELECT 81, id + 1 FROM p');
SELECT twin('MERGE INTO "Todos" t USING (VALUES (80, 4), (82, 5), (83, 99)) v (id, u) ON v.id = t.id
    WHEN MATCHED THEN UPDATE SET "userId" = v.u WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.u)');
SELECT twin('MERGE INTO "Todos" t USING (VALUES (80, 4), (82, 5)) v (id, u) ON v.id = t.id
    WHEN MATCHED THEN UPDATE SET "userId" = v.u WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.u)');

-- parents that this transaction has locked are remembered: but not when it changes them itself
SELECT twin('INSERT INTO "Todos" VALUES (100, 11)', 'DELETE FROM "Todos" WHERE "userId" = 11', 'DELETE FROM "Users" WHERE id = 11',
    'INSERT INTO "Todos" VALUES (100, 11)');
SELECT twin('INSERT INTO "Todos" VALUES (100, 11)', 'DELETE FROM "Todos" WHERE "userId" = 11', 'UPDATE "Users" SET id = 111 WHERE id = 11',
    'INSERT INTO "Todos" VALUES (100, 11)');
SELECT twin('INSERT INTO "Todos" VALUES (100, 11)', 'DELETE FROM "Todos" WHERE "userId" = 11', 'UPDATE "Users" SET id = 111 WHERE id = 11',
    'UPDATE "Users" SET id = 11 WHERE id = 111', 'INSERT INTO "Todos" VALUES (100, 11), (101, 11)', 'UPDATE "Users" SET name = ''x''',
    'INSERT INTO "Todos" VALUES (102, 11)');
SELECT twin('INSERT INTO "Todos" VALUES (110, 11)', 'TRUNCATE "Todos", "Users"', 'INSERT INTO "Todos" VALUES (110, 11)');
SELECT twin('INSERT INTO "Todos" VALUES (110, 11)', 'DELETE FROM "Todos"', 'MERGE INTO "Users" u USING (VALUES (11)) v (id) ON u.id = v.id
    WHEN MATCHED THEN DELETE', 'INSERT INTO "Todos" VALUES (110, 11)');
-- a statement that goes on deleting what a function of its own has referred to meanwhile
CREATE FUNCTION refer_to(parent integer, child integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO "Todos" VALUES (%s, %s), (%s + 1000, %s)', child, parent, child, parent);
END $$;
SELECT twin('INSERT INTO "Todos" VALUES (120, 12)', 'DELETE FROM "Todos" WHERE "userId" IN (12, 13)',
    'DELETE FROM "Users" WHERE id IN (12, 13) RETURNING refer_to(25 - id, 120 + id)');
SELECT twin('DELETE FROM "Todos" WHERE "userId" IN (12, 13)',
    'WITH gone AS (DELETE FROM "Users" WHERE id = 12 RETURNING refer_to(13, 122)) SELECT FROM gone', 'DELETE FROM "Todos" WHERE "userId" = 13',
    'DELETE FROM "Users" WHERE id = 13', 'INSERT INTO "Todos" VALUES (123, 13)');
-- what a subtransaction has locked is given back when it aborts
SELECT twin($$DO $x$ BEGIN
    BEGIN
        INSERT INTO "Users" VALUES (200);
        INSERT INTO "Todos" VALUES (200, 200), (201, 200);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    INSERT INTO "Todos" VALUES (202, 200);
END $x$ $$);
SELECT twin($$DO $x$ BEGIN
    BEGIN
        INSERT INTO "Todos" VALUES (210, 14), (211, 210);
    EXCEPTION WHEN foreign_key_violation THEN
        INSERT INTO "Todos" VALUES (212, 14);
    END;
    BEGIN
        INSERT INTO "Todos" VALUES (213, 15);
    EXCEPTION WHEN foreign_key_violation THEN
        NULL;
    END;
    INSERT INTO "Todos" VALUES (214, 15);
END $x$ $$);
-- nothing stays open: later in the transaction the tables can be altered
SELECT twin('INSERT INTO "Todos" VALUES (220, 14), (221, 15)', 'ALTER TABLE "Users" ADD age integer', 'INSERT INTO "Todos" VALUES (222, 14)',
    'ALTER TABLE "Todos" ADD done boolean', 'INSERT INTO "Todos" VALUES (223, 15), (224, 99)');
SELECT twin('INSERT INTO "Todos" VALUES (220, 14), (221, 15)', 'ALTER TABLE "Users" ADD age integer', 'INSERT INTO "Todos" VALUES (222, 14)',
    'ALTER TABLE "Todos" ADD done boolean', 'INSERT INTO "Todos" VALUES (223, 15)', 'CLUSTER "Users" USING "Users_pkey"',
    'REINDEX TABLE "Users"', 'INSERT INTO "Todos" VALUES (224, 15)');
SELECT twin('INSERT INTO "Todos" VALUES (240, 99)');
-- the memo may be small, and there may be none
SET assoc.memo_size = 0;
SELECT twin('INSERT INTO "Todos" SELECT 1000 + i, 14 + i % 3 FROM generate_series(1, 100) i');
SELECT twin('INSERT INTO "Todos" SELECT 1200 + i, 14 + i % 3 FROM generate_series(1, 100) i UNION ALL VALUES (1300, 99)');
SET assoc.memo_size = 4;
SELECT twin('INSERT INTO "Users" SELECT i FROM generate_series(1000, 3000) i',
    'INSERT INTO "Todos" SELECT i, 1000 + i % 2000 FROM generate_series(10000, 19999) i');
SELECT twin('INSERT INTO "Todos" SELECT i, 1000 + i % 2002 FROM generate_series(20000, 29999) i');
SET assoc.memo_size = 64;
SELECT twin('INSERT INTO "Todos" SELECT i, 1000 + i % 2000 FROM generate_series(20000, 29999) i');
RESET assoc.memo_size;
SELECT twin('DELETE FROM "Todos" WHERE id >= 10000', 'DELETE FROM "Users" WHERE id >= 1000');
SELECT unenforce('Todo.user');
DROP TABLE ours."Todos", theirs."Todos", ours."Users", theirs."Users";

-- a table that refers to itself
CREATE TABLE ours.node (id int PRIMARY KEY, parent int);
CREATE TABLE theirs.node (id int PRIMARY KEY, parent int REFERENCES theirs.node);
SELECT enforce('Node.parent', 'ours.node', '{parent}', '[{"table": "ours.node", "key": ["id"]}]');
SELECT twin('INSERT INTO node VALUES (1, NULL), (2, 1), (3, 4), (4, 2), (5, 5)');
SELECT twin('INSERT INTO node VALUES (6, 7)');
SELECT twin('UPDATE node SET parent = id');
SELECT twin('UPDATE node SET parent = id + 1 WHERE id < 5');
SELECT twin('UPDATE node SET id = id + 10 WHERE id = 4');
SELECT twin('UPDATE node SET id = id + 10, parent = parent + 10');
SELECT twin('WITH n AS (INSERT INTO node VALUES (20, 21)) INSERT INTO node VALUES (21, 20)');
SELECT twin('DELETE FROM node WHERE id = 20');
SELECT twin('DELETE FROM node WHERE id >= 20');
SELECT unenforce('Node.parent');

-- deferred: what counts is the row as it is in the end, whoever made which version of it
CREATE TABLE ours.a (id int PRIMARY KEY);
CREATE TABLE theirs.a (id int PRIMARY KEY);
CREATE TABLE ours.b (id int PRIMARY KEY, a int, note text);
CREATE TABLE theirs.b (id int PRIMARY KEY, a int REFERENCES theirs.a DEFERRABLE INITIALLY DEFERRED, note text);
SELECT enforce('B.a', 'ours.b', '{a}', '[{"table": "ours.a", "key": ["id"]}]', '{"deferral": "deferred"}');
SELECT twin('INSERT INTO a VALUES (1), (2)');
SELECT twin('INSERT INTO b VALUES (1, 5)');
SELECT twin('INSERT INTO b VALUES (1, 5)', 'INSERT INTO a VALUES (5)');
SELECT twin('INSERT INTO b VALUES (2, 6)', 'UPDATE b SET note = ''x'' WHERE id = 2');
SELECT twin('INSERT INTO b VALUES (2, 6)', 'UPDATE b SET note = ''x'' WHERE id = 2', 'UPDATE b SET note = ''y'' WHERE id = 2');
SELECT twin('INSERT INTO b VALUES (2, 6)', 'UPDATE b SET a = 1 WHERE id = 2');
SELECT twin('UPDATE b SET a = 7 WHERE id = 2', 'UPDATE b SET note = ''z'' WHERE id = 2');
SELECT twin('UPDATE b SET a = 7 WHERE id = 2', 'UPDATE b SET a = 1 WHERE id = 2');
SELECT twin('UPDATE b SET a = 7 WHERE id = 2', 'DELETE FROM b WHERE id = 2');
SELECT twin('INSERT INTO b VALUES (3, 8)', $$DO $x$ BEGIN
    BEGIN
        UPDATE b SET a = 1 WHERE id = 3;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
END $x$ $$);
SELECT twin('INSERT INTO b VALUES (3, 8)', $$DO $x$ BEGIN
    BEGIN
        UPDATE b SET note = 'inner' WHERE id = 3;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
END $x$ $$);
SELECT twin('INSERT INTO b VALUES (3, 8)', $$DO $x$ BEGIN
    BEGIN
        DELETE FROM b WHERE id = 3;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        UPDATE b SET note = 'outer' WHERE id = 3;
    END;
END $x$ $$);
SELECT twin('INSERT INTO b VALUES (3, 8)', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT twin('SET CONSTRAINTS ALL IMMEDIATE', 'INSERT INTO b VALUES (3, 8)');
SELECT twin('INSERT INTO b VALUES (4, 1)', 'DELETE FROM a WHERE id = 1', 'INSERT INTO b VALUES (5, 1)', 'DELETE FROM b WHERE a = 1');
SELECT twin('INSERT INTO b VALUES (6, 2), (7, 2)', 'DELETE FROM a WHERE id = 2', 'INSERT INTO b VALUES (8, 2)');
-- at the commit of a transaction that may not write any more
\set SHOW_CONTEXT never
BEGIN;
INSERT INTO ours.b VALUES (9, 2);
SET TRANSACTION READ ONLY;
COMMIT;
BEGIN;
INSERT INTO theirs.b VALUES (9, 2);
SET TRANSACTION READ ONLY;
COMMIT;
SELECT unenforce('B.a');

DROP SCHEMA ours, theirs, enforce_child CASCADE;
