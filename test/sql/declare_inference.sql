-- What is inferred when it is not said: tables, aliases, foreign keys; and that the order never matters.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
\set orders :abs_srcdir '/include/orders.sql'
CREATE SCHEMA declare_inference;
SET search_path = declare_inference;
\set ECHO none
\i :errors
\i :orders
\set ECHO all
\pset null -
\t on
\a

-- a model not yet defined is the table of that name, its plural, or the snake_case of either
CREATE TABLE "Person" (id int PRIMARY KEY);
CREATE TABLE "OrderItems" (id int PRIMARY KEY);
CREATE TABLE blog_post (id int PRIMARY KEY);
CREATE TABLE blog_categories (id int PRIMARY KEY);
CREATE TABLE addresses (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY);
CREATE TABLE news (id int PRIMARY KEY);
SELECT assoc.define_model('Person');
SELECT assoc.define_model('OrderItem');
SELECT assoc.define_model('BlogPost');
SELECT assoc.define_model('BlogCategory');
SELECT assoc.define_model('Address');
SELECT assoc.define_model('Child');
SELECT assoc.define_model('News');
SELECT model, table_name, inferred FROM assoc.models;
SELECT assoc.declare('{"models": {}}', prune => true);
-- several tables fit
CREATE TABLE "People" (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY);
CREATE TABLE "Orders" (id int PRIMARY KEY);
SELECT failing($$ SELECT assoc.define_model('Order') $$);
SELECT failing($$ SELECT assoc.has_many('Order', 'OrderItem') $$);
-- the table of exactly the name is meant
SELECT assoc.define_model('Person');
-- none fits
SELECT failing($$ SELECT assoc.define_model('Invoice') $$);
SELECT failing($$ SELECT assoc.belongs_to('Persn', 'Invoice') $$);
-- only declaring functions infer
SELECT failing($$ SELECT * FROM assoc.describe('OrderItem') $$);
SELECT failing($$ SELECT assoc.rename_model('OrderItem', 'Item') $$);
SELECT failing($$ SELECT assoc.drop_association('OrderItem.order') $$);
SELECT failing($$ SELECT * FROM assoc.plan('OrderItem') $$);
SELECT assoc.declare('{"models": {}}', prune => true);
DROP TABLE "Person", "OrderItems", blog_post, blog_categories, addresses, children, news, "People", people, orders, "Orders";

-- aliases: first letter lower-cased, plural for to-many
CREATE TABLE "Users" (id int PRIMARY KEY);
CREATE TABLE "Categories" (id int PRIMARY KEY, "userId" int);
CREATE TABLE order_items (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Boxes" (id int PRIMARY KEY, "userId" int);
CREATE TABLE people (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Sheep" (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Fungi" (id int PRIMARY KEY, "userId" int);
SELECT assoc.has_many('User', 'Category');
SELECT assoc.has_one('User', 'Category');
SELECT assoc.has_many('User', 'order_items');
SELECT assoc.has_one('User', 'order_items');
SELECT assoc.has_many('User', 'Box');
SELECT assoc.has_many('User', 'Person');
SELECT assoc.has_many('User', 'Sheep');
SELECT assoc.belongs_to('Sheep', 'User');
-- what the English here does not know can be said
SELECT assoc.define_model('Fungus', 'Fungi', singular => 'fungus', plural => 'fungi');
SELECT assoc.has_many('User', 'Fungus');
SELECT assoc.has_one('User', 'Fungus');
SELECT association, foreign_key, inferred FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP TABLE "Categories", order_items, "Boxes", people, "Sheep", "Fungi";

-- foreign keys: the column that exists, in camelCase
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int, "assigneeId" int);
SELECT assoc.belongs_to('Todo', 'User');
SELECT assoc.belongs_to('Todo', 'User', alias => 'assignee');
SELECT assoc.has_many('User', 'Todo');
SELECT assoc.has_many('User', 'Todo', alias => 'assigned', inverse => 'assignee');
-- a new one in the style of its table
SELECT assoc.belongs_to('Todo', 'User', alias => 'reviewer');
SELECT association, foreign_key, status FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
-- in snake_case
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE todos (id int PRIMARY KEY, user_id int, assignee_id int, due_on date);
CREATE TABLE labels (label_key int PRIMARY KEY);
SELECT assoc.belongs_to('todos', 'users');
SELECT assoc.belongs_to('todos', 'users', alias => 'assignee');
SELECT assoc.belongs_to('todos', 'users', alias => 'reviewer');
SELECT assoc.belongs_to('todos', 'labels');
SELECT assoc.has_many('users', 'todos');
SELECT association, foreign_key, key, status FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);
-- in PascalCase, as older Sequelize made it
CREATE TABLE "Notes" (id int PRIMARY KEY, "UserId" int);
SELECT assoc.belongs_to('Note', '"Users"', alias => 'user');
SELECT assoc.declare('{"models": {}}', prune => true);

-- written as in SQL: the model is called as the table
SELECT assoc.belongs_to('Note', '"Users"');
SELECT assoc.belongs_to('Note', 'declare_inference."Users"', alias => 'owner');
SELECT assoc.declare('{"models": {}}', prune => true);
SELECT assoc.define_model('Users', 'users');
SELECT failing($$ SELECT assoc.belongs_to('Note', '"Users"') $$);
SELECT assoc.declare('{"models": {}}', prune => true);

-- two columns fit: an error with the candidates, on either side
ALTER TABLE "Notes" ADD COLUMN "userId" int;
SELECT failing($$ SELECT assoc.belongs_to('Note', '"Users"', alias => 'user') $$);
SELECT assoc.define_model('User', '"Users"');
SELECT failing($$ SELECT assoc.belongs_to('Note', 'User') $$);
SELECT failing($$ SELECT assoc.has_many('User', 'Note') $$);
SELECT failing($$ SELECT assoc.belongs_to_many('User', '"Todos"', through => 'Note') $$);
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'UserId');
SELECT assoc.declare('{"models": {}}', prune => true);
-- two declared ones fit
SELECT assoc.define_model('User', '"Users"');
SELECT assoc.define_model('Todo', '"Todos"');
ALTER TABLE "Todos" DROP COLUMN "userId";
SELECT assoc.belongs_to('Todo', 'User', alias => 'assignee');
SELECT assoc.belongs_to('Todo', 'User', alias => 'reviewer');
SELECT failing($$ SELECT assoc.has_many('User', 'Todo') $$);
SELECT assoc.has_many('User', 'Todo', inverse => 'reviewer');
SELECT failing($$ SELECT assoc.has_many('User', 'Todo', alias => 'more') $$);
SELECT assoc.declare('{"models": {}}', prune => true);
-- a key of several columns has no conventional name
CREATE TABLE "Tenants" (region text, no int, PRIMARY KEY (region, no));
SELECT assoc.define_model('User', '"Users"');
SELECT failing($$ SELECT assoc.belongs_to('User', 'Tenant') $$);
SELECT failing($$ SELECT assoc.has_many('Tenant', 'User') $$);
SELECT assoc.belongs_to('User', 'Tenant', foreign_key => 'region, tenantNo');
-- but a declared one is found
SELECT assoc.has_many('Tenant', 'User');
SELECT assoc.declare('{"models": {}}', prune => true);
-- no key at all
CREATE TABLE "Logs" (line text);
SELECT assoc.define_model('User', '"Users"');
SELECT failing($$ SELECT assoc.has_many('Log', 'User') $$);
SELECT assoc.declare('{"models": {}}', prune => true);
DROP TABLE users, todos, labels, "Notes", "Tenants", "Logs", "Todos";

-- every order of the declarations gives the same catalog and the same plan
CREATE TABLE "Profiles" (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Todos" (id int PRIMARY KEY, "authorId" int, "editorId" int);
CREATE TABLE "Tags" (id int PRIMARY KEY);
-- the lesson, and more
SELECT orders('has_many(''User'', ''Todo'', foreign_key => ''userId'')',
              'belongs_to(''Todo'', ''User'', foreign_key => ''userId'', on_delete => ''CASCADE'')',
              'has_one(''User'', ''Profile'')',
              'belongs_to(''Profile'', ''User'', required => true)');
-- nothing is said
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'')',
              'has_many(''Todo'', ''Tag'')', 'belongs_to(''Tag'', ''Todo'')');
-- the foreign key is said on one side only: it exists, or not
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', foreign_key => ''authorId'')');
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', foreign_key => ''owner'')');
SELECT orders('has_many(''User'', ''Todo'', foreign_key => ''authorId'')', 'belongs_to(''Todo'', ''User'')');
SELECT orders('has_many(''User'', ''Todo'', foreign_key => ''owner'')', 'belongs_to(''Todo'', ''User'')');
SELECT orders('has_one(''User'', ''Todo'', foreign_key => ''owner'')', 'belongs_to(''Todo'', ''User'')',
              'belongs_to(''Profile'', ''User'', alias => ''owner'')', 'has_many(''User'', ''Profile'')');
-- one side has an alias of its own
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', alias => ''author'')');
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', alias => ''owner'')');
-- two that fit: an error, whatever comes last
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', alias => ''author'')',
              'belongs_to(''Todo'', ''User'', alias => ''editor'')');
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', alias => ''owner'')',
              'belongs_to(''Todo'', ''User'', alias => ''tester'')');
SELECT orders('belongs_to(''Todo'', ''User'')', 'has_many(''User'', ''Todo'', alias => ''a'', foreign_key => ''authorId'')',
              'has_many(''User'', ''Todo'', alias => ''b'', foreign_key => ''editorId'')');
-- two pairs, told apart by their inverses
SELECT orders('belongs_to(''Todo'', ''User'', alias => ''author'')', 'has_many(''User'', ''Todo'', alias => ''written'', inverse => ''author'')',
              'belongs_to(''Todo'', ''User'', alias => ''editor'')', 'has_many(''User'', ''Todo'', alias => ''edited'', inverse => ''editor'')');
SELECT orders('belongs_to(''Todo'', ''User'', alias => ''owner'')', 'has_many(''User'', ''Todo'', alias => ''owned'', inverse => ''owner'')',
              'belongs_to(''Todo'', ''User'', alias => ''tester'')', 'has_many(''User'', ''Todo'', alias => ''tested'', inverse => ''tester'')');
-- the inverse is declared in the same call, and by itself
SELECT orders('has_many(''User'', ''Todo'', alias => ''owned'', inverse => ''owner'')', 'belongs_to(''Todo'', ''User'', alias => ''owner'', inverse => ''owned'')',
              'belongs_to(''Todo'', ''User'', alias => ''tester'')', 'has_many(''User'', ''Todo'', alias => ''tested'', inverse => ''tester'')');
-- a table that refers to itself
SELECT orders('belongs_to(''User'', ''User'', alias => ''boss'')', 'has_many(''User'', ''User'', alias => ''staff'', inverse => ''boss'')',
              'has_one(''User'', ''User'', alias => ''deputy'', foreign_key => ''deputyOf'')');
-- many to many: a new table, both sides and its own belongs_to
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'')', 'belongs_to_many(''Tag'', ''Todo'', through => ''todo_tags'')',
              'has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', alias => ''author'')');
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'', foreign_key => ''t'')',
              'belongs_to_many(''Tag'', ''Todo'', through => ''todo_tags'', other_key => ''t'')');
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'', foreign_key => ''t'', other_key => ''g'')',
              'belongs_to_many(''Tag'', ''Todo'', through => ''todo_tags'')');
CREATE TABLE "Taggings" (id int PRIMARY KEY, "todoId" int, tag int);
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''Tagging'')', 'belongs_to(''Tagging'', ''Todo'', on_delete => ''CASCADE'')',
              'belongs_to(''Tagging'', ''Tag'', alias => ''label'', foreign_key => ''tag'')', 'belongs_to_many(''Tag'', ''Todo'', through => ''Tagging'')');
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''Tagging'')', 'has_many(''Todo'', ''Tagging'')',
              'has_many(''Tag'', ''Tagging'', foreign_key => ''tag'')', 'belongs_to(''Tagging'', ''Tag'')');
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''Tagging'')', 'has_many(''Todo'', ''Tagging'')',
              'has_many(''Tag'', ''Tagging'', foreign_key => ''tag'')', 'belongs_to(''Tagging'', ''Tag'', alias => ''label'')');
SELECT orders('belongs_to_many(''Todo'', ''Tag'', through => ''Tagging'', other_key => ''tag'')', 'belongs_to_many(''Tag'', ''Todo'', through => ''Tagging'')');
-- a key that only one side says
ALTER TABLE "Users" ADD COLUMN email text UNIQUE;
SELECT orders('has_many(''User'', ''Todo'', foreign_key => ''userEmail'', source_key => ''email'')',
              'belongs_to(''Todo'', ''User'', foreign_key => ''userEmail'')');
SELECT orders('has_many(''User'', ''Todo'', foreign_key => ''userEmail'')',
              'belongs_to(''Todo'', ''User'', foreign_key => ''userEmail'', target_key => ''email'')');
SELECT orders('has_many(''User'', ''Todo'')', 'belongs_to(''Todo'', ''User'', target_key => ''email'')');
-- options that differ: always the same error
SELECT orders('has_many(''User'', ''Todo'', on_delete => ''RESTRICT'')', 'belongs_to(''Todo'', ''User'', on_delete => ''CASCADE'')');
-- the key and the names of a model
SELECT orders('define_model(''User'', ''"Users"'', key => ''email'')', 'has_many(''User'', ''Todo'')',
              'belongs_to(''Todo'', ''User'')');
SELECT orders('define_model(''User'', ''"Users"'', singular => ''person'')', 'has_many(''User'', ''Todo'')',
              'belongs_to_many(''User'', ''Tag'', through => ''person_tags'')', 'has_many(''Tag'', ''Todo'')');

SELECT * FROM assoc.associations;
SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA declare_inference CASCADE;
