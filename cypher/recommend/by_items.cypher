// What to recommend in a session of which only some items are known, the latest last: the items most similar to them in
// the active run, an item counting .9 of the one after it. Where these are not k, others fill up, as in
// recommend/by_user: the nearest vectors, live collaborative filtering, what is popular in train; `source` says which.
// Keys that the data set does not hold count for nothing.
// kind: read
// work: query
:param dataset => 'demo';
:param items => ['demo/movie/alien-1979', 'demo/movie/blade-runner-1982'];
:param k => 10;

// step: active run
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
// step: session, the latest first
CALL () {
  UNWIND range(0, size($items) - 1) AS place
  MATCH (item:Item {key: $items[place]}) WHERE item.dataset = $dataset
  WITH item, max(place) AS place ORDER BY place DESC
  RETURN collect(item) AS history
}
WITH null AS user, active, history, [] AS found
// step: similar to the history
CALL (active, history, found) {
  WITH history + [entry IN found | entry.item] AS taken
  UNWIND range(0, size(history[..50]) - 1) AS age
  WITH history[age] AS liked, 0.9 ^ age AS weight, taken
  MATCH (liked)-[similar:SIMILAR_TO]->(item) WHERE NOT item IN taken AND similar.run = active
  WITH item, sum(similar.score * weight) AS score ORDER BY score DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, source: 'similar to the history, run ' + active}) AS similar
}
WITH user, active, history, found + similar AS found
// step: vectors
CALL (user, active, history, found) {
  UNWIND CASE WHEN size(found) < $k THEN history[..50] ELSE [] END AS liked
  MATCH (liked)-[:HAS_EMBEDDING]->(embedding:Embedding) WHERE embedding.run = active
  WITH collect(embedding.vector) AS vectors,
       head(collect([label IN labels(embedding) WHERE label =~ 'Embedding.+Item'][0])) AS label
  OPTIONAL MATCH (user)-[:HAS_EMBEDDING]->(own:Embedding) WHERE own.run = active
  WITH vectors, 'embedding_' + toLower(substring(label, 9, 12)) + '_item' AS index,
       CASE WHEN size(own.vector) = size(vectors[0]) THEN own.vector END AS own
  WHERE index IS NOT NULL
  WITH index, coalesce(own, [place IN range(0, size(vectors[0]) - 1) |
       reduce(total = 0.0, vector IN vectors | total + vector[place])]) AS vector
  CALL db.index.vector.queryNodes(index, $k + size(history) + size(found), vector) YIELD node, score
  MATCH (item:Item)-[:HAS_EMBEDDING]->(node)
  WHERE NOT item IN history AND NOT item IN [entry IN found | entry.item]
  WITH item, score ORDER BY score DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, source: 'vectors of run ' + active}) AS near
}
WITH user, history, found + near AS found
// step: live collaborative filtering
CALL (user, history, found) {
  UNWIND CASE WHEN size(found) < $k THEN history[..50] ELSE [] END AS liked
  CALL (user, liked) {
    MATCH (liked)<-[:INTERACTED]-(other) WHERE user IS NULL OR other <> user
    WITH other LIMIT 15
    RETURN collect(other) AS others
  }
  UNWIND others AS other
  WITH other, sum(1 / sqrt(size(others))) AS weight
  WITH other, weight / sqrt(COUNT { (other)-[:INTERACTED]->() }) AS weight
  MATCH (other)-[:INTERACTED]->(item)
  WITH item, sum(weight) AS score
  WHERE NOT item IN history AND NOT item IN [entry IN found | entry.item]
  WITH item, score / sqrt(COUNT { (item)<-[:INTERACTED]-() }) AS score
  ORDER BY score DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, source: 'live collaborative filtering'}) AS live
}
WITH history, found + live AS found
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
