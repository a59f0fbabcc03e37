/* sql/todo_assoc--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION todo_assoc" to load this file. \quit

/*
 * Two schemas: assoc is what users call, assoc_internal what the C code keeps.
 * Neither may exist before: CREATE fails then, so nobody can prepare objects
 * for us to trust.
 */
CREATE SCHEMA assoc;
COMMENT ON SCHEMA assoc IS 'model associations: SELECT * FROM assoc.help()';
CREATE SCHEMA assoc_internal;
COMMENT ON SCHEMA assoc_internal IS 'tables and support functions of todo_assoc; use schema assoc';

------------------------------------------------------------------------------
-- Catalog.  Names as text, no OIDs, no sequences: every row means the same
-- after a restore.  declarer is '' for what was said by hand, else the name of
-- the package (extension) whose script said it; those rows are left out of a
-- dump, since restoring the package says them again.
------------------------------------------------------------------------------

CREATE TABLE assoc_internal.model (
    name        text NOT NULL CHECK (name <> '' AND octet_length(name) < 64),
    declarer    text NOT NULL,
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    singular    text,
    plural      text,
    key         text[],
    accessors   boolean,
    inferred    text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (name, declarer)
);
CREATE INDEX model_table_idx ON assoc_internal.model (table_name, schema_name);
COMMENT ON TABLE assoc_internal.model IS 'what each declarer said of a model; NULL is unsaid';
COMMENT ON COLUMN assoc_internal.model.declarer IS 'empty: by hand; else the package whose script said it';
COMMENT ON COLUMN assoc_internal.model.key IS 'said key columns; NULL: the primary key';
COMMENT ON COLUMN assoc_internal.model.inferred IS 'which of the columns were inferred, not said';

CREATE TABLE assoc_internal.declaration (
    model           text NOT NULL CHECK (model <> '' AND octet_length(model) < 64),
    alias           text NOT NULL CHECK (alias <> '' AND octet_length(alias) < 64),
    declarer        text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('belongs_to', 'has_one', 'has_many', 'belongs_to_many')),
    target          text NOT NULL,
    foreign_key     text[],
    source_key      text[],
    target_key      text[],
    through         text,
    other_key       text[],
    scope           jsonb,
    order_by        text,
    on_delete       text,
    on_update       text,
    required        boolean,
    deferral        text,
    inverse         text,
    enforce         text,
    index           boolean,
    reference       text,
    other_reference text,
    inferred        text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (model, alias, declarer)
);
CREATE INDEX declaration_target_idx ON assoc_internal.declaration (target);
CREATE INDEX declaration_through_idx ON assoc_internal.declaration (through) WHERE through IS NOT NULL;
CREATE INDEX declaration_reference_idx ON assoc_internal.declaration (reference);
CREATE INDEX declaration_other_reference_idx ON assoc_internal.declaration (other_reference)
    WHERE other_reference IS NOT NULL;
COMMENT ON TABLE assoc_internal.declaration IS 'what each declarer said of an association; a NULL option is unsaid';
COMMENT ON COLUMN assoc_internal.declaration.reference IS
    'name of the foreign-key fact this association is a view of; made once, never changed by renames';
COMMENT ON COLUMN assoc_internal.declaration.other_reference IS
    'belongs_to_many: the junction''s reference to the target';
COMMENT ON COLUMN assoc_internal.declaration.inferred IS 'which of the options were inferred, not said';

CREATE TABLE assoc_internal.recorded (
    reference text NOT NULL,
    item      text NOT NULL,
    value     text NOT NULL,
    declarer  text NOT NULL,
    PRIMARY KEY (reference, item)
);
COMMENT ON TABLE assoc_internal.recorded IS
    'what apply() created for a reference: object names, and the defaults that applied then';

CREATE TABLE assoc_internal.conflict (
    config_table text NOT NULL,
    name         text NOT NULL,
    declarer     text NOT NULL,
    incoming     jsonb NOT NULL,
    noticed_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (config_table, name, declarer, incoming)
);
COMMENT ON TABLE assoc_internal.conflict IS
    'rows that a restore or a direct write brought and that differ from the row already there';

CREATE FUNCTION assoc_internal.guard_config() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_guard_config';
COMMENT ON FUNCTION assoc_internal.guard_config() IS
    'write trigger of the config tables: checks direct writes, sets conflicting rows aside, sends invalidations';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.model
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON assoc_internal.model
    FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.declaration
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON assoc_internal.declaration
    FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.recorded
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard BEFORE INSERT ON assoc_internal.conflict
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();

SELECT pg_catalog.pg_extension_config_dump('assoc_internal.model', 'WHERE declarer = ''''');
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.declaration', 'WHERE declarer = ''''');
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.recorded', 'WHERE declarer = ''''');
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.conflict', '');

-- A plain owner restores with COPY, so INSERT; what the catalog says is no secret, as in pg_catalog.
GRANT USAGE ON SCHEMA assoc, assoc_internal TO PUBLIC;
GRANT SELECT ON assoc_internal.model, assoc_internal.declaration, assoc_internal.recorded,
    assoc_internal.conflict TO PUBLIC;
GRANT INSERT ON assoc_internal.model, assoc_internal.declaration, assoc_internal.recorded,
    assoc_internal.conflict TO @extowner@;
-- a conflict is settled by deleting its row
GRANT DELETE ON assoc_internal.conflict TO @extowner@;

------------------------------------------------------------------------------
-- Declaring
------------------------------------------------------------------------------

CREATE FUNCTION assoc.define_model(name text, table_name text DEFAULT NULL,
    singular text DEFAULT NULL, plural text DEFAULT NULL, key text DEFAULT NULL,
    accessors boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_define_model';
COMMENT ON FUNCTION assoc.define_model(text, text, text, text, text, boolean) IS
'SELECT assoc.define_model(''User'', ''Users'');
Names a table as a model. table_name: exactly as it is stored, or as in SQL with its quotes; left out: the table of the model''s name, its plural, or the snake_case of either. singular, plural: for aliases and foreign-key names. key: columns that other models refer to (else the primary key). accessors => false: no functions for its associations. Calling it again replaces what was said. Needs ownership of the table.';

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

CREATE FUNCTION assoc.declare(document text, prune boolean DEFAULT false)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_declare_text';
COMMENT ON FUNCTION assoc.declare(text, boolean) IS
'SELECT assoc.declare(''{"models": {"User": {"has_many": {"todos": "Todo"}}, "Todo": {"belongs_to": {"user": {"target": "User", "on_delete": "CASCADE"}}}}}'');
Declares everything in the document, all or nothing; a string is the target, an object holds the arguments of the declaring function. prune => true also drops what this declarer said before and the document lacks. assoc.document() gives the document back.';

CREATE FUNCTION assoc.declare(document jsonb, prune boolean DEFAULT false)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_declare_jsonb';
COMMENT ON FUNCTION assoc.declare(jsonb, boolean) IS
'SELECT assoc.declare(assoc.document()::jsonb);
The same for a jsonb value.';

CREATE FUNCTION assoc.document()
RETURNS json LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_document';
COMMENT ON FUNCTION assoc.document() IS
'SELECT assoc.document();
What this declarer (by hand, or the package whose script runs) has said, as a document for assoc.declare(). What was inferred is left out: it is inferred again.';

CREATE FUNCTION assoc.drop_association(association text)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_drop_association';
COMMENT ON FUNCTION assoc.drop_association(text) IS
'SELECT assoc.drop_association(''Todo.user'');
Forgets an association and drops its accessor. Columns, foreign keys and indexes stay; the returned line says how to drop the key.';

CREATE FUNCTION assoc.drop_model(model text, cascade boolean DEFAULT false)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_drop_model';
COMMENT ON FUNCTION assoc.drop_model(text, boolean) IS
'SELECT assoc.drop_model(''Todo'', cascade => true);
Forgets a model. Refused while associations use it, unless cascade => true, which drops them too. The table stays.';

CREATE FUNCTION assoc.rename_model(model text, new_name text)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_rename_model';
COMMENT ON FUNCTION assoc.rename_model(text, text) IS
'SELECT assoc.rename_model(''Todo'', ''Task'');
Gives a model another name wherever it is said. Tables, columns and aliases stay.';

CREATE FUNCTION assoc.rename_association(association text, new_alias text)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_rename_association';
COMMENT ON FUNCTION assoc.rename_association(text, text) IS
'SELECT assoc.rename_association(''Todo.user'', ''owner'');
Gives an association another alias; its accessor and the paths through it follow.';

------------------------------------------------------------------------------
-- Plan and apply
------------------------------------------------------------------------------

CREATE FUNCTION assoc.plan(associations text DEFAULT NULL, online boolean DEFAULT false,
    OUT step integer, OUT association text, OUT reason text, OUT sql text, OUT lock text,
    OUT on_table text, OUT scans boolean, OUT rewrites boolean, OUT in_transaction boolean)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_plan';
COMMENT ON FUNCTION assoc.plan(text, boolean) IS
'SELECT * FROM assoc.plan();
The ordered steps from the database as it is to the database as declared; changes nothing. associations: only these, such as ''Todo.user, Tag'' (associations or models). online => true plans indexes CONCURRENTLY. A row without sql is a problem that DDL cannot mend.';

CREATE FUNCTION assoc.apply(associations text DEFAULT NULL, lock_timeout text DEFAULT '3s',
    online boolean DEFAULT false,
    OUT step integer, OUT association text, OUT reason text, OUT sql text, OUT lock text,
    OUT on_table text, OUT scans boolean, OUT rewrites boolean, OUT in_transaction boolean,
    OUT outcome text, OUT detail text)
RETURNS SETOF record LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_apply';
COMMENT ON FUNCTION assoc.apply(text, text, boolean) IS
'SELECT * FROM assoc.apply();
Carries out the plan in this transaction. associations: as for assoc.plan. lock_timeout: how long to wait for each lock. outcome: done; blocked (rows break the rule: detail has the count and a query for them); run_outside (for \gexec: SELECT sql FROM assoc.apply(online => true) WHERE outcome = ''run_outside'' \gexec). online => true takes only short locks and hands back VALIDATE and CREATE INDEX CONCURRENTLY.';

------------------------------------------------------------------------------
-- Look
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.association_list(
    OUT association text, OUT kind text, OUT target text, OUT through text,
    OUT foreign_key text, OUT key text, OUT on_delete text, OUT on_update text,
    OUT enforce text, OUT status text, OUT difference text, OUT inferred text, OUT declared_by text)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_association_list';
COMMENT ON FUNCTION assoc_internal.association_list() IS
    'rows of assoc.associations: what is said, set against what is there';

CREATE VIEW assoc.associations AS
    SELECT association, kind, target, through, foreign_key, key, on_delete, on_update,
           enforce, status, difference, inferred, declared_by
    FROM assoc_internal.association_list();
COMMENT ON VIEW assoc.associations IS
'SELECT * FROM assoc.associations;
Every declared association with the actions in force (or to be), and its status: in place, planned, differs, missing or conflict.';

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
GRANT SELECT ON assoc.associations, assoc.models TO PUBLIC;

CREATE FUNCTION assoc.describe(model text)
RETURNS SETOF text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_describe';
COMMENT ON FUNCTION assoc.describe(text) IS
'SELECT * FROM assoc.describe(''User'');
A model in words: its table and key, and for each association columns with types, foreign key, index, actions, which of these were said, default or adopted, how to call the accessor, and the status.';

CREATE FUNCTION assoc.help()
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
COMMENT ON FUNCTION assoc.help() IS
'SELECT * FROM assoc.help();
The twelve lines one needs.';
