-- Parents that are deleted softly, or leave a scope: what becomes of their living children.
SET client_min_messages = warning;
CREATE SCHEMA soft;
SET search_path = soft;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all
-- the rows of the tables, without marks, which differ each time: only whether there is one, and whether it is that of table p
CREATE FUNCTION tell(statement text, VARIADIC tables text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	name text;
	line text;
BEGIN
	-- RESTRICT as versions before 18 tell it
	RETURN NEXT regexp_replace(replace(replace(replace(told(statement), '23001: ', '23503: '), 'RESTRICT setting of ', ''), ' is referenced from', ' is still referenced from'), '_[0-9a-f]{16}', '_<hash>');
	FOREACH name IN ARRAY tables LOOP
		EXECUTE format('SELECT string_agg(regexp_replace(whole::text, ''[0-9a-f]{8}-[-0-9a-f]{27}'', ''mark''), '' '' ORDER BY whole::text COLLATE "C") FROM %I whole', name) INTO line;
		RETURN NEXT format('    %s: %s', name, line);
	END LOOP;
END $$;

CREATE TABLE p (id integer PRIMARY KEY, gone date, deletion_id uuid, note text);
CREATE TABLE none_c (n integer, pid integer, gone date);
CREATE TABLE restrict_c (n integer, pid integer);
CREATE TABLE null_c (n integer, pid integer, hidden boolean);
CREATE TABLE cascade_c (n integer PRIMARY KEY, pid integer, gone date, deletion_id uuid);
CREATE TABLE below_c (n integer, cid integer, hidden boolean DEFAULT false, deletion_id uuid);
CREATE TABLE default_c (n integer, pid integer DEFAULT 9);
\set p '[{"table": "p", "key": ["id"], "soft_delete": "gone"}]'
SELECT enforce('soft none', 'none_c', '{pid}', :'p', '{"child_soft_delete": "gone"}');
SELECT enforce('soft restrict', 'restrict_c', '{pid}', :'p', '{"on_delete": "RESTRICT"}');
SELECT enforce('soft null', 'null_c', '{pid}', :'p', '{"on_delete": "SET NULL", "child_soft_delete": "hidden"}');
SELECT enforce('soft cascade', 'cascade_c', '{pid}', :'p', '{"on_delete": "CASCADE", "on_update": "CASCADE", "child_soft_delete": "gone"}');
SELECT enforce('soft below', 'below_c', '{cid}', '[{"table": "cascade_c", "key": ["n"], "soft_delete": "gone"}]', '{"on_delete": "CASCADE", "child_soft_delete": "hidden"}');
SELECT enforce('soft default', 'default_c', '{pid}', :'p', '{"on_delete": "SET DEFAULT"}');
INSERT INTO p SELECT generate_series(1, 9);

-- NO ACTION and RESTRICT: living children alone count
INSERT INTO none_c VALUES (1, 1, NULL), (2, 2, '2026-01-01'), (3, 3, NULL);
INSERT INTO restrict_c VALUES (1, 4);
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 1');
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 2');
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 4');
SELECT tell('INSERT INTO none_c VALUES (4, 2, NULL)');
SELECT tell('UPDATE none_c SET gone = NULL WHERE n = 2');
SELECT tell('UPDATE none_c SET gone = ''2026-01-01'' WHERE n = 1', 'none_c');
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 1');
-- a hard DELETE considers all
SELECT tell('DELETE FROM p WHERE id = 1');
SELECT tell('DELETE FROM none_c WHERE n IN (1, 2)');
SELECT tell('DELETE FROM p WHERE id IN (1, 2)', 'p');

-- SET NULL
INSERT INTO p VALUES (1), (2);
INSERT INTO null_c VALUES (1, 1, NULL), (2, 1, true), (3, 1, false), (4, 2, NULL);
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 1', 'null_c');
SELECT tell('UPDATE p SET gone = NULL WHERE id = 1', 'null_c');

-- SET DEFAULT
INSERT INTO default_c VALUES (1, 2);
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 2', 'default_c');
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 9');
DELETE FROM default_c;

-- CASCADE: children go with their parent, in a batch, at any depth; the same come back with it
INSERT INTO cascade_c VALUES (1, 5, NULL), (2, 5, NULL), (3, 5, '2025-01-01'), (4, 6, NULL);
INSERT INTO below_c VALUES (1, 1, false), (2, 1, NULL), (3, 2, false), (4, 4, false);
SELECT tell('UPDATE cascade_c SET gone = ''2025-12-12'' WHERE n = 2', 'cascade_c', 'below_c');
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 5', 'p', 'cascade_c', 'below_c');
SELECT count(DISTINCT d) FROM (SELECT deletion_id FROM p WHERE id = 5 UNION ALL SELECT deletion_id FROM cascade_c WHERE n = 1
	UNION ALL SELECT deletion_id FROM below_c WHERE cid = 1) x(d);
-- deleted again while it is: nothing
SELECT tell('UPDATE p SET gone = ''2026-03-01'' WHERE id = 5', 'cascade_c');
-- a child of a deleted parent cannot live
SELECT tell('UPDATE cascade_c SET gone = NULL WHERE n = 1');
SELECT tell('UPDATE p SET gone = NULL WHERE id = 5', 'p', 'cascade_c', 'below_c');
SELECT tell('UPDATE cascade_c SET gone = NULL WHERE n = 2', 'cascade_c', 'below_c');
-- key and life in one UPDATE
SELECT tell('UPDATE p SET id = 50, gone = ''2026-02-01'' WHERE id = 5', 'p', 'cascade_c', 'below_c');
SELECT tell('UPDATE p SET gone = NULL WHERE id = 50', 'cascade_c', 'below_c');
-- a hard DELETE
SELECT tell('DELETE FROM below_c; DELETE FROM p WHERE id IN (5, 50)', 'cascade_c');

-- another BEFORE trigger may delete softly: then the row was not locked in time
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.gone := '2026-05-05'; RETURN NEW; END $$;
CREATE TRIGGER later BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION later();
SELECT tell('UPDATE p SET note = ''x'' WHERE id = 7');
DROP TRIGGER later ON p;
-- children that cannot be deleted softly
CREATE TABLE hard_c (n integer, pid integer);
SELECT enforce('soft hard', 'hard_c', '{pid}', :'p', '{"on_delete": "CASCADE"}');
INSERT INTO hard_c VALUES (1, 8);
SELECT tell('UPDATE p SET gone = ''2026-02-01'' WHERE id = 8');
SELECT tell('DELETE FROM p WHERE id = 8', 'hard_c');

-- a scope: only these may be referred to
CREATE TABLE users (id integer PRIMARY KEY, role text);
CREATE TABLE docs (n integer, approver integer);
CREATE TABLE marks (n integer, approver integer);
SELECT enforce('scope none', 'docs', '{approver}', '[{"table": "users", "key": ["id"], "scope": {"role": ["admin", "boss"]}}]');
SELECT enforce('scope null', 'marks', '{approver}', '[{"table": "users", "key": ["id"], "scope": {"role": "admin"}}]', '{"on_delete": "SET NULL"}');
INSERT INTO users VALUES (1, 'admin'), (2, 'boss'), (3, 'guest'), (4, 'admin');
INSERT INTO docs VALUES (1, 1);
INSERT INTO marks VALUES (1, 1), (2, 4);
SELECT tell('INSERT INTO docs VALUES (2, 3)');
SELECT tell('UPDATE users SET role = ''guest'' WHERE id = 1', 'marks');
SELECT tell('UPDATE users SET role = ''boss'' WHERE id = 1', 'marks');
SELECT tell('UPDATE users SET role = NULL WHERE id = 4', 'marks');
SELECT tell('DELETE FROM users WHERE id = 1');

-- CASCADE: they are deleted softly, now, or as the type can tell
CREATE TABLE notes (n integer, approver integer, gone timestamp);
CREATE TABLE words (n integer, approver integer, gone text);
SELECT enforce('scope cascade', 'notes', '{approver}', '[{"table": "users", "key": ["id"], "scope": {"role": "admin"}}]', '{"on_delete": "CASCADE", "child_soft_delete": "gone"}');
UPDATE users SET role = 'admin' WHERE id = 4;
INSERT INTO notes VALUES (1, 4);
SELECT tell('UPDATE users SET role = ''guest'' WHERE id = 4');
SELECT n, approver, gone < now()::timestamp AS earlier FROM notes;
UPDATE users SET role = 'admin' WHERE id = 4;
SELECT enforce('scope words', 'words', '{approver}', '[{"table": "users", "key": ["id"], "scope": {"role": "admin"}}]', '{"on_delete": "CASCADE", "child_soft_delete": "gone"}');
SELECT tell('UPDATE users SET role = ''guest'' WHERE id = 4');

SELECT unenforce(r) FROM unnest(ARRAY['soft none', 'soft restrict', 'soft null', 'soft cascade', 'soft below', 'soft default', 'soft hard',
	'scope none', 'scope null', 'scope cascade', 'scope words']) r;
DROP SCHEMA soft CASCADE;
