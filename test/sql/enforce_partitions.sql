-- Partitioned children and parents, beside a native key.
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/twins.sql'
\set ECHO none
\i :include
\set ECHO all

-- a partitioned child; its partitions have their columns in other places
CREATE PROCEDURE child(name text, action text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (id integer PRIMARY KEY);
		CREATE TABLE %1$s_c (id integer, pid integer DEFAULT 9, note text) PARTITION BY RANGE (id);
		CREATE TABLE %1$s_c1 PARTITION OF %1$s_c FOR VALUES FROM (0) TO (10);
		CREATE TABLE %1$s_c2 (gone integer, note text, pid integer DEFAULT 9, id integer);
		ALTER TABLE %1$s_c2 DROP gone; ALTER TABLE %1$s_c ATTACH PARTITION %1$s_c2 FOR VALUES FROM (10) TO (20);
		CREATE TABLE %1$s_c3 PARTITION OF %1$s_c DEFAULT PARTITION BY LIST (note);
		CREATE TABLE %1$s_c31 PARTITION OF %1$s_c3 DEFAULT;
		INSERT INTO %1$s_p SELECT i FROM generate_series(1, 9) i;
		INSERT INTO %1$s_c SELECT i, nullif(i %% 6, 0), ''n'' FROM generate_series(1, 29) i', name));
	CALL refer(name || '_c_pid_fkey', name || '_c', '{pid}', name || '_p', '{id}', action, action);
END $$;
CREATE FUNCTION child_story(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		'INSERT INTO %1$s_c VALUES (12, 77)',
		'INSERT INTO %1$s_c2 (id, pid) VALUES (12, 77)',
		'UPDATE %1$s_c SET pid = 77 WHERE id = 25',
		-- to another partition, with and without the key
		'UPDATE %1$s_c SET id = id + 10 WHERE id = 8',
		'UPDATE %1$s_c SET id = id + 10, pid = 77 WHERE id = 7',
		'UPDATE %1$s_c SET id = id + 10, pid = 8 WHERE id = 7',
		'DELETE FROM %1$s_p WHERE id = 7',
		'DELETE FROM %1$s_p WHERE id = 1',
		'UPDATE %1$s_p SET id = 20 WHERE id = 2',
		'DELETE FROM %1$s_p WHERE id IN (3, 8)',
		'UPDATE %1$s_p SET id = id + 100 WHERE id IN (4, 6)',
		'DELETE FROM %1$s_p WHERE id = 9',
		'DELETE FROM %1$s_p'] LOOP
		RETURN QUERY SELECT format(statement, name) || ': ' || b FROM same(format(statement, name)) b;
	END LOOP;
END $$;
CALL child('none', 'NO ACTION');
CALL child('restrict', 'RESTRICT');
CALL child('cascade', 'CASCADE');
CALL child('setnull', 'SET NULL');
CALL child('setdefault', 'SET DEFAULT');
SELECT child_story('none');
SELECT child_story('restrict');
SELECT child_story('cascade');
SELECT child_story('setnull');
SELECT child_story('setdefault');

-- a partitioned parent: moving a row to another partition changes its key
CREATE PROCEDURE parent(name text, action text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (note text, id integer PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE %1$s_p1 PARTITION OF %1$s_p FOR VALUES FROM (0) TO (10);
		CREATE TABLE %1$s_p2 (gone integer, id integer NOT NULL, note text);
		ALTER TABLE %1$s_p2 DROP gone; ALTER TABLE %1$s_p ATTACH PARTITION %1$s_p2 FOR VALUES FROM (10) TO (20);
		CREATE TABLE %1$s_p3 PARTITION OF %1$s_p DEFAULT PARTITION BY RANGE (id);
		CREATE TABLE %1$s_p31 PARTITION OF %1$s_p3 DEFAULT;
		CREATE TABLE %1$s_c (id integer, pid integer DEFAULT 9);
		INSERT INTO %1$s_p SELECT ''p'' || i, i FROM generate_series(1, 29) i;
		INSERT INTO %1$s_c SELECT i, nullif(i, 29) FROM generate_series(1, 29, 2) i', name));
	CALL refer(name || '_c_pid_fkey', name || '_c', '{pid}', name || '_p', '{id}', action, action);
END $$;
CREATE FUNCTION parent_story(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		'INSERT INTO %1$s_c VALUES (77, 77)',
		'UPDATE %1$s_p SET note = upper(note) WHERE id < 20',
		-- within a partition
		'UPDATE %1$s_p SET id = 0 WHERE id = 2',
		'UPDATE %1$s_p SET id = 2 WHERE id = 3',
		'DELETE FROM %1$s_p WHERE id = 4',
		'DELETE FROM %1$s_p WHERE id = 5',
		'DELETE FROM %1$s_p2 WHERE id = 11',
		'UPDATE %1$s_p2 SET id = 10 WHERE id = 13',
		-- to another one: nobody refers to it, somebody does
		'UPDATE %1$s_p SET id = id + 30 WHERE id = 6',
		'UPDATE %1$s_p SET id = id + 30 WHERE id = 7',
		'UPDATE %1$s_p SET id = 7 WHERE id = 15',
		'UPDATE %1$s_p SET id = id + 30 WHERE id IN (8, 12)',
		'UPDATE %1$s_p SET id = 9 WHERE id = 9',
		-- the default
		'UPDATE %1$s_p SET id = 40 WHERE id = 9',
		'DELETE FROM %1$s_p WHERE id > 20',
		'DELETE FROM %1$s_p'] LOOP
		RETURN QUERY SELECT format(statement, name) || ': ' || b FROM same(format(statement, name)) b;
	END LOOP;
	RETURN QUERY SELECT rows(name || '_c');
END $$;
CALL parent('pnone', 'NO ACTION');
CALL parent('prestrict', 'RESTRICT');
CALL parent('pcascade', 'CASCADE');
CALL parent('psetnull', 'SET NULL');
CALL parent('psetdefault', 'SET DEFAULT');
SELECT parent_story('pnone');
SELECT parent_story('prestrict');
SELECT parent_story('pcascade');
SELECT parent_story('psetnull');
SELECT parent_story('psetdefault');

-- several rows that are referred to, moved by one statement: which went where, the triggers cannot tell
CALL make('DELETE FROM pcascade_c; DELETE FROM pcascade_p; INSERT INTO pcascade_p SELECT ''p'', i FROM generate_series(1, 9) i;
	INSERT INTO pcascade_c SELECT i, i FROM generate_series(1, 9) i');
SELECT result('ours', 'UPDATE pcascade_p SET id = id + 10 WHERE id IN (1, 2)');
SELECT same('UPDATE pcascade_p SET id = id + 10 WHERE id = 1');
SELECT same('UPDATE pcascade_p SET id = id + 30 WHERE id = 2; UPDATE pcascade_p SET id = id + 30 WHERE id = 3');
-- and back, in the same transaction
SELECT same('UPDATE pcascade_p SET id = 12 WHERE id = 4; UPDATE pcascade_p SET id = 4 WHERE id = 12');
-- one that nobody refers to goes with it
SELECT same('DELETE FROM pcascade_c WHERE pid = 5');
SELECT result('ours', 'UPDATE pcascade_p SET id = id + 10 WHERE id IN (5, 6)');
SELECT rows('pcascade_c');

-- what ON DELETE and ON UPDATE say comes at different moments: at once, and at the end
CREATE PROCEDURE apart(name text, on_delete text, on_update text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (id integer PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE %1$s_p1 PARTITION OF %1$s_p FOR VALUES FROM (0) TO (10);
		CREATE TABLE %1$s_p2 PARTITION OF %1$s_p DEFAULT;
		CREATE TABLE %1$s_c (id integer, pid integer);
		INSERT INTO %1$s_p SELECT generate_series(1, 29);
		INSERT INTO %1$s_c SELECT i, i FROM generate_series(1, 29, 2) i;
		-- queued by what the action does, also when it comes at the end
		CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END'';
		CREATE TRIGGER after AFTER UPDATE OR DELETE ON %1$s_c FOR EACH ROW EXECUTE FUNCTION touch()', name));
	CALL refer(name || '_c_pid_fkey', name || '_c', '{pid}', name || '_p', '{id}', on_delete, on_update, 'deferred');
END $$;
CREATE FUNCTION apart_story(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		'UPDATE %1$s_p SET id = 40 WHERE id = 1; DELETE FROM %1$s_c WHERE pid = 1',
		'UPDATE %1$s_p SET id = 43 WHERE id = 3; SET CONSTRAINTS ALL IMMEDIATE',
		'UPDATE %1$s_p SET id = 45 WHERE id = 5; UPDATE %1$s_p SET id = 5 WHERE id = 45; SET CONSTRAINTS ALL IMMEDIATE',
		'UPDATE %1$s_p SET id = 10 WHERE id = 10',
		'DELETE FROM %1$s_p WHERE id = 7; DELETE FROM %1$s_c WHERE pid = 7; SET CONSTRAINTS ALL IMMEDIATE',
		'DELETE FROM %1$s_p WHERE id = 9; SET CONSTRAINTS ALL IMMEDIATE',
		'DELETE FROM %1$s_p WHERE id = 11; INSERT INTO %1$s_p VALUES (11); SET CONSTRAINTS ALL IMMEDIATE'] LOOP
		RETURN QUERY SELECT format(statement, name) || ': ' || b FROM same(format(statement, name)) b;
	END LOOP;
	RETURN QUERY SELECT rows(name || '_c') LIMIT 6;
END $$;
CALL apart('late_cascade', 'NO ACTION', 'CASCADE');
CALL apart('late_null', 'NO ACTION', 'SET NULL');
CALL apart('late_restrict', 'NO ACTION', 'RESTRICT');
CALL apart('cascade_late', 'CASCADE', 'NO ACTION');
CALL apart('null_late', 'SET NULL', 'NO ACTION');
SELECT apart_story('late_cascade');
SELECT apart_story('late_null');
SELECT apart_story('late_restrict');
SELECT apart_story('cascade_late');
SELECT apart_story('null_late');

-- TRUNCATE of one partition
SELECT result('native', 'TRUNCATE pcascade_p1');
SELECT result('ours', 'TRUNCATE pcascade_p1');
SELECT result('ours', 'TRUNCATE pcascade_p');
SELECT same('TRUNCATE pcascade_p, pcascade_c');

-- both sides, and the table itself
CALL make('CREATE TABLE itself (id integer PRIMARY KEY, up integer) PARTITION BY RANGE (id);
	CREATE TABLE itself1 PARTITION OF itself FOR VALUES FROM (0) TO (10); CREATE TABLE itself2 PARTITION OF itself DEFAULT;
	INSERT INTO itself VALUES (1, NULL), (2, 1), (11, 2), (12, 11), (13, 1)');
CALL refer('itself_up_fkey', 'itself', '{up}', 'itself', '{id}', 'CASCADE', 'CASCADE');
SELECT same('INSERT INTO itself VALUES (3, 77)');
SELECT same('UPDATE itself SET id = 20 WHERE id = 2');
SELECT same('DELETE FROM itself WHERE id = 11');
SELECT same('DELETE FROM itself WHERE id = 1');
SELECT rows('itself');

CALL clean();
