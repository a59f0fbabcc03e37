SELECT assoc.drop_association('Todo.reviewer');
SELECT assoc.drop_association('Todo.comments');
SELECT assoc.drop_association('Comment.subject');
SELECT assoc.drop_model('Comment');
SELECT assoc.apply();
DROP TABLE public.a_comments;
