-- Random trees over random rows: the JSON is that of SQL written by hand, byte for byte.
\t on
\a
CREATE SCHEMA load_random;
SET search_path = load_random;
SELECT setseed(0.4242) \g /dev/null
CREATE TABLE users (id int PRIMARY KEY, name text, boss_id int, at timestamptz, amount numeric);
CREATE TABLE todos (id int PRIMARY KEY, user_id int, title text, done boolean, labels text[]);
CREATE TABLE tags (id int PRIMARY KEY, label text, data jsonb);
CREATE TABLE todo_tags (todo_id int, tag_id int, PRIMARY KEY (todo_id, tag_id));
CREATE TABLE comments (id int PRIMARY KEY, subject_type text, subject_id int, body text);
INSERT INTO users SELECT g, CASE WHEN random() < 0.9 THEN repeat(chr((random() * 200)::int + 1), (random() * 20)::int) END, CASE WHEN random() < 0.8 THEN (random() * 70)::int END, now() - random() * interval '9 years', CASE WHEN random() < 0.1 THEN 'NaN' ELSE random()::numeric END FROM generate_series(1, 60) g;
INSERT INTO todos SELECT g, CASE WHEN random() < 0.9 THEN (random() * 70)::int END, 'todo "' || g, CASE WHEN random() < 0.7 THEN random() < 0.5 END, CASE WHEN random() < 0.5 THEN ARRAY['a', 'b"', NULL] END FROM generate_series(1, 200) g;
INSERT INTO tags SELECT g, 'tag ' || g, jsonb_build_object('n', g) FROM generate_series(1, 20) g;
INSERT INTO todo_tags SELECT (random() * 199)::int + 1, (random() * 24)::int + 1 FROM generate_series(1, 400) ON CONFLICT DO NOTHING;
INSERT INTO comments SELECT g, (ARRAY['User', 'Todo', 'Nobody', NULL])[(random() * 3)::int + 1], (random() * 70)::int, 'comment ' || g FROM generate_series(1, 200) g;
SELECT assoc.define_model('User', 'users'), assoc.define_model('Todo', 'todos'), assoc.define_model('Tag', 'tags'), assoc.define_model('Comment', 'comments');
SELECT count(d) FROM (VALUES (assoc.belongs_to('User', 'User', 'boss', inverse => 'reports')), (assoc.has_many('User', 'Todo', inverse => 'user')), (assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos')),
    (assoc.belongs_to_polymorphic('Comment', 'subject', 'User, Todo', enforce => 'none'))) v(d);
SELECT count(d) FROM (VALUES (assoc.has_many('User', 'Comment', polymorphic => 'subject')), (assoc.has_many('Todo', 'Comment', polymorphic => 'subject')), (assoc.has_many('User', 'Tag', through => 'todos.tags')), (assoc.has_one('User', 'Todo', 'newest', order_by => '-id'))) v(d);

-- of each association: its model, where it leads, whether to many, and how: %1$s is the row above, %2$s the row
CREATE TABLE ways (model text, association text, target text, many boolean, condition text);
INSERT INTO ways VALUES ('User', 'boss', 'User', false, '%2$s.id = %1$s.boss_id'), ('User', 'reports', 'User', true, '%2$s.boss_id = %1$s.id'), ('User', 'todos', 'Todo', true, '%2$s.user_id = %1$s.id'), ('Todo', 'user', 'User', false, '%2$s.id = %1$s.user_id'),
    ('Todo', 'tags', 'Tag', true, 'EXISTS (SELECT 1 FROM todo_tags j WHERE j.todo_id = %1$s.id AND j.tag_id = %2$s.id)'), ('Tag', 'todos', 'Todo', true, 'EXISTS (SELECT 1 FROM todo_tags j WHERE j.tag_id = %1$s.id AND j.todo_id = %2$s.id)'),
    ('User', 'comments', 'Comment', true, '%2$s.subject_type = ''User'' AND %2$s.subject_id = %1$s.id'), ('Todo', 'comments', 'Comment', true, '%2$s.subject_type = ''Todo'' AND %2$s.subject_id = %1$s.id'),
    ('User', 'tags', 'Tag', true, 'EXISTS (SELECT 1 FROM todos h JOIN todo_tags j ON j.todo_id = h.id WHERE h.user_id = %1$s.id AND j.tag_id = %2$s.id)'),
    ('User', 'newest', 'Todo', false, '%2$s.user_id = %1$s.id AND NOT EXISTS (SELECT 1 FROM todos newer WHERE newer.user_id = %1$s.id AND newer.id > %2$s.id)');

-- A random level of the model: its query, what its rows alias look like, and which there are; above: the row above's alias
CREATE FUNCTION level(model text, alias text, depth int, many boolean, condition text, OUT query jsonb, OUT value text, OUT filter text) LANGUAGE plpgsql AS $$
DECLARE
    relation regclass := lower(model) || 's';
    parts text[] := '{}';
    includes jsonb := '[]';
    shown name[];
    way ways;
    below record;
    low int := (random() * 10)::int;
    descending boolean := random() < 0.5;
    cut text := '';
BEGIN
    query := '{}';
    filter := condition;
    SELECT array_agg(attname ORDER BY CASE WHEN random() < 0.5 THEN attnum ELSE -attnum END) INTO shown FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND random() < 0.7;
    IF random() < 0.3 THEN
        SELECT array_agg(attname ORDER BY attnum) INTO shown FROM pg_attribute WHERE attrelid = relation AND attnum > 0;
    ELSE
        query := query || jsonb_build_object('attributes', COALESCE(to_jsonb(shown), '[]'));
    END IF;
    SELECT COALESCE(array_agg(format('%L || COALESCE(to_json(%I.%I)::text, ''null'')', to_json(a) || ':', alias, a) ORDER BY n), '{}') INTO parts FROM unnest(shown) WITH ORDINALITY u(a, n);
    IF random() < 0.4 THEN
        query := query || jsonb_build_object('where', jsonb_build_object('id', jsonb_build_object('gt', low)));
        filter := filter || format(' AND %I.id > %s', alias, low);
    END IF;
    FOR way IN SELECT * FROM ways w WHERE w.model = level.model AND depth > 0 AND random() < 0.4 LOOP
        below := level(way.target, alias || '_' || way.association, depth - 1, way.many, format(way.condition, alias, alias || '_' || way.association));
        -- a where requires, unless it is said that it does not
        IF below.query ? 'where' THEN
            IF random() < 0.5 THEN
                filter := filter || format(' AND EXISTS (SELECT 1 FROM %s %I WHERE %s)', lower(way.target) || 's', alias || '_' || way.association, below.filter);
            ELSE
                below.query := below.query || '{"required": false}';
            END IF;
        ELSIF random() < 0.2 THEN
            filter := filter || format(' AND EXISTS (SELECT 1 FROM %s %I WHERE %s)', lower(way.target) || 's', alias || '_' || way.association, below.filter);
            below.query := below.query || '{"required": true}';
        END IF;
        includes := includes || (below.query || jsonb_build_object('association', way.association));
        parts := parts || format('%L || %s', to_json(way.association) || ':', below.value);
    END LOOP;
    IF includes <> '[]' THEN
        query := query || jsonb_build_object('include', includes);
    END IF;
    value := format('''{'' || concat_ws('','', %s) || ''}''', COALESCE(NULLIF(array_to_string(parts, ', '), ''), 'NULL'));
    IF NOT many THEN
        value := format('COALESCE((SELECT %s FROM %s %I WHERE %s), ''null'')', value, relation, alias, filter);
        RETURN;
    END IF;
    query := query || jsonb_build_object('order', jsonb_build_array(CASE WHEN descending THEN '-id' ELSE 'id' END));
    IF random() < 0.4 THEN
        cut := format(' LIMIT %s OFFSET %s', (random() * 3)::int, (random() * 1.4)::int);
        query := query || jsonb_build_object('limit', split_part(cut, ' ', 3)::int, 'offset', split_part(cut, ' ', 5)::int);
    END IF;
    value := format('(SELECT ''['' || COALESCE(string_agg(v, '','' ORDER BY n), '''') || '']'' FROM (SELECT %s, row_number() OVER (ORDER BY %I.id %s) FROM %s %I WHERE %s ORDER BY %I.id %s%s) q(v, n))',
        value, alias, CASE WHEN descending THEN 'DESC' END, relation, alias, filter, alias, CASE WHEN descending THEN 'DESC' END, cut);
END
$$;
CREATE FUNCTION differences(trees int) RETURNS TABLE (different bigint, bytes bigint, example text) LANGUAGE plpgsql AS $$
DECLARE
    root record;
    model text;
    ours text;
    theirs text;
BEGIN
    different := 0;
    bytes := 0;
    FOR i IN 1 .. trees LOOP
        model := (ARRAY['User', 'Todo', 'Tag'])[i % 3 + 1];
        root := level(model, 't', i % 4, true, 'true');
        EXECUTE 'SELECT ' || root.value INTO theirs;
        ours := assoc.find_all(model, root.query);
        bytes := bytes + octet_length(ours);
        IF ours IS DISTINCT FROM theirs THEN
            different := different + 1;
            example := COALESCE(example, format('%s %s %s %s', model, root.query, ours, theirs));
        END IF;
    END LOOP;
    RETURN NEXT;
END
$$;
SELECT different, bytes > 100000, example FROM differences(60);
-- with indexes and what ANALYZE finds, by other plans
CREATE INDEX ON todos (user_id); CREATE INDEX ON users (boss_id); CREATE INDEX ON todo_tags (tag_id); CREATE INDEX ON comments (subject_id, subject_type);
ANALYZE users, todos, tags, todo_tags, comments;
SELECT different, bytes > 100000, example FROM differences(60);

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA load_random CASCADE;
