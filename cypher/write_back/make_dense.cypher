// Bring every node that has lists to its fiftieth relationship, before readers look at them. There Neo4j rearranges
// a node's relationships, once and for ever, and whoever reads them in that moment misses most (docs/decisions).
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (run:Run {id: $run})
CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  RETURN user AS node
  UNION ALL
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  RETURN item AS node
}
WITH run, node, COUNT { (node)--() } AS degree
WHERE degree < 51 AND EXISTS { (node)-[:RECOMMENDED|SIMILAR_TO]->() }
CALL (run, node, degree) {
  UNWIND range(degree, 50) AS missing
  CREATE (node)-[:MAKES_DENSE {run: run.id}]->(run)
} IN TRANSACTIONS OF 500 ROWS;
