// Which items are never recommended: those in no list of the active run, the most popular of train first.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  AND NOT EXISTS { (item)<-[listed:RECOMMENDED]-() WHERE listed.run = run.id }
WITH run, item, COUNT { (item)<-[:INTERACTED]-() } AS users
ORDER BY users DESC, item.idx
WITH run, count(item) AS of, collect({item: item, users: users})[..$k] AS found
UNWIND found AS one
RETURN one.item.key AS key, one.item.name AS name, one.users AS users, of, run.id AS run
ORDER BY users DESC, one.item.idx LIMIT $k;
