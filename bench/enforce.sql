-- bench/enforce.sql: the tables of bench/enforce, what it measures, and the table it prints. Variables: children, floor (the
-- library of bench/floor.c), random_file and few_file (files to make, and to COPY from).
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS todo_assoc;
CREATE FUNCTION floor_trigger() RETURNS trigger LANGUAGE c AS :'floor', 'ta_floor';
CREATE TABLE took (what text, variant text, ms float8, cpu float8, "rows" bigint);
CREATE TABLE work (n int GENERATED ALWAYS AS IDENTITY, what text, variant text, prepare text, statement text, "rows" bigint);
-- what a line of the table is measured by, and what is aimed at; the lines are in this order
CREATE TABLE aim (n int GENERATED ALWAYS AS IDENTITY, what text PRIMARY KEY, measure text, "trigger" numeric, statement numeric);
CREATE TABLE sizes AS SELECT :children::bigint AS children, greatest(:children / 10, 10) AS parents, greatest(:children / 1000, 2) AS few,
    greatest(:children / 50, 40) AS families;
SELECT * FROM sizes \gset

-- milliseconds that this backend has used its processor
CREATE FUNCTION cpu() RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
    RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e6;
EXCEPTION WHEN OTHERS THEN
    -- in hundredths of a second, after the name in parentheses
    RETURN (SELECT 10 * (f[12]::float8 + f[13]::float8)
            FROM string_to_array(substring(pg_read_file('/proc/self/stat') FROM '\) (.*)'), ' ') f);
END
$$;

-- one piece of work, in a transaction that is taken back
CREATE PROCEDURE measure(job int) LANGUAGE plpgsql AS $$
DECLARE
    w work;
    started timestamptz;
    used float8;
    ms float8;
BEGIN
    SELECT * INTO STRICT w FROM work WHERE n = job;
    -- what is short is done once before, for what a session does only once would count too much
    IF w.rows < (SELECT children FROM sizes) THEN
        EXECUTE w.statement;
        ROLLBACK;
    END IF;
    used := cpu();
    started := clock_timestamp();
    EXECUTE w.statement;
    ms := 1000 * extract(epoch FROM clock_timestamp() - started);
    used := cpu() - used;
    ROLLBACK;
    INSERT INTO took VALUES (w.what, w.variant, ms, used, w.rows);
END
$$;

SELECT format('INSERT .. SELECT, random among %s parents', :parents) AS random, format('COPY, random among %s parents', :parents) AS copy_random,
    format('INSERT .. SELECT, %s parents', :few) AS few_parents, format('COPY, %s parents', :few) AS copy_few,
    'INSERT .. SELECT, each of a parent of its own, in random order' AS each,
    format('INSERT .. SELECT, polymorphic, random among %s parents in three tables', :parents) AS polymorphic, families / 2 AS half,
    format('DELETE of %s parents, 10 children each: ', families / 2) AS gone, format('DELETE of %s parents without children: ', families / 2) AS childless
FROM sizes \gset
INSERT INTO aim (what, measure, "trigger", statement) VALUES
    (:'random', 'native', 0.15, 0.09), (:'copy_random', 'native', 0.10, 0.05), (:'few_parents', 'native', 0.12, 0.06), (:'copy_few', 'native', 0.10, 0.06),
    (:'each', 'native', 0.70, 0.22), (:'polymorphic', 'plain', 1.15, 1.15), ('single-row INSERT, prepared, pipelined', 'native', 0.70, 0.80),
    (:'gone' || 'CASCADE', 'no check', 1.05, 1.05), (:'gone' || 'SET NULL', 'no check', 1.05, 1.05),
    (:'childless' || 'RESTRICT', 'native', 0.25, 0.25), (:'childless' || 'NO ACTION', 'native', 0.25, 0.25),
    ('DELETE of 20 parents, CASCADE, no index on the child', 'no check', 1.3, 1.3),
    ('UPDATE of parents, not of the key', 'no check', 1.0, 1.0), ('UPDATE of children, not of the key', 'no check', 1.0, 1.0);

-- many rows of a child

CREATE UNLOGGED TABLE source AS SELECT i AS id, 1 + floor(random() * :parents)::integer AS random, 1 + floor(random() * :few)::integer AS few,
    (ARRAY['P', 'Q', 'R'])[1 + i % 3] AS kind FROM generate_series(1, :children) i;
ALTER TABLE source ADD COLUMN each integer;
UPDATE source s SET each = o.each FROM (SELECT id, row_number() OVER (ORDER BY random()) AS each FROM source) o WHERE o.id = s.id;
VACUUM FULL source;
ANALYZE source;
COPY (SELECT id, random, 'a title' FROM source) TO :'random_file';
COPY (SELECT id, few, 'a title' FROM source) TO :'few_file';

CREATE FUNCTION by_hand(child text, parent text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE format($$
        CREATE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql AS $b$
        BEGIN
            PERFORM FROM %2$I WHERE id = NEW.fk FOR KEY SHARE;
            IF NOT FOUND AND NEW.fk IS NOT NULL THEN
                RAISE foreign_key_violation;
            END IF;
            RETURN NULL;
        END $b$;
        CREATE TRIGGER by_hand AFTER INSERT OR UPDATE OF fk ON %1$I FOR EACH ROW EXECUTE FUNCTION %1$I()$$, child, parent);
END
$f$;

CREATE FUNCTION variant(variant text, child text, parent text, action text DEFAULT 'NO ACTION') RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    CASE variant
        WHEN 'no check' THEN NULL;
        WHEN 'native' THEN
            EXECUTE format('ALTER TABLE %I ADD FOREIGN KEY (fk) REFERENCES %I ON DELETE %s', child, parent, action);
        WHEN 'trigger', 'statement' THEN
            PERFORM enforce(child, quote_ident(child)::regclass, '{fk}', jsonb_build_array(jsonb_build_object('table', quote_ident(parent),
                'key', '{id}'::text[])), jsonb_build_object('on_delete', action, 'mode', variant, 'together', true));
        WHEN 'plpgsql' THEN PERFORM by_hand(child, parent);
        WHEN 'empty row trigger' THEN
            EXECUTE format('CREATE TRIGGER nothing AFTER INSERT ON %I FOR EACH ROW EXECUTE FUNCTION floor_trigger()', child);
        WHEN 'empty statement trigger' THEN
            EXECUTE format('CREATE TRIGGER nothing AFTER INSERT ON %I REFERENCING NEW TABLE AS new FOR EACH STATEMENT
                EXECUTE FUNCTION floor_trigger()', child);
    END CASE;
END
$f$;

SELECT format('CREATE TABLE %I AS SELECT i AS id, 0 AS v FROM generate_series(1, %s) i', 'p ' || v, :children),
    format('ALTER TABLE %I ADD PRIMARY KEY (id)', 'p ' || v),
    format('CREATE TABLE %I (id integer PRIMARY KEY, fk integer, title text)', 'c ' || v),
    format('SELECT variant(%L, %L, %L)', v, 'c ' || v, 'p ' || v),
    format('INSERT INTO work (what, variant, prepare, statement, rows)
        SELECT what, %1$L, ''VACUUM %2$I, %3$I'', replace(statement, ''child'', %4$L), %5$s FROM (VALUES
            (%6$L, true, ''INSERT INTO child SELECT id, random, ''''a title'''' FROM source''),
            (%7$L, %1$L <> ''plpgsql'', ''COPY child FROM ''%8$L''''),
            (%9$L, %1$L !~ ''plpgsql|empty'', ''INSERT INTO child SELECT id, few, ''''a title'''' FROM source''),
            (%10$L, %1$L !~ ''plpgsql|empty'', ''COPY child FROM ''%11$L''''),
            (%12$L, %1$L !~ ''plpgsql|empty'', ''INSERT INTO child SELECT id, each, ''''a title'''' FROM source'')) v(what, measured, statement)
        WHERE measured',
        v, 'p ' || v, 'c ' || v, quote_ident('c ' || v), :children, :'random', :'copy_random', :'random_file', :'few_parents', :'copy_few',
        :'few_file', :'each')
FROM unnest('{no check,native,trigger,statement,plpgsql,empty row trigger,empty statement trigger}'::text[]) v \gexec

-- polymorphic, three targets, with as many parents in all
SELECT greatest(:parents / 3, 1) AS third \gset
SELECT format('CREATE TABLE %I AS SELECT i AS id, 0 AS v FROM generate_series(1, %s) i', 'p ' || t, :third),
    format('ALTER TABLE %I ADD PRIMARY KEY (id)', 'p ' || t) FROM unnest('{P,Q,R}'::text[]) t \gexec
SELECT format('CREATE TABLE %I (id integer PRIMARY KEY, kind text, fk integer, title text)', 'm ' || v),
    CASE WHEN v <> 'no check' THEN format('SELECT enforce(%1$L, quote_ident(%1$L)::regclass, ''{fk}'', (SELECT jsonb_agg(jsonb_build_object(''type'', t,
        ''table'', quote_ident(''p '' || t), ''key'', ''{id}''::text[])) FROM unnest(''{P,Q,R}''::text[]) t), jsonb_build_object(''type_column'', ''kind'',
        ''mode'', %2$L::text))', 'm ' || v, v) END,
    format('INSERT INTO work (what, variant, prepare, statement, rows) VALUES (%L, %L, ''VACUUM "p P", "p Q", "p R", %I'',
        ''INSERT INTO %3$I SELECT id, kind, 1 + random %% %s, ''''a title'''' FROM source'', %s)', :'polymorphic', v, 'm ' || v, :third, :children)
FROM unnest('{no check,trigger,statement}'::text[]) v \gexec

-- parents that go, and what they take along

CREATE FUNCTION family(name text, families int, variant text, action text, index boolean, children int DEFAULT 10) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p text := name || ' p';
    c text := name || ' c';
BEGIN
    EXECUTE format('CREATE TABLE %I AS SELECT i AS id, 0 AS v FROM generate_series(1, %s) i', p, families);
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', p);
    EXECUTE format('CREATE TABLE %I AS SELECT i AS id, 1 + i %% %s AS fk, ''a title''::text AS title FROM generate_series(1, %s) i', c,
        families, families * children);
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', c);
    IF index THEN
        EXECUTE format('CREATE INDEX ON %I (fk)', c);
    END IF;
    PERFORM variant(variant, c, p, action);
END
$$;
CREATE FUNCTION job(what text, variant text, name text, statement text, "rows" bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO work (what, variant, prepare, statement, rows) VALUES (what, variant, format('VACUUM %I, %I', name || ' p', name || ' c'),
        replace(replace(statement, 'parents', quote_ident(name || ' p')), 'children', quote_ident(name || ' c')), rows)
$$;
SELECT format('SELECT family(%L, %s, %L, %L, true)', a || ' ' || v, :families, v, a),
    format('SELECT job(%L, %L, %L, %L, %s)', :'gone' || a, v, a || ' ' || v,
        CASE WHEN v <> 'no check' THEN '' WHEN a = 'CASCADE' THEN format('DELETE FROM children WHERE fk IN (SELECT id FROM parents WHERE id <= %s); ', :half)
            ELSE format('UPDATE children SET fk = NULL WHERE fk IN (SELECT id FROM parents WHERE id <= %s); ', :half) END
        || format('DELETE FROM parents WHERE id <= %s', :half), :half)
FROM unnest('{no check,native,trigger,statement}'::text[]) v, unnest('{CASCADE,SET NULL}'::text[]) a \gexec
SELECT format('SELECT family(%L, %s, %L, %L, true)', a || ' ' || v, :families, v, a),
    format('INSERT INTO %I SELECT %2$s + i, 0 FROM generate_series(1, %2$s) i', a || ' ' || v || ' p', :families),
    format('SELECT job(%L, %L, %L, %L, %s)', :'childless' || a, v, a || ' ' || v, format('DELETE FROM parents WHERE id > %s', :families + :half), :half)
FROM unnest('{no check,native,trigger,statement}'::text[]) v, unnest('{RESTRICT,NO ACTION}'::text[]) a \gexec
SELECT format('SELECT family(%L, %s, %L, %L, false, 1)', 'scan ' || v, :children, v, 'CASCADE'),
    format('SELECT job(''DELETE of 20 parents, CASCADE, no index on the child'', %L, %L, %L, 20)', v, 'scan ' || v,
        CASE v WHEN 'no check' THEN 'DELETE FROM children WHERE fk = ANY (ARRAY(SELECT id FROM parents WHERE id <= 20)); ' ELSE '' END || 'DELETE FROM parents WHERE id <= 20')
FROM unnest('{no check,native,trigger,statement}'::text[]) v \gexec
SELECT format('SELECT job(''UPDATE of parents, not of the key'', %L, %L, ''UPDATE parents SET v = v + 1'', %s)', v, 'CASCADE ' || v, :families),
    format('SELECT job(''UPDATE of children, not of the key'', %L, %L, ''UPDATE children SET title = title || 1'', %s)', v, 'CASCADE ' || v, :families * 10)
FROM unnest('{no check,native,trigger,statement}'::text[]) v \gexec

-- The table, in Markdown: a line for each work. Every figure is twice, by the clock and by the processor.
CREATE VIEW median AS
    SELECT what, variant, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms, percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) AS cpu,
        min("rows") AS "rows"
    FROM took GROUP BY what, variant;
-- what it takes more than with no check
CREATE VIEW cost AS
    SELECT m.what, m.variant, m.ms - o.ms AS ms, m.cpu - o.cpu AS cpu FROM median m JOIN median o ON o.what = m.what AND o.variant = 'no check';
CREATE FUNCTION shown(wall float8, cpu float8, digits int) RETURNS text LANGUAGE sql AS
    $$ SELECT coalesce(round(wall::numeric, digits) || ' / ' || round(cpu::numeric, digits), '-') $$;
-- microseconds a row; milliseconds in all where one statement is about few rows
CREATE FUNCTION absolute(line text, variant text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT CASE WHEN "rows" > 20 THEN shown(1000 * ms / "rows", 1000 * cpu / "rows", 2) ELSE shown(ms, cpu, 1) || ' ms' END
        FROM median m WHERE m.what = line AND m.variant = absolute.variant), '-') $$;
CREATE FUNCTION share(line text, variant text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT CASE a.measure
            WHEN 'native' THEN (SELECT shown(c.ms / nullif(n.ms, 0), c.cpu / nullif(n.cpu, 0), 3) FROM cost n WHERE n.what = line AND n.variant = 'native')
            WHEN 'plain' THEN (SELECT shown(c.ms / nullif(p.ms, 0), c.cpu / nullif(p.cpu, 0), 2) FROM cost p
                WHERE p.what = (SELECT what FROM aim ORDER BY n LIMIT 1) AND p.variant = share.variant)
            ELSE (SELECT shown(m.ms / nullif(o.ms, 0), m.cpu / nullif(o.cpu, 0), 2) FROM median m JOIN median o USING (what)
                WHERE m.what = line AND m.variant = share.variant AND o.variant = 'no check') END
        FROM aim a JOIN cost c ON c.what = a.what AND c.variant = share.variant WHERE a.what = line), '-') $$;
CREATE VIEW report AS
    SELECT n, concat_ws(' | ', '| ' || what, absolute(what, 'no check'), absolute(what, 'native'), absolute(what, 'trigger'), absolute(what, 'statement'),
        measure, share(what, 'trigger'), "trigger", share(what, 'statement'), statement, share(what, 'empty row trigger'),
        share(what, 'empty statement trigger'), share(what, 'plpgsql')) || ' |' AS line
    FROM aim;
VACUUM ANALYZE;
