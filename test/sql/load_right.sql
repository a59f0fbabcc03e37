-- "right": after the roots, rows of an association that no root leads to, as of a right join.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Right";
SET search_path = "load Right";
CREATE TABLE users (id int PRIMARY KEY, "na""me" text, gone boolean);
CREATE TABLE todos (id int PRIMARY KEY, user_id int, done boolean);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE todo_tags (todo_id int, tag_id int, since int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE notes (id int PRIMARY KEY, "subjectType" text, "subjectId" int);
INSERT INTO users VALUES (1, 'one', NULL), (2, 'two', NULL), (3, 'gone', true);
INSERT INTO todos VALUES (1, 1, true), (2, 1, false), (3, NULL, true), (4, 9, false), (5, 3, true);
INSERT INTO tags VALUES (1), (2), (3);
INSERT INTO todo_tags VALUES (1, 1, 7), (3, 2, 8);
INSERT INTO notes VALUES (1, 'User', 1), (2, 'User', 9), (3, 'Todo', 1);
SELECT count(*) FROM (
    SELECT assoc.define_model('User', 'users', soft_delete => 'gone')
    UNION ALL SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user')
    UNION ALL SELECT assoc.has_many('User', 'Todo', 'finished', foreign_key => 'user_id', scope => '{"done": true}')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'User, Todo')
    UNION ALL SELECT assoc.has_many('User', 'Note', polymorphic => 'subject')) d;
-- to many: one object has them all; roots without one are left out, as by a join
SELECT assoc.find_all('User', '{"include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": [{"association": "notes", "attributes": ["id"]}, {"association": "todos", "right": true, "attributes": ["id"], "order": ["-id"], "include": {"tags": {"attributes": ["id"]}}}, "finished"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": [], "include": {"todos": {"right": true, "attributes": ["id"], "limit": 1, "order": ["id"], "where": {"done": false}}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"finished": {"right": true, "attributes": ["id"], "order": ["id"]}}, "order": ["id"]}');
-- to one: each has its own
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "include": {"user": {"right": true, "attributes": ["id"], "order": ["id"]}, "tags": ["id"]}, "order": ["id"]}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "include": {"user": {"right": true, "attributes": ["id"], "order": ["id"], "paranoid": false}}, "order": ["id"]}');
-- through a junction; by a condition of one's own; of a polymorphic reference; the roots deleted softly
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "include": {"tags": {"right": true, "attributes": ["id"], "through": {"attributes": ["since"]}}}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"], "on": {"id": {"col": "$id$"}}}}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"notes": {"right": true, "attributes": ["id"]}}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "paranoid": false, "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}, "order": ["id"]}');
-- row by row, counted, of none; a condition on the roots holds for no row that is not there; required is an inner join
SELECT * FROM assoc.find_all_rows('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}, "order": ["id"]}');
SELECT * FROM assoc.find_all_rows('Todo', '{"attributes": ["id"], "include": {"user": {"right": true, "attributes": ["id"]}}, "order": ["id"]}');
SELECT assoc.find_and_count_all('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}, "order": ["id"]}');
SELECT assoc.count('User', '{"include": {"todos": {"right": true}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "where": {"id": {"gt": 0}}, "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "required": true, "attributes": ["id"], "order": ["id"]}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"right": false, "attributes": ["id"], "order": ["id"]}}}');
DELETE FROM todos WHERE id IN (3, 4, 5);
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"], "order": ["id"]}}}');
DELETE FROM todos WHERE user_id = 1;
INSERT INTO todos VALUES (6, NULL, true);
SELECT assoc.find_all('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"]}}}');
SELECT * FROM assoc.find_all_rows('User', '{"attributes": ["id"], "include": {"todos": {"right": true, "attributes": ["id"]}}}');
SELECT edge, step, strategy FROM assoc.explain('User', '{"include": {"todos": {"right": true, "include": "tags"}}}');
-- what cannot be
CREATE FUNCTION told(model text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text;
BEGIN
    RETURN assoc.find_all(model, query);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN concat_ws(' | ', state, message, detail, nullif(hint, ''));
END $$;
SELECT told('User', '{"include": {"todos": {"right": true}, "finished": {"right": true}}}');
SELECT told('User', '{"include": {"todos": {"include": {"tags": {"right": true}}}}}');
SELECT told('User', '{"limit": 1, "include": {"todos": {"right": true}}}');
SELECT told('User', '{"offset": 1, "include": {"todos": {"right": true}}}');
SELECT told('Note', '{"include": {"subject": {"right": true}}}');
SELECT told('User', '{"include": {"all": true, "right": true}}');
SELECT told('User', '{"include": {"todos": {"right": 1}}}');
SELECT assoc.find_one('User', '{"include": {"todos": {"right": true}}}');
DROP SCHEMA "load Right" CASCADE;
