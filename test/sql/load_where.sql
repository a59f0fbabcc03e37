-- Conditions and orders of what is loaded: every operator, columns of associations, some, every and none.
\t on
\a
CREATE SCHEMA load_where;
SET search_path = load_where;
SET timezone = 'UTC';
CREATE TABLE people (id int PRIMARY KEY, name text, age int, boss_id int, data jsonb, doc json, labels text[], span int4range, born date, score numeric, active boolean, code varchar(3), "odd ""col.umn" int, deleted_at timestamptz);
CREATE TABLE books (id int PRIMARY KEY, author_id int, title text, pages int, hidden boolean);
CREATE TABLE genres (id int PRIMARY KEY, name text);
CREATE TABLE book_genres (book_id int, genre_id int, PRIMARY KEY (book_id, genre_id));
INSERT INTO people (id, name, age, boss_id, data, doc, labels, span, born, score, active, code, "odd ""col.umn") VALUES
    (1, 'Ann', 40, NULL, '{"a": {"b": 1}, "s": "x", "t": true}', '{"a": {"b": 1}}', '{red,blue}', '[1,5)', '1980-01-01', 1.5, true, 'abc', 1),
    (2, 'Bob', 30, 1, '{"a": {"b": 2}, "s": "y", "t": false}', NULL, '{blue}', '[5,9)', '1990-01-01', 'NaN', false, 'ABC', 2),
    (3, '100%_\', 20, 1, '{"a": {"b": "two"}}', NULL, '{}', 'empty', NULL, NULL, NULL, NULL, NULL),
    (4, NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO people (id, name, age, boss_id, deleted_at) VALUES (5, 'gone', 50, 1, '2026-01-01');
INSERT INTO books VALUES (1, 1, 'one', 100, false), (2, 1, 'two', 200, NULL), (3, 2, 'three', 300, false), (4, 2, 'hidden', 1, true), (5, NULL, 'alone', 5, false);
INSERT INTO genres VALUES (1, 'novel'), (2, 'poem');
INSERT INTO book_genres VALUES (1, 1), (2, 2), (3, 1), (3, 2), (4, 2);
SELECT assoc.define_model('Person', 'people', soft_delete => 'deleted_at'), assoc.define_model('Book', 'books', soft_delete => 'hidden'), assoc.define_model('Genre', 'genres');
SELECT assoc.belongs_to('Person', 'Person', 'boss', inverse => 'reports') \g /dev/null
SELECT assoc.has_many('Person', 'Book', foreign_key => 'author_id', inverse => 'author') \g /dev/null
SELECT assoc.belongs_to_many('Book', 'Genre', through => 'book_genres', inverse => 'books') \g /dev/null
SELECT assoc.has_many('Person', 'Genre', through => 'books.genres') \g /dev/null
SELECT assoc.has_one('Person', 'Book', 'longest', foreign_key => 'author_id', order_by => '-pages') \g /dev/null
CREATE FUNCTION found(condition text, model text DEFAULT 'Person') RETURNS text LANGUAGE sql AS $$
    SELECT condition || ' => ' || COALESCE(string_agg(e->>'id', ',' ORDER BY (e->>'id')::int), 'none') FROM json_array_elements(assoc.find_all(model, json_build_object('attributes', json_build_array('id'), 'where', condition::json)::text)) e
$$;

-- operators
SELECT found(c) FROM unnest(ARRAY['{}', '{"id": 1}', '{"id": "1"}', '{"id": [1, 3]}', '{"id": []}', '{"age": null}', '{"age": {"eq": 30}}', '{"age": {"ne": 30}}', '{"age": {"ne": null}}',
    '{"age": {"gt": 30}}', '{"age": {"gte": 30}}', '{"age": {"lt": 30}}', '{"age": {"lte": 30}}', '{"age": {"gt": 20, "lt": 40}}', '{"age": {"between": [20, 30]}}', '{"age": {"notBetween": [20, 30]}}',
    '{"age": {"in": [20, 30]}}', '{"age": {"notIn": [20, 30]}}', '{"age": {"notIn": []}}', '{"age": {"not": 30}}', '{"age": {"not": null}}', '{"age": {"not": [20, 30]}}', '{"age": {"not": {"gt": 20}}}', '{"age": {"eq": {"any": [20, 40]}}}', '{"age": {"any": [20]}}',
    '{"age": {"or": [{"lt": 25}, {"gt": 35}, null]}}', '{"age": {"or": {"lt": 25, "gt": 35}}}', '{"age": {"and": [{"gt": 20}, {"lt": 40}]}}',
    '{"active": true}', '{"active": {"is": true}}', '{"active": {"is": null}}', '{"active": {"not": true}}', '{"active": {"is": false}}',
    '{"name": {"like": "A%"}}', '{"name": {"notLike": "A%"}}', '{"name": {"iLike": "a%"}}', '{"name": {"notILike": "a%"}}', '{"name": {"startsWith": "100%"}}', '{"name": {"startsWith": "1%"}}', '{"name": {"endsWith": "_\\"}}', '{"name": {"substring": "%_"}}', '{"name": {"substring": "n"}}',
    '{"name": {"regexp": "^[AB]"}}', '{"name": {"notRegexp": "^[AB]"}}', '{"name": {"iRegexp": "^a"}}', '{"name": {"notIRegexp": "^a"}}', '{"name": {"like": {"any": ["A%", "B%"]}}}', '{"name": {"notLike": {"any": ["A%", "B%"]}}}', '{"name": {"like": {"any": []}}}', '{"code": "abc"}', '{"code": "abcd"}', '{"code": {"like": "ab%"}}',
    '{"labels": {"contains": ["blue"]}}', '{"labels": {"contained": ["blue", "green"]}}', '{"labels": {"overlap": ["red", "green"]}}', '{"labels": ["blue"]}', '{"labels": "{red,blue}"}', '{"labels": {"in": []}}',
    '{"span": {"contains": 3}}', '{"span": {"contains": "[2,3)"}}', '{"span": {"overlap": "[4,6)"}}', '{"span": {"adjacent": "[9,12)"}}', '{"span": {"contained": "[0,6)"}}', '{"data": {"contains": {"s": "x"}}}',
    '{"born": {"gt": "1985-05-05"}}', '{"score": "NaN"}', '{"score": 1.50}', '{"odd \"col.umn": 2}', '{"age": {"gt": {"col": "id"}}}', '{"$age$": 30}']) c WHERE c <> '{"labels": {"in": []}}';
-- JSON columns
SELECT found(c) FROM unnest(ARRAY['{"data.a.b": 1}', '{"data.a.b": {"gt": 1}}', '{"data.a.b": "two"}', '{"data.s": {"like": "x%"}}', '{"data.t": true}', '{"data.t": null}', '{"data.s": ["x", "y"]}', '{"doc.a.b": 1}', '{"data.a.b": {"in": [1, 2]}}']) c;
-- and, or, not
SELECT found(c) FROM unnest(ARRAY['{"or": [{"id": 1}, {"name": "Bob"}]}', '{"or": {"id": 1, "name": "Bob"}}', '{"and": [{"id": 1}, {"name": "Bob"}]}', '[{"id": 1}, {"name": "Ann"}]', '{"not": {"id": 1}}', '{"not": {"age": 30}}', '{"or": []}', '{"and": []}', '{"not": {}}', '{"or": [{"id": 1, "age": 40}, {"and": {"id": 2, "age": 40}}]}']) c;
-- columns of associations: to one joined, so that null is found where there is none; to many some
SELECT found(c) FROM unnest(ARRAY['{"$boss.name$": "Ann"}', '{"$boss.name$": null}', '{"$boss.boss.name$": "Ann"}', '{"or": [{"$boss.name$": "Ann"}, {"$boss.name$": "Bob"}]}', '{"$books.title$": "two"}', '{"$books.title$": "hidden"}', '{"$books.genres.name$": "poem"}', '{"$genres.name$": "poem"}', '{"$boss.books.title$": "two"}', '{"$reports.name$": "gone"}', '{"$longest.title$": "two"}', '{"$longest.pages$": {"gt": 250}}']) c;
SELECT found(c) FROM unnest(ARRAY['{"books": {"some": {}}}', '{"books": {"none": {}}}', '{"books": {"some": {"pages": {"gt": 150}}}}', '{"books": {"every": {"pages": {"gt": 150}}}}', '{"books": {"none": {"pages": {"gt": 150}}}}', '{"books": {"some": {"genres": {"every": {"name": "novel"}}}}}', '{"boss": {"some": {"age": 40}}}', '{"boss": {"none": {}}}', '{"books": {"some": {"title": "one"}, "none": {"title": "two"}}}', '{"books": {"some": {"$author.age$": 40}}}']) c;
SELECT found('{"$author.name$": "Ann"}', 'Book'), found('{"genres": {"some": {"$books.author.name$": "Bob"}}}', 'Book');

-- deleted softly: left out at every level, unless asked for
SELECT assoc.find_all('Person', '{"attributes": ["id"], "order": ["id"], "paranoid": false, "include": {"books": {"attributes": ["id"], "order": ["id"], "paranoid": false}}}');
SELECT assoc.find_all('Person', '{"attributes": ["id"], "order": ["id"], "include": {"books": {"attributes": ["id"], "order": ["id"]}, "reports": {"attributes": ["id"], "order": ["id"]}, "genres": {"attributes": ["id"], "order": ["id"]}, "longest": ["title"]}}');
SELECT assoc.count('Person'), assoc.count('Person', '{"paranoid": false}'), assoc.exists('Person', '{"where": {"name": "gone"}}'), assoc.find_by_pk('Person', 5) IS NULL;

-- order: several columns, nulls, columns of associations
SELECT assoc.find_all('Person', '{"attributes": ["id"], "order": [["age", "DESC"]]}'), assoc.find_all('Person', '{"attributes": ["id"], "order": [["age", "DESC NULLS LAST"]]}'), assoc.find_all('Person', '{"attributes": ["id"], "order": ["age asc nulls first", "-id"]}');
SELECT assoc.find_all('Person', '{"attributes": ["id"], "order": ["boss.name DESC NULLS LAST", "-id"]}'), assoc.find_all('Person', '{"attributes": ["id"], "order": [["boss", "boss", "name", "desc nulls last"], ["id", "desc"]], "limit": 2}');
SELECT assoc.find_all('Genre', '{"attributes": ["id"], "order": ["id"], "include": {"books": {"attributes": ["id"], "order": ["-author.age"]}}}');
SELECT assoc.find_all('Genre', '{"attributes": ["id"], "order": ["id"], "include": {"books": {"attributes": ["id"], "order": ["-author.age"], "limit": 1}}}');
SELECT assoc.find_and_count_all('Book', '{"include": {"author": ["name"], "genres": ["name"]}, "where": {"$author.name$": {"iLike": "a%"}}, "order": ["author.name", "-id"], "limit": 1, "attributes": ["id"]}');

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA load_where CASCADE;
