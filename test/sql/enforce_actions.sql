-- ON DELETE and ON UPDATE by triggers, beside a native key in the same tables: same outcome, same error, same rows.
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/twins.sql'
\set echo :ECHO
\set ECHO none
\i :include
\set ECHO :echo

-- every action, on delete and on update
CREATE PROCEDURE family(name text, action text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (id integer PRIMARY KEY, note text);
		CREATE TABLE %1$s_c (id integer PRIMARY KEY, pid integer DEFAULT 9);
		CREATE INDEX ON %1$s_c (pid);
		INSERT INTO %1$s_p SELECT i, ''p'' || i FROM generate_series(1, 9) i;
		INSERT INTO %1$s_c SELECT i, nullif(i %% 5, 0) FROM generate_series(1, 20) i', name));
	CALL refer(name || '_c_pid_fkey', name || '_c', '{pid}', name || '_p', '{id}', action, action);
END $$;
CREATE FUNCTION story(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		-- nobody refers to it
		'DELETE FROM %1$s_p WHERE id = 8',
		'UPDATE %1$s_p SET id = 80 WHERE id = 7',
		-- not the key
		'UPDATE %1$s_p SET note = upper(note)',
		'UPDATE %1$s_p SET id = id, note = note || ''!'' WHERE id = 1',
		-- somebody does
		'DELETE FROM %1$s_p WHERE id = 1',
		'UPDATE %1$s_p SET id = 20 WHERE id = 2',
		-- several, at once
		'DELETE FROM %1$s_p WHERE id IN (3, 5)',
		'UPDATE %1$s_p SET id = id + 100 WHERE id IN (4, 6)',
		-- the default itself
		'INSERT INTO %1$s_c VALUES (100)',
		'DELETE FROM %1$s_p WHERE id = 9',
		'UPDATE %1$s_p SET id = 90 WHERE id = 9',
		-- everything
		'DELETE FROM %1$s_p',
		'DELETE FROM %1$s_c',
		'DELETE FROM %1$s_p'] LOOP
		RETURN QUERY SELECT format(statement, name) || ': ' || b FROM same(format(statement, name)) b;
	END LOOP;
END $$;
CALL family('no_action', 'NO ACTION');
CALL family('restrict', 'RESTRICT');
CALL family('cascade', 'CASCADE');
CALL family('set_null', 'SET NULL');
CALL family('set_default', 'SET DEFAULT');
SELECT story('no_action');
SELECT story('restrict');
SELECT story('cascade');
SELECT story('set_null');
SELECT story('set_default');

-- the two events may differ, and names may be anything
CALL make('CREATE TABLE "Us ers" (id integer PRIMARY KEY, "Na""me" text UNIQUE);
	CREATE TABLE "To""dos" (id integer PRIMARY KEY, "user Id" integer, "user Na""me" text);
	INSERT INTO "Us ers" VALUES (1, ''Ada''), (2, ''Grace''), (3, NULL);
	INSERT INTO "To""dos" VALUES (1, 1, ''Ada''), (2, 2, ''Grace''), (3, NULL, NULL)');
CALL refer('to"dos_user_id_fkey', 'To"dos', '{user Id}', 'Us ers', '{id}', 'SET NULL', 'CASCADE');
CALL refer('todos name', 'To"dos', '{"user Na\"me"}', 'Us ers', '{"Na\"me"}', 'CASCADE', 'RESTRICT');
SELECT same('UPDATE "Us ers" SET id = 10 WHERE id = 1');
SELECT same('UPDATE "Us ers" SET "Na""me" = ''ada'' WHERE id = 10');
SELECT same('UPDATE "Us ers" SET "Na""me" = ''Barbara'' WHERE "Na""me" IS NULL');
SELECT same('UPDATE "Us ers" SET "Na""me" = NULL WHERE "Na""me" = ''Barbara''');
SELECT same('DELETE FROM "Us ers" WHERE "Na""me" IS NULL');
SELECT same('DELETE FROM "Us ers" WHERE id = 2');
SELECT rows('To"dos');

-- keys of two columns: MATCH SIMPLE and MATCH FULL, all columns and some
CREATE PROCEDURE pair(name text, on_delete text, on_update text, match text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (a integer, b integer, UNIQUE (a, b));
		CREATE TABLE %1$s_c (id integer PRIMARY KEY, b integer DEFAULT 2, a integer DEFAULT 2);
		INSERT INTO %1$s_p VALUES (1, 1), (1, 2), (2, 1), (2, 2), (NULL, 1), (3, NULL);
		INSERT INTO %1$s_c VALUES (1, 1, 1), (2, 2, 1), (3, 1, 2), (4, 2, 2), (5, NULL, NULL)', name));
	IF match = 'full' THEN
		CALL make(format('CREATE INDEX ON %s_c (b, a)', name));
	END IF;
	CALL refer(name || '_c_fkey', name || '_c', '{a, b}', name || '_p', '{a, b}', on_delete, on_update, 'none', match);
END $$;
CREATE FUNCTION pair_story(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	FOREACH statement IN ARRAY ARRAY[
		'INSERT INTO %1$s_c VALUES (6, NULL, 1)',
		'INSERT INTO %1$s_c VALUES (7, 7, NULL)',
		'INSERT INTO %1$s_c VALUES (8, 1, 8)',
		'UPDATE %1$s_c SET a = NULL WHERE id = 4',
		'DELETE FROM %1$s_p WHERE a IS NULL OR b IS NULL',
		'UPDATE %1$s_p SET a = 5 WHERE a = 1 AND b = 2',
		'UPDATE %1$s_p SET b = NULL WHERE a = 2 AND b = 1',
		'DELETE FROM %1$s_p WHERE a = 1 AND b = 1',
		'DELETE FROM %1$s_p WHERE a = 2',
		'DELETE FROM %1$s_p'] LOOP
		RETURN QUERY SELECT format(statement, name) || ': ' || b FROM same(format(statement, name)) b;
	END LOOP;
	RETURN QUERY SELECT rows(name || '_c');
END $$;
CALL pair('simple_none', 'NO ACTION', 'NO ACTION', 'simple');
CALL pair('full_none', 'NO ACTION', 'NO ACTION', 'full');
CALL pair('simple_cascade', 'CASCADE', 'CASCADE', 'simple');
CALL pair('full_cascade', 'CASCADE', 'CASCADE', 'full');
CALL pair('simple_null', 'SET NULL', 'SET NULL', 'simple');
CALL pair('full_null', 'SET NULL', 'SET NULL', 'full');
CALL pair('simple_null_b', 'SET NULL (b)', 'CASCADE', 'simple');
CALL pair('full_null_b', 'SET NULL (b)', 'SET DEFAULT', 'full');
CALL pair('simple_default', 'SET DEFAULT', 'SET NULL', 'simple');
CALL pair('simple_default_a', 'SET DEFAULT (a)', 'RESTRICT', 'simple');
SELECT pair_story('simple_none');
SELECT pair_story('full_none');
SELECT pair_story('simple_cascade');
SELECT pair_story('full_cascade');
SELECT pair_story('simple_null');
SELECT pair_story('full_null');
SELECT pair_story('simple_null_b');
SELECT pair_story('full_null_b');
SELECT pair_story('simple_default');
SELECT pair_story('simple_default_a');

-- NO ACTION looks at the end of the statement, RESTRICT does not
CALL make('CREATE TABLE shift (id integer PRIMARY KEY);
	CREATE TABLE shift_no_action (id integer); CREATE TABLE shift_restrict (id integer);
	INSERT INTO shift VALUES (12), (11)');
CALL refer('shift_no_action_id_fkey', 'shift_no_action', '{id}', 'shift', '{id}', 'NO ACTION', 'NO ACTION');
CALL refer('shift_restrict_id_fkey', 'shift_restrict', '{id}', 'shift', '{id}', 'RESTRICT', 'RESTRICT');
SELECT same('UPDATE shift SET id = id + 1');
SELECT same('INSERT INTO shift_no_action VALUES (13)');
SELECT same('UPDATE shift SET id = id + 1');
SELECT same('UPDATE shift SET id = id - 1 WHERE id = 13');
SELECT same('DELETE FROM shift_no_action');
SELECT same('INSERT INTO shift_restrict VALUES (13)');
SELECT same('UPDATE shift SET id = id + 1');
SELECT same('UPDATE shift SET id = 15 WHERE id = 14');

-- deferred: only the state at the end counts; actions never wait
CREATE PROCEDURE later(name text, action text, deferral text) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (id integer PRIMARY KEY); CREATE TABLE %1$s_c (id integer, pid integer);
		INSERT INTO %1$s_p VALUES (1), (2); INSERT INTO %1$s_c VALUES (1, 1), (2, 2)', name));
	CALL refer(name || '_c_pid_fkey', name || '_c', '{pid}', name || '_p', '{id}', action, action, deferral);
END $$;
CALL later('deferred', 'NO ACTION', 'deferred');
CALL later('deferrable', 'NO ACTION', 'immediate');
CALL later('deferred_restrict', 'RESTRICT', 'deferred');
CALL later('deferred_cascade', 'CASCADE', 'deferred');
SELECT same('DELETE FROM deferred_p WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('DELETE FROM deferred_p WHERE id = 1; DELETE FROM deferred_c WHERE pid = 1; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('DELETE FROM deferred_p WHERE id = 2; INSERT INTO deferred_p VALUES (2); SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('UPDATE deferred_p SET id = 3 WHERE id = 2; UPDATE deferred_p SET id = 2 WHERE id = 3; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('UPDATE deferred_p SET id = 3 WHERE id = 2; UPDATE deferred_c SET pid = 3; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('DELETE FROM deferrable_p WHERE id = 1; DELETE FROM deferrable_c WHERE pid = 1');
SELECT same('SET CONSTRAINTS ALL DEFERRED; DELETE FROM deferrable_p WHERE id = 1; DELETE FROM deferrable_c WHERE pid = 1; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('DELETE FROM deferred_restrict_p WHERE id = 1; DELETE FROM deferred_restrict_c WHERE pid = 1; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('DELETE FROM deferred_cascade_p WHERE id = 1; SELECT 1 / count(*) FROM deferred_cascade_c WHERE pid = 1');
SELECT same('DELETE FROM deferred_cascade_p WHERE id = 1');
-- a deferred check sees a row that is inserted and changed in the same transaction, also in a subtransaction
SELECT same('INSERT INTO deferred_c VALUES (5, 50); UPDATE deferred_c SET id = 6 WHERE id = 5; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same('INSERT INTO deferred_c VALUES (5, 50); DELETE FROM deferred_c WHERE id = 5; SET CONSTRAINTS ALL IMMEDIATE');
SELECT same($$INSERT INTO deferred_c VALUES (5, 50);
	DO 'BEGIN UPDATE deferred_c SET id = 6 WHERE id = 5; EXCEPTION WHEN OTHERS THEN NULL; END'; SET CONSTRAINTS ALL IMMEDIATE$$);
SELECT same($$INSERT INTO deferred_c VALUES (5, 50);
	DO 'BEGIN UPDATE deferred_c SET id = 6 WHERE id = 5; RAISE division_by_zero; EXCEPTION WHEN OTHERS THEN NULL; END'; SET CONSTRAINTS ALL IMMEDIATE$$);
SELECT same($$INSERT INTO deferred_c VALUES (5, 50);
	DO 'BEGIN UPDATE deferred_c SET pid = 3 WHERE id = 5; EXCEPTION WHEN OTHERS THEN NULL; END'; SET CONSTRAINTS ALL IMMEDIATE$$);

-- rows that refer to rows of their own table
CALL make('CREATE TABLE tree (id integer PRIMARY KEY, up integer); CREATE TABLE ring (id integer PRIMARY KEY, next integer);
	CREATE TABLE alone (id integer PRIMARY KEY, up integer);
	INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 4), (6, NULL);
	INSERT INTO ring VALUES (1, 2), (2, 3), (3, 1); INSERT INTO alone VALUES (1, 1), (2, 1), (3, 3)');
CALL refer('tree_up_fkey', 'tree', '{up}', 'tree', '{id}', 'CASCADE', 'CASCADE');
CALL refer('ring_next_fkey', 'ring', '{next}', 'ring', '{id}', 'SET NULL', 'CASCADE');
CALL refer('alone_up_fkey', 'alone', '{up}', 'alone', '{id}');
SELECT same('UPDATE tree SET id = id * 10 WHERE id IN (1, 4)');
SELECT same('DELETE FROM tree WHERE id = 2');
SELECT rows('tree');
SELECT same('DELETE FROM tree WHERE id = 10');
SELECT rows('tree');
SELECT same('UPDATE ring SET id = 30 WHERE id = 3');
SELECT same('DELETE FROM ring WHERE id = 1');
SELECT rows('ring');
SELECT same('DELETE FROM alone WHERE id = 1');
SELECT same('DELETE FROM alone WHERE id = 3');
SELECT same('DELETE FROM alone');

-- diamonds, and actions that meet
CALL make('CREATE TABLE top (id integer PRIMARY KEY); CREATE TABLE le (id integer PRIMARY KEY, t integer);
	CREATE TABLE ri (id integer PRIMARY KEY, t integer); CREATE TABLE bottom (id integer PRIMARY KEY, l integer, r integer);
	INSERT INTO top VALUES (1), (2); INSERT INTO le VALUES (1, 1), (2, 2); INSERT INTO ri VALUES (1, 1), (2, 2);
	INSERT INTO bottom VALUES (1, 1, 1), (2, 2, 2), (3, 1, 2)');
CALL refer('le_t_fkey', 'le', '{t}', 'top', '{id}', 'CASCADE', 'CASCADE');
CALL refer('ri_t_fkey', 'ri', '{t}', 'top', '{id}', 'CASCADE', 'SET NULL');
CALL refer('bottom_l_fkey', 'bottom', '{l}', 'le', '{id}', 'CASCADE', 'CASCADE');
CALL refer('bottom_r_fkey', 'bottom', '{r}', 'ri', '{id}', 'SET NULL', 'CASCADE');
SELECT same('UPDATE top SET id = 10 WHERE id = 1');
SELECT same('DELETE FROM top WHERE id = 2');
SELECT rows('bottom');
SELECT same('DELETE FROM top WHERE id = 10');
SELECT rows('bottom');

-- types: what is equal, not what looks the same; what has other bytes is passed on
CREATE PROCEDURE typed(name text, key text, fk text, VARIADIC keys text[]) LANGUAGE plpgsql AS $$
BEGIN
	CALL make(format('CREATE TABLE %1$s_p (k %2$s UNIQUE); CREATE TABLE %1$s_c (n serial, k %3$s);
		CREATE INDEX ON %1$s_c (k); INSERT INTO %1$s_p VALUES (%4$L), (%5$L); INSERT INTO %1$s_c (k) VALUES (%4$L), (%5$L), (NULL)', name, key, fk, keys[1], keys[2]));
	CALL refer(name || '_k', name || '_c', '{k}', name || '_p', '{k}', 'CASCADE', 'CASCADE');
END $$;
CREATE FUNCTION typed_story(name text, VARIADIC keys text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	-- equal, other bytes, if there are
	RETURN QUERY SELECT name || ' ' || b FROM same(format('UPDATE %s_p SET k = %L WHERE k = %L', name, keys[2], keys[1])) b;
	RETURN QUERY SELECT '    ' || r FROM rows(name || '_c') r;
	RETURN QUERY SELECT '    ' || b FROM same(format('UPDATE %s_p SET k = %L WHERE k = %L', name, keys[3], keys[2])) b;
	RETURN QUERY SELECT '    ' || r FROM rows(name || '_c') r;
	RETURN QUERY SELECT '    ' || b FROM same(format('DELETE FROM %s_p WHERE k = %L', name, keys[4])) b;
	RETURN QUERY SELECT '    ' || r FROM rows(name || '_c') r;
END $$;
CREATE DOMAIN native.positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN ours.positive AS integer CHECK (VALUE > 0);
CALL typed('int8_int4', 'bigint', 'integer', '1', '2');
CALL typed('int4_int8', 'integer', 'bigint', '1', '2');
CALL typed('int2_int4', 'smallint', 'integer', '1', '2');
CALL typed('numeric', 'numeric', 'numeric', '1.0', '2');
CALL typed('numeric_int4', 'numeric', 'integer', '1', '2');
CALL typed('float8_float4', 'double precision', 'real', '-0', '2');
CALL typed('text_varchar', 'text', 'varchar(10)', 'a', 'b');
CALL typed('varchar_text', 'varchar', 'text', 'a', 'b');
CALL typed('bpchar', 'character(4)', 'character(6)', 'a', 'b');
CALL typed('bpchar_text', 'character(4)', 'text', 'a', 'b');
CALL typed('uuid', 'uuid', 'uuid', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002');
CALL typed('date_timestamp', 'date', 'timestamp', '2026-01-01', '2026-01-02');
CALL typed('timestamptz', 'timestamptz', 'timestamptz', '2026-01-01 00:00+00', '2026-01-02 00:00+00');
CALL typed('domain', 'positive', 'integer', '1', '2');
CALL typed('int4_domain', 'integer', 'positive', '1', '2');
CALL typed('interval', 'interval', 'interval', '24 hours', '2 hours');
CALL typed('bytea', 'bytea', 'bytea', '\x01', '\x02');
CALL typed('boolean', 'boolean', 'boolean', 'true', 'false');
CALL typed('array', 'integer[]', 'integer[]', '{1,2}', '{2}');
CALL typed('range', 'int4range', 'int4range', '[1,2)', '[2,3)');
SELECT typed_story('int8_int4', '1', '1', '10', '2');
SELECT typed_story('int8_int4', '10', '10', '10000000000', '10');
SELECT typed_story('int4_int8', '1', '1', '10', '2');
SELECT typed_story('int2_int4', '1', '1', '10', '2');
SELECT typed_story('numeric', '1', '1.00', '10', '2.0');
SELECT typed_story('numeric_int4', '1', '1.00', '10', '2.0');
SELECT typed_story('numeric_int4', '10', '10', '10.5', '10.5');
SELECT typed_story('float8_float4', '0', '0', '10', '2');
SELECT typed_story('text_varchar', 'a', 'a', 'aa', 'b');
SELECT typed_story('text_varchar', 'aa', 'aa', 'longer than ten', 'aa');
SELECT typed_story('varchar_text', 'a', 'a', 'aa', 'b');
SELECT typed_story('bpchar', 'a', 'a ', 'aa', 'b');
SELECT typed_story('bpchar_text', 'a', 'a ', 'aa', 'b');
SELECT typed_story('uuid', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001',
	'00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000002');
SELECT typed_story('date_timestamp', '2026-01-01', '2026-01-01', '2026-01-03', '2026-01-02');
SELECT typed_story('timestamptz', '2026-01-01 00:00+00', '2026-01-01 01:00+01', '2026-01-03 00:00+00', '2026-01-02 00:00+00');
SELECT typed_story('domain', '1', '1', '10', '2');
SELECT typed_story('domain', '10', '10', '-10', '2');
SELECT typed_story('int4_domain', '1', '1', '10', '2');
SELECT typed_story('int4_domain', '10', '10', '-10', '10');
SELECT typed_story('interval', '24 hours', '1 day', '2 days', '120 minutes');
SELECT typed_story('bytea', '\x01', '\x01', '\x03', '\x02');
SELECT typed_story('boolean', 'true', 'true', NULL, 'false');
SELECT typed_story('array', '{1,2}', '{1,2}', '{3}', '{2}');
SELECT typed_story('range', '[1,2)', '[1,1]', '[5,6)', '[2,3)');

-- rows of inheritance children are nobody's: neither children nor parents
CALL make('CREATE TABLE base (id integer PRIMARY KEY); CREATE TABLE leaf () INHERITS (base);
	CREATE TABLE kid (id integer, b integer); CREATE TABLE grandkid () INHERITS (kid);
	INSERT INTO base VALUES (1), (2); INSERT INTO leaf VALUES (1), (3);
	INSERT INTO kid VALUES (1, 1), (2, 2); INSERT INTO grandkid VALUES (3, 1), (4, 77)');
CALL refer('kid_b_fkey', 'kid', '{b}', 'base', '{id}', 'CASCADE', 'CASCADE');
SELECT same('INSERT INTO kid VALUES (5, 3)');
SELECT same('DELETE FROM leaf WHERE id = 1');
SELECT same('UPDATE ONLY base SET id = 20 WHERE id = 2');
SELECT same('DELETE FROM base WHERE id = 1');
SELECT rows('kid');

-- what the child's own triggers see and do
CALL make('CREATE TABLE seen (n serial, what text);
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
		INSERT INTO seen (what) VALUES (concat_ws('' '', TG_WHEN, TG_OP, TG_LEVEL, TG_TABLE_NAME, OLD::text, NEW::text));
		RETURN coalesce(NEW, OLD); END $f$;
	CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NULL; END $f$;
	CREATE TABLE told (id integer PRIMARY KEY); CREATE TABLE told_del (id integer, t integer); CREATE TABLE told_null (id integer, t integer);
	CREATE TABLE kept (id integer, t integer);
	INSERT INTO told VALUES (1), (2), (3); INSERT INTO told_del VALUES (1, 1), (2, 1), (3, 2); INSERT INTO told_null VALUES (1, 1), (2, 1), (3, 2);
	CREATE TRIGGER a BEFORE DELETE OR UPDATE ON told FOR EACH ROW EXECUTE FUNCTION tell();
	CREATE TRIGGER a BEFORE DELETE OR UPDATE ON told_del FOR EACH ROW EXECUTE FUNCTION tell();
	CREATE TRIGGER b AFTER DELETE OR UPDATE ON told_del FOR EACH ROW EXECUTE FUNCTION tell();
	CREATE TRIGGER c AFTER DELETE OR UPDATE ON told_del FOR EACH STATEMENT EXECUTE FUNCTION tell();
	CREATE TRIGGER a BEFORE DELETE OR UPDATE ON told_null FOR EACH ROW EXECUTE FUNCTION tell();
	CREATE TRIGGER "Before" AFTER DELETE OR UPDATE ON told FOR EACH ROW EXECUTE FUNCTION tell();
	CREATE TRIGGER "after" AFTER DELETE OR UPDATE ON told FOR EACH ROW EXECUTE FUNCTION tell()');
CALL refer('told_del_t_fkey', 'told_del', '{t}', 'told', '{id}', 'CASCADE', 'CASCADE');
SELECT same('UPDATE told SET id = 10 WHERE id = 1');
SELECT same('DELETE FROM told WHERE id < 100');
SELECT rows('seen');
CALL make('TRUNCATE seen');
-- a trigger that keeps the row: it is left an orphan
CALL make('INSERT INTO told VALUES (4), (5); INSERT INTO kept VALUES (1, 4), (2, 5);
	CREATE TRIGGER k BEFORE DELETE ON kept FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION keep()');
CALL refer('kept_t_fkey', 'kept', '{t}', 'told', '{id}', 'CASCADE', 'CASCADE');
SELECT same('DELETE FROM told WHERE id IN (4, 5)');
SELECT rows('kept');

-- rules that take the query from us
CALL make('CREATE TABLE ruled_p (id integer PRIMARY KEY); CREATE TABLE ruled_c (id integer, pid integer);
	INSERT INTO ruled_p VALUES (1), (2); INSERT INTO ruled_c VALUES (1, 1)');
CALL refer('ruled_c_pid_fkey', 'ruled_c', '{pid}', 'ruled_p', '{id}', 'CASCADE', 'SET NULL');
CALL make('CREATE RULE r AS ON DELETE TO ruled_c DO INSTEAD NOTHING');
SELECT same('DELETE FROM ruled_p WHERE id = 1');
CALL make('CREATE RULE s AS ON UPDATE TO ruled_c DO INSTEAD SELECT 1');
SELECT same('UPDATE ruled_p SET id = 5 WHERE id = 1');

-- columns that stand elsewhere; a plan made before a column came
CALL make('CREATE TABLE moved_p (x integer, id integer PRIMARY KEY); CREATE TABLE moved_c (x integer, pid integer);
	ALTER TABLE moved_p DROP x; ALTER TABLE moved_c DROP x; INSERT INTO moved_p VALUES (1), (2), (3); INSERT INTO moved_c VALUES (1), (2)');
CALL refer('moved_c_pid_fkey', 'moved_c', '{pid}', 'moved_p', '{id}', 'SET NULL', 'CASCADE');
SELECT same('DELETE FROM moved_p WHERE id = 1');
CALL make('ALTER TABLE moved_c ADD y text DEFAULT ''y''');
SELECT same('UPDATE moved_p SET id = 20 WHERE id = 2');
SELECT rows('moved_c');

CALL clean();
