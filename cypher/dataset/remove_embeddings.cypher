// Remove the vectors of all runs of a data set, a few hundred nodes a transaction.
// kind: write
// work: long
:param dataset => 'lastfm';

MATCH (n:User|Entity) WHERE n.dataset = $dataset AND n.idx >= 0
CALL (n) {
  MATCH (n)-[:HAS_EMBEDDING]->(embedding:Embedding)
  DETACH DELETE embedding
} IN TRANSACTIONS OF 500 ROWS;
