-- Polymorphic associations: what is refused, and what the message says.
SET client_min_messages = warning;
\t on
\a
CREATE SCHEMA polymorphic_errors;
SET search_path = polymorphic_errors;
CREATE TABLE posts (id int PRIMARY KEY);
CREATE TABLE photos (id bigint PRIMARY KEY, code text UNIQUE);
CREATE TABLE pages (uuid uuid PRIMARY KEY, number int);
CREATE TABLE pairs (a int, b int, n int UNIQUE, PRIMARY KEY (a, b));
CREATE TABLE keyless (x int);
CREATE TABLE comments (id int PRIMARY KEY, kind int4, flag boolean, short varchar(3), owner_type text, owner_id int, "ownerType" text);
CREATE VIEW post_view AS SELECT * FROM posts;
SELECT assoc.define_model('Comment', 'comments');
SELECT assoc.define_model('Post', 'posts');
SELECT assoc.define_model('Photo', 'photos');
SELECT assoc.define_model('Page', 'pages');
SELECT assoc.define_model('Pair', 'pairs');
SELECT assoc.define_model('Keyless', 'keyless');

-- arguments
SELECT assoc.belongs_to_polymorphic(NULL, 'commentable');
SELECT assoc.belongs_to_polymorphic('Comment', NULL);
SELECT assoc.belongs_to_polymorphic('Comment', 'kind', 'Post');
SELECT assoc.belongs_to_polymorphic('Comment', 'a.b', 'Post');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photos, Video');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo, Post');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', foreign_key => 'a, b');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', type_column => 'owner_id', foreign_key => 'owner_id');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', type_column => 'ctid');
SELECT assoc.belongs_to_polymorphic('Comment', 'owner', 'Post');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', enforce => 'maybe');

-- targets
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Keyless');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Pair');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Page');
SELECT assoc.belongs_to_polymorphic('Comment', 'owner', 'Post, Page', type_column => 'owner_type');
SELECT assoc.define_model('View', 'post_view', key => 'id');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, View');
SELECT assoc.define_model('Photo', 'photos', type_value => '');
SELECT assoc.define_model('Photo', 'photos', type_value => 'Post');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT assoc.define_model('Photo', 'photos');

-- the type column
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', type_column => 'flag');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', type_column => 'short');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', type_column => 'kind');
CREATE TYPE comment_type AS ENUM ('Photo', 'Page');
ALTER TABLE comments ADD e comment_type;
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Photo, Post', type_column => 'e');

-- actions
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', on_delete => 'SET NULL (commentable_id)');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', on_delete => 'SET NULL', required => true);
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post', on_delete => 'SET DEFAULT');
ALTER TABLE comments ALTER owner_type SET NOT NULL;
SELECT assoc.belongs_to_polymorphic('Comment', 'owned', 'Post', type_column => 'owner_type', foreign_key => 'owner_id', on_delete => 'SET NULL');
ALTER TABLE comments ALTER owner_type DROP NOT NULL;
SELECT assoc.belongs_to_polymorphic('Comment', 'owned', 'Post', type_column => 'owner_type', foreign_key => 'id', required => false);
SELECT assoc.belongs_to_polymorphic('Comment', 'owned', 'Post', type_column => 'owner_type', enforce => 'statement', deferral => 'deferred');

-- the other sides
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable', on_delete => 'CASCADE');
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable', required => true);
SELECT assoc.has_one('Post', 'Comment', polymorphic => 'commentable', enforce => 'none');
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable', inverse => 'commentable');
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'a.b');
SELECT assoc.has_many('Post', 'Comment', type_column => 'kind');
SELECT assoc.has_many('Pair', 'Comment', polymorphic => 'commentable');
SELECT assoc.has_many('Keyless', 'Comment', polymorphic => 'commentable');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT count(*) FROM assoc.apply();
SELECT assoc.has_many('Photo', 'Comment', polymorphic => 'commentable', foreign_key => 'owner_id');
SELECT assoc.has_many('Photo', 'Comment', polymorphic => 'commentable', type_column => 'owner_type');
SELECT assoc.has_many('Photo', 'Comment', polymorphic => 'commentable', source_key => 'code');
SELECT assoc.has_many('Pair', 'Comment', 'notes', polymorphic => 'commentable', source_key => 'n');
SELECT assoc.has_many('Pair', 'Comment', 'more', polymorphic => 'commentable', source_key => 'a');
SELECT assoc.has_many('Post', 'Photo', through => 'comments.commentable');
SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable');
SELECT assoc.has_many('Post', 'Photo', through => 'comments.commentable');

-- targets that go
SELECT assoc.drop_target('Comment.commentable', 'Photo');
SELECT assoc.drop_target('Comment.commentable', 'Psot');
SELECT assoc.drop_target('Post.comments', 'Post');
SELECT assoc.drop_target('Comment', 'Post');
SELECT assoc.drop_target('Comment.nothing', 'Post');
SELECT count(*) FROM assoc.apply();
INSERT INTO pairs VALUES (1, 1, 7);
INSERT INTO comments (id, commentable_type, commentable_id) VALUES (1, 'Pair', 7), (2, 'Pair', 7);
SELECT assoc.drop_target('Comment.commentable', 'Pair');
SELECT assoc.drop_association('Pair.notes');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Pair');
SELECT assoc.declare('{"models": {"Comment": {"belongs_to_polymorphic": {"commentable": "Post"}}, "Post": {"has_many": {"comments": {"target": "Comment", "polymorphic": "commentable"}}}}}', prune => true);
DELETE FROM comments;
SELECT assoc.drop_target('Comment.commentable', 'Pair');
SELECT assoc.drop_target('Comment.commentable', 'Photo');
SELECT assoc.drop_target('Comment.commentable', 'Post');

-- two targets of one type value, or none of a key
SELECT assoc.has_many('Photo', 'Comment', polymorphic => 'commentable');
SELECT assoc.define_model('Photo', 'photos', type_value => 'Post');
SELECT assoc.define_model('Photo', 'photos', key => 'code');

-- documents
SELECT assoc.declare('{"models": {"Comment": {"belongs_to_polymorphic": {"commentable": {"target": "Post"}}}}}');
SELECT assoc.declare('{"models": {"Comment": {"belongs_to_polymorphic": {"commentable": {"targets": 3}}}}}');

SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA polymorphic_errors CASCADE;
