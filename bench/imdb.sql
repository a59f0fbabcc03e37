-- bench/imdb.sql: the tables of bench/imdb, and the SQL one would write by hand.
--
-- The shape is that of IMDBench: movies with directors, a cast and reviews, persons, and users who review. skew: 0 for ids that are all alike,
-- else most rows go to few of them, as 1 / rank.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS todo_assoc;
\ir trees.sql
CREATE TABLE persons (id integer PRIMARY KEY, first_name text NOT NULL, middle_name text NOT NULL, last_name text NOT NULL, image text NOT NULL, bio text NOT NULL);
CREATE TABLE movies (id integer PRIMARY KEY, image text NOT NULL, title text NOT NULL, year integer NOT NULL, description text NOT NULL);
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, image text NOT NULL);
CREATE TABLE directors (id integer PRIMARY KEY, list_order integer NOT NULL, person_id integer NOT NULL REFERENCES persons, movie_id integer NOT NULL REFERENCES movies);
CREATE TABLE actors (LIKE directors INCLUDING ALL, FOREIGN KEY (person_id) REFERENCES persons, FOREIGN KEY (movie_id) REFERENCES movies);
CREATE TABLE reviews (id integer PRIMARY KEY, body text NOT NULL, rating integer NOT NULL, creation_time timestamptz NOT NULL,
    author_id integer NOT NULL REFERENCES users, movie_id integer NOT NULL REFERENCES movies);

-- One of n ids: each alike, or the first ones much more often.
CREATE FUNCTION pick(n integer, skew boolean) RETURNS integer LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN skew THEN least(n, floor(exp(random() * ln(n + 1)))::integer) ELSE 1 + floor(random() * n)::integer END $$;

SELECT setseed(0.5) \g /dev/null
INSERT INTO persons SELECT i, 'First' || i % 1000, CASE WHEN i % 3 = 0 THEN 'M.' ELSE '' END, 'Last' || i, 'p' || i || '.jpg', repeat('A life of many parts. ', i % 20)
    FROM generate_series(1, :persons) i;
INSERT INTO movies SELECT i, 'm' || i || '.jpg', 'Movie ' || i, 1950 + i % 70, repeat('A story. ', 10 + i % 30) FROM generate_series(1, :movies) i;
INSERT INTO users SELECT i, 'user' || i, 'u' || i || '.jpg' FROM generate_series(1, :users) i;
INSERT INTO directors SELECT i, i % 3, pick(:persons, :skew), 1 + i % :movies FROM generate_series(1, :movies * 5 / 4) i;
INSERT INTO actors SELECT i, i % 40, pick(:persons, :skew), pick(:movies, :skew) FROM generate_series(1, :cast) i;
INSERT INTO reviews SELECT i, repeat('I liked it, or not. ', 1 + i % 10), i % 6, '2026-01-01'::timestamptz + i * interval '1 minute', pick(:users, :skew), pick(:movies, :skew)
    FROM generate_series(1, :reviews) i;
CREATE INDEX ON directors (person_id);
CREATE INDEX ON directors (movie_id);
CREATE INDEX ON actors (person_id);
CREATE INDEX ON actors (movie_id);
CREATE INDEX ON reviews (author_id, creation_time);
CREATE INDEX ON reviews (movie_id, creation_time);
VACUUM ANALYZE;
SELECT count(*) FROM (
    SELECT assoc.define_model('Person', 'persons')
    UNION ALL SELECT assoc.has_many('Movie', 'Director', foreign_key => 'movie_id', inverse => 'movie')
    UNION ALL SELECT assoc.has_many('Movie', 'Actor', foreign_key => 'movie_id', inverse => 'movie')
    UNION ALL SELECT assoc.has_many('Movie', 'Review', foreign_key => 'movie_id', inverse => 'movie')
    UNION ALL SELECT assoc.has_many('Person', 'Director', foreign_key => 'person_id', inverse => 'person')
    UNION ALL SELECT assoc.has_many('Person', 'Actor', foreign_key => 'person_id', inverse => 'person')
    UNION ALL SELECT assoc.has_many('User', 'Review', foreign_key => 'author_id', inverse => 'author')) d \g /dev/null

-- A page of so many roots, of ids far from each other.
CREATE FUNCTION page(n integer, highest integer) RETURNS integer[] LANGUAGE sql IMMUTABLE AS
$$ SELECT array_agg(1 + (i * 7919::bigint % highest)::integer) FROM generate_series(1, n) i $$;

CREATE FUNCTION get(work text, roots integer, runs integer, highest integer, model text, query jsonb, written text) RETURNS void LANGUAGE sql AS $$
SELECT written(format('%s, %s', work, CASE roots WHEN 1 THEN 'one' ELSE roots::text END), roots, runs, NULL, 'find_all',
        format('SELECT assoc.find_all(%L, %L::jsonb)', model, query || jsonb_build_object('where', jsonb_build_object('id', to_jsonb(page(roots, highest)))))),
    written(format('%s, %s', work, CASE roots WHEN 1 THEN 'one' ELSE roots::text END), roots, runs, NULL, 'LATERAL json_agg(row_to_json)',
        format('SELECT coalesce(json_agg(row_to_json(root)), ''[]'') FROM (%s) root', format(written, page(roots, highest))));
$$;

SELECT get('get_movie', n, runs, :movies, 'Movie', '{"attributes": {"include": [["reviews._avg.rating", "avg_rating"]]}, "include": {
        "directors": {"attributes": ["list_order"], "include": {"person": ["id", "first_name", "middle_name", "last_name", "image"]}},
        "actors": {"attributes": ["list_order"], "include": {"person": ["id", "first_name", "middle_name", "last_name", "image"]}},
        "reviews": {"attributes": ["id", "body", "rating"], "order": ["-creation_time"], "include": {"author": ["id", "name", "image"]}}}}', $q$
    SELECT m.*, (SELECT avg(r.rating) FROM reviews r WHERE r.movie_id = m.id) AS avg_rating, d.directors, a.actors, r.reviews FROM movies m
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS directors FROM (SELECT j.list_order,
        (SELECT row_to_json(y) FROM (SELECT p.id, p.first_name, p.middle_name, p.last_name, p.image FROM persons p WHERE p.id = j.person_id) y) AS person
        FROM directors j WHERE j.movie_id = m.id) x) d
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS actors FROM (SELECT j.list_order,
        (SELECT row_to_json(y) FROM (SELECT p.id, p.first_name, p.middle_name, p.last_name, p.image FROM persons p WHERE p.id = j.person_id) y) AS person
        FROM actors j WHERE j.movie_id = m.id) x) a
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS reviews FROM (SELECT v.id, v.body, v.rating,
        (SELECT row_to_json(y) FROM (SELECT u.id, u.name, u.image FROM users u WHERE u.id = v.author_id) y) AS author
        FROM reviews v WHERE v.movie_id = m.id ORDER BY v.creation_time DESC) x) r
    WHERE m.id = ANY (%L)$q$),
  get('get_person', n, runs, :persons, 'Person', '{"include": {
        "directors": {"attributes": ["list_order"], "include": {"movie": {"attributes": ["id", "image", "title", "year", ["reviews._avg.rating", "avg_rating"]]}}},
        "actors": {"attributes": ["list_order"], "include": {"movie": {"attributes": ["id", "image", "title", "year", ["reviews._avg.rating", "avg_rating"]]}}}}}', $q$
    SELECT p.*, d.directors, a.actors FROM persons p
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS directors FROM (SELECT j.list_order,
        (SELECT row_to_json(y) FROM (SELECT m.id, m.image, m.title, m.year, (SELECT avg(r.rating) FROM reviews r WHERE r.movie_id = m.id) AS avg_rating
            FROM movies m WHERE m.id = j.movie_id) y) AS movie
        FROM directors j WHERE j.person_id = p.id) x) d
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS actors FROM (SELECT j.list_order,
        (SELECT row_to_json(y) FROM (SELECT m.id, m.image, m.title, m.year, (SELECT avg(r.rating) FROM reviews r WHERE r.movie_id = m.id) AS avg_rating
            FROM movies m WHERE m.id = j.movie_id) y) AS movie
        FROM actors j WHERE j.person_id = p.id) x) a
    WHERE p.id = ANY (%L)$q$),
  get('get_user', n, runs, :users, 'User', '{"include": {
        "reviews": {"attributes": ["id", "body", "rating"], "order": ["-creation_time"], "limit": 10,
            "include": {"movie": {"attributes": ["id", "image", "title", ["reviews._avg.rating", "avg_rating"]]}}}}}', $q$
    SELECT u.*, r.reviews FROM users u
    CROSS JOIN LATERAL (SELECT coalesce(json_agg(row_to_json(x)), '[]') AS reviews FROM (SELECT v.id, v.body, v.rating,
        (SELECT row_to_json(y) FROM (SELECT m.id, m.image, m.title, (SELECT avg(r.rating) FROM reviews r WHERE r.movie_id = m.id) AS avg_rating
            FROM movies m WHERE m.id = v.movie_id) y) AS movie
        FROM reviews v WHERE v.author_id = u.id ORDER BY v.creation_time DESC LIMIT 10) x) r
    WHERE u.id = ANY (%L)$q$)
FROM (VALUES (1, 200), (20, 50), (1000, 1)) v(n, runs) \g /dev/null
