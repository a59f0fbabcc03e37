-- Polymorphic associations: declared from either side, in any order.
SET client_min_messages = warning;
\t on
\a
CREATE SCHEMA polymorphic;
SET search_path = polymorphic;
CREATE TABLE "Posts" (id serial PRIMARY KEY, title text);
CREATE TABLE "Photos" (id bigserial PRIMARY KEY, url text);
CREATE TABLE "Videos" (id serial PRIMARY KEY);
CREATE TABLE "Comments" (id serial PRIMARY KEY, body text, "createdAt" timestamptz);

-- the child's side, columns inferred in the table's own style
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT association, kind, target, foreign_key, key, status, inferred FROM assoc.associations;
SELECT step, association, sql FROM assoc.plan();
SELECT step, sql, outcome FROM assoc.apply();
\t off
\d "Comments"
\t on
SELECT association, kind, target, foreign_key, key, status, inferred FROM assoc.associations;
SELECT * FROM assoc.describe('Comment');

-- the parents' sides join it; a further model's adds its type
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable', order_by => 'id');
SELECT assoc.has_many('Video', 'Comment', 'remarks', polymorphic => 'commentable');
SELECT association, kind, target, foreign_key, key, status, inferred FROM assoc.associations;
SELECT * FROM assoc.describe('Post');
SELECT assoc.document();

-- an accessor for each target
INSERT INTO "Posts" VALUES (1, 'post 1'), (2, 'post 2');
INSERT INTO "Photos" VALUES (1, 'photo 1');
INSERT INTO "Videos" VALUES (1);
INSERT INTO "Comments" (id, body, "commentableType", "commentableId") VALUES
    (1, 'of post 1', 'Post', 1), (2, 'of photo 1', 'Photo', 1), (3, 'of post 1', 'Post', 1), (4, 'of nothing', NULL, NULL);
SELECT c.id, t.title FROM "Comments" c, commentable_post(c) t ORDER BY c.id;
SELECT c.id, t.url FROM "Comments" c, commentable_photo(c) t ORDER BY c.id;
SELECT p.id, t.body FROM "Posts" p, comments(p) t ORDER BY p.id, t.id;
SELECT p.id, t.body FROM "Videos" p, remarks(p) t ORDER BY p.id, t.id;
EXPLAIN (COSTS OFF) SELECT t.body FROM "Posts" p, comments(p) t WHERE p.id = 1;
SELECT prosrc, obj_description(oid, 'pg_proc') FROM pg_proc WHERE proname = 'commentable_post';

-- what is enforced: the row referred to is there, of a type that is a target; both columns or none
INSERT INTO "Comments" (id, "commentableType", "commentableId") VALUES (5, 'Post', 9);
INSERT INTO "Comments" (id, "commentableType", "commentableId") VALUES (5, 'Page', 1);
INSERT INTO "Comments" (id, "commentableType", "commentableId") VALUES (5, 'Post', NULL);
INSERT INTO "Comments" (id, "commentableType", "commentableId") VALUES (5, NULL, 1);
UPDATE "Comments" SET "commentableType" = 'Video' WHERE id = 1;
SELECT step, sql, outcome FROM assoc.apply();
UPDATE "Comments" SET "commentableId" = 2 WHERE id = 2;
INSERT INTO "Comments" (id, "commentableType", "commentableId") VALUES (6, 'Video', 1);
DELETE FROM "Videos";
SELECT id, "commentableType", "commentableId" FROM "Comments" ORDER BY id;
DELETE FROM "Comments" WHERE id > 4;
SELECT severity, code, association, message FROM assoc.validate();

-- a target is retired, if no rows say it
SELECT assoc.drop_target('Comment.commentable', 'Photo');
SELECT assoc.drop_target('Comment.commentable', 'Video');
SELECT association, kind, target, foreign_key, key, status FROM assoc.associations;
\df commentable*

-- renames: the rows go on saying the old name
SELECT assoc.rename_model('Post', 'Article');
SELECT association, target FROM assoc.associations;
SELECT c.id, t.title FROM "Comments" c, commentable_article(c) t ORDER BY c.id;
SELECT assoc.rename_association('Comment.commentable', 'subject');
SELECT assoc.document();
ALTER TABLE "Comments" RENAME "commentableType" TO kind;
ALTER TABLE "Comments" RENAME "commentableId" TO "of";
SELECT association, target, foreign_key, inferred FROM assoc.associations;
SELECT c.id, t.title FROM "Comments" c, subject_article(c) t ORDER BY c.id;
SELECT a.id, t.body FROM "Posts" a, comments(a) t ORDER BY a.id, t.id;

DROP SCHEMA polymorphic CASCADE;
SELECT assoc.document();
