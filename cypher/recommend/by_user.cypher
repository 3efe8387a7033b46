// What to recommend to a user: the list of the active run, best first, without what the user has had meanwhile.
// Where the list does not give k items (a new user, no run yet) others fill up, and the column `source` says of each
// item where it comes from: `list of run`, then `similar to the history, run`, then `vectors of run` (the nearest to
// the user's vector, or to the mean of the history's), then `live collaborative filtering`, then `popular in train`.
// A score is that of its source; the rank goes through.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;

// step: active run
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
// step: user
OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user) {
  MATCH (user)-[:INTERACTED]->(item)
  RETURN collect(item) AS seen
}
// step: list
CALL (user, active, seen) {
  MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = active AND NOT item IN seen
  WITH active, listed, item ORDER BY listed.rank LIMIT $k
  RETURN collect({item: item, score: listed.score, source: 'list of run ' + active}) AS list
}
// step: fall-back
OPTIONAL CALL (user, active, list) {
  UNWIND CASE WHEN size(list) < $k THEN [list] ELSE [] END AS found
  // step: history, the latest first
  CALL (user) {
    MATCH (user)-[had:INTERACTED]->(item)
    WITH item ORDER BY coalesce(had.at, 0) DESC, item.idx
    RETURN collect(item) AS history
  }
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
  RETURN (found + popular)[..$k] AS filled
}
WITH coalesce(filled, list) AS list
UNWIND range(0, size(list) - 1) AS place
WITH place + 1 AS rank, list[place] AS entry
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
