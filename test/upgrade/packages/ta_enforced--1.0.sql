-- The child's name comes first, so a dump has its rows before those they refer to.
CREATE TABLE public.a_todos (id integer PRIMARY KEY, user_id integer, status text, reviewer_id integer, gone timestamptz);
CREATE TABLE public.b_users (id integer PRIMARY KEY, boss_id integer, role text, gone timestamptz);
SELECT assoc.define_model('Todo', 'public.a_todos', soft_delete => 'gone');
SELECT assoc.define_model('User', 'public.b_users', soft_delete => 'gone');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'CASCADE', enforce => 'trigger', inverse => 'todos');
SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', on_delete => 'RESTRICT', deferral => 'deferred', enforce => 'trigger');
SELECT assoc.apply();
