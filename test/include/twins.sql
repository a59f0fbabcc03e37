-- Twins: the same tables in two schemas, "native" with a foreign key and "ours" with triggers. What is done, is done in
-- both, and must come to the same.
\pset format unaligned
\pset tuples_only on
\pset null '(null)'
CREATE SCHEMA native;
CREATE SCHEMA ours;
CREATE SCHEMA twin;
SET search_path = twin;
SET client_min_messages = warning;

CREATE PROCEDURE make(ddl text) LANGUAGE plpgsql AS $$
DECLARE
	side text;
BEGIN
	FOREACH side IN ARRAY ARRAY['native', 'ours'] LOOP
		PERFORM set_config('search_path', side, true);
		EXECUTE ddl;
	END LOOP;
	SET LOCAL search_path = twin;
END $$;

-- What must differ for the key to count as another one: equal values may have other bytes.
CREATE FUNCTION changed(columns text[]) RETURNS text LANGUAGE sql AS $$
	SELECT format('ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record', string_agg('OLD.' || quote_ident(c), ', '),
		string_agg('NEW.' || quote_ident(c), ', ')) FROM unnest(columns) c $$;

-- The triggers of a reference in "ours", as apply() makes them; the catalog's rows are the caller's.
CREATE PROCEDURE enforce_triggers(reference text) LANGUAGE plpgsql AS $$
DECLARE
	e assoc_internal.enforced;
	t assoc_internal.enforced_target;
	child text;
	h text;
	timing text;
	watched text[];
	part regclass;
	parent regclass;
	together boolean;
BEGIN
	SELECT * INTO STRICT e FROM assoc_internal.enforced x WHERE x.reference = enforce_triggers.reference;
	child := format('%I.%I', e.child_schema, e.child_table);
	h := lpad(to_hex(hashtextextended(e.reference COLLATE "C", 0)), 16, '0');
	timing := CASE e.deferral WHEN 'none' THEN '' WHEN 'immediate' THEN 'DEFERRABLE' ELSE 'DEFERRABLE INITIALLY DEFERRED' END;
	watched := e.columns || array_remove(ARRAY[e.type_column, e.child_soft_delete], NULL)
		|| coalesce((SELECT array_agg(k) FROM jsonb_object_keys(e.condition) k), '{}');
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER INSERT ON %s %s FOR EACH ROW'
		' EXECUTE FUNCTION assoc_internal.check_reference(%L)', 'RI_assoc_c_' || h, child, timing, e.reference);
	-- a row of a partitioned table may have no xmin here: it goes from one partition to another
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW %s'
		' EXECUTE FUNCTION assoc_internal.check_reference(%L)', 'RI_assoc_cu_' || h, child, timing,
		CASE (SELECT relkind FROM pg_class WHERE oid = child::regclass) WHEN 'p' THEN '' ELSE
			format('WHEN (%s(%s OR assoc_internal.by_this_transaction(OLD.xmin)))',
				CASE WHEN e.match = 'simple' AND e.type_column IS NULL THEN
					(SELECT string_agg(format('NEW.%I IS NOT NULL AND ', c), '') FROM unnest(e.columns) c) END,
				(SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', w), ' OR ') FROM unnest(watched) w)) END,
		e.reference);
	FOR t IN SELECT DISTINCT ON (x.parent_schema, x.parent_table) x.* FROM assoc_internal.enforced_target x
			WHERE x.reference = enforce_triggers.reference LOOP
		parent := format('%I.%I', t.parent_schema, t.parent_table);
		-- twin.together: the rows of a statement together, where that can be: not deferred, and on plain tables
		together := current_setting('twin.together', true) = 'on' AND timing = ''
			AND (SELECT relkind = 'r' AND NOT relispartition AND NOT relhassubclass FROM pg_class WHERE oid = parent);
		IF together THEN
			EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'
				' EXECUTE FUNCTION assoc_internal.parent_deleted(%L)', 'RI_assoc_a_' || h, parent, e.reference);
			EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'
				' EXECUTE FUNCTION assoc_internal.parent_updated(%L)', 'RI_assoc_au_' || h, parent, e.reference);
		ELSE
			EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER DELETE ON %s %s FOR EACH ROW'
				' EXECUTE FUNCTION assoc_internal.parent_deleted(%L)', 'RI_assoc_a_' || h, parent,
				CASE e.on_delete WHEN 'NO ACTION' THEN timing ELSE '' END, e.reference);
			EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW WHEN (%s)'
				' EXECUTE FUNCTION assoc_internal.parent_updated(%L)', 'RI_assoc_au_' || h, parent,
				CASE e.on_update WHEN 'NO ACTION' THEN timing ELSE '' END,
				changed(t.key || array_remove(ARRAY[t.soft_delete], NULL)
					|| coalesce((SELECT array_agg(k) FROM jsonb_object_keys(t.scope) k), '{}')), e.reference);
		END IF;
		-- what ON UPDATE says comes at another moment than what ON DELETE says: a row that goes to another partition has its own
		IF timing <> '' AND (e.on_delete = 'NO ACTION') <> (e.on_update = 'NO ACTION')
			AND (SELECT relkind = 'p' FROM pg_class WHERE oid = parent) THEN
			EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER DELETE ON %s %s FOR EACH ROW'
				' EXECUTE FUNCTION assoc_internal.parent_moved(%L)', 'RI_assoc_am_' || h, parent,
				CASE e.on_update WHEN 'NO ACTION' THEN timing ELSE '' END, e.reference);
		END IF;
		EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I.%I FOR EACH STATEMENT'
			' EXECUTE FUNCTION assoc_internal.parent_truncated(%L)', 'RI_assoc_at_' || h, t.parent_schema, t.parent_table,
			e.reference);
		-- statement triggers are not cloned to partitions
		FOR part IN SELECT p.relid FROM pg_partition_tree(format('%I.%I', t.parent_schema, t.parent_table)::regclass) p WHERE p.level > 0 LOOP
			EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s FOR EACH STATEMENT'
				' EXECUTE FUNCTION assoc_internal.parent_truncated(%L)', 'RI_assoc_at_' || h, part, e.reference);
		END LOOP;
		IF NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgname = 'RI_assoc_forget'
				AND g.tgrelid = format('%I.%I', t.parent_schema, t.parent_table)::regclass)
			AND (SELECT c.relkind FROM pg_class c WHERE c.oid = format('%I.%I', t.parent_schema, t.parent_table)::regclass) = 'r' THEN
			EXECUTE format('CREATE TRIGGER "RI_assoc_forget" BEFORE DELETE OR UPDATE OR TRUNCATE ON %1$I.%2$I FOR EACH STATEMENT'
				' EXECUTE FUNCTION assoc_internal.forget_parents()', t.parent_schema, t.parent_table);
			EXECUTE format('ALTER TABLE %I.%I ENABLE ALWAYS TRIGGER "RI_assoc_forget"', t.parent_schema, t.parent_table);
		END IF;
	END LOOP;
END $$;

-- One foreign key: native, and ours.
CREATE PROCEDURE refer(name text, child text, columns text[], parent text, key text[], on_delete text DEFAULT 'NO ACTION',
	on_update text DEFAULT 'NO ACTION', deferral text DEFAULT 'none', match text DEFAULT 'simple') LANGUAGE plpgsql AS $$
DECLARE
	-- the test's name is in it: a plain owner cannot take the rows away
	reference text := concat_ws('/', current_setting('application_name'), child, name);
BEGIN
	EXECUTE format('ALTER TABLE native.%I ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES native.%I (%s) MATCH %s'
		' ON DELETE %s ON UPDATE %s %s', child, name, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c),
		parent, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(key) c), match, on_delete, on_update,
		CASE deferral WHEN 'none' THEN '' WHEN 'immediate' THEN 'DEFERRABLE' ELSE 'DEFERRABLE INITIALLY DEFERRED' END);
	INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns, match,
		on_delete, on_update, deferral)
	VALUES (reference, '', name, 'trigger', 'ours', child, columns, match, on_delete, on_update, deferral);
	INSERT INTO assoc_internal.enforced_target (reference, declarer, parent_schema, parent_table, key)
	VALUES (reference, '', 'ours', parent, key);
	CALL enforce_triggers(reference);
END $$;

-- What a statement comes to in one schema: its SQLSTATE, and all that a client may look at.
CREATE FUNCTION result(side text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	told text;
	detail text;
	hint text;
	of_schema text;
	of_table text;
	of_constraint text;
	n bigint;
BEGIN
	PERFORM set_config('search_path', side, true);
	-- the setting lasts to the end of the transaction, which both sides share
	IF statement LIKE '%SET CONSTRAINTS ALL IMMEDIATE' THEN
		SET CONSTRAINTS ALL DEFERRED;
	END IF;
	EXECUTE statement;
	GET DIAGNOSTICS n = ROW_COUNT;
	SET LOCAL search_path = twin;
	RETURN format('%s rows', n);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, of_schema = SCHEMA_NAME, of_table = TABLE_NAME, of_constraint = CONSTRAINT_NAME;
	SET LOCAL search_path = twin;
	RETURN concat_ws(E'\n    ', state || ': ' || told, nullif(detail, ''), nullif(hint, ''),
		nullif(concat_ws(', ', replace(of_schema, side, 'its schema'), nullif(of_table, ''), nullif(of_constraint, '')), ''));
END $$;

-- The rows that the two schemas do not have in common.
CREATE FUNCTION differences() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'native'::regnamespace AND c.relkind IN ('r', 'p')
			AND NOT c.relispartition ORDER BY 1 LOOP
		RETURN QUERY EXECUTE format('SELECT %1$L || '' has only in native: '' || x.line FROM'
			' (SELECT whole::text AS line FROM native.%1$I whole EXCEPT ALL SELECT whole::text FROM ours.%1$I whole) x', name);
		RETURN QUERY EXECUTE format('SELECT %1$L || '' has only in ours: '' || x.line FROM'
			' (SELECT whole::text AS line FROM ours.%1$I whole EXCEPT ALL SELECT whole::text FROM native.%1$I whole) x', name);
	END LOOP;
END $$;

-- RESTRICT as versions before 18 tell it, so that one expected output serves.
CREATE FUNCTION as_15(told text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN told LIKE '23001: %' THEN replace(replace(replace(told, '23001: ', '23503: '), 'RESTRICT setting of ', ''),
		' is referenced from', ' is still referenced from') ELSE told END $$;

-- Does the same in both, and tells once what they agree in.
CREATE FUNCTION same(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	-- each partition of a parent has a native key of its own, with a number at its name's end
	native text := regexp_replace(result('native', statement), '_fkey_?\d+', '_fkey', 'g');
	ours text := result('ours', statement);
BEGIN
	IF native = ours THEN
		-- twin.quiet: only what differs
		IF current_setting('twin.quiet', true) IS DISTINCT FROM 'on' THEN
			RETURN NEXT as_15(native);
		END IF;
	ELSE
		RETURN NEXT 'NATIVE: ' || native;
		RETURN NEXT 'OURS: ' || ours;
	END IF;
	RETURN QUERY SELECT 'DIFFERENT: ' || d FROM differences() d;
END $$;

-- The rows of a table, for who wants to see that something has happened.
CREATE FUNCTION rows(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('twin.quiet', true) = 'on' THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format('SELECT whole::text FROM native.%I whole ORDER BY 1', name);
END $$;

CREATE PROCEDURE clean() LANGUAGE plpgsql AS $$
BEGIN
	DROP SCHEMA native, ours CASCADE;
	-- a plain owner may not; then the names cannot be used again
	IF has_table_privilege('assoc_internal.enforced', 'DELETE') THEN
		DELETE FROM assoc_internal.enforced_target WHERE parent_schema = 'ours';
		DELETE FROM assoc_internal.enforced WHERE child_schema = 'ours';
	END IF;
	DROP SCHEMA twin CASCADE;
END $$;
