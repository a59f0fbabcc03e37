-- Each defect of a schema is found as itself, and gone when its fix has been run. Clean schemas have none.
CREATE SCHEMA validate_schema;
SET search_path = validate_schema;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
SET client_min_messages = warning;

-- findings(): those that are no pending steps, in full; then what their fixes leave
CREATE FUNCTION findings(associations text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT line FROM assoc.validate(associations, data => false) WITH ORDINALITY
			AS v(severity, code, association, message, fix, count, samples, detail, docs, at)
		CROSS JOIN LATERAL unnest(ARRAY[concat_ws(' ', v.severity, v.code, v.association) || ': ' || v.message,
			'    ' || v.fix, '    ' || v.detail]) WITH ORDINALITY AS l(line, n)
	WHERE line IS NOT NULL AND v.docs = 'docs/validate.md#' || v.code AND v.count IS NULL AND v.samples IS NULL
	ORDER BY v.at, l.n $$;
CREATE FUNCTION mend(associations text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT v.code, v.fix FROM assoc.validate(associations, data => false) v WHERE v.fix IS NOT NULL LOOP
		EXECUTE f.fix;
	END LOOP;
	RETURN QUERY SELECT 'left: ' || l FROM findings(associations) l;
END $$;

-- each group of defects has a schema of its own
CREATE FUNCTION pg_temp.group() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	model text;
BEGIN
	FOR model IN SELECT m.name FROM assoc_internal.model m WHERE m.schema_name = 'validate_group' ORDER BY 1 LOOP
		CONTINUE WHEN NOT EXISTS (SELECT FROM assoc_internal.model m WHERE m.name = model);
		PERFORM assoc.drop_model(model, cascade => true);
	END LOOP;
	DROP SCHEMA IF EXISTS validate_group CASCADE;
	CREATE SCHEMA validate_group;
	PERFORM set_config('search_path', 'validate_group, validate_schema', false);
END $$;
SELECT pg_temp.group();

--
-- Clean: the lesson; a tree; keys that are composite, one column of which says that there is none; partitions;
-- inheritance with a key on every table.
--
CREATE TABLE "Users" (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text);
CREATE TABLE "Todos" (id serial PRIMARY KEY, title text, "userId" integer);
CREATE TABLE tags (id bigserial PRIMARY KEY, name text UNIQUE);
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.has_one('User', 'Todo', 'last_todo', foreign_key => 'userId', order_by => 'id DESC');
CREATE TABLE nodes (tenant integer NOT NULL, id integer NOT NULL, parent_id integer, PRIMARY KEY (tenant, id));
SELECT assoc.belongs_to('Node', 'Node', 'parent', foreign_key => 'tenant, parent_id', inverse => 'kids',
	on_delete => 'CASCADE');
CREATE TABLE events (id integer NOT NULL, at date NOT NULL, user_id integer, PRIMARY KEY (id, at))
	PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events DEFAULT;
SELECT count(assoc.belongs_to('Event', 'User'));
CREATE TABLE things (id integer PRIMARY KEY, user_id integer REFERENCES "Users");
CREATE TABLE heirs (PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES "Users") INHERITS (things);
SELECT assoc.belongs_to('Thing', 'User');
CREATE INDEX ON heirs (user_id);
SELECT count(*) FROM assoc.apply() WHERE outcome <> 'done';
SELECT findings();
SELECT count(*) FROM assoc.validate(fail_on => 'info');

--
-- Indexes
--
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, title text, user_id integer REFERENCES users ON DELETE CASCADE);
SELECT assoc.belongs_to('Post', 'User', index => false);
SELECT findings();
-- how bad it is depends on rows and on what happens to parents
INSERT INTO posts (id) SELECT generate_series(1, 2000);
ANALYZE posts;
SELECT findings();
BEGIN;
SELECT mend();
ROLLBACK;
CREATE INDEX part ON posts (user_id) WHERE user_id > 0;
SELECT message FROM assoc.validate(data => false) WHERE code = 'fk_index_unusable';
DROP INDEX part;
CREATE INDEX behind ON posts (title, user_id);
SELECT message FROM assoc.validate(data => false) WHERE code = 'fk_index_unusable';
SELECT mend();
SELECT assoc.belongs_to('Post', 'User');
DROP INDEX behind;
CREATE INDEX longer ON posts (user_id, title);
SELECT findings();
SELECT mend();
-- what CREATE INDEX CONCURRENTLY leaves when it fails
INSERT INTO users VALUES (1);
UPDATE posts SET user_id = 1, title = 'twice';
CREATE UNIQUE INDEX CONCURRENTLY failed ON posts (user_id, title);
SELECT findings();
SELECT mend();

-- a junction without a unique pair; with a third column it is meant
CREATE TABLE tags (id integer PRIMARY KEY);
CREATE TABLE post_tags (post_id integer NOT NULL REFERENCES posts, tag_id integer NOT NULL REFERENCES tags,
	year integer);
CREATE INDEX ON post_tags (post_id);
CREATE INDEX ON post_tags (tag_id);
SELECT assoc.belongs_to_many('Post', 'Tag', through => 'post_tags', inverse => 'posts');
SELECT findings();
BEGIN;
CREATE UNIQUE INDEX ON post_tags (year, tag_id, post_id);
SELECT findings();
ROLLBACK;
SELECT mend();
SELECT mend();

-- an order that is sorted anew each time; few rows are sorted as fast
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, title text, user_id integer REFERENCES users);
CREATE INDEX ON posts (user_id);
SELECT assoc.has_many('User', 'Post', order_by => 'title DESC, id', foreign_key => 'user_id');
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO posts SELECT n, 'x', 1 + n % 100 FROM generate_series(1, 9999) n;
ANALYZE users, posts;
SELECT findings();
INSERT INTO posts VALUES (10000, 'x', 1);
ANALYZE posts;
SELECT findings();
SELECT mend();
SELECT mend();

--
-- Keys
--
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY, tenant integer, no integer, UNIQUE (tenant, no));
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users, editor_id integer REFERENCES users,
	tenant integer, user_no integer);
CREATE INDEX ON posts (user_id);
CREATE INDEX ON posts (editor_id);
CREATE INDEX ON posts (tenant, user_no);
SELECT assoc.belongs_to('Post', 'User', foreign_key => 'user_id');
ALTER TABLE posts ADD CONSTRAINT "again!" FOREIGN KEY (user_id) REFERENCES users;
SELECT findings();
SELECT mend();
SELECT assoc.belongs_to('Post', 'User', 'member', foreign_key => 'tenant, user_no', target_key => 'tenant, no');
SELECT count(*) FROM assoc.apply();
SELECT findings('Post.member');
SELECT mend('Post.member');
SELECT findings();
-- not asked for, and not valid
SELECT assoc.belongs_to('Post', 'User', 'owner', foreign_key => 'id', enforce => 'none');
ALTER TABLE posts ADD CONSTRAINT old FOREIGN KEY (id) REFERENCES users NOT VALID;
SELECT findings('Post.owner');
SELECT mend('Post.owner');
-- a key that another one implies; not where both are needed
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY, tenant integer NOT NULL, UNIQUE (tenant, id));
CREATE TABLE posts (id integer PRIMARY KEY, tenant integer NOT NULL, user_id integer, editor_id integer);
CREATE INDEX ON posts (tenant, user_id);
CREATE INDEX ON posts (user_id);
CREATE INDEX ON posts (tenant, editor_id);
SELECT assoc.belongs_to('Post', 'User', foreign_key => 'user_id', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Post', 'User', 'member', foreign_key => 'tenant, user_id', target_key => 'tenant, id', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Post', 'User', 'editor', foreign_key => 'tenant, editor_id', target_key => 'tenant, id');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('Post', 'User', foreign_key => 'user_id', on_delete => 'SET NULL');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('Post', 'User', 'member', foreign_key => 'tenant, user_id', target_key => 'tenant, id', on_delete => 'NO ACTION');
SELECT count(*) FROM assoc.apply();
SELECT findings();
-- SET DEFAULT without one
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE SET DEFAULT);
CREATE INDEX ON posts (user_id);
SELECT assoc.belongs_to('Post', 'User');
SELECT findings();
ALTER TABLE posts ALTER user_id DROP NOT NULL;
SELECT findings();
ALTER TABLE posts ALTER user_id SET DEFAULT 1;
SELECT findings();
-- ... or the row that it leads to
INSERT INTO posts VALUES (1, NULL);
CREATE FUNCTION lacking() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', v.severity, v.code, v.association) || ': ' || v.message || ' ' || v.detail
	FROM assoc.validate() v WHERE v.code = 'default_row_missing' $$;
SELECT lacking();
INSERT INTO users VALUES (2);
SELECT lacking();
INSERT INTO users VALUES (1);
SELECT lacking();
-- of a bigint the default is cast; null sets null; what calls somebody's function or moves on is not looked at
ALTER TABLE posts ALTER user_id TYPE bigint, ALTER user_id SET DEFAULT 3;
SELECT lacking();
ALTER TABLE posts ALTER user_id SET DEFAULT NULL;
SELECT lacking();
CREATE FUNCTION four() RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$;
ALTER TABLE posts ALTER user_id SET DEFAULT four();
SELECT lacking();
CREATE SEQUENCE fives;
ALTER TABLE posts ALTER user_id SET DEFAULT nextval('fives');
SELECT lacking();
-- a composite one
CREATE TABLE places ("x Y" integer, name varchar(8), PRIMARY KEY ("x Y", name));
CREATE TABLE visits (id integer PRIMARY KEY, x integer DEFAULT 0, y varchar(8) DEFAULT 'it''s',
	FOREIGN KEY (y, x) REFERENCES places (name, "x Y") ON DELETE SET DEFAULT);
CREATE INDEX ON visits (x, y);
SELECT assoc.belongs_to('Visit', 'Place', foreign_key => 'x, y', target_key => 'x Y, name');
INSERT INTO places VALUES (1, 'here');
SELECT lacking();
INSERT INTO places VALUES (0, 'it''s');
SELECT lacking();
-- inheritance
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users);
CREATE INDEX ON posts (user_id);
SELECT assoc.belongs_to('Post', 'User');
CREATE TABLE drafts (PRIMARY KEY (id)) INHERITS (posts);
CREATE INDEX ON drafts (user_id);
SELECT findings('Post.user');
SELECT mend('Post.user');

--
-- Types
--
SELECT pg_temp.group();
CREATE TABLE users (id serial PRIMARY KEY, big bigint UNIQUE, code varchar(20) UNIQUE, price numeric UNIQUE,
	name text UNIQUE);
CREATE TABLE posts (id integer PRIMARY KEY, user_id smallint REFERENCES users, user_code varchar(10) REFERENCES users (code),
	user_price integer REFERENCES users (price), user_name text COLLATE "C" REFERENCES users (name), user_big bigint REFERENCES users (id));
CREATE INDEX ON posts (user_id);
CREATE INDEX ON posts (user_code);
CREATE INDEX ON posts (user_price);
CREATE INDEX ON posts (user_name);
CREATE INDEX ON posts (user_big);
SELECT assoc.belongs_to('Post', 'User', foreign_key => 'user_id');
SELECT assoc.belongs_to('Post', 'User', 'by_big', foreign_key => 'user_big');
SELECT assoc.belongs_to('Post', 'User', 'by_code', foreign_key => 'user_code', target_key => 'code');
SELECT assoc.belongs_to('Post', 'User', 'by_price', foreign_key => 'user_price', target_key => 'price');
SELECT assoc.belongs_to('Post', 'User', 'by_name', foreign_key => 'user_name', target_key => 'name');
SELECT findings();
SELECT setval('users_id_seq', 31000);
SELECT findings('Post.user');
SELECT mend();
SELECT setval('users_id_seq', 1500000000);
SELECT findings();
SELECT setval('users_id_seq', 2000000000);
SELECT findings('Post.user');
SELECT mend('Post.user');
SELECT mend('Post.user');

-- collations
SELECT pg_temp.group();
CREATE COLLATION odd (provider = icu, locale = 'und', deterministic = false);
CREATE TABLE users (name text PRIMARY KEY, mail text COLLATE odd UNIQUE);
CREATE TABLE posts (user_name text COLLATE "C" REFERENCES users, user_mail text);
CREATE INDEX ON posts (user_name);
CREATE INDEX ON posts (user_mail);
SELECT assoc.belongs_to('Post', 'User', foreign_key => 'user_name');
SELECT assoc.belongs_to('Post', 'User', 'by_mail', foreign_key => 'user_mail', target_key => 'mail', enforce => 'none');
SELECT findings();
SELECT mend();

--
-- What associations do together
--
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY, team_id integer);
CREATE TABLE teams (id integer PRIMARY KEY, user_id integer);
SELECT assoc.belongs_to('User', 'Team', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Team', 'User', on_delete => 'CASCADE');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('User', 'Team', required => true, on_delete => 'NO ACTION');
SELECT assoc.belongs_to('Team', 'User', required => true, on_delete => 'NO ACTION');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT mend();
SELECT assoc.belongs_to('User', 'Team', required => true, on_delete => 'NO ACTION', deferral => 'none');
SELECT assoc.belongs_to('Team', 'User', required => true, on_delete => 'NO ACTION', deferral => 'none');
SELECT count(*) FROM assoc.apply();
SELECT findings();
-- a cascade that stops at a refusal; NO ACTION is what everybody has, and no finding
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer);
CREATE TABLE payments (id integer PRIMARY KEY, post_id integer);
SELECT assoc.belongs_to('Post', 'User', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Payment', 'Post', on_delete => 'RESTRICT');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('Payment', 'Post', on_delete => 'NO ACTION');
SELECT count(*) FROM assoc.apply();
SELECT findings();
-- the diamond
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer);
CREATE TABLE likes (id integer PRIMARY KEY, user_id integer, post_id integer);
SELECT assoc.belongs_to('Post', 'User', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Like', 'User', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Like', 'Post', on_delete => 'RESTRICT');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('Like', 'Post', on_delete => 'NO ACTION');
SELECT count(*) FROM assoc.apply();
SELECT findings();
-- sides
CREATE TABLE profiles (id integer PRIMARY KEY, user_id integer UNIQUE REFERENCES users);
SELECT assoc.has_many('User', 'Profile');
SELECT findings();
SELECT assoc.has_one('User', 'Profile', 'profile');
SELECT findings();
SELECT mend();
-- names
ALTER TABLE posts ADD "user" text;
SELECT findings();
SELECT mend();
-- accessors
DROP FUNCTION profile(users);
SELECT findings();
SELECT mend();
-- an accessor that somebody changed, or put another function in its place; one that can't be made
ALTER FUNCTION profile(users) SET work_mem = '1MB';
SELECT findings();
SELECT mend();
CREATE OR REPLACE FUNCTION profile(users) RETURNS SETOF profiles LANGUAGE sql STABLE ROWS 1 AS 'SELECT * FROM validate_group.profiles';
SELECT findings();
SELECT mend();
DROP FUNCTION profile(users);
CREATE FUNCTION profile(users) RETURNS integer LANGUAGE sql RETURN 1;
SELECT findings();
DROP FUNCTION profile(users);
SELECT mend();
-- the renamed one keeps its column
SELECT assoc.has_many('User', 'Post', 'posts');
SELECT findings();
SELECT assoc.drop_association('User.posts');
-- policies
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
SELECT findings();
SELECT severity, code FROM assoc.validate('Like.post', data => false);
SELECT severity, code FROM assoc.validate(min_severity => 'warning', data => false);
SELECT * FROM assoc.validate('Like.nobody');
SELECT * FROM assoc.validate(min_severity => 'bad');
SELECT * FROM assoc.validate(fail_on => 'bad');
-- a path: its accessor, and a step that leads elsewhere
SELECT pg_temp.group();
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer, editor_id integer);
CREATE TABLE likes (id integer PRIMARY KEY, post_id integer);
CREATE TABLE tags (id integer PRIMARY KEY, post_id integer);
SELECT assoc.has_many('User', 'Post');
SELECT assoc.has_many('Post', 'Like');
SELECT assoc.has_many('User', 'Like', 'liked', through => 'posts.likes');
SELECT count(*) FROM assoc.apply();
SELECT findings();
DROP FUNCTION liked(users);
SELECT findings();
SELECT mend();
SELECT assoc.has_many('Post', 'Tag', 'likes', foreign_key => 'post_id');
SELECT count(*) FROM assoc.apply();
ALTER TABLE likes DROP CONSTRAINT likes_post_id_fkey;
SELECT findings();
SELECT mend();
-- the other side that is named has another key
SELECT assoc.has_many('User', 'Post', 'posts', foreign_key => 'user_id', inverse => 'writer');
SELECT findings();
SELECT assoc.belongs_to('Post', 'User', 'writer', foreign_key => 'editor_id', enforce => 'none');
SELECT count(*) FROM assoc.apply();
SELECT findings();
SELECT assoc.belongs_to('Post', 'User', 'writer', foreign_key => 'user_id');
SELECT findings();
SELECT pg_temp.group();
DROP SCHEMA validate_group, validate_schema CASCADE;
