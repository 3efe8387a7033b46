// What a user likes, as a graph that Browser draws: the user, what the user's items (train) have in common, and the
// items that it is read from. The entities are those of explore/user/taste.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 6;

MATCH (dataset:Dataset {name: $dataset})
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  RETURN liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT 200
}
MATCH (liked)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
WITH dataset, user, entity, liked ORDER BY liked.idx
WITH dataset, user, entity, collect(DISTINCT liked) AS liked
WHERE size(liked) > 1
WITH dataset, user, entity, liked, COUNT { (entity)--() } AS degree
ORDER BY (1 - log(degree) / log(1 + dataset.items)) * size(liked) DESC, entity.idx LIMIT $k
UNWIND liked[..8] AS item
MATCH path = (user)-[:INTERACTED]->(item)
             -[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity)
RETURN path LIMIT 100;
