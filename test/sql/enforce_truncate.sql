-- TRUNCATE of a parent: refused while rows refer to it. A native key refuses it whatever the child holds, and lets CASCADE
-- reach the child; a trigger sees what is left after the command.
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/twins.sql'
\set ECHO none
\i :include
\set ECHO all

CALL make('CREATE TABLE p (id integer PRIMARY KEY, up integer); CREATE TABLE c (id integer PRIMARY KEY, pid integer)');
CALL refer('c_pid_fkey', 'c', '{pid}', 'p', '{id}', 'CASCADE', 'CASCADE');
CALL make('INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1, 1), (2, NULL)');
-- what a trigger can say of it: the same, but for CASCADE
SELECT same('TRUNCATE p');
SELECT same('TRUNCATE p, c');
CALL make('INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1, 1), (2, NULL)');
SELECT same('TRUNCATE c, p');
CALL make('INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1, 1), (2, NULL)');
-- here they differ: nothing refers to p any more
SELECT same('DELETE FROM c WHERE pid = 1');
SELECT result('ours', 'TRUNCATE p');
SELECT result('ours', 'INSERT INTO c VALUES (3, 1)');
SELECT result('ours', 'INSERT INTO p VALUES (1)'), result('ours', 'INSERT INTO c VALUES (3, 1)');
-- CASCADE does not know our triggers
SELECT result('ours', 'TRUNCATE p CASCADE');
SELECT result('ours', 'TRUNCATE p RESTART IDENTITY');
-- in one transaction with the insert that refers to it, and with the one that does no longer
SELECT result('ours', 'INSERT INTO p VALUES (5); INSERT INTO c VALUES (4, 5); DELETE FROM c WHERE id = 3; TRUNCATE p');
SELECT result('ours', 'DELETE FROM c WHERE id = 3; TRUNCATE p; INSERT INTO c VALUES (5, 1)');

-- itself
CALL refer('p_up_fkey', 'p', '{up}', 'p', '{id}');
CALL make('TRUNCATE p, c; INSERT INTO p VALUES (1, NULL), (2, 1)');
SELECT result('ours', 'TRUNCATE p');

-- two columns: a row with a null in them refers to nothing
CALL make('CREATE TABLE q (a integer, b integer, PRIMARY KEY (a, b)); CREATE TABLE d (a integer, b integer)');
CALL refer('d_a_b_fkey', 'd', '{a, b}', 'q', '{a, b}');
CALL make('INSERT INTO q VALUES (1, 1); INSERT INTO d VALUES (1, NULL), (NULL, 1), (NULL, NULL)');
SELECT result('ours', 'TRUNCATE q');
CALL make('INSERT INTO q VALUES (1, 1) ON CONFLICT DO NOTHING; INSERT INTO d VALUES (1, 1)');
SELECT result('ours', 'TRUNCATE q');
SELECT result('native', 'TRUNCATE q');

CALL clean();
