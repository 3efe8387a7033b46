// Why an item suits a user, as a graph that Browser draws: the user, the item, and what leads from one to the other:
// similar items of the active run, direct facts, and entities shared with the user's items (train).
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param item => 'demo/movie/alien-1979';

MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT 200
  RETURN collect(liked) AS history
}
CALL (user, item, history) {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH user, item, history, run ORDER BY run.activation DESC LIMIT 1
  MATCH path = (item)-[similar:SIMILAR_TO]->(liked:Item)<-[:INTERACTED]-(user)
  WHERE similar.run = run.id AND liked IN history
  RETURN path ORDER BY similar.rank LIMIT 5
  UNION ALL
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH user, item, run ORDER BY run.activation DESC LIMIT 1
  MATCH path = (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = run.id
  RETURN path
  UNION ALL
  MATCH path = (item)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(liked:Item)
               <-[:INTERACTED]-(user)
  WHERE liked IN history
  RETURN path ORDER BY liked.idx LIMIT 5
  UNION ALL
  MATCH (item)-[own:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
  WITH user, history, item, collect(DISTINCT entity) AS entities
  UNWIND history AS liked
  MATCH (liked)-[theirs:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
  WHERE entity IN entities AND liked <> item
  WITH user, item, entity, liked, theirs ORDER BY COUNT { (entity)--() }, entity.idx, liked.idx LIMIT 20
  MATCH path = (item)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity)
               -[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(liked)<-[:INTERACTED]-(user)
  RETURN path LIMIT 40
}
RETURN path;
