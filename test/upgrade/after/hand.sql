SET search_path = "My ""schema""", public;
\set state 'SELECT association, status FROM assoc.associations WHERE association IN '

SELECT pg_temp.told('accessors give their rows',
	$$SELECT count(*), count(DISTINCT g."Tag Id") FROM "The Users" u, todos(u) t, tags(t) g$$, '6|2');
SELECT pg_temp.told('... the first by an order, within a scope', $$SELECT u.id, t.id AS first FROM "The Users" u, "first one"(u) t$$, '1|1');
SELECT pg_temp.told('... along a path', $$SELECT u.id, count(*) FROM "The Users" u, tags(u) GROUP BY 1 ORDER BY 1$$, '1|2, 2|2');
SELECT pg_temp.told('... by a key of two columns', $$SELECT a.number, i.id FROM accounts a, invoices(a) i ORDER BY 1$$, '1|1, 2|2');

SELECT pg_temp.refused('an orphan is refused', $$INSERT INTO "To Do's" (id, "user's id") VALUES (9, 99)$$, '23503');
SELECT pg_temp.refused('... in a partition', $$INSERT INTO "Log" VALUES (9, 99)$$, '23503');
SELECT pg_temp.refused('... by a key that is NOT VALID', $$INSERT INTO comments VALUES (9, 99)$$, '23503');
DELETE FROM accounts WHERE number = 2;
SELECT pg_temp.told('ON DELETE SET NULL (column)', 'SELECT tenant, number FROM invoices WHERE id = 2', '1|');
DELETE FROM "The Users" WHERE id = 2;
SELECT pg_temp.told('ON DELETE CASCADE', $$SELECT count(*), (SELECT count(*) FROM "todo tags") AS links FROM "To Do's"$$, '2|4');

SELECT pg_temp.told('what was planned is applied, and what rows block is not', 'SELECT association, outcome FROM assoc.apply()',
	'Tag.owner|done, Tag.owner|done, Tag.owner|done, Comment.todo|blocked, Tag.owner|done');
DELETE FROM comments WHERE id = 2;
SELECT pg_temp.told('... and then it is', 'SELECT association, outcome FROM assoc.apply()', 'Comment.todo|done');
DELETE FROM assoc_internal.conflict;
SELECT pg_temp.told('a conflict is settled', 'SELECT severity, code FROM assoc.validate()', '');

ALTER TABLE "The Users" RENAME TO "User's";
ALTER TABLE "To Do's" RENAME COLUMN "user's id" TO "Owner";
ALTER SCHEMA "My ""schema""" RENAME TO "Another schema";
SET search_path = "Another schema", public;
SELECT pg_temp.told('declarations follow renames of table, column and schema',
	$$SELECT table_name, foreign_key, status FROM assoc.associations JOIN assoc_internal.model ON name = target WHERE association = 'Todo "x".user'$$,
	'User''s|Owner|in place');
SELECT pg_temp.told('... and so do accessors', $$SELECT u.id, t.id AS todo FROM "User's" u, todos(u) t ORDER BY 2$$, '1|1, 1|2');
SELECT assoc.rename_model('Todo "x"', 'Task') \g /dev/null
SELECT assoc.rename_association('Task.user', 'doer') \g /dev/null
SELECT pg_temp.told('a model and an association are renamed', $$SELECT u.id, (doer(t)).id AS doer FROM "User's" u, todos(u) t WHERE t.id = 2$$, '1|1');
SELECT pg_temp.told('the document declares itself', 'SELECT assoc.declare(assoc.document()::jsonb)',
	'8 models, 12 associations: 0 added, 0 changed, 0 dropped; 0 steps planned');

CREATE TABLE lists (id integer PRIMARY KEY);
SELECT assoc.belongs_to('Task', 'List', on_delete => 'RESTRICT', inverse => 'tasks') \g /dev/null
SELECT pg_temp.told('a new association is declared and applied', 'SELECT DISTINCT outcome FROM assoc.apply()', 'done');
SELECT pg_temp.told('... and in place', :'state' || $$('Task.list', 'List.tasks') ORDER BY 1$$, 'List.tasks|in place, Task.list|in place');
SELECT pg_temp.refused('a parent is held', 'DROP TABLE lists', '2BP01');
DROP TABLE comments;
SELECT pg_temp.told('a child takes its association along', :'state' || $$('Comment.todo')$$, '');

DROP EXTENSION todo_assoc;
SELECT pg_temp.told('the extension goes, keys stay', $$SELECT count(*), (SELECT count(*) FROM pg_proc WHERE proname = 'todos') AS accessors
	FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = '"Another schema"'::regnamespace$$, '7|0');
CREATE EXTENSION todo_assoc;
SELECT pg_temp.told('... and is made again', 'SELECT count(*) FROM assoc.associations', '0');
