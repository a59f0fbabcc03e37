\set ON_ERROR_STOP on
\pset footer off
\echo
\echo '-- 1. The application is a migration package: its versions are scripts, up and down.'
\echo '--    Version 1.0 creates the tables Users and Todos.'
\echo
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app', '1.0');
\d "Todos"

\echo '-- 2. What is applied, and what is not yet: db:migrate:status.'
\echo
SELECT version, state, is_current, has_down, applied_by FROM assoc.migrations WHERE package = 'todo_app';

\echo '-- 3. Version 1.1 adds "userId" with ON DELETE CASCADE, and declares both sides:'
\echo '--      SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');'
\echo '--      SELECT assoc.belongs_to(''Todo'', ''User'', foreign_key => ''userId'', on_delete => ''CASCADE'');'
\echo '--      SELECT assoc.apply();'
\echo
SELECT * FROM assoc.migrate('todo_app');
\d "Todos"

\echo '-- 4. Undo one step: the column and the declarations are gone. Undo everything: so are the tables.'
\echo
SELECT * FROM assoc.undo('todo_app');
SELECT count(*) AS associations FROM assoc.associations;
SELECT * FROM assoc.undo_all('todo_app');
SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public';

\echo
\echo '-- 5. Migrate again, all the way, and look at the table and the history.'
\echo
SELECT * FROM assoc.migrate('todo_app');
\d "Todos"
SELECT action, from_version, to_version, script FROM assoc_internal.history ORDER BY applied_at;
SELECT association, kind, target, foreign_key, key, on_delete, status FROM assoc.associations;

\echo '-- 6. Some users and their to-dos.'
\echo
INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace');
INSERT INTO "Todos" (title, "userId")
VALUES ('write the first program', 1), ('sleep', 1), ('find the moth', 2);

\echo
\echo '-- 7. The to-dos of the logged-in user. The accessor is inlined: see the plan.'
\echo
SELECT t.id, t.title, t.done FROM "Users" u, todos(u) t WHERE u.id = 1 ORDER BY t.id;
SELECT t.title, u.name FROM "Todos" t, "user"(t) u ORDER BY t.id;
EXPLAIN (COSTS OFF) SELECT t.title FROM "Users" u, todos(u) t WHERE u.id = 1;

\echo '-- 8. A to-do of nobody is refused.'
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
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 8'; END $$;
\endif

\echo
\echo '-- 9. A user is deleted, and its to-dos with it.'
\echo
DELETE FROM "Users" WHERE id = 1;
SELECT * FROM "Todos";
SELECT count(*) = 1 AS cascaded FROM "Todos" \gset
\if :cascaded
\else
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 9'; END $$;
\endif

\echo
\echo '-- 10. Undoing everything would lose rows: it must be confirmed.'
\echo
\set ON_ERROR_STOP off
SELECT * FROM assoc.undo_all('todo_app');
\set ON_ERROR_STOP on
SELECT count(*) = 2 AS kept FROM assoc.migrations WHERE package = 'todo_app' AND state = 'up' \gset
\if :kept
\echo '   (refused, and nothing was done)'
\else
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 10'; END $$;
\endif

\echo
\echo '-- 11. All is as declared; one model in words.'
\echo
SELECT * FROM assoc.validate();
SELECT * FROM assoc.describe('User');
SELECT count(*) = 2 AND bool_and(status = 'in place') AS in_place FROM assoc.associations \gset
\if :in_place
\echo '-- The lesson is complete.'
\else
DO $$ BEGIN RAISE EXCEPTION 'the lesson failed at step 11'; END $$;
\endif
