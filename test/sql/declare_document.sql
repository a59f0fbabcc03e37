-- declare(document) and document(): the round trip, idempotence, prune, all or nothing, bad documents.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA declare_document;
SET search_path = declare_document;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
CREATE TABLE "Users" (id int PRIMARY KEY, email text UNIQUE, region text, no int, UNIQUE (region, no));
CREATE TABLE "Todos" (id int PRIMARY KEY, status text, due date, "userId" int, region text, "n,o" int);
CREATE TABLE "Tags" (id int PRIMARY KEY);
CREATE VIEW rows AS
    SELECT m::text COLLATE "C" AS row FROM assoc_internal.model m
    UNION ALL SELECT d::text FROM assoc_internal.declaration d ORDER BY 1;

-- every kind and option, said one by one
SELECT assoc.define_model('User', 'Users', singular => 'user', plural => 'users', key => 'id', accessors => true);
SELECT assoc.has_many('User', 'Todo', on_delete => 'cascade', order_by => '-due', scope => '{"status": ["open", null, "it''s \"x\""]}');
SELECT assoc.belongs_to('Todo', 'User', on_update => 'set_null', required => false, deferral => 'deferred', enforce => 'foreign_key', index => true);
SELECT assoc.belongs_to('Todo', 'User', alias => 'b', foreign_key => '{region,"n,o"}', target_key => 'region,no', on_delete => 'SET NULL ("n,o")', inverse => 'bs');
SELECT assoc.belongs_to('Todo', 'User', alias => 'c', foreign_key => '{"n,o"}');
SELECT assoc.has_one('User', 'Todo', alias => 'first', foreign_key => 'userId', order_by => 'due', source_key => 'id');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', foreign_key => 'todo', on_delete => 'RESTRICT');
SELECT assoc.belongs_to_many('Tag', 'Todo');
SELECT assoc.has_many('User', 'Tag', through => 'todos');
SELECT assoc.document();
CREATE TABLE was AS SELECT * FROM rows;
SELECT assoc.document() AS document \gset
-- the same again changes nothing, as text and as jsonb, with prune and without
SELECT assoc.declare(assoc.document()::text);
SELECT assoc.declare(assoc.document()::jsonb);
SELECT assoc.declare(assoc.document()::jsonb, prune => true);
TABLE rows EXCEPT TABLE was;
-- an empty document changes nothing, and with prune removes everything
SELECT assoc.declare('{}');
SELECT assoc.declare('{"models": {}}'::jsonb, prune => true);
TABLE rows;
-- the round trip gives the same catalog, and the document of it is the same
SELECT assoc.declare(:'document');
TABLE rows EXCEPT TABLE was;
TABLE was EXCEPT TABLE rows;
SELECT assoc.document()::text = :'document';
-- also when it is applied
SELECT DISTINCT outcome FROM assoc.apply();
SELECT assoc.declare(assoc.document()::jsonb, prune => true);
SELECT assoc.document()::text = :'document';
SELECT assoc.declare('{}', prune => true);
-- from an empty catalog the junction is now a table that is found
SELECT assoc.declare(:'document');
SELECT model, inferred FROM assoc.models;
SELECT count(*) FROM assoc.plan();
SELECT assoc.declare('{}', prune => true);
DROP TABLE todo_tags;

-- short forms: a target alone, null for unsaid, a list of columns
SELECT assoc.declare('{"models": {
    "Todo": {"belongs_to": {"user": "User", "b": {"target": "User", "foreign_key": ["region", "n,o"], "target_key": "region, no", "on_delete": null}}},
    "User": {"has_many": {"todos": "Todo"}, "key": null}}}');
SELECT assoc.document();
-- a model that is only mentioned is defined; one that says something is redefined
SELECT assoc.declare('{"models": {"Tag": {}, "User": {"plural": "people"}}}');
SELECT model, plural, associations, inferred FROM assoc.models;

-- prune: only what this document lacks
SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": {"target": "User", "on_delete": "CASCADE"}}}}}', prune => true);
SELECT association, on_delete FROM assoc.associations;
SELECT model FROM assoc.models;
-- an option moves from one side to the other in one document, which no single call could do
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', on_delete => 'RESTRICT') $$);
SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": "User"}}, "User": {"has_many": {"todos": {"target": "Todo", "on_delete": "RESTRICT"}}}}}');
SELECT association, on_delete FROM assoc.associations;
SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": {"target": "User", "on_delete": "CASCADE"}}}, "User": {"has_many": {"todos": "Todo"}}}}');
SELECT association, on_delete FROM assoc.associations;
-- so does a foreign key
SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": {"target": "User", "foreign_key": "a"}}}, "User": {"has_many": {"todos": {"target": "Todo"}}}}}');
SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"user": "User"}}, "User": {"has_many": {"todos": {"target": "Todo", "foreign_key": "b"}}}}}');
SELECT association, foreign_key FROM assoc.associations;

-- paths in any order, also paths along paths
SELECT assoc.declare('{"models": {"User": {"has_many": {"a_path": {"target": "Tag", "through": "b_path"}, "b_path": {"target": "Tag", "through": "todos.tags"}, "todos": "Todo"}},
    "Todo": {"belongs_to_many": {"tags": {"target": "Tag", "through": "todo_tags"}}}, "Tag": {"belongs_to_many": {"todos": {"target": "Todo"}}}}}', prune => true);
SELECT association, through FROM assoc.associations;

-- all or nothing
SELECT failing($$ SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"x": {"target": "User", "foreign_key": "x"}, "status": "User"}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"Todo": {"belongs_to": {"x": {"target": "User", "foreign_key": "due"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"x": {"target": "Tag", "through": "todos.nothing"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"x": {"target": "Tag", "through": "y"}, "y": {"target": "Tag", "through": "x"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "on_delete": "CASCADE"}}}, "Todo": {"belongs_to": {"user": {"target": "User", "on_delete": "RESTRICT"}}}}}') $$);
-- what a path goes through is not pruned from under it
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"b_path": {"target": "Tag", "through": "todos.tags"}}}}}', prune => true) $$);

-- bad documents: the error says where
SELECT failing($$ SELECT assoc.declare('{"models": ') $$);
SELECT failing($$ SELECT assoc.declare('[]') $$);
SELECT failing($$ SELECT assoc.declare('"models"') $$);
SELECT failing($$ SELECT assoc.declare('null'::jsonb) $$);
SELECT failing($$ SELECT assoc.declare('{"model": {}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": []}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": "Users"}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"hasMany": {}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_manny": {}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"table_name": 1}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"accessors": "yes"}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"key": {}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"key": []}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"key": ["id", 1]}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": ["Todo"]}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": 1}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": null}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": null}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": null}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "foreignKey": "x"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "target_key": "x"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "on_delete": false}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "on_delete": "delete"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "required": "true"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "scope": "open"}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"todos": {"target": "Todo", "foreign_key": true}}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"has_many": {"": "Todo"}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"": {"has_many": {"todos": "Todo"}}}}') $$);
SELECT failing($$ SELECT assoc.declare('{"models": {"User": {"belongs_to": {"todos": "Todo"}, "has_many": {"todos": "Todo"}}}}') $$);
-- null in, null out
SELECT assoc.declare(NULL::text);
SELECT assoc.declare(NULL::jsonb);

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA declare_document CASCADE;
