-- Trees: {"association": "children", "recursive": true, "depth": n}, also where they are none.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Rec";
SET search_path = "load Rec";
CREATE TABLE "No des" (id int PRIMARY KEY, "Na""me" text, parent_id int);
CREATE TABLE tags (id int PRIMARY KEY, node_id int, label text);
CREATE TABLE links (from_id int, to_id int, since int, PRIMARY KEY (from_id, to_id));
CREATE TABLE pairs (a int, b int, up_a int, up_b int, PRIMARY KEY (a, b));
CREATE TABLE keyless (id int UNIQUE, up int);
CREATE TABLE notes (id int PRIMARY KEY, "subjectType" text, "subjectId" int);
INSERT INTO "No des" VALUES (1, 'root', NULL), (2, 'a', 1), (3, 'b', 1), (4, 'aa', 2), (5, 'aaa', 4), (6, 'other', NULL);
INSERT INTO tags VALUES (1, 2, 'x'), (2, 4, 'y'), (3, 4, 'z');
SELECT count(*) FROM (
    SELECT assoc.define_model('Node', '"No des"')
    UNION ALL SELECT assoc.has_many('Node', 'Node', 'children', foreign_key => 'parent_id', inverse => 'parent')
    UNION ALL SELECT assoc.has_many('Node', 'Tag', foreign_key => 'node_id', inverse => 'node')
    UNION ALL SELECT assoc.belongs_to_many('Node', 'Node', 'next', through => 'links', foreign_key => 'from_id', other_key => 'to_id')
    UNION ALL SELECT assoc.belongs_to('Pair', 'Pair', 'up', foreign_key => 'up_a, up_b', inverse => 'downs')
    UNION ALL SELECT assoc.define_model('Keyless', 'keyless')
    UNION ALL SELECT assoc.belongs_to('Keyless', 'Keyless', 'above', foreign_key => 'up', target_key => 'id')
    UNION ALL SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Node, Tag')) d;
\set tree '{"attributes": ["id"], "where": {"parent_id": null}, "order": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "order": ["id"]}}}'
SELECT assoc.find_all('Node', :'tree');
-- so many levels: below the last there is nothing said of more
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "depth": 1, "order": ["id"]}}}');
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "depth": 2, "order": ["id"]}}}');
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "depth": 9, "order": ["id"]}}}');
-- upwards, an object in an object
SELECT assoc.find_by_pk('Node', 5, '{"attributes": ["Na\"me"], "include": {"parent": {"attributes": ["Na\"me"], "recursive": true}}}');
-- what else is included is below each; limits, conditions and names hold at each level
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"kids": {"association": "children", "recursive": true, "attributes": ["id"], "order": ["-id"], "include": {"tags": {"attributes": ["label"], "order": ["label"]}}}}}');
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"children": {"recursive": true, "attributes": ["id"], "limit": 1, "order": ["id"], "where": {"id": {"lt": 5}}}}}');
SELECT assoc.find_all('Node', '{"attributes": ["id"], "order": ["id"], "include": {"children": {"recursive": true, "attributes": ["id"], "where": {"id": {"in": [2, 4]}}}}}');
SELECT assoc.find_all('Node', '{"attributes": ["id"], "where": {"id": [4, 6]}, "order": ["id"], "include": {"children": {"recursive": true, "attributes": ["id"]}, "parent": {"recursive": true, "attributes": ["id"]}}}');
-- one within another, and again: what was made for one run is not of the next
SELECT assoc.find_by_pk('Node', 4, '{"attributes": ["id"], "include": {"children": {"recursive": true, "attributes": ["id"], "include": {"parent": {"recursive": true, "attributes": ["id"]}}}}}') FROM generate_series(1, 3);
SELECT assoc.find_by_pk('Node', k, '{"attributes": ["id"], "include": {"children": {"recursive": true, "depth": 2, "attributes": ["id"], "order": ["id"]}}}') FROM unnest('{1,6,2,1}'::int[]) k;
-- below an include, and row by row
SELECT assoc.find_all('Tag', '{"attributes": ["id"], "order": ["id"], "include": {"node": {"attributes": ["id"], "include": {"children": {"recursive": true, "attributes": ["id"]}}}}}');
SELECT * FROM assoc.find_all_rows('Node', :'tree');
SELECT assoc.get('Node', 2, 'children', '{"recursive": true, "attributes": ["id"]}');
SELECT assoc.get('Node', 1, 'next', '{"through": {"attributes": ["since"]}}');
SELECT assoc.count('Node', :'tree');
-- it goes round: a row that is on the way already is left out
UPDATE "No des" SET parent_id = 5 WHERE id = 1;
SELECT assoc.find_by_pk('Node', 4, '{"attributes": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "order": ["id"]}}}');
SELECT assoc.find_by_pk('Node', 4, '{"attributes": ["id"], "include": {"parent": {"attributes": ["id"], "recursive": true}}}');
UPDATE "No des" SET parent_id = id WHERE id = 1;
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"children": {"attributes": ["id"], "recursive": true, "order": ["id"]}}}');
UPDATE "No des" SET parent_id = NULL WHERE id = 1;
-- along a junction, where several ways lead to a row: it is below each
INSERT INTO links VALUES (1, 2, 12), (1, 3, 13), (2, 4, 24), (3, 4, 34), (4, 1, 41), (4, 5, 45);
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"next": {"attributes": ["id"], "recursive": true, "order": ["id"], "through": {"attributes": ["since"]}}}}');
SELECT assoc.find_by_pk('Node', 1, '{"attributes": ["id"], "include": {"next": {"attributes": ["id"], "recursive": true, "limit": 1, "order": ["-id"], "through": {"attributes": ["since"]}}}}');
-- the junction beside a limit
SELECT assoc.find_all('Node', '{"attributes": ["id"], "where": {"id": [1, 4, 6]}, "order": ["id"], "include": {"next": {"attributes": ["id"], "limit": 1, "offset": 1, "order": ["id"], "through": {"attributes": ["since", ["to_id", "to"]], "as": "li\"nk"}}}}');
SELECT assoc.find_by_pk('Node', 4, '{"attributes": ["id"], "include": {"next": {"attributes": [], "limit": 2, "order": ["id"], "through": {"attributes": ["since"]}, "include": {"tags": {"attributes": ["id"]}}}}}');
SELECT assoc.find_by_pk('Node', 4, '{"attributes": ["id"], "include": {"next": {"attributes": [], "order": ["id"], "through": {"attributes": ["since"]}, "include": {"tags": {"attributes": ["id"]}}}}}');
-- keys of two columns, and null in one of them
INSERT INTO pairs VALUES (1, 1, NULL, NULL), (1, 2, 1, 1), (2, 1, 1, 2), (3, 3, 1, NULL), (4, 4, 4, 4);
SELECT assoc.find_all('Pair', '{"attributes": ["a", "b"], "order": ["a", "b"], "include": {"up": {"attributes": ["a", "b"], "recursive": true}}}');
SELECT assoc.find_all('Pair', '{"attributes": ["a", "b"], "order": ["a", "b"], "where": {"up_a": null}, "include": {"downs": {"attributes": ["a", "b"], "recursive": true}}}');
-- a tree of some size, against WITH RECURSIVE
CREATE TABLE big (id int PRIMARY KEY, up int, s int);
INSERT INTO big SELECT i, CASE WHEN i > 5 THEN i / 3 END, i % 7 FROM generate_series(1, 2000) i;
SELECT count(*) FROM (SELECT assoc.has_many('Big', 'Big', 'downs', foreign_key => 'up')) d;
CREATE FUNCTION tree(top int) RETURNS json LANGUAGE sql AS $$
SELECT coalesce(json_agg(json_build_object('id', b.id, 's', b.s, 'downs', tree(b.id)) ORDER BY b.id), '[]') FROM big b WHERE b.up = top OR (top IS NULL AND b.up IS NULL)
$$;
SELECT tree(NULL)::jsonb = assoc.find_all('Big', '{"attributes": ["id", "s"], "where": {"up": null}, "order": ["id"], "include": {"downs": {"attributes": ["id", "s"], "recursive": true, "order": ["id"]}}}')::jsonb AS same;
-- each level, as it was
SELECT edge, step, keys, actual_rows FROM assoc.explain('Node', :'tree', actual => true);
SELECT edge, step FROM assoc.explain('Node', :'tree');
-- what cannot be
CREATE FUNCTION told(model text, query text, allow text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; state text;
BEGIN
    RETURN assoc.find_all(model, query, allow);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN concat_ws(' | ', state, message, detail, nullif(hint, ''));
END $$;
SELECT told('Node', '{"include": {"tags": {"recursive": true}}}');
SELECT told('Note', '{"include": {"subject": {"recursive": true}}}');
SELECT told('Keyless', '{"include": {"above": {"recursive": true}}}');
SELECT told('Node', '{"include": {"children": {"depth": 2}}}');
SELECT told('Node', '{"include": [{"association": "children", "recursive": true, "depth": 0}]}');
SELECT told('Node', '{"include": {"children": {"recursive": "yes"}}}');
SELECT told('Node', '{"include": {"all": true, "recursive": true}}');
SELECT told('Node', '{"include": {"parent_id": {"association": "children", "recursive": true, "attributes": ["id"]}}}');
SELECT told('Node', '{"attributes": ["id"], "include": {"parent_id": {"association": "children", "recursive": true, "attributes": ["parent_id"]}}}');
SELECT told('Node', '{"attributes": ["id"], "include": {"x": {"association": "children", "recursive": true, "include": {"x": {"association": "tags"}}}}}');
SET assoc.max_depth = 2;
SELECT told('Node', :'tree');
SELECT told('Node', '{"attributes": ["id"], "where": {"id": 1}, "include": {"children": {"recursive": true, "depth": 2, "attributes": ["id"]}}}');
RESET assoc.max_depth;
SET assoc.max_rows = 4;
SELECT told('Node', :'tree');
RESET assoc.max_rows;
SELECT told('Node', :'tree', '{"include": "children"}');
SELECT told('Node', :'tree', '{"include": {"children": {"recursive": true, "depth": 3}}}');
SELECT told('Node', '{"include": {"children": {"recursive": true, "depth": 4}}}', '{"include": {"children": {"recursive": true, "depth": 3}}}');
SELECT told('Node', '{"attributes": ["id"], "where": {"id": 4}, "include": {"children": {"recursive": true, "depth": 3}}}', '{"include": {"children": {"attributes": ["id"], "recursive": true, "depth": 3}}}');
DROP SCHEMA "load Rec" CASCADE;
