SELECT pg_temp.told('migrate goes up', $$SELECT from_version, to_version FROM assoc.migrate('todo_app')$$, '1.0|1.1');
UPDATE "Todos" SET "userId" = 1;
SELECT pg_temp.told('accessors give their rows', 'SELECT u.name, t.title FROM "Users" u, todos(u) t', 'Ada|sleep');
SELECT pg_temp.refused('a to-do of nobody is refused', 'UPDATE "Todos" SET "userId" = 42', '23503');
SELECT pg_temp.told('migrations tells both', 'SELECT version, state, is_current, script_changed FROM assoc.migrations WHERE package = ''todo_app''', '1.0|up|false|false, 1.1|up|true|false');
SELECT pg_temp.told('nothing is found wrong', 'SELECT * FROM assoc.validate() WHERE code <> ''owner_differs''', '');
SELECT pg_temp.told('undo goes down', $$SELECT from_version, to_version FROM assoc.undo('todo_app')$$, '1.1|1.0');
SELECT pg_temp.told('... and the rows stay', 'SELECT title FROM "Todos"', 'sleep');
