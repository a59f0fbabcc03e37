-- Parents whose rows stand in tables that inherit from them, too: define_model(heirs => true).
SET client_min_messages = warning;
CREATE SCHEMA "the heirs";
SET search_path = "the heirs";
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all
CREATE TABLE "Animals" (id integer PRIMARY KEY, name text);
-- columns in another order, and one that is dropped
CREATE TABLE "Dogs" (gone integer, breed text, name text, id integer CONSTRAINT "Animals_id_not_null" NOT NULL);
ALTER TABLE "Dogs" DROP COLUMN gone;
ALTER TABLE "Dogs" INHERIT "Animals";
CREATE TABLE "Puppies" (born date) INHERITS ("Dogs");
CREATE TABLE "Visits" (id integer PRIMARY KEY, "animalId" integer, v integer);
INSERT INTO "Animals" VALUES (1, 'a hen');
INSERT INTO "Dogs" (id, name, breed) VALUES (2, 'Rex', 'dachshund');
INSERT INTO "Puppies" (id, name) VALUES (3, 'Pip');
INSERT INTO "Visits" VALUES (1, 1), (2, 2), (3, 3);
-- a foreign key sees the table's own rows
SELECT assoc.define_model('Animal', 'Animals', heirs => true);
SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits');
SELECT reason FROM assoc.plan();
SELECT outcome FROM assoc.apply();
SELECT reason FROM assoc.plan();
SELECT code FROM assoc.validate() WHERE severity > 'info';
SELECT c.relname, left(tgname, -17) AS trigger, pg_get_triggerdef(t.oid) ~ 'EACH ROW' AS row FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE relnamespace = '"the heirs"'::regnamespace AND NOT tgisinternal ORDER BY 1, 2;
SELECT told('INSERT INTO "Visits" VALUES (4, 4)');
SELECT told('INSERT INTO "Visits" VALUES (5, 3), (6, 2), (7, 1), (8, NULL)');
SELECT told('DELETE FROM "Dogs" WHERE id = 3');
SELECT told('DELETE FROM ONLY "Dogs" WHERE id = 2');
SELECT told('UPDATE "Animals" SET id = 4 WHERE id = 3');
SELECT told('UPDATE "Animals" SET name = name || 1');
SELECT told('UPDATE "Visits" SET "animalId" = 9 WHERE id = 5');
SELECT told('TRUNCATE "Puppies"');
SELECT told('TRUNCATE "Animals"');
TABLE "Visits";
-- what is there twice goes when the last is gone
INSERT INTO "Puppies" (id) VALUES (2);
SELECT told('DELETE FROM ONLY "Dogs" WHERE id = 2');
SELECT told('DELETE FROM "Animals" WHERE id = 2');

-- each action, and what waits for the end of the transaction
SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits', on_delete => 'CASCADE', on_update => 'CASCADE');
SELECT outcome FROM assoc.apply();
INSERT INTO "Dogs" (id) VALUES (20), (21);
INSERT INTO "Puppies" (id) VALUES (30), (31);
INSERT INTO "Visits" SELECT i, i FROM unnest('{20,21,30,31}'::int[]) i;
SELECT told('UPDATE "Puppies" SET id = id + 100 WHERE id >= 30');
SELECT told('UPDATE "Animals" SET id = 120 WHERE id = 20');
SELECT told('DELETE FROM "Animals" WHERE id IN (21, 131)');
SELECT * FROM "Visits" WHERE id >= 20 ORDER BY id;
SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits', on_delete => 'NO ACTION', on_update => 'NO ACTION', deferral => 'deferred');
SELECT outcome FROM assoc.apply();
BEGIN;
DELETE FROM "Animals" WHERE id = 130;
-- it comes back in another table of the tree
INSERT INTO "Animals" (id) VALUES (130);
UPDATE "Dogs" SET id = 20 WHERE id = 120;
INSERT INTO "Visits" VALUES (40, 40);
INSERT INTO "Puppies" (id) VALUES (40);
UPDATE "Visits" SET "animalId" = 20 WHERE id = 20;
COMMIT;
BEGIN;
DELETE FROM "Animals" WHERE id = 40;
SELECT told('SET CONSTRAINTS ALL IMMEDIATE');
ROLLBACK;
SELECT * FROM "Visits" WHERE id >= 20 ORDER BY id;
SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits', on_delete => 'NO ACTION', deferral => 'none');
SELECT outcome FROM assoc.apply();
-- heirs that come and go
CREATE TABLE "Cats" (LIKE "Animals");
INSERT INTO "Cats" VALUES (50);
SELECT told('INSERT INTO "Visits" VALUES (50, 50)');
ALTER TABLE "Cats" INHERIT "Animals";
SELECT told('INSERT INTO "Visits" VALUES (50, 50)');
SELECT told('DELETE FROM ONLY "Cats"');
SELECT told('ALTER TABLE "Cats" NO INHERIT "Animals"');
SELECT told('DROP TABLE "Cats"');
SELECT told('ALTER TABLE "Puppies" NO INHERIT "Dogs"');
DELETE FROM "Visits" WHERE id = 50;
ALTER TABLE "Cats" NO INHERIT "Animals";
SELECT count(*) FROM pg_trigger WHERE tgrelid = '"Cats"'::regclass;
SELECT told('INSERT INTO "Visits" VALUES (50, 50)');
CREATE TABLE "Hens" (eggs int) INHERITS ("Animals");
INSERT INTO "Hens" (id) VALUES (60);
INSERT INTO "Visits" VALUES (60, 60);
SELECT told('DELETE FROM "Hens"');
SELECT told('DROP TABLE "Hens"');
DELETE FROM "Visits" WHERE id = 60;
DROP TABLE "Hens";
-- one without the triggers is no heir to be trusted
ALTER TABLE "Cats" INHERIT "Animals";
DO $$ DECLARE name text; BEGIN FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = '"Cats"'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON "Cats"', name); END LOOP; END $$;
SELECT told('INSERT INTO "Visits" VALUES (50, 50)');
SELECT reason FROM assoc.plan();
SELECT outcome FROM assoc.apply();
SELECT told('INSERT INTO "Visits" VALUES (50, 50)');
-- columns of the key, by another name and of another type
ALTER TABLE "Animals" RENAME id TO "the id";
SELECT told('DELETE FROM "Cats"');
ALTER TABLE "Animals" ALTER "the id" TYPE bigint;
SELECT told('DELETE FROM "Cats"');
ALTER TABLE "Animals" RENAME "the id" TO id;
SELECT assoc.describe('Animal');
SELECT heirs FROM assoc.models WHERE model = 'Animal';
-- what cannot be
SELECT told($$SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits', enforce => 'foreign_key')$$);
SELECT told($$SELECT assoc.belongs_to('Visit', 'Animal', foreign_key => 'animalId', inverse => 'visits', enforce => 'statement')$$);
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY LIST (id);
SELECT told($$SELECT assoc.define_model('Part', 'parts', heirs => true)$$);
-- rows of heirs are no longer counted, and counted again
SELECT assoc.define_model('Animal', 'Animals');
SELECT reason FROM assoc.plan();
SELECT outcome FROM assoc.apply();
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('"Cats"'::regclass, '"Dogs"'::regclass, '"Puppies"'::regclass);
SELECT count(*) FROM assoc.orphans('Visit.animal', 10);
SELECT assoc.define_model('Animal', 'Animals', heirs => true);
SELECT outcome FROM assoc.apply();
SELECT count(*) FROM assoc.orphans('Visit.animal', 10);
SELECT code FROM assoc.validate() WHERE severity > 'info';
-- a key that is in place stays until another is said, and is told of
CREATE TABLE "Bills" (id int PRIMARY KEY, "animalId" bigint REFERENCES "Animals");
SELECT assoc.belongs_to('Bill', 'Animal', foreign_key => 'animalId', index => false);
SELECT reason FROM assoc.plan('Bill.animal');
SELECT code, message, fix FROM assoc.validate('Bill.animal') WHERE severity > 'info';
SELECT told('INSERT INTO "Bills" VALUES (1, 50)');
SELECT fix FROM assoc.validate('Bill.animal') WHERE code = 'heirs_unenforced' \gexec
SELECT outcome FROM assoc.apply();
SELECT told('INSERT INTO "Bills" VALUES (1, 50)');
SELECT code FROM assoc.validate('Bill.animal') WHERE severity > 'info';
DROP TABLE "Bills";
-- the document, and what it makes
SELECT assoc.document()->'models'->'Animal';
SELECT assoc.declare('{"models": {"Animal": {"heirs": false, "has_many": {"visits": {"target": "Visit", "inverse": "animal"}}}}}');
SELECT model, heirs FROM assoc.models;
DROP SCHEMA "the heirs" CASCADE;

-- heirs among the models of a polymorphic association, of arrays, with soft deletion, a scope, two parents
CREATE SCHEMA "the heirs";
SET search_path = "the heirs";
\set ECHO none
\i :include
\set ECHO all
CREATE TABLE p (id int, org int, "deletedAt" timestamptz, role text, PRIMARY KEY (org, id), UNIQUE (id));
CREATE TABLE other (id int, note text);
CREATE TABLE h (note text) INHERITS (p, other);
CREATE TABLE q (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, org int, p_id int, kind text, ref int, ids int[], "deletedAt" timestamptz, s int);
SELECT assoc.define_model('P', 'p', key => 'id', heirs => true, soft_delete => 'deletedAt');
SELECT assoc.define_model('C', 'c', soft_delete => 'deletedAt');
SELECT assoc.belongs_to('C', 'P', 'pair', foreign_key => 'org, p_id', target_key => 'org, id', on_delete => 'CASCADE', index => false);
SELECT assoc.belongs_to_polymorphic('C', 'subject', 'P, Q', type_column => 'kind', foreign_key => 'ref', on_delete => 'NO ACTION', index => false);
SELECT assoc.references_many('C', 'P', 'ps', foreign_key => 'ids', target_key => 'id', index => false);
SELECT assoc.belongs_to('C', 'P', 'boss', foreign_key => 'ref', target_key => 'id', scope => '{"role": "boss"}', enforce => 'none', index => false);
SELECT outcome FROM assoc.apply();
INSERT INTO p VALUES (1, 1);
INSERT INTO h (id, org) VALUES (2, 1), (3, 1);
INSERT INTO c VALUES (1, 1, 2, 'P', 2, '{1, 2, 3}'), (2, 1, 1, 'P', 1, '{1}');
SELECT told($$INSERT INTO c VALUES (3, 1, 4, 'P', 2)$$);
SELECT told($$INSERT INTO c VALUES (3, 1, 3, 'P', 4)$$);
SELECT told($$INSERT INTO c VALUES (3, 1, 3, 'Q', 2)$$);
SELECT told($$INSERT INTO c VALUES (3, 1, 3, 'P', 3, '{4}')$$);
SELECT told('DELETE FROM p WHERE id = 2');
SELECT told('DELETE FROM p WHERE id = 3');
TABLE c;
-- deleted softly: by heirs as by the parent
UPDATE c SET ref = NULL, kind = NULL, ids = NULL;
SELECT told('UPDATE h SET "deletedAt" = now()');
SELECT id, "deletedAt" IS NULL AS lives FROM c ORDER BY id;
SELECT told($$INSERT INTO c VALUES (3, 1, 2)$$);
SELECT told('UPDATE p SET "deletedAt" = NULL');
SELECT id, "deletedAt" IS NULL AS lives FROM c ORDER BY id;
SELECT code, association FROM assoc.validate() WHERE severity > 'info';
-- loading goes through the tree
SELECT assoc.find_all('P', '{"attributes": ["id"], "order": ["id"]}');
-- two parents: the heir is one of each
CREATE TABLE second (id int UNIQUE, org int);
ALTER TABLE h INHERIT second;
SELECT assoc.define_model('Second', 'second', key => 'id', heirs => true);
SELECT assoc.belongs_to('C', 'Second', 'second', foreign_key => 's', target_key => 'id', index => false);
SELECT outcome FROM assoc.apply('C.second');
SELECT told('UPDATE c SET s = 2 WHERE id = 1');
SELECT told('UPDATE c SET s = 1 WHERE id = 2');
SELECT told('ALTER TABLE h NO INHERIT second');
UPDATE c SET s = NULL, p_id = NULL;
SELECT told('ALTER TABLE h NO INHERIT second');
SELECT count(*) FROM pg_trigger t WHERE tgrelid = 'h'::regclass AND EXISTS (SELECT FROM assoc_internal.enforced_target e WHERE parent_table = 'second' AND tgargs = convert_to(reference, 'UTF8') || '\x00');
SELECT count(*) > 0 FROM pg_trigger t WHERE tgrelid = 'h'::regclass;
SELECT told('ALTER TABLE h NO INHERIT p');
DROP SCHEMA "the heirs" CASCADE;
