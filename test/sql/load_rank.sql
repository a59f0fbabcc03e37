-- The first rows of each parent by one pass over all rows: as by LATERAL, whatever they are ordered by.
\t on
\a
SET client_min_messages = warning;
CREATE SCHEMA "load Rank";
SET search_path = "load Rank";
CREATE TABLE tops (id int PRIMARY KEY);
CREATE TABLE owners (id int PRIMARY KEY, "na me" text COLLATE "C");
CREATE TABLE rows (id int PRIMARY KEY, top_id int, owner_id int, n int, t text, w timestamptz, x numeric, j json, gone boolean);
CREATE TABLE likes (id int PRIMARY KEY, row_id int, stars int);
INSERT INTO tops SELECT generate_series(1, 300);
INSERT INTO owners SELECT i, chr(65 + i * 7 % 20) FROM generate_series(1, 20) i;
SELECT setseed(0.5) \g /dev/null
INSERT INTO rows SELECT i, CASE WHEN random() < 0.95 THEN 1 + floor(random() * 290) END, 1 + i % 25,
    CASE WHEN random() < 0.8 THEN floor(random() * 5) END, CASE WHEN random() < 0.8 THEN left(md5(random()::text), 1 + i % 3) END,
    '2026-01-01'::timestamptz + floor(random() * 9) * interval '1 day', CASE WHEN i % 50 = 0 THEN 'NaN' ELSE round(random()::numeric, 1) END, '1',
    CASE WHEN random() < 0.2 THEN true END
    FROM generate_series(1, 3000) i;
INSERT INTO likes SELECT i, 1 + floor(random() * 3000), i % 6 FROM generate_series(1, 3000) i;
ANALYZE tops, owners, rows, likes;
SELECT count(*) FROM (
    SELECT assoc.define_model('Row', 'rows', soft_delete => 'gone')
    UNION ALL SELECT assoc.has_many('Top', 'Row', foreign_key => 'top_id')
    UNION ALL SELECT assoc.has_many('Top', 'Row', 'best', foreign_key => 'top_id', order_by => 'n DESC')
    UNION ALL SELECT assoc.has_one('Top', 'Row', 'first', foreign_key => 'top_id')
    UNION ALL SELECT assoc.belongs_to('Row', 'Owner', foreign_key => 'owner_id')
    UNION ALL SELECT assoc.has_many('Row', 'Like', foreign_key => 'row_id')) d;
-- the strategy, and whether it gives what LATERAL gives: live rows by this ORDER BY
CREATE FUNCTION same(query text, order_by text, rest text, conditions text DEFAULT 'true') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    strategy text;
    written jsonb;
    q jsonb := jsonb_build_object('order', '["id"]'::jsonb, 'include', jsonb_build_object('rows', query::jsonb || '{"attributes": ["id"], "required": false}'));
BEGIN
    SELECT e.strategy INTO strategy FROM assoc.explain('Top', q, actual => true) e WHERE edge = 'Top.rows';
    EXECUTE format('SELECT jsonb_agg(jsonb_build_object(''id'', p.id, ''rows'', x.rows) ORDER BY p.id) FROM tops p CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object(''id'', y.id)), ''[]'') AS rows FROM (SELECT r.id FROM rows r LEFT JOIN owners o ON o.id = r.owner_id
            WHERE r.top_id = p.id AND r.gone IS NOT TRUE AND %s ORDER BY %s %s) y) x', conditions, order_by, rest) INTO written;
    RETURN strategy || CASE WHEN written = assoc.find_all('Top', q)::jsonb THEN ', the same' ELSE ', another' END;
END $$;
SELECT same('{"limit": 3}', 'r.id', 'LIMIT 3');
SELECT same('{"limit": 1, "order": ["n"]}', 'r.n, r.id', 'LIMIT 1');
SELECT same('{"limit": 3, "order": ["-n"]}', 'r.n DESC, r.id', 'LIMIT 3');
SELECT same('{"limit": 3, "order": [["n", "DESC NULLS LAST"], ["t", "ASC NULLS FIRST"]]}', 'r.n DESC NULLS LAST, r.t NULLS FIRST, r.id', 'LIMIT 3');
SELECT same('{"limit": 4, "offset": 2, "order": ["-t", "w"]}', 'r.t DESC, r.w, r.id', 'LIMIT 4 OFFSET 2');
SELECT same('{"limit": 2, "order": ["-x", "-id"]}', 'r.x DESC, r.id DESC', 'LIMIT 2');
SELECT same('{"limit": 2, "order": ["owner.na me", "-w"]}', 'o."na me", r.w DESC, r.id', 'LIMIT 2');
SELECT same('{"limit": 2, "order": ["-likes._count", "likes._max.stars"]}', '(SELECT count(*) FROM likes l WHERE l.row_id = r.id) DESC, (SELECT max(stars) FROM likes l WHERE l.row_id = r.id), r.id', 'LIMIT 2');
SELECT same('{"limit": 2, "order": ["t"], "where": {"n": {"gt": 1}, "$owner.na me$": {"ne": "B"}}}', 'r.t, r.id', 'LIMIT 2', 'r.n > 1 AND o."na me" <> ''B''');
SELECT same('{"limit": 0}', 'r.id', 'LIMIT 0');
SELECT same('{"limit": 60, "order": ["w"]}', 'r.w, r.id', 'LIMIT 60');
-- too many to keep; without a limit; by the association's own order, which is text
SELECT same('{"limit": 65, "order": ["w"]}', 'r.w, r.id', 'LIMIT 65');
SELECT same('{"offset": 3, "order": ["w"]}', 'r.w, r.id', 'OFFSET 3');
SELECT strategy FROM assoc.explain('Top', '{"include": {"best": {"limit": 2}}}') WHERE edge = 'Top.best';
-- one row of several, asked about or not
SELECT edge, strategy FROM assoc.explain('Top', '{"include": {"first": ["id"]}}') WHERE edge <> 'Top';
SELECT edge, strategy FROM assoc.explain('Top', '{"include": {"first": {"where": {"n": 1}}}}') WHERE edge <> 'Top';
SELECT (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'first', (SELECT jsonb_build_object('id', r.id) FROM rows r WHERE r.top_id = p.id AND r.gone IS NOT TRUE ORDER BY r.id LIMIT 1)) ORDER BY p.id) FROM tops p)
    = assoc.find_all('Top', '{"order": ["id"], "include": {"first": ["id"]}}')::jsonb AS same;
SELECT (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'first', CASE WHEN f.n = 1 THEN jsonb_build_object('id', f.id) END) ORDER BY p.id) FROM tops p
    LEFT JOIN LATERAL (SELECT * FROM rows r WHERE r.top_id = p.id AND r.gone IS NOT TRUE ORDER BY r.id LIMIT 1) f ON true)
    = assoc.find_all('Top', '{"order": ["id"], "include": {"first": {"attributes": ["id"], "where": {"n": 1}, "required": false}}}')::jsonb AS same;
-- with rows below, and with an index that gives the order, each parent is looked at
SELECT edge, strategy FROM assoc.explain('Top', '{"include": {"rows": {"limit": 2, "include": "owner"}}}') WHERE edge = 'Top.rows';
CREATE INDEX ON rows (top_id, w);
SELECT same('{"limit": 3, "order": ["w"]}', 'r.w, r.id', 'LIMIT 3');
SELECT same('{"limit": 3, "order": ["x"]}', 'r.x, r.id', 'LIMIT 3');
-- rows are counted that are left
SET assoc.max_rows = 900;
SELECT json_array_length(assoc.find_all('Top', '{"include": {"rows": {"limit": 2, "order": ["x"]}}}'));
SET assoc.max_rows = 400;
SELECT assoc.find_all('Top', '{"include": {"rows": {"limit": 2, "order": ["x"]}}}');
RESET assoc.max_rows;
-- what has no order
\set VERBOSITY terse
SELECT assoc.find_all('Top', '{"include": {"rows": {"limit": 2, "order": ["j"]}}}');
DROP SCHEMA "load Rank" CASCADE;
