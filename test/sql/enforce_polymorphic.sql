-- Polymorphic references: the type column says which table a row refers to.
SET client_min_messages = warning;
CREATE SCHEMA enforce_polymorphic;
CREATE SCHEMA ours;
SET search_path = enforce_polymorphic, ours;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours.post (id int PRIMARY KEY, title text);
CREATE TABLE ours."Photo" ("photoId" bigint PRIMARY KEY, file text);
CREATE TABLE ours.comment (id int PRIMARY KEY, "commentableType" varchar(20), "commentableId" int, body text);
INSERT INTO post SELECT i FROM generate_series(1, 9) i;
INSERT INTO "Photo" SELECT i FROM generate_series(5, 14) i;
SELECT enforce('Comment.commentable', 'ours.comment', '{commentableId}',
    '[{"type": "Post", "table": "ours.post", "key": ["id"]}, {"type": "Photo", "table": "ours.\"Photo\"", "key": ["photoId"]},
      {"type": "Article", "table": "ours.post", "key": ["id"]}]', '{"type_column": "commentableType"}');
SELECT ways('INSERT INTO comment VALUES (1, ''Post'', 1), (2, ''Photo'', 10), (3, ''Article'', 2), (4, NULL, NULL)');
SELECT ways('INSERT INTO comment VALUES (5, ''Post'', 10)');
SELECT ways('INSERT INTO comment VALUES (5, ''Photo'', 1)');
SELECT ways('INSERT INTO comment VALUES (5, ''Article'', 10)');
SELECT ways('INSERT INTO comment VALUES (5, ''Car'', 1)');
SELECT ways('INSERT INTO comment VALUES (5, ''post'', 1)');
SELECT ways('INSERT INTO comment VALUES (5, '''', 1)');
SELECT ways('INSERT INTO comment VALUES (5, ''Post'', NULL)');
SELECT ways('INSERT INTO comment VALUES (5, NULL, 1)');
-- each of the two columns, and both
SELECT ways('UPDATE comment SET "commentableType" = ''Photo'' WHERE id = 1');
SELECT ways('UPDATE comment SET "commentableType" = ''Photo'', "commentableId" = 14 WHERE id = 1');
SELECT ways('UPDATE comment SET "commentableId" = 15 WHERE id = 1');
SELECT ways('UPDATE comment SET "commentableType" = NULL WHERE id = 1');
SELECT ways('UPDATE comment SET "commentableId" = NULL WHERE id = 1');
SELECT ways('UPDATE comment SET "commentableType" = ''Post'' WHERE id = 4');
SELECT ways('UPDATE comment SET "commentableType" = NULL, "commentableId" = NULL WHERE id = 1', 'UPDATE comment SET body = ''x''');
-- a row that is gone by the time, as ever
SELECT ways('INSERT INTO comment VALUES (6, ''Car'', 1)', 'DELETE FROM comment WHERE id = 6');
-- what is remembered is remembered of one type
SELECT ways('INSERT INTO comment VALUES (7, ''Photo'', 12), (8, ''Photo'', 12), (9, ''Post'', 12)');
SELECT ways('INSERT INTO comment VALUES (7, ''Post'', 3), (8, ''Article'', 3), (9, ''Photo'', 3)');
SELECT ways('INSERT INTO comment VALUES (7, ''Post'', 6), (8, ''Photo'', 6)', 'DELETE FROM comment WHERE id IN (7, 8)',
    'DELETE FROM "Photo" WHERE "photoId" = 6', 'INSERT INTO comment VALUES (7, ''Post'', 6)', 'INSERT INTO comment VALUES (8, ''Photo'', 6)');
-- many rows
SELECT ways('INSERT INTO comment SELECT 100 + i, CASE i % 4 WHEN 0 THEN ''Post'' WHEN 1 THEN ''Photo'' WHEN 2 THEN ''Article'' END,
    CASE WHEN i % 4 < 3 THEN 5 + i % 5 END FROM generate_series(1, 1000) i');
SELECT ways('INSERT INTO comment SELECT 2000 + i, CASE i % 2 WHEN 0 THEN ''Post'' ELSE ''Photo'' END, 5 + i % 6 FROM generate_series(1, 1000) i');
-- the parents' side
SELECT ways('DELETE FROM post WHERE id = 2');
SELECT ways('DELETE FROM "Photo" WHERE "photoId" = 14');
SELECT count(*) FROM comment c WHERE "commentableType" IN ('Post', 'Article') AND NOT EXISTS (SELECT FROM post WHERE id = "commentableId")
    OR "commentableType" = 'Photo' AND NOT EXISTS (SELECT FROM "Photo" WHERE "photoId" = "commentableId");
SELECT unenforce('Comment.commentable');
DROP TABLE comment;

-- the type may be an enum, and the key of several columns
CREATE TYPE kind AS ENUM ('a', 'b', 'c');
CREATE TABLE ours.one (tenant int, id uuid, PRIMARY KEY (tenant, id));
CREATE TABLE ours.two (id uuid, tenant int, PRIMARY KEY (id, tenant));
CREATE TABLE ours.note (id int PRIMARY KEY, kind kind, tenant int, ref uuid);
INSERT INTO one SELECT i, ('00000000-0000-0000-0000-00000000000' || i)::uuid FROM generate_series(1, 5) i;
INSERT INTO two SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid, i FROM generate_series(3, 8) i;
SELECT enforce('Note.ref', 'ours.note', '{tenant, ref}',
    '[{"type": "a", "table": "ours.one", "key": ["tenant", "id"]}, {"type": "b", "table": "ours.two", "key": ["tenant", "id"]}]',
    '{"type_column": "kind", "match": "full", "deferral": "deferred"}');
SELECT ways('INSERT INTO note VALUES (1, ''a'', 1, ''00000000-0000-0000-0000-000000000001''), (2, ''b'', 8, ''00000000-0000-0000-0000-000000000008''), (3, NULL, NULL, NULL)');
SELECT ways('INSERT INTO note VALUES (4, ''a'', 1, ''00000000-0000-0000-0000-000000000002'')', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT ways('INSERT INTO note VALUES (4, ''a'', 8, ''00000000-0000-0000-0000-000000000008'')', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT ways('INSERT INTO note VALUES (4, ''c'', 8, ''00000000-0000-0000-0000-000000000008'')', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT ways('INSERT INTO note VALUES (4, ''b'', 8, NULL)', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT ways('INSERT INTO note VALUES (4, NULL, 8, NULL)', 'SET CONSTRAINTS ALL IMMEDIATE');
SELECT ways('INSERT INTO note VALUES (4, ''c'', 8, ''00000000-0000-0000-0000-000000000008'')', 'UPDATE note SET kind = ''b'' WHERE id = 4',
    'SET CONSTRAINTS ALL IMMEDIATE', 'SET CONSTRAINTS ALL DEFERRED');
SELECT unenforce('Note.ref');

DROP SCHEMA ours, enforce_polymorphic CASCADE;
