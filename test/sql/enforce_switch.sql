-- From a foreign key to triggers and back, by one call or by the plan: what takes over is there before the other goes.
CREATE SCHEMA enforce_switch;
SET search_path = enforce_switch;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

-- what enforces the table's references now
CREATE FUNCTION by_what(child regclass) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = child AND contype = 'f'
	UNION ALL SELECT concat_ws(' ', mode, name, match, on_delete, '/', on_update, '/', deferral, CASE WHEN NOT validated THEN 'NOT VALID' END)
		FROM assoc_internal.enforced WHERE child_table = (SELECT relname FROM pg_class WHERE oid = child) ORDER BY 1 $$;

CREATE TABLE "Users" (id integer PRIMARY KEY);
CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer);
INSERT INTO "Users" VALUES (1), (2);
INSERT INTO "Todos" VALUES (1, 1), (2, NULL);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE', inverse => 'todos');
SELECT outcomes();

--
-- A valid key says that the rows are right.
--
SELECT assoc.set_enforcement('Todo.user', 'trigger');
SELECT by_what('"Todos"');
SELECT failing($$ INSERT INTO "Todos" VALUES (3, 9) $$);
SELECT assoc.set_enforcement('Todo.user', 'trigger');
SELECT assoc.set_enforcement('User.todos', 'foreign_key');
SELECT by_what('"Todos"');
SELECT association, enforce, status FROM assoc.associations ORDER BY 1;
-- it is said where it was said
SELECT assoc.document()::jsonb #> '{models,Todo}' -> 'belongs_to', assoc.document()::jsonb #> '{models,User}' -> 'has_many';
SELECT assoc.set_enforcement('Todo.user', 'statement');
SELECT by_what('"Todos"');
SELECT assoc.set_enforcement('Todo.user', 'none');
SELECT by_what('"Todos"');
INSERT INTO "Todos" VALUES (3, 9);
SELECT assoc.set_enforcement('Todo.user', 'TRIGGER');
SELECT by_what('"Todos"');
-- unchecked triggers make an unchecked key, and the other way round
SELECT assoc.set_enforcement('Todo.user', 'foreign_key');
SELECT by_what('"Todos"');
SELECT assoc.set_enforcement('Todo.user', 'trigger');
SELECT by_what('"Todos"');
DELETE FROM "Todos" WHERE id = 3;
SELECT assoc.set_enforcement('Todo.user', 'trigger');
SELECT by_what('"Todos"');

--
-- By the plan: the steps, their order, their locks; nothing else of the association is done by the call.
--
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'SET NULL', enforce => 'foreign_key');
SELECT steps();
SELECT outcomes(online => true);
SELECT by_what('"Todos"');
SELECT outcomes();
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'RESTRICT', enforce => 'trigger');
SELECT steps();
SELECT outcomes(online => true);
SELECT by_what('"Todos"');
DROP INDEX "Todos_userId_idx";
SELECT assoc.set_enforcement('Todo.user', 'foreign_key');
SELECT steps();
-- what is held while a step runs, for it is held to the end
CREATE FUNCTION held() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT relation::regclass || ': ' || string_agg(DISTINCT mode, ', ' ORDER BY mode) FROM pg_locks
	WHERE locktype = 'relation' AND pid = pg_backend_pid() AND relation IN ('"Todos"'::regclass, '"Users"'::regclass) GROUP BY relation ORDER BY 1 $$;
SELECT assoc.set_enforcement('Todo.user', 'none');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', enforce => 'trigger', index => false);
BEGIN;
SELECT assoc_internal.enforce('Todo.user');
SELECT held();
COMMIT;
BEGIN;
SELECT assoc_internal.validate_reference('Todo.user');
SELECT held();
COMMIT;
BEGIN;
SELECT assoc_internal.unenforce('Todo.user');
SELECT held();
ROLLBACK;

--
-- A key that somebody made: its name, its MATCH FULL and its columns in another order stay.
--
CREATE TABLE accounts (tenant integer, id integer, PRIMARY KEY (tenant, id));
CREATE TABLE entries (id integer PRIMARY KEY, account integer, tenant integer,
	CONSTRAINT "my key" FOREIGN KEY (tenant, account) REFERENCES accounts (tenant, id) MATCH FULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
SELECT assoc.belongs_to('Entry', 'Account', 'of', foreign_key => 'tenant, account', target_key => 'tenant, id', index => false);
SELECT assoc.set_enforcement('Entry.of', 'trigger');
SELECT by_what('entries');
SELECT failing('INSERT INTO entries VALUES (1, NULL, 1); SET CONSTRAINTS ALL IMMEDIATE');
SELECT failing('INSERT INTO entries VALUES (1, 1, 1); SET CONSTRAINTS ALL IMMEDIATE');
SELECT assoc.set_enforcement('Entry.of', 'foreign_key');
SELECT by_what('entries');
-- a key as well as triggers
SELECT assoc.set_enforcement('Entry.of', 'trigger');
ALTER TABLE entries ADD CONSTRAINT again FOREIGN KEY (tenant, account) REFERENCES accounts (tenant, id);
SELECT steps('Entry');
SELECT outcomes('Entry');
SELECT by_what('entries');
-- declared by somebody else, a path, not known, or nothing yet to enforce
SELECT failing($$ SELECT assoc.set_enforcement('Entry.nobody', 'trigger') $$);
SELECT failing($$ SELECT assoc.set_enforcement('Entry.of', 'triggers') $$);
SELECT failing($$ SELECT assoc.set_enforcement('Entry.of', NULL) $$);
SELECT failing($$ SELECT assoc.set_enforcement(NULL, 'trigger') $$);
SELECT assoc.belongs_to('Entry', 'User', foreign_key => 'user_id');
SELECT assoc.set_enforcement('Entry.user', 'trigger');
SELECT steps('Entry.user');
SELECT outcomes('Entry.user');
SELECT by_what('entries');
-- two sides that say different things
SELECT assoc.has_many('User', 'Entry', foreign_key => 'user_id');
SELECT assoc.set_enforcement('User.entries', 'foreign_key');
SELECT by_what('entries');

--
-- Partitions: a key of the whole is not one of a part, and scans at once; until it is there the triggers stay.
--
CREATE TABLE parts (id integer, user_id integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (1, 9);
SELECT assoc.belongs_to('Part', 'User', foreign_key => 'user_id', enforce => 'trigger', index => false);
SELECT outcome FROM assoc.apply('Part');
SELECT regexp_replace(assoc.set_enforcement('Part.user', 'foreign_key'), ';.*blocked', '; ... blocked') ~ 'blocked';
SELECT count(*) > 0 FROM assoc_internal.enforced WHERE child_table = 'parts' OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'parts'::regclass AND contype = 'f');
SELECT line ~ 'violates foreign key' FROM failing('INSERT INTO parts VALUES (2, 9)') AS line WHERE line !~ '^DETAIL';
DELETE FROM parts;
SELECT count(*) FROM assoc.apply('Part') WHERE outcome <> 'done';
SELECT by_what('parts');
SELECT assoc.define_model('Piece', 'parts_1');
SELECT assoc.belongs_to('Piece', 'User', foreign_key => 'user_id', enforce => 'trigger', index => false);
SELECT steps('Piece');

--
-- A key that is not unique: the last row that has it is held, by a trigger before the UPDATE, too.
--
CREATE TABLE rooms (id integer PRIMARY KEY, "the floor" integer);
CREATE TABLE guests (id integer PRIMARY KEY, "floor" integer);
INSERT INTO rooms VALUES (1, 1), (2, 1), (3, 3);
INSERT INTO guests VALUES (1, 1);
SELECT assoc.belongs_to('Guest', 'Room', foreign_key => 'floor', target_key => 'the floor', on_delete => 'NO ACTION', on_update => 'NO ACTION', enforce => 'trigger', index => false);
SELECT outcome FROM assoc.apply('Guest');
SELECT regexp_replace(tgname, '_[0-9a-f]{16}', '') AS name FROM pg_trigger WHERE tgrelid = 'rooms'::regclass ORDER BY tgname COLLATE "C";
UPDATE rooms SET "the floor" = 4 WHERE id = 3;
UPDATE rooms SET "the floor" = 2 WHERE id = 1;
SELECT failing('UPDATE rooms SET "the floor" = 2 WHERE id = 2');
SELECT failing('DELETE FROM rooms WHERE id = 2');
UPDATE rooms SET "the floor" = 1 WHERE id = 1;
DELETE FROM rooms WHERE id = 2;
SELECT steps('Guest');
-- another type, and the trigger missing
ALTER TABLE rooms ALTER COLUMN "the floor" TYPE bigint;
SELECT steps('Guest');
SELECT format('DROP TRIGGER %I ON rooms', tgname) AS statement FROM pg_trigger WHERE tgrelid = 'rooms'::regclass AND tgname LIKE 'RI\_assoc\_e\_%' \gset
:statement;
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*') FROM steps('Guest') AS line;
SELECT outcome FROM assoc.apply('Guest');
SELECT failing('UPDATE rooms SET "the floor" = 3');

SELECT pg_temp.forget();
