-- Many-to-many through a polymorphic junction, from either end; has_one of several targets.
SET client_min_messages = warning;
\t on
\a
CREATE SCHEMA polymorphic_junction;
SET search_path = polymorphic_junction;
CREATE TABLE posts (id int PRIMARY KEY, title text);
CREATE TABLE videos (id int PRIMARY KEY, title text);
CREATE TABLE tags (id int PRIMARY KEY, label text);

-- a new junction, made for the first pair
SELECT assoc.belongs_to_many('Post', 'Tag', through => 'taggings', polymorphic => 'taggable');
SELECT assoc.belongs_to_many('Tag', 'Post', through => 'taggings', polymorphic => 'taggable');
SELECT assoc.belongs_to_many('Video', 'Tag', through => 'taggings', polymorphic => 'taggable', inverse => 'videos');
SELECT sql FROM assoc.plan();
SELECT sql, outcome FROM assoc.apply();
SELECT association, kind, target, through, foreign_key, key, on_delete, enforce, status, inferred FROM assoc.associations;
SELECT * FROM assoc.describe('Tag');
INSERT INTO posts VALUES (1, 'post 1'), (2, 'post 2');
INSERT INTO videos VALUES (1, 'video 1');
INSERT INTO tags VALUES (1, 'red'), (2, 'blue');
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Post', 1, 1), ('Post', 1, 2), ('Video', 1, 1);
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Video', 2, 1);
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Tag', 1, 1);
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Post', 1, 3);
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Post', 1, 1);
SELECT p.id, t.label FROM posts p, tags(p) t ORDER BY 1, 2;
SELECT v.id, t.label FROM videos v, tags(v) t ORDER BY 1, 2;
SELECT t.label, p.title FROM tags t, posts(t) p ORDER BY 1, 2;
SELECT t.label, v.title FROM tags t, videos(t) v ORDER BY 1, 2;
DELETE FROM videos;
DELETE FROM tags WHERE id = 2;
SELECT * FROM taggings ORDER BY 1, 2, 3;
SELECT severity, code, association, message FROM assoc.validate();
SELECT assoc.document();
SELECT assoc.declare(assoc.document()::jsonb);
SELECT assoc.diagram();

-- a path goes through it
SELECT assoc.has_many('Video', 'Post', 'related', through => 'tags.posts');
INSERT INTO videos VALUES (1, 'video 1');
INSERT INTO taggings (taggable_type, taggable_id, tag_id) VALUES ('Video', 1, 1);
SELECT v.title, p.title FROM videos v, related(v) p;

-- the junction's own view; the far end is the same reference
SELECT assoc.belongs_to_polymorphic('tagging', 'taggable');
SELECT assoc.belongs_to('tagging', 'Tag');
SELECT association, target, foreign_key, status FROM assoc.associations;
SELECT count(*) FROM assoc.plan();

-- has_one: at most one of each type
CREATE TABLE images (id int PRIMARY KEY, "imageableType" text NOT NULL, "imageableId" int NOT NULL, url text);
SELECT assoc.belongs_to_polymorphic('image', 'imageable', required => true, on_delete => 'CASCADE');
SELECT assoc.has_one('Post', 'image', polymorphic => 'imageable');
SELECT assoc.has_one('Video', 'image', 'newest', polymorphic => 'imageable', order_by => '-id');
SELECT assoc.has_one('Tag', 'image', polymorphic => 'imageable');
SELECT sql, outcome FROM assoc.apply('image.imageable');
SELECT association, status FROM assoc.associations WHERE association LIKE '%image%' OR association = 'Video.newest';
INSERT INTO images VALUES (1, 'Post', 1, 'a'), (2, 'Video', 1, 'b'), (3, 'Video', 1, 'c'), (4, 'Tag', 1, 'd');
INSERT INTO images VALUES (5, 'Post', 1, 'e');
SELECT p.title, i.url FROM posts p, image(p) i;
SELECT v.title, i.url FROM videos v, newest(v) i;
DELETE FROM posts WHERE id = 1;
SELECT * FROM images ORDER BY id;

-- an index that is there is taken: by its predicate, or one of both columns
DROP INDEX "images_imageableId_idx";
CREATE UNIQUE INDEX mine ON images ("imageableId", "imageableType") WHERE "imageableType" = 'Post';
SELECT sql FROM assoc.plan('image.imageable');
DROP INDEX mine;
INSERT INTO posts VALUES (1, 'post 1');
INSERT INTO images VALUES (6, 'Post', 1, 'f'), (7, 'Post', 1, 'g'), (8, 'Video', 1, 'h');
SELECT sql, outcome, detail FROM assoc.apply('image.imageable');
SELECT severity, code, association, message, count, samples FROM assoc.validate('image.imageable');
CALL assoc.repair('Post.image', 'delete');
SELECT * FROM images ORDER BY id;

SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA polymorphic_junction CASCADE;
