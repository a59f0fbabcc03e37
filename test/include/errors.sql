-- failing(sql): runs it and tells the error in full, or that there was none. A call that fails must leave what is
-- declared as it was; that is checked each time.
CREATE FUNCTION failing(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before text := assoc.document();
    state text;
    told text;
    detail text;
    hint text;
BEGIN
    BEGIN
        EXECUTE statement;
        RETURN NEXT 'no error';
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT,
            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    END;
    RETURN NEXT format('%s: %s', state, told);
    IF detail <> '' THEN
        RETURN NEXT 'DETAIL: ' || detail;
    END IF;
    IF hint <> '' THEN
        RETURN NEXT 'HINT: ' || hint;
    END IF;
    IF assoc.document()::text IS DISTINCT FROM before THEN
        RETURN NEXT 'BUT the catalog has changed';
    END IF;
END
$$;
