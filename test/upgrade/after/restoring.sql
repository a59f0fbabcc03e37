SELECT pg_temp.refused('migrate waits for the end of the restore', $$SELECT * FROM assoc.undo('todo_app')$$, '55000');
INSERT INTO "Todos" (title, "userId") VALUES ('belong to nobody', 42);
SELECT pg_temp.told('post_restore puts the keys back, and tells of rows that break them', 'SELECT item, outcome FROM assoc.post_restore()', '');
DELETE FROM "Todos" WHERE "userId" = 42;
SELECT * FROM assoc.post_restore(); SELECT * FROM assoc.apply(); SELECT * FROM assoc.generate_migration('todo_app');
ALTER TABLE "Todos" VALIDATE CONSTRAINT "Todos_userId_fkey";
SELECT pg_temp.refused('a to-do of nobody is refused', 'UPDATE "Todos" SET "userId" = 42', '23503');
SELECT pg_temp.told('nothing is found wrong', 'SELECT * FROM assoc.validate()', '');
