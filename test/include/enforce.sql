-- References that triggers enforce, made by hand as apply() makes them, and a native twin to compare with.
\pset format unaligned
\pset tuples_only on

-- The name of a trigger of the reference, as store/enforced makes it.
CREATE FUNCTION enforce_trigger(label text, reference text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('RI_assoc_%s_%s', label, lpad(to_hex(hashtextextended(reference, 0)), 16, '0')) $$;

-- What tells that a column changes: PostgreSQL's own equality, of other types the bytes.
CREATE FUNCTION enforce_changed(type oid, name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format(CASE WHEN type < 16384 AND EXISTS (SELECT FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod
            WHERE amname = 'btree' AND opcdefault AND opcintype IN (type, CASE WHEN type = 'varchar'::regtype THEN 'text'::regtype ELSE type END))
        THEN 'OLD.%I IS DISTINCT FROM NEW.%1$I' ELSE 'ROW(OLD.%I)::record OPERATOR(pg_catalog.*<>) ROW(NEW.%1$I)::record' END, name) $$;

-- enforce(reference, child, columns, targets, options): says what is in force, and makes the triggers. targets is an array
-- of {type, table, key, scope, soft_delete}; options are columns of assoc_internal.enforced, forget, ending, and together (what is
-- deleted of a parent is acted on once a statement).
CREATE FUNCTION enforce(reference text, child regclass, columns text[], targets jsonb, options jsonb DEFAULT '{}')
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    target jsonb;
    parent regclass;
    watched text[] := array_remove(columns || ARRAY[options->>'type_column', options->>'child_soft_delete'] ||
        ARRAY(SELECT jsonb_object_keys(options->'condition') WHERE jsonb_typeof(options->'condition') = 'object'), NULL);
    timing text := CASE options->>'deferral' WHEN 'deferred' THEN 'DEFERRABLE INITIALLY DEFERRED'
        WHEN 'immediate' THEN 'DEFERRABLE' ELSE '' END;
    moments boolean;
    statement_mode boolean := options->>'mode' = 'statement';
    together boolean := statement_mode OR coalesce((options->>'together')::boolean, false);
BEGIN
    INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns, type_column,
        element, match, on_delete, on_update, deferral, condition, child_soft_delete)
    SELECT enforce.reference, '', coalesce(options->>'name', relname || '_' || array_to_string(enforce.columns, '_') || '_fkey'),
        coalesce(options->>'mode', 'trigger'), relnamespace::regnamespace::name, relname, enforce.columns,
        options->>'type_column', coalesce(options->>'element', 'false')::boolean, coalesce(options->>'match', 'simple'),
        coalesce(options->>'on_delete', 'NO ACTION'), coalesce(options->>'on_update', 'NO ACTION'),
        coalesce(options->>'deferral', 'none'), options->'condition', options->>'child_soft_delete'
    FROM pg_class WHERE oid = child;
    IF statement_mode THEN
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'
            ' EXECUTE FUNCTION assoc_internal.check_statement(%L)', enforce_trigger('c', reference), child, reference);
    ELSE
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER INSERT ON %s %s FOR EACH ROW'
            ' EXECUTE FUNCTION assoc_internal.check_reference(%L)', enforce_trigger('c', reference), child, timing, reference);
    END IF;
    -- what needs no check is not queued, as with a native key; where rows may move between partitions, OLD has no xmin
    EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW WHEN ((%s)%s)'
        ' EXECUTE FUNCTION assoc_internal.check_reference(%L)', enforce_trigger('cu', reference), child, timing,
        (SELECT coalesce(string_agg(format('NEW.%I IS DISTINCT FROM NULL', c),
            CASE WHEN options->>'match' = 'full' OR options ? 'type_column' THEN ' OR ' ELSE ' AND ' END), 'true')
            FROM unnest(array_remove(columns || (options->>'type_column'), NULL)) c
            JOIN pg_attribute ON attrelid = child AND attname = c),
        (SELECT format(' AND (%s OR assoc_internal.by_this_transaction(OLD.xmin))',
            coalesce(string_agg(enforce_changed(atttypid, w), ' OR '), 'false'))
            FROM unnest(watched) w JOIN pg_attribute ON attrelid = child AND attname = w
            WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = child AND relkind = 'p')
            HAVING NOT EXISTS (SELECT FROM pg_class WHERE oid = child AND relkind = 'p')), reference);

    FOR target IN SELECT jsonb_array_elements(targets) LOOP
        parent := (target->>'table')::regclass;
        INSERT INTO assoc_internal.enforced_target (reference, type_value, declarer, parent_schema, parent_table, key, scope,
            soft_delete)
        SELECT enforce.reference, coalesce(target->>'type', ''), '', relnamespace::regnamespace::name, relname,
            ARRAY(SELECT jsonb_array_elements_text(target->'key')), target->'scope', target->>'soft_delete'
        FROM pg_class WHERE oid = parent;
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent AND tgname = enforce_trigger('a', reference));
        IF together THEN
            EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'
                ' EXECUTE FUNCTION assoc_internal.parent_deleted(%L)', enforce_trigger('a', reference), parent, reference);
        ELSE
            EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER DELETE ON %s %s FOR EACH ROW'
                ' EXECUTE FUNCTION assoc_internal.parent_deleted(%L)', enforce_trigger('a', reference), parent,
                CASE WHEN coalesce(options->>'on_delete', 'NO ACTION') = 'NO ACTION' THEN timing ELSE '' END, reference);
        END IF;
        -- what ON UPDATE and ON DELETE say comes at different moments: a row that moves to another partition has a trigger of its
        -- own, and so has one that is deleted softly
        moments := timing <> '' AND (coalesce(options->>'on_delete', 'NO ACTION') = 'NO ACTION') <>
            (coalesce(options->>'on_update', 'NO ACTION') = 'NO ACTION');
        IF moments AND (SELECT relkind = 'p' FROM pg_class WHERE oid = parent) THEN
            EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER DELETE ON %s %s FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_moved(%L)',
                enforce_trigger('am', reference), parent, CASE WHEN coalesce(options->>'on_update', 'NO ACTION') = 'NO ACTION' THEN timing ELSE '' END,
                reference);
        END IF;
        IF moments AND target ?| '{scope,soft_delete}' THEN
            EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_ended(%L)',
                enforce_trigger('av', reference), parent, CASE WHEN coalesce(options->>'on_delete', 'NO ACTION') = 'NO ACTION' THEN timing ELSE '' END,
                reference);
        END IF;
        -- where more than the key counts, it looks at each row itself
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW %s'
            ' EXECUTE FUNCTION assoc_internal.parent_updated(%L)', enforce_trigger('au', reference), parent,
            CASE WHEN coalesce(options->>'on_update', 'NO ACTION') = 'NO ACTION' THEN timing ELSE '' END,
            -- bytewise: a native key hands on what is equal, but written otherwise
            CASE WHEN NOT target ?| '{scope,soft_delete}' THEN 'WHEN (' ||
                (SELECT coalesce(string_agg(format('ROW(OLD.%I)::record OPERATOR(pg_catalog.*<>) ROW(NEW.%1$I)::record', k), ' OR '), 'true')
                    FROM jsonb_array_elements_text(target->'key') k JOIN pg_attribute ON attrelid = parent AND attname = k) || ')' END, reference);
        -- what a child's lock does not stand in
        IF target ?| '{scope,soft_delete}' OR options->>'ending' = 'true' THEN
            EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_ending(%L)',
                enforce_trigger('e', reference), parent, reference);
        END IF;
        EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT'
            ' EXECUTE FUNCTION assoc_internal.parent_truncated(%L)', enforce_trigger('at', reference), parent, reference);
        IF coalesce((options->>'forget')::boolean, true) AND
            (SELECT relkind = 'r' AND NOT relispartition FROM pg_class WHERE oid = parent) AND
            NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent AND tgname = 'RI_assoc_forget') THEN
            EXECUTE format('CREATE TRIGGER "RI_assoc_forget" BEFORE DELETE OR UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT'
                ' EXECUTE FUNCTION assoc_internal.forget_parents()', parent);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "RI_assoc_forget"', parent);
        END IF;
    END LOOP;
END
$$;

-- Takes it away again.
CREATE FUNCTION unenforce(gone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT tgname, tgrelid::regclass AS rel FROM pg_trigger
        WHERE NOT tgisinternal AND tgparentid = 0 AND tgname LIKE 'RI\_assoc\_%' AND tgargs = convert_to(gone, 'UTF8') || '\x00' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
    END LOOP;
    -- a plain owner may not; then the name cannot be used again
    IF has_table_privilege('assoc_internal.enforced', 'DELETE') THEN
        DELETE FROM assoc_internal.enforced_target WHERE reference = gone;
        DELETE FROM assoc_internal.enforced WHERE reference = gone;
    END IF;
END
$$;

-- told(statements): runs them in a subtransaction, and tells how that ended; an error with all fields that a driver sees.
-- Where one fails, none has been run.
CREATE FUNCTION told(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    statement text;
    state text;
    message text;
    detail text;
    hint text;
    schema_name text;
    table_name text;
    column_name text;
    constraint_name text;
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, schema_name = SCHEMA_NAME, table_name = TABLE_NAME, column_name = COLUMN_NAME,
        constraint_name = CONSTRAINT_NAME;
    RETURN concat_ws(E'\n    ', state || ': ' || message, nullif(detail, ''), nullif('HINT: ' || hint, 'HINT: '),
        nullif(concat_ws(', ', nullif(schema_name, ''), nullif(table_name, ''), nullif(column_name, ''),
            nullif(constraint_name, '')), ''));
END
$$;

-- All rows of the schema's tables, as text.
CREATE FUNCTION contents(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    t record;
    found text;
    result text := '';
BEGIN
    FOR t IN SELECT oid::regclass AS rel, relname FROM pg_class
        WHERE relnamespace = name::regnamespace AND relkind IN ('r', 'p') ORDER BY relname COLLATE "C" LOOP
        EXECUTE format('SELECT string_agg(x::text, '' '' ORDER BY x::text COLLATE "C") FROM %s x', t.rel) INTO found;
        result := result || t.relname || ': ' || coalesce(found, '') || E'\n';
    END LOOP;
    RETURN result;
END
$$;

-- twin(statements): runs them in the schema theirs, with native keys, and in ours, and tells what came of it: once if it is
-- the same, else both. What is deferred is asked for at the end.
CREATE FUNCTION twin(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
    outcome text;
    outcomes text[] := '{}';
    path text := current_setting('search_path');
BEGIN
    FOREACH name IN ARRAY ARRAY['theirs', 'ours'] LOOP
        outcome := told(VARIADIC format('SET LOCAL search_path = %s, %s', name, path) || statements
            || 'SET CONSTRAINTS ALL IMMEDIATE'::text || 'SET CONSTRAINTS ALL DEFERRED'::text);
        PERFORM set_config('search_path', path, true);
        outcomes := outcomes || replace(outcome, name, 'SCHEMA');
    END LOOP;
    IF contents('theirs') <> contents('ours') THEN
        RETURN format(E'DIFFERENT ROWS after %s\nnative:\n%s\ntriggers:\n%s', outcomes[1], contents('theirs'), contents('ours'));
    ELSIF outcomes[1] <> outcomes[2] THEN
        RETURN format(E'DIFFERENT\nnative:   %s\ntriggers: %s', outcomes[1], outcomes[2]);
    END IF;
    RETURN outcomes[1];
END
$$;

-- How keys are looked for from now on; a plain owner may not choose, and then all goes the one way.
CREATE FUNCTION probe(way text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('assoc.probe', way, false);
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;

-- ways(statements): told() of them as a query looks, which is undone, and as the index does; once if it is the same.
CREATE FUNCTION ways(VARIADIC statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    results text[];
BEGIN
    PERFORM probe('query');
    BEGIN
        results := ARRAY[told(VARIADIC statements)];
        RAISE SQLSTATE 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        NULL;
    END;
    PERFORM probe('auto');
    results := results || told(VARIADIC statements);
    IF results[1] <> results[2] THEN
        RETURN NEXT 'DIFFERENT by query: ' || results[1];
    END IF;
    RETURN NEXT results[2];
END
$$;
