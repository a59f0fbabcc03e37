\set in_force 'SELECT reference, mode, declarer, validated FROM assoc_internal.enforced ORDER BY 1'

SELECT pg_temp.told('the package''s triggers are in force', :'in_force',
	'a_comments_subject_id|trigger|ta_enforced|true, a_todos_reviewer_id|statement|ta_enforced|true, a_todos_user_id|trigger|ta_enforced|true, b_users_boss_id|trigger|ta_enforced|true');
SELECT pg_temp.told('... as declared', 'SELECT association, status FROM assoc.associations',
	'Comment.subject|in place, Todo.comments|in place, Todo.reviewer|in place, Todo.user|in place, User.boss|in place, User.todos|in place');
SELECT pg_temp.refused('an orphan is refused', 'INSERT INTO a_todos VALUES (9, 99)', '23503');
SELECT pg_temp.refused('... one that refers to a row deleted softly', 'INSERT INTO a_todos VALUES (9, 3)', '23503');
SELECT pg_temp.refused('... to a row outside the scope', 'UPDATE a_todos SET reviewer_id = 2 WHERE id = 1', '23503');
SELECT pg_temp.refused('... one that comes into the condition', $$UPDATE a_todos SET status = 'open' WHERE id = 2$$, '23503');
SELECT pg_temp.refused('... and of no type', $$INSERT INTO a_comments VALUES (9, 'Page', 1)$$, '23503');
SELECT pg_temp.refused('RESTRICT', 'DELETE FROM b_users WHERE id = 2', '23503');
UPDATE b_users SET gone = NULL WHERE id = 3;
SELECT pg_temp.told('a row that lives again brings its own', 'SELECT id, gone IS NULL AS lives FROM a_todos ORDER BY 1', '1|true, 2|true, 3|true');
SELECT pg_temp.told('nothing is found wrong', 'SELECT severity, code FROM assoc.validate(min_severity => ''warning'') WHERE code <> ''owner_differs''', '');
SELECT pg_temp.refused('1.2 has no triggers', $$ALTER EXTENSION todo_assoc UPDATE TO '1.2'$$, '55000');
SELECT pg_temp.told('undo', $$SELECT from_version, to_version FROM assoc.undo('ta_enforced')$$, '1.1|1.0');
SELECT pg_temp.told('... ends what the version put in force', :'in_force', 'a_todos_user_id|trigger|ta_enforced|true, b_users_boss_id|trigger|ta_enforced|true');
SELECT pg_temp.told('migrate', $$SELECT from_version, to_version FROM assoc.migrate('ta_enforced')$$, '1.0|1.1');
SELECT pg_temp.told('... which rows of no admin block', 'SELECT association, outcome FROM assoc.apply()', '');
SELECT pg_temp.told('undo_all', $$SELECT count(*) FROM assoc.undo_all('ta_enforced', confirm => true)$$, '2');
SELECT pg_temp.told('nothing is in force', :'in_force', '');
ALTER EXTENSION todo_assoc UPDATE TO '1.2';
ALTER EXTENSION todo_assoc UPDATE;
SELECT pg_temp.told('migrate from nothing', $$SELECT from_version, to_version FROM assoc.migrate('ta_enforced')$$, '|1.0, 1.0|1.1');
SELECT pg_temp.refused('... and it is enforced', 'INSERT INTO a_todos VALUES (9, 99)', '23503');
