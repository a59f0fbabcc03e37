\set history 'SELECT action, from_version, to_version FROM assoc_internal.history ORDER BY applied_at OFFSET '

SELECT pg_temp.told('accessors give their rows', $$SELECT u.name, t.title FROM "Users" u, todos(u) t WHERE u.name = 'Grace'$$, 'Grace|find the moth');
SELECT pg_temp.told('... of the other side', $$SELECT t.id, u.name FROM "Todos" t, "user"(t) u ORDER BY 1$$, '1|Ada, 2|Ada, 3|Grace');
SELECT pg_temp.refused('a to-do of nobody is refused', $$INSERT INTO "Todos" (title, "userId") VALUES ('x', 42)$$, '23503');
INSERT INTO "Users" (name) VALUES ('Linus');
DELETE FROM "Users" WHERE id = 2;
SELECT pg_temp.told('sequences go on, and a delete cascades', $$SELECT max(id), (SELECT count(*) FROM "Todos") AS todos FROM "Users"$$, '3|2');

SELECT assoc.belongs_to('Todo', 'User', 'checker', foreign_key => 'checkerId') \g /dev/null
SELECT pg_temp.told('a step on a table of the package is left to its scripts', 'SELECT DISTINCT outcome FROM assoc.apply()', 'blocked');
SELECT assoc.drop_association('Todo.checker') \g /dev/null
SELECT pg_temp.told('undo', $$SELECT from_version, to_version, script, rows_dropped FROM assoc.undo('todo_app')$$, '1.1|1.0|todo_app--1.1--1.0.sql|0');
SELECT pg_temp.told('... takes its declarations back', 'SELECT count(*) FROM assoc.associations', '0');
SELECT pg_temp.told('migrate', $$SELECT from_version, to_version, script FROM assoc.migrate('todo_app')$$, '1.0|1.1|todo_app--1.0--1.1.sql');
SELECT pg_temp.told('... declares them again', 'SELECT association, status FROM assoc.associations', 'Todo.user|in place, User.todos|in place');
SELECT pg_temp.refused('undo_all is refused while there are rows', $$SELECT * FROM assoc.undo_all('todo_app')$$, '55000');
SELECT pg_temp.told('undo_all', $$SELECT from_version, to_version, rows_dropped FROM assoc.undo_all('todo_app', confirm => true)$$, '1.1|1.0|0, 1.0||4');
SELECT pg_temp.told('... drops the tables', $$SELECT to_regclass('"Users"'), to_regclass('"Todos"') $$, '|');
SELECT pg_temp.told('migrate from nothing', $$SELECT from_version, to_version FROM assoc.migrate('todo_app')$$, '|1.0, 1.0|1.1');
SELECT pg_temp.told('the history goes on', :'history' || '2', 'undo|1.1|1.0, migrate|1.0|1.1, undo_all|1.1|1.0, undo_all|1.0|, migrate||1.0, migrate|1.0|1.1');
ALTER EXTENSION todo_app UPDATE TO '1.0';
SELECT pg_temp.told('... and what it was not told of is observed', :'history' || '8', 'observed|1.1|1.0');
ALTER EXTENSION todo_app UPDATE;
SELECT pg_temp.refused('todo_assoc is not dropped with a package', 'DROP EXTENSION todo_assoc CASCADE', '2BP01');
SELECT pg_temp.told('the package is marked for dump', $$SELECT cardinality(extconfig) FROM pg_extension WHERE extname = 'todo_app'$$, '4');
