-- Declaring each kind of association, looking at it, and using its accessors.
CREATE SCHEMA declare_basics;
SET search_path = declare_basics;
\pset null -

CREATE TABLE "Users" (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Profiles" (id int PRIMARY KEY, bio text, "userId" int);
CREATE TABLE "Todos" (id int PRIMARY KEY, title text NOT NULL, "createdAt" timestamptz);
CREATE TABLE "Tags" (id int PRIMARY KEY, label text NOT NULL);

-- nothing is declared
SELECT * FROM assoc.models;
SELECT * FROM assoc.associations;
SELECT assoc.document();
SELECT count(*) FROM assoc.plan();
SELECT count(*) FROM assoc.help();

-- each declaring function returns a line
\t on
\a
SELECT assoc.define_model('User', 'Users');
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');
SELECT assoc.has_one('User', 'Profile');
SELECT assoc.belongs_to('Profile', 'User');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.has_one('User', 'Todo', alias => 'latest', foreign_key => 'userId', order_by => '-createdAt');
-- the same again changes nothing
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
\a
\t off

SELECT model, table_name, key, associations, status, inferred, declared_by FROM assoc.models;
SELECT association, kind, target, through, foreign_key, key, on_delete, on_update FROM assoc.associations;
SELECT association, enforce, status, difference, inferred, declared_by FROM assoc.associations;

\t on
\a
SELECT * FROM assoc.describe('User');
SELECT * FROM assoc.describe('Todo');
SELECT * FROM assoc.describe('todo_tags');

-- nothing was changed so far; apply does it
SELECT count(*) FROM pg_catalog.pg_constraint WHERE contype = 'f' AND connamespace = 'declare_basics'::regnamespace;
SELECT association, sql FROM assoc.plan() ORDER BY step;
SELECT outcome, count(*) FROM assoc.apply() GROUP BY outcome;
SELECT count(*) FROM assoc.plan();
\a
\t off
SELECT association, on_delete, status, difference FROM assoc.associations;
\t on
\a
SELECT * FROM assoc.describe('User');
\a
\t off

-- accessors
INSERT INTO "Users" VALUES (1, 'ann'), (2, 'bob'), (3, 'cyd');
INSERT INTO "Profiles" (id, bio, "userId") VALUES (10, 'climbs', 1);
INSERT INTO "Todos" (id, title, "createdAt", "userId")
    VALUES (1, 'rope', '2024-01-01', 1), (2, 'boots', '2024-01-02', 1), (3, 'soup', '2024-01-03', 2);
INSERT INTO "Tags" VALUES (1, 'gear'), (2, 'food'), (3, 'urgent');
INSERT INTO todo_tags ("todoId", "tagId") VALUES (1, 1), (1, 3), (2, 1), (3, 2);

SELECT t.id, t.title FROM "Users" u, todos(u) t WHERE u.id = 1 ORDER BY t.id;
SELECT t.title, u.name FROM "Todos" t, "user"(t) u ORDER BY t.id;
SELECT u.name, p.bio FROM "Users" u LEFT JOIN LATERAL profile(u) p ON true ORDER BY u.id;
SELECT p.bio, u.name FROM "Profiles" p, "user"(p) u;
SELECT t.title, g.label FROM "Todos" t, tags(t) g ORDER BY t.id, g.id;
SELECT g.label, t.title FROM "Tags" g, todos(g) t ORDER BY g.id, t.id;
-- along a path each target comes once: both of ann's todos have the tag gear
SELECT u.name, g.label FROM "Users" u, tags(u) g ORDER BY u.id, g.id;
SELECT u.name, t.title FROM "Users" u, latest(u) t ORDER BY u.id;
SELECT u.name, (SELECT count(*) FROM todos(u)) AS todos FROM "Users" u ORDER BY u.id;

-- the planner inlines them: no function scan is left, and an index on the foreign key is used
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
CREATE FUNCTION inlined(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    tables text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Function Scan|ProjectSet' THEN
            RETURN 'not inlined: ' || line;
        END IF;
        tables := tables || (regexp_match(line, ' on ("?\w+"?)'))[1];
    END LOOP;
    RETURN 'inlined: ' || (SELECT string_agg(t, ', ' ORDER BY t COLLATE "C") FROM unnest(tables) t WHERE t IS NOT NULL);
END
$$;
EXPLAIN (COSTS OFF) SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;
EXPLAIN (COSTS OFF) SELECT u.* FROM "Todos" t, "user"(t) u WHERE t.id = 1;
SELECT inlined('SELECT * FROM "Users" u, todos(u) t');
SELECT inlined('SELECT * FROM "Todos" t, "user"(t) u');
SELECT inlined('SELECT * FROM "Users" u, profile(u) p');
SELECT inlined('SELECT * FROM "Profiles" p, "user"(p) u');
SELECT inlined('SELECT * FROM "Todos" t, tags(t) g');
SELECT inlined('SELECT * FROM "Tags" g, todos(g) t');
SELECT inlined('SELECT * FROM "Users" u, tags(u) g');
SELECT inlined('SELECT * FROM "Users" u, latest(u) t');
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;

-- the functions are ordinary ones beside the table, and go with the extension
SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS argument, pg_get_function_result(p.oid) AS result,
    p.provolatile AS volatility, p.prorows AS rows,
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'x') AS goes_with_extension
FROM pg_proc p WHERE p.pronamespace = 'declare_basics'::regnamespace AND p.proname <> 'inlined'
ORDER BY p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C";

-- the foreign keys do what was declared
DELETE FROM "Users" WHERE id = 1;
SELECT id FROM "Todos";
SELECT * FROM todo_tags;
SELECT id, "userId" FROM "Profiles";

-- accessors => false: no functions; true again makes them
SELECT assoc.define_model('User', 'Users', accessors => false);
SELECT count(*) FROM pg_proc WHERE pronamespace = 'declare_basics'::regnamespace AND proname IN ('profile', 'latest');
SELECT assoc.define_model('User', 'Users');
SELECT count(*) FROM pg_proc WHERE pronamespace = 'declare_basics'::regnamespace AND proname IN ('profile', 'latest');

SELECT assoc.declare('{"models": {}}', prune => true);
SELECT count(*) FROM pg_proc WHERE pronamespace = 'declare_basics'::regnamespace AND proname <> 'inlined';
SET client_min_messages = warning;
DROP SCHEMA declare_basics CASCADE;
