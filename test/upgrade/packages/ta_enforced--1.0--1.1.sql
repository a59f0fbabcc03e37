CREATE TABLE public.a_comments (id integer PRIMARY KEY);
SELECT assoc.define_model('Comment', 'public.a_comments');
SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Todo, User', on_delete => 'CASCADE');
SELECT assoc.has_many('Todo', 'Comment', polymorphic => 'subject');
SELECT assoc.belongs_to('Todo', 'User', 'reviewer', foreign_key => 'reviewer_id', scope => '{"role": "admin"}',
	condition => '{"status": ["open", "held"]}', on_delete => 'NO ACTION', enforce => 'statement');
SELECT assoc.apply();
