// What to recommend to a user among the items that facts link with all of some entities: a genre, a year, a maker …
// First those of the active run's list, then those similar to the history (the latest 50 items), then the most popular
// in train; `source` says which. k items come wherever the graph holds as many. An entity that it does not hold: none.
// A frequent entity is not expanded: the most popular items are looked through first.
// The relation types are those of the data set: a program puts them in, a person edits the line `types` and the text.
// kind: read
// work: query
// types: DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param entities => ['demo/genre/Drama', 'demo/decade/1990s'];

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
CALL () {
  UNWIND $entities AS key
  MATCH (entity:Entity {key: key}) WHERE entity.dataset = $dataset
  WITH entity, COUNT { (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree ORDER BY degree
  RETURN collect(entity) AS wanted, min(degree) AS degree
}
WITH user, active, seen, wanted, degree WHERE size(wanted) = size($entities)
CALL (user, active, seen, wanted) {
  MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = active AND NOT item IN seen
  WITH active, wanted, listed, item ORDER BY listed.rank
  WHERE size(wanted) = COUNT {
      MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity) WHERE entity IN wanted RETURN DISTINCT entity
    }
  WITH active, listed, item LIMIT $k
  RETURN collect({item: item, score: listed.score, source: 'list of run ' + active}) AS found
}
CALL (user, active, seen, wanted, found) {
  UNWIND CASE WHEN size(found) < $k THEN [0] ELSE [] END AS short
  CALL (user) {
    MATCH (user)-[had:INTERACTED]->(liked)
    WITH liked ORDER BY coalesce(had.at, 0) DESC, liked.idx LIMIT 50
    RETURN collect(liked) AS history
  }
  WITH history, seen + [entry IN found | entry.item] AS taken
  UNWIND range(0, size(history) - 1) AS age
  WITH history[age] AS liked, 0.9 ^ age AS weight, taken
  MATCH (liked)-[similar:SIMILAR_TO]->(item) WHERE NOT item IN taken AND similar.run = active
  WITH item, sum(similar.score * weight) AS score ORDER BY score DESC, item.idx
  WHERE size(wanted) = COUNT {
      MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity) WHERE entity IN wanted RETURN DISTINCT entity
    }
  WITH item, score LIMIT $k
  RETURN collect({item: item, score: score, source: 'similar to the history, run ' + active}) AS similar
}
WITH seen, wanted, degree, found + similar AS found
CALL (seen, wanted, degree, found) {
  UNWIND CASE WHEN size(found) < $k AND degree > 1000 THEN [0] ELSE [] END AS short
  CALL (seen, wanted, found) {
    MATCH (item:Item) WHERE item.dataset = $dataset AND item.train_users >= 0
    WITH item ORDER BY item.dataset DESC, item.train_users DESC, item.idx LIMIT 2000
    WHERE NOT item IN seen AND NOT item IN [entry IN found | entry.item]
      AND size(wanted) = COUNT {
      MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity) WHERE entity IN wanted RETURN DISTINCT entity
    }
    RETURN item LIMIT $k
  }
  RETURN collect(item) AS popular
}
CALL (seen, wanted, found, popular) {
  UNWIND CASE WHEN size(found) + size(popular) < $k THEN [head(wanted)] ELSE [] END AS rarest
  MATCH (rarest)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(item:Item)
  WHERE NOT item IN seen AND NOT item IN [entry IN found | entry.item]
    AND (size(wanted) = 1 OR size(wanted) = COUNT {
      MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity) WHERE entity IN wanted RETURN DISTINCT entity
    })
  WITH DISTINCT item
  WITH item ORDER BY item.train_users DESC, item.idx LIMIT $k
  RETURN collect(item) AS complete
}
WITH found, CASE WHEN size(complete) > 0 THEN complete ELSE popular END AS popular
WITH found + [item IN popular | {item: item, score: toFloat(item.train_users), source: 'popular in train'}] AS list
WITH list[..$k] AS list
UNWIND range(0, size(list) - 1) AS place
WITH place + 1 AS rank, list[place] AS entry
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
