-- bench/load.sql: the tables of bench/load, and the SQL one would write by hand.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS todo_assoc;
\ir trees.sql
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, "createdAt" timestamptz NOT NULL);
CREATE TABLE todos (id integer PRIMARY KEY, title text NOT NULL, done boolean NOT NULL, "createdAt" timestamptz NOT NULL, "userId" integer NOT NULL REFERENCES users);
CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL, "userId" integer NOT NULL REFERENCES users);
-- without an index on its foreign key
CREATE TABLE marks (id integer PRIMARY KEY, mark integer NOT NULL, "userId" integer NOT NULL REFERENCES users);
CREATE TABLE tags (id integer PRIMARY KEY, label text NOT NULL);
CREATE TABLE todo_tags ("todoId" integer NOT NULL REFERENCES todos, "tagId" integer NOT NULL REFERENCES tags, PRIMARY KEY ("todoId", "tagId"));
INSERT INTO users SELECT i, 'User ' || i, 'user' || i || '@example.com', '2026-01-01'::timestamptz + i * interval '1 minute' FROM generate_series(1, :users) i;
-- in random order, as they come to be
INSERT INTO todos SELECT i, 'to do number ' || i, i % 3 = 0, '2026-01-01'::timestamptz + i * interval '1 second', 1 + (i * 7919::bigint) % :users
    FROM generate_series(1, 10 * :users) i ORDER BY random();
INSERT INTO notes SELECT i, 'note ' || i, 1 + (i * 104729::bigint) % :users FROM generate_series(1, 10 * :users) i ORDER BY random();
INSERT INTO marks SELECT id, id % 6, "userId" FROM notes;
INSERT INTO tags SELECT i, 'tag ' || i FROM generate_series(1, 1000) i;
INSERT INTO todo_tags SELECT DISTINCT t.id, 1 + (t.id * 31 + n * 337) % 1000 FROM todos t, generate_series(1, 3) n;
CREATE INDEX ON todos ("userId");
CREATE INDEX ON notes ("userId");
CREATE INDEX ON todo_tags ("tagId");
VACUUM ANALYZE;
SELECT count(*) FROM (
    SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', inverse => 'user')
    UNION ALL SELECT assoc.has_many('User', 'Note', foreign_key => 'userId')
    UNION ALL SELECT assoc.has_many('User', 'Mark', foreign_key => 'userId')
    UNION ALL SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags')) d \g /dev/null

CREATE FUNCTION tree(work text, users integer, runs integer, condition text) RETURNS void LANGUAGE sql AS $$
SELECT written(work, users, runs, NULL, 'find_all', format('SELECT assoc.find_all(''User'', %L)',
    json_build_object('where', CASE WHEN users IS NULL THEN '{}' ELSE json_build_object('id', json_build_object('lte', users)) END, 'include', 'todos.tags')));
SELECT written(work, users, runs, NULL, 'LATERAL json_agg(row_to_json)', format($sql$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, a.todos FROM users u CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(row_to_json(x)), '[]') AS todos FROM (SELECT t.*, b.tags FROM todos t CROSS JOIN LATERAL (
            SELECT coalesce(json_agg(row_to_json(y)), '[]') AS tags FROM (
                SELECT g.* FROM todo_tags j JOIN tags g ON g.id = j."tagId" WHERE j."todoId" = t.id) y) b
            WHERE t."userId" = u.id) x) a %s) r$sql$, condition));
SELECT written(work, users, runs, NULL, 'LATERAL json_build_object', format($sql$
    SELECT json_agg(json_build_object('id', u.id, 'name', u.name, 'email', u.email, 'createdAt', u."createdAt", 'todos', a.todos)) FROM users u CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object('id', t.id, 'title', t.title, 'done', t.done, 'createdAt', t."createdAt", 'userId', t."userId", 'tags', b.tags)), '[]') AS todos
        FROM todos t CROSS JOIN LATERAL (
            SELECT coalesce(json_agg(json_build_object('id', g.id, 'label', g.label)), '[]') AS tags
            FROM todo_tags j JOIN tags g ON g.id = j."tagId" WHERE j."todoId" = t.id) b
        WHERE t."userId" = u.id) a %s$sql$, condition));
SELECT written(work, users, runs, NULL, 'GROUP BY and joins', format($sql$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, coalesce(a.todos, '[]') AS todos FROM users u LEFT JOIN (
        SELECT x."userId", json_agg(row_to_json(x)) AS todos FROM (SELECT t.*, coalesce(b.tags, '[]') AS tags FROM todos t LEFT JOIN (
            SELECT j."todoId", json_agg(row_to_json(g)) AS tags FROM todo_tags j JOIN tags g ON g.id = j."tagId"
            WHERE j."todoId" IN (SELECT t.id FROM todos t JOIN users u ON u.id = t."userId" %1$s) GROUP BY 1) b ON b."todoId" = t.id
            WHERE t."userId" IN (SELECT u.id FROM users u %1$s)) x GROUP BY 1) a ON a."userId" = u.id %1$s) r$sql$, condition));
$$;
SELECT tree('all users, todos, tags', NULL, 1, ''), tree('100 users, todos, tags', 100, 20, 'WHERE u.id <= 100'), tree('one user, todos, tags', 1, 500, 'WHERE u.id <= 1') \g /dev/null

CREATE FUNCTION latest(work text, index text) RETURNS void LANGUAGE sql AS $$
SELECT written(work, NULL, 1, index, 'find_all', $q$SELECT assoc.find_all('User', '{"include": {"todos": {"limit": 3, "order": ["-createdAt"]}}}')$q$);
SELECT written(work, NULL, 1, index, 'LATERAL json_agg(row_to_json)', $q$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, a.todos FROM users u CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(row_to_json(x)), '[]') AS todos FROM (SELECT t.* FROM todos t WHERE t."userId" = u.id ORDER BY t."createdAt" DESC, t.id LIMIT 3) x) a) r$q$);
$$;
SELECT latest('latest 3 todos', NULL), latest('latest 3 todos, index on both', 'CREATE INDEX latest ON todos ("userId", "createdAt" DESC, id)') \g /dev/null

SELECT written('todos and notes', NULL, 1, NULL, 'find_all', $q$SELECT assoc.find_all('User', 'todos,notes')$q$),
    written('todos and notes', NULL, 1, NULL, 'LATERAL json_agg(row_to_json)', $q$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, a.todos, b.notes FROM users u
        CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS todos FROM (SELECT t.* FROM todos t WHERE t."userId" = u.id) x) a
        CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS notes FROM (SELECT n.* FROM notes n WHERE n."userId" = u.id) x) b) r$q$),
    written('todos and notes', NULL, 1, NULL, 'GROUP BY and joins', $q$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, coalesce(a.todos, '[]') AS todos, coalesce(b.notes, '[]') AS notes FROM users u
        LEFT JOIN (SELECT t."userId", json_agg(row_to_json(t)) AS todos FROM todos t GROUP BY 1) a ON a."userId" = u.id
        LEFT JOIN (SELECT n."userId", json_agg(row_to_json(n)) AS notes FROM notes n GROUP BY 1) b ON b."userId" = u.id) r$q$)
\g /dev/null

-- no index: LATERAL would read the table for each user
SELECT written('1000 users and marks, no index', 1000, 5, NULL, 'find_all', $q$SELECT assoc.find_all('User', '{"where": {"id": {"lte": 1000}}, "include": "marks"}')$q$),
    written('1000 users and marks, no index', 1000, 5, NULL, 'GROUP BY and joins', $q$
    SELECT json_agg(row_to_json(r)) FROM (SELECT u.*, coalesce(a.marks, '[]') AS marks FROM users u
        LEFT JOIN (SELECT m."userId", json_agg(row_to_json(m)) AS marks FROM marks m WHERE m."userId" IN (SELECT id FROM users WHERE id <= 1000) GROUP BY 1) a ON a."userId" = u.id
        WHERE u.id <= 1000) r$q$)
\g /dev/null
