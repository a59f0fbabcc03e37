-- V2: a user has many to-dos, a to-do belongs to a user

-- trusted: the owner of the database may
CREATE EXTENSION IF NOT EXISTS todo_assoc;

SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE');

-- adds "userId", its foreign key and its index
SELECT outcome, sql, detail FROM assoc.apply();

-- apply() tells of rows that break the rule as "blocked", and goes on; this makes it an error
SELECT * FROM assoc.validate('Todo.user, User.todos', fail_on => 'warning');
