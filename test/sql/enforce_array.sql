-- Arrays of keys: each element refers.
SET client_min_messages = warning;
CREATE SCHEMA enforce_array;
CREATE SCHEMA ours;
SET search_path = enforce_array, ours;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours.tag (id int PRIMARY KEY, name text);
CREATE TABLE ours.todo (id int PRIMARY KEY, tags int8[], note text);
INSERT INTO tag SELECT i FROM generate_series(1, 9) i;
SELECT enforce('Todo.tags', 'ours.todo', '{tags}', '[{"table": "ours.tag", "key": ["id"]}]', '{"element": true}');
SELECT ways('INSERT INTO todo VALUES (1, ''{1,2,3}''), (2, ''{}''), (3, NULL), (4, ''{NULL,4,4,NULL}''), (5, ''{{1,2},{9,1}}''), (6, ''[5:6]={7,8}'')');
SELECT ways('INSERT INTO todo VALUES (7, ''{1,10,2}'')');
SELECT ways('INSERT INTO todo VALUES (7, ''{12,1,11,NULL}'')');
SELECT ways('INSERT INTO todo VALUES (7, ''{{1,2},{3,99}}'')');
SELECT ways('UPDATE todo SET tags = tags || 5::int8 WHERE id < 5');
SELECT ways('UPDATE todo SET tags = tags || 15::int8 WHERE id = 1');
SELECT ways('UPDATE todo SET tags = array_remove(tags, 5) WHERE id <> 5');
SELECT ways('UPDATE todo SET note = ''x''');
SELECT ways('INSERT INTO todo VALUES (8, ''{77}'')', 'DELETE FROM todo WHERE id = 8');
SELECT ways('INSERT INTO todo SELECT 100 + i, ARRAY(SELECT 1 + j % 9 FROM generate_series(1, i % 40) j) FROM generate_series(1, 500) i');
SELECT ways('DELETE FROM tag WHERE id = 9');
SELECT unenforce('Todo.tags');
-- by reference, and a type that has no operator with the array's elements but through a cast
CREATE TABLE ours.word (word varchar PRIMARY KEY);
CREATE TABLE ours.text (id int PRIMARY KEY, words text[]);
INSERT INTO word VALUES ('a'), ('b'), (repeat('c', 100));
SELECT enforce('Text.words', 'ours.text', '{words}', '[{"table": "ours.word", "key": ["word"]}]', '{"element": true}');
SELECT ways('INSERT INTO text VALUES (1, ARRAY[''b'', ''a'', ''b'', repeat(''c'', 100)]), (2, ARRAY[''b'', repeat(''c'', 100)])');
SELECT ways('INSERT INTO text VALUES (3, ARRAY[''b'', ''a'', ''B''])');
SELECT unenforce('Text.words');
-- of a type column's choice
CREATE TABLE ours.any_list (id int PRIMARY KEY, kind text, ids int[]);
SELECT enforce('List.items', 'ours.any_list', '{ids}',
    '[{"type": "tag", "table": "ours.tag", "key": ["id"]}, {"type": "todo", "table": "ours.todo", "key": ["id"]}]',
    '{"element": true, "type_column": "kind"}');
SELECT ways('INSERT INTO any_list VALUES (1, ''tag'', ''{1,2}''), (2, ''todo'', ''{1,102}''), (3, NULL, NULL), (4, ''tag'', ''{}'')');
SELECT ways('INSERT INTO any_list VALUES (5, ''tag'', ''{1,102}'')');
SELECT ways('INSERT INTO any_list VALUES (5, ''tags'', ''{1}'')');
SELECT ways('INSERT INTO any_list VALUES (5, NULL, ''{1}'')');
SELECT unenforce('List.items');

DROP SCHEMA ours, enforce_array CASCADE;
