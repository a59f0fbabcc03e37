-- Every error of declaring: SQLSTATE, message, DETAIL and HINT, and nothing half done.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA declare_errors;
SET search_path = declare_errors;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
CREATE TABLE "Users" (id int PRIMARY KEY, email text UNIQUE, nick text, a int, b int, UNIQUE (a, b), UNIQUE (nick) DEFERRABLE);
CREATE UNIQUE INDEX ON "Users" (a) WHERE b > 0;
CREATE TABLE "Todos" (id int PRIMARY KEY, title text, "userId" int, "must" int NOT NULL, "when" date, spot point, doc json);
CREATE TABLE "Tags" (id int PRIMARY KEY);
CREATE TABLE nokey (x int);
SELECT assoc.define_model('User', 'Users');
SELECT assoc.define_model('Todo', 'Todos');
SELECT assoc.define_model('Tag', 'Tags');
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.document() AS document \gset

-- arguments that must be given
SELECT failing($$ SELECT assoc.define_model(NULL) $$);
SELECT failing($$ SELECT assoc.belongs_to(NULL, 'User') $$);
SELECT failing($$ SELECT assoc.has_many('User', NULL) $$);
SELECT failing($$ SELECT assoc.belongs_to('', 'User') $$);
SELECT failing(format('SELECT assoc.belongs_to(%L, ''User'')', repeat('m', 64)));

-- define_model
SELECT failing($$ SELECT assoc.define_model('', 'Users') $$);
SELECT failing(format('SELECT assoc.define_model(%L, ''Users'')', repeat('m', 64)));
SELECT failing($$ SELECT assoc.define_model('X', 'Userz') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users_pkey') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'pg_catalog.pg_class') $$);
CREATE TEMP TABLE passing (id int PRIMARY KEY);
SELECT split_part(failing, ' ', 1) FROM failing($$ SELECT assoc.define_model('X', 'passing') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => 'emial') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => 'nothing_like_it') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => '') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => 'a, a') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => 'a,,b') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => '{a,b') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', key => '{a,NULL}') $$);
SELECT failing(format('SELECT assoc.define_model(''X'', ''Users'', key => %L)', repeat('k', 64)));
SELECT failing($$ SELECT assoc.define_model('X', 'Users', singular => '') $$);
SELECT failing($$ SELECT assoc.define_model('X', 'Users', plural => 'a.b') $$);

-- aliases
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => '') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => 'a.b') $$);
SELECT failing(format('SELECT assoc.belongs_to(''Todo'', ''User'', alias => %L)', repeat('a', 64)));
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => 'title') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', inverse => '') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', inverse => 'nick') $$);
-- a self-association's two sides need two names
SELECT assoc.belongs_to('User', 'User', alias => 'boss');
SELECT failing($$ SELECT assoc.belongs_to('User', 'User', alias => 'twin', inverse => 'twin') $$);
SELECT assoc.drop_association('User.boss');
-- the name of the inverse is taken by something else
SELECT assoc.has_many('User', 'Todo', alias => 'others', foreign_key => 'otherId');
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => 'm', foreign_key => 'must', inverse => 'others') $$);
SELECT assoc.drop_association('User.others');

-- models
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'Usr') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'Something') $$);

-- foreign keys and keys
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => '') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'a, a') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId, must') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', target_key => 'emial') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', target_key => 'no_such_column') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', source_key => 'nick') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', source_key => 'a', foreign_key => 'x') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'x, y', target_key => 'a, email') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'nokey') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'title') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', target_key => 'email') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'spot') $$);

-- options
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'EXPLODE') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_update => '') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL (userId') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'CASCADE (userId)') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_update => 'SET NULL (userId)') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL (title)') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL ()') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL', foreign_key => 'must') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_update => 'SET NULL', foreign_key => 'must') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET DEFAULT', foreign_key => 'must') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', on_delete => 'SET NULL', required => true) $$);
SELECT failing($$ SELECT assoc.has_one('Todo', 'Tag', foreign_key => 'id', required => false) $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', deferral => 'later') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', enforce => 'triggers') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', order_by => '') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', order_by => 'titel') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', order_by => 'title UP') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', order_by => 'title FIRST') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', order_by => 'title,') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '[]') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"titel": 1}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"title": {"like": "x"}}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"title": []}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"title": [["x"]]}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"must": "many"}') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', scope => '{"doc": "{}"}') $$);

-- relations that have no foreign keys
CREATE VIEW "Views" AS SELECT id, "userId" FROM "Todos";
SELECT failing($$ SELECT assoc.belongs_to('View', 'User') $$);
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'View', foreign_key => 'must', target_key => 'id') $$);
CREATE TABLE parts (id int, "userId" int) PARTITION BY RANGE (id);
SELECT failing($$ SELECT assoc.has_one('User', 'parts') $$);

-- many to many
SELECT failing($$ SELECT assoc.belongs_to_many('Todo', 'Tag') $$);
SELECT failing($$ SELECT assoc.belongs_to_many('Todo', 'Tag', through => '') $$);
SELECT failing(format('SELECT assoc.belongs_to_many(''Todo'', ''Tag'', through => %L)', repeat('j', 64)));
SELECT failing($$ SELECT assoc.belongs_to_many('User', 'User', alias => 'friends', through => 'friends') $$);
SELECT failing($$ SELECT assoc.belongs_to_many('User', 'User', alias => 'friends', through => 'friends', foreign_key => 'a', other_key => 'a') $$);
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'one', through => 'one');
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'two', through => 'two');
SELECT failing($$ SELECT assoc.belongs_to_many('Tag', 'Todo') $$);
-- the table of a planned junction is not there yet
SELECT failing($$ SELECT assoc.belongs_to('one', 'Todo', alias => 'x') $$);
SELECT assoc.drop_model('one', cascade => true);
SELECT assoc.drop_model('two', cascade => true);

-- an association of a model to itself needs an alias; its sides must differ
SELECT failing($$ SELECT assoc.belongs_to('User', 'User') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'User') $$);
SELECT failing($$ SELECT assoc.belongs_to_many('User', 'User', through => 'friends') $$);
-- a system column is no foreign key
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => 'system', foreign_key => 'xmin') $$);
-- SET DEFAULT of a column that is yet to be made
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'User', alias => 'unmade', on_delete => 'SET DEFAULT') $$);

-- paths
SELECT failing($$ SELECT assoc.has_many('User', 'Tag', through => 'nothing') $$);
SELECT assoc.has_many('User', 'Todo');
SELECT failing($$ SELECT assoc.has_many('User', 'Tag', through => 'todos') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Tag', through => 'todos.') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', foreign_key => 'userId') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', source_key => 'id') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', on_delete => 'CASCADE') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', on_update => 'CASCADE') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', required => true) $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', deferral => 'none') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', enforce => 'none') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', index => true) $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'p', through => 'todos', inverse => 'p') $$);
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'one', through => 'j1');
SELECT assoc.belongs_to_many('Todo', 'Tag', alias => 'two', through => 'j2');
SELECT failing($$ SELECT assoc.has_many('User', 'Tag', through => 'todos') $$);
-- a path that comes to go through itself
SELECT assoc.has_many('User', 'Tag', through => 'todos.one');
SELECT assoc.has_many('User', 'Tag', alias => 'more', through => 'tags');
SELECT failing($$ SELECT assoc.has_many('User', 'Tag', through => 'more') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', through => 'todos') $$);

-- a table that is not there, as after a selective restore
SET client_min_messages = warning;
CREATE TEMPORARY TABLE saved_model AS SELECT * FROM assoc_internal.model WHERE name = 'Tag';
CREATE TEMPORARY TABLE saved_declaration AS SELECT * FROM assoc_internal.declaration;
DROP TABLE "Tags" CASCADE;
INSERT INTO assoc_internal.model SELECT * FROM saved_model;
INSERT INTO assoc_internal.declaration SELECT * FROM saved_declaration;
RESET client_min_messages;
SELECT failing($$ SELECT assoc.belongs_to('Todo', 'Tag') $$);
SELECT failing($$ SELECT assoc.define_model('Tag') $$);
SELECT * FROM assoc.models WHERE model = 'Tag';

-- outside of declaring: names of associations and models
SELECT failing($$ SELECT * FROM assoc.describe('Usr') $$);
SELECT failing($$ SELECT * FROM assoc.describe(NULL) $$);
SELECT failing($$ SELECT * FROM assoc.plan('Todo.usr') $$);
SELECT failing($$ SELECT * FROM assoc.plan('Todo.') $$);
SELECT failing($$ SELECT * FROM assoc.plan('Usr') $$);
SELECT failing($$ SELECT assoc.drop_association('Todo.usr') $$);

-- after all this the first association is what it was
SET client_min_messages = warning;
CREATE TABLE "Tags" (id int PRIMARY KEY);
SELECT assoc.declare(:'document', prune => true);
SELECT association, foreign_key, on_delete, status FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA declare_errors CASCADE;
