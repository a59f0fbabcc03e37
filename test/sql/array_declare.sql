-- Arrays of keys, declared from either side.
CREATE SCHEMA array_declare;
SET search_path = array_declare;
\pset format unaligned
\pset tuples_only on
CREATE TABLE "Tags" (id int PRIMARY KEY, label text, "createdAt" timestamptz);
CREATE TABLE "Todos" (id int PRIMARY KEY, title text, "createdAt" timestamptz);

-- the column that is not there is planned, in the style of its table, as an array of the key's type
SELECT assoc.references_many('Todo', 'Tag', inverse => 'todos');
SELECT step, association, reason, sql, lock, on_table, scans, rewrites FROM assoc.plan();
SELECT sql, in_transaction FROM assoc.plan(online => true) WHERE sql LIKE '%INDEX%';
SELECT association, kind, target, foreign_key, key, on_delete, on_update, enforce, status, inferred FROM assoc.associations;
SELECT sql, outcome FROM assoc.apply();
SELECT association, kind, status, difference FROM assoc.associations;
\d "Todos"
SELECT * FROM assoc.describe('Todo');
SELECT * FROM assoc.describe('Tag');
SELECT obj_description('todos("Tags")'::regprocedure), obj_description('tags("Todos")'::regprocedure);
SELECT assoc.diagram();
SELECT line FROM regexp_split_to_table(assoc.diagram('dot'), E'\n') line WHERE line LIKE '%->%';
-- the document gives it back, and says the same again
SELECT assoc.document();
SELECT assoc.declare(assoc.document()::jsonb);
SELECT assoc.declare('{"models": {}}', prune => true);
SELECT assoc.declare('{"models": {"Todo": {"references_many": {"tags": {"target": "Tag", "order_by": "label", "inverse": "todos"}}}}}');
SELECT assoc.document();
SELECT association, kind, foreign_key, status FROM assoc.associations;
SELECT assoc.drop_association('Tag.todos');
SELECT assoc.drop_association('Todo.tags');
SELECT sql, outcome FROM assoc.apply();
DROP INDEX "Todos_tagIds_idx";

-- the parents' side first: by the column's type
SELECT assoc.has_many('Tag', 'Todo');
SELECT assoc.describe('Tag');
SELECT assoc.references_many('Todo', 'Tag');
SELECT association, kind, foreign_key, enforce, status, inferred FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
SELECT assoc.has_many('Tag', 'Todo', foreign_key => 'tagIds', inverse => 'tags');
SELECT association, kind, foreign_key, enforce, status, inferred FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
-- the parents' side before there is a column: it follows the child's
SELECT assoc.has_many('Tag', 'Todo', alias => 'marked', foreign_key => 'markIds');
SELECT sql FROM assoc.plan();
SELECT assoc.references_many('Todo', 'Tag', alias => 'marks');
SELECT sql FROM assoc.plan();
SELECT assoc.describe('Tag');
SELECT assoc.declare('{"models": {}}', prune => true);
-- the one that was inferred follows, too
SELECT assoc.has_many('Tag', 'Todo', alias => 'starred', inverse => 'stars');
SELECT assoc.references_many('Todo', 'Tag', alias => 'stars', inverse => 'starred', foreign_key => 'star_list');
SELECT association, kind, foreign_key, inferred FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);

-- styles of names; a key that is called otherwise
CREATE TABLE labels (uuid uuid PRIMARY KEY);
CREATE TABLE user_notes (id int PRIMARY KEY, created_at timestamptz, label_uuids uuid[]);
SELECT assoc.references_many('UserNote', 'Label');
SELECT assoc.references_many('UserNote', 'Label', alias => 'former_labels');
CREATE INDEX user_notes_by_label ON user_notes USING gin (label_uuids);
SELECT sql FROM assoc.plan('UserNote.labels');
SELECT assoc.drop_association('UserNote.former_labels');
SELECT sql FROM assoc.apply();
SELECT line FROM assoc.describe('UserNote') line;
-- beside a belongs_to of the same model, and a has_many of each
ALTER TABLE "Todos" ADD COLUMN "tagId" int;
SELECT assoc.belongs_to('Todo', 'Tag', inverse => 'leading');
SELECT assoc.references_many('Todo', 'Tag', inverse => 'todos');
SELECT association, kind, foreign_key, inferred FROM assoc.associations WHERE association ~ '^T' ORDER BY 1;
SELECT * FROM assoc.apply('Todo.tag, Todo.tags') WHERE outcome <> 'done';

-- options: what is said, and what is changed
SELECT assoc.references_many('Todo', 'Tag', on_delete => 'RESTRICT', on_update => 'CASCADE', required => true, deferral => 'deferred', index => false);
SELECT sql FROM assoc.apply('Todo.tags');
SELECT assoc.references_many('Todo', 'Tag', required => false, enforce => 'none');
SELECT sql FROM assoc.apply('Todo.tags');
SELECT assoc.set_enforcement('Todo.tags', 'statement');
SELECT assoc.set_enforcement('Todo.tags', 'trigger');

-- names follow
SELECT assoc.rename_association('Todo.tags', 'labels');
SELECT assoc.rename_model('Tag', 'Mark');
ALTER TABLE "Todos" RENAME COLUMN "tagIds" TO "markIds";
ALTER TABLE "Tags" RENAME COLUMN id TO key;
ALTER TABLE "Todos" RENAME TO "Tasks";
SELECT association, kind, target, foreign_key, key, status FROM assoc.associations WHERE association ~ '^(Todo|Mark)' ORDER BY 1;
SELECT columns, element, child_table, parent_table, key FROM assoc_internal.enforced JOIN assoc_internal.enforced_target USING (reference) WHERE element ORDER BY 1;
INSERT INTO "Tags" VALUES (1), (2);
INSERT INTO "Tasks" (id, "markIds") VALUES (1, '{1,2}');
INSERT INTO "Tasks" (id, "markIds") VALUES (2, '{3}');
SELECT t.key, s.id FROM "Tasks" s, labels(s) t ORDER BY 1;

-- another type: what can be compared still; what can't, is refused
ALTER TABLE "Tasks" ALTER COLUMN "markIds" TYPE bigint[];
SELECT status, difference FROM assoc.associations WHERE association = 'Todo.labels';
SELECT sql, outcome FROM assoc.apply('Todo.labels');
ALTER TABLE "Tasks" ALTER COLUMN "markIds" TYPE text[];
DROP INDEX "Todos_tagIds_idx";
ALTER TABLE "Tasks" ALTER COLUMN "markIds" TYPE bigint USING "markIds"[1];
-- the parent is held, the child's column is free to go
SELECT assoc.drop_association('Mark.leading');
SELECT assoc.drop_association('Todo.tag');
ALTER TABLE "Tasks" DROP COLUMN "tagId";
DROP TABLE "Tags";
ALTER TABLE "Tags" DROP COLUMN key;
ALTER TABLE "Tasks" DROP COLUMN "markIds";
SELECT association FROM assoc.associations WHERE association ~ '^(Todo|Mark)' ORDER BY 1;
DROP TABLE labels;
DROP TABLE labels CASCADE;
SELECT assoc.drop_model('Mark', cascade => true);
SELECT association FROM assoc.associations;

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA array_declare CASCADE;
