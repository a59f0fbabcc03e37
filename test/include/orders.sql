-- orders(statements): runs the statements in every order, each time from an empty catalog, and tells whether all of
-- them led to the same: catalog, status and plan, or the same error.
CREATE FUNCTION permutations(items text[]) RETURNS SETOF text[] LANGUAGE plpgsql AS $$
DECLARE
    rest text[];
BEGIN
    IF cardinality(items) <= 1 THEN
        RETURN NEXT items;
        RETURN;
    END IF;
    FOR i IN 1 .. cardinality(items) LOOP
        FOR rest IN SELECT * FROM permutations(items[:i - 1] || items[i + 1:]) LOOP
            RETURN NEXT items[i] || rest;
        END LOOP;
    END LOOP;
END
$$;

-- All that is declared and follows from it, as text.
CREATE FUNCTION declared() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(E'\n',
        (SELECT string_agg(m::text, E'\n' ORDER BY m::text COLLATE "C") FROM assoc_internal.model m),
        (SELECT string_agg(d::text, E'\n' ORDER BY d::text COLLATE "C") FROM assoc_internal.declaration d),
        (SELECT string_agg(a::text, E'\n' ORDER BY a::text COLLATE "C") FROM assoc.associations a),
        (SELECT string_agg(p::text, E'\n' ORDER BY step) FROM assoc.plan() p))
$$;

CREATE FUNCTION orders(VARIADIC statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    statement_list text[];
    statement text;
    outcome text;
    detail text;
    first_list text[];
    outcomes text[] := '{}';
    tried int := 0;
BEGIN
    FOR statement_list IN SELECT * FROM permutations(statements) LOOP
        tried := tried + 1;
        BEGIN
            FOREACH statement IN ARRAY statement_list LOOP
                EXECUTE 'SELECT assoc.' || statement;
            END LOOP;
            outcome := declared();
            -- leaves nothing behind for the next order
            RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = outcome;
        EXCEPTION
            WHEN SQLSTATE 'ZZ000' THEN
                NULL;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS outcome = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
                outcome := format('error: %s %s', outcome, detail);
        END;
        IF NOT outcome = ANY (outcomes) THEN
            outcomes := outcomes || outcome;
            IF cardinality(outcomes) > 1 THEN
                RETURN NEXT 'differs: ' || array_to_string(statement_list, '; ');
                RETURN NEXT outcome;
            ELSE
                first_list := statement_list;
            END IF;
        END IF;
    END LOOP;
    IF cardinality(outcomes) > 1 THEN
        RETURN NEXT 'from: ' || array_to_string(first_list, '; ');
        RETURN NEXT outcomes[1];
    ELSIF outcomes[1] LIKE 'error: %' THEN
        RETURN NEXT format('%s orders, always %s', tried, outcomes[1]);
    ELSE
        RETURN NEXT format('%s orders, one catalog', tried);
    END IF;
END
$$;
