-- What becomes of each step: done, blocked by rows, or left to be run outside.
CREATE SCHEMA apply_outcomes;
SET search_path = apply_outcomes;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE todos (id integer PRIMARY KEY, user_id integer);
CREATE TABLE "Pro.files" (id integer PRIMARY KEY, "the ""user""" integer);
INSERT INTO users SELECT generate_series(1, 5);
INSERT INTO todos VALUES (1, 1), (2, 7), (3, NULL), (4, 8), (5, 7);
INSERT INTO "Pro.files" VALUES (1, 1), (2, 1), (3, NULL), (4, NULL), (5, 3), (6, 3), (7, 3), (8, 4);
SELECT assoc.define_model('Profile', '"Pro.files"');
SELECT assoc.belongs_to('Todo', 'User', required => true);
SELECT assoc.has_one('User', 'Profile', foreign_key => 'the "user"');

--
-- plan() changes nothing: no object, no row, no lock that lasts.
--
CREATE VIEW objects AS
	SELECT 'constraint' AS kind, conname::text AS name, convalidated::text AS state FROM pg_constraint
	WHERE connamespace = 'apply_outcomes'::regnamespace AND contype = 'f'
	UNION ALL
	SELECT 'index', indexrelid::regclass::text, indisunique::text FROM pg_index
	WHERE indrelid IN ('users'::regclass, 'todos'::regclass, '"Pro.files"'::regclass) AND NOT indisprimary
	UNION ALL
	SELECT 'not null', attrelid::regclass || '.' || attname, '' FROM pg_attribute
	WHERE attrelid IN ('todos'::regclass, '"Pro.files"'::regclass) AND attnotnull AND attnum > 1;
BEGIN;
SELECT count(*) FROM assoc.plan();
SELECT count(*) FROM assoc.plan(online => true);
SELECT DISTINCT mode FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid()
	AND relation IN ('users'::regclass, 'todos'::regclass, '"Pro.files"'::regclass);
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;
SELECT * FROM objects ORDER BY kind, name COLLATE "C";
SELECT count(*) FROM assoc_internal.recorded;

--
-- Bad rows block their own step and no other; the printed query returns them.
--
CREATE TABLE result AS SELECT * FROM assoc.apply();
SELECT step, association, outcome, sql FROM result ORDER BY step;
SELECT detail FROM result WHERE outcome = 'blocked' ORDER BY step;
SELECT * FROM objects ORDER BY kind, name COLLATE "C";
SELECT format('SELECT q FROM (%s) q ORDER BY 1', regexp_replace(detail, '.*see them: (.*);', '\1'))
FROM result WHERE outcome = 'blocked' ORDER BY step \gexec
SELECT association, status FROM assoc.associations ORDER BY 1;
-- new rows are checked from now on
SELECT failing('INSERT INTO todos VALUES (6, 9)');
-- one at a time they are mended
DROP TABLE result;
DELETE FROM todos WHERE user_id > 5;
SELECT * FROM outcomes();
UPDATE todos SET user_id = 5 WHERE user_id IS NULL;
DELETE FROM "Pro.files" WHERE id IN (2, 6, 7);
SELECT * FROM outcomes();
SELECT association, status FROM assoc.associations ORDER BY 1;
-- again: nothing
SELECT * FROM outcomes();
SELECT count(*) FROM assoc.plan();
SELECT * FROM objects ORDER BY kind, name COLLATE "C";
SELECT r.item, r.value FROM assoc_internal.recorded r
WHERE r.reference IN (SELECT d.reference FROM assoc_internal.declaration d WHERE d.model IN ('User', 'Todo'))
ORDER BY r.item COLLATE "C", r.value COLLATE "C";

--
-- One bad row and one bad value: the words agree.
--
CREATE TABLE notes (id integer PRIMARY KEY, user_id integer, author_id integer UNIQUE, editor_id integer);
INSERT INTO notes VALUES (1, 99, 1, 1), (2, 1, NULL, 1);
SELECT assoc.belongs_to('Note', 'User', index => false);
SELECT assoc.belongs_to('Note', 'User', 'author', required => true);
SELECT assoc.has_one('User', 'Note', 'edited', foreign_key => 'editor_id');
SELECT detail FROM assoc.apply('Note') WHERE detail IS NOT NULL ORDER BY step;
SELECT detail FROM assoc.apply('User.edited') WHERE detail IS NOT NULL ORDER BY step;
SELECT assoc.drop_model('Note', cascade => true);

--
-- Online: only what locks for a moment is done; the rest is for \gexec.
--
CREATE TABLE posts (id integer PRIMARY KEY, user_id integer);
CREATE TABLE post_stats (id integer PRIMARY KEY, post_id integer);
INSERT INTO posts VALUES (1, 1), (2, NULL);
SELECT assoc.belongs_to('Post', 'User', inverse => 'posts');
SELECT assoc.has_one('Post', 'post_stats', 'stats', foreign_key => 'post_id');
SELECT * FROM steps('Post', online => true);
SELECT * FROM outcomes('Post', online => true);
SELECT * FROM outcomes('Post', online => true);
SELECT sql FROM assoc.apply('Post', online => true) WHERE outcome = 'run_outside' ORDER BY step \gexec
SELECT * FROM steps('Post');
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint
WHERE conrelid IN ('posts'::regclass, 'post_stats'::regclass) AND contype = 'f' ORDER BY conname COLLATE "C";
SELECT indexrelid::regclass, indisunique, indisvalid FROM pg_index
WHERE indrelid IN ('posts'::regclass, 'post_stats'::regclass) AND NOT indisprimary ORDER BY 1;
-- what was built outside for a has_one is known as ours
SELECT assoc.has_many('Post', 'post_stats', 'stats', foreign_key => 'post_id');
SELECT * FROM steps('Post');
SELECT assoc.drop_model('Post', cascade => true);
-- the same from the plan, which says what is not for a transaction
CREATE TABLE likes (id integer PRIMARY KEY, user_id integer);
SELECT assoc.belongs_to('Like', 'User');
SELECT outcome FROM assoc.apply('Like', online => true) ORDER BY step;
SELECT sql FROM assoc.plan('Like', online => true) WHERE NOT in_transaction ORDER BY step \gexec
SELECT outcome, sql FROM assoc.apply('Like') ORDER BY step;
SELECT assoc.drop_model('Like', cascade => true);

--
-- Rows changed in this transaction whose triggers are still to come.
--
CREATE TABLE waiting (id integer PRIMARY KEY, user_id integer
	CONSTRAINT waiting_user_id_fkey REFERENCES users DEFERRABLE INITIALLY DEFERRED);
SELECT assoc.belongs_to('Waiting', 'User', on_delete => 'CASCADE', index => false);
BEGIN;
INSERT INTO waiting VALUES (1, 1);
SELECT failing('SELECT * FROM assoc.apply(''Waiting'')');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT outcome FROM assoc.apply('Waiting');
COMMIT;
SELECT * FROM steps('Waiting');

--
-- Errors that are no rows' fault take everything back.
--
SELECT assoc.belongs_to('Waiting', 'User', on_delete => 'CASCADE', required => true);
SELECT failing('SELECT * FROM assoc.apply(lock_timeout => ''soon'')');
SELECT failing('SELECT * FROM assoc.apply(''Nobody'')');
SHOW lock_timeout;
CREATE TABLE later (id integer PRIMARY KEY);
SELECT assoc.belongs_to('Later', 'User');
ALTER TABLE later ADD CHECK (id > 0);
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM later;
FETCH c;
SELECT failing('SELECT * FROM assoc.apply()');
COMMIT;
SELECT count(*) FROM assoc.plan();
SELECT outcome, count(*) FROM assoc.apply(lock_timeout => '1min') GROUP BY 1;
SELECT outcome, count(*) FROM assoc.apply(lock_timeout => NULL) GROUP BY 1;
SHOW lock_timeout;
-- a savepoint takes back what apply() did with all it recorded
SELECT assoc.belongs_to('Later', 'User', 'second');
BEGIN;
SAVEPOINT s;
SELECT outcome FROM assoc.apply('Later');
ROLLBACK TO s;
SELECT count(*) FROM assoc.plan('Later');
COMMIT;

-- a type that refuses nulls blocks the new column on a table with rows, and what waits for it
CREATE DOMAIN never_null AS integer NOT NULL;
CREATE TABLE strict_keys (id never_null PRIMARY KEY);
CREATE TABLE filled (id integer PRIMARY KEY);
INSERT INTO filled VALUES (1);
SELECT assoc.belongs_to('Filled', 'StrictKey', 'key');
SELECT step, outcome, detail FROM assoc.apply('Filled');
ALTER TABLE filled ADD COLUMN key_id never_null DEFAULT 7;
INSERT INTO strict_keys VALUES (7);
SELECT step, outcome, detail FROM assoc.apply('Filled');

SELECT pg_temp.forget();
