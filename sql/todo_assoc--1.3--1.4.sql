/* sql/todo_assoc--1.3--1.4.sql: loading */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.4'" to load this file. \quit

------------------------------------------------------------------------------
-- Loading: each function takes its query as text, or as jsonb
------------------------------------------------------------------------------

CREATE FUNCTION assoc.find_all(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_all_call';
COMMENT ON FUNCTION assoc.find_all(text, text, text) IS
'SELECT assoc.find_all(''User'', ''todos.tags'');
Loads the rows of a model as a JSON array, with associations nested under their names; [] when there is none. query: the associations to include (''todos.tags,profile''), or JSON with the keys attributes, where, include, order, limit, offset, paranoid and numbers, all but the last at every level. allow: what the query may do at most, a query itself; outside of it: 42501. Runs as the caller, by one snapshot; values as row_to_json writes them.';

CREATE FUNCTION assoc.find_all(model text, query jsonb, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_all_call';
COMMENT ON FUNCTION assoc.find_all(text, jsonb, text) IS
'SELECT assoc.find_all(''User'', ''["todos.tags"]''::jsonb);
Loads the rows of a model as a JSON array, with associations nested under their names; [] when there is none. query: the associations to include (''todos.tags,profile''), or JSON with the keys attributes, where, include, order, limit, offset, paranoid and numbers, all but the last at every level. allow: what the query may do at most, a query itself; outside of it: 42501. Runs as the caller, by one snapshot; values as row_to_json writes them.';

CREATE FUNCTION assoc.find_one(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_one_call';
COMMENT ON FUNCTION assoc.find_one(text, text, text) IS
'SELECT assoc.find_one(''User'', ''{"where": {"name": "Ann"}, "include": "todos"}'');
The first row that assoc.find_all would load, as a JSON object; without an order the first by its key. NULL when there is none.';

CREATE FUNCTION assoc.find_one(model text, query jsonb, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_one_call';
COMMENT ON FUNCTION assoc.find_one(text, jsonb, text) IS
'SELECT assoc.find_one(''User'', ''{"where": {"name": "Ann"}, "include": "todos"}''::jsonb);
The first row that assoc.find_all would load, as a JSON object; without an order the first by its key. NULL when there is none.';

CREATE FUNCTION assoc.find_by_pk(model text, key anycompatible, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_by_pk_call';
COMMENT ON FUNCTION assoc.find_by_pk(text, anycompatible, text, text) IS
'SELECT assoc.find_by_pk(''User'', 1, ''todos'');
The row with this key, as assoc.find_all would load it, as a JSON object; NULL when there is none. key: a value of any type that prints as the key does; of several columns JSON, an object by column or an array in the key''s order.';

CREATE FUNCTION assoc.find_by_pk(model text, key anycompatible, query jsonb, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_by_pk_call';
COMMENT ON FUNCTION assoc.find_by_pk(text, anycompatible, jsonb, text) IS
'SELECT assoc.find_by_pk(''User'', 1, ''["todos"]''::jsonb);
The row with this key, as assoc.find_all would load it, as a JSON object; NULL when there is none. key: a value of any type that prints as the key does; of several columns JSON, an object by column or an array in the key''s order.';

CREATE FUNCTION assoc.find_and_count_all(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_and_count_all_call';
COMMENT ON FUNCTION assoc.find_and_count_all(text, text, text) IS
'SELECT assoc.find_and_count_all(''Todo'', ''{"include": "user", "limit": 20}'');
A page and how many rows there are, {"count": n, "rows": [...]}: count is that of the model''s rows whatever is included, without limit and offset.';

CREATE FUNCTION assoc.find_and_count_all(model text, query jsonb, allow text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_and_count_all_call';
COMMENT ON FUNCTION assoc.find_and_count_all(text, jsonb, text) IS
'SELECT assoc.find_and_count_all(''Todo'', ''{"include": "user", "limit": 20}''::jsonb);
A page and how many rows there are, {"count": n, "rows": [...]}: count is that of the model''s rows whatever is included, without limit and offset.';

CREATE FUNCTION assoc.count(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS bigint LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_count_call';
COMMENT ON FUNCTION assoc.count(text, text, text) IS
'SELECT assoc.count(''Todo'', ''{"where": {"userId": 1}}'');
How many rows of the model fit the query, without limit and offset; what is included counts only where it is required.';

CREATE FUNCTION assoc.count(model text, query jsonb, allow text DEFAULT NULL)
RETURNS bigint LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_count_call';
COMMENT ON FUNCTION assoc.count(text, jsonb, text) IS
'SELECT assoc.count(''Todo'', ''{"where": {"userId": 1}}''::jsonb);
How many rows of the model fit the query, without limit and offset; what is included counts only where it is required.';

CREATE FUNCTION assoc.exists(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS boolean LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_exists_call';
COMMENT ON FUNCTION assoc.exists(text, text, text) IS
'SELECT assoc.exists(''Todo'', ''{"where": {"userId": 1}}'');
Whether a row of the model fits the query.';

CREATE FUNCTION assoc.exists(model text, query jsonb, allow text DEFAULT NULL)
RETURNS boolean LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_exists_call';
COMMENT ON FUNCTION assoc.exists(text, jsonb, text) IS
'SELECT assoc.exists(''Todo'', ''{"where": {"userId": 1}}''::jsonb);
Whether a row of the model fits the query.';

CREATE FUNCTION assoc.find_all_rows(model text, query text DEFAULT NULL, allow text DEFAULT NULL)
RETURNS SETOF json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_all_rows_call';
COMMENT ON FUNCTION assoc.find_all_rows(text, text, text) IS
'SELECT assoc.find_all_rows(''User'', ''todos'');
The rows that assoc.find_all would load, a JSON object each, as they are found: a batch of roots with all below it at a time, so that the whole is never in memory.';

CREATE FUNCTION assoc.find_all_rows(model text, query jsonb, allow text DEFAULT NULL)
RETURNS SETOF json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_find_all_rows_call';
COMMENT ON FUNCTION assoc.find_all_rows(text, jsonb, text) IS
'SELECT assoc.find_all_rows(''User'', ''["todos"]''::jsonb);
The rows that assoc.find_all would load, a JSON object each, as they are found: a batch of roots with all below it at a time, so that the whole is never in memory.';

CREATE FUNCTION assoc.get(model text, key anycompatible, association text, query text DEFAULT NULL)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_get_call';
COMMENT ON FUNCTION assoc.get(text, anycompatible, text, text) IS
'SELECT assoc.get(''User'', 1, ''todos'', ''{"order": ["-id"], "limit": 3}'');
What an association of one row leads to, a JSON array, or an object or null; NULL when there is no such row. query: as in assoc.find_all, about the associated rows; key: as in assoc.find_by_pk.';

CREATE FUNCTION assoc.get(model text, key anycompatible, association text, query jsonb)
RETURNS json LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_get_call';
COMMENT ON FUNCTION assoc.get(text, anycompatible, text, jsonb) IS
'SELECT assoc.get(''User'', 1, ''todos'', ''{"limit": 3}''::jsonb);
What an association of one row leads to, a JSON array, or an object or null; NULL when there is no such row. query: as in assoc.find_all, about the associated rows; key: as in assoc.find_by_pk.';

CREATE FUNCTION assoc.count_associated(model text, key anycompatible, association text, query text DEFAULT NULL)
RETURNS bigint LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_count_associated_call';
COMMENT ON FUNCTION assoc.count_associated(text, anycompatible, text, text) IS
'SELECT assoc.count_associated(''User'', 1, ''todos'');
How many rows an association of one row leads to, of a many-to-many how many links; NULL when there is no such row. query: what they must fit; limit and offset do not count.';

CREATE FUNCTION assoc.count_associated(model text, key anycompatible, association text, query jsonb)
RETURNS bigint LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_count_associated_call';
COMMENT ON FUNCTION assoc.count_associated(text, anycompatible, text, jsonb) IS
'SELECT assoc.count_associated(''User'', 1, ''todos'', ''{"where": {"id": 1}}''::jsonb);
How many rows an association of one row leads to, of a many-to-many how many links; NULL when there is no such row. query: what they must fit; limit and offset do not count.';

CREATE FUNCTION assoc.has(model text, key anycompatible, association text, keys jsonb)
RETURNS boolean LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_has_call';
COMMENT ON FUNCTION assoc.has(text, anycompatible, text, jsonb) IS
'SELECT assoc.has(''User'', 1, ''todos'', ''[1, 2]'');
Whether an association of one row leads to each of the keys; true of ''[]''; NULL when there is no such row.';

CREATE FUNCTION assoc.explain(model text, query text DEFAULT NULL, actual boolean DEFAULT false, allow text DEFAULT NULL,
    OUT edge text, OUT step text, OUT strategy text, OUT why text, OUT keys bigint, OUT estimated_rows bigint,
    OUT actual_rows bigint, OUT milliseconds double precision, OUT sql text)
RETURNS SETOF record LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_explain_call';
COMMENT ON FUNCTION assoc.explain(text, text, boolean, text) IS
'SELECT edge, strategy, why FROM assoc.explain(''User'', ''todos.tags'');
How assoc.find_all would load the query: a row for each statement, with the association, what the statement gives (roots, links from parents to rows, rows), how and why so, how many keys it looks up and rows it is expected to find, and its SQL. actual => true: the query is run, and keys, rows and time are those that were.';

CREATE FUNCTION assoc.explain(model text, query jsonb, actual boolean DEFAULT false, allow text DEFAULT NULL,
    OUT edge text, OUT step text, OUT strategy text, OUT why text, OUT keys bigint, OUT estimated_rows bigint,
    OUT actual_rows bigint, OUT milliseconds double precision, OUT sql text)
RETURNS SETOF record LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ta_explain_call';
COMMENT ON FUNCTION assoc.explain(text, jsonb, boolean, text) IS
'SELECT edge, strategy, why FROM assoc.explain(''User'', ''["todos.tags"]''::jsonb);
How assoc.find_all would load the query: a row for each statement, with the association, what the statement gives (roots, links from parents to rows, rows), how and why so, how many keys it looks up and rows it is expected to find, and its SQL. actual => true: the query is run, and keys, rows and time are those that were.';
