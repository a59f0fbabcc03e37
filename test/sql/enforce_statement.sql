-- Rows checked together, at the end of their statement.
SET client_min_messages = warning;
CREATE SCHEMA enforce_statement;
CREATE SCHEMA ours;
SET search_path = enforce_statement, ours;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours."user" (id int PRIMARY KEY, name text);
CREATE TABLE ours.todo (id int PRIMARY KEY, "userId" int, title text);
INSERT INTO "user" SELECT i FROM generate_series(1, 3000) i;
SELECT enforce('Todo.user', 'ours.todo', '{userId}', '[{"table": "ours.\"user\"", "key": ["id"]}]', '{"mode": "statement"}');
SELECT ways('INSERT INTO todo VALUES (1, 1, ''sleep'')');
SELECT ways('INSERT INTO todo VALUES (2, 3001)');
SELECT ways('INSERT INTO todo VALUES (2, NULL)');
SELECT ways('INSERT INTO todo SELECT WHERE false');
SELECT ways('INSERT INTO todo SELECT i, 1 + i % 3000 FROM generate_series(1000, 9999) i');
-- several are missing: the least is told
SELECT ways('INSERT INTO todo SELECT i, i % 4000 FROM generate_series(10000, 19999) i WHERE i % 4000 > 0');
SELECT ways('INSERT INTO todo VALUES (3, 3002), (4, 3001)');
SELECT ways('UPDATE todo SET "userId" = 3 WHERE id = 1');
SELECT ways('UPDATE todo SET "userId" = 3003 WHERE id = 1');
SELECT ways('UPDATE todo SET "userId" = 1 + "userId" WHERE id >= 1000');
SELECT ways('UPDATE todo SET "userId" = 1 + "userId" WHERE "userId" < 3000');
SELECT ways('UPDATE todo SET title = ''x''');
SELECT ways('UPDATE todo SET id = -id WHERE id < 5');
-- the statements that are not quite what they seem
SELECT ways('INSERT INTO todo VALUES (1000, 99999) ON CONFLICT DO NOTHING');
SELECT ways('INSERT INTO todo VALUES (1000, 99999) ON CONFLICT (id) DO UPDATE SET "userId" = excluded."userId"');
SELECT ways('INSERT INTO todo VALUES (1000, 99999) ON CONFLICT (id) DO UPDATE SET title = ''y''');
SELECT ways('MERGE INTO todo t USING (VALUES (1000, 4), (82, 5), (83, 99999)) v (id, u) ON v.id = t.id
    WHEN MATCHED THEN UPDATE SET "userId" = v.u WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.u)');
SELECT ways('WITH p AS (INSERT INTO "user" VALUES (4000) RETURNING id) INSERT INTO todo SELECT 100, id FROM p');
SELECT ways('WITH p AS (UPDATE todo SET "userId" = 99999 WHERE id = 1000) SELECT');
COPY todo FROM stdin;
101	1	a
102	2	b
\.
\set VERBOSITY terse
COPY todo FROM stdin;
103	1	a
104	99999	b
\.
\set VERBOSITY default
-- a row trigger makes the parent in time: a row is looked at when the whole statement is done
CREATE FUNCTION parent_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ours."user" VALUES (NEW."userId") ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION delete_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ours.todo WHERE id = NEW.id AND NEW."userId" > 10000
        AND NOT EXISTS (SELECT FROM ours."user" u WHERE u.id = NEW."userId");
    RETURN NULL;
END $$;
CREATE FUNCTION touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ours.todo SET title = 'touched' WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION mend_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ours.todo SET "userId" = 1 WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION with_trigger(name text, VARIADIC statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER a AFTER INSERT ON ours.todo FOR EACH ROW EXECUTE FUNCTION %I()', name);
    RETURN QUERY SELECT ways(VARIADIC statements);
    DROP TRIGGER a ON ours.todo;
END $$;
SELECT with_trigger('parent_late', 'INSERT INTO todo VALUES (200, 5000), (201, 5001)');
-- rows that are gone, or have got another parent, are not told; nor are they taken for gone because they were touched
SELECT with_trigger('delete_row', 'INSERT INTO todo VALUES (202, 20000), (203, 20000), (204, 3)');
SELECT with_trigger('delete_row', 'INSERT INTO todo VALUES (205, 20000), (206, 9999), (207, 3)');
SELECT with_trigger('touch_row', 'INSERT INTO todo VALUES (210, 20000)');
SELECT with_trigger('touch_row', 'INSERT INTO todo VALUES (210, 2)');
SELECT with_trigger('mend_row', 'INSERT INTO todo VALUES (211, 20000)');
-- in the midst of many rows
SET work_mem = '64kB';
-- (that it fits the memory is no matter: keys are looked up whenever there are more)
SELECT ways('INSERT INTO "user" SELECT i FROM generate_series(100001, 120000) i', 'INSERT INTO todo SELECT i, i FROM generate_series(100001, 120000) i');
SELECT with_trigger('delete_row', 'INSERT INTO todo SELECT i, CASE i % 1000 WHEN 7 THEN 200000 + i ELSE 120001 - i % 20000 END FROM generate_series(20000, 40000) i');
SELECT with_trigger('delete_row', 'INSERT INTO todo SELECT i, CASE i % 1000 WHEN 7 THEN 20000 + i ELSE 1 + i % 5002 END FROM generate_series(50000, 70000) i');
SELECT ways('UPDATE todo SET "userId" = CASE WHEN id = 39999 THEN 99999 ELSE 1 + "userId" % 2999 END WHERE id BETWEEN 20000 AND 40000');
SELECT ways('UPDATE todo SET "userId" = 1 + "userId" % 2999 WHERE id BETWEEN 20000 AND 40000');
RESET work_mem;
SET assoc.memo_size = 0;
SELECT ways('UPDATE todo SET "userId" = 2 + "userId" % 2999');
RESET assoc.memo_size;
-- what is remembered is forgotten as ever
SELECT ways('INSERT INTO todo VALUES (300, 2999)', 'DELETE FROM todo WHERE "userId" = 2999', 'DELETE FROM "user" WHERE id = 2999',
    'INSERT INTO todo VALUES (300, 2999)');
SELECT unenforce('Todo.user');
SELECT count(*) FROM todo WHERE "userId" NOT IN (SELECT id FROM "user");

-- composite, polymorphic, with conditions, softly deleted, in arrays
CREATE TABLE ours.part (maker text, number int, gone boolean, PRIMARY KEY (maker, number));
CREATE TABLE ours.kit (maker text, number bigint, gone boolean, PRIMARY KEY (number, maker));
CREATE TABLE ours.line (id int PRIMARY KEY, kind text, maker text, number int, state text, removed boolean);
INSERT INTO part SELECT 'maker ' || i % 10, i, i = 55 FROM generate_series(1, 100) i;
INSERT INTO kit SELECT 'maker ' || i % 10, i, i = 155 FROM generate_series(51, 160) i;
SELECT enforce('Line.what', 'ours.line', '{maker, number}',
    '[{"type": "Part", "table": "ours.part", "key": ["maker", "number"], "soft_delete": "gone"},
      {"type": "Kit", "table": "ours.kit", "key": ["maker", "number"], "soft_delete": "gone"}]',
    '{"mode": "statement", "type_column": "kind", "condition": {"state": ["open", null]}, "child_soft_delete": "removed"}');
SELECT ways('INSERT INTO line SELECT i, CASE WHEN i <= 75 THEN ''Part'' ELSE ''Kit'' END, ''maker '' || i % 10, i, NULL, i IN (55, 155)
    FROM generate_series(1, 160) i');
SELECT ways('INSERT INTO line VALUES (200, ''Part'', ''maker 5'', 55, ''open'')');
SELECT ways('INSERT INTO line VALUES (200, ''Part'', ''maker 5'', 55, ''done'')');
SELECT ways('UPDATE line SET state = ''open'' WHERE id = 200');
SELECT ways('INSERT INTO line VALUES (201, ''Kit'', ''maker 5'', 65), (202, ''Part'', ''maker 5'', 65), (203, ''Part'', ''maker 5'', 155)');
SELECT ways('INSERT INTO line VALUES (201, ''Kit'', ''maker 5'', 65), (202, ''Bag'', ''maker 5'', 65)');
SELECT ways('INSERT INTO line VALUES (201, ''Kit'', ''maker 5'', 65), (202, ''Kit'', NULL, 65)');
SELECT ways('UPDATE line SET removed = false WHERE id = 155');
SELECT ways('UPDATE line SET removed = true WHERE id = 65');
SELECT unenforce('Line.what');
CREATE TABLE ours.list (id int PRIMARY KEY, users int[]);
SELECT enforce('List.users', 'ours.list', '{users}', '[{"table": "ours.\"user\"", "key": ["id"]}]', '{"mode": "statement", "element": true}');
SELECT ways('INSERT INTO list SELECT i, ARRAY[i, i + 1, NULL, i] FROM generate_series(1, 2000) i');
SELECT ways('INSERT INTO list VALUES (3000, ''{1,2}''), (3001, ''{3,99999,99998}'')');
SELECT ways('UPDATE list SET users = users || 99999 WHERE id = 7');
SELECT unenforce('List.users');
CREATE TABLE ours.full_line (id int PRIMARY KEY, maker text, number int);
SELECT enforce('Full.part', 'ours.full_line', '{maker, number}', '[{"table": "ours.part", "key": ["maker", "number"]}]',
    '{"mode": "statement", "match": "full"}');
SELECT ways('INSERT INTO full_line VALUES (1, ''maker 1'', 1), (2, NULL, NULL)');
SELECT ways('INSERT INTO full_line VALUES (3, ''maker 1'', 1), (4, NULL, 1)');
SELECT unenforce('Full.part');
-- a table that refers to itself
CREATE TABLE ours.node (id int PRIMARY KEY, parent int);
SELECT enforce('Node.parent', 'ours.node', '{parent}', '[{"table": "ours.node", "key": ["id"]}]', '{"mode": "statement"}');
SELECT ways('INSERT INTO node VALUES (1, NULL), (2, 3), (3, 2), (4, 4)');
SELECT ways('INSERT INTO node VALUES (5, 6)');
SELECT unenforce('Node.parent');

DROP SCHEMA ours, enforce_statement CASCADE;
