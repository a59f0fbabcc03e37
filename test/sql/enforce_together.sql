-- The same as enforce_actions, with triggers on the parents that act for the rows of a statement together. Only what
-- differs from a native key is shown.
\getenv abs_srcdir PG_ABS_SRCDIR
SET twin.together = 'on';
SET twin.quiet = 'on';
\set file :abs_srcdir '/sql/enforce_actions.sql'
\set ECHO none
\i :file
\set ECHO all

-- more keys than are gone through at once
\set ECHO none
\i :include
\set ECHO all
SET twin.together = 'on';
CALL make('CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE cascade_c (id text); CREATE TABLE none_c (id text); CREATE INDEX ON cascade_c (id);
	INSERT INTO p SELECT i FROM generate_series(1, 140000) i; INSERT INTO cascade_c SELECT i FROM generate_series(1, 140000, 7) i');
CALL refer('cascade_c_fkey', 'cascade_c', '{id}', 'p', '{id}', 'CASCADE', 'CASCADE');
CALL refer('none_c_fkey', 'none_c', '{id}', 'p', '{id}');
SELECT result('ours', 'DELETE FROM p');
SELECT count(*) FROM ours.cascade_c;
SELECT result('ours', 'INSERT INTO p VALUES (1), (2), (139999); INSERT INTO none_c VALUES (139999), (2)');
SELECT result('ours', 'DELETE FROM p');
SELECT result('ours', 'UPDATE p SET id = ''x'' || id');
SELECT result('ours', 'DELETE FROM none_c; DELETE FROM p');
-- a key that is not unique needs row triggers for UPDATE
CALL make('CREATE TABLE q (a integer, b integer UNIQUE); CREATE TABLE d (a integer); INSERT INTO q VALUES (1, 1), (1, 2); INSERT INTO d VALUES (1)');
INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns, on_delete, on_update, deferral)
	VALUES ('d.many', '', 'd_a_fkey', 'trigger', 'ours', 'd', '{a}', 'NO ACTION', 'NO ACTION', 'none');
INSERT INTO assoc_internal.enforced_target (reference, declarer, parent_schema, parent_table, key) VALUES ('d.many', '', 'ours', 'q', '{a}');
CALL enforce_triggers('d.many');
SELECT regexp_replace(result('ours', 'UPDATE q SET a = 2 WHERE b = 1'), 'au_[0-9a-f]{16}', 'au_<hash>');
SELECT result('ours', 'DELETE FROM q WHERE b = 1');
SELECT result('ours', 'DELETE FROM q WHERE b = 2');
-- rows of an heir would be taken for the parent's own: its trigger becomes one of each row; another that is made is refused
CREATE TABLE ours.heir () INHERITS (ours.q);
SELECT result('ours', 'DELETE FROM q');
DO $$
DECLARE
    name text := (SELECT tgname FROM pg_trigger WHERE tgrelid = 'ours.q'::regclass AND tgname LIKE 'RI\_assoc\_a\_%');
BEGIN
    EXECUTE format('DROP TRIGGER %I ON ours.q', name);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON ours.q REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'
        ' EXECUTE FUNCTION assoc_internal.parent_deleted(''d.many'')', name);
END $$;
SELECT regexp_replace(result('ours', 'DELETE FROM q'), 'a_[0-9a-f]{16}', 'a_<hash>');
CALL clean();
