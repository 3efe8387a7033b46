// Remove the entities of a data set with all their relationships, a few hundred a transaction.
// kind: write
// work: long
:param dataset => 'lastfm';

MATCH (n:Entity) WHERE n.dataset = $dataset AND n.idx >= 0
CALL (n) {
  DETACH DELETE n
} IN TRANSACTIONS OF 500 ROWS;
