// Drop an index by its name.
// kind: schema
// work: query
:param name => 'embedding_demo';

DROP INDEX $name IF EXISTS;
