-- bench/scale.sql: one run of bench/scale in a fresh database; :models tables, four associations a model.
--
-- Each model belongs to its neighbour and to one hub, has many children and a first child. Prints a line
-- "what milliseconds" per step. The baseline is the plan's own SQL, run as a script in one transaction.
\set QUIET on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;
CREATE EXTENSION todo_assoc;
CREATE TEMP TABLE took (what text, ms numeric);
CREATE FUNCTION pg_temp.measure(name text, call text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE call;
    INSERT INTO took VALUES (name, 1000 * extract(epoch FROM clock_timestamp() - started));
END $$;

SELECT format('CREATE TABLE "Model%s" (id int PRIMARY KEY, "createdAt" timestamptz)', i)
FROM generate_series(1, :models) i \gexec
CREATE TEMP TABLE document AS
SELECT json_build_object('models', json_object_agg('Model' || i, json_build_object(
    'table_name', format('public."Model%s"', i),
    'belongs_to', json_build_object(
        'parent', json_build_object('target', 'Model' || 1 + i % :models, 'foreign_key', 'parentId', 'on_delete', 'CASCADE'),
        'hub', json_build_object('target', 'Model1', 'foreign_key', 'hubId')),
    'has_many', json_build_object(
        'children', json_build_object('target', 'Model' || 1 + (i + :models - 2) % :models, 'foreign_key', 'parentId')),
    'has_one', json_build_object(
        'first', json_build_object('target', 'Model' || 1 + (i + :models - 2) % :models, 'foreign_key', 'parentId', 'order_by', 'createdAt')))))::text AS said
FROM generate_series(1, :models) i;

SELECT pg_temp.measure('declare', 'SELECT assoc.declare(said) FROM document');
SELECT pg_temp.measure('declare again', 'SELECT assoc.declare(said) FROM document');
SELECT pg_temp.measure('plan', 'SELECT * FROM assoc.plan()');
SELECT pg_temp.measure('associations', 'SELECT * FROM assoc.associations');

CREATE TEMP TABLE steps AS SELECT string_agg(sql, E';\n' ORDER BY step) AS script FROM assoc.plan();
BEGIN;
SELECT pg_temp.measure('baseline', (SELECT script FROM steps));
SELECT ms AS baseline FROM took WHERE what = 'baseline' \gset
ROLLBACK;
SELECT pg_temp.measure('apply', 'SELECT * FROM assoc.apply()');
SELECT pg_temp.measure('plan in place', 'SELECT * FROM assoc.plan()');
INSERT INTO took VALUES ('baseline', :baseline);
SELECT format(E'%s\t%s', what, ms) FROM took;
