/* sql/todo_assoc--1.1--1.0.sql: back to 1.0 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.0'" to load this file. \quit

-- A lifted key would be lost.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM assoc_internal.restoring) THEN
        RAISE EXCEPTION 'cannot go back to 1.0 between assoc.pre_restore() and assoc.post_restore()'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SELECT * FROM assoc.post_restore();';
    END IF;
END
$$;

-- down and up again is how an event trigger that is gone comes back
DROP EVENT TRIGGER IF EXISTS todo_assoc_start;
DROP EVENT TRIGGER IF EXISTS todo_assoc_drop;
DROP EVENT TRIGGER IF EXISTS todo_assoc_end;
DROP FUNCTION assoc_internal.on_command_start();
DROP FUNCTION assoc_internal.on_drop();
DROP FUNCTION assoc_internal.on_command_end();

-- 1.0 has no place for the history but the one where rows are set aside: there it is kept, dumped, and found again.
INSERT INTO assoc_internal.conflict (config_table, name, declarer, incoming)
    SELECT 'history', h.package, '', pg_catalog.to_jsonb(h) FROM assoc_internal.history h;

DROP INDEX assoc_internal.recorded_value_idx;
DROP VIEW assoc.migrations;
DROP FUNCTION assoc_internal.migration_list();
DROP FUNCTION assoc.migrate(text, text);
DROP FUNCTION assoc.undo(text, integer, text);
DROP FUNCTION assoc.undo_all(text, boolean);
DROP FUNCTION assoc.generate_migration(text, text, text);
DROP FUNCTION assoc.release(text);
DROP FUNCTION assoc.restore_preamble();
DROP FUNCTION assoc.pre_restore();
DROP FUNCTION assoc.post_restore();
DROP FUNCTION assoc.grant_owner();
DROP FUNCTION assoc.validate(text, text, text);
DROP TABLE assoc_internal.lifted_key;
DROP TABLE assoc_internal.restoring;
-- DROP TABLE alone would leave the mark for dump behind
ALTER EXTENSION todo_assoc DROP TABLE assoc_internal.history;
DROP TABLE assoc_internal.history;
DROP FUNCTION assoc_internal.settle_history();

CREATE OR REPLACE FUNCTION assoc.help()
RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
VALUES
 ('SELECT assoc.define_model(''User'', ''Users'');                        name a table as a model'),
 ('SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');    declare: nothing is changed yet'),
 ('SELECT assoc.belongs_to(''Todo'', ''User'', on_delete => ''CASCADE'');   the other side of the same foreign key'),
 ('SELECT assoc.has_one(''User'', ''Profile'');                           at most one: a unique index'),
 ('SELECT assoc.belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'');   through a junction table'),
 ('SELECT assoc.has_many(''User'', ''Tag'', through => ''todos.tags'');     along declared associations'),
 ('SELECT * FROM assoc.plan();                                        the DDL still missing, with its locks'),
 ('SELECT * FROM assoc.apply();                                       do it'),
 ('SELECT * FROM assoc.models;  SELECT * FROM assoc.associations;     what is declared, and its status'),
 ('SELECT * FROM assoc.describe(''User'');                              one model in words'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual')
$$;
