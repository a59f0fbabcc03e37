-- What cannot be enforced as it stands is refused: no trigger passes what it does not understand.
SET client_min_messages = warning;
CREATE SCHEMA enforce_closed;
CREATE SCHEMA ours;
SET search_path = enforce_closed, ours;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours.p (id int PRIMARY KEY, code int UNIQUE, j xid);
CREATE TABLE ours.c (id int PRIMARY KEY, p int, kind text, list int[], "gone at" timestamptz);
INSERT INTO p VALUES (1, 1);

-- a trigger that nothing in the catalog speaks of
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference('nothing');
SELECT told('INSERT INTO c VALUES (1, 1)');
-- not even of a row that refers to nothing
SELECT told('INSERT INTO c VALUES (1, NULL)');
DROP TRIGGER t ON c;
-- called in other ways than it is meant to be
CREATE TRIGGER t BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference('nothing');
SELECT told('INSERT INTO c VALUES (1, 1)');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER INSERT ON c FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.check_reference('nothing');
SELECT told('INSERT INTO c VALUES (1, 1)');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER DELETE ON p FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference('nothing');
SELECT told('DELETE FROM p');
DROP TRIGGER t ON p;
CREATE TRIGGER t AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference();
SELECT told('INSERT INTO c VALUES (1, 1)');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_statement('nothing');
SELECT told('INSERT INTO c VALUES (1, 1)');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER INSERT ON c FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.check_statement('nothing');
SELECT told('INSERT INTO c VALUES (1, 1)');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER UPDATE ON c REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.check_statement('nothing');
SELECT told('UPDATE c SET p = 1');
DROP TRIGGER t ON c;
CREATE TRIGGER t AFTER DELETE ON p FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.forget_parents();
SELECT told('DELETE FROM p');
DROP TRIGGER t ON p;
SELECT told('SELECT assoc_internal.check_reference()');

-- refused(reference, columns, targets, options, statement): what comes of it, with all of its triggers made
CREATE FUNCTION refused(reference text, columns text[], targets jsonb, options jsonb, VARIADIC statements text[]) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    -- undone as a whole: a rename that is followed passes
    BEGIN
        PERFORM enforce(reference, 'ours.c', columns, targets, options);
        result := told(VARIADIC statements);
        RAISE EXCEPTION USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        RETURN result;
    END;
END $$;
\set good '''[{"table": "ours.p", "key": ["id"]}]'''
SELECT refused('r1', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'INSERT INTO c VALUES (2, 2)');
-- what is dropped meanwhile
SELECT refused('r2', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'ALTER TABLE p RENAME id TO "ID"', 'INSERT INTO c VALUES (2, 1)');
SELECT refused('r3', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'ALTER TABLE p RENAME TO q', 'INSERT INTO c VALUES (2, 1)');
SELECT refused('r4', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'DROP TABLE p', 'INSERT INTO c VALUES (2, 1)');
SELECT refused('r5', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'ALTER TABLE c RENAME TO d', 'INSERT INTO d VALUES (2, 1)');
SELECT refused('r6', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)', 'ALTER SCHEMA ours RENAME TO other', 'INSERT INTO other.c VALUES (2, 1)');
-- a side that has not agreed, or no longer
SELECT refused('r7', '{p}', :good, '{}', 'INSERT INTO c VALUES (1, 1)',
    format('DROP TRIGGER %I ON p', enforce_trigger('a', 'r7')), 'INSERT INTO c VALUES (2, 1)');
SELECT refused('r8', '{p}', :good, '{}', format('DROP TRIGGER %I ON p', enforce_trigger('at', 'r8')), 'INSERT INTO c VALUES (2, 1)');
SELECT refused('r9', '{p}', :good, '{}', format('ALTER TRIGGER %I ON c RENAME TO mine', enforce_trigger('c', 'r9')),
    'INSERT INTO c VALUES (2, 1)');
SELECT refused('r10', '{p}', :good, '{}', format('DROP TRIGGER %I ON p', enforce_trigger('a', 'r10')),
    format('CREATE TRIGGER %I AFTER DELETE ON p FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_updated(''r10'')', enforce_trigger('a', 'r10')),
    'INSERT INTO c VALUES (2, 1)');
-- and one that nobody has asked
CREATE TABLE ours.stranger (id int PRIMARY KEY, p int);
SELECT refused('r11', '{p}', :good, '{}',
    'CREATE CONSTRAINT TRIGGER t AFTER INSERT ON stranger FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference(''r11'')',
    'INSERT INTO stranger VALUES (1, 1)');
-- what fits no table
SELECT refused('r12', '{nothing}', :good, '{}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r13', '{p}', '[{"table": "ours.p", "key": ["id", "code"]}]', '{}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r14', '{}', '[{"table": "ours.p", "key": ["id"]}]', '{}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r15', '{kind}', :good, '{}', 'INSERT INTO c VALUES (1, NULL, 1)');
SELECT refused('r16', '{p}', '[]', '{}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r17', '{p}', '[{"type": "a", "table": "ours.p", "key": ["id"]}, {"type": "b", "table": "ours.p", "key": ["id"]}]', '{}',
    'INSERT INTO c VALUES (1, 1)');
SELECT refused('r18', '{p}', :good, '{"element": true}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r19', '{p, list}', '[{"table": "ours.p", "key": ["id", "code"]}]', '{"element": true}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r20', '{p}', :good, '{"on_delete": "DELETE FROM c"}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r21', '{p}', :good, '{"on_delete": "SET NULL (nothing)"}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r22', '{p}', :good, '{"condition": [1]}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r23', '{p}', :good, '{"condition": {"kind": {"a": 1}}}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r24', '{p}', :good, '{"condition": {"id": "one"}}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r25', '{p}', '[{"table": "ours.p", "key": ["id"], "scope": {"j": 1}}]', '{}', 'INSERT INTO c VALUES (1, 1)');
SELECT refused('r26', '{p}', '[{"table": "ours.p", "key": ["id"], "soft_delete": "nothing"}]', '{}', 'INSERT INTO c VALUES (1, 1)');
-- by statement: only where all statements are seen
SELECT refused('r27', '{p}', :good, '{"mode": "statement"}', 'CREATE TABLE heir () INHERITS (c)', 'INSERT INTO c VALUES (1, 1)');
-- a cast that somebody made is not run as the parent's owner
CREATE TYPE code AS (n int);
CREATE FUNCTION to_int(code) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.n';
CREATE CAST (code AS int) WITH FUNCTION to_int(code) AS IMPLICIT;
ALTER TABLE c ADD odd code;
SELECT refused('r28', '{odd}', :good, '{}', 'INSERT INTO c VALUES (1, 1)');
-- but without a reference all is as before
SELECT told('INSERT INTO c VALUES (1, 99)', 'DELETE FROM p');

DROP SCHEMA ours, enforce_closed CASCADE;
