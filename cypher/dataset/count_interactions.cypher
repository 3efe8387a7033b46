// How many interactions of each part of the split stand in the graph.
// kind: read
// work: long
:param dataset => 'lastfm';

MATCH (u:User) WHERE u.dataset = $dataset AND u.idx >= 0
WITH sum(COUNT { (u)-[:INTERACTED]->() }) AS train
CALL () {
  MATCH (u:User) WHERE u.dataset = $dataset AND u.idx >= 0
  MATCH (u)-[held:HELD_OUT]->()
  RETURN count(CASE held.split WHEN 'valid' THEN 1 END) AS valid, count(CASE held.split WHEN 'test' THEN 1 END) AS test
}
RETURN train, valid, test;
