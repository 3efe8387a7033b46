// What to recommend to a user: the list of the active run, best first. Where there is none (an unknown user, no
// run yet) the most popular items of train that the user has not had; the column `source` says which it is.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user, active) {
  MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = active
  WITH listed, item ORDER BY listed.rank LIMIT $k
  RETURN collect({rank: listed.rank, item: item, score: listed.score, source: 'list of run ' + active}) AS list
}
CALL (user, list) {
  UNWIND CASE WHEN size(list) = 0 THEN [0] ELSE [] END AS nothing
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  WITH user, item, COUNT { (item)<-[:INTERACTED]-() } AS users
  ORDER BY users DESC, item.idx LIMIT $k + 1000
  WITH item, users WHERE user IS NULL OR NOT EXISTS { (user)-[:INTERACTED]->(item) }
  WITH item, users ORDER BY users DESC, item.idx LIMIT $k
  WITH collect({item: item, users: users}) AS popular
  RETURN [place IN range(0, size(popular) - 1) | {rank: place + 1, item: popular[place].item,
          score: toFloat(popular[place].users), source: 'popular in train'}] AS popular
}
UNWIND list + popular AS entry
RETURN entry.rank AS rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
