-- How the files of after/ tell what they find: "ok NAME" or "not ok NAME: why". A statement outside of these two that
-- fails stops its file.

-- The rows of a query must be these: "a|b, c|d".
CREATE FUNCTION pg_temp.told(name text, query text, expected text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	row record;
	got text;
BEGIN
	FOR row IN EXECUTE query LOOP
		got := concat_ws(', ', got, (SELECT string_agg(coalesce(value, ''), '|') FROM json_each_text(row_to_json(row))));
	END LOOP;
	IF coalesce(got, '') = expected THEN
		RETURN 'ok ' || name;
	END IF;
	RETURN format('not ok %s: got "%s", not "%s"', name, got, expected);
EXCEPTION WHEN OTHERS THEN
	RETURN format('not ok %s: %s %s', name, SQLSTATE, SQLERRM);
END
$$;

-- A statement must fail with that SQLSTATE.
CREATE FUNCTION pg_temp.refused(name text, statement text, expected text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN format('not ok %s: it was done', name);
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE = expected THEN
		RETURN 'ok ' || name;
	END IF;
	RETURN format('not ok %s: %s %s', name, SQLSTATE, SQLERRM);
END
$$;
