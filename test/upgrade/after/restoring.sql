SELECT pg_temp.refused('migrate waits for the end of the restore', $$SELECT * FROM assoc.undo('todo_app')$$, '55000');
INSERT INTO "Todos" (title, "userId") VALUES ('belong to nobody', 42);
SELECT pg_temp.told('post_restore puts the keys back, and tells of rows that break them', 'SELECT item, outcome FROM assoc.post_restore()',
	'foreign key "Todos_userId_fkey" of "Todos"|blocked, step_pending|finding');
DELETE FROM "Todos" WHERE "userId" = 42;
SELECT pg_temp.told('... without which they are valid', 'SELECT sql, outcome FROM assoc.apply()',
	'ALTER TABLE public."Todos" VALIDATE CONSTRAINT "Todos_userId_fkey"|done');
SELECT pg_temp.refused('a to-do of nobody is refused', 'UPDATE "Todos" SET "userId" = 42', '23503');
SELECT pg_temp.told('nothing is found wrong', 'SELECT * FROM assoc.validate() WHERE code <> ''owner_differs''', '');
