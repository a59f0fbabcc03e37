-- import_foreign_keys: each shape of a key, names that clash, what cannot be declared, proposals, errors.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA import;
SET search_path = import;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
CREATE FUNCTION shown(schemas text, declare boolean DEFAULT false) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', status, kind, coalesce(name, '-'), i."table", target, foreign_key, inferred, evidence)
    FROM assoc.import_foreign_keys(schemas, declare) i $$;
CREATE FUNCTION calls(schemas text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT statement FROM assoc.import_foreign_keys(schemas) WHERE statement IS NOT NULL AND status = 'new' $$;

-- ---- plain shapes
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE);
CREATE INDEX ON posts (user_id);
CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON UPDATE CASCADE);
CREATE TABLE categories (id int PRIMARY KEY, parent_id int REFERENCES categories ON DELETE SET NULL);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE post_tags (post_id int NOT NULL REFERENCES posts, tag_id int NOT NULL REFERENCES tags,
    PRIMARY KEY (post_id, tag_id));
-- several keys to one table, one of another key
CREATE TABLE letters (id int PRIMARY KEY, sender_id int NOT NULL REFERENCES users, receiver_id int REFERENCES users
    DEFERRABLE INITIALLY DEFERRED, user_email text REFERENCES users (email) ON DELETE RESTRICT);
-- looking changes nothing
SELECT shown('import');
SELECT assoc.document();
SELECT calls('import');
-- declaring is the same, and leaves nothing to plan or to find
SELECT shown('import', true);
SELECT * FROM assoc.plan();
SELECT * FROM assoc.validate(min_severity => 'error');
SELECT association, kind, target, on_delete, status FROM assoc.associations ORDER BY association COLLATE "C";
-- again: everything is declared, nothing changes
SELECT assoc.document() AS document \gset
SELECT status, count(*) FROM assoc.import_foreign_keys('import', declare => true) GROUP BY 1;
SELECT assoc.document()::text = :'document';
-- the document alone gives the same
SELECT assoc.declare('{}', prune => true);
SELECT assoc.declare(:'document');
SELECT * FROM assoc.plan();
SELECT assoc.document()::text = :'document';
SELECT status, count(*) FROM assoc.import_foreign_keys('import') GROUP BY 1;
-- a side that somebody else declared is left as it is, and the others join it
SELECT assoc.declare('{}', prune => true);
SELECT assoc.define_model('Account', 'users');
SELECT assoc.belongs_to('Post', 'Account', alias => 'writer', foreign_key => 'user_id');
SELECT shown('import') WHERE true LIMIT 9;
SELECT assoc.declare('{}', prune => true);
-- the statements, typed one by one, do the same as declaring
SELECT string_agg(statement, ' ') AS statements FROM assoc.import_foreign_keys('import') WHERE status = 'new' \gset
\o /dev/null
:statements
\o
SELECT * FROM assoc.plan();
SELECT assoc.document()::text = :'document';
SELECT assoc.declare('{}', prune => true);
DROP TABLE users, posts, profiles, categories, tags, post_tags, letters;

-- ---- composite keys, junctions with more in them, a junction of one table
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE people (tenant_id int REFERENCES tenants, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tasks (tenant_id int NOT NULL, id int, person_id int, reviewer_id int,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people ON DELETE SET NULL (person_id),
    FOREIGN KEY (reviewer_id, tenant_id) REFERENCES people (id, tenant_id) ON DELETE CASCADE);
CREATE TABLE follows (id int PRIMARY KEY, tenant_id int NOT NULL, follower_id int NOT NULL, followed_id int NOT NULL,
    at timestamptz, UNIQUE (tenant_id, follower_id, followed_id),
    FOREIGN KEY (tenant_id, follower_id) REFERENCES people, FOREIGN KEY (tenant_id, followed_id) REFERENCES people);
SELECT shown('import', true);
SELECT * FROM assoc.plan();
SELECT assoc.declare('{}', prune => true);
DROP TABLE tenants, people, tasks, follows;

-- ---- partitions, inheritance, twins, NOT VALID, actions that cannot be said
CREATE TABLE users (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (100);
CREATE TABLE events (id int, user_id int REFERENCES users, day int) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
CREATE TABLE base (id int PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE derived (PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL) INHERITS (base);
CREATE TABLE twins (a int, user_id int REFERENCES users);
ALTER TABLE twins ADD CONSTRAINT a_twin FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
CREATE TABLE lazy (user_id int NOT NULL, other_id int DEFAULT 1);
ALTER TABLE lazy ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL ON UPDATE SET DEFAULT,
    ADD FOREIGN KEY (other_id) REFERENCES users ON DELETE SET DEFAULT NOT VALID;
SELECT shown('import', true);
SELECT reason FROM assoc.plan();
ALTER TABLE lazy DROP CONSTRAINT lazy_user_id_fkey;
ALTER TABLE lazy VALIDATE CONSTRAINT lazy_other_id_fkey;
SELECT assoc.declare('{}', prune => true);
SELECT count(*) FROM assoc.import_foreign_keys('import', true);
SELECT reason FROM assoc.plan();
SELECT assoc.declare('{}', prune => true);
DROP TABLE users, events, base, derived, twins, lazy;

-- ---- names: capitals, quotes, blanks, dots, 63 bytes; columns, functions and models in the way
CREATE TABLE "My ""Users""" ("Id" int PRIMARY KEY, posts int);
CREATE TABLE posts ("My ""Users""Id" int REFERENCES "My ""Users""", owner int REFERENCES "My ""Users""",
    "a.b,c_id" int REFERENCES "My ""Users""" ON DELETE SET NULL ("a.b,c_id"));
CREATE FUNCTION owner_my_user(posts) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE "A.b" ("{id}" int PRIMARY KEY);
CREATE TABLE aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg (
    aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff_id int REFERENCES "A.b",
    aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff int REFERENCES "A.b",
    aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff_fk int REFERENCES "A.b");
CREATE TABLE "!" (id int PRIMARY KEY, "!id" int REFERENCES "!", "ümläut_id" int REFERENCES "!");
CREATE SCHEMA import_other;
CREATE TABLE import_other.posts (id int PRIMARY KEY, "postId" int REFERENCES import_other.posts);
SELECT shown('import, import_other', true);
SELECT * FROM assoc.plan();
SELECT * FROM assoc.validate(min_severity => 'error');
SELECT association, difference FROM assoc.associations WHERE difference IS NOT NULL;
SELECT assoc.document() AS document \gset
SELECT assoc.declare('{}', prune => true);
SELECT assoc.declare(:'document');
SELECT * FROM assoc.plan();
SELECT assoc.document()::text = :'document';
-- parents outside the schemas come along
SELECT assoc.declare('{}', prune => true);
CREATE TABLE import_other.notes (post_id int REFERENCES import_other.posts, id int REFERENCES "!");
SELECT shown('import_other');
SELECT shown('{import_other}');
DROP SCHEMA import_other CASCADE;
DROP TABLE "My ""Users""", posts, "A.b", "!", aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg CASCADE;

-- ---- proposals
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE teams (team_id int PRIMARY KEY);
CREATE TABLE todos (id int PRIMARY KEY, "userId" int, user_id bigint, "user_ID" int, team_id int, parent_id int, done_id text,
    username text);
CREATE TABLE comments (id int PRIMARY KEY, commentable_type text, commentable_id int, empty_id int);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO todos SELECT n, n, CASE WHEN n < 3 THEN n END, NULL, n, n - 1 FROM generate_series(1, 4) n;
INSERT INTO comments VALUES (1, 'Todo', 1), (2, 'Todo', 2), (3, 'User', 1), (4, NULL, NULL);
SELECT shown('import');
SELECT statement FROM assoc.import_foreign_keys('import') WHERE kind = 'proposal';
-- they are shown and never declared
SELECT count(*) FROM assoc.import_foreign_keys('import', declare => true);
SELECT assoc.document();
SELECT statement FROM assoc.import_foreign_keys('import') WHERE foreign_key = '"userId"' \gset
:statement
SELECT name, foreign_key FROM assoc.import_foreign_keys('import') WHERE kind = 'proposal';
SELECT assoc.declare('{}', prune => true);
-- no more than 10000 rows are read
INSERT INTO todos SELECT n, 1 FROM generate_series(5, 10005) n;
SELECT shown('import') LIMIT 1;
-- row security hides rows: nothing is counted
ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE ROLE import_reader;
GRANT USAGE ON SCHEMA import TO import_reader;
GRANT SELECT ON users, todos TO import_reader;
GRANT EXECUTE ON FUNCTION shown(text, boolean) TO import_reader;
SET ROLE import_reader;
SELECT shown('import');
RESET ROLE;
-- what is not the caller's is passed over
ALTER TABLE todos ADD FOREIGN KEY ("userId") REFERENCES users NOT VALID;
SET ROLE import_reader;
SELECT shown('import', true) LIMIT 1;
RESET ROLE;
GRANT CREATE ON SCHEMA import TO import_reader;
GRANT REFERENCES ON users TO import_reader;
SET ROLE import_reader;
CREATE TABLE mine (id int PRIMARY KEY, user_id int REFERENCES users);
SELECT shown('import', true) LIMIT 2;
RESET ROLE;
SELECT assoc.define_model('User', 'users');
SET ROLE import_reader;
SELECT shown('import') LIMIT 5;
RESET ROLE;
REVOKE REFERENCES ON users FROM import_reader;
SET ROLE import_reader;
SELECT shown('import') LIMIT 2;
DROP TABLE mine;
RESET ROLE;
SELECT assoc.declare('{}', prune => true);

-- ---- errors
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''import_typo'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''impor'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys('' , '')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''pg_catalog'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''assoc_internal'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(NULL, NULL)');
DROP TABLE users, teams, todos, comments;
REVOKE ALL ON SCHEMA import FROM import_reader;
REVOKE ALL ON FUNCTION shown(text, boolean) FROM import_reader;
DROP ROLE import_reader;
DROP SCHEMA import CASCADE;
