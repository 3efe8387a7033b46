// The most popular items of train, and how many lists of the active run each is in: popularity beside exposure.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
WITH active, item, COUNT { (item)<-[:INTERACTED]-() } AS users
ORDER BY users DESC, item.idx LIMIT $k
WITH item, users,
       COUNT { (item)<-[listed:RECOMMENDED]-() WHERE listed.run = active } AS lists
RETURN item.key AS key, item.name AS name, users, lists
ORDER BY users DESC, item.idx;
