\set ON_ERROR_STOP on
\pset footer off
\echo
\echo '-- 1. A migration package: version 1.0 creates the tables Users and Todos.'
\echo
CREATE EXTENSION todo_app VERSION '1.0' CASCADE;
\d "Todos"

\echo '-- 2. Version 1.1 adds "userId" with ON DELETE CASCADE, and declares both sides:'
\echo '--      SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');'
\echo '--      SELECT assoc.belongs_to(''Todo'', ''User'', foreign_key => ''userId'', on_delete => ''CASCADE'');'
\echo '--      SELECT assoc.apply();'
\echo
ALTER EXTENSION todo_app UPDATE TO '1.1';
\d "Todos"
SELECT association, kind, target, foreign_key, key, on_delete, status FROM assoc.associations;

\echo '-- 3. Some users and their to-dos.'
\echo
INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace');
INSERT INTO "Todos" (title, "userId")
VALUES ('write the first program', 1), ('sleep', 1), ('find the moth', 2);

\echo
\echo '-- 4. The to-dos of the logged-in user. The accessor is inlined: see the plan.'
\echo
SELECT t.id, t.title, t.done FROM "Users" u, todos(u) t WHERE u.id = 1 ORDER BY t.id;
SELECT t.title, u.name FROM "Todos" t, "user"(t) u ORDER BY t.id;
EXPLAIN (COSTS OFF) SELECT t.title FROM "Users" u, todos(u) t WHERE u.id = 1;

\echo '-- 5. A to-do of nobody is refused.'
\echo
\set ON_ERROR_STOP off
INSERT INTO "Todos" (title, "userId") VALUES ('belong to nobody', 42);
\set ON_ERROR_STOP on
\if :{?LAST_ERROR_SQLSTATE}
SELECT :'LAST_ERROR_SQLSTATE' = '23503' AS refused \gset
\endif
\if :refused
\echo '   (refused with SQLSTATE 23503, as it must be)'
\else
\warn 'the orphan was not refused'
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 5'; END $$;
\endif

\echo
\echo '-- 6. A user is deleted, and its to-dos with it.'
\echo
DELETE FROM "Users" WHERE id = 1;
SELECT * FROM "Todos";
SELECT count(*) = 1 AS cascaded FROM "Todos" \gset
\if :cascaded
\else
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 6'; END $$;
\endif

\echo
\echo '-- 7. Down to 1.0: the column and the declarations are gone. And up again.'
\echo
ALTER EXTENSION todo_app UPDATE TO '1.0';
\d "Todos"
SELECT count(*) AS associations FROM assoc.associations;
ALTER EXTENSION todo_app UPDATE TO '1.1';
SELECT * FROM assoc.describe('User');
SELECT count(*) = 2 AND bool_and(status = 'in place') AS in_place FROM assoc.associations \gset
\if :in_place
\echo '-- The lesson is complete.'
\else
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 7'; END $$;
\endif
