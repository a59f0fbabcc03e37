/* todo_app--1.0--1.1.sql: a user has many to-dos, a to-do belongs to a user */

\echo Use "ALTER EXTENSION todo_app UPDATE TO '1.1'" to load this file. \quit

SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');

-- adds "userId", its foreign key and its index
SELECT assoc.apply();
