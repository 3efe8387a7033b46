// Because you liked X: for items of a user's history, those of $items or else the $latest, what the active run holds
// similar to them and the user has not had. An item stands with the one it is most similar to, and nowhere else.
// Each of the user's items gives one row, also where nothing is similar to it; items the user has not had give none.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param items => [];
:param latest => 3;

// step: active run
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
// step: history, the latest first
CALL (user) {
  MATCH (user)-[had:INTERACTED]->(item)
  WITH item ORDER BY coalesce(had.at, 0) DESC, item.idx
  RETURN collect(item) AS history
}
WITH active, history, CASE WHEN size($items) = 0 THEN history[..$latest]
                           ELSE [item IN history WHERE item.key IN $items] END AS chosen
CALL (active, history, chosen) {
  UNWIND range(0, size(chosen) - 1) AS place
  WITH place, chosen[place] AS liked
  MATCH (liked)-[similar:SIMILAR_TO]->(item) WHERE similar.run = active AND NOT item IN history
  WITH item, similar.score AS score, place ORDER BY score DESC, place
  WITH item, collect({score: score, place: place})[0] AS best
  WITH item, best.score AS score, best.place AS place ORDER BY score DESC, item.idx
  WITH place, collect({item: item, score: score})[..$k] AS items
  RETURN collect({place: place, items: items}) AS shelves
}
UNWIND range(0, size(chosen) - 1) AS place
WITH place, chosen[place] AS liked, active,
     coalesce([shelf IN shelves WHERE shelf.place = place | shelf.items][0], []) AS items
RETURN place + 1 AS rank, liked.key AS liked, liked.name AS name, 'similarity of run ' + active AS source,
       [place IN range(0, size(items) - 1) | {rank: place + 1, item: items[place].item.key,
        name: items[place].item.name, score: items[place].score}] AS items
ORDER BY rank;
