-- bench/trees.sql: works that load trees, each in several ways; what bench/load and bench/imdb share.
CREATE TABLE took (work text, what text, ms float8);

-- work: a name; how many roots there are (NULL: all), and how often it runs in a round; what: how, and its SQL. All of a work give the same JSON, siblings in
-- whichever order. index: one that is made for it.
CREATE TABLE works (work text, users integer, runs integer, index text, what text, sql text);
CREATE FUNCTION written(work text, users integer, runs integer, index text, what text, sql text) RETURNS void LANGUAGE sql AS
$$ INSERT INTO works SELECT work, users, runs, index, what, sql $$;

-- JSON without the order of its lists
CREATE FUNCTION sorted(j jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
SELECT CASE jsonb_typeof(j)
    WHEN 'array' THEN coalesce((SELECT jsonb_agg(sorted(x) ORDER BY sorted(x)) FROM jsonb_array_elements(j) x), '[]')
    WHEN 'object' THEN (SELECT jsonb_object_agg(k, sorted(v)) FROM jsonb_each(j) e(k, v))
    ELSE j END
$$;

-- That all ways of a work give the same.
CREATE PROCEDURE verify() LANGUAGE plpgsql AS $$
DECLARE
    w record;
    answer json;
    first text;
    hash text;
BEGIN
    FOR w IN SELECT DISTINCT ON (work, what) * FROM works ORDER BY work, what LOOP
        EXECUTE w.sql INTO answer;
        hash := md5(sorted(answer::jsonb)::text);
        IF w.what = (SELECT min(what) FROM works o WHERE o.work = w.work) THEN
            first := hash;
        ELSIF hash <> first THEN
            RAISE '%: % gives another answer', w.work, w.what;
        END IF;
    END LOOP;
END $$;

-- One round: each way of each work, in random order; prepared, but find_all, whose plans are its own.
CREATE PROCEDURE measure() LANGUAGE plpgsql AS $$
DECLARE
    w record;
    started timestamptz;
BEGIN
    FOR w IN SELECT * FROM works ORDER BY random() LOOP
        IF w.index IS NOT NULL THEN
            EXECUTE w.index;
        END IF;
        EXECUTE 'PREPARE written AS ' || w.sql;
        EXECUTE 'EXECUTE written';
        FOR i IN 1..6 LOOP
            EXIT WHEN w.runs = 1;
            EXECUTE 'EXECUTE written';
        END LOOP;
        started := clock_timestamp();
        FOR i IN 1..w.runs LOOP
            EXECUTE 'EXECUTE written';
        END LOOP;
        INSERT INTO took VALUES (w.work, w.what, 1000 * extract(epoch FROM clock_timestamp() - started) / w.runs);
        DEALLOCATE written;
        IF w.index IS NOT NULL THEN
            DROP INDEX latest;
        END IF;
        COMMIT;
    END LOOP;
END $$;

-- Medians, and what share they are of the best that is written by hand.
CREATE VIEW told AS
    WITH m AS (SELECT work, what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM took GROUP BY work, what),
        best AS (SELECT work, min(ms) AS ms FROM m WHERE what <> 'find_all' GROUP BY work)
    SELECT m.work, m.what, round(m.ms::numeric, 3) AS ms, round((m.ms / best.ms)::numeric, 3) AS share FROM m JOIN best USING (work);
