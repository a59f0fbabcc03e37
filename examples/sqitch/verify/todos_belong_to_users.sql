-- Verify todos:todos_belong_to_users on pg

BEGIN;

-- Fails if one is not declared, and if the tables are not as declared.
SELECT * FROM assoc.validate('Todo.user, User.todos', fail_on => 'warning');

ROLLBACK;
