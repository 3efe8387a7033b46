// Drop the vector index of a run that goes.
// kind: schema
// work: long
:param name => 'embedding_example';

DROP INDEX $name IF EXISTS;
