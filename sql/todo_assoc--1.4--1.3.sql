/* sql/todo_assoc--1.4--1.3.sql: back to 1.3 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION todo_assoc UPDATE TO '1.3'" to load this file. \quit

DROP FUNCTION assoc.find_all(text, text, text);
DROP FUNCTION assoc.find_all(text, jsonb, text);
DROP FUNCTION assoc.find_one(text, text, text);
DROP FUNCTION assoc.find_one(text, jsonb, text);
DROP FUNCTION assoc.find_by_pk(text, anycompatible, text, text);
DROP FUNCTION assoc.find_by_pk(text, anycompatible, jsonb, text);
DROP FUNCTION assoc.find_and_count_all(text, text, text);
DROP FUNCTION assoc.find_and_count_all(text, jsonb, text);
DROP FUNCTION assoc.count(text, text, text);
DROP FUNCTION assoc.count(text, jsonb, text);
DROP FUNCTION assoc.exists(text, text, text);
DROP FUNCTION assoc.exists(text, jsonb, text);
DROP FUNCTION assoc.find_all_rows(text, text, text);
DROP FUNCTION assoc.find_all_rows(text, jsonb, text);
DROP FUNCTION assoc.get(text, anycompatible, text, text);
DROP FUNCTION assoc.get(text, anycompatible, text, jsonb);
DROP FUNCTION assoc.count_associated(text, anycompatible, text, text);
DROP FUNCTION assoc.count_associated(text, anycompatible, text, jsonb);
DROP FUNCTION assoc.has(text, anycompatible, text, jsonb);
DROP FUNCTION assoc.explain(text, text, boolean, text);
DROP FUNCTION assoc.explain(text, jsonb, boolean, text);
