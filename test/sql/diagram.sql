-- assoc.diagram: the declared models as Mermaid and as DOT.
CREATE SCHEMA diagram;
SET search_path = diagram;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\i :include
\set include :abs_srcdir '/include/plan.sql'
\i :include
\pset format unaligned
\pset tuples_only on

--
-- Nothing is declared.
--
SELECT assoc.diagram();
SELECT assoc.diagram('dot');

--
-- Both sides of one foreign key are one line: dashed while it is planned, solid once it is there.
--
CREATE TABLE "Users" (id integer PRIMARY KEY, name text);
CREATE TABLE "Todos" (id integer PRIMARY KEY, title text, "userId" integer);
SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
SELECT assoc.diagram();
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');
SELECT assoc.diagram();
SELECT assoc.diagram('dot');
SELECT count(*) FROM assoc.apply();
SELECT assoc.diagram();
SELECT assoc.diagram('dot');

-- exactly one parent; NOT NULL that is yet to come is told
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE', required => true);
SELECT assoc.diagram();
SELECT count(*) FROM assoc.apply();
SELECT assoc.diagram();

-- another action is said than the key has; a key that is not validated; one that is not wanted
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'RESTRICT', required => true);
SELECT assoc.diagram();
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', enforce => 'none');
SELECT assoc.diagram();
ALTER TABLE "Todos" DROP CONSTRAINT "Todos_userId_fkey";
ALTER TABLE "Todos" ADD CONSTRAINT late FOREIGN KEY ("userId") REFERENCES "Users" ON DELETE RESTRICT NOT VALID;
SELECT assoc.diagram();
ALTER TABLE "Todos" VALIDATE CONSTRAINT late;
SELECT assoc.diagram();
ALTER TABLE "Todos" DROP CONSTRAINT late;
SELECT assoc.diagram();
-- several associations over one key, and several keys between the same two models
SELECT assoc.has_one('User', 'Todo', 'latest', foreign_key => 'userId', order_by => 'id DESC');
SELECT assoc.belongs_to('Todo', 'User', 'reviewer', foreign_key => 'reviewerId', inverse => 'reviews');
SELECT assoc.diagram();

--
-- has one, itself, many to many, along a path.
--
CREATE TABLE profiles (user_id integer PRIMARY KEY);
SELECT assoc.has_one('User', 'Profile', foreign_key => 'user_id');
CREATE TABLE badges (id integer PRIMARY KEY, user_id integer REFERENCES "Users");
SELECT assoc.has_one('User', 'Badge', foreign_key => 'user_id');
CREATE TABLE categories (id integer PRIMARY KEY, parent_id integer);
SELECT assoc.belongs_to('Category', 'Category', 'parent', inverse => 'children');
CREATE TABLE tags (id bigint PRIMARY KEY, label character varying(30) UNIQUE, weight numeric(10, 2), at timestamptz);
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'TodoTags', inverse => 'todos');
SELECT assoc.has_many('User', 'Tag', 'tags', through => 'todos.tags');
SELECT assoc.diagram();
SELECT assoc.diagram('dot');
SELECT count(*) FROM assoc.apply();
SELECT assoc.diagram();

--
-- Only some: of an association, of a model, of a path, of a model that has none.
--
SELECT assoc.diagram(associations => 'Todo.user');
SELECT assoc.diagram('mermaid', 'Tag, Category.parent');
SELECT assoc.diagram('mermaid', 'User.tags');
CREATE TABLE lonely (at timestamp with time zone PRIMARY KEY);
SELECT assoc.define_model('Lonely', 'lonely');
SELECT assoc.diagram('mermaid', ' Lonely ');
SELECT assoc.diagram('dot', 'Lonely');
-- a table that the search path does not find has its schema's name
SET search_path = pg_catalog;
SELECT assoc.diagram('mermaid', 'Lonely');
SET search_path = diagram;

-- a view has no key but the one that is said
CREATE VIEW open_todos AS SELECT id, title, "userId" FROM "Todos";
SELECT assoc.define_model('OpenTodo', 'open_todos', key => 'id');
SELECT assoc.belongs_to('OpenTodo', 'User', foreign_key => 'userId', enforce => 'none');
SELECT assoc.belongs_to('Lonely', 'OpenTodo', foreign_key => 'todo', target_key => 'id', enforce => 'none');
SELECT assoc.diagram('mermaid', 'OpenTodo, Lonely');

--
-- Keys of several columns, and keys that are not the primary key.
--
CREATE TABLE accounts (tenant_id integer, number numeric(12, 2), email text UNIQUE, PRIMARY KEY (number, tenant_id));
CREATE TABLE invoices (id integer PRIMARY KEY, tenant_id integer NOT NULL, account_number numeric(12, 2) NOT NULL);
SELECT assoc.belongs_to('Invoice', 'Account', foreign_key => 'tenant_id, account_number', target_key => 'tenant_id, number', inverse => 'invoices');
CREATE TABLE logins (id integer PRIMARY KEY, user_email text);
SELECT assoc.belongs_to('Login', 'Account', foreign_key => 'user_email', target_key => 'email');
SELECT count(*) FROM assoc.apply('Invoice, Login');
SELECT assoc.diagram('mermaid', 'Account');
SELECT assoc.diagram('dot', 'Account');

--
-- What is broken says so.
--
CREATE TABLE notes (id integer PRIMARY KEY, login_id integer);
SELECT assoc.belongs_to('Note', 'Login');
ALTER TABLE notes ALTER COLUMN login_id TYPE text;
SELECT assoc.diagram('mermaid', 'Note');
SELECT assoc.diagram('dot', 'Note');
ALTER TABLE notes ALTER COLUMN login_id TYPE integer USING 1;
ALTER TABLE logins DROP CONSTRAINT logins_pkey;
SELECT assoc.diagram('mermaid', 'Note');
ALTER TABLE logins ADD PRIMARY KEY (id);

--
-- Names.
--
SELECT repeat('x', 63) AS long \gset
CREATE TABLE "a ""b"" <i>&amp;</i> #1; %%{x}%% `c` \d" (" "" ' <b> " integer, "PK" integer, "x
y" integer, "9 lives" integer, "größe" integer, PRIMARY KEY (" "" ' <b> "));
CREATE TABLE :"long" (id "char" PRIMARY KEY, n integer UNIQUE, "long" integer);
SELECT assoc.define_model('a "b" <i>&amp;</i> #1; %%{x}%% `c` \d', '"a ""b"" <i>&amp;</i> #1; %%{x}%% `c` \d"');
SELECT assoc.define_model('Übung', :'long');
SELECT assoc.belongs_to('a "b" <i>&amp;</i> #1; %%{x}%% `c` \d', 'Übung', 'pk', foreign_key => 'PK', target_key => 'n');
SELECT assoc.belongs_to('a "b" <i>&amp;</i> #1; %%{x}%% `c` \d', 'Übung', '"<br/> style:x#1;', foreign_key => 'größe', target_key => 'n', enforce => 'none');
SELECT assoc.belongs_to('a "b" <i>&amp;</i> #1; %%{x}%% `c` \d', 'Übung', E'new\nline', foreign_key => E'x\ny', target_key => 'n', enforce => 'none');
SELECT assoc.belongs_to('a "b" <i>&amp;</i> #1; %%{x}%% `c` \d', 'Übung', '9', foreign_key => '9 lives', target_key => 'n');
SELECT assoc.belongs_to('Übung', 'Übung', :'long', foreign_key => 'long', target_key => 'n');
CREATE TABLE nodes (id integer PRIMARY KEY);
CREATE TABLE ones (id integer PRIMARY KEY, node_id integer, "-" integer, uk integer);
SELECT assoc.define_model('Node', 'nodes'), assoc.define_model('one', 'ones'), assoc.define_model('b übung', 'nodes');
SELECT assoc.belongs_to('one', 'Node', foreign_key => 'node_id');
SELECT assoc.belongs_to('one', 'b übung', 'ü', foreign_key => '-');
SELECT assoc.belongs_to('one', 'b übung', '~ Direction TB', foreign_key => 'uk');
SELECT assoc.diagram('mermaid', 'one, Übung, a "b" <i>&amp;</i> #1; %%{x}%% `c` \d');
SELECT assoc.diagram('dot', 'one, Übung, a "b" <i>&amp;</i> #1; %%{x}%% `c` \d');

--
-- Errors.
--
SELECT failing($$SELECT assoc.diagram('svg')$$);
SELECT failing($$SELECT assoc.diagram(NULL)$$);
SELECT failing($$SELECT assoc.diagram('Mermaid')$$);
-- a circle: all lines go from left to right, from what needs no parent
CREATE TABLE houses (id integer PRIMARY KEY, owner_id integer);
CREATE TABLE owners (id integer PRIMARY KEY, house_id integer NOT NULL);
SELECT assoc.belongs_to('House', 'Owner', inverse => 'owned');
SELECT assoc.belongs_to('Owner', 'House', inverse => 'inhabitants');
SELECT l FROM string_to_table(assoc.diagram('dot', 'House, Owner'), E'\n') l WHERE l ~ '->';
SELECT failing($$SELECT assoc.diagram('dot', 'Tod')$$);
SELECT failing($$SELECT assoc.diagram('dot', 'Todo.usr')$$);
SELECT failing($$SELECT assoc.diagram('dot', 'Todo,')$$);
-- the same again is the same
SELECT assoc.diagram('dot') = assoc.diagram('dot') AND assoc.diagram() = assoc.diagram('mermaid', NULL);

SELECT pg_temp.forget();
SELECT assoc.diagram();
