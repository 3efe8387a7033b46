// Write PageRanks: [idx, number] each. A node holds that of one run, the newest.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-gds-pagerank';
:param users => [[0, 1.0]];
:param entities => [[0, 2.5]];

CALL () {
  UNWIND $users AS row
  MATCH (node:User {dataset: $dataset, idx: row[0]})
  RETURN node, row[1] AS rank
  UNION ALL
  UNWIND $entities AS row
  MATCH (node:Entity {dataset: $dataset, idx: row[0]})
  RETURN node, row[1] AS rank
}
SET node.pagerank = rank, node.pagerank_run = $run
RETURN count(*) AS written;
