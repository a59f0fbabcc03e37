SET search_path = "My ""schema""", public;
\set status 'SELECT association, enforce, status FROM assoc.associations'

SELECT pg_temp.told('all is in place but for what rows block', :'status',
	'Comment.subject|trigger|in place, Doc.approver|trigger|in place, Doc.editor|trigger|in place, Note.bad|trigger|planned, Note.namesake|trigger|in place, Note.person|statement|in place, Post.comments|trigger|in place, Stay.place|trigger|in place, Todo.user|trigger|in place, User.boss|trigger|in place, User.only|trigger|in place, User.todos|trigger|in place');
SELECT pg_temp.told('... and the rest is known to be right', 'SELECT reference FROM assoc_internal.enforced WHERE NOT validated ORDER BY 1', 'notes_broken, notes_left_over');

SELECT pg_temp.refused('an orphan is refused', $$INSERT INTO "To Do's" VALUES (9, 99)$$, '23503');
SELECT pg_temp.refused('... one that lives while its parent does not', $$INSERT INTO "To Do's" VALUES (9, 3)$$, '23503');
SELECT pg_temp.refused('... when the transaction ends', $$UPDATE "Users" SET "boss's id" = 99 WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE$$, '23503');
SELECT pg_temp.refused('... when the statement ends', 'INSERT INTO notes (id, person_id) VALUES (9, 99)', '23503');
SELECT pg_temp.refused('... by a key that is not unique', $$INSERT INTO notes (id, named) VALUES (9, 'y')$$, '23503');
SELECT pg_temp.refused('... to a row outside the scope', 'UPDATE docs SET approver_id = 2', '23503');
SELECT pg_temp.refused('... that comes into the condition', $$UPDATE docs SET status = 'held' WHERE id = 2$$, '23503');
SELECT pg_temp.refused('... of a type', $$INSERT INTO "Comments" VALUES (9, 'App\Post', 9)$$, '23503');
SELECT pg_temp.refused('... of none', $$INSERT INTO "Comments" VALUES (9, 'Post', 1)$$, '23503');
SELECT pg_temp.refused('... of a table whose heirs count', $$INSERT INTO "Comments" VALUES (9, 'Photo', 9)$$, '23503');
SELECT pg_temp.refused('an heir that is referred to', 'ALTER TABLE panoramas NO INHERIT photos', '23503');
SELECT pg_temp.refused('... in a partition', 'INSERT INTO stays VALUES (9, 9)', '23503');
SELECT pg_temp.refused('... where the rows that are there do not fit', 'INSERT INTO notes (id, broken) VALUES (9, 99)', '23503');
SELECT pg_temp.refused('... by what nobody declares any more', 'INSERT INTO notes (id, left_over) VALUES (9, 99)', '23503');
SELECT pg_temp.refused('TRUNCATE of a partition that is referred to', 'TRUNCATE places_1', '0A000');

SELECT pg_temp.told('a row that lives again', $$WITH lives AS (UPDATE "Users" SET "deleted At" = NULL WHERE id = 3 RETURNING 1) SELECT count(*) FROM lives$$, '1');
SELECT pg_temp.told('... brings its own', $$SELECT id, hidden FROM "To Do's" ORDER BY 1$$, '1|false, 2|true, 3|false, 4|true, 5|');
UPDATE "Users" SET "deleted At" = '2026-02-02' WHERE id = 4;
SELECT pg_temp.told('... and takes them along', $$SELECT u.deletion_id IS NOT NULL AND u.deletion_id = t.deletion_id AS marked, t.hidden FROM "To Do's" t, "Users" u WHERE t.id = 5 AND u.id = 4$$, 'true|true');
DELETE FROM "Posts" WHERE id = 1;
DELETE FROM places WHERE id = 1;
UPDATE places SET id = 3 WHERE id = 2;
DELETE FROM people WHERE id = 2;
DELETE FROM panoramas;
SELECT pg_temp.told('actions', $$SELECT (SELECT count(*) FROM "Comments") AS c, (SELECT string_agg(place_id::text, ' ') FROM stays) AS s, (SELECT count(person_id) FROM notes) AS n$$, '2|3|1');

SELECT pg_temp.told('validate() tells of the rows that do not fit', $$SELECT severity, code, association, count FROM assoc.validate(min_severity => 'warning')$$, 'error|orphans|Note.bad|1, warning|step_pending||, warning|step_pending|Note.bad|');
SELECT pg_temp.told('what is to do', 'SELECT sql, outcome FROM assoc.apply()',
	$$SELECT assoc_internal.validate_reference('Note.bad')|blocked, SELECT assoc_internal.unenforce('notes_left_over')|done$$);
DELETE FROM notes WHERE id = 100;
SELECT pg_temp.told('... and then is done', 'SELECT sql, outcome FROM assoc.apply()', $$SELECT assoc_internal.validate_reference('Note.bad')|done$$);

SELECT pg_temp.told('to a key', $$SELECT assoc.set_enforcement('Note.person', 'foreign_key')$$, 'Note.person: enforced by a foreign key; 3 steps done');
SELECT pg_temp.refused('... which enforces it', 'INSERT INTO notes (id, person_id) VALUES (9, 99)', '23503');
SELECT pg_temp.told('... and back', $$SELECT assoc.set_enforcement('Note.person', 'trigger')$$, 'Note.person: enforced by triggers; 1 step done');
SELECT pg_temp.refused('... which do', 'INSERT INTO notes (id, person_id) VALUES (9, 99)', '23503');

ALTER TABLE "Users" RENAME TO "User's";
ALTER TABLE "To Do's" RENAME COLUMN "user's id" TO "Owner";
ALTER SCHEMA "My ""schema""" RENAME TO "Another schema";
SET search_path = "Another schema", public;
SELECT pg_temp.refused('renames are followed', $$INSERT INTO "To Do's" VALUES (9, 99)$$, '23503');
SELECT pg_temp.told('... all is in place', $$SELECT count(*) FROM assoc.associations WHERE status <> 'in place'$$, '0');
SELECT pg_temp.told('the document declares itself', 'SELECT assoc.declare(assoc.document()::jsonb)', '10 models, 12 associations: 0 added, 0 changed, 0 dropped; 0 steps planned');

SELECT pg_temp.refused('1.2 knows of no polymorphic ones', $$ALTER EXTENSION todo_assoc UPDATE TO '1.2'$$, '55000');
SELECT assoc.drop_association('Post.comments'), assoc.drop_association('Comment.subject'), assoc.drop_association('Doc.editor') \g /dev/null
SELECT assoc.define_model('User'), assoc.define_model('Todo', plural => 'todos'), assoc.define_model('Post'), assoc.define_model('Photo') \g /dev/null
SELECT assoc.drop_association('Note.namesake'), assoc.drop_association('Stay.place') \g /dev/null
SELECT assoc.set_enforcement(name, 'foreign_key') FROM unnest('{Doc.approver,Note.person,Note.bad,Todo.user,User.boss}'::text[]) name \g /dev/null
SELECT assoc.apply() \g /dev/null
SELECT pg_temp.told('nothing is enforced by triggers', 'SELECT count(*) FROM assoc_internal.enforced', '0');
ALTER EXTENSION todo_assoc UPDATE TO '1.2';
SELECT pg_temp.refused('the keys stay', 'INSERT INTO notes (id, person_id) VALUES (9, 99)', '23503');
ALTER EXTENSION todo_assoc UPDATE;
SELECT pg_temp.told('and forth', $$SELECT assoc.set_enforcement('Todo.user', 'trigger')$$, 'Todo.user: enforced by triggers; 1 step done');
SELECT pg_temp.refused('... enforced again', $$INSERT INTO "To Do's" VALUES (9, 99)$$, '23503');
