// What a user likes, and why we think so: the entities that most of the user's items (train) share, how specific
// each is (1 for a rare one, 0 for one that everything has), and examples.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';

MATCH (dataset:Dataset {name: $dataset})
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  RETURN liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT 200
}
MATCH (liked)-[fact:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
WITH dataset, entity, type(fact) AS type, liked ORDER BY liked.idx
WITH dataset, entity, type, collect(DISTINCT liked) AS liked
WITH dataset, entity, type, liked, COUNT { (entity)--() } AS degree
WITH entity, type, liked, degree,
     CASE WHEN degree > dataset.items THEN 0.0 ELSE 1 - log(degree) / log(1 + dataset.items) END AS specificity
RETURN type, entity.name AS name, entity.key AS key, size(liked) AS items, degree, round(specificity, 3) AS specificity,
       [item IN liked[..5] | coalesce(item.name, item.key)] AS examples
ORDER BY specificity * size(liked) DESC, entity.idx LIMIT 25;
