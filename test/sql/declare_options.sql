-- Every option of the declaring functions: what is declared, shown and planned for it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA declare_options;
SET search_path = declare_options;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
CREATE TABLE "Users" (id int PRIMARY KEY, email text UNIQUE, region text, no int, plain text, UNIQUE (region, no));
CREATE TABLE "Todos" (id int PRIMARY KEY, status text, kind text, due date, "userId" int, region text, no int, email text);
CREATE TABLE "Tags" (id int PRIMARY KEY, label text UNIQUE);
SELECT assoc.define_model('User', 'Users');
SELECT assoc.define_model('Todo', 'Todos');
SELECT assoc.define_model('Tag', 'Tags');
CREATE VIEW steps AS SELECT association, sql FROM assoc.plan() ORDER BY step;

-- alias
SELECT assoc.belongs_to('Todo', 'User', alias => 'owner', foreign_key => 'userId');
SELECT assoc.drop_association('Todo.owner');

-- foreign_key: one column, several, as a list or an array; target_key any unique key
SELECT assoc.belongs_to('Todo', 'User', alias => 'a', foreign_key => 'email', target_key => 'email');
SELECT assoc.belongs_to('Todo', 'User', alias => 'b', foreign_key => 'region, no', target_key => 'region,no');
SELECT assoc.belongs_to('Todo', 'User', alias => 'c', foreign_key => '{region,no}', target_key => '{region,no}');
SELECT assoc.has_many('User', 'Todo', foreign_key => ' region , no ', source_key => '{ region , no }');
SELECT * FROM steps;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- the key of a model is another than its primary key
SELECT assoc.define_model('User', 'Users', key => 'email');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'email');
SELECT assoc.has_many('User', 'Todo');
SELECT failing($$ SELECT assoc.define_model('User', 'Users') $$);
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);
SELECT assoc.belongs_to('Todo', 'User', alias => 'owner');
SELECT assoc.define_model('User', 'Users');
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- on_delete and on_update: all five actions, in any case, with blanks or underscores
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'NO ACTION', on_update => 'no_action');
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'RESTRICT', on_update => 'restrict');
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'CASCADE', on_update => 'Cascade');
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL', on_update => 'set_null');
ALTER TABLE "Todos" ALTER "userId" SET DEFAULT 1;
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET DEFAULT', on_update => 'set default');
SELECT * FROM steps;
-- of some columns
SELECT assoc.belongs_to('Todo', 'User', alias => 'b', foreign_key => 'region, no', target_key => 'region, no', on_delete => 'set_null (no)');
ALTER TABLE "Todos" ALTER region SET DEFAULT 'north', ALTER no SET DEFAULT 1;
SELECT assoc.belongs_to('Todo', 'User', alias => 'b', foreign_key => 'region, no', target_key => 'region, no', on_delete => 'SET DEFAULT("no", region)');
SELECT sql FROM steps WHERE sql LIKE '%ADD CONSTRAINT%' AND association = 'Todo.b';
SELECT association, on_delete, on_update FROM assoc.associations;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);
-- the defaults: SET NULL where null is possible, NO ACTION where not or of several columns, CASCADE of junctions
CREATE TABLE "Strict" (id int PRIMARY KEY, "userId" int NOT NULL, region text, no int);
SELECT assoc.belongs_to('Strict', 'User');
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.belongs_to('Todo', 'User', alias => 'b', foreign_key => 'region, no', target_key => 'region, no');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags');
SELECT association, on_delete, on_update FROM assoc.associations;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- required
SELECT assoc.belongs_to('Todo', 'User', required => true);
SELECT assoc.belongs_to('Strict', 'User', required => false);
SELECT * FROM steps;
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'ownerId', required => true);
SELECT * FROM steps;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- deferral
SELECT assoc.belongs_to('Todo', 'User', deferral => 'none');
SELECT sql FROM steps WHERE sql LIKE '%ADD CONSTRAINT%';
SELECT assoc.belongs_to('Todo', 'User', deferral => 'IMMEDIATE');
SELECT sql FROM steps WHERE sql LIKE '%ADD CONSTRAINT%';
SELECT assoc.belongs_to('Todo', 'User', deferral => 'deferred');
SELECT sql FROM steps WHERE sql LIKE '%ADD CONSTRAINT%';

-- enforce, index
SELECT assoc.belongs_to('Todo', 'User', enforce => 'none');
SELECT * FROM steps;
SELECT * FROM assoc.describe('Todo');
SELECT assoc.belongs_to('Todo', 'User', enforce => 'foreign_key', index => false);
SELECT * FROM steps;
SELECT assoc.belongs_to('Todo', 'User', enforce => 'none', index => false);
SELECT count(*) FROM steps;
SELECT association, enforce, status FROM assoc.associations;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);
-- a view has no foreign keys, but can have associations
CREATE VIEW open_todos AS SELECT * FROM "Todos" WHERE status = 'open';
SELECT assoc.belongs_to('open_todos', 'User', enforce => 'none', inverse => 'openTodos');
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- inverse: the other side, declared in the same call
SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
SELECT assoc.has_many('User', 'Todo', alias => 'reviews', inverse => 'reviewer');
SELECT assoc.has_one('User', 'Todo', alias => 'top', inverse => 'bestOf');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
-- of a unique column it is one
CREATE UNIQUE INDEX ON "Strict" ("userId");
SELECT assoc.belongs_to('Strict', 'User', inverse => 'strict');
SELECT association, kind, target, foreign_key FROM assoc.associations;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- scope: stored, shown, and part of the accessor
SELECT assoc.has_many('User', 'Todo', alias => 'open', scope => '{"status": "open", "kind": ["a", "b''c"], "due": null}');
SELECT * FROM assoc.describe('User');
SELECT assoc.belongs_to('Todo', 'User', scope => '{"email": "x"}');
INSERT INTO "Users" (id, email) VALUES (1, 'x'), (2, 'y');
INSERT INTO "Todos" (id, "userId", status, kind, due) VALUES (1, 1, 'open', 'a', NULL), (2, 1, 'open', 'b''c', NULL),
    (3, 1, 'done', 'a', NULL), (4, 1, 'open', 'c', NULL), (5, 1, 'open', 'a', '2024-01-01'), (6, 2, 'open', 'a', NULL);
SELECT u.id, t.id FROM "Users" u, open(u) t ORDER BY t.id;
SELECT t.id, u.id FROM "Todos" t, "user"(t) u ORDER BY t.id;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- order_by: a to-many's order; a has_one's first by that order, without a unique index
SELECT assoc.has_many('User', 'Todo', order_by => 'due DESC NULLS LAST, -id');
SELECT t.id FROM "Users" u, todos(u) t WHERE u.id = 1;
SELECT assoc.has_one('User', 'Todo', alias => 'last', order_by => '-id');
SELECT u.id, t.id FROM "Users" u, last(u) t ORDER BY u.id;
SELECT assoc.has_one('User', 'Todo', alias => 'first', order_by => '"kind" asc nulls first, id ASC');
SELECT u.id, t.id FROM "Users" u, first(u) t ORDER BY u.id;
SELECT * FROM steps;
SELECT assoc.has_one('User', 'Todo', alias => 'only');
SELECT * FROM steps;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- through: a model, a table, a new table; foreign_key, other_key, source_key, target_key of the junction
CREATE TABLE taggings (id int PRIMARY KEY, todo int, tag text, todo_id int, tag_id int);
SELECT assoc.define_model('Tagging', 'taggings');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'Tagging');
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'labels', through => 'Tagging', foreign_key => 'todo', other_key => 'tag', target_key => 'label');
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'more', through => 'new tags', foreign_key => 'a', other_key => 'b', target_key => 'label');
SELECT * FROM steps;
SELECT association, through, foreign_key, key FROM assoc.associations;
-- the actions said of it are those of its own link
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'more', through => 'new tags', foreign_key => 'a', other_key => 'b', target_key => 'label', on_delete => 'RESTRICT', on_update => 'CASCADE', deferral => 'deferred');
SELECT sql FROM steps WHERE sql LIKE '%new tags%ADD CONSTRAINT%';
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);
-- the junction of the other side is found
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'taggings', foreign_key => 'todo', other_key => 'tag_id');
SELECT assoc.belongs_to_many('Tag', 'Todo');
-- a path, and Rails' form, which names the association on the way only
SELECT assoc.has_many('User', 'Todo');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.has_many('User', 'Tag', alias => 'sorted', through => 'todos', order_by => '-label');
SELECT assoc.has_many('User', 'Tag', through => 'todos', scope => '{"label": "x"}', alias => 'xs');
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.has_many('Tag', 'User', through => 'todos.user');
SELECT assoc.has_many('Tag', 'Tag', alias => 'siblings', through => 'todos.tags');
-- a path along a path
SELECT assoc.has_many('Todo', 'Tag', alias => 'nearby', through => 'user.sorted');
SELECT association, kind, target, through, status FROM assoc.associations;
SELECT count(*) FROM assoc.apply();
INSERT INTO "Tags" VALUES (1, 'x'), (2, 'y');
INSERT INTO taggings (id, todo, tag_id) VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 6, 2);
SELECT u.id, g.label FROM "Users" u, tags(u) g ORDER BY u.id, g.label;
SELECT u.id, g.label FROM "Users" u, sorted(u) g WHERE u.id = 1;
SELECT u.id, g.label FROM "Users" u, xs(u) g ORDER BY u.id;
SELECT g.label, u.id FROM "Tags" g, users(g) u ORDER BY g.label, u.id;
SELECT t.id, g.label FROM "Todos" t, nearby(t) g ORDER BY t.id, g.label;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- declaring again changes an option, and leaves out what is left out
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'CASCADE', required => true);
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'RESTRICT');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'no');
SELECT assoc.has_one('Todo', 'User', alias => 'user', foreign_key => 'no');
SELECT association, kind, foreign_key, on_delete FROM assoc.associations;
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- said on both sides differently: an error that names both; the same, or on one side only: none
SELECT assoc.has_many('User', 'Todo', on_delete => 'CASCADE', on_update => 'CASCADE', required => true, deferral => 'deferred', enforce => 'foreign_key', index => true);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'RESTRICT') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_update => 'RESTRICT') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', required => false) $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', deferral => 'none') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', enforce => 'none') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', index => false) $$);
ALTER TABLE "Users" ADD COLUMN nick int UNIQUE;
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', target_key => 'nick');
SELECT association, key FROM assoc.associations;
SELECT assoc.drop_association('Todo.user');
SELECT assoc.has_many('User', 'Todo', source_key => 'id');
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', target_key => 'nick') $$);
SELECT assoc.has_many('User', 'Todo', on_delete => 'CASCADE', on_update => 'CASCADE', required => true, deferral => 'deferred', enforce => 'foreign_key', index => true);
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'CASCADE', on_update => 'cascade', required => true, deferral => 'deferred', enforce => 'foreign_key', index => true);
SELECT assoc.declare('{"models": {"User": {}, "Todo": {}, "Tag": {}}}', prune => true);

-- what is not said is satisfied by what is there, whatever its name
ALTER TABLE "Todos" DROP CONSTRAINT "Todos_userId_fkey";
DROP INDEX "Todos_userId_idx";
ALTER TABLE "Todos" ADD CONSTRAINT mine FOREIGN KEY ("userId") REFERENCES "Users" ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX mine_too ON "Todos" ("userId", due);
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.has_many('User', 'Todo');
SELECT association, on_delete, on_update, status FROM assoc.associations;
SELECT * FROM assoc.describe('Todo');
SELECT assoc.belongs_to('Todo', 'User', on_delete => 'CASCADE');
SELECT * FROM steps;
SELECT association, on_delete, on_update, status, difference FROM assoc.associations;

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA declare_options CASCADE;
