// The biggest hubs as a graph that Browser draws: the entities with the most relationships and a few items of each.
// Items between two hubs show how little a hub tells apart.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 5;

MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0 AND NOT entity:Item
WITH entity ORDER BY COUNT { (entity)--() } DESC, entity.idx LIMIT $k
CALL (entity) {
  MATCH path = (entity)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(item:Item)
  WITH path LIMIT 25
  RETURN path
}
RETURN path LIMIT 300;
