SELECT assoc.apply();
