-- Every kind of step: when it is planned, its SQL, its reason, what it locks and costs.
CREATE SCHEMA plan_steps;
SET search_path = plan_steps;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include

--
-- A missing column gets the type of the key it refers to: typmod, domain, collation and all.
--
CREATE TYPE "Mood" AS ENUM ('fine', 'bad');
CREATE DOMAIN plain_domain AS integer;
CREATE DOMAIN "Checked domain" AS varchar(8) CHECK (VALUE <> '');
CREATE COLLATION "My ""C""" (provider = libc, locale = 'C');
CREATE TABLE keys (
	k_serial serial UNIQUE,
	k_identity bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
	k_varchar varchar(20) UNIQUE,
	k_char char(5) UNIQUE,
	k_numeric numeric(10, 2) UNIQUE,
	k_time timestamptz(3) UNIQUE,
	k_bit bit varying(7) UNIQUE,
	k_uuid uuid UNIQUE,
	k_enum "Mood" UNIQUE,
	k_plain plain_domain UNIQUE,
	k_checked "Checked domain" UNIQUE,
	k_collated text COLLATE "My ""C""" UNIQUE,
	k_array integer[] UNIQUE,
	k_interval interval day to second(2) UNIQUE
);
CREATE TABLE types (id integer PRIMARY KEY);
SELECT count(assoc.define_model('Key', 'keys', key => 'k_serial'));
SELECT count(assoc.define_model('Type', 'types'));
SELECT count(assoc.belongs_to('Type', 'Key', alias => k, foreign_key => 'fk_' || k, target_key => k, index => false))
FROM unnest(ARRAY['k_serial', 'k_identity', 'k_varchar', 'k_char', 'k_numeric', 'k_time', 'k_bit', 'k_uuid', 'k_enum',
	'k_plain', 'k_checked', 'k_collated', 'k_array', 'k_interval']) k;
SELECT sql, scans, rewrites FROM assoc.plan() WHERE sql LIKE '%ADD COLUMN%' ORDER BY step;
SELECT outcome, count(*) FROM assoc.apply() GROUP BY 1;
-- no column differs from its key
SELECT key.attname, format_type(key.atttypid, key.atttypmod), format_type(fk.atttypid, fk.atttypmod)
FROM pg_attribute key JOIN pg_attribute fk ON fk.attname = 'fk_' || key.attname AND fk.attrelid = 'types'::regclass
WHERE key.attrelid = 'keys'::regclass
	AND (key.atttypid, key.atttypmod, key.attcollation) IS DISTINCT FROM (fk.atttypid, fk.atttypmod, fk.attcollation);
SELECT count(*) FROM pg_constraint WHERE conrelid = 'types'::regclass AND contype = 'f' AND convalidated;
SELECT * FROM steps();

--
-- A column, its key, the index; a column that exists; a composite key.
--
CREATE TABLE "Users" (id integer PRIMARY KEY, "tenant.id" integer NOT NULL, "the ""no""" integer NOT NULL,
	UNIQUE ("tenant.id", "the ""no"""));
CREATE TABLE "Todos" (id integer PRIMARY KEY, "ownerId" integer);
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.belongs_to('Todo', 'User', 'owner', foreign_key => 'ownerId', on_delete => 'cascade', deferral => 'deferred');
SELECT assoc.belongs_to('Todo', 'User', 'pair', foreign_key => '{"tenant.id","the \"no\""}',
	target_key => '{"tenant.id","the \"no\""}', on_update => 'CASCADE', required => true);
SELECT * FROM steps();
-- bounded by association and by model; unknown names raise
SELECT * FROM steps('Todo.owner');
SELECT count(*) FROM steps('User');
SELECT count(*) FROM steps(' Todo.owner , Todo.user ');
SELECT * FROM steps('Todo.nobody');
SELECT * FROM steps('Nobody');
SELECT * FROM outcomes();
\d "Todos"
SELECT * FROM steps();

--
-- A junction table, for a pair and for a self-association.
--
CREATE TABLE tags (tag_id uuid PRIMARY KEY);
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', foreign_key => 'todo_id', other_key => 'tag_id',
	inverse => 'todos');
SELECT assoc.belongs_to_many('Tag', 'Tag', 'related', through => 'tag_relations', foreign_key => 'tag_id',
	other_key => 'related_id');
SELECT * FROM steps();
SELECT * FROM outcomes();
\d todo_tags
SELECT * FROM steps();

--
-- An index is planned unless one serves already.
--
CREATE FUNCTION index_planned(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	CREATE TABLE indexed (id integer PRIMARY KEY, x integer, user_id integer REFERENCES "Users");
	EXECUTE 'CREATE ' || definition;
	PERFORM assoc.define_model('Indexed', 'indexed');
	PERFORM assoc.belongs_to('Indexed', 'User', foreign_key => 'user_id');
	SELECT coalesce(string_agg(p.sql, '; '), 'serves') INTO result FROM assoc.plan('Indexed') p;
	PERFORM assoc.drop_model('Indexed', cascade => true);
	DROP TABLE indexed;
	RETURN result;
END $$;
SELECT index_planned(d), d FROM unnest(ARRAY[
	'INDEX ON indexed (user_id)',
	'INDEX ON indexed (user_id, x)',
	'INDEX ON indexed (user_id DESC NULLS LAST) INCLUDE (x)',
	'INDEX ON indexed USING hash (user_id)',
	'UNIQUE INDEX ON indexed (user_id)',
	'INDEX ON indexed (x, user_id)',
	'INDEX ON indexed (x) INCLUDE (user_id)',
	'INDEX ON indexed (user_id) WHERE x > 0',
	'INDEX ON indexed (user_id) WHERE user_id IS NOT NULL',
	'INDEX ON indexed ((user_id + 0))',
	'INDEX ON indexed USING brin (user_id)']) WITH ORDINALITY AS l(d, n) ORDER BY n;
-- a composite key is served in any order of the leading columns
CREATE TABLE members (id integer PRIMARY KEY, x integer, u integer, t integer,
	FOREIGN KEY (t, u) REFERENCES "Users" ("tenant.id", "the ""no"""));
CREATE INDEX ON members (u, t, x);
SELECT assoc.belongs_to('Member', 'User', foreign_key => 't, u', target_key => '{"tenant.id","the \"no\""}');
SELECT * FROM steps('Member');
DROP INDEX members_u_t_x_idx;
CREATE INDEX ON members (u, x, t);
SELECT * FROM steps('Member');
-- an invalid one does not serve, and its name is not used again
CREATE TABLE notes (id integer PRIMARY KEY, user_id integer REFERENCES "Users");
INSERT INTO "Users" VALUES (1, 1, 1);
INSERT INTO notes VALUES (1, 1), (2, 1);
CREATE UNIQUE INDEX CONCURRENTLY ON notes (user_id);
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id');
SELECT * FROM steps('Note');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', index => false);
SELECT * FROM steps('Note');

--
-- has_one: a unique index, and back to has_many.
--
CREATE TABLE profiles (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES "Users" ON DELETE CASCADE);
CREATE INDEX profiles_by_user ON profiles (user_id);
SELECT assoc.has_one('User', 'Profile');
SELECT * FROM steps('User.profile');
SELECT * FROM steps('User.profile', online => true);
SELECT * FROM outcomes('User.profile');
SELECT * FROM steps('User.profile');
SELECT assoc.belongs_to('Profile', 'User', foreign_key => 'user_id');
SELECT assoc.drop_association('User.profile');
-- nothing says "at most one" any more; profiles_by_user serves as before
SELECT * FROM steps('Profile');
-- and where nothing does, a plain index takes its place
DROP INDEX profiles_by_user;
SELECT * FROM steps('Profile');
SELECT association, status, difference FROM assoc.associations WHERE association = 'Profile.user';
SELECT * FROM outcomes('Profile');
SELECT * FROM steps('Profile');
-- a unique index that was there before stays when the has_one goes
CREATE TABLE badges (id integer PRIMARY KEY, user_id integer UNIQUE REFERENCES "Users");
SELECT assoc.has_one('User', 'Badge');
SELECT assoc.drop_association('User.badge');
SELECT assoc.has_many('User', 'Badge');
SELECT * FROM steps('User.badges');
-- the first by an order wants no unique index
SELECT assoc.has_one('User', 'Todo', 'first_todo', foreign_key => 'userId', order_by => 'id');
SELECT * FROM steps('User.first_todo');

--
-- required, both ways.
--
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', required => true, index => false);
SELECT * FROM steps('Note');
SELECT * FROM outcomes('Note');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', required => false, index => false);
SELECT * FROM steps('Note');
SELECT association, status, difference FROM assoc.associations WHERE association = 'Note.user';
SELECT * FROM outcomes('Note');
-- unsaid: what is there stays
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', index => false);
SELECT * FROM steps('Note');

--
-- Changed actions are one statement; a changed deferral needs no new key.
--
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', on_delete => 'CASCADE', index => false);
SELECT * FROM steps('Note');
SELECT * FROM outcomes('Note');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', on_delete => 'RESTRICT', on_update => 'CASCADE',
	deferral => 'immediate', index => false);
SELECT * FROM steps('Note');
SELECT * FROM outcomes('Note');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', deferral => 'deferred', index => false);
SELECT * FROM steps('Note');
SELECT * FROM outcomes('Note');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', deferral => 'none', index => false);
SELECT * FROM steps('Note');
SELECT * FROM outcomes('Note');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'notes'::regclass AND contype = 'f';
SELECT assoc.belongs_to('Todo', 'User', 'pair', foreign_key => '{"tenant.id","the \"no\""}',
	target_key => '{"tenant.id","the \"no\""}', on_delete => 'set_null ("the ""no""")', required => false);
SELECT * FROM steps('Todo.pair');
SELECT * FROM outcomes('Todo.pair');
SELECT * FROM steps('Todo.pair');

--
-- enforce none drops the key that apply() made, and no other.
--
SELECT assoc.belongs_to('Todo', 'User', 'owner', foreign_key => 'ownerId', enforce => 'none');
SELECT * FROM steps('Todo.owner');
SELECT * FROM outcomes('Todo.owner');
SELECT * FROM steps('Todo.owner');
SELECT assoc.belongs_to('Todo', 'User', 'owner', foreign_key => 'ownerId');
SELECT * FROM steps('Todo.owner');
SELECT * FROM outcomes('Todo.owner');
CREATE TABLE pets (id integer PRIMARY KEY, user_id integer REFERENCES "Users");
SELECT assoc.belongs_to('Pet', 'User', enforce => 'none', index => false);
SELECT * FROM steps('Pet');
-- the key that replaced an adopted one was not there first, yet it is not ours to drop
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', enforce => 'none', index => false);
SELECT * FROM steps('Note');

--
-- What no DDL mends is a row without SQL.
--
ALTER TABLE pets DROP COLUMN user_id, ADD user_id text;
SELECT assoc.belongs_to('Todo', 'User', 'owner', foreign_key => 'ownerId', on_delete => 'SET NULL');
ALTER TABLE "Todos" ALTER "ownerId" SET NOT NULL;
SELECT * FROM steps('Todo.owner');
SELECT * FROM outcomes('Todo.owner');
SELECT association, status, difference FROM assoc.associations WHERE association = 'Todo.owner';
-- also where a junction is to be created and the other side's table is not there, as after a selective restore
CREATE TABLE labels (id integer PRIMARY KEY);
SELECT assoc.belongs_to_many('Todo', 'Label', through => 'todo_labels', inverse => 'todos');
CREATE TEMPORARY TABLE saved_model AS SELECT * FROM assoc_internal.model;
CREATE TEMPORARY TABLE saved_declaration AS SELECT * FROM assoc_internal.declaration;
\set VERBOSITY terse
DROP TABLE tags, labels CASCADE;
INSERT INTO assoc_internal.model SELECT * FROM saved_model;
INSERT INTO assoc_internal.declaration SELECT * FROM saved_declaration;
SELECT * FROM steps('Tag');
SELECT * FROM steps('Label');
SELECT association, status FROM assoc.associations WHERE target IN ('Tag', 'Label') OR association ~ '^(Tag|Label)' ORDER BY 1;

SELECT pg_temp.forget();
