-- What is refused of arrays of keys, and what of it is told how to do otherwise.
SET client_min_messages = warning;
CREATE SCHEMA array_errors;
SET search_path = array_errors;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\set ECHO none
\i :include
\set ECHO all
\pset format unaligned
\pset tuples_only on
CREATE TABLE "Tags" (id int PRIMARY KEY, code text UNIQUE, ids int[] UNIQUE);
CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE bare (x int);
CREATE TABLE "Todos" (id int PRIMARY KEY, "tagId" int, "tagIds" int[] NOT NULL DEFAULT '{}', names text[], notes text, "pairIds" int[]);
CREATE VIEW tag_view AS SELECT * FROM "Tags";

-- arguments
SELECT failing($$SELECT assoc.references_many(NULL, 'Tag')$$);
SELECT failing($$SELECT assoc.references_many('Todo', NULL)$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tga')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', alias => 'names')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Todo')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'tagIds, names')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => '')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'ctid')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', enforce => 'always')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', order_by => 'nothing')$$);
-- keys of several columns, none, or that are arrays themselves
SELECT assoc.define_model('Pair', 'pairs');
SELECT failing($$SELECT assoc.references_many('Todo', 'Pair')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Pair', foreign_key => 'pairIds')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Bare')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', target_key => 'ids', foreign_key => 'lists')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', target_key => 'ids')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', target_key => 'nothing')$$);
-- a column that is no array of such keys, also for the other kinds
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'notes')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'tagId')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', foreign_key => 'names', alias => 'words')$$);
SELECT failing($$SELECT assoc.belongs_to('Todo', 'Tag', foreign_key => 'tagIds')$$);
SELECT failing($$SELECT assoc.has_one('Tag', 'Todo', foreign_key => 'tagIds')$$);
SELECT failing($$SELECT assoc.belongs_to_many('Tag', 'Pair', through => 'Todo', foreign_key => 'tagIds', other_key => 'a, b')$$);
SELECT failing($$SELECT assoc.belongs_to_polymorphic('Todo', 'subject', 'Tag', type_column => 'notes', foreign_key => 'tagIds')$$);
SELECT failing($$SELECT assoc.has_many('Tag', 'Todo', polymorphic => 'subject', type_column => 'notes', foreign_key => 'tagIds')$$);
-- enforcement, and what it can't be of
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', enforce => 'foreign_key')$$);
SELECT failing($$SELECT assoc.has_many('Tag', 'Todo', foreign_key => 'tagIds', enforce => 'foreign_key')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'tag_view', foreign_key => 'tagIds', target_key => 'id')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', enforce => 'statement', deferral => 'deferred')$$);
-- actions
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', on_delete => 'SET DEFAULT')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', on_update => 'SET DEFAULT')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', on_delete => 'SET NULL (tagIds)')$$);
SELECT failing($$SELECT assoc.references_many('Todo', 'Tag', on_delete => 'SET NULL (names)')$$);
-- two sides
SELECT assoc.references_many('Todo', 'Tag', on_delete => 'CASCADE', required => true);
SELECT failing($$SELECT assoc.has_many('Tag', 'Todo', foreign_key => 'tagIds', on_delete => 'RESTRICT')$$);
SELECT failing($$SELECT assoc.belongs_to('Todo', 'Tag', alias => 'other', foreign_key => 'tagIds')$$);
SELECT failing($$SELECT assoc.has_one('Tag', 'Todo', alias => 'todo', foreign_key => 'tagIds')$$);
SELECT failing($$SELECT assoc.set_enforcement('Todo.tags', 'foreign_key')$$);
SELECT failing($$SELECT assoc.declare('{"models": {"Todo": {"references_many": {"tags": {"target": "Tag", "through": "x"}}}}}')$$);
SELECT failing($$SELECT assoc.declare('{"models": {"Todo": {"references_many": {"tags": {"foreign_key": "tagIds"}}}}}')$$);
-- a column that is no array any more is told
ALTER TABLE "Todos" ALTER "tagIds" DROP DEFAULT;
ALTER TABLE "Todos" ALTER "tagIds" TYPE int USING 1;
SELECT association, status, difference FROM assoc.associations;
SELECT sql, reason FROM assoc.plan();
SELECT failing($$SELECT assoc_internal.enforce('Todo.tags')$$);
SELECT failing($$SELECT * FROM assoc.orphans('Todo.tags')$$);
ALTER TABLE "Todos" ALTER "tagIds" TYPE int[] USING '{}';
SELECT association, status, difference FROM assoc.associations;

-- no index is planned where none would be of use, and none has at most one by order alone
CREATE TABLE amounts (id numeric PRIMARY KEY);
CREATE TABLE bills (id int PRIMARY KEY, amount_ids int[], "at" int);
SELECT assoc.references_many('bill', 'amount', inverse => 'bills');
SELECT sql FROM assoc.plan('bill.amounts');
SELECT assoc.has_one('amount', 'bill', alias => 'last_bill', foreign_key => 'amount_ids', order_by => 'at DESC');
SELECT count(*) FROM assoc.apply('bill.amounts');
INSERT INTO amounts VALUES (1), (2);
INSERT INTO bills VALUES (1, '{1,2}', 5), (2, '{2}', 6);
SELECT a.id, b.id FROM amounts a, bills(a) b ORDER BY 1, 2;
SELECT a.id, b.id FROM amounts a, last_bill(a) b ORDER BY 1, 2;

SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA array_errors CASCADE;
