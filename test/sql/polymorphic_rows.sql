-- Rows that break a polymorphic association: found, shown and mended; adopted while they are there.
SET client_min_messages = notice;
\t on
\a
CREATE SCHEMA polymorphic_rows;
SET search_path = polymorphic_rows;
CREATE TABLE posts (id int PRIMARY KEY, title text);
CREATE TABLE photos (id int PRIMARY KEY, url text NOT NULL);
CREATE TABLE comments (id int PRIMARY KEY, commentable_type varchar(20), commentable_id bigint, body text);
INSERT INTO posts VALUES (1, 'p1'), (2, 'p2');
INSERT INTO photos VALUES (1, 'u1');
INSERT INTO comments VALUES (1, 'Post', 1), (2, 'Photo', 1), (3, NULL, NULL),
    (4, 'Post', 7), (5, 'Post', 7), (6, 'Photo', 2), (7, 'Page', 1), (8, 'Post', NULL), (9, NULL, 1);
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable');
SELECT severity, code, association, message, fix, count, samples, detail FROM assoc.validate() WHERE code <> 'step_pending';
SELECT sql, outcome, detail FROM assoc.apply();
SELECT association, status, difference FROM assoc.associations;
SELECT severity, code, association, message, count, samples FROM assoc.validate();
SELECT key, "row"->>'id' FROM assoc.orphans('Comment.commentable') ORDER BY 2;
SELECT key, "row"->>'id' FROM assoc.orphans('Post.comments') ORDER BY 2;
-- new rows are checked at once
INSERT INTO comments VALUES (10, 'Post', 7);
UPDATE comments SET body = 'touched' WHERE id = 4;

\set VERBOSITY terse
CALL assoc.repair('Comment.commentable');
\set VERBOSITY default
CALL assoc.repair('Comment.commentable', 'restore_parent');
BEGIN;
CALL assoc.repair('Post.comments', 'restore_parent');
SELECT * FROM posts ORDER BY id;
ROLLBACK;
CALL assoc.repair('Post.comments', 'quarantine');
SELECT association, reason, "row"->>'id' FROM assoc_internal.quarantine ORDER BY 3;
DELETE FROM assoc_internal.quarantine;
CALL assoc.repair('Comment.commentable', 'set_null');
SELECT * FROM comments ORDER BY id;
SELECT sql, outcome FROM assoc.apply();
SELECT severity, code, association, message FROM assoc.validate();

-- a table goes: held, or the others are left
DROP TABLE photos;
DROP TABLE photos CASCADE;
INSERT INTO comments VALUES (11, 'Post', 9);
INSERT INTO comments VALUES (11, 'Photo', 1);
SELECT association, target FROM assoc.associations;
SELECT sql, outcome FROM assoc.apply();
SELECT association, status FROM assoc.associations;
INSERT INTO comments VALUES (11, 'Photo', 1);
INSERT INTO comments VALUES (11, 'Post', 2);
ALTER TABLE comments DROP COLUMN commentable_type;
SELECT count(*) FROM assoc.associations;
SELECT sql, outcome FROM assoc.apply();
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'RI_assoc%' AND tgrelid IN ('comments'::regclass, 'posts'::regclass);

-- none: declared, and nothing is enforced; switched by declaring again
CREATE TABLE notes (id int PRIMARY KEY, subject_type text, subject_id int);
SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Post', enforce => 'none');
SELECT sql FROM assoc.plan();
INSERT INTO notes VALUES (1, 'Nothing', 1);
SELECT severity, code, message FROM assoc.validate('Note.subject');
DELETE FROM notes;
SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Post', enforce => 'statement');
SELECT sql, outcome FROM assoc.apply();
SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Post', enforce => 'trigger', on_delete => 'NO ACTION', deferral => 'none');
SELECT sql, outcome FROM assoc.apply();
INSERT INTO notes SELECT g, 'Post', g FROM generate_series(1, 2) g;
INSERT INTO notes SELECT g, 'Post', g FROM generate_series(3, 4) g;
DELETE FROM posts WHERE id = 1;
SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Post', enforce => 'none');
SELECT sql, outcome FROM assoc.apply();
DELETE FROM posts WHERE id = 1;

SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA polymorphic_rows CASCADE;
