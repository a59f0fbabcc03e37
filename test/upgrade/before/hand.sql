-- Said by hand: names that need quotes, every kind, rows that break a rule, a step that is still to do, a conflict.
CREATE EXTENSION todo_assoc;
CREATE SCHEMA "My ""schema""";
SET search_path = "My ""schema""", public;
CREATE TABLE "Users" (id integer PRIMARY KEY, "a.b" text UNIQUE);
CREATE TABLE "To Do's" (id integer PRIMARY KEY, "user's id" integer, note text);
CREATE TABLE tags (id integer PRIMARY KEY);
CREATE TABLE "Log" (id integer, "todo Id" integer) PARTITION BY RANGE (id);
CREATE TABLE "Log 1" PARTITION OF "Log" FOR VALUES FROM (0) TO (100);
CREATE TABLE accounts (tenant integer, number integer, PRIMARY KEY (tenant, number));
CREATE TABLE invoices (id integer PRIMARY KEY, tenant integer NOT NULL, number integer);
CREATE TABLE comments (id integer PRIMARY KEY, "todoId" integer);

SELECT assoc.define_model('Todo "x"', '"To Do''s"', plural => 'todos', singular => 'todo');
SELECT assoc.belongs_to('Todo "x"', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', inverse => 'todos');
SELECT assoc.has_one('User', 'Todo "x"', 'first one', foreign_key => 'user''s id', order_by => 'id', scope => '{"note": "x\ty"}');
SELECT assoc.belongs_to_many('Todo "x"', 'Tag', through => 'todo tags', foreign_key => 'todo_id', other_key => 'tag_id', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
SELECT assoc.belongs_to('Todo "x"', 'User', 'named', foreign_key => 'name', target_key => 'a.b', enforce => 'none');
SELECT assoc.define_model('Again', '"Users"', plural => 'people', key => 'a.b');
SELECT assoc.belongs_to('Log', 'Todo "x"', foreign_key => 'todo Id');
SELECT assoc.belongs_to('Invoice', 'Account', foreign_key => 'tenant, number', target_key => 'tenant, number',
	on_delete => 'SET NULL (number)', inverse => 'invoices');
INSERT INTO comments VALUES (1, 1), (2, 99);
SELECT assoc.belongs_to('Comment', 'Todo "x"', foreign_key => 'todoId');
SELECT outcome FROM assoc.apply();

INSERT INTO "Users" VALUES (1, 'x'), (2, NULL);
INSERT INTO "To Do's" (id, "user's id", note) VALUES (1, 1, E'x\ty'), (2, 1, NULL), (3, 2, NULL);
INSERT INTO tags VALUES (1), (2);
INSERT INTO "todo tags" (todo_id, tag_id) SELECT t.id, g.id FROM "To Do's" t, tags g;
INSERT INTO "Log" VALUES (1, 1);
INSERT INTO accounts VALUES (1, 1), (1, 2);
INSERT INTO invoices VALUES (1, 1, 1), (2, 1, 2);

-- renamed behind the declarations' back, which follow
ALTER TABLE "Users" RENAME TO "The Users";
ALTER TABLE tags RENAME COLUMN id TO "Tag Id";
-- planned, and not applied
SELECT assoc.belongs_to('Tag', 'User', 'owner', foreign_key => 'ownerId');
-- what a restore would bring, and which differs
INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, on_delete)
	VALUES ('Comment', 'todo', '', 'belongs_to', 'Todo "x"', '{todoId}', 'RESTRICT');
