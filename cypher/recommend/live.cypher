// Collaborative filtering in the graph as it stands, without any run: what those have who have what the user has.
// Of each item's users the first $cap that the store meets are asked (in practice the latest written), for a popular
// item has thousands; a cap above every item's users gives the plain two hops. Each path counts 1 / sqrt(users asked
// of the first item * items of the other user * users of the item found), a cosine that keeps hubs from ruling.
// Where the paths do not reach k items those popular in train fill up; `source` says which.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param cap => 15;

OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user) {
  MATCH (user)-[:INTERACTED]->(item)
  RETURN collect(item) AS history
}
CALL (user, history) {
  UNWIND history AS liked
  CALL (user, liked) {
    MATCH (liked)<-[:INTERACTED]-(other) WHERE other <> user
    WITH other LIMIT $cap
    RETURN collect(other) AS others
  }
  UNWIND others AS other
  WITH other, sum(1 / sqrt(size(others))) AS weight
  WITH other, weight / sqrt(COUNT { (other)-[:INTERACTED]->() }) AS weight
  MATCH (other)-[:INTERACTED]->(item)
  WITH item, sum(weight) AS score
  WHERE NOT item IN history
  WITH item, score / sqrt(COUNT { (item)<-[:INTERACTED]-() }) AS score
  ORDER BY score DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, source: 'live collaborative filtering'}) AS found
}
// step: popular in train
CALL (history, found) {
  UNWIND CASE WHEN size(found) < $k THEN [0] ELSE [] END AS short
  CALL (history, found) {
    MATCH (item:Item) WHERE item.dataset = $dataset AND item.train_users >= 0
      AND NOT item IN history AND NOT item IN [entry IN found | entry.item]
    RETURN item ORDER BY item.dataset DESC, item.train_users DESC, item.idx LIMIT $k
  }
  RETURN collect({item: item, score: toFloat(item.train_users), source: 'popular in train'}) AS popular
}
WITH (found + popular)[..$k] AS list
UNWIND range(0, size(list) - 1) AS place
WITH place + 1 AS rank, list[place] AS entry
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
