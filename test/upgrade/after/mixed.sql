SELECT pg_temp.told('accessors by hand and of the package give their rows',
	$$SELECT u.name, n.id, t.title FROM "Users" u, notes(u) n, todos(u) t ORDER BY 2$$,
	'Ada|1|sleep, Ada|2|sleep, Grace|3|find the moth');
SELECT pg_temp.refused('a note of nobody is refused', 'INSERT INTO "Sticky Notes" VALUES (9, 42)', '23503');
ALTER TABLE "Sticky Notes" RENAME TO "Paper ""Notes""";
ALTER TABLE "Paper ""Notes""" RENAME COLUMN "User" TO "of user";
SELECT pg_temp.told('a rename by hand is followed', $$SELECT foreign_key, status, declared_by FROM assoc.associations WHERE association = 'Note.user'$$, 'of user|in place|hand');
SELECT pg_temp.told('... by both accessors', 'SELECT n.id, (SELECT count(*) FROM notes(u)) AS notes FROM "Paper ""Notes""" n, "user"(n) u ORDER BY 1', '1|2, 2|2, 3|1');
DELETE FROM "Users" WHERE name = 'Ada';
SELECT pg_temp.told('a delete cascades to both', $$SELECT count(*), (SELECT count(*) FROM "Todos") AS todos FROM "Paper ""Notes"""$$, '1|1');
SELECT pg_temp.told('the package goes down, what is said by hand stays', $$SELECT to_version FROM assoc.undo('todo_app')$$, '1.0');
SELECT pg_temp.told('... in place', 'SELECT association, status FROM assoc.associations', 'Note.user|in place, User.notes|in place');
SELECT pg_temp.refused('the package is not undone under it', $$SELECT * FROM assoc.undo_all('todo_app', confirm => true)$$, '2BP01');
DROP TABLE "Paper ""Notes""";
SELECT pg_temp.told('... but without it', $$SELECT from_version, to_version, rows_dropped FROM assoc.undo_all('todo_app', confirm => true)$$, '1.0||2');
SELECT pg_temp.told('nothing is left', $$SELECT (SELECT count(*) FROM assoc.associations) AS a, (SELECT count(*) FROM assoc.models) AS m$$, '0|0');
