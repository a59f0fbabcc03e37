-- references_many: an array of keys, in its order, each row once; and the other side.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Arr";
SET search_path = "load Arr";
CREATE TABLE tags (id int PRIMARY KEY, label text, owner_id int);
CREATE TABLE todos (id int PRIMARY KEY, title text, "tag Ids" int[], gone boolean);
CREATE TABLE words (id text COLLATE "C" PRIMARY KEY, n int);
CREATE TABLE texts (id int PRIMARY KEY, word_ids varchar(10)[], next_ids int[]);
CREATE TABLE owners (id int PRIMARY KEY);
INSERT INTO owners VALUES (1), (2);
INSERT INTO tags VALUES (1, 'red', 1), (2, 'blue', 1), (3, 'green', 2);
INSERT INTO todos VALUES (1, 'one', '{3,1}', NULL), (2, 'two', '{}', NULL), (3, 'three', NULL, NULL), (4, 'four', '{2,NULL,2,1}', NULL), (5, 'five', '{{1,2},{3,1}}', true);
INSERT INTO words VALUES ('a', 1), ('b', 2);
INSERT INTO texts VALUES (1, '{b,a}', '{2}'), (2, '{a}', '{1,3}'), (3, NULL, '{}');
SELECT count(*) FROM (
    SELECT assoc.define_model('Todo', 'todos', soft_delete => 'gone')
    UNION ALL SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'tag Ids', inverse => 'todos')
    UNION ALL SELECT assoc.belongs_to('Tag', 'Owner', foreign_key => 'owner_id', inverse => 'tags')
    UNION ALL SELECT assoc.has_many('Todo', 'Owner', through => 'tags.owner')
    UNION ALL SELECT assoc.has_many('Owner', 'Todo', through => 'tags.todos')
    UNION ALL SELECT assoc.references_many('Text', 'Word', foreign_key => 'word_ids', inverse => 'texts')
    UNION ALL SELECT assoc.references_many('Text', 'Text', 'nexts', foreign_key => 'next_ids')) d;
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "paranoid": false, "include": {"tags": ["label"]}}');
-- an order of one's own, a condition, a limit
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"tags": {"attributes": ["id"], "order": ["-id"]}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"tags": {"attributes": ["id"], "where": {"id": {"lt": 3}}, "required": false}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"tags": {"attributes": ["id"], "where": {"id": 3}}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"tags": {"attributes": ["id"], "limit": 1, "order": ["-id"]}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"tags": {"attributes": ["id"], "include": "owner"}}}');
-- the other side, and paths through it
SELECT assoc.find_all('Tag', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["title"], "order": ["id"]}}}');
SELECT assoc.find_all('Tag', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "limit": 1, "order": ["-id"], "paranoid": false}}}');
SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["id"], "include": {"owners": {"order": ["id"]}}}');
SELECT assoc.find_all('Owner', '{"attributes": ["id"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"]}}}');
-- in conditions, aggregates and of one row
SELECT assoc.find_all('Todo', '{"attributes": ["id", "tags._count", "tags._max.label"], "order": ["-tags._count", "id"], "where": {"tags": {"none": {"id": 3}}}}');
SELECT assoc.find_all('Tag', '{"attributes": ["id", "todos._count"], "order": ["id"], "where": {"$todos.title$": "one"}}');
SELECT assoc.get('Todo', 4, 'tags'), assoc.count_associated('Todo', 4, 'tags'), assoc.has('Todo', 4, 'tags', '[2, 1]'), assoc.has('Todo', 4, 'tags', '[2, 3]');
SELECT assoc.get('Tag', 2, 'todos', '{"attributes": ["id"]}'), assoc.count_associated('Tag', 2, 'todos'), assoc.has('Tag', 2, 'todos', '[4]');
-- keys of another type and collation; itself again and again
SELECT assoc.find_all('Text', '{"attributes": ["id"], "order": ["id"], "include": {"words": true}}');
SELECT assoc.find_all('Word', '{"attributes": ["id"], "order": ["id"], "include": {"texts": {"attributes": ["id"], "order": ["id"]}}}');
SELECT assoc.find_by_pk('Text', 1, '{"attributes": ["id"], "include": {"nexts": {"attributes": ["id"], "recursive": true}}}');
-- of many rows, when all are read together: as by SQL
CREATE TABLE many (id int PRIMARY KEY, ids bigint[]);
CREATE TABLE parts (id int PRIMARY KEY);
INSERT INTO parts SELECT generate_series(1, 3000);
INSERT INTO many SELECT i, ARRAY[i % 3000 + 1, (i * 7) % 3000 + 1, i % 3000 + 1] FROM generate_series(1, 4000) i;
ANALYZE many, parts;
SELECT count(*) FROM (SELECT assoc.references_many('Many', 'Part', 'parts', foreign_key => 'ids', inverse => 'manys')) d;
SELECT edge, step, strategy FROM assoc.explain('Many', 'parts', actual => true);
SELECT (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'parts', (SELECT jsonb_agg(jsonb_build_object('id', u.id) ORDER BY u.o) FROM (SELECT id, min(o) o FROM unnest(m.ids) WITH ORDINALITY u(id, o) GROUP BY id) u)) ORDER BY m.id) FROM many m)
    = assoc.find_all('Many', '{"attributes": ["id"], "order": ["id"], "include": "parts"}')::jsonb AS same;
SELECT (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'manys', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id) ORDER BY m.id), '[]') FROM many m WHERE m.ids @> ARRAY[p.id::bigint])) ORDER BY p.id) FROM parts p WHERE p.id < 30)
    = assoc.find_all('Part', '{"where": {"id": {"lt": 30}}, "order": ["id"], "include": {"manys": {"attributes": ["id"], "order": ["id"]}}}')::jsonb AS same;
DROP SCHEMA "load Arr" CASCADE;
