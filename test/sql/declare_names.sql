-- Names: 63 bytes, capitals, quotes, spaces, dots, keywords; tables as typed; schemas; collisions.
\getenv abs_srcdir PG_ABS_SRCDIR
\set errors :abs_srcdir '/include/errors.sql'
CREATE SCHEMA declare_names;
SET search_path = declare_names;
\set ECHO none
\i :errors
\set ECHO all
\pset null -
\t on
\a
-- a pair of tables for each odd name: declared, applied, described, looked at, used and dropped
CREATE FUNCTION tried(name text, key text, foreign_key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    child text := 'c ' || left(name, 20);
    call text;
BEGIN
    EXECUTE format('CREATE TABLE %I (%I int PRIMARY KEY)', name, key);
    EXECUTE format('CREATE TABLE %I (%I int PRIMARY KEY, %I int)', child, key, foreign_key);
    EXECUTE format('INSERT INTO %I VALUES (1), (2)', name);
    EXECUTE format('INSERT INTO %I VALUES (10, 1), (11, 1), (12, NULL)', child);
    PERFORM assoc.define_model('Parent', name);
    PERFORM assoc.define_model('Child', child);
    RETURN NEXT assoc.has_many('Parent', 'Child', alias => 'many', foreign_key => ARRAY[foreign_key]::text);
    RETURN NEXT assoc.belongs_to('Child', 'Parent', alias => 'one', inverse => 'many');
    RETURN NEXT assoc.belongs_to_many('Parent', 'Child', alias => 'links', through => left('j ' || name, 30));
    RETURN NEXT (SELECT string_agg(DISTINCT outcome, ',') FROM assoc.apply());
    IF EXISTS (SELECT FROM assoc.plan()) THEN
        RETURN NEXT 'still planned';
    END IF;
    IF assoc.declare(assoc.document()::jsonb) NOT LIKE '% 0 added, 0 changed, 0 dropped%' THEN
        RETURN NEXT 'document() says something else';
    END IF;
    SELECT substring(l FROM 'call: (.*)') INTO call FROM assoc.describe('Parent') l WHERE l LIKE '%call: %many(%';
    EXECUTE format('SELECT count(*) || '' children'' FROM (%s) x', call) INTO call;
    RETURN NEXT call;
    SELECT substring(l FROM 'call: (.*)') INTO call FROM assoc.describe('Child') l WHERE l LIKE '%call: %one(%';
    EXECUTE format('SELECT count(*) || '' with a parent'' FROM (%s) x', call) INTO call;
    RETURN NEXT call;
    PERFORM assoc.declare('{"models": {}}', prune => true);
    EXECUTE format('DROP TABLE %I, %I, %I', left('j ' || name, 30), child, name);
END
$$;
SELECT tried('plain', 'id', 'plain_id');
SELECT tried('Capitals', 'Id', 'parentId');
SELECT tried('two words', 'the key', 'the parent''s key');
SELECT tried('quo"te', 'k"', '"quoted"');
SELECT tried('dot.ted', 'a.b', 'c.d');
SELECT tried('select', 'from', 'where');
SELECT tried('user', 'order', 'group');
SELECT tried('comma,brace{}', 'a,b', '{c}');
SELECT tried('back\slash', 'k\', 'f\');
SELECT tried('äöü', 'ß', 'naïve');
SELECT tried('$1', '%s', '%I');
SELECT tried(repeat('n', 63), repeat('k', 63), repeat('f', 63));
SELECT tried(repeat('ä', 31), repeat('ö', 31), repeat('ü', 31));

-- aliases and models of odd names
CREATE TABLE a (id int PRIMARY KEY, x int, y int);
CREATE TABLE b (id int PRIMARY KEY, x int, y int);
SELECT assoc.define_model('Dot.ted "A"', 'a');
SELECT assoc.define_model(repeat('B', 63), 'b');
SELECT assoc.belongs_to('Dot.ted "A"', repeat('B', 63), alias => 'order', foreign_key => 'x');
SELECT assoc.belongs_to('Dot.ted "A"', repeat('B', 63), alias => 'two "words"', foreign_key => 'y');
SELECT assoc.has_many(repeat('B', 63), 'Dot.ted "A"', alias => repeat('z', 63), foreign_key => 'x');
-- inferred: nothing is longer than a name may be
SELECT assoc.has_many('Dot.ted "A"', repeat('B', 63));
SELECT association, foreign_key FROM assoc.associations;
SELECT l FROM assoc.describe('Dot.ted "A"') l WHERE l LIKE '%call:%';
INSERT INTO b VALUES (1, 1, 1);
INSERT INTO a VALUES (1, 1, 1);
SELECT t.id FROM a s, "order"(s) t;
SELECT t.id FROM a s, "two ""words"""(s) t;
SELECT t.id FROM b s, zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz(s) t;
SELECT association, reason FROM assoc.plan('Dot.ted "A".order');
SELECT assoc.rename_association('Dot.ted "A".order', 'select');
SELECT assoc.rename_model('Dot.ted "A"', 'A.B.C');
SELECT assoc.drop_association('A.B.C.select');
SELECT assoc.declare('{"models": {}}', prune => true);

-- a table is matched as typed, then as an SQL identifier; both: an error
CREATE TABLE "Mixed" (id int PRIMARY KEY);
CREATE TABLE lower (id int PRIMARY KEY);
SELECT assoc.define_model('M', 'Mixed');
SELECT assoc.define_model('M', '"Mixed"');
SELECT assoc.define_model('M', 'declare_names.Mixed');
SELECT assoc.define_model('M', 'DECLARE_NAMES."Mixed"');
SELECT assoc.define_model('L', 'LOWER');
SELECT assoc.define_model('L', '"lower"');
SELECT failing($$ SELECT assoc.define_model('M', 'mixed') $$);
SELECT failing($$ SELECT assoc.define_model('L', '"LOWER"') $$);
CREATE TABLE mixed (id int PRIMARY KEY);
SELECT failing($$ SELECT assoc.define_model('M', 'Mixed') $$);
SELECT failing($$ SELECT assoc.define_model('M', 'declare_names.Mixed') $$);
SELECT assoc.define_model('M', 'declare_names."Mixed"');
SELECT assoc.define_model('M', 'mixed');
CREATE TABLE "declare_names.Mixed" (id int PRIMARY KEY);
SELECT assoc.define_model('M', '"declare_names.Mixed"');
SELECT failing($$ SELECT assoc.define_model('M', 'no such"') $$);
SELECT failing($$ SELECT assoc.define_model('M', 'a.b.c') $$);
SELECT failing($$ SELECT assoc.define_model('M', '') $$);
SELECT assoc.declare('{"models": {}}', prune => true);

-- schemas: the same name in two; not on the search path
CREATE SCHEMA "declare_names.2";
CREATE TABLE "declare_names.2".a (id int PRIMARY KEY, x int, y int);
CREATE TABLE "declare_names.2".b (id int PRIMARY KEY, x int, y int);
SELECT assoc.define_model('A', 'a');
SELECT assoc.define_model('B', 'b');
SELECT assoc.define_model('A2', 'declare_names.2.a');
SELECT assoc.define_model('B2', '"declare_names.2".b');
SELECT assoc.belongs_to('A', 'B', foreign_key => 'x');
SELECT assoc.belongs_to('A2', 'B2', alias => 'b', foreign_key => 'x');
SELECT assoc.belongs_to('A2', 'B', alias => 'other', foreign_key => 'y');
SELECT model, table_name FROM assoc.models;
SELECT association, sql FROM assoc.plan() ORDER BY step;
SELECT DISTINCT outcome FROM assoc.apply();
SELECT * FROM assoc.describe('A2');
SET search_path = "declare_names.2", declare_names;
SELECT model, table_name FROM assoc.models;
SELECT count(*) FROM assoc.plan();
SET search_path = declare_names;
-- each reference has a name of its own
SELECT count(DISTINCT reference), count(*) FROM assoc_internal.declaration;
SELECT assoc.declare('{"models": {}}', prune => true);

-- two models on one table
CREATE TABLE items (id int PRIMARY KEY, kind text, "parentId" int);
SELECT assoc.define_model('Folder', 'items');
SELECT failing($$ SELECT assoc.define_model('Item') $$);
SELECT assoc.define_model('File', 'items');
SELECT assoc.belongs_to('File', 'Folder', alias => 'parent');
SELECT assoc.has_many('Folder', 'File', foreign_key => 'parentId', scope => '{"kind": "file"}');
SELECT failing($$ SELECT assoc.belongs_to('Item', 'Folder') $$);
SELECT assoc.belongs_to('File', 'File', alias => 'original', foreign_key => 'originalId');
SELECT association, target, foreign_key FROM assoc.associations;
SELECT assoc.declare('{"models": {}}', prune => true);

-- a function of the accessor's name is there already: it stays, and the line says so
CREATE FUNCTION "b"(a) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$;
SELECT assoc.define_model('A', 'a');
SELECT assoc.define_model('B', 'b');
SELECT assoc.belongs_to('A', 'B', foreign_key => 'x');
SELECT association, status, difference FROM assoc.associations;
SELECT b(a) FROM a;
SELECT assoc.drop_association('A.b');
SELECT b(a) FROM a;
SELECT assoc.declare('{"models": {}}', prune => true);

-- generated names are those that PostgreSQL would choose, are at most 63 bytes, and do not collide
SELECT format('CREATE TABLE %I (id int PRIMARY KEY, %I int, %I int)', repeat('long_table_', 5) || 'x',
    repeat('long_column_', 5) || 'a', repeat('long_column_', 5) || 'b') AS ddl \gset
:ddl;
SELECT assoc.define_model('Long', repeat('long_table_', 5) || 'x');
SELECT assoc.define_model('B', 'b');
SELECT assoc.belongs_to('Long', 'B', alias => 'one', foreign_key => repeat('long_column_', 5) || 'a');
SELECT assoc.belongs_to('Long', 'B', alias => 'two', foreign_key => repeat('long_column_', 5) || 'b');
SELECT DISTINCT outcome FROM assoc.apply();
SELECT conname, octet_length(conname) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'declare_names'::regnamespace AND conrelid = ('long_table_long_table_long_table_long_table_long_table_x')::regclass ORDER BY conname COLLATE "C";
SELECT indexrelid::regclass::text COLLATE "C" AS index, octet_length(indexrelid::regclass::text) FROM pg_index WHERE indrelid = 'long_table_long_table_long_table_long_table_long_table_x'::regclass ORDER BY 1;
SELECT reference, octet_length(reference) FROM assoc_internal.declaration ORDER BY reference COLLATE "C";
SELECT count(*) FROM assoc.plan();

-- a column with a blank at its end is said in the document so that it is read as it is
CREATE TABLE blanks (id int PRIMARY KEY, " x" int);
SELECT assoc.belongs_to('blanks', 'blanks', alias => 'up', foreign_key => '{" x"}');
SELECT assoc.document()::jsonb #> '{models,blanks,belongs_to,up}' AS up;
SELECT assoc.declare(assoc.document()::jsonb);

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA declare_names, "declare_names.2" CASCADE;
