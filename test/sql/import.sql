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

\o /dev/null
SELECT assoc.declare('{}', prune => true);
\o

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
SELECT shown FROM shown('import') WHERE shown ~ 'posts';
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

-- no junctions: nullable, not unique together, too much besides, referred to, three keys, one column twice
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE nullable (a_id int REFERENCES a, b_id int NOT NULL REFERENCES b, UNIQUE (a_id, b_id));
CREATE TABLE loose (a_id int NOT NULL REFERENCES a, b_id int NOT NULL REFERENCES b);
CREATE TABLE rich (a_id int REFERENCES a, b_id int REFERENCES b, w int, x int, y int, z int, PRIMARY KEY (a_id, b_id));
CREATE TABLE owned (a_id int REFERENCES a, b_id int REFERENCES b, PRIMARY KEY (a_id, b_id));
CREATE TABLE owners (a_id int, b_id int, FOREIGN KEY (a_id, b_id) REFERENCES owned);
CREATE TABLE three (a_id int REFERENCES a, b_id int REFERENCES b, c_id int REFERENCES b, PRIMARY KEY (a_id, b_id));
CREATE TABLE same (id int PRIMARY KEY REFERENCES a REFERENCES b);
-- has one only by a unique index on the columns: not a partial or a deferrable one
CREATE TABLE uniques (u int UNIQUE REFERENCES a, d int UNIQUE DEFERRABLE REFERENCES a, p int REFERENCES a);
CREATE UNIQUE INDEX ON uniques (p) WHERE p > 0;
SELECT name, kind FROM assoc.import_foreign_keys('import', true) WHERE kind IN ('belongs_to_many', 'has_one');
SELECT * FROM assoc.plan();
SELECT assoc.declare('{}', prune => true);
DROP TABLE a, b, nullable, loose, rich, owned, owners, three, same, uniques;

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
CREATE FUNCTION "owner_my_User"(posts) RETURNS int LANGUAGE sql AS 'SELECT 1';
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

-- ---- the e of a plural is the word's own
CREATE TABLE big_warehouses (id int PRIMARY KEY REFERENCES big_warehouses);
CREATE TABLE "coupon-uses" (id int PRIMARY KEY REFERENCES "coupon-uses");
CREATE TABLE "RootCauses" (id int PRIMARY KEY REFERENCES "RootCauses");
CREATE TABLE prizes (id int PRIMARY KEY REFERENCES prizes);
CREATE TABLE statuses (id int PRIMARY KEY REFERENCES statuses);
SELECT name FROM assoc.import_foreign_keys('import') WHERE kind = 'model';
DROP TABLE big_warehouses, "coupon-uses", "RootCauses", prizes, statuses;

-- ---- a partition's own key; keys of one and two columns to the same table; a model that says its words
CREATE TABLE zones (id int PRIMARY KEY, tenant int, UNIQUE (id, tenant));
CREATE TABLE visits (zone_id int, tenant int, FOREIGN KEY (zone_id) REFERENCES zones, FOREIGN KEY (zone_id, tenant) REFERENCES zones (id, tenant))
    PARTITION BY RANGE (zone_id);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (10);
ALTER TABLE visits_1 ADD FOREIGN KEY (tenant) REFERENCES zones;
SELECT assoc.define_model('Region', 'zones', singular => 'area', plural => 'areas');
SELECT shown('import', true);
SELECT * FROM assoc.plan('Visit, Visits1');
SELECT assoc.declare('{}', prune => true);
DROP TABLE zones, visits;
-- one name of many tables, and one in capitals
CREATE TABLE "USERS" ("ID" int PRIMARY KEY REFERENCES "USERS");
CREATE TABLE "a b" (id int PRIMARY KEY REFERENCES "a b");
CREATE TABLE "a-b" (id int PRIMARY KEY REFERENCES "a-b");
CREATE TABLE "a.b" (id int PRIMARY KEY REFERENCES "a.b");
SELECT name, "table" FROM assoc.import_foreign_keys('import');
DROP TABLE "USERS", "a b", "a-b", "a.b";

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
-- to a table of another schema; types that are somebody's are not compared
CREATE SCHEMA import_other;
CREATE TABLE import_other.cities (id int PRIMARY KEY);
CREATE DOMAIN code AS int;
CREATE TYPE kind AS ENUM ('a');
CREATE TABLE houses (id int PRIMARY KEY, city_id int, user_id code, thing_type kind, thing_id int);
INSERT INTO import_other.cities VALUES (1);
INSERT INTO houses VALUES (1, 1, 1, 'a', 1);
SELECT shown FROM shown('import, import_other') WHERE shown ~ 'houses';
DROP SCHEMA import_other CASCADE;
DROP TABLE houses;
-- they are shown and never declared
SELECT count(*) FROM assoc.import_foreign_keys('import', declare => true);
SELECT assoc.document();
SELECT statement FROM assoc.import_foreign_keys('import') WHERE foreign_key = '"userId"' \gset
:statement
SELECT name, foreign_key FROM assoc.import_foreign_keys('import') WHERE kind = 'proposal';
SELECT assoc.declare('{}', prune => true);
-- no more than 10000 rows are read
INSERT INTO todos SELECT n, 1 FROM generate_series(5, 10005) n;
SELECT evidence FROM assoc.import_foreign_keys('import') WHERE foreign_key = '"userId"';
-- the types as frameworks write them; one that means no table
INSERT INTO comments VALUES (5, 'App\Models\Team', 1), (6, 'Page', 1);
SELECT target, inferred, statement FROM assoc.import_foreign_keys('import') WHERE foreign_key LIKE 'commentable%';
DROP TABLE users, teams, todos, comments;

-- arrays of keys, by their elements
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE labels (uuid uuid PRIMARY KEY);
CREATE TABLE notes (id int PRIMARY KEY, tag_ids int[], "labelUuids" uuid[], tags_ids bigint[], tag_id int[], label_ids int[], "noteIds" int[], "tags" int);
INSERT INTO tags VALUES (1), (2);
SELECT evidence FROM assoc.import_foreign_keys('import') WHERE foreign_key = 'tag_ids';
INSERT INTO notes (id, tag_ids, tags_ids) VALUES (1, '{1,2,NULL}', '{}'), (2, '{{2,3},{4,1}}', NULL), (3, NULL, NULL);
SELECT shown FROM shown('import') WHERE shown ~ 'notes';
SELECT statement FROM assoc.import_foreign_keys('import') WHERE foreign_key = 'tag_ids' \gset
:statement
SELECT name, foreign_key FROM assoc.import_foreign_keys('import') WHERE kind = 'proposal';
SELECT assoc.declare('{}', prune => true);
DROP TABLE tags, labels, notes;

-- ---- the example of the documentation
CREATE SCHEMA shop;
CREATE TABLE shop.users (id int PRIMARY KEY, name text);
CREATE TABLE shop.orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES shop.users ON DELETE CASCADE,
    seller_id int REFERENCES shop.users, coupon_id int);
CREATE INDEX ON shop.orders (user_id);
CREATE TABLE shop.coupons (id int PRIMARY KEY);
INSERT INTO shop.users VALUES (1, 'Ada');
INSERT INTO shop.coupons VALUES (1), (2);
INSERT INTO shop.orders VALUES (1, 1, NULL, 1), (2, 1, 1, 2), (3, 1, 1, 7);
SELECT status, kind, name, foreign_key FROM assoc.import_foreign_keys('shop');
SELECT statement FROM assoc.import_foreign_keys('shop') WHERE name = 'Order.user';
SELECT evidence, statement FROM assoc.import_foreign_keys('shop') WHERE status = 'proposed';
SELECT status, count(*) FROM assoc.import_foreign_keys('shop', declare => true) GROUP BY status ORDER BY status;
SELECT * FROM assoc.plan();
SELECT assoc.declare('{}', prune => true);
DROP TABLE shop.users, shop.orders, shop.coupons;
DROP SCHEMA shop;

-- ---- errors
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''import_typo'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''impor'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys('' , '')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''pg_catalog'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(''assoc_internal'')');
SELECT failing('SELECT * FROM assoc.import_foreign_keys(NULL, NULL)');
SET client_min_messages = warning;
DROP SCHEMA import CASCADE;
