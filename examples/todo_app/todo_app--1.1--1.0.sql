/* todo_app--1.1--1.0.sql: back to two tables that know nothing of each other */

\echo Use "ALTER EXTENSION todo_app UPDATE TO '1.0'" to load this file. \quit

SELECT assoc.drop_association('User.todos');
SELECT assoc.drop_association('Todo.user');

ALTER TABLE public."Todos" DROP COLUMN "userId";
