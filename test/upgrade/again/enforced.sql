SELECT assoc.apply('Todo, User, Note, Doc, Comment, Stay');
