// What of the items that nobody has had yet suits a user, best first. Where the active run has vectors of user and item
// (`spikegraph fold-in` gives new ones theirs), by their cosine; else by the knowledge graph: for each entity shared
// with the user's items (train) specificity * support / (support + 1), as recommend/explain has it, added up. The
// column `source` says which, those with vectors come first. The latest $candidates new items are looked at.
// The relation types are those of the data set: a program puts them in, a person edits the line `types` and the text.
// kind: read
// work: query
// types: DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param candidates => 500;
:param history => 100;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (dataset:Dataset {name: $dataset})
OPTIONAL MATCH (user)-[:HAS_EMBEDDING]->(taste:Embedding) WHERE taste.run = active
WITH user, active, dataset.items AS items, taste.vector AS taste
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT $history
  MATCH (liked)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity:Entity)
  WITH entity, count(DISTINCT liked) AS support ORDER BY support DESC, entity.idx LIMIT 500
  RETURN collect(entity) AS entities, collect(support) AS supports
}
MATCH (item:Item) WHERE item.dataset = $dataset AND item.train_users = 0
WITH * ORDER BY item.idx DESC LIMIT $candidates
OPTIONAL MATCH (item)-[:HAS_EMBEDDING]->(place:Embedding) WHERE place.run = active
WITH *, CASE WHEN taste IS NOT NULL AND size(taste) = size(place.vector)
             THEN vector.similarity.cosine(taste, place.vector) END AS cosine
CALL (item, cosine, entities, supports, items) {
  UNWIND CASE WHEN cosine IS NULL THEN [item] ELSE [] END AS new
  MATCH (new)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity:Entity) WHERE entity IN entities
  WITH DISTINCT entity, [n IN range(0, size(entities) - 1) WHERE entities[n] = entity | supports[n]][0] AS support, items
  WITH support, items, COUNT { (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree
  RETURN sum(CASE WHEN degree > items THEN 0.0 ELSE 1 - log(degree) / log(1 + items) END * support / (support + 1.0))
         AS shared
}
WITH item, active, cosine, shared WHERE cosine IS NOT NULL OR shared > 0
WITH item, coalesce(cosine, shared) AS score,
     CASE WHEN cosine IS NULL THEN 'facts shared with the history' ELSE 'vectors of run ' + active END AS source
ORDER BY source DESC, score DESC, item.idx LIMIT $k
WITH collect({item: item, score: score, source: source}) AS found
UNWIND range(0, size(found) - 1) AS place
WITH place + 1 AS rank, found[place] AS entry
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
