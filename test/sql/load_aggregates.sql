-- Aggregates of associated rows: as attributes, in conditions, to order by.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA load_aggregates;
SET search_path = load_aggregates;
CREATE TYPE mood AS ENUM ('sad', 'fine', 'glad');
CREATE TABLE "Users" (id int PRIMARY KEY, name text, boss_id int);
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int, title varchar(20), rating numeric, weight float8, due date, mood mood, marks int[], done boolean,
    "deletedAt" timestamptz);
CREATE TABLE "Tags" (id int PRIMARY KEY, label text);
CREATE TABLE "todo_tags" (todo_id int, tag_id int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE "Comments" (id bigint PRIMARY KEY, "subjectType" text, "subjectId" int, score smallint);
INSERT INTO "Users" VALUES (1, 'Ada', NULL), (2, 'Bob', 1), (3, 'Cy', 1);
INSERT INTO "Todos" VALUES (1, 1, 'a', 1.5, 0.5, '2026-01-01', 'glad', '{1}', true, NULL), (2, 1, 'b', 2.50, NULL, '2026-01-03', 'sad', '{2}', false, NULL),
    (3, 2, 'c', 3, 1e300, NULL, NULL, NULL, true, '2026-01-01'), (4, 2, 'd', NULL, 'NaN', '2026-01-02', 'fine', '{0,1}', NULL, NULL);
INSERT INTO "Tags" VALUES (1, 'home'), (2, 'work');
INSERT INTO todo_tags VALUES (1, 1), (1, 2), (2, 1), (3, 2);
INSERT INTO "Comments" VALUES (1, 'Todo', 1, 5), (2, 'Todo', 1, 3), (3, 'User', 1, 1), (4, 'Todo', 3, 4), (5, NULL, NULL, 9);
SELECT count(*) FROM (
    SELECT assoc.define_model('Todo', 'Todos', soft_delete => 'deletedAt')
    UNION ALL SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', inverse => 'user')
    UNION ALL SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', inverse => 'staff')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Todo, User')
    UNION ALL SELECT assoc.has_many('Todo', 'Comment', polymorphic => 'subject')
    UNION ALL SELECT assoc.has_many('User', 'Comment', polymorphic => 'subject')
    UNION ALL SELECT assoc.has_many('User', 'Tag', 'tags', through => 'todos.tags')
    UNION ALL SELECT assoc.has_one('User', 'Todo', 'latest', foreign_key => 'userId', order_by => 'id DESC')) d;
-- beside all columns, or alone; a name of one's own
SELECT assoc.find_all('User', '{"attributes": {"include": ["todos._count"]}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["name", ["todos._count", "n"], "todos._exists"], "order": ["id"]}');
-- each function, with the types of PostgreSQL's own
SELECT assoc.find_all('User', '{"attributes": ["id", "todos._sum.rating", "todos._avg.rating", "todos._min.rating", "todos._max.rating"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id", "todos._sum.weight", "todos._avg.id", "todos._min.due", "todos._max.mood", "todos._max.marks", "todos._min.title"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id", "todos._count", "todos._sum.id"], "numbers": "string", "order": ["id"]}');
-- deleted softly; many to many, whose links count; a path, whose rows count once; polymorphic, of both sides; the first of several; itself
SELECT assoc.find_all('Todo', '{"paranoid": false, "attributes": ["id", "tags._count", "tags._max.label", "comments._sum.score", "user._exists"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": ["id", "tags._count", "tags._sum.id", "comments._count", "latest._count", "latest._max.title", "staff._count", "boss._min.name"], "order": ["id"]}');
SELECT assoc.find_all('Comment', '{"attributes": ["id", "subject._count", "subject._exists"], "order": ["id"]}');
-- at every level, with a limit of each parent's
SELECT assoc.find_all('User', '{"attributes": ["name"], "order": ["id"], "include": {"todos": {"attributes": ["id", "comments._count"], "order": ["-comments._count"], "limit": 1, "include": {"tags": ["label", "todos._count"]}}}}');
-- ordered by
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": ["-todos._count", "name"]}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "order": [["todos", "_max", "rating", "DESC NULLS LAST"]], "limit": 2}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["-user.todos._count", "id"]}');
-- asked for
SELECT assoc.find_all('User', '{"attributes": ["id"], "where": {"todos._count": {"gte": 1}, "todos._avg.rating": 2}}');
SELECT assoc.find_all('User', '{"attributes": ["id"], "where": {"or": [{"todos._exists": false}, {"todos._max.mood": "glad"}, {"tags._count": {"between": [5, 6]}}]}, "order": ["id"]}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "where": {"$user.todos._count$": 1}}');
SELECT assoc.find_and_count_all('Todo', '{"attributes": {"include": ["comments._count"], "exclude": ["title", "rating", "weight", "due", "mood", "marks", "done", "deletedAt", "userId"]},
    "include": ["tags"], "where": {"$user.name$": {"iLike": "a%"}}, "order": ["user.name", "-id"], "limit": 1}');
SELECT assoc.count('User', '{"where": {"todos._min.due": {"lt": "2026-01-02"}}}'), assoc.exists('User', '{"where": {"todos._count": 9}}'),
    assoc.get('User', 1, 'todos', '{"attributes": ["id", "tags._count"], "order": ["id"]}');
SELECT assoc.find_all_rows('User', '{"attributes": ["id", "todos._count"], "order": ["id"]}');
-- a column of such a name is the column
CREATE TABLE odd (id int PRIMARY KEY, "todos._count" text, "_count" int);
INSERT INTO odd VALUES (1, 'mine', 7);
SELECT assoc.find_all('Odd', '{"attributes": ["todos._count", "_count"], "where": {"todos._count": "mine"}}') FROM assoc.define_model('Odd', 'odd');
-- what cannot be
CREATE FUNCTION failing(query text, model text DEFAULT 'User') RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text;
BEGIN
    PERFORM assoc.find_all(model, query);
    RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', state || ': ' || message, 'DETAIL: ' || detail, 'HINT: ' || nullif(hint, ''));
END $$;
SELECT failing('{"attributes": ["todo._count"]}');
SELECT failing('{"attributes": ["todos._cnt"]}');
SELECT failing('{"attributes": ["todos._count.id"]}');
SELECT failing('{"attributes": ["todos._sum"]}');
SELECT failing('{"attributes": ["todos._sum.ratng"]}');
SELECT failing('{"attributes": ["todos._sum.title"]}');
SELECT failing('{"attributes": ["todos._avg.due"]}');
SELECT failing('{"attributes": ["todos._min.done"]}');
SELECT failing('{"attributes": ["subject._min.id"]}', 'Comment');
SELECT failing('{"attributes": ["todos._count", ["todos._exists", "todos._count"]]}');
SELECT failing('{"where": {"todos._count": "many"}}');
SELECT failing('{"where": {"todos._count": {"like": "1%"}}}');
SELECT failing('{"order": ["todos._count.id"]}');
SELECT failing('{"order": ["todos.user._count"]}');
SELECT failing('{"include": {"todos": {"include": {"tags": {"through": {"attributes": ["tag._count"]}}}}}}');
DROP SCHEMA load_aggregates CASCADE;
