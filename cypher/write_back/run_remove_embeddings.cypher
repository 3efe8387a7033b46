// Remove a run's vectors, a few hundred nodes a transaction.
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (node:User|Entity) WHERE node.dataset = $dataset AND node.idx >= 0
CALL (node) {
  MATCH (node)-[:HAS_EMBEDDING]->(embedding:Embedding) WHERE embedding.run = $run
  DETACH DELETE embedding
} IN TRANSACTIONS OF 500 ROWS;
