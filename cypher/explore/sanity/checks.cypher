// Is the graph sane? Each row is a check and the number of findings, which ought to be 0; examples are keys.
// kind: read
// work: long
:param dataset => 'demo';

CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0 AND NOT EXISTS { (user)-[:INTERACTED]->() }
  WITH count(user) AS findings, collect(user.key)[..5] AS examples
  RETURN 'user without train items' AS check, findings, examples
  UNION ALL
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
    AND NOT EXISTS { (item)<-[:INTERACTED]-() }
  WITH count(item) AS findings, collect(item.key)[..5] AS examples
  RETURN 'item without train users' AS check, findings, examples
  UNION ALL
  MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0 AND NOT EXISTS { (entity)--() }
  WITH count(entity) AS findings, collect(entity.key)[..5] AS examples
  RETURN 'entity without any relationship' AS check, findings, examples
  UNION ALL
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  CALL (user) {
    MATCH (user)-[:INTERACTED]->(item)
    RETURN collect(item) AS had, count(item) - count(DISTINCT item) AS in_train
  }
  CALL (user, had) {
    MATCH (user)-[:HELD_OUT]->(item)
    RETURN count(item) - count(DISTINCT item) + count(DISTINCT CASE WHEN item IN had THEN item END) AS in_splits
  }
  CALL (user, had) {
    MATCH (user)-[:RECOMMENDED]->(item) WHERE item IN had
    RETURN count(DISTINCT item) AS in_list
  }
  WITH sum(in_train) AS train, collect(CASE WHEN in_train > 0 THEN user.key END)[..5] AS of_train,
       sum(in_splits) AS splits, collect(CASE WHEN in_splits > 0 THEN user.key END)[..5] AS of_splits,
       sum(in_list) AS lists, collect(CASE WHEN in_list > 0 THEN user.key END)[..5] AS of_lists
  UNWIND [['pair more than once in train', train, of_train], ['pair in more than one split', splits, of_splits],
          ['recommended item that the user has in train', lists, of_lists]] AS row
  RETURN row[0] AS check, row[1] AS findings, row[2] AS examples
  UNION ALL
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  MATCH (user)-[held:HELD_OUT]->(item:Item) WHERE NOT coalesce(held.split, '') IN ['valid', 'test']
  WITH count(held) AS findings, collect(user.key + ' ' + item.key)[..5] AS examples
  RETURN 'held-out pair of no known split' AS check, findings, examples
  UNION ALL
  MATCH (user:User) WHERE user.key STARTS WITH $dataset + '/'
    AND (user.idx IS NULL OR user.dataset <> $dataset)
  WITH count(user) AS findings, collect(user.key)[..5] AS examples
  RETURN 'user without idx, or said to be of another data set' AS check, findings, examples
  UNION ALL
  MATCH (entity:Entity) WHERE entity.key STARTS WITH $dataset + '/'
    AND (entity.idx IS NULL OR entity.dataset <> $dataset)
  WITH count(entity) AS findings, collect(entity.key)[..5] AS examples
  RETURN 'entity without idx, or said to be of another data set' AS check, findings, examples
  UNION ALL
  MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0
  WITH entity.idx AS idx, count(*) AS nodes, min(entity.key) AS key WHERE nodes > 1
  RETURN 'idx that several entities have' AS check, count(idx) AS findings, collect(key)[..5] AS examples
  UNION ALL
  MATCH (head:Entity) WHERE head.dataset = $dataset AND head.idx >= 0
  MATCH (head)-->(tail:Entity) WHERE tail.dataset <> $dataset
  WITH count(tail) AS findings, collect(head.key)[..5] AS examples
  RETURN 'relationship into another data set' AS check, findings, examples
  UNION ALL
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.state <> 'complete'
  WITH count(run) AS findings, collect(run.id)[..5] AS examples
  RETURN 'run that was not finished' AS check, findings, examples
}
RETURN check, findings, examples
ORDER BY findings DESC, check LIMIT 20;
