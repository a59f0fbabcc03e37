-- "on": a condition instead of the association's keys, as in Sequelize.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load On";
SET search_path = "load On";
CREATE TABLE users (id int PRIMARY KEY, "Na""me" text COLLATE "C", until int, up int);
CREATE TABLE todos (id int PRIMARY KEY, title text, user_id int, due int, gone boolean);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE todo_tags (todo_id int, tag_id int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE notes (id int PRIMARY KEY, "subjectType" text, "subjectId" int);
INSERT INTO users VALUES (1, 'one', 10, NULL), (2, 'two', 20, 1), (3, 'three', NULL, 1);
INSERT INTO todos VALUES (1, 'one', 1, 5, NULL), (2, 'two', 1, 15, NULL), (3, 'one', 2, 25, false), (4, 'x', NULL, 10, NULL), (5, 'two', 2, 1, true);
SELECT count(*) FROM (
    SELECT assoc.define_model('Todo', 'todos', soft_delete => 'gone')
    UNION ALL SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user')
    UNION ALL SELECT assoc.has_one('User', 'Todo', 'first', foreign_key => 'user_id')
    UNION ALL SELECT assoc.has_many('User', 'Todo', 'late', foreign_key => 'user_id', scope => '{"due": 25}')
    UNION ALL SELECT assoc.has_many('User', 'User', 'staff', foreign_key => 'up')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Todo, User')) d;
\set some '"attributes": ["id"], "order": ["id"]'
-- another column than the key's; several columns; values and connectives beside them
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "on": {"title": {"col": "$Na\"me$"}}}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "on": {"due": {"lt": {"col": "$until$"}}}}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "on": {"or": [{"user_id": {"col": "$id$"}}, {"and": [{"due": {"col": "$until$"}}, {"title": "x"}]}]}}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "paranoid": false, "on": {"user_id": {"col": "$id$"}, "due": {"lt": {"col": "$until$"}}, "title": {"col": "title"}}}}}');
-- with what else is said: where, limits, the first of several, the association's scope
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "on": {"title": {"col": "$Na\"me$"}}, "where": {"due": {"gt": 5}}}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "on": {"due": {"gte": {"col": "$until$"}}}, "limit": 1, "order": ["-id"]}}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"first": {"attributes": ["id"], "on": {"due": {"gte": {"col": "$until$"}}}}, "late": {"attributes": ["id"], "on": {"due": {"gte": {"col": "$until$"}}}}}}');
SELECT assoc.count('User', '{"include": {"todos": {"on": {"due": {"gt": {"col": "$until$"}}}, "required": true}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"user": {"attributes": ["id"], "on": {"Na\"me": {"col": "$title$"}}}}}');
SELECT assoc.find_by_pk('User', 1, '{"attributes": ["id"], "include": {"staff": {"attributes": ["id"], "recursive": true, "on": {"up": {"col": "$id$"}}, "order": ["id"]}}}');
SELECT assoc.get('User', 1, 'todos', '{"attributes": ["id"], "on": {"title": {"col": "$Na\"me$"}}, "order": ["id"]}'), assoc.count_associated('User', 1, 'todos', '{"on": {"title": {"col": "$Na\"me$"}}}');
-- along associations of the included row; below another include
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "on": {"$user.id$": {"gt": 0}, "due": {"lte": {"col": "$until$"}}}}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "where": {"id": [1, 3]}, "order": ["id"], "include": {"user": {"attributes": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"], "on": {"due": {"lt": {"col": "$until$"}}}}}}}}');
SELECT edge, strategy, why FROM assoc.explain('User', '{"include": {"todos": {"on": {"title": {"col": "$Na\"me$"}}}}}', true);
-- what cannot be
CREATE FUNCTION told(model text, query text, allow text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text;
BEGIN
    RETURN assoc.find_all(model, query, allow);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN concat_ws(' | ', state, message, detail, nullif(hint, ''));
END $$;
SELECT told('User', '{"include": {"todos": {"on": {"due": 5}}}}');
SELECT told('User', '{"include": {"todos": {"on": {"due": {"col": "$untill$"}}}}}');
SELECT told('User', '{"include": {"todos": {"on": {"do": {"col": "$until$"}}}}}');
SELECT told('User', '{"include": {"todos": {"on": "due"}}}');
SELECT told('User', '{"include": {"todos": {"where": {"due": {"col": "$until$"}}}}}');
SELECT told('User', '{"include": {"todos": {"on": {"due": {"col": "$until$"}, "user": {"some": {"id": {"col": "$id$"}}}}}}}');
SELECT told('User', '{"on": {}}');
SELECT told('User', '{"include": {"all": true, "on": {}}}');
SELECT told('Todo', '{"include": {"tags": {"on": {"id": {"col": "$id$"}}}}}');
SELECT told('Note', '{"include": {"subject": {"on": {"id": {"col": "$id$"}}}}}');
SELECT told('User', '{"include": {"todos": {"on": {"title": {"lt": {"col": "$id$"}}}}}}') LIKE '42883 | operator does not exist%' AS types;
SELECT told('User', '{"attributes": ["id"], "include": {"todos": {"attributes": ["id"], "on": {"due": {"col": "$until$"}}}}}', '{"attributes": ["id"], "include": "todos"}');
SELECT told('User', '{"attributes": ["id"], "include": {"todos": {"attributes": ["id"], "on": {"due": {"col": "$until$"}}}}}', '{"include": {"todos": ["id"]}}');
SELECT told('User', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "on": {"due": {"col": "$until$"}}}}}', '{"include": {"todos": ["id", "due"]}}');
DROP SCHEMA "load On" CASCADE;
