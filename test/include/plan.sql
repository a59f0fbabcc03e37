-- How the plan tests show plans and outcomes: a line for the reason, one for the SQL, one for what it costs.
\pset format unaligned
\pset tuples_only on
\pset null '(null)'
CREATE FUNCTION cost(lock text, on_table text, scans boolean, rewrites boolean, in_transaction boolean) RETURNS text
LANGUAGE sql AS $$
	SELECT '    ' || coalesce(lock || ' on ' || on_table, 'no lock') || CASE WHEN scans THEN ', scans' ELSE '' END
		|| CASE WHEN rewrites THEN ', rewrites' ELSE '' END
		|| CASE WHEN in_transaction THEN '' ELSE ', not in a transaction' END $$;
CREATE FUNCTION steps(associations text DEFAULT NULL, online boolean DEFAULT false) RETURNS SETOF text
LANGUAGE sql AS $$
	SELECT line FROM assoc.plan(associations, online) p
		CROSS JOIN LATERAL unnest(ARRAY[p.step || '. ' || p.association || ': ' || p.reason,
			'    ' || coalesce(p.sql, '(no SQL)'),
			cost(p.lock, p.on_table, p.scans, p.rewrites, p.in_transaction)]) WITH ORDINALITY AS l(line, n)
	ORDER BY p.step, l.n $$;
CREATE FUNCTION outcomes(associations text DEFAULT NULL, online boolean DEFAULT false) RETURNS SETOF text
LANGUAGE sql AS $$
	SELECT line FROM assoc.apply(associations, online => online) p
		CROSS JOIN LATERAL unnest(ARRAY[p.step || '. ' || p.association || ' ' || p.outcome || ': '
			|| coalesce(p.sql, p.reason), '    ' || p.detail]) WITH ORDINALITY AS l(line, n)
	WHERE line IS NOT NULL ORDER BY p.step, l.n $$;
-- everything declared on tables of the current schema is forgotten, and the schema dropped
CREATE FUNCTION pg_temp.forget() RETURNS void LANGUAGE plpgsql AS $$
<<forget>>
DECLARE
	name text;
	place text := current_schema;
BEGIN
	SET LOCAL client_min_messages = warning;
	FOR name IN SELECT DISTINCT m.name FROM assoc_internal.model m WHERE m.schema_name = place ORDER BY 1 LOOP
		-- a planned junction goes with its associations
		CONTINUE WHEN NOT EXISTS (SELECT FROM assoc_internal.model m WHERE m.name = forget.name);
		PERFORM assoc.drop_model(name, cascade => true);
	END LOOP;
	EXECUTE format('DROP SCHEMA %I CASCADE', place);
END $$;
