-- explain: each statement, how it is done and why so; what the planner expects, and what was.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Ex";
SET search_path = "load Ex";
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE "To dos" (id int PRIMARY KEY, title text, user_id int, num numeric);
CREATE TABLE tags (id int PRIMARY KEY, label text);
CREATE TABLE todo_tags (todo_id int, tag_id int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE notes (id int PRIMARY KEY, "subjectType" text, "subjectId" int);
CREATE TABLE nums (id numeric PRIMARY KEY);
INSERT INTO users SELECT i, 'u' || i FROM generate_series(1, 5000) i;
INSERT INTO "To dos" SELECT i, 't' || i, i % 5000 + 1, i % 5 FROM generate_series(1, 20000) i;
INSERT INTO tags SELECT i, 'l' || i FROM generate_series(1, 50) i;
INSERT INTO todo_tags SELECT i, i % 50 + 1 FROM generate_series(1, 20000) i;
INSERT INTO notes VALUES (1, 'User', 1), (2, 'Tag', 1), (3, 'Tag', 2);
INSERT INTO nums SELECT generate_series(0, 4);
ANALYZE users, "To dos", tags, todo_tags, notes, nums;
SELECT count(*) FROM (
    SELECT assoc.define_model('Todo', '"To dos"')
    UNION ALL SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user')
    UNION ALL SELECT assoc.has_one('User', 'Todo', 'latest', foreign_key => 'user_id', order_by => 'id DESC')
    UNION ALL SELECT assoc.belongs_to('Todo', 'Num', 'number', foreign_key => 'num')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'User, Tag')) d;
SELECT edge, step, strategy, why, keys, estimated_rows BETWEEN 40 AND 20000 AS estimated, actual_rows, milliseconds, sql FROM assoc.explain('User', 'todos.tags');
SELECT edge, step, strategy, why, keys, estimated_rows BETWEEN actual_rows / 2 AND actual_rows * 2 AS estimated, actual_rows, milliseconds > 0 AS took FROM assoc.explain('User', 'todos.tags', actual => true);
-- few keys; keys that only PostgreSQL can compare; several models
SELECT edge, strategy, why, keys, actual_rows FROM assoc.explain('User', '{"limit": 3, "include": {"todos": {"include": "number"}}}'::jsonb, true);
SELECT edge, strategy, keys, actual_rows FROM assoc.explain('Note', 'subject', true);
-- rows that cost a subquery each are looked up, however many
SELECT edge, step, strategy FROM assoc.explain('User', '{"include": {"todos": ["id", "tags._count"]}}') WHERE edge <> 'User';
SELECT edge, step, strategy FROM assoc.explain('User', '{"include": {"todos": {"required": false, "include": {"tags": {"required": true}}}}}') WHERE edge = 'User.todos';
-- limits, with an index and without
\set limited '{"limit": 10, "include": {"todos": {"limit": 3, "order": ["-id"]}, "latest": true}}'
SELECT edge, strategy, why, keys, actual_rows FROM assoc.explain('User', :'limited', true);
CREATE INDEX by_user ON "To dos" (user_id);
SELECT edge, strategy, why FROM assoc.explain('User', :'limited');
-- of a table that was never analyzed; and nothing was found
CREATE TABLE lists (id int PRIMARY KEY);
CREATE TABLE items (id int PRIMARY KEY, list_id int);
SELECT count(*) FROM (SELECT assoc.has_many('List', 'Item', foreign_key => 'list_id')) d;
SELECT edge, strategy, why FROM assoc.explain('List', 'items');
SELECT edge, strategy, keys, actual_rows FROM assoc.explain('List', 'items', true);
-- by the rules of a query: what may be asked, and by whom
\set VERBOSITY terse
SELECT edge FROM assoc.explain('User', 'todoz');
SELECT edge FROM assoc.explain('User', 'todos', allow => '{}');
SELECT edge FROM assoc.explain(NULL, 'todos');
DO $$
BEGIN
    -- a role can be made by a superuser only
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE load_ex_reader;
        GRANT USAGE ON SCHEMA "load Ex" TO load_ex_reader;
        SET ROLE load_ex_reader;
        BEGIN
            PERFORM assoc.explain('User', '{"where": {"name": "u1"}}');
            RAISE 'explained without a right';
        EXCEPTION WHEN insufficient_privilege THEN
            RESET ROLE;
        END;
        DROP OWNED BY load_ex_reader;
        DROP ROLE load_ex_reader;
    END IF;
END $$;
DROP SCHEMA "load Ex" CASCADE;
