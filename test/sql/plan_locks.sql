-- The columns lock and on_table against pg_locks, step by step; and what apply() makes against what PostgreSQL makes.
CREATE SCHEMA plan_locks;
SET search_path = plan_locks;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include

-- The strongest mode that this transaction holds on each table of the schema that is not brand-new; a partition's
-- locks go with its root's.
CREATE FUNCTION held(known oid[]) RETURNS TABLE (name text, mode text) LANGUAGE sql AS $$
	SELECT c.oid::regclass::text, (array_agg(m.mode ORDER BY m.level DESC))[1]
	FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		JOIN (VALUES ('AccessShareLock', 1, 'ACCESS SHARE'), ('RowShareLock', 2, 'ROW SHARE'),
			('RowExclusiveLock', 3, 'ROW EXCLUSIVE'), ('ShareUpdateExclusiveLock', 4, 'SHARE UPDATE EXCLUSIVE'),
			('ShareLock', 5, 'SHARE'), ('ShareRowExclusiveLock', 6, 'SHARE ROW EXCLUSIVE'),
			('ExclusiveLock', 7, 'EXCLUSIVE'), ('AccessExclusiveLock', 8, 'ACCESS EXCLUSIVE')) AS m(lock, level, mode)
			ON m.lock = l.mode
	WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND c.relnamespace = 'plan_locks'::regnamespace
		AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.oid = ANY (known)
	GROUP BY c.oid $$;

-- Runs the plan a step at a time, each in a transaction of its own, and says what it found; weaker locks on other
-- tables are told after "also".
CREATE PROCEDURE run_plan() LANGUAGE plpgsql AS $$
DECLARE
	p record;
	known oid[];
	named text;
	others text;
BEGIN
	LOOP
		SELECT * INTO p FROM assoc.plan() WHERE sql IS NOT NULL ORDER BY step LIMIT 1;
		EXIT WHEN NOT FOUND;
		SELECT array_agg(oid) INTO known FROM pg_class WHERE relnamespace = 'plan_locks'::regnamespace;
		EXECUTE p.sql;
		SELECT string_agg(name, ', ' ORDER BY name) FILTER (WHERE mode = p.lock),
			string_agg(mode || ' on ' || name, ', ' ORDER BY name) FILTER (WHERE mode <> p.lock)
		INTO named, others FROM held(known);
		RAISE INFO '%: %', regexp_replace(p.sql, 'plan_locks\.', '', 'g'),
			CASE WHEN named IS NOT DISTINCT FROM (SELECT string_agg(t, ', ' ORDER BY t)
					FROM unnest(string_to_array(p.on_table, ', ')) t WHERE to_regclass(t) = ANY (known))
			THEN 'as said, ' || p.lock || coalesce(' on ' || named, ', nothing there before')
			ELSE format('SAID %s on %s, HELD %s', p.lock, p.on_table, named) END || coalesce('; also ' || others, '');
		COMMIT;
	END LOOP;
END $$;
SET client_min_messages = warning;

CREATE TABLE "Users" (id integer PRIMARY KEY);
CREATE TABLE todos (id integer PRIMARY KEY, x integer);
CREATE TABLE profiles (id integer PRIMARY KEY, user_id integer);
CREATE TABLE nodes (id integer PRIMARY KEY, parent_id integer);
CREATE TABLE tags (id integer PRIMARY KEY);
INSERT INTO "Users" VALUES (1);
INSERT INTO todos VALUES (1);
INSERT INTO profiles VALUES (1, 1);

-- missing column, key, index, VALIDATE, NOT NULL, unique index, junction
SELECT count(assoc.belongs_to('Todo', 'User', foreign_key => 'user_id'));
SELECT count(assoc.has_one('User', 'Profile', required => true));
SELECT count(assoc.belongs_to('Node', 'Node', 'parent'));
SELECT count(assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags'));
CALL run_plan();
-- replaced key, changed deferral, dropped NOT NULL
SELECT count(assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'CASCADE'));
SELECT count(assoc.drop_association('User.profile'));
SELECT count(assoc.belongs_to('Profile', 'User', required => false, deferral => 'deferred'));
SELECT count(assoc.belongs_to('Node', 'Node', 'parent', on_delete => 'CASCADE'));
CALL run_plan();
-- dropped key and index: those that apply() made
CREATE TABLE made (id integer PRIMARY KEY, user_id integer, owner_id integer);
SELECT count(assoc.belongs_to('Made', 'User'));
SELECT count(assoc.has_one('User', 'Made', 'owned', foreign_key => 'owner_id'));
SELECT DISTINCT outcome FROM assoc.apply();
SELECT count(assoc.belongs_to('Made', 'User', enforce => 'none'));
SELECT count(assoc.belongs_to('Made', 'User', 'owner'));
SELECT count(assoc.drop_association('User.owned'));
CALL run_plan();
-- a domain with a check rewrites the table
CREATE DOMAIN checked AS integer CHECK (VALUE > 0);
CREATE TABLE domains (id checked PRIMARY KEY);
CREATE TABLE rewritten (id integer PRIMARY KEY);
SELECT count(assoc.belongs_to('Rewritten', 'Domain', index => false));
SELECT relfilenode AS before FROM pg_class WHERE oid = 'rewritten'::regclass \gset
SELECT rewrites FROM assoc.plan() ORDER BY step LIMIT 1;
CALL run_plan();
SELECT relfilenode <> :before AS rewritten FROM pg_class WHERE oid = 'rewritten'::regclass;
SELECT relfilenode AS before FROM pg_class WHERE oid = 'todos'::regclass \gset
SELECT count(assoc.belongs_to('Todo', 'User', 'second', index => false));
SELECT DISTINCT rewrites FROM assoc.plan();
CALL run_plan();
SELECT relfilenode <> :before AS rewritten FROM pg_class WHERE oid = 'todos'::regclass;
SELECT * FROM steps();

--
-- What apply() makes is what PostgreSQL makes, down to the names.
--
CREATE SCHEMA plan_locks_twin;
CREATE FUNCTION objects(place text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT replace(line, place || '.', '') FROM (
		SELECT conrelid::regclass || ' ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
		WHERE connamespace = place::regnamespace AND contype = 'f' AND conparentid = 0
		UNION ALL
		SELECT pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = place::regnamespace AND relname LIKE 'Twin%')
			AND NOT indisprimary) AS l(line)
	WHERE line LIKE '%Twin%' $$;
CREATE FUNCTION on_both(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	SET LOCAL search_path = plan_locks_twin;
	EXECUTE statement;
	SET LOCAL search_path = plan_locks;
END $$;
SELECT count(on_both(s)) FROM unnest(ARRAY[
	$$CREATE TABLE "Twin users" (id bigint PRIMARY KEY, "a.b" text, "c""d" text, UNIQUE ("a.b", "c""d"))$$,
	$$CREATE TABLE "Twin todos" (id integer PRIMARY KEY, "userId" bigint, "öwner of this to-do who is named at length: 63 bytes of it; i." bigint,
		"one" text, "two" text, boss bigint CONSTRAINT "Twin todos_boss_fkey" CHECK (boss > 0))$$,
	$$CREATE TABLE "Twin with a name that is as long as any name can be, so 63 byte" (id integer PRIMARY KEY, "userId" bigint,
		"ürgend ein Name mit Umläuten der auch sehr lang ist: 63 byte." bigint)$$,
	$$CREATE TABLE "Twin todos_userId_idx" (id integer)$$,
	$$CREATE TABLE "Twin days" (day date, user_id bigint) PARTITION BY LIST (day)$$,
	$$CREATE TABLE "Twin days_1" PARTITION OF "Twin days" DEFAULT$$]) s;
SELECT count(assoc.define_model(m, t)) FROM (VALUES ('TwinUser', 'Twin users'), ('TwinTodo', 'Twin todos'),
	('TwinDay', 'Twin days'), ('TwinLong', 'Twin with a name that is as long as any name can be, so 63 byte')) AS v(m, t);
SELECT count(assoc.belongs_to('TwinTodo', 'TwinUser', 'user'));
SELECT count(assoc.belongs_to('TwinTodo', 'TwinUser', 'owner', on_delete => 'RESTRICT', on_update => 'SET NULL',
	foreign_key => 'öwner of this to-do who is named at length: 63 bytes of it; i.'));
SELECT count(assoc.belongs_to('TwinTodo', 'TwinUser', 'pair', foreign_key => '{two,one}', target_key => '{"c\"d",a.b}',
	deferral => 'deferred'));
SELECT count(assoc.belongs_to('TwinTodo', 'TwinUser', 'chief', foreign_key => 'boss', deferral => 'immediate'));
SELECT count(assoc.belongs_to('TwinLong', 'TwinUser', 'user', on_delete => 'cascade'));
SELECT count(assoc.belongs_to('TwinLong', 'TwinUser', 'other',
	foreign_key => 'ürgend ein Name mit Umläuten der auch sehr lang ist: 63 byte.'));
SELECT count(assoc.belongs_to('TwinDay', 'TwinUser', 'user'));
SELECT DISTINCT outcome FROM assoc.apply();
SELECT * FROM steps();
SET search_path = plan_locks_twin;
ALTER TABLE "Twin todos" ADD FOREIGN KEY ("userId") REFERENCES "Twin users" ON DELETE SET NULL;
ALTER TABLE "Twin todos" ADD FOREIGN KEY ("öwner of this to-do who is named at length: 63 bytes of it; i.")
	REFERENCES "Twin users" ON DELETE RESTRICT ON UPDATE SET NULL;
ALTER TABLE "Twin todos" ADD FOREIGN KEY (two, one) REFERENCES "Twin users" ("c""d", "a.b")
	DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "Twin todos" ADD FOREIGN KEY (boss) REFERENCES "Twin users" ON DELETE SET NULL DEFERRABLE;
ALTER TABLE "Twin with a name that is as long as any name can be, so 63 byte" ADD FOREIGN KEY ("userId")
	REFERENCES "Twin users" ON DELETE CASCADE;
ALTER TABLE "Twin with a name that is as long as any name can be, so 63 byte" ADD
	FOREIGN KEY ("ürgend ein Name mit Umläuten der auch sehr lang ist: 63 byte.") REFERENCES "Twin users" ON DELETE SET NULL;
ALTER TABLE "Twin days" ADD FOREIGN KEY (user_id) REFERENCES "Twin users" ON DELETE SET NULL;
CREATE INDEX ON "Twin todos" ("userId");
CREATE INDEX ON "Twin todos" ("öwner of this to-do who is named at length: 63 bytes of it; i.");
CREATE INDEX ON "Twin todos" (two, one);
CREATE INDEX ON "Twin todos" (boss);
CREATE INDEX ON "Twin with a name that is as long as any name can be, so 63 byte" ("userId");
CREATE INDEX ON "Twin with a name that is as long as any name can be, so 63 byte"
	("ürgend ein Name mit Umläuten der auch sehr lang ist: 63 byte.");
CREATE INDEX ON "Twin days" (user_id);
SET search_path = plan_locks;
SELECT o FROM objects('plan_locks') o ORDER BY o COLLATE "C";
SELECT 'ours only', o FROM (SELECT objects('plan_locks') EXCEPT ALL SELECT objects('plan_locks_twin')) AS d(o)
UNION ALL
SELECT 'twin only', o FROM (SELECT objects('plan_locks_twin') EXCEPT ALL SELECT objects('plan_locks')) AS d(o)
ORDER BY 1, 2;

DROP SCHEMA plan_locks_twin CASCADE;
SELECT pg_temp.forget();
