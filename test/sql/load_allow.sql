-- allow: what an untrusted client's query may do, and 42501 with the place of what is outside.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Allow";
SET search_path = "load Allow";
CREATE TABLE users (id int PRIMARY KEY, name text, password text, boss_id int);
CREATE TABLE todos (id int PRIMARY KEY, title text, secret text, meta jsonb, user_id int, gone timestamptz);
CREATE TABLE tags (id int PRIMARY KEY, "La""bel" text);
CREATE TABLE todo_tags (todo_id int, tag_id int, since int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE notes (id int PRIMARY KEY, text text, "subjectType" text, "subjectId" int);
INSERT INTO users VALUES (1, 'Ann', 'x', NULL), (2, 'Bob', 'y', 1);
INSERT INTO todos VALUES (1, 'one', 's', '{"a": 1}', 1, NULL), (2, 'two', 's', '{"a": 2}', 1, NULL), (3, 'three', 's', NULL, 2, now());
INSERT INTO tags VALUES (1, 'red'), (2, 'blue');
INSERT INTO todo_tags VALUES (1, 1, 2001), (1, 2, 2002), (2, 2, 2003);
INSERT INTO notes VALUES (1, 'on a todo', 'Todo', 1), (2, 'on a user', 'User', 2), (3, 'on none', NULL, NULL);
SELECT count(*) FROM (
    SELECT assoc.define_model('Todo', 'todos', soft_delete => 'gone')
    UNION ALL SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user')
    UNION ALL SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', inverse => 'staff')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Todo, User')
    UNION ALL SELECT assoc.has_many('Todo', 'Note', polymorphic => 'subject')) d;
CREATE FUNCTION told(model text, query text, allow text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text; context text;
BEGIN
    RETURN assoc.find_all(model, query, allow);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE, context = PG_EXCEPTION_CONTEXT;
    RETURN concat_ws(' | ', state, message, detail, nullif(hint, ''), substring(context FROM 'argument "allow"'));
END $$;
\set allow '{"attributes": ["id", "title"], "include": {"user": ["id", "name"], "tags": true}, "limit": 2}'

-- within: what is left out is what is allowed
SELECT told('Todo', '{"limit": 2, "order": ["id"]}', :'allow');
SELECT told('Todo', '{"attributes": ["title", ["id", "number"]], "include": {"user": ["name"], "tags": {"order": ["id"]}}, "where": {"title": "one"}, "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": {"exclude": ["title"]}, "where": {"$user.name$": "Ann", "tags": {"some": {"La\"bel": "red"}}}, "order": ["user.name", "-title"], "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": {"exclude": ["secret"]}, "limit": 1, "order": ["id"]}', :'allow');
SELECT assoc.find_one('Todo', '{"order": ["id"]}', :'allow');
SELECT assoc.find_by_pk('Todo', 2, 'user', :'allow');
SELECT assoc.find_and_count_all('Todo', '{"limit": 1, "order": ["id"]}', :'allow');
SELECT assoc.count('Todo', '{"where": {"title": "one"}}', :'allow'), assoc.exists('Todo', '{"where": {"title": "no"}}', :'allow');
SELECT * FROM assoc.find_all_rows('Todo', '{"limit": 2, "order": ["id"]}'::jsonb, :'allow');

-- outside: columns
SELECT told('Todo', '{"attributes": ["secret"], "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": {"include": [["secret", "title2"]]}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"secret": "s"}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"or": [{"title": {"eq": {"col": "secret"}}}]}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"meta.a": 1}, "limit": 1}', :'allow');
SELECT told('Todo', '{"order": ["-secret"], "limit": 1}', :'allow');
SELECT told('Todo', '{"include": {"user": ["password"]}, "limit": 1}', :'allow');
-- associations, along whatever way
SELECT told('Todo', '{"include": ["notes"], "limit": 1}', :'allow');
SELECT told('Todo', '{"include": {"all": true}, "limit": 1}', :'allow');
SELECT told('Todo', '{"include": ["user.todos"], "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"$user.password$": "x"}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"$user.boss.name$": "x"}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"notes": {"some": {}}}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"tags": {"none": {"todos": {"some": {}}}}}, "limit": 1}', :'allow');
SELECT told('Todo', '{"order": ["user.password"], "limit": 1}', :'allow');
SELECT told('Todo', '{"order": ["user.boss.name"], "limit": 1}', :'allow');
SELECT told('Todo', '{"include": {"tags": {"where": {"todos": {"some": {}}}}}, "limit": 1}', :'allow');
-- aggregates
SELECT told('Todo', '{"attributes": ["tags._count"], "limit": 1}', :'allow');
SELECT told('Todo', '{"order": ["tags._count"], "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"tags._count": 1}, "limit": 1}', :'allow');
SELECT told('Todo', '{"where": {"$user.todos._count$": 1}, "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": ["id", "tags._count"], "where": {"tags._count": 2}, "order": ["tags._count"]}', '{"attributes": {"include": ["tags._count"]}}');
SELECT told('User', '{"attributes": ["todos._count"]}', '{}');
-- limits
SELECT told('Todo', '{}', :'allow');
SELECT told('Todo', '{"limit": 3}', :'allow');
SELECT told('Todo', '{"limit": 1, "offset": 11}', '{"offset": 10, "limit": 1}');
SELECT told('User', '{"include": "todos"}', '{"include": {"todos": {"limit": 5}}}');
SELECT told('User', '{"include": {"todos": {"limit": 6}}}', '{"include": {"todos": {"limit": 5}}}');
SELECT told('User', '{"attributes": ["id"], "order": ["id"], "include": {"first": {"association": "todos", "attributes": ["id"], "limit": 1, "order": ["id"]}}}', '{"include": {"todos": {"limit": 5}}}');
-- rows that were deleted softly
SELECT told('Todo', '{"paranoid": false, "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": ["id"], "paranoid": false, "order": ["id"]}', '{"paranoid": false}');
-- the junction: only what is said of it
SELECT told('Todo', '{"include": {"tags": {"through": {"attributes": ["since"]}}}, "limit": 1}', :'allow');
SELECT told('Todo', '{"include": {"tags": {"through": {"where": {"since": 2001}}}}, "limit": 1}', :'allow');
SELECT told('Todo', '{"attributes": ["id"], "where": {"id": 1}, "include": {"tags": {"through": {"attributes": ["since"], "where": {"since": 2001}}}}}', '{"include": {"tags": {"through": {"attributes": ["since"]}}}}');
-- conditions and orders of their own
\set allow '{"attributes": ["id"], "where": ["title"], "order": ["tags._count"], "include": {"tags": {"where": false, "order": []}}}'
SELECT told('Todo', '{"where": {"title": "one"}, "order": ["-tags._count"]}', :'allow');
SELECT told('Todo', '{"where": {"id": 1}}', :'allow');
SELECT told('Todo', '{"order": ["id"]}', :'allow');
SELECT told('Todo', '{"where": {"tags": {"some": {"id": 1}}}}', :'allow');
SELECT told('Todo', '{"include": {"tags": {"order": ["id"]}}}', :'allow');
SELECT told('Todo', '{"where": {"id": 1}}', '{"where": true}');
-- everything below
SELECT told('Todo', '{"attributes": ["id"], "include": {"user": {"include": {"boss": ["name"]}}}, "where": {"id": 2}}', '{"include": {"all": true, "nested": true}}');
SELECT told('Todo', '{"attributes": ["id"], "include": {"user": {"include": {"boss": ["name"]}}}, "where": {"id": 2}}', '{"include": {"all": true}}');
SELECT told('Todo', '{"attributes": ["id"], "include": {"user": ["name"]}, "where": {"id": 2}}', '{"include": [{"all": true, "attributes": ["id"]}, {"association": "user"}]}');
SELECT told('Todo', '{"attributes": ["id"], "include": "user.boss", "where": {"id": 2}}', 'user.boss');
-- of several models
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"targets": {"Todo": {"attributes": ["title"], "include": "user"}, "User": ["name"]}}}, "order": ["id"]}', NULL);
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"attributes": ["id"], "targets": {"Todo": {"where": {"title": "two"}}}}}, "order": ["id"]}', NULL);
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"attributes": ["id"], "targets": {"Todo": {"paranoid": false}, "User": {"where": {"name": "Bob"}, "include": "boss"}}}}, "where": {"id": 2}}', NULL);
SELECT told('Note', '{"include": {"subject": {"targets": {"Usr": {}}}}}', NULL);
SELECT told('Note', '{"include": {"subject": {"targets": {"User": true}}}}', NULL);
SELECT told('Note', '{"include": {"subject": {"targets": ["User"]}}}', NULL);
SELECT told('Note', '{"include": {"subject": {"targets": {"User": {"limit": 1}}}}}', NULL);
SELECT told('Todo', '{"include": {"user": {"targets": {"User": ["id"]}}}}', NULL);
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"targets": {"Todo": ["title"]}}}, "order": ["id"]}', '{"include": {"subject": {"attributes": ["id"], "targets": {"Todo": {"attributes": ["title"], "include": "user"}}}}}');
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"targets": {"Todo": ["secret"]}}}}', '{"include": {"subject": {"attributes": ["id"], "targets": {"Todo": ["title"]}}}}');
SELECT told('Note', '{"attributes": ["id"], "include": {"subject": {"targets": {"User": {"include": "boss"}}}}}', '{"include": {"subject": {"attributes": ["id"], "targets": {"Todo": {"include": "user"}}}}}');
-- a bound that is wrong says so to who wrote it
SELECT told('Todo', '{}', '{"attributes": ["titel"]}');
SELECT told('Todo', '{}', '{"include": {"usr": true}}');
SELECT told('Todo', '{}', '{"where": ["titel"]}');
SELECT told('Todo', '{}', '{"where": {"id": 1}}');
SELECT told('Todo', '{}', '{"order": ["-id"]}');
SELECT told('Todo', '{}', '{"order": ["tagz._count"]}');
SELECT told('Todo', '{}', '{"include": {"tags": {"through": {"where": ["no"]}}}}');
SELECT told('Todo', '{}', '{"include": {"tags": {"where": [1]}}}');
SELECT told('Todo', '{}', '{"limits": 1}');
SELECT told('Todo', '{}', '{');
DROP SCHEMA "load Allow" CASCADE;
