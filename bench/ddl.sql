-- bench/ddl.sql: one run of bench/ddl, from a database that only measures; leaves the tables as they were.
--
-- What each command took goes into the table took. The last part is on tables of models that bench/scale.sql declared:
-- Model1 is the hub of 506 associations, any other is in seven.
\set QUIET on
\pset tuples_only on
SET client_min_messages = warning;
SET bench.run = :run;
\set all '\'{without,installed,declared}\''

CREATE OR REPLACE FUNCTION join_in(database text) RETURNS void LANGUAGE sql AS $f$
SELECT dblink_connect(database, format('host=%s user=%s dbname=%s', current_setting('unix_socket_directories'),
    current_user, database));
SELECT dblink_exec(database, 'SET client_min_messages = warning');
$f$;
-- there: runs the command with the numbers from first to last in it, each a transaction
CREATE OR REPLACE FUNCTION equip(database text) RETURNS void LANGUAGE sql AS $f$
SELECT dblink_exec(database, $$
    CREATE OR REPLACE PROCEDURE take(command text, first int, last int, INOUT times float8[] = '{}')
    LANGUAGE plpgsql AS $p$
    DECLARE
        started timestamptz;
    BEGIN
        FOR i IN first..last LOOP
            started := clock_timestamp();
            EXECUTE format(command, i);
            COMMIT;
            times := times || 1000000 * extract(epoch FROM clock_timestamp() - started)::float8;
        END LOOP;
    END $p$ $$)
$f$;
CREATE OR REPLACE FUNCTION take(database text, command text, first int, last int) RETURNS float8[] LANGUAGE sql AS $f$
SELECT times FROM dblink(database, format('CALL take(%L, %s, %s)', command, first, last)) AS t(times float8[])
$f$;
-- in all three databases, ten commands at a time; or each in a new session
CREATE OR REPLACE PROCEDURE measure(what text, command text, first int, last int, new_session bool = false)
LANGUAGE plpgsql AS $f$
DECLARE
    step int := CASE WHEN new_session THEN 1 ELSE 10 END;
    database text;
BEGIN
    FOR i IN first..last BY step LOOP
        FOR database IN SELECT d FROM unnest('{without,installed,declared}'::text[]) d ORDER BY random() LOOP
            IF new_session THEN
                PERFORM dblink_disconnect(database), join_in(database);
            END IF;
            INSERT INTO took (run, database, what, us)
            SELECT current_setting('bench.run')::int, database, what,
                unnest(take(database, command, i, least(i + step - 1, last)));
        END LOOP;
    END LOOP;
END $f$;
-- what is not measured
CREATE OR REPLACE PROCEDURE run(databases text[], command text, first int, last int) LANGUAGE sql AS $f$
SELECT take(d, command, first, last) FROM unnest(databases) d
$f$;
SELECT join_in(d), equip(d) FROM unnest(:all::text[]) d \g /dev/null

CALL measure('CREATE TABLE, first of a session', 'CREATE TABLE first_%s (id int)', 1, 10, new_session => true);
CALL run(:all, 'DROP TABLE first_%s', 1, 10);
CALL measure('CREATE TABLE', 'CREATE TABLE plain_%s (id int, title text)', 1, 300);
CALL measure('CREATE TABLE, primary key', 'CREATE TABLE keyed_%s (id int PRIMARY KEY, title text)', 1, 300);
CALL measure('ADD COLUMN', 'ALTER TABLE plain_%s ADD COLUMN due date', 1, 300);
CALL measure('RENAME COLUMN', 'ALTER TABLE plain_%s RENAME COLUMN due TO "dueDate"', 1, 300);
CALL measure('DROP COLUMN', 'ALTER TABLE plain_%s DROP COLUMN "dueDate"', 1, 300);
CALL measure('RENAME TO', 'ALTER TABLE plain_%s RENAME TO named_%1$s', 1, 300);
CALL measure('CREATE INDEX', 'CREATE INDEX index_%s ON named_%1$s (title)', 1, 300);
CALL measure('DROP INDEX', 'DROP INDEX index_%s', 1, 300);
CALL measure('DROP TABLE', 'DROP TABLE named_%s', 1, 300);
CALL measure('DROP TABLE, primary key', 'DROP TABLE keyed_%s', 1, 300);
CALL measure('CREATE TEMP TABLE', 'CREATE TEMP TABLE temp_%s (id int, title text)', 1, 300);
CALL measure('DROP TABLE, temporary', 'DROP TABLE temp_%s', 1, 300);
CALL measure('CREATE FUNCTION', 'CREATE FUNCTION function_%s() RETURNS int LANGUAGE sql RETURN 1', 1, 300);
CALL measure('DROP FUNCTION', 'DROP FUNCTION function_%s', 1, 300);

CALL measure('model: ADD COLUMN', 'ALTER TABLE "Model%s" ADD COLUMN due date', 101, 150);
CALL measure('model: RENAME COLUMN, not named', 'ALTER TABLE "Model%s" RENAME COLUMN due TO "dueDate"', 101, 150);
CALL run(:all, 'ALTER TABLE "Model%s" DROP COLUMN "dueDate"', 101, 150);
CALL measure('model: RENAME COLUMN, foreign key', 'ALTER TABLE "Model%s" RENAME COLUMN "parentId" TO above', 101, 150);
CALL measure('model: RENAME COLUMN, foreign key', 'ALTER TABLE "Model%s" RENAME COLUMN above TO "parentId"', 101, 150);
CALL measure('model: RENAME TO', 'ALTER TABLE "Model%s" RENAME TO "Named%1$s"', 101, 150);
CALL measure('model: RENAME TO', 'ALTER TABLE "Named%s" RENAME TO "Model%1$s"', 101, 150);
CALL measure('hub: RENAME TO', 'ALTER TABLE "Model1" RENAME TO "Hub"', 1, 1);
CALL measure('hub: RENAME TO', 'ALTER TABLE "Hub" RENAME TO "Model1"', 1, 1);

CALL run(:all, 'CREATE TABLE "Fresh%s" (id int PRIMARY KEY, "parentId" int)', 101, 200);
CALL run('{without,installed}', 'ALTER TABLE "Fresh%s" ADD FOREIGN KEY ("parentId") REFERENCES "Model%1$s"', 101, 200);
CALL run('{without,installed}', 'CREATE INDEX ON "Fresh%s" ("parentId")', 101, 200);
CALL run('{declared}', $$SELECT assoc.belongs_to('Fresh%s', 'Model%1$s', 'parent')$$, 101, 200);
CALL run('{declared}', $$SELECT assoc.has_many('Model%s', 'Fresh%1$s', 'fresh', foreign_key => 'parentId')$$, 101, 200);
CALL run('{declared}', 'SELECT FROM assoc.apply()', 1, 1);
CALL measure('model: DROP COLUMN, ends two', 'ALTER TABLE "Fresh%s" DROP COLUMN "parentId"', 101, 150);
CALL measure('model: DROP TABLE, ends two', 'DROP TABLE "Fresh%s"', 151, 200);
CALL run(:all, 'DROP TABLE "Fresh%s"', 101, 150);
