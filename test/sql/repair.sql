-- Mending what breaks an association.
CREATE SCHEMA repair;
SET search_path = repair;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

CREATE TABLE users (id integer PRIMARY KEY, name text);
CREATE TABLE todos (id integer PRIMARY KEY, title text, user_id integer);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', inverse => 'todos');
SELECT outcome FROM assoc.apply(online => true);
-- bad(): what to mend; whole(): the finding is gone and VALIDATE succeeds
CREATE PROCEDURE bad() LANGUAGE sql AS $$
	ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey;
	DELETE FROM todos;
	DELETE FROM users;
	INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace');
	INSERT INTO todos SELECT i, 'todo ' || i, nullif(i % 5, 4) FROM generate_series(1, 20) i;
	ALTER TABLE todos ADD CONSTRAINT todos_user_id_fkey FOREIGN KEY (user_id) REFERENCES users NOT VALID $$;
CREATE FUNCTION whole() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT code || ': ' || message FROM assoc.validate('Todo.user') WHERE code = 'orphans';
	ALTER TABLE todos VALIDATE CONSTRAINT todos_user_id_fkey;
	RETURN NEXT (SELECT format('%s todos, %s without user, %s users', count(*), count(*) - count(user_id),
		(SELECT count(*) FROM users)) FROM todos);
END $$;

-- there is no default
CALL bad();
SELECT failing($$CALL assoc.repair('Todo.user')$$);
SELECT failing($$CALL assoc.repair('Todo.user', 'drop')$$);
SELECT failing($$CALL assoc.repair('Todo.user', 'delete', 0)$$);
SELECT failing($$CALL assoc.repair('Todo.user', 'delete', NULL)$$);
SELECT failing($$CALL assoc.repair('Todo.users', 'delete')$$);
SELECT failing($$CALL assoc.repair(NULL, 'delete')$$);

CALL assoc.repair('Todo.user', 'delete', 3);
SELECT * FROM whole();
-- again: nothing to do
CALL assoc.repair('Todo.user', 'delete');
CALL bad();
CALL assoc.repair('User.todos', 'set_null', 1);
SELECT * FROM whole();
CALL bad();
CALL assoc.repair('Todo.user', 'restore_parent', 2);
SELECT * FROM whole();
SELECT * FROM users ORDER BY id;
CALL bad();
CALL assoc.repair('Todo.user', 'quarantine', 5);
SELECT * FROM whole();
SELECT association, relation, reason, "row" FROM assoc.quarantined WHERE relation = 'todos'::regclass ORDER BY ("row" ->> 'id')::int;
-- put one back
INSERT INTO todos SELECT r.* FROM assoc.quarantined q, jsonb_populate_record(NULL::todos, q."row" || '{"user_id": 1}') r
	WHERE relation = 'todos'::regclass AND r.id = 3;
SELECT * FROM todos WHERE id = 3;

-- in a transaction block nothing is committed
CALL bad();
BEGIN;
CALL assoc.repair('Todo.user', 'delete', 3);
ROLLBACK;
SELECT count(*) FROM assoc.orphans('Todo.user');

-- in a function nothing can be committed
CREATE FUNCTION mend() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL assoc.repair('Todo.user', 'delete', 3); END $$;
\set VERBOSITY sqlstate
SELECT mend();
\set VERBOSITY default
SELECT count(*) FROM assoc.orphans('Todo.user');

-- what can't be done is said before anything is
ALTER TABLE users ADD COLUMN email text, ADD COLUMN born date DEFAULT now(), ADD COLUMN n integer GENERATED ALWAYS AS IDENTITY;
UPDATE users SET email = name;
ALTER TABLE users ALTER COLUMN email SET NOT NULL, ALTER COLUMN name SET NOT NULL, ALTER COLUMN born SET NOT NULL;
SELECT failing($$CALL assoc.repair('Todo.user', 'restore_parent')$$);
DELETE FROM todos WHERE user_id IS NULL;
ALTER TABLE todos ALTER COLUMN user_id SET NOT NULL;
SELECT failing($$CALL assoc.repair('Todo.user', 'set_null')$$);
SELECT failing($$CALL assoc.repair('Todo.user')$$);
SELECT count(*) FROM assoc.orphans('Todo.user');
CALL assoc.repair('Todo.user', 'delete');
CALL assoc.repair('Todo.user', 'set_null');

-- a trigger that undoes it
CREATE TABLE stubborn (id integer PRIMARY KEY, user_id integer);
INSERT INTO stubborn VALUES (1, 99);
CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.user_id := 99; RETURN NEW; END $$;
CREATE TRIGGER undo BEFORE UPDATE ON stubborn FOR EACH ROW EXECUTE FUNCTION undo();
SELECT assoc.belongs_to('Stubborn', 'User', foreign_key => 'user_id');
CALL assoc.repair('Stubborn.user', 'set_null');

-- has one: the lowest key is kept
CREATE TABLE profiles (id integer PRIMARY KEY, user_id integer);
INSERT INTO profiles VALUES (3, 1), (2, 1), (1, 9), (4, NULL), (5, NULL), (6, 2);
SELECT assoc.has_one('User', 'Profile', foreign_key => 'user_id', inverse => 'user');
SELECT failing($$CALL assoc.repair('User.profile')$$);
-- the child's view has no opinion on rows too many
CALL assoc.repair('Profile.user', 'delete');
CALL assoc.repair('User.profile', 'set_null');
SELECT * FROM profiles ORDER BY id;
SELECT outcome FROM assoc.apply('User.profile');

-- a junction: orphans of both sides, and pairs; no primary key: the row that stands first
CREATE TABLE tags (id integer PRIMARY KEY);
CREATE TABLE todo_tags (todo_id integer, tag_id integer, note text);
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', foreign_key => 'todo_id', other_key => 'tag_id',
	inverse => 'todos');
INSERT INTO tags VALUES (1), (2);
INSERT INTO todo_tags VALUES (1, 1, 'first'), (1, 1, 'second'), (1, 2, 'x'), (99, 1, 'x'), (1, 9, 'x'), (NULL, 1, 'x');
CALL assoc.repair('Todo.tags', 'quarantine');
SELECT * FROM todo_tags ORDER BY todo_id, tag_id;
SELECT "row" ->> 'note', reason FROM assoc.quarantined WHERE relation = 'todo_tags'::regclass ORDER BY 1, 2;
SELECT outcome FROM assoc.apply('Todo.tags');

-- several columns: those that can be null; a key that is always generated
CREATE TABLE accounts (tenant integer, number bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant, number));
CREATE TABLE invoices (id integer PRIMARY KEY, tenant integer NOT NULL, number smallint);
INSERT INTO invoices VALUES (1, 1, 7), (2, 1, 7), (3, 2, NULL), (4, 2, 8);
SELECT assoc.belongs_to('Invoice', 'Account', foreign_key => 'tenant, number');
BEGIN;
CALL assoc.repair('Invoice.account', 'restore_parent');
SELECT * FROM accounts ORDER BY 1, 2;
ROLLBACK;
CALL assoc.repair('Invoice.account', 'set_null');
SELECT * FROM invoices ORDER BY id;

-- partitions and inheritance children, each with its own columns
CREATE TABLE events (id integer, user_id integer) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 (user_id integer, id integer);
ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (10) TO (20);
INSERT INTO events VALUES (1, 1), (2, 77), (3, 77), (11, 78);
SELECT count(assoc.belongs_to('Event', 'User'));
CALL assoc.repair('Event.user', 'quarantine', 1);
SELECT * FROM events;
CREATE TABLE papers (id integer PRIMARY KEY, user_id integer);
CREATE TABLE letters (stamp text) INHERITS (papers);
INSERT INTO papers VALUES (1, 1), (3, 55);
INSERT INTO letters VALUES (2, 55, 'blue');
SELECT assoc.belongs_to('Paper', 'User');
CALL assoc.repair('Paper.user', 'quarantine');
SELECT * FROM papers;
SELECT relation, "row" FROM assoc.quarantined WHERE association IN ('Event.user', 'Paper.user') ORDER BY relation::text, "row"::text;

-- a view has no rows to mend
CREATE VIEW shown AS SELECT 1 AS id, 99 AS user_id;
SELECT assoc.define_model('Shown', 'shown', key => 'id');
SELECT assoc.belongs_to('Shown', 'User', enforce => 'none');
SELECT failing($$CALL assoc.repair('Shown.user', 'delete')$$);

-- nothing runs now
SELECT * FROM assoc.running;
DELETE FROM assoc_internal.quarantine;
SELECT pg_temp.forget();
