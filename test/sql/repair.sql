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

-- a NOTICE tells how far it is
CALL bad();
SET assoc.progress_interval = 0;
CALL assoc.repair('Todo.user', 'delete', 4);
RESET assoc.progress_interval;
SELECT * FROM whole();

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

-- a trigger that keeps the rows: told, and no endless loop
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE OR UPDATE ON stubborn FOR EACH ROW EXECUTE FUNCTION keep();
CALL assoc.repair('Stubborn.user', 'delete');
CALL assoc.repair('Stubborn.user', 'quarantine');
SELECT * FROM stubborn;
SELECT count(*) FROM assoc.quarantined WHERE relation = 'stubborn'::regclass;
-- one that keeps some of them: only what is gone is in quarantine
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RETURN CASE WHEN OLD.id % 2 = 0 THEN OLD END; END $$;
INSERT INTO stubborn VALUES (2, 98), (3, 97), (4, 96);
CALL assoc.repair('Stubborn.user', 'quarantine');
SELECT * FROM stubborn ORDER BY id;
SELECT "row" FROM assoc.quarantined WHERE relation = 'stubborn'::regclass ORDER BY "row"::text;
-- one that changes another row of the batch, and an error: the batch is undone
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	UPDATE stubborn SET user_id = 95 WHERE id = OLD.id + 2; RETURN OLD; END $$;
DROP TRIGGER keep ON stubborn;
DROP TRIGGER undo ON stubborn;
CREATE TRIGGER keep BEFORE DELETE ON stubborn FOR EACH ROW EXECUTE FUNCTION keep();
SELECT failing($$CALL assoc.repair('Stubborn.user', 'quarantine')$$);
SELECT * FROM stubborn ORDER BY id;
SELECT count(*) FROM assoc.quarantined WHERE relation = 'stubborn'::regclass;
DROP TRIGGER keep ON stubborn;
\set SHOW_CONTEXT never
-- what refers to the rows: one batch is done, the next one is undone
CREATE TABLE held (stubborn_id integer REFERENCES stubborn);
INSERT INTO held VALUES (3);
SELECT count(*) FROM stubborn;
CALL assoc.repair('Stubborn.user', 'delete', 1);
SELECT * FROM stubborn ORDER BY id;
DROP TABLE held;
-- nothing in a transaction that may not write
BEGIN TRANSACTION READ ONLY;
SELECT count(*) FROM assoc.orphans('Stubborn.user');
CALL assoc.repair('Stubborn.user', 'delete');
ROLLBACK;
\set SHOW_CONTEXT errors
-- in a block with subtransactions, and in DO
BEGIN;
SAVEPOINT before;
CALL assoc.repair('Stubborn.user', 'delete');
ROLLBACK TO before;
SELECT count(*) FROM stubborn;
COMMIT;
DO $$ BEGIN CALL assoc.repair('Stubborn.user', 'delete', 1); END $$;
SELECT count(*) FROM stubborn;

-- a tree: each pass takes a level
CREATE TABLE nodes (id integer PRIMARY KEY, parent_id integer);
INSERT INTO nodes SELECT i, i - 1 FROM generate_series(2, 31) i;
SELECT assoc.belongs_to('Node', 'Node', alias => 'parent', foreign_key => 'parent_id');
CALL assoc.repair('Node.parent', 'delete', 7);
SELECT count(*) FROM nodes;

-- parents that can't be made: a generated key, a value that is none of its type, another unique index
CREATE TABLE codes (id integer UNIQUE, code integer GENERATED ALWAYS AS (id * 2) STORED UNIQUE);
CREATE TABLE uses (code integer);
INSERT INTO uses VALUES (7);
SELECT assoc.belongs_to('Use', 'Code', alias => 'by_code', foreign_key => 'code', target_key => 'code');
SELECT failing($$CALL assoc.repair('Use.by_code', 'restore_parent')$$);
CREATE TABLE days (day date PRIMARY KEY, note text DEFAULT '' UNIQUE);
CREATE TABLE moments (id integer PRIMARY KEY, at timestamp);
INSERT INTO moments VALUES (1, '2020-01-01'), (2, '2020-01-02 12:00');
SELECT assoc.belongs_to('Moment', 'Day', alias => 'day', foreign_key => 'at');
SELECT failing($$CALL assoc.repair('Moment.day', 'restore_parent')$$);
SELECT * FROM days;
UPDATE moments SET at = '2020-01-02' WHERE id = 2;
SELECT failing($$CALL assoc.repair('Moment.day', 'restore_parent')$$);
SELECT * FROM days;
INSERT INTO days VALUES ('2000-01-01');
CALL assoc.repair('Moment.day', 'restore_parent');
SELECT * FROM days;

-- a batch is tested whoever asks for it: no such job, another table, rows that are good or gone
SELECT assoc_internal.repair_batch('Todo.user', 'delete', 9, 'todos'::regclass, '{"(0,1)"}', 0, 0),
	assoc_internal.repair_batch('Todo.user', 'delete', -1, 'todos'::regclass, '{"(0,1)"}', 0, 0),
	assoc_internal.repair_batch('Todo.user', 'delete', 0, 'users'::regclass, '{"(0,1)","(0,2)","(0,3)"}', 0, 0),
	assoc_internal.repair_batch('Moment.day', 'quarantine', 0, 'days'::regclass, '{"(0,1)"}', 0, 0),
	assoc_internal.repair_batch('Moment.day', 'quarantine', 0, 'moments'::regclass, '{"(99,1)"}', 0, 0);
SELECT failing($$SELECT assoc_internal.repair_batch('Todo.user', 'drop', 0, 'todos'::regclass, '{}', 0, 0)$$);
SELECT failing($$SELECT assoc_internal.repair_batch('Todo.user', 'delete', 0, 'todos'::regclass, '1'') OR (''x', 0, 0)$$);

-- set_null does what SET NULL (column) would; MATCH FULL wants all of them
CREATE TABLE rooms (house integer, number integer, PRIMARY KEY (house, number));
CREATE TABLE guests (id integer PRIMARY KEY, house integer, number integer);
INSERT INTO guests VALUES (1, 1, 1);
ALTER TABLE guests ADD FOREIGN KEY (house, number) REFERENCES rooms ON DELETE SET NULL (number) NOT VALID;
SELECT assoc.belongs_to('Guest', 'Room', foreign_key => 'house, number');
CALL assoc.repair('Guest.room', 'set_null');
SELECT * FROM guests;
ALTER TABLE guests DROP CONSTRAINT guests_house_number_fkey;
UPDATE guests SET number = 1;
ALTER TABLE guests ALTER COLUMN house SET NOT NULL, ADD FOREIGN KEY (house, number) REFERENCES rooms MATCH FULL NOT VALID;
SELECT failing($$CALL assoc.repair('Guest.room', 'set_null')$$);
SELECT * FROM guests;

-- put back from quarantine exactly, whatever was set when they were taken
CREATE TYPE mood AS ENUM ('fine', 'so so');
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE kept (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id integer, at timestamptz, f float8, g float4,
	span interval, times tstzrange, moods mood[], p pair, raw bytea, n numeric, twice integer GENERATED ALWAYS AS (user_id * 2) STORED,
	"Odd ""name""" text);
INSERT INTO kept (user_id, at, f, g, span, times, moods, p, raw, n, "Odd ""name""") VALUES
	(50, '2020-03-04 05:06:07.891011+02', 0.1::float8 + 0.2, 1.1, '-1 mon +2 days -03:00', '[2020-03-04,2020-05-06)', '{fine,"so so"}',
	'(1,"x,y")', '\x00ff', 'NaN', E'a\n"b"');
CREATE TABLE kept_before AS TABLE kept;
SELECT assoc.belongs_to('Kept', 'User', foreign_key => 'user_id');
SET datestyle = 'SQL, DMY';
SET intervalstyle = sql_standard;
SET extra_float_digits = 0;
CALL assoc.repair('Kept.user', 'quarantine');
SHOW datestyle;
RESET datestyle;
RESET intervalstyle;
RESET extra_float_digits;
SELECT failing($$INSERT INTO kept SELECT r.* FROM assoc.quarantined q, jsonb_populate_record(NULL::kept, q."row") r
	WHERE q.relation = 'kept'::regclass$$);
INSERT INTO kept (id, user_id, at, f, g, span, times, moods, p, raw, n, "Odd ""name""") OVERRIDING SYSTEM VALUE
	SELECT r.id, r.user_id, r.at, r.f, r.g, r.span, r.times, r.moods, r.p, r.raw, r.n, r."Odd ""name"""
	FROM assoc.quarantined q, jsonb_populate_record(NULL::kept, q."row") r WHERE q.relation = 'kept'::regclass;
SELECT k IS NOT DISTINCT FROM b AS same FROM kept k, kept_before b;

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
-- what is in quarantine follows renames
CREATE VIEW counted AS SELECT association, relation, count(*) FROM assoc.quarantined GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM counted WHERE association LIKE '%.user';
SELECT relation::regclass AS moved FROM counted WHERE association = 'Event.user' LIMIT 1 \gset
ALTER TABLE :moved RENAME TO "Happen ings";
SELECT assoc.rename_association('Event.user', 'guest');
SELECT assoc.rename_model('Paper', 'Sheet');
SELECT * FROM counted WHERE association NOT LIKE 'Todo%';
CREATE SCHEMA repair_moved;
ALTER TABLE "Happen ings" SET SCHEMA repair_moved;
ALTER SCHEMA repair_moved RENAME TO "repair Moved";
SELECT * FROM counted WHERE association NOT LIKE 'Todo%';
ALTER TABLE "repair Moved"."Happen ings" SET SCHEMA repair;
DROP SCHEMA "repair Moved";
DROP VIEW counted;
DELETE FROM assoc_internal.quarantine;
SELECT pg_temp.forget();
