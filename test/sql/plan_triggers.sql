-- What triggers enforce: the steps that put it in force, the triggers they make, and what becomes of them.
CREATE SCHEMA plan_triggers;
SET search_path = plan_triggers;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include

-- the triggers of a table, without the hash
CREATE FUNCTION triggers(tables text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(pg_get_triggerdef(t.oid), '_[0-9a-f]{16}', '_*'), '^CREATE (CONSTRAINT )?TRIGGER', '\1TRIGGER')
		|| CASE tgenabled WHEN 'O' THEN '' ELSE ' (' || tgenabled::text || ')' END
	FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = current_schema::regnamespace AND relname = ANY (tables) AND NOT tgisinternal
	ORDER BY relname COLLATE "C", tgname COLLATE "C" $$;
CREATE FUNCTION in_force() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', e.reference, e.name, e.mode, e.child_table, e.columns, e.match, e.on_delete, '/', e.on_update, '/', e.deferral,
		CASE WHEN e.validated THEN 'valid' ELSE 'not valid' END, '->', t.parent_table, t.key)
	FROM assoc_internal.enforced e LEFT JOIN assoc_internal.enforced_target t USING (reference)
	WHERE e.child_schema = current_schema ORDER BY e.reference $$;

--
-- From nothing: triggers, an index, and the rows are checked.
--
CREATE TABLE "Users" (id integer PRIMARY KEY, "e mail" text, tenant integer, UNIQUE (tenant, id));
CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, tenant integer);
INSERT INTO "Users" VALUES (1, 'a', 1), (2, 'a', 1);
INSERT INTO "Todos" VALUES (1, 1, 1), (2, 7, 1), (3, NULL, 1);
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', enforce => 'trigger', inverse => 'todos');
SELECT steps();
SELECT outcomes();
SELECT in_force();
SELECT triggers('{Users,Todos}');
SELECT association, enforce, on_delete, on_update, status, difference FROM assoc.associations ORDER BY 1;
SELECT * FROM assoc.describe('Todo');
-- new rows are checked at once, old ones when they are mended
SELECT failing($$ INSERT INTO "Todos" VALUES (4, 8) $$);
SELECT failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$);
DELETE FROM "Todos" WHERE id = 2;
SELECT outcomes();
SELECT association, enforce, status FROM assoc.associations ORDER BY 1;
SELECT * FROM assoc.describe('Todo');
SELECT steps();
-- what is said of it changes what is in force, and nothing need be checked again
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'RESTRICT', on_update => 'CASCADE', deferral => 'deferred', enforce => 'trigger');
SELECT steps();
SELECT association, status, difference FROM assoc.associations ORDER BY 1;
SELECT outcomes();
SELECT in_force();
SELECT triggers('{Users,Todos}');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'SET NULL ("user''s id")', enforce => 'statement', deferral => 'none');
SELECT steps();
SELECT outcomes();
SELECT in_force();
SELECT triggers('{Users,Todos}');
SELECT * FROM assoc.describe('Todo');
-- unsaid, it stays what it is
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id');
SELECT association, enforce, on_delete, on_update, status FROM assoc.associations ORDER BY 1;
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', enforce => 'trigger');
SELECT outcomes();

--
-- Somebody takes them apart.
--
SELECT format('DROP TRIGGER %I ON "Todos"', tgname) AS statement FROM pg_trigger WHERE tgname LIKE 'RI\_assoc\_cu\_%' AND tgrelid = '"Todos"'::regclass \gset
:statement;
SELECT in_force();
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*') FROM steps() AS line;
SELECT severity, code, regexp_replace(message, '_[0-9a-f]{16}', '_*'), fix FROM assoc.validate('Todo');
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*') FROM failing($$ SELECT assoc_internal.validate_reference('Todo.user') $$) AS line;
SELECT outcomes();
-- made anew by hand, and not the same
SELECT tgname FROM pg_trigger WHERE tgname LIKE 'RI\_assoc\_a\_%' AND tgrelid = '"Users"'::regclass \gset
DROP TRIGGER :"tgname" ON "Users";
CREATE CONSTRAINT TRIGGER :"tgname" AFTER DELETE ON "Users" FOR EACH ROW WHEN (OLD.id <> 1) EXECUTE FUNCTION assoc_internal.parent_deleted('Todos_user''s id');
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*') FROM steps() AS line;
SELECT outcomes();
SELECT triggers('{Users}');
-- under another name it checks twice, and goes when all are made anew
SELECT tgname FROM pg_trigger WHERE tgname LIKE 'RI\_assoc\_at\_%' AND tgrelid = '"Users"'::regclass \gset
ALTER TRIGGER :"tgname" ON "Users" RENAME TO zzz;
SELECT outcomes();
SELECT triggers('{Users}');
-- switched off
ALTER TABLE "Todos" DISABLE TRIGGER USER;
SELECT regexp_replace(line, '_[0-9a-f]{16}', '_*', 'g') FROM outcomes() AS line;
SELECT severity, code, regexp_replace(message, '_[0-9a-f]{16}', '_*'), regexp_replace(fix, '_[0-9a-f]{16}', '_*') FROM assoc.validate('Todo');
ALTER TABLE "Todos" ENABLE TRIGGER USER;
ALTER TABLE "Users" ENABLE REPLICA TRIGGER "RI_assoc_forget";
SELECT severity, code, message, fix FROM assoc.validate('Todo');
ALTER TABLE "Users" ENABLE TRIGGER ALL;
SELECT outcomes();
SELECT triggers('{Users,Todos}');
SELECT in_force();

--
-- Each type: what tells that a column changed.  Nothing is planned any more, so the conditions are what they shall be.
--
CREATE TYPE "Mood" AS ENUM ('fine', 'bad');
CREATE DOMAIN plain_domain AS integer;
CREATE COLLATION "My ""C""" (provider = libc, locale = 'C');
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE keys (
	id integer PRIMARY KEY,
	k_bigint bigint UNIQUE,
	k_varchar varchar(20) UNIQUE,
	k_char char(5) UNIQUE,
	k_numeric numeric(10, 2) UNIQUE,
	k_float float UNIQUE,
	k_time timestamptz(3) UNIQUE,
	k_timetz timetz UNIQUE,
	k_uuid uuid UNIQUE,
	k_enum "Mood" UNIQUE,
	k_plain plain_domain UNIQUE,
	k_collated text COLLATE "My ""C""" UNIQUE,
	k_array integer[] UNIQUE,
	k_interval interval UNIQUE,
	k_pair pair UNIQUE,
	k_name name UNIQUE,
	k_inet inet UNIQUE
);
CREATE TABLE types (id integer PRIMARY KEY);
SELECT count(assoc.define_model('Key', 'keys'));
SELECT count(assoc.define_model('Type', 'types'));
SELECT count(assoc.belongs_to('Type', 'Key', alias => k, foreign_key => 'fk_' || k, target_key => k, index => false, enforce => 'trigger'))
FROM unnest(ARRAY['k_bigint', 'k_varchar', 'k_char', 'k_numeric', 'k_float', 'k_time', 'k_timetz', 'k_uuid', 'k_enum', 'k_plain', 'k_collated',
	'k_array', 'k_interval', 'k_pair', 'k_name', 'k_inet']) k;
SELECT outcome, count(*) FROM assoc.apply('Type') GROUP BY 1;
SELECT substring(t from 'TRIGGER "(RI_assoc_[ac]u)') || ' ' || substring(t from 'WHEN \((.*)\) EXECUTE') FROM triggers('{keys,types}') t
	WHERE t LIKE '%UPDATE%WHEN%' ORDER BY substring(t from 'WHEN.*') COLLATE "C";
SELECT count(*) FROM assoc.plan('Type');
-- and so in a session that looks for operators elsewhere
CREATE FUNCTION never(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR = (FUNCTION = never, LEFTARG = integer, RIGHTARG = integer);
SET search_path = plan_triggers, pg_catalog;
SELECT count(*) FROM assoc.plan('Type');
CREATE TABLE others (id integer PRIMARY KEY, k integer);
SELECT count(assoc.belongs_to('Other', 'Key', foreign_key => 'k', enforce => 'trigger'));
SELECT outcome, count(*) FROM assoc.apply('Other') GROUP BY 1;
SELECT failing('INSERT INTO others VALUES (1, 1)');
SET search_path = plan_triggers;
SELECT count(*) FROM assoc.plan('Other');
DROP OPERATOR plan_triggers.= (integer, integer);

--
-- More than a key can say, and what cannot be said.
--
CREATE TABLE notes (id integer PRIMARY KEY, mail text);
SELECT failing($$ SELECT assoc.belongs_to('Note', 'User', foreign_key => 'mail', target_key => 'e mail') $$);
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'mail', target_key => 'e mail', enforce => 'trigger');
SELECT outcomes('Note');
INSERT INTO notes VALUES (1, 'a');
SELECT failing($$ INSERT INTO notes VALUES (2, 'b') $$);
SELECT failing($$ SELECT assoc.set_enforcement('Note.user', 'foreign_key') $$);
CREATE TABLE parts (id integer, user_id integer) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
SELECT failing($$ SELECT assoc.belongs_to('Part', 'User', foreign_key => 'user_id', enforce => 'statement') $$);
SELECT failing($$ SELECT assoc.belongs_to('Note', 'User', foreign_key => 'mail', target_key => 'e mail', enforce => 'statement', deferral => 'deferred') $$);
CREATE VIEW seen AS SELECT * FROM "Todos";
SELECT failing($$ SELECT assoc.belongs_to('Seen', 'User', foreign_key => 'user''s id', enforce => 'trigger') $$);
-- no cast that somebody made runs as the parent's owner
CREATE TYPE odd AS ENUM ('1');
CREATE FUNCTION odd_to_int(odd) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (odd AS integer) WITH FUNCTION odd_to_int(odd) AS IMPLICIT;
CREATE TABLE odds (id integer PRIMARY KEY, user_id odd);
SELECT failing($$ SELECT assoc.belongs_to('Odd', 'User', foreign_key => 'user_id', enforce => 'trigger') $$);
-- columns that are yet to be made, and a junction
SELECT assoc.belongs_to('Note', 'User', 'author', foreign_key => 'author_id', enforce => 'trigger', required => false);
CREATE TABLE tags (id integer PRIMARY KEY);
SELECT assoc.belongs_to_many('Note', 'Tag', through => 'note_tags', enforce => 'trigger');
SELECT steps('Note');
SELECT outcomes('Note');
SELECT in_force();
SELECT steps('Note');
SELECT assoc.belongs_to_many('Tag', 'Note', through => 'note_tags', enforce => 'trigger');
SELECT outcomes('Tag');
SELECT triggers('{note_tags}');

--
-- Partitions: of the child by themselves, of the parent all they need.
--
SELECT assoc.belongs_to('Part', 'User', foreign_key => 'user_id', enforce => 'trigger');
SELECT outcomes('Part');
SELECT triggers('{parts,parts_1}');
CREATE TABLE places (id integer NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (0) TO (10);
CREATE TABLE stays (id integer PRIMARY KEY, place_id integer);
SELECT assoc.belongs_to('Stay', 'Place', foreign_key => 'place_id', enforce => 'trigger');
SELECT outcomes('Stay');
SELECT triggers('{places,places_1}');
SELECT steps('Stay');

--
-- Who may, and what is refused.
--
SELECT failing($$ SELECT assoc_internal.enforce('Nobody.user') $$);
SELECT failing($$ SELECT assoc_internal.enforce(NULL) $$);
SELECT failing($$ SELECT assoc_internal.enforce('Todo.user', in_place_of => 'gone_fkey') $$);
SELECT failing($$ SELECT assoc_internal.unenforce('Nobody.user') $$);
SELECT failing($$ SELECT assoc_internal.unenforce(NULL) $$);
SELECT failing($$ SELECT assoc_internal.validate_reference('nobody') $$);
SELECT assoc.has_many('User', 'Tag', 'tags', through => 'notes.tags') FROM (SELECT assoc.has_many('User', 'Note', foreign_key => 'author_id')) s;
SELECT failing($$ SELECT assoc_internal.enforce('User.tags') $$);
CREATE TABLE free (id integer PRIMARY KEY, user_id integer);
SELECT assoc.belongs_to('Free', 'User', foreign_key => 'user_id', enforce => 'none');
SELECT failing($$ SELECT assoc_internal.enforce('Free.user') $$);
SELECT failing($$ SELECT assoc_internal.unenforce('Free.user') $$);
SELECT failing($$ SELECT assoc_internal.validate_reference('Free.user') $$);
SELECT assoc.belongs_to('Free', 'User', 'maker', foreign_key => 'maker_id', enforce => 'trigger');
SELECT failing($$ SELECT assoc_internal.enforce('Free.maker') $$);

--
-- Nobody declares it any more: it stays in force until the plan says that it ends.
--
SELECT assoc.drop_association('User.todos');
SELECT assoc.drop_association('Todo.user');
SELECT failing($$ INSERT INTO "Todos" VALUES (4, 8) $$);
SELECT association, reason, sql, lock, on_table FROM assoc.plan() WHERE sql LIKE '%unenforce%';
SELECT severity, code, association, message, fix FROM assoc.validate(data => false) WHERE fix LIKE '%unenforce%';
SELECT assoc.drop_model('Note', cascade => true);
SELECT sql, outcome FROM assoc.apply() WHERE sql LIKE '%unenforce%';
SELECT triggers('{Todos}');
INSERT INTO "Todos" VALUES (4, 8);
-- declared again, nothing is left of what was
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id');
SELECT steps('Todo');

RESET search_path;
SELECT plan_triggers.failing('SELECT 1');
SET search_path = plan_triggers;
SELECT pg_temp.forget();
SELECT count(*) FROM assoc_internal.enforced WHERE child_schema = 'plan_triggers';
