-- Every association at once: {"all": true}, and every one below.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA load_all;
SET search_path = load_all;
CREATE TABLE users (id int PRIMARY KEY, boss_id int);
CREATE TABLE todos (id int PRIMARY KEY, user_id int);
CREATE TABLE notes (id int PRIMARY KEY, kind text, on_id int);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE todo_tags (todo_id int, tag_id int, PRIMARY KEY (todo_id, tag_id));
INSERT INTO users VALUES (1, NULL), (2, 1);
INSERT INTO todos VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO tags VALUES (1);
INSERT INTO todo_tags VALUES (1, 1), (3, 1);
INSERT INTO notes VALUES (1, 'Todo', 1), (2, 'User', 1);
SELECT count(*) FROM (
    SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user')
    UNION ALL SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', inverse => 'staff')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Todo, User', type_column => 'kind', foreign_key => 'on_id')
    UNION ALL SELECT assoc.has_many('Todo', 'Note', polymorphic => 'subject')) d;
SELECT assoc.find_all('User', '{"include": {"all": true}, "order": ["id"]}');
-- what is named beside it is as it is named; another name is another one
SELECT assoc.find_by_pk('User', 1, '{"include": [{"all": true}, {"association": "todos", "limit": 1, "order": ["-id"]}, {"association": "todos", "as": "first", "limit": 1, "order": ["id"]}]}');
SELECT assoc.find_by_pk('User', 1, '{"include": [{"all": true}, {"association": "todos", "as": "first", "limit": 1, "order": ["id"]}]}');
-- what else is said holds for each
SELECT assoc.find_all('User', '{"include": {"all": true, "attributes": ["id"], "where": {"id": {"gt": 1}}, "required": false}, "order": ["id"]}');
-- below an include, and in the form by name
SELECT assoc.find_by_pk('Todo', 1, '{"include": {"user": {"include": {"all": true, "attributes": ["id"]}}}}');
SELECT assoc.find_by_pk('Todo', 1, '{"include": [{"all": false}]}');
-- every one below, but none that leads back
SELECT assoc.find_by_pk('User', 1, '{"include": {"all": true, "nested": true, "attributes": ["id"]}}');
SELECT assoc.find_all('Note', '{"include": {"all": true, "nested": true, "attributes": ["id"]}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Tag', '{"include": {"all": true, "nested": true}}');
-- what cannot be
CREATE FUNCTION failing(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text;
BEGIN
    PERFORM assoc.find_all('User', query);
    RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', state || ': ' || message, 'DETAIL: ' || detail, 'HINT: ' || nullif(hint, ''));
END $$;
SELECT failing('{"include": {"all": true, "as": "x"}}');
SELECT failing('{"include": [{"all": true, "association": "todos"}]}');
SELECT failing('{"include": {"todos": {"nested": true}}}');
SELECT failing('{"include": [{"all": "yes", "association": "todos"}]}');
SELECT failing('{"include": [{"limit": 1}]}');
SELECT failing('{"include": {"all": true, "attributes": ["kind"]}}');
SELECT failing('{"include": {"all": true, "limit": 1}}');
SET assoc.max_depth = 1;
SELECT failing('{"include": {"all": true, "nested": true}}');
RESET assoc.max_depth;
DROP SCHEMA load_all CASCADE;
