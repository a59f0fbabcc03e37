-- What validate() finds of polymorphic associations: each is checked for every target.
SET client_min_messages = warning;
\t on
\a
CREATE SCHEMA polymorphic_validate;
SET search_path = polymorphic_validate;
CREATE TABLE posts (id int PRIMARY KEY, title text);
CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE videos (id smallint PRIMARY KEY);
CREATE TABLE comments (id int PRIMARY KEY, at timestamptz, owner_type text, owner_id int);
SELECT assoc.belongs_to_polymorphic('Comment', 'owner', 'Post, Photo, Video', on_delete => 'CASCADE', index => false);
SELECT count(*) FROM assoc.apply();
CREATE FUNCTION found() RETURNS SETOF text LANGUAGE sql AS
    $$SELECT concat_ws('|', severity, code, association, message, fix, detail) FROM assoc.validate()$$;

-- types, by target; a key that runs out
SELECT * FROM found();
SELECT setval(pg_get_serial_sequence('photos', 'id'), 2000000000);
SELECT * FROM found() WHERE found LIKE '%type_narrower%';
ALTER TABLE comments ALTER owner_id TYPE bigint;
SELECT * FROM found();

-- indexes: one that does not serve; one that failed; a redundant one
CREATE INDEX "by type" ON comments (owner_type, owner_id) WHERE at IS NOT NULL;
SELECT * FROM found();
DROP INDEX "by type";
CREATE INDEX "by both" ON comments (owner_type, owner_id);
CREATE INDEX "by both and at" ON comments (owner_type, owner_id, at);
SELECT * FROM found();
DROP INDEX "by both and at";

-- an order, of one target
INSERT INTO posts SELECT g FROM generate_series(1, 20) g;
INSERT INTO comments SELECT g, now(), 'Post', g % 20 + 1 FROM generate_series(1, 10000) g;
ANALYZE posts, comments, photos, videos;
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'owner', order_by => 'at DESC');
SELECT * FROM found();
CREATE INDEX ordered ON comments (owner_type, owner_id, at DESC);
DROP INDEX "by both";
SELECT * FROM found();

-- one target has many and has one; an index that allows only one
SELECT assoc.has_one('Video', 'Comment', polymorphic => 'owner');
SELECT assoc.has_many('Video', 'Comment', polymorphic => 'owner');
SELECT count(*) FROM assoc.apply();
SELECT * FROM found();
SELECT assoc.drop_association('Video.comment');
SELECT * FROM found();
SELECT count(*) FROM assoc.apply();

-- circles of cascades, and one that meets a refusal, through a target
ALTER TABLE photos ADD comment_id int REFERENCES comments ON DELETE CASCADE;
SELECT assoc.belongs_to('Photo', 'Comment', index => false);
SELECT * FROM found() WHERE found LIKE '%cascade%';
SELECT assoc.drop_association('Photo.comment');
ALTER TABLE photos DROP comment_id;
CREATE TABLE votes (id int PRIMARY KEY, comment_id int REFERENCES comments ON DELETE RESTRICT, post_id int REFERENCES posts ON DELETE CASCADE);
SELECT assoc.belongs_to('Vote', 'Comment', index => false);
SELECT assoc.belongs_to('Vote', 'Post', index => false);
SELECT * FROM found() WHERE found LIKE '%cascade%';
DROP TABLE votes;

-- one of the two columns is NOT NULL
ALTER TABLE comments ALTER owner_type SET NOT NULL;
SELECT * FROM found();
ALTER TABLE comments ALTER owner_type DROP NOT NULL, ALTER owner_id SET NOT NULL;
SELECT * FROM found();
ALTER TABLE comments ALTER owner_id DROP NOT NULL;

-- where nothing enforces it: one of them null alone
SELECT assoc.set_enforcement('Comment.owner', 'none');
SELECT * FROM found();
ALTER TABLE comments ADD CHECK (num_nulls(owner_type, owner_id) IN (0, 2));
SELECT * FROM found();

-- native keys: their columns are checked like others
SELECT assoc.set_enforcement('Comment.owner', 'foreign_key');
SELECT * FROM found();
ALTER TABLE comments ADD FOREIGN KEY (owner_post_id) REFERENCES posts ON DELETE CASCADE;
SELECT * FROM found();
ALTER TABLE comments DROP CONSTRAINT comments_owner_post_id_fkey1;
ALTER TABLE comments DROP CONSTRAINT comments_owner_type_check;
SELECT * FROM found();
CREATE INDEX ON comments (owner_post_id);
CREATE INDEX ON comments (owner_photo_id);
CREATE INDEX ON comments (owner_video_id);
SELECT count(*) FROM assoc.apply();
CREATE TABLE heirs () INHERITS (comments);
SELECT * FROM found() WHERE found LIKE '%inherit%';
DROP TABLE heirs;

-- parents that are deleted softly, which keys don't see
ALTER TABLE posts ADD deleted_at timestamptz;
SELECT assoc.define_model('Post', 'posts', soft_delete => 'deleted_at');
SELECT * FROM found();
SELECT assoc.define_model('Post', 'posts');

-- a unique index that counts what is deleted softly
CREATE TABLE images (id int PRIMARY KEY, owner_type text, owner_id int, deleted_at timestamptz, UNIQUE (owner_type, owner_id));
SELECT assoc.define_model('Image', 'images', soft_delete => 'deleted_at');
SELECT assoc.has_one('Post', 'Image', polymorphic => 'owner');
CREATE TABLE profiles (id int PRIMARY KEY, post_id int UNIQUE REFERENCES posts, deleted_at timestamptz);
SELECT assoc.define_model('Profile', 'profiles', soft_delete => 'deleted_at');
SELECT assoc.has_one('Post', 'Profile');
SELECT count(*) FROM assoc.apply();
SELECT * FROM found();
ALTER TABLE images DROP CONSTRAINT images_owner_type_owner_id_key;
ALTER TABLE profiles DROP CONSTRAINT profiles_post_id_key;
SELECT sql FROM assoc.apply();
SELECT * FROM found();

DROP FUNCTION found;
DROP SCHEMA polymorphic_validate CASCADE;
SELECT assoc.document();
