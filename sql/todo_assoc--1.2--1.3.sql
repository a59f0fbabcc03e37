/* sql/todo_assoc--1.2--1.3.sql: enforcement by triggers */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.3'" to load this file. \quit

------------------------------------------------------------------------------
-- What triggers enforce.  A row is to a reference what pg_constraint's is to a
-- native key: what is in force, which may differ from what is declared by now.
-- Names as text, as in all our tables; triggers have only the reference's name
-- as their argument.
------------------------------------------------------------------------------

CREATE TABLE assoc_internal.enforced (
    reference         text NOT NULL,
    declarer          text NOT NULL,
    name              text NOT NULL CHECK (name <> '' AND octet_length(name) < 64),
    mode              text NOT NULL CHECK (mode IN ('trigger', 'statement')),
    child_schema      text NOT NULL,
    child_table       text NOT NULL,
    columns           text[] NOT NULL,
    type_column       text,
    element           boolean NOT NULL DEFAULT false,
    match             text NOT NULL DEFAULT 'simple' CHECK (match IN ('simple', 'full')),
    on_delete         text NOT NULL,
    on_update         text NOT NULL,
    deferral          text NOT NULL CHECK (deferral IN ('none', 'immediate', 'deferred')),
    condition         jsonb,
    child_soft_delete text,
    validated         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (reference)
);
CREATE INDEX enforced_child_idx ON assoc_internal.enforced (child_table, child_schema);
COMMENT ON TABLE assoc_internal.enforced IS 'references that triggers enforce: what is in force';
COMMENT ON COLUMN assoc_internal.enforced.name IS 'what errors call the constraint; as PostgreSQL would name the key';
COMMENT ON COLUMN assoc_internal.enforced.mode IS 'trigger: each row, as a native key; statement: the rows of a statement together';
COMMENT ON COLUMN assoc_internal.enforced.type_column IS 'polymorphic: the column that says which target a row refers to';
COMMENT ON COLUMN assoc_internal.enforced.element IS 'the one column is an array, and each of its elements refers';
COMMENT ON COLUMN assoc_internal.enforced.condition IS 'the reference counts only for rows of the child that fit it';
COMMENT ON COLUMN assoc_internal.enforced.child_soft_delete IS 'column of the child by which its rows are deleted softly';
COMMENT ON COLUMN assoc_internal.enforced.validated IS 'all rows have been checked, and triggers were there since';

CREATE TABLE assoc_internal.enforced_target (
    reference     text NOT NULL,
    type_value    text NOT NULL DEFAULT '',
    declarer      text NOT NULL,
    parent_schema text NOT NULL,
    parent_table  text NOT NULL,
    key           text[] NOT NULL,
    scope         jsonb,
    soft_delete   text,
    heirs         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (reference, type_value)
);
CREATE INDEX enforced_target_parent_idx ON assoc_internal.enforced_target (parent_table, parent_schema);
COMMENT ON TABLE assoc_internal.enforced_target IS 'the tables that a reference in assoc_internal.enforced refers to';
COMMENT ON COLUMN assoc_internal.enforced_target.type_value IS 'polymorphic: what the type column says of this target; else empty';
COMMENT ON COLUMN assoc_internal.enforced_target.scope IS 'only rows of the target that fit it may be referred to';
COMMENT ON COLUMN assoc_internal.enforced_target.soft_delete IS 'column of the target by which its rows are deleted softly';
COMMENT ON COLUMN assoc_internal.enforced_target.heirs IS 'rows of tables that inherit from the target may be referred to as well';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.enforced
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON assoc_internal.enforced_target
    FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config();
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.enforced', 'WHERE declarer = ''''');
SELECT pg_catalog.pg_extension_config_dump('assoc_internal.enforced_target', 'WHERE declarer = ''''');
GRANT SELECT ON assoc_internal.enforced, assoc_internal.enforced_target TO PUBLIC;
DO $$
BEGIN
    EXECUTE (SELECT pg_catalog.format('GRANT INSERT ON assoc_internal.enforced, assoc_internal.enforced_target TO %I',
                                      pg_catalog.pg_get_userbyid(e.extowner))
             FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'todo_assoc');
END
$$;

------------------------------------------------------------------------------
-- Trigger functions
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.check_reference() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_check_reference';
COMMENT ON FUNCTION assoc_internal.check_reference() IS
    'AFTER INSERT OR UPDATE of each row of the child: what it refers to exists, and is locked';

CREATE FUNCTION assoc_internal.check_statement() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_check_statement';
COMMENT ON FUNCTION assoc_internal.check_statement() IS
    'AFTER INSERT of each statement on the child, with the table of its rows: what they refer to exists, and is locked';

CREATE FUNCTION assoc_internal.by_this_transaction(xid) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'ta_by_this_transaction';
COMMENT ON FUNCTION assoc_internal.by_this_transaction(xid) IS
    'whether this transaction made the row with this xmin: its first check may have been left to its update';

CREATE FUNCTION assoc_internal.forget_parents() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_forget_parents';
COMMENT ON FUNCTION assoc_internal.forget_parents() IS
    'BEFORE each statement that may change or delete parents: what is remembered of locked parents is no longer true';

CREATE FUNCTION assoc_internal.parent_deleted() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_deleted';
COMMENT ON FUNCTION assoc_internal.parent_deleted() IS
    'AFTER DELETE of each row of a parent: the ON DELETE action';

CREATE FUNCTION assoc_internal.parent_updated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_updated';
COMMENT ON FUNCTION assoc_internal.parent_updated() IS
    'AFTER UPDATE of each row of a parent: the ON UPDATE action, if its key changed';

CREATE FUNCTION assoc_internal.parent_moved() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_moved';
COMMENT ON FUNCTION assoc_internal.parent_moved() IS
    'AFTER DELETE of each row of a parent: the ON UPDATE action, if it went to another partition, where that comes at a moment of its own';

CREATE FUNCTION assoc_internal.parent_ended() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_ended';
COMMENT ON FUNCTION assoc_internal.parent_ended() IS
    'AFTER UPDATE of each row of a parent: the ON DELETE action, if it was deleted softly, where that comes at a moment of its own';

CREATE FUNCTION assoc_internal.parent_ending() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_ending';
COMMENT ON FUNCTION assoc_internal.parent_ending() IS
    'BEFORE UPDATE of each row of a parent that may end otherwise than by DELETE: waits for who refers to it';

CREATE FUNCTION assoc_internal.parent_truncated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'ta_parent_truncated';
COMMENT ON FUNCTION assoc_internal.parent_truncated() IS
    'AFTER TRUNCATE of a parent: refused while rows refer to it';

------------------------------------------------------------------------------
-- Steps of a plan, and the switch
------------------------------------------------------------------------------

CREATE FUNCTION assoc_internal.enforce(association text, in_place_of text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'ta_enforce_call';
COMMENT ON FUNCTION assoc_internal.enforce(text, text) IS
'SELECT assoc_internal.enforce(''Todo.user'');
A step of assoc.plan: triggers enforce the reference as it is declared, from now on; its rows are checked by validate_reference. in_place_of: a foreign key that is dropped at the same moment.';

CREATE FUNCTION assoc_internal.unenforce(association text) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'ta_unenforce_call';
COMMENT ON FUNCTION assoc_internal.unenforce(text) IS
'SELECT assoc_internal.unenforce(''Todo.user'');
A step of assoc.plan: the triggers that enforce the reference are dropped. Of what nobody declares any more: the name in assoc_internal.enforced.';

CREATE FUNCTION assoc_internal.validate_reference(association text) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'ta_validate_reference';
COMMENT ON FUNCTION assoc_internal.validate_reference(text) IS
'SELECT assoc_internal.validate_reference(''Todo.user'');
A step of assoc.plan: all rows are checked once, as by VALIDATE CONSTRAINT, while triggers check what is written meanwhile.';

CREATE FUNCTION assoc.set_enforcement(association text, enforce text, lock_timeout text DEFAULT '3s') RETURNS text
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'ta_set_enforcement';
COMMENT ON FUNCTION assoc.set_enforcement(text, text, text) IS
'SELECT assoc.set_enforcement(''Todo.user'', ''trigger'');
Changes how an association is enforced, and does it: declares enforce and takes the steps that follow for this association alone. What takes over is there before the other goes; rows are checked only where that is not known. enforce: foreign_key, trigger (each row, with the promise of a foreign key), statement (the rows of a statement together), none.';

------------------------------------------------------------------------------
-- Polymorphic associations.  What a model's type column says of it; a reference
-- with a type column, and the models that it may refer to.
------------------------------------------------------------------------------

ALTER TABLE assoc_internal.model ADD COLUMN type_value text CHECK (type_value <> '');
COMMENT ON COLUMN assoc_internal.model.type_value IS
    'polymorphic: what a type column says of the model''s rows; NULL: the model''s name';
ALTER TABLE assoc_internal.model ADD COLUMN soft_delete text CHECK (soft_delete <> '');
COMMENT ON COLUMN assoc_internal.model.soft_delete IS
    'the column by which rows are deleted softly: a row lives while it is null, or if boolean, not true';
ALTER TABLE assoc_internal.model ADD COLUMN heirs boolean;
COMMENT ON COLUMN assoc_internal.model.heirs IS
    'whether rows of tables that inherit from the model''s are its rows to others, which may then refer to them';
ALTER TABLE assoc_internal.declaration ADD COLUMN polymorphic text CHECK (polymorphic <> ''),
    ADD COLUMN type_column text CHECK (type_column <> ''),
    ADD COLUMN other_type_column text CHECK (other_type_column <> ''),
    ADD COLUMN targets text[],
    ADD COLUMN condition jsonb;
COMMENT ON COLUMN assoc_internal.declaration.polymorphic IS
    'has_one, has_many, belongs_to_many: alias of the polymorphic belongs_to whose other side this is';
COMMENT ON COLUMN assoc_internal.declaration.type_column IS
    'polymorphic: the column beside foreign_key that says which model a row refers to';
COMMENT ON COLUMN assoc_internal.declaration.other_type_column IS
    'belongs_to_many from the other end of a polymorphic junction: the column beside other_key';
COMMENT ON COLUMN assoc_internal.declaration.condition IS
    'belongs_to, has_one, has_many: the reference counts only for rows of the child that fit it';
COMMENT ON COLUMN assoc_internal.declaration.targets IS
    'polymorphic belongs_to, whose target is empty: the models it names; other sides add theirs';

CREATE OR REPLACE VIEW assoc.models AS
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
           m.declared_by,
           m.soft_delete, m.type_value, m.heirs
    FROM (SELECT d.name, pg_catalog.min(d.schema_name) AS schema_name,
                 pg_catalog.min(d.table_name) AS table_name,
                 pg_catalog.min(d.singular) AS singular, pg_catalog.min(d.plural) AS plural,
                 pg_catalog.min(d.key) AS key, pg_catalog.min(d.inferred) AS inferred,
                 pg_catalog.min(d.soft_delete) AS soft_delete,
                 pg_catalog.min(d.type_value) AS type_value,
                 COALESCE(pg_catalog.bool_or(d.heirs), false) AS heirs,
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
Every defined model with its table, key and number of associations; soft_delete: the column by which its rows are deleted softly; type_value: what a polymorphic type column says of them, if that is not its name; heirs: whether rows of tables that inherit from it may be referred to, too.';

DROP FUNCTION assoc.define_model(text, text, text, text, text, boolean);
CREATE FUNCTION assoc.define_model(name text, table_name text DEFAULT NULL,
    singular text DEFAULT NULL, plural text DEFAULT NULL, key text DEFAULT NULL,
    accessors boolean DEFAULT NULL, type_value text DEFAULT NULL,
    soft_delete text DEFAULT NULL, heirs boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_define_model_v2';
COMMENT ON FUNCTION assoc.define_model(text, text, text, text, text, boolean, text, text, boolean) IS
'SELECT assoc.define_model(''User'', ''Users'');
Names a table as a model. table_name: exactly as it is stored, or as in SQL with its quotes; left out: the table of the model''s name, its plural, or the snake_case of either. singular, plural: for aliases and foreign-key names. key: columns that other models refer to (else the primary key). accessors => false: no functions for its associations. type_value: what a polymorphic type column says of its rows (else the model''s name). soft_delete: the column by which rows are deleted softly: a row lives while it is null or, if boolean, not true; associations that triggers enforce heed it. heirs => true: rows of tables that inherit from it may be referred to, too; triggers enforce that. Calling it again replaces what was said. Needs ownership of the table.';

DROP FUNCTION assoc.belongs_to(text, text, text, text, text, jsonb, text, text, boolean, text, text, text, boolean);
CREATE FUNCTION assoc.belongs_to(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, target_key text DEFAULT NULL, scope jsonb DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL, condition jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_belongs_to_v2';
COMMENT ON FUNCTION assoc.belongs_to(text, text, text, text, text, jsonb, text, text, boolean, text, text, text, boolean, jsonb) IS
'SELECT assoc.belongs_to(''Todo'', ''User'', foreign_key => ''userId'', on_delete => ''CASCADE'');
Declares that each row of model refers to at most one row of target. foreign_key: column(s) of model, ''userId'' or ''tenant_id, user_id''; left out: the one that fits by name, else a new one. target_key: the columns of target it refers to (else its key). on_delete, on_update: NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT; on_delete also ''SET NULL (column)''. required: the foreign key is NOT NULL. deferral: none, immediate, deferred. enforce: foreign_key, trigger (each row, with the promise of a foreign key), statement (the rows of a statement together), none. index => false: none is planned. scope: {"column": value}, for the accessor; said with enforce => ''trigger'' or ''statement'', only rows of target that fit it may be referred to. condition: {"column": value}, the rows of model that refer at all; triggers enforce it. inverse: alias of the other side, declared in the same call. Tables stay as they are until assoc.apply().';

DROP FUNCTION assoc.has_one(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean);
CREATE FUNCTION assoc.has_one(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, through text DEFAULT NULL,
    scope jsonb DEFAULT NULL, order_by text DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL,
    polymorphic text DEFAULT NULL, type_column text DEFAULT NULL, condition jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_has_one_v2';
COMMENT ON FUNCTION assoc.has_one(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, text, text, jsonb) IS
'SELECT assoc.has_one(''User'', ''Profile'');
Declares that at most one row of target refers to each row of model: a unique index is planned on the foreign key, which is column(s) of target. With order_by (''createdAt DESC''): the first by that order, read-only, no unique index. source_key: the columns of model it refers to (else its key). through: a path of declared associations. polymorphic: alias of target''s polymorphic belongs_to whose other side this is; the index counts only rows of this model''s type. enforce: foreign_key, trigger, statement or none. The other options are those of assoc.belongs_to.';

DROP FUNCTION assoc.has_many(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean);
CREATE FUNCTION assoc.has_many(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, through text DEFAULT NULL,
    scope jsonb DEFAULT NULL, order_by text DEFAULT NULL,
    on_delete text DEFAULT NULL, on_update text DEFAULT NULL, required boolean DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL,
    polymorphic text DEFAULT NULL, type_column text DEFAULT NULL, condition jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_has_many_v2';
COMMENT ON FUNCTION assoc.has_many(text, text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, text, text, jsonb) IS
'SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');
Declares that rows of target refer to model. foreign_key: column(s) of target, or one that is an array of keys; source_key: the columns of model they refer to (else its key). through: a path of declared associations such as ''todos.tags'', each target once. order_by: default order of the accessor. polymorphic => ''commentable'': the other side of Comment.commentable, which the model is a target of from then on; type_column: if it is not called as usual. enforce: foreign_key, trigger, statement or none. The other options are those of assoc.belongs_to; say each on one side only.';

DROP FUNCTION assoc.belongs_to_many(text, text, text, text, text, text, text, text, jsonb, text, text, text, text, text, text, boolean);
CREATE FUNCTION assoc.belongs_to_many(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, source_key text DEFAULT NULL, target_key text DEFAULT NULL,
    through text DEFAULT NULL, other_key text DEFAULT NULL, scope jsonb DEFAULT NULL,
    order_by text DEFAULT NULL, on_delete text DEFAULT NULL, on_update text DEFAULT NULL,
    deferral text DEFAULT NULL, inverse text DEFAULT NULL, enforce text DEFAULT NULL,
    index boolean DEFAULT NULL,
    polymorphic text DEFAULT NULL, type_column text DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_belongs_to_many_v2';
COMMENT ON FUNCTION assoc.belongs_to_many(text, text, text, text, text, text, text, text, jsonb, text, text, text, text, text, text, boolean, text, text) IS
'SELECT assoc.belongs_to_many(''Todo'', ''Tag'', through => ''todo_tags'');
Declares a many-to-many through a junction: a model, a table, or a new name, for which a table is planned. foreign_key: the junction''s column(s) to model; other_key: to target; between a model and itself say both. on_delete and on_update say what happens to the links of a row of model; left out: they are deleted with it. enforce: how the links of a row of model are enforced: foreign_key, trigger, statement or none. inverse: alias of the other side. polymorphic => ''taggable'': one of the junction''s two references is polymorphic: to model, unless only target is a target of it.';

CREATE FUNCTION assoc.belongs_to_polymorphic(model text, alias text, targets text DEFAULT NULL,
    type_column text DEFAULT NULL, foreign_key text DEFAULT NULL, on_delete text DEFAULT NULL,
    on_update text DEFAULT NULL, required boolean DEFAULT NULL, deferral text DEFAULT NULL,
    enforce text DEFAULT NULL, index boolean DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_belongs_to_polymorphic';
COMMENT ON FUNCTION assoc.belongs_to_polymorphic(text, text, text, text, text, text, text, boolean, text, text, boolean) IS
'SELECT assoc.belongs_to_polymorphic(''Comment'', ''commentable'', ''Post, Photo'');
Declares that each row of model refers to at most one row of one of the targets: type_column says of which model (by its type_value), foreign_key of which row. Left out: commentable_type and commentable_id, or commentableType and commentableId, as they exist, else new ones in the table''s style. targets: models; has_many(''Video'', ''Comment'', polymorphic => ''commentable'') adds one, assoc.drop_target takes one away. Both columns null refer to nothing; one null alone, a type that is no target''s, and a row that is not there are refused. enforce: trigger (the default), statement or none. The other options are those of assoc.belongs_to.';

CREATE FUNCTION assoc.drop_target(association text, target text)
RETURNS text LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_drop_target';
COMMENT ON FUNCTION assoc.drop_target(text, text) IS
'SELECT assoc.drop_target(''Comment.commentable'', ''Photo'');
Takes a model out of the targets of a polymorphic belongs_to, and drops its own associations that are the other side. Refused while rows refer to it.';

------------------------------------------------------------------------------
-- Arrays of keys
------------------------------------------------------------------------------

ALTER TABLE assoc_internal.declaration DROP CONSTRAINT declaration_kind_check,
    ADD CONSTRAINT declaration_kind_check
        CHECK (kind IN ('belongs_to', 'has_one', 'has_many', 'belongs_to_many', 'references_many'));

CREATE FUNCTION assoc.references_many(model text, target text, alias text DEFAULT NULL,
    foreign_key text DEFAULT NULL, target_key text DEFAULT NULL, scope jsonb DEFAULT NULL,
    order_by text DEFAULT NULL, on_delete text DEFAULT NULL, on_update text DEFAULT NULL,
    required boolean DEFAULT NULL, deferral text DEFAULT NULL, inverse text DEFAULT NULL,
    enforce text DEFAULT NULL, index boolean DEFAULT NULL, condition jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ta_references_many';
COMMENT ON FUNCTION assoc.references_many(text, text, text, text, text, jsonb, text, text, text, boolean, text, text, text, boolean, jsonb) IS
'SELECT assoc.references_many(''Todo'', ''Tag'', foreign_key => ''tagIds'');
Declares that each element of an array of model refers to a row of target. foreign_key: the column of model, an array of target''s keys; left out: the one that fits by name (tagIds, tag_ids), else a new one. target_key: the column of target that elements refer to (else its key). Elements that are null refer to nothing. on_delete: SET NULL (the default) takes the element out of the array, CASCADE deletes the row, NO ACTION and RESTRICT refuse; on_update: CASCADE puts the new key in its place. required: the column is NOT NULL; an empty array is not null. enforce: trigger (the default), statement or none. index => false: no GIN index is planned. order_by: default order of the accessor, which gives each row of target once. inverse: alias of the other side, a has_many by the same foreign_key. The other options are those of assoc.belongs_to.';

------------------------------------------------------------------------------
-- help() shows what is new
------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION assoc.help()
RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
VALUES
 ('SELECT assoc.define_model(''User'', ''Users'');                        name a table as a model'),
 ('SELECT assoc.has_many(''User'', ''Todo'', foreign_key => ''userId'');    declare: nothing is changed yet'),
 ('SELECT assoc.belongs_to(''Todo'', ''User'', on_delete => ''CASCADE'');   the other side; has_one, belongs_to_many, references_many too'),
 ('SELECT assoc.belongs_to_polymorphic(''Todo'', ''subject'', ''User, Tag'');   one of several models; through => ''todos.tags'': a path'),
 ('SELECT * FROM assoc.plan();  SELECT * FROM assoc.apply();            the DDL still missing, with its locks; do it'),
 ('SELECT * FROM assoc.validate();                                    what is wrong, and what mends it'),
 ('SELECT * FROM assoc.import_foreign_keys();                         declarations out of the foreign keys there are'),
 ('SELECT * FROM assoc.associations;  SELECT assoc.diagram();          what is declared, its status; as a picture'),
 ('SELECT t.* FROM "Users" u, todos(u) t WHERE u.id = 1;              the accessor of an association, inlined'),
 ('SELECT assoc.declare(assoc.document()::jsonb);                     everything as one JSON document; \df+ assoc.* is the manual'),
 ('SELECT * FROM assoc.migrations;                                    the versions of packages: up, down, changed'),
 ('SELECT * FROM assoc.migrate(''todo_app'');                           take a package up; assoc.undo takes it down')
$$;
