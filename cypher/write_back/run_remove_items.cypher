// Remove a run's similarities, memberships and ranks of entities, a few hundred entities a transaction.
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0
CALL (item) {
  FOREACH (_ IN CASE WHEN item.pagerank_run = $run THEN [0] ELSE [] END | REMOVE item.pagerank, item.pagerank_run)
  WITH item
  MATCH (item)-[edge:SIMILAR_TO|IN_COMMUNITY|MAKES_DENSE]->() WHERE edge.run = $run
  DELETE edge
} IN TRANSACTIONS OF 500 ROWS;
