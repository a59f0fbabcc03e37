-- Whole trees as JSON: every kind of association, what is shown, and the functions that load.
\t on
\a
CREATE SCHEMA load_basics;
SET search_path = load_basics;
CREATE TABLE "Users" (id int PRIMARY KEY, name text NOT NULL, "bossId" int);
CREATE TABLE profiles (id int PRIMARY KEY, user_id int UNIQUE, bio text);
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int, title text, done boolean, "createdAt" timestamptz);
CREATE TABLE tags (id int PRIMARY KEY, "the ""name""" varchar(20));
CREATE TABLE todo_tags (todo_id int, tag_id int, since date, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE "Comments" (id int PRIMARY KEY, "commentableType" text, "commentableId" int, body text);
INSERT INTO "Users" VALUES (1, 'Ann', NULL), (2, 'Bob "B"', 1), (3, E'Cy\n', 1);
INSERT INTO profiles VALUES (1, 1, 'about Ann'), (2, 3, NULL);
INSERT INTO "Todos" VALUES (1, 1, 'buy milk', false, '2026-01-01 10:00+00'), (2, 1, 'write', true, '2026-01-02 10:00+00'),
    (3, 2, 'sleep', NULL, NULL), (4, NULL, 'nobody''s', false, NULL);
INSERT INTO tags VALUES (1, 'home'), (2, 'work'), (3, 'unused');
INSERT INTO todo_tags VALUES (1, 1, '2026-01-01'), (2, 1, NULL), (2, 2, '2026-02-02'), (3, 2, NULL);
INSERT INTO "Comments" VALUES (1, 'Todo', 1, 'of a todo'), (2, 'User', 1, 'of a user'), (3, 'Todo', 1, 'again'), (4, NULL, NULL, 'of nothing');
SET timezone = 'UTC';
SELECT assoc.define_model('User', '"Users"'), assoc.define_model('Todo', '"Todos"'), assoc.define_model('Tag', 'tags'), assoc.define_model('Profile', 'profiles'), assoc.define_model('Comment', '"Comments"');
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', inverse => 'user');
SELECT assoc.has_one('User', 'Profile', foreign_key => 'user_id', inverse => 'user');
SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'bossId', inverse => 'reports');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'User, Todo');
SELECT assoc.has_many('User', 'Comment', polymorphic => 'commentable');
SELECT assoc.has_many('Todo', 'Comment', polymorphic => 'commentable');

-- roots
SELECT assoc.find_all('User');
SELECT assoc.find_all('User', '{"limit": 0}');
SELECT assoc.find_all('User', '{"limit": 1, "offset": 1}');
SELECT assoc.find_all('User', '{"order": ["-name"], "attributes": ["name"]}');
SELECT assoc.find_one('User'), assoc.find_one('User', '{"where": {"id": 9}}') IS NULL;
SELECT assoc.find_by_pk('User', 1), assoc.find_by_pk('User', '2'), assoc.find_by_pk('User', 3::bigint), assoc.find_by_pk('User', '1'::json), assoc.find_by_pk('User', 9) IS NULL, assoc.find_by_pk('User', NULL::int) IS NULL;
SELECT assoc.count('User'), assoc.count('User', '{"where": {"bossId": 1}}'), assoc.exists('User', '{"where": {"bossId": 1}}'), assoc.exists('User', '{"where": {"bossId": 2}}');
SELECT assoc.find_and_count_all('User', '{"limit": 1, "attributes": ["id"]}');

-- one association of each kind
SELECT assoc.find_by_pk('User', 1, 'todos');
SELECT assoc.find_by_pk('User', 3, 'todos');
SELECT assoc.find_all('Todo', '{"include": {"user": ["name"]}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": "profile", "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Todo', '{"include": "tags", "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Tag', '{"include": {"todos": ["id"]}, "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"tags": true}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"boss": ["name"], "reports": ["name"]}, "attributes": ["name"], "order": ["id"]}');
SELECT assoc.find_all('Comment', '{"include": "commentable", "attributes": ["body"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": "comments", "attributes": ["id"], "order": ["id"]}');

-- trees
SELECT assoc.find_by_pk('User', 1, 'todos.tags,profile,todos.comments');
SELECT assoc.find_by_pk('User', 1, '["todos.tags", "profile", {"association": "todos", "as": "latest", "limit": 1, "order": ["-createdAt"], "attributes": ["title"]}]');
SELECT assoc.find_all('Tag', '{"include": [{"association": "todos", "attributes": ["id"], "include": [{"association": "user", "attributes": ["name"], "include": [{"association": "todos", "attributes": ["id"]}]}]}], "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"attributes": [], "include": {"todos": []}, "order": ["id"]}');

-- what is shown
SELECT assoc.find_all('User', '{"attributes": ["id", ["name", "the \"name\""]], "order": ["id"], "limit": 1}');
SELECT assoc.find_all('User', '{"attributes": {"exclude": ["bossId"], "include": [["id", "key"]]}, "order": ["id"], "limit": 1}');
SELECT assoc.find_all('Todo', '{"include": {"tags": {"through": {"attributes": ["since"]}, "order": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Todo', '{"include": {"tags": {"attributes": [], "through": {"attributes": [["since", "from"]], "as": "link", "where": {"since": {"ne": null}}}}}, "attributes": ["id"], "order": ["id"]}');

-- so many of each parent's, in an order
SELECT assoc.find_all('User', '{"include": {"todos": {"limit": 1, "order": ["-id"], "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"todos": {"offset": 1, "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Tag', '{"include": {"todos": {"limit": 1, "order": [["id", "DESC"]], "attributes": ["id"]}}, "order": ["id"], "attributes": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"tags": {"limit": 1, "order": ["-id"], "attributes": ["id"]}}, "order": ["id"], "attributes": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"todos": {"order": ["-title"], "attributes": ["title"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('Todo', '{"include": {"tags": {"order": ["-id"], "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
CREATE INDEX ON "Todos" ("userId");
SELECT assoc.find_all('User', '{"include": {"todos": {"limit": 1, "order": ["-id"], "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');

-- what is required
SELECT assoc.find_all('User', '{"include": {"todos": {"required": true, "attributes": ["id"], "order": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"todos": {"where": {"done": true}, "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"todos": {"where": {"done": true}, "required": false, "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
-- ... of what is not required itself filters that, not the roots
SELECT assoc.find_all('User', '{"include": {"todos": {"attributes": ["id"], "include": {"tags": {"where": {"id": 2}, "attributes": ["id"]}}}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.find_all('User', '{"include": {"todos": {"required": true, "attributes": ["id"], "include": {"tags": {"where": {"id": 1}, "attributes": ["id"]}}}}, "attributes": ["id"], "order": ["id"]}');
SELECT assoc.count('User', '{"include": {"todos": {"required": true}}}'), assoc.count('User', '{"include": {"todos": {}}}');
SELECT assoc.find_and_count_all('User', '{"include": {"todos": {"required": true, "attributes": ["id"], "order": ["id"]}}, "attributes": ["id"], "order": ["id"], "limit": 1}');
SELECT assoc.find_all('Comment', '{"include": {"commentable": {"required": true, "attributes": ["id"]}}, "attributes": ["id"], "order": ["id"]}');

-- rows one by one, also when not all of them are wanted
SELECT assoc.find_all_rows('User', '{"include": {"todos": {"attributes": ["id"], "order": ["id"]}}, "attributes": ["id"], "order": ["id"]}');
SELECT r FROM assoc.find_all_rows('User', '{"attributes": ["id"], "order": ["id"]}'::jsonb) r LIMIT 2;
SELECT assoc.find_all_rows('User', '{"attributes": ["id"], "order": ["id"]}') LIMIT 1;
CREATE TABLE numbers (id int PRIMARY KEY, parent_id int);
INSERT INTO numbers SELECT g, g / 10 FROM generate_series(1, 2500) g;
SELECT assoc.belongs_to('Number', 'Number', 'parent', inverse => 'children');
SELECT count(*), count(DISTINCT r->>'id'), sum(json_array_length(r->'children')), sum((r->'parent'->>'id')::int) FROM assoc.find_all_rows('Number', '{"include": ["children", "parent"], "order": ["id"]}') r;
SELECT count(*), sum(json_array_length(r->'children')), sum((r->'parent'->>'id')::int) FROM json_array_elements(assoc.find_all('Number', '{"include": ["children", "parent"]}')) r;
-- ... of so many parents, when the table is known to be no larger, all rows are read
CREATE TABLE sums AS SELECT assoc.find_all('Number', '{"order": ["id"], "include": {"children": {"order": ["id"], "include": {"parent": true}}}}')::text AS before;
ANALYZE numbers;
SELECT before = assoc.find_all('Number', '{"order": ["id"], "include": {"children": {"order": ["id"], "include": {"parent": true}}}}')::text FROM sums;
SELECT assoc.find_all_rows('Number', '{"order": ["id"]}') LIMIT 1;
SELECT count(*) FROM (SELECT assoc.find_all_rows('Number', '{"order": ["id"]}') LIMIT 1500) r;
SELECT count(*) FROM pg_cursors;

-- one association of one row
SELECT assoc.get('User', 1, 'todos', '{"attributes": ["id"], "order": ["-id"]}'), assoc.get('User', 3, 'todos'), assoc.get('User', 9, 'todos') IS NULL, assoc.get('User', NULL::int, 'todos') IS NULL;
SELECT assoc.get('Todo', 1, 'user', '{"include": "profile"}'), assoc.get('Todo', 4, 'user'), assoc.get('User', 2, 'profile'), assoc.get('User', 1, 'tags', '{"order": ["id"], "attributes": ["id"]}'::jsonb);
SELECT assoc.get('Comment', 1, 'commentable', '{"attributes": ["id"]}'), assoc.get('Comment', 4, 'commentable'), assoc.get('User', 1, 'todos', '{"where": {"done": null}}');
SELECT assoc.count_associated('User', 1, 'todos'), assoc.count_associated('User', 1, 'todos', '{"where": {"done": true}, "limit": 0}'), assoc.count_associated('User', 9, 'todos') IS NULL, assoc.count_associated('User', 1, 'tags'), assoc.count_associated('Todo', 2, 'tags', '{"where": {"id": 1}}'::jsonb), assoc.count_associated('Comment', 1, 'commentable'), assoc.count_associated('Comment', 4, 'commentable'), assoc.count_associated('User', 1, 'profile');
SELECT assoc.has('User', 1, 'todos', '[1]'), assoc.has('User', 1, 'todos', '[1, 2, 1]'), assoc.has('User', 1, 'todos', '[1, 3]'), assoc.has('User', 1, 'todos', '[]'), assoc.has('User', 1, 'todos', '2'), assoc.has('User', 9, 'todos', '[]') IS NULL, assoc.has('User', 9, 'todos', '[1]') IS NULL, assoc.has('Todo', 2, 'tags', '["1", 2]'), assoc.has('User', 1, 'todos', '{"id": 1}');

SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA load_basics CASCADE;
