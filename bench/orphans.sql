-- bench/orphans.sql: the tables of bench/orphans, and one round of it, which goes into the table took.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS todo_assoc;
CREATE TABLE took (key text, what text, workers int, method text, ms float8);

CREATE TABLE parents_integer AS SELECT i::integer AS id FROM generate_series(1, :parents) i;
CREATE TABLE parents_uuid AS SELECT md5(i::text)::uuid AS id FROM generate_series(1, :parents) i;
CREATE TABLE parents_text AS SELECT left(md5(i::text), 20 + i % 11) AS id FROM generate_series(1, :parents) i;
CREATE TABLE children_integer AS SELECT i AS id, 'a title' AS title, 1 + floor(random() * :parents)::integer AS fk
    FROM generate_series(1, :children) i;
CREATE TABLE children_uuid AS SELECT id, title, md5(fk::text)::uuid AS fk FROM children_integer;
CREATE TABLE children_text AS SELECT id, title, left(md5(fk::text), 20 + fk % 11) AS fk FROM children_integer;
SELECT format('ALTER TABLE parents_%s ADD PRIMARY KEY (id)', k), format('ALTER TABLE children_%s ADD CONSTRAINT fk FOREIGN KEY (fk)
    REFERENCES parents_%1$s NOT VALID', k) FROM unnest('{integer,uuid,text}'::text[]) k \gexec
-- polymorphic: a third of the parents each are posts, photos and users, and a third of the children refers to each
CREATE TABLE children_polymorphic AS SELECT id, title, (ARRAY['Post', 'Photo', 'User'])[1 + fk % 3] AS kind, 1 + fk / 3 AS fk
    FROM children_integer;
SELECT format('CREATE TABLE parents_%s AS SELECT i AS id FROM generate_series(1, %s) i', k, 1 + :parents / 3),
    format('ALTER TABLE parents_%s ADD PRIMARY KEY (id)', k) FROM unnest('{post,photo,user}'::text[]) k \gexec
VACUUM ANALYZE;

CREATE PROCEDURE measure(short boolean) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
    found bigint;
    method text;
    k text;
    w text;
    n int;
BEGIN
    FOR k, w, n IN SELECT key, what, workers FROM (
            SELECT key, what, workers FROM unnest('{integer,uuid,text}'::text[]) key,
                (VALUES ('VALIDATE CONSTRAINT', 0), ('anti-join', 0), ('anti-join', 2), ('scan_orphans', 0), ('scan_orphans', 2),
                    ('count(fk)', 0), ('count(fk)', 2)) v(what, workers) WHERE NOT short OR what <> 'anti-join'
            UNION ALL VALUES ('polymorphic', 'three anti-joins', 0), ('polymorphic', 'three anti-joins', 2),
                ('polymorphic', 'scan_references', 0), ('polymorphic', 'scan_references', 2), ('polymorphic', 'count(fk)', 0),
                ('polymorphic', 'count(fk)', 2)) v(key, what, workers) ORDER BY random() LOOP
        PERFORM set_config('max_parallel_workers_per_gather', n::text, false);
        found := 0;
        method := NULL;
        started := clock_timestamp();
        CASE w
            WHEN 'VALIDATE CONSTRAINT' THEN
                EXECUTE format('ALTER TABLE children_%s VALIDATE CONSTRAINT fk', k);
            WHEN 'anti-join' THEN
                EXECUTE format('SELECT count(*) FROM children_%s c WHERE fk IS NOT NULL AND NOT EXISTS
                    (SELECT FROM parents_%1$s p WHERE p.id = c.fk)', k) INTO found;
            WHEN 'three anti-joins' THEN
                SELECT sum(count) INTO found FROM (
                    SELECT count(*) FROM children_polymorphic c WHERE kind = 'Post' AND fk IS NOT NULL
                        AND NOT EXISTS (SELECT FROM parents_post p WHERE p.id = c.fk)
                    UNION ALL SELECT count(*) FROM children_polymorphic c WHERE kind = 'Photo' AND fk IS NOT NULL
                        AND NOT EXISTS (SELECT FROM parents_photo p WHERE p.id = c.fk)
                    UNION ALL SELECT count(*) FROM children_polymorphic c WHERE kind = 'User' AND fk IS NOT NULL
                        AND NOT EXISTS (SELECT FROM parents_user p WHERE p.id = c.fk)) t;
            WHEN 'scan_references' THEN
                SELECT min(s.method), sum(s.count) INTO method, found FROM assoc_internal.scan_references('children_polymorphic',
                    '{parents_post,parents_photo,parents_user}', '{"{fk}","{fk}","{fk}"}', '{"{id}","{id}","{id}"}',
                    '{kind,kind,kind}', '{Post,Photo,User}') s;
            WHEN 'scan_orphans' THEN
                SELECT s.method, s.count INTO method, found FROM assoc_internal.scan_orphans(('children_' || k)::regclass, '{fk}',
                    ('parents_' || k)::regclass, '{id}') s;
            ELSE
                EXECUTE format('SELECT count(fk) FROM children_%s', k);
        END CASE;
        INSERT INTO took VALUES (k, w, n, method, 1000 * extract(epoch FROM clock_timestamp() - started));
        IF found <> 0 THEN
            RAISE '% finds % orphans where there are none', w, found;
        END IF;
        IF w = 'VALIDATE CONSTRAINT' THEN
            UPDATE pg_catalog.pg_constraint SET convalidated = false
            WHERE conname = 'fk' AND conrelid = ('children_' || k)::regclass;
        END IF;
        COMMIT;
    END LOOP;
END $$;
