-- What the extension consists of; every object has a comment, and the first line of a public one's is a call that works.
CREATE SCHEMA surface;
SET search_path = surface;
\t on
\a
CREATE VIEW members AS
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) COLLATE "C" AS member
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.deptype = 'e' AND e.extname = 'todo_assoc' AND d.classid <> 'pg_type'::regclass;
-- the members
SELECT member FROM members ORDER BY member;
-- those without a comment
SELECT member FROM members WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL ORDER BY member;
-- what is in the two schemas and no member
SELECT relname FROM pg_class WHERE relnamespace IN ('assoc'::regnamespace, 'assoc_internal'::regnamespace) AND relkind NOT IN ('i', 't')
    AND oid NOT IN (SELECT objid FROM members);
SELECT proname FROM pg_proc WHERE pronamespace IN ('assoc'::regnamespace, 'assoc_internal'::regnamespace) AND oid NOT IN (SELECT objid FROM members);
-- volatility, strictness and parallel safety are said; nothing is SECURITY DEFINER without a search path
SELECT p.oid::regprocedure::text COLLATE "C", provolatile, proisstrict, proparallel FROM pg_proc p JOIN members m ON m.objid = p.oid AND m.classid = 'pg_proc'::regclass ORDER BY 1;
SELECT p.oid::regprocedure FROM pg_proc p JOIN members m ON m.objid = p.oid WHERE prosecdef AND proconfig IS NULL;
-- no argument needs quotes
SELECT DISTINCT a FROM pg_proc p JOIN members m ON m.objid = p.oid, unnest(proargnames) a WHERE quote_ident(a) <> a;
-- tables of the catalog go into a dump, but for what packages said
SELECT c.oid::regclass::text COLLATE "C", condition FROM pg_extension e, unnest(extconfig, extcondition) AS u(oid, condition) JOIN pg_class c ON c.oid = u.oid
    WHERE extname = 'todo_assoc' ORDER BY 1;
-- and hold no type that cannot be dumped or upgraded
SELECT attrelid::regclass, attname FROM pg_attribute a JOIN members m ON m.objid = a.attrelid AND m.classid = 'pg_class'::regclass
    WHERE attnum > 0 AND (atttypid::regtype::text LIKE 'reg%' OR atttypid = 'oid'::regtype OR attidentity <> '');

-- every call that a comment or help() shows works on the tables of the lesson; those that name a package are for
-- test/t/030_migrate.pl
CREATE TABLE "Users" (id int PRIMARY KEY, name text);
CREATE TABLE "Todos" (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Profiles" (id int PRIMARY KEY, "userId" int);
CREATE TABLE "Tags" (id int PRIMARY KEY);
CREATE TABLE "Posts" (id int PRIMARY KEY);
CREATE TABLE "Photos" (id int PRIMARY KEY);
CREATE TABLE "Comments" (id int PRIMARY KEY, "commentableType" text, "commentableId" int);
SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags');
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo');
SELECT count(*) FROM assoc.apply();
CREATE FUNCTION tried(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN
        RETURN 'works: ' || call;
    WHEN OTHERS THEN
        RETURN 'FAILS: ' || call || ' ' || SQLERRM;
END
$$;
SELECT tried(rtrim(split_part(obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)), E'\n', 1), ';'))
    FROM members WHERE (member LIKE 'function assoc.%' OR member LIKE 'view assoc.%')
    AND obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) !~ '^[^\n]*todo_app' ORDER BY member;
SELECT tried(rtrim(trim(split_part(l, '   ', 1)), ';')) FROM assoc.help() l WHERE l NOT LIKE '%todo_app%';

-- of the accessors it makes, too
SELECT tried(rtrim(split_part(obj_description(oid, 'pg_proc'), E'\n', 1), ';')) FROM pg_proc
    WHERE pronamespace = 'surface'::regnamespace AND proname <> 'tried' ORDER BY proname COLLATE "C", oid::regprocedure::text COLLATE "C";

SET client_min_messages = warning;
SELECT assoc.declare('{"models": {}}', prune => true);
DROP SCHEMA surface CASCADE;
