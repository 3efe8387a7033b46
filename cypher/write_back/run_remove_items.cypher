// Remove a run's similarities of items, a few hundred items a transaction.
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0
CALL (item) {
  MATCH (item)-[edge:SIMILAR_TO|MAKES_DENSE]->() WHERE edge.run = $run
  DELETE edge
} IN TRANSACTIONS OF 500 ROWS;
