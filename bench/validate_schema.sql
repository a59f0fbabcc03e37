-- bench/validate_schema.sql: one run of bench/validate_schema in a fresh database; :models tables, five associations a
-- model. Prints a line "what milliseconds rows" per step.
\set QUIET on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = error;
CREATE EXTENSION todo_assoc;
CREATE TEMP TABLE took (what text, ms numeric, found bigint);
CREATE FUNCTION pg_temp.measure(name text, call text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
    found bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call;
    started := clock_timestamp();
    EXECUTE 'SELECT count(*) FROM ' || call INTO found;
    INSERT INTO took VALUES (name, 1000 * extract(epoch FROM clock_timestamp() - started), found);
END $$;

SELECT format('CREATE TABLE "Model%s" (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, tenant int, "otherId" int,'
    ' title text CHECK (title <> ''''), at timestamptz, UNIQUE (tenant, id))', i)
FROM generate_series(1, :models) i \gexec
SELECT format('CREATE TABLE "Heir%s" () INHERITS ("Model%1$s")', i)
FROM generate_series(1, :models, 10) i \gexec
CREATE TEMP TABLE document AS
SELECT json_build_object('models', json_object_agg('Model' || i, json_build_object(
    'table_name', format('public."Model%s"', i),
    'belongs_to', json_build_object(
        'parent', json_build_object('target', 'Model' || 1 + i % :models, 'foreign_key', 'parentId', 'on_delete', 'CASCADE'),
        'other', json_build_object('target', 'Model' || 1 + i % :models, 'foreign_key', 'tenant, otherId',
            'target_key', 'tenant, id'),
        'hub', json_build_object('target', 'Model1', 'foreign_key', 'hubId', 'on_delete', 'RESTRICT')),
    'has_many', json_build_object(
        'children', json_build_object('target', 'Model' || 1 + (i + :models - 2) % :models, 'foreign_key', 'parentId')),
    'has_one', json_build_object(
        'first', json_build_object('target', 'Model' || 1 + (i + :models - 2) % :models, 'foreign_key', 'parentId', 'order_by', 'at')))))::text AS said
FROM generate_series(1, :models) i;
SELECT count(assoc.declare(said)) FROM document;

SELECT pg_temp.measure('planned', 'assoc.validate(data => false)');
SELECT count(*) FROM assoc.apply();
SELECT pg_temp.measure('plan', 'assoc.plan()');
SELECT pg_temp.measure('in place', 'assoc.validate(data => false)');
SELECT assoc.ignore_all();
SELECT pg_temp.measure('ignored', 'assoc.validate(data => false)');
SELECT format(E'%s\t%s\t%s', what, ms, found) FROM took;
