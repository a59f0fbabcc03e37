-- What a query cannot be: each error names the place in the query.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA load_errors;
SET search_path = load_errors;
\set ECHO none
\i :errors
\set ECHO all
\t on
\a
CREATE TABLE "Users" (id int PRIMARY KEY, name text, age int, point point, doc json);
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int, title text);
CREATE TABLE tags (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE keyless (id int, "userId" int);
CREATE TABLE notes (id int PRIMARY KEY, subject_type text, subject_id int);
INSERT INTO "Users" VALUES (1, 'Ann', 40), (2, 'Bob', 30);
INSERT INTO "Todos" VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three');
SELECT assoc.define_model('User', '"Users"'), assoc.define_model('Todo', '"Todos"'), assoc.define_model('Tag', 'tags'), assoc.define_model('Keyless', 'keyless'), assoc.define_model('Gone', 'tags');
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', inverse => 'user') \g /dev/null
SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'User, Todo') \g /dev/null
CREATE FUNCTION loading(query text, model text DEFAULT 'User') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT query UNION ALL SELECT failing(format('SELECT assoc.find_all(%L, %L)', model, query))
$$;
-- models and keys
SELECT failing('SELECT assoc.find_all(NULL)');
SELECT failing('SELECT assoc.find_all(''Usr'')');
SELECT failing('SELECT assoc.find_by_pk(''User'', ''x'')');
SELECT failing('SELECT assoc.find_by_pk(''User'', ''[1, 2]''::json)');
SELECT failing('SELECT assoc.find_by_pk(''Tag'', 1)');
SELECT failing('SELECT assoc.find_by_pk(''Tag'', ''{"a": 1, "c": 2}'')');
SELECT failing('SELECT assoc.find_by_pk(''Tag'', ''not json'')');
SELECT failing('SELECT assoc.find_by_pk(''Tag'', ''[1, [2]]'')');
SELECT failing('SELECT assoc.find_by_pk(''Keyless'', 1)');
SELECT assoc.find_by_pk('Tag', '{"b": "x", "a": 1}') IS NULL, assoc.find_by_pk('Tag', '[1, "x"]') IS NULL;
-- shape
SELECT loading(q) FROM unnest(ARRAY['{', '{"wheer": {}}', '{"include": 5}', '{"include": [5]}', '{"include": [{}]}', '{"include": [{"assocation": "todos"}]}', '{"include": {"todos": 5}}', '{"include": [""]}', 'todos..user', ',', '{"required": true}', '{"include": [{"association": "todos", "numbers": "string"}]}',
    '{"attributes": "id"}', '{"attributes": [5]}', '{"attributes": [["id"]]}', '{"attributes": [["id", ""]]}', '{"attributes": {"only": []}}', '{"attributes": {"exclude": [["id", "x"]]}}', '{"limit": -1}', '{"limit": 1.5}', '{"limit": "1"}', '{"limit": 1e30}', '{"offset": true}', '{"paranoid": 1}', '{"numbers": "bigint"}',
    '{"order": 5}', '{"order": [5]}', '{"order": [[]]}', '{"order": [["id", 5]]}', '{"where": 5}', '"todos.usr"', '5', '{"include": {"todos": {"through": 5}}}']) q;
-- names
SELECT loading(q) FROM unnest(ARRAY['todo', 'todos.usr', '{"include": ["todo"]}', '{"include": [{"association": "todos", "include": {"owner": true}}]}', '{"attributes": ["nam"]}', '{"attributes": {"exclude": ["nothing like it"]}}', '{"include": {"todos": ["titel"]}}', '{"order": ["-titel"]}', '{"order": ["todos.title"]}', '{"order": ["usr.name"]}', '{"include": {"todos": {"order": ["user.nam"]}}}',
    '{"where": {"nam": 1}}', '{"where": {"and": [{"or": [{"id": 1}, {"nam": 1}]}]}}', '{"where": {"$todo.title$": 1}}', '{"where": {"$todos.titel$": 1}}', '{"where": {"$nam$": 1}}', '{"where": {"todos": {"some": {"titel": 1}}}}', '{"where": {"age": {"gt": {"col": "ag"}}}}', '{"include": {"todos": {"where": {"a b": 1}}}}']) q;
SELECT loading('{"where": {"$subject.id$": 1}}', 'Note');
-- names that would be twice
SELECT loading(q) FROM unnest(ARRAY['{"attributes": ["id", "id"]}', '{"attributes": ["id", ["name", "id"]]}', '{"attributes": {"include": ["id"]}}', '{"include": [{"association": "todos"}, {"association": "todos"}]}', '{"include": [{"association": "todos", "as": "name"}]}']) q;
-- operators and values
SELECT loading(q) FROM unnest(ARRAY['{"where": {"age": {"greater": 1}}}', '{"where": {"age": {"gte ": 1}}}', '{"where": {"age": "x"}}', '{"where": {"age": {"in": [1, "x"]}}}', '{"where": {"age": {"in": 1}}}', '{"where": {"age": [1, null]}}', '{"where": {"age": {"in": [[1]]}}}', '{"where": {"age": {"gt": null}}}', '{"where": {"age": {"between": [1]}}}', '{"where": {"age": {"between": 1}}}', '{"where": {"age": {"like": "1%"}}}', '{"where": {"name": {"like": 1}}}', '{"where": {"age": {"is": 1}}}', '{"where": {"age": {"is": true}}}',
    '{"where": {"age": {"contains": 1}}}', '{"where": {"point": "(1,2)"}}', '{"where": {"point": ["(1,2)"]}}', '{"where": {"doc": {"lt": 1}}}', '{"where": {"age": {"eq": {"col": 1}}}}', '{"where": {"age": {"or": 1}}}', '{"where": {"todos": 1}}', '{"where": {"todos": {}}}', '{"where": {"todos": {"any": {}}}}', '{"where": {"todos": {"some": 1}}}', '{"where": {"or": 1}}', '{"where": {"age": {"gt": {"any": [1]}}}}']) q;
-- what an association does not have
SELECT loading(q, 'Todo') FROM unnest(ARRAY['{"include": {"user": {"limit": 1}}}', '{"include": {"user": {"offset": 1}}}', '{"include": {"user": {"through": {"attributes": []}}}}', '{"include": {"user": {"through": {"attribute": []}}}}']) q;
SELECT failing('SELECT assoc.has(''Note'', 1, ''subject'', ''[1]'')');
-- one association of one row
SELECT failing(c) FROM unnest(ARRAY['SELECT assoc.get(''User'', 1, ''todo'')', 'SELECT assoc.get(''User'', 1, NULL)', 'SELECT assoc.get(''User'', 1, ''todos'', ''{"where": {"titel": 1}}'')', 'SELECT assoc.get(''User'', ''x'', ''todos'')', 'SELECT assoc.has(''User'', 1, ''todos'', NULL)', 'SELECT assoc.has(''User'', 1, ''todos'', ''["x"]'')', 'SELECT assoc.has(''User'', 1, ''todos'', ''[[1, 2]]'')', 'SELECT assoc.count_associated(''User'', 1, ''todo'')', 'SELECT assoc.find_all_rows(''Usr'')', 'SELECT assoc.find_all_rows(''User'', ''todo'')']) c;
-- limits: an error, never less than asked for
SET assoc.max_depth = 1;
SELECT loading('todos'), loading('todos.user');
RESET assoc.max_depth;
SET assoc.max_rows = 4;
SELECT loading('todos');
SELECT loading('{"include": {"todos": {"limit": 1}}}');
SET assoc.max_rows = 1;
SELECT loading('');
RESET assoc.max_rows;
-- tables that are gone, keys that are none
ALTER TABLE "Users" DROP CONSTRAINT "Users_pkey";
SELECT loading('{"include": {"todos": {"limit": 1, "attributes": ["id"]}}, "attributes": ["id"]}');
DROP TABLE tags;
SELECT failing('SELECT assoc.find_all(''Gone'')');

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA load_errors CASCADE;
