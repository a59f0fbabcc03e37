-- Findings that are ignored: of an association, of a code, all there are; renames, the document, errors.
CREATE SCHEMA validate_ignore;
SET search_path = validate_ignore;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include
\set include :abs_srcdir '/include/errors.sql'
\i :include
CREATE FUNCTION shown() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', v.code, v.association) FROM assoc.validate() v $$;

CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE "Po.sts" (id integer PRIMARY KEY, user_id integer REFERENCES users, editor_id integer REFERENCES users,
	reader_id integer REFERENCES users);
SELECT assoc.define_model('Post', '"Po.sts"');
SELECT assoc.belongs_to('Post', 'User', index => false);
SELECT assoc.belongs_to('Post', 'User', 'editor', foreign_key => 'editor_id', index => false);
SELECT shown();
-- one association's
SELECT assoc.ignore('fk_index_missing', 'Post.user', reason => 'few posts');
SELECT assoc.ignore('fk_index_missing', 'Post.user', reason => 'few posts');
SELECT shown();
SELECT * FROM assoc.validate(fail_on => 'info');
-- it follows renames, and is part of the document
SELECT assoc.rename_association('Post.user', 'author');
SELECT assoc.rename_model('Post', 'Article');
SELECT shown();
SELECT code, association, reason FROM assoc_internal.ignored;
SELECT assoc.document() -> 'ignored';
-- taken back, and declared again by the document
SELECT assoc.document() AS document \gset
SELECT assoc.unignore('fk_index_missing', 'Article.author');
SELECT assoc.unignore('fk_index_missing', 'Article.author');
SELECT shown();
SELECT assoc.declare(:'document');
SELECT shown();
SELECT assoc.declare(:'document'::jsonb - 'ignored', prune => true);
SELECT shown();
-- a code, whatever it is about
SELECT assoc.ignore('fk_index_missing');
SELECT shown();
-- a baseline: what is new is shown
SELECT assoc.ignore_all(reason => 'as it was');
SELECT assoc.ignore_all();
SELECT shown();
ALTER TABLE "Po.sts" ADD FOREIGN KEY (id) REFERENCES users;
ALTER TABLE "Po.sts" ADD FOREIGN KEY (editor_id) REFERENCES users;
SELECT shown();
SELECT json_array_elements(assoc.document() -> 'ignored') ->> 'message';
SELECT assoc.document() AS document \gset
SELECT assoc.unignore();
SELECT shown();
SELECT assoc.declare(:'document');
SELECT shown();
SELECT assoc.unignore(association => 'Article.author');
SELECT assoc.unignore('fk_undeclared');
SELECT assoc.unignore();
SELECT assoc.ignore_all() FROM (SELECT assoc.drop_model('Article', cascade => true)) d;

-- a baseline knows rows by their foreign key, not by how many they are
CREATE TABLE notes (id integer PRIMARY KEY, user_id integer, editor_id integer, "nea r" smallint);
CREATE INDEX ON notes (user_id);
CREATE INDEX ON notes (editor_id);
CREATE INDEX ON notes ("nea r");
SELECT assoc.belongs_to('Note', 'User', enforce => 'none');
SELECT assoc.belongs_to('Note', 'User', 'editor', foreign_key => 'editor_id', enforce => 'none');
SELECT assoc.belongs_to('Note', 'User', 'near', foreign_key => 'nea r', enforce => 'none');
INSERT INTO users VALUES (30000);
INSERT INTO notes VALUES (1, 7);
SELECT message FROM assoc.validate() WHERE code IN ('orphans', 'key_near_limit');
SELECT assoc.ignore_all();
SELECT code, association, message FROM assoc_internal.ignored WHERE code IN ('orphans', 'key_near_limit') ORDER BY 1, 2;
INSERT INTO users VALUES (31000);
INSERT INTO notes VALUES (2, 8), (3, 9);
SELECT shown();
INSERT INTO notes VALUES (4, NULL, 9);
SELECT shown();
SELECT assoc.rename_association('Note.user', 'writer');
SELECT shown();

-- what is ignored goes with its association, and its table; not when it is declared anew
SELECT assoc.unignore();
SELECT assoc.ignore('orphans', 'Note.' || a) FROM unnest('{writer,editor,near}'::text[]) a;
SELECT assoc.belongs_to('Note', 'User', 'near', foreign_key => 'nea r', enforce => 'none', required => false);
SELECT association FROM assoc_internal.ignored ORDER BY 1;
SELECT assoc.drop_association('Note.writer');
SELECT association FROM assoc_internal.ignored ORDER BY 1;
ALTER TABLE notes DROP editor_id;
SELECT association FROM assoc_internal.ignored ORDER BY 1;
SELECT assoc.document()::jsonb #- '{models,Note,belongs_to,near}' #- '{ignored}' AS document \gset
SELECT assoc.declare(:'document'::jsonb - 'ignored', prune => true);
SELECT association FROM assoc_internal.ignored ORDER BY 1;
SELECT assoc.belongs_to('Note', 'User', 'near', foreign_key => 'id', enforce => 'none');
SELECT assoc.ignore('orphans', 'Note.near');
SELECT assoc.ignore('orphans');
DROP TABLE notes;
SELECT code, association FROM assoc_internal.ignored ORDER BY 1;
SELECT assoc.unignore();

-- errors; the DETAIL of an unknown code has all there are
SELECT l FROM failing($$SELECT assoc.ignore('fk_index_mising')$$) l WHERE l NOT LIKE 'DETAIL: %';
SELECT l LIKE '% fk_index_missing, %' FROM failing($$SELECT assoc.ignore('fk_index_mising')$$) l WHERE l LIKE 'DETAIL: %';
SELECT failing($$SELECT assoc.ignore(NULL)$$);
SELECT failing($$SELECT assoc.ignore('fk_duplicate', 'Nobody.nothing')$$);
SELECT l FROM failing($$SELECT assoc.unignore('nothing_like_it')$$) l WHERE l NOT LIKE 'DETAIL: %';
SELECT failing($$SELECT assoc.declare('{"ignored": {}}')$$);
SELECT failing($$SELECT assoc.declare('{"ignored": ["fk_duplicate"]}')$$);
SELECT failing($$SELECT assoc.declare('{"ignored": [{"reason": "none"}]}')$$);
SELECT failing($$SELECT assoc.declare('{"ignored": [{"code": "fk_duplicate", "why": "none"}]}')$$);
SELECT failing($$SELECT assoc.declare('{"ignored": [{"code": 1}]}')$$);
SELECT l FROM failing($$SELECT assoc.declare('{"ignored": [{"code": "fk_dup"}]}')$$) l WHERE l NOT LIKE 'DETAIL: %';
SELECT pg_temp.forget();
