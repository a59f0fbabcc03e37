/* sql/todo_assoc--1.3--1.2.sql: back to 1.2 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.2'" to load this file. \quit

-- What 1.2 has no word or no place for must be unsaid first, and no trigger may be left.  What can't be said
-- otherwise goes first, for its triggers go with it.
DO $$
DECLARE
    what text;
    names text;
    calls text;
    note text;
    enforced text;
    declared text;
BEGIN
    -- what a package that is gone left behind does not count
    WITH said AS (SELECT * FROM assoc_internal.declaration d WHERE d.declarer OPERATOR(pg_catalog.=) ''
                       OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension x WHERE x.extname::text OPERATOR(pg_catalog.=) d.declarer)),
         named AS (SELECT * FROM assoc_internal.model m WHERE m.declarer OPERATOR(pg_catalog.=) ''
                       OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension x WHERE x.extname::text OPERATOR(pg_catalog.=) m.declarer))
    SELECT refused.what, refused.names, refused.calls, refused.note INTO what, names, calls, note
    FROM (SELECT 0 AS n, 'arrays of keys are declared' AS what,
                 pg_catalog.string_agg(d.name, ', ' ORDER BY d.name) AS names,
                 -- the other sides before what they are the other side of
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.drop_association(%L);', d.name), ' ' ORDER BY d.of_child, d.name) AS calls,
                 NULL AS note
          FROM (SELECT DISTINCT pg_catalog.concat_ws('.', a.model, a.alias) COLLATE pg_catalog."C" AS name,
                       a.kind OPERATOR(pg_catalog.=) 'references_many' AS of_child
                FROM assoc_internal.declaration a
                WHERE a.reference OPERATOR(pg_catalog.=) ANY (SELECT r.reference FROM assoc_internal.declaration r
                                      WHERE r.kind OPERATOR(pg_catalog.=) 'references_many'
                                      UNION ALL SELECT e.reference FROM assoc_internal.enforced e WHERE e.element)) d
          UNION ALL
          SELECT 1, 'polymorphic associations are declared',
                 pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.drop_association(%L);', d.name), ' ' ORDER BY d.belongs_to, d.name), NULL
          FROM (SELECT DISTINCT pg_catalog.concat_ws('.', a.model, a.alias) COLLATE pg_catalog."C" AS name,
                       a.kind OPERATOR(pg_catalog.=) 'belongs_to' AS belongs_to
                FROM said a
                WHERE a.type_column IS NOT NULL OR a.other_type_column IS NOT NULL) d
          UNION ALL
          SELECT 2, 'associations have a condition', pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.drop_association(%L);', d.name), ' ' ORDER BY d.name), NULL
          FROM (SELECT DISTINCT pg_catalog.concat_ws('.', a.model, a.alias) COLLATE pg_catalog."C" AS name
                FROM said a WHERE a.condition IS NOT NULL) d
          UNION ALL
          SELECT 3, 'models are deleted softly', pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.define_model(%L);', d.name), ' ' ORDER BY d.name),
                 'That unsays their other options, too: say those again in the same call.'
          FROM (SELECT DISTINCT m.name COLLATE pg_catalog."C" AS name
                FROM named m WHERE m.soft_delete IS NOT NULL) d
          UNION ALL
          SELECT 4, 'models have a type value', pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.define_model(%L);', d.name), ' ' ORDER BY d.name),
                 'That unsays their other options, too: say those again in the same call.'
          FROM (SELECT DISTINCT m.name COLLATE pg_catalog."C" AS name
                FROM named m WHERE m.type_value IS NOT NULL) d
          UNION ALL
          SELECT 5, 'rows of heirs count as their models''', pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
                 pg_catalog.string_agg(pg_catalog.format('SELECT assoc.define_model(%L);', d.name), ' ' ORDER BY d.name),
                 'That unsays their other options, too: say those again in the same call.'
          FROM (SELECT DISTINCT m.name COLLATE pg_catalog."C" AS name
                FROM named m WHERE m.heirs) d) refused
    WHERE refused.names IS NOT NULL ORDER BY refused.n LIMIT 1;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'cannot go back to 1.2 while %', what
            USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = pg_catalog.format('They are %s.', names),
                HINT = pg_catalog.concat_ws(' ', calls, note, 'What a package says, its scripts take back: assoc.undo.');
    END IF;

    -- the triggers there are, and for each reference with some the association that says so, or is its belongs_to
    SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', e.child_schema, e.child_table), ', ' ORDER BY e.child_schema, e.child_table)
        INTO enforced FROM assoc_internal.enforced e;
    WITH said AS (SELECT * FROM assoc_internal.declaration d WHERE d.declarer OPERATOR(pg_catalog.=) ''
                       OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension x WHERE x.extname::text OPERATOR(pg_catalog.=) d.declarer))
    SELECT pg_catalog.string_agg(d.name, ', ' ORDER BY d.name),
           pg_catalog.string_agg(pg_catalog.format('SELECT assoc.set_enforcement(%L, ''foreign_key'');', d.name), ' ' ORDER BY d.name)
        INTO declared, calls
        FROM (SELECT DISTINCT ON (r.reference) pg_catalog.concat_ws('.', a.model, a.alias) COLLATE pg_catalog."C" AS name
              FROM (SELECT e.reference FROM assoc_internal.enforced e
                    UNION
                    SELECT s.reference FROM said s
                    WHERE s.enforce OPERATOR(pg_catalog.=) ANY ('{trigger,statement}'::pg_catalog.text[])) r
                   JOIN said a ON r.reference OPERATOR(pg_catalog.=) a.reference
                        OR r.reference OPERATOR(pg_catalog.=) a.other_reference
              ORDER BY r.reference, a.enforce IS NULL, a.kind OPERATOR(pg_catalog.<>) 'belongs_to', 1) d;
    IF enforced IS NOT NULL OR declared IS NOT NULL THEN
        RAISE EXCEPTION 'cannot go back to 1.2 while associations are enforced by triggers'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = pg_catalog.concat_ws(' ', 'Triggers are on ' || enforced || '.', 'They are declared by ' || declared || '.'),
                HINT = pg_catalog.concat_ws(' ', calls, 'SELECT * FROM assoc.apply(); drops those that nobody declares.');
    END IF;
END
$$;

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION assoc.help()
RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
VALUES
 ('SELECT assoc.define_model(''User'', ''Users'');                        name a table as a model'),
 ('SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');    declare: nothing is changed yet'),
 ('SELECT assoc.belongs_to(''Todo'', ''User'', on_delete => ''CASCADE'');   the other side; has_one, belongs_to_many likewise'),
 ('SELECT assoc.has_many(''User'', ''Tag'', through => ''todos.tags'');     along declared associations'),
 ('SELECT * FROM assoc.plan();  SELECT * FROM assoc.apply();            the DDL still missing, with its locks; do it'),
 ('SELECT * FROM assoc.validate();                                    what is wrong, and what mends it'),
 ('SELECT * FROM assoc.import_foreign_keys();                         declarations out of the foreign keys there are'),
 ('SELECT * FROM assoc.associations;  SELECT assoc.diagram();          what is declared, its status; as a picture'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual'),
 ('SELECT * FROM assoc.migrations;                                    the versions of packages: up, down, changed'),
 ('SELECT * FROM assoc.migrate(''todo_app'');                           take a package up; assoc.undo takes it down')
$$;

------------------------------------------------------------------------------
-- Arrays of keys: 1.2 has no word for them.  A has_many by one that is not enforced
-- is a has_many whose types do not fit.
------------------------------------------------------------------------------

DROP FUNCTION assoc.references_many(text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, jsonb);
ALTER TABLE assoc_internal.declaration DROP CONSTRAINT declaration_kind_check,
    ADD CONSTRAINT declaration_kind_check
        CHECK (kind IN ('belongs_to', 'has_one', 'has_many', 'belongs_to_many'));

------------------------------------------------------------------------------
-- Polymorphic associations, soft deletion
------------------------------------------------------------------------------

DROP VIEW assoc.models;
CREATE VIEW assoc.models AS
    SELECT m.name AS model,
           CASE WHEN pg_catalog.pg_table_is_visible(r.relid)
                THEN pg_catalog.quote_ident(m.table_name)
                ELSE pg_catalog.quote_ident(m.schema_name) OPERATOR(pg_catalog.||) '.'
                     OPERATOR(pg_catalog.||) pg_catalog.quote_ident(m.table_name) END AS table_name,
           COALESCE(pg_catalog.array_to_string(m.key, ', '), p.key) AS key,
           m.singular, m.plural,
           m.associations,
           CASE WHEN r.relid IS NULL THEN 'missing' ELSE 'in place' END AS status,
           NULLIF(pg_catalog.array_to_string(m.inferred, ', '), '') AS inferred,
           m.declared_by
    FROM (SELECT d.name, pg_catalog.min(d.schema_name) AS schema_name,
                 pg_catalog.min(d.table_name) AS table_name,
                 pg_catalog.min(d.singular) AS singular, pg_catalog.min(d.plural) AS plural,
                 pg_catalog.min(d.key) AS key, pg_catalog.min(d.inferred) AS inferred,
                 (SELECT pg_catalog.count(DISTINCT a.alias) FROM assoc_internal.declaration a
                  WHERE a.model OPERATOR(pg_catalog.=) d.name) AS associations,
                 pg_catalog.string_agg(CASE d.declarer WHEN '' THEN 'hand' ELSE d.declarer END,
                                       ', ' ORDER BY d.declarer) AS declared_by
          FROM assoc_internal.model d
          WHERE d.declarer OPERATOR(pg_catalog.=) ''
             OR EXISTS (SELECT 1 FROM pg_catalog.pg_extension e
                        WHERE e.extname::text OPERATOR(pg_catalog.=) d.declarer)
          GROUP BY d.name) m
    LEFT JOIN LATERAL (
        SELECT c.oid AS relid
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
             ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE c.relname::text OPERATOR(pg_catalog.=) m.table_name
          AND n.nspname::text OPERATOR(pg_catalog.=) m.schema_name) r ON true
    LEFT JOIN LATERAL (
        SELECT pg_catalog.string_agg(a.attname::text, ', ' ORDER BY k.n) AS key
        FROM pg_catalog.pg_index i
             CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
                  AND a.attnum OPERATOR(pg_catalog.=) k.attnum
        WHERE i.indrelid OPERATOR(pg_catalog.=) r.relid AND i.indisprimary
          AND k.n OPERATOR(pg_catalog.<=) i.indnkeyatts) p ON true
    ORDER BY m.name COLLATE pg_catalog."C";
COMMENT ON VIEW assoc.models IS
'SELECT * FROM assoc.models;
Every defined model with its table, key and number of associations.';
GRANT SELECT ON assoc.models TO PUBLIC;

DROP FUNCTION assoc.drop_target(text, text);
DROP FUNCTION assoc.belongs_to_polymorphic(text, text, text, text, text, text, text, boolean, text, text, boolean);
DROP FUNCTION assoc.define_model(text, text, text, text, text, boolean, text, text, boolean);
CREATE FUNCTION assoc.define_model(name text, table_name text DEFAULT NULL,
    singular text DEFAULT NULL, plural text DEFAULT NULL, key text DEFAULT NULL,
    accessors boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_define_model';
COMMENT ON FUNCTION assoc.define_model(text, text, text, text, text, boolean) IS
'SELECT assoc.define_model(''User'', ''Users'');
Names a table as a model. table_name: exactly as it is stored, or as in SQL with its quotes; left out: the table of the model''s name, its plural, or the snake_case of either. singular, plural: for aliases and foreign-key names. key: columns that other models refer to (else the primary key). accessors => false: no functions for its associations. Calling it again replaces what was said. Needs ownership of the table.';

DROP FUNCTION assoc.belongs_to(text, text, text, text, text, jsonb, text, text, boolean, text, text, text, boolean, jsonb);
CREATE FUNCTION assoc.belongs_to(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, target_key text DEFAULT NULL, scope jsonb DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_belongs_to';
COMMENT ON FUNCTION assoc.belongs_to(text, text, text, text, text, jsonb, text, text, boolean, text, text, text, boolean) IS
'SELECT assoc.belongs_to(''Todo'', ''User'', foreign_key => ''userId'', on_delete => ''CASCADE'');
Declares that each row of model refers to at most one row of target. foreign_key: column(s) of model, ''userId'' or ''tenant_id, user_id''; left out: the one that fits by name, else a new one. target_key: the columns of target it refers to (else its key). on_delete, on_update: NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT; on_delete also ''SET NULL (column)''. required: the foreign key is NOT NULL. deferral: none, immediate, deferred. enforce: foreign_key or none. index => false: none is planned. scope: {"column": value}, for the accessor; not enforced. inverse: alias of the other side, declared in the same call. Tables stay as they are until assoc.apply().';

DROP FUNCTION assoc.has_one(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, text, text, jsonb);
CREATE FUNCTION assoc.has_one(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, through text DEFAULT NULL,
    scope jsonb DEFAULT NULL, order_by text DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_has_one';
COMMENT ON FUNCTION assoc.has_one(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean) IS
'SELECT assoc.has_one(''User'', ''Profile'');
Declares that at most one row of target refers to each row of model: a unique index is planned on the foreign key, which is column(s) of target. With order_by (''createdAt DESC''): the first by that order, read-only, no unique index. source_key: the columns of model it refers to (else its key). through: a path of declared associations. The other options are those of assoc.belongs_to.';

DROP FUNCTION assoc.has_many(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, text, text, jsonb);
CREATE FUNCTION assoc.has_many(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, through text DEFAULT NULL,
    scope jsonb DEFAULT NULL, order_by text DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_has_many';
COMMENT ON FUNCTION assoc.has_many(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean) IS
'SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');
Declares that rows of target refer to model. foreign_key: column(s) of target; source_key: the columns of model they refer to (else its key). through: a path of declared associations such as ''todos.tags'', each target once. order_by: default order of the accessor. The other options are those of assoc.belongs_to; say each on one side only.';

DROP FUNCTION assoc.belongs_to_many(text, text, text, text, text, text, text, text, jsonb, text, text, text, text, text, text, boolean, text, text);
CREATE FUNCTION assoc.belongs_to_many(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, target_key text DEFAULT NULL,
    through text DEFAULT NULL, other_key text DEFAULT NULL, scope jsonb DEFAULT NULL,
    order_by text DEFAULT NULL, on_delete text DEFAULT NULL, on_update text DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_belongs_to_many';
COMMENT ON FUNCTION assoc.belongs_to_many(text, text, text, text, text, text, text, text, jsonb, text, text, text, text, text, text, boolean) IS
'SELECT assoc.belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'');
Declares a many-to-many through a junction: a model, a table, or a new name, for which a table is planned. foreign_key: the junction''s column(s) to model; other_key: to target; between a model and itself say both. on_delete and on_update say what happens to the links of a row of model; left out: they are deleted with it. inverse: alias of the other side.';

ALTER TABLE assoc_internal.declaration DROP COLUMN condition, DROP COLUMN targets, DROP COLUMN other_type_column,
    DROP COLUMN type_column, DROP COLUMN polymorphic;
ALTER TABLE assoc_internal.model DROP COLUMN soft_delete, DROP COLUMN type_value, DROP COLUMN heirs;

------------------------------------------------------------------------------
-- Steps of a plan, and the switch
------------------------------------------------------------------------------

DROP FUNCTION assoc.set_enforcement(text, text, text);
DROP FUNCTION assoc_internal.validate_reference(text);
DROP FUNCTION assoc_internal.unenforce(text);
DROP FUNCTION assoc_internal.enforce(text, text);

------------------------------------------------------------------------------
-- Trigger functions.  RESTRICT: a trigger that somebody made by hand holds them.
------------------------------------------------------------------------------

DROP FUNCTION assoc_internal.parent_truncated();
DROP FUNCTION assoc_internal.parent_ending();
DROP FUNCTION assoc_internal.parent_ended();
DROP FUNCTION assoc_internal.parent_moved();
DROP FUNCTION assoc_internal.parent_updated();
DROP FUNCTION assoc_internal.parent_deleted();
DROP FUNCTION assoc_internal.forget_parents();
DROP FUNCTION assoc_internal.by_this_transaction(xid);
DROP FUNCTION assoc_internal.check_statement();
DROP FUNCTION assoc_internal.check_reference();

------------------------------------------------------------------------------
-- What triggers enforce
------------------------------------------------------------------------------

ALTER EXTENSION todo_assoc DROP TABLE assoc_internal.enforced_target;
DROP TABLE assoc_internal.enforced_target;
ALTER EXTENSION todo_assoc DROP TABLE assoc_internal.enforced;
DROP TABLE assoc_internal.enforced;
