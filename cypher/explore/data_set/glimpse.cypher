// A first look at a data set as a graph that Browser draws: a few users, a few items of each (train), and what most
// other items share with them.
// kind: read
// work: query
:param dataset => 'demo';
:param k => 3;

MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
WITH user ORDER BY user.idx LIMIT $k
CALL (user) {
  MATCH seen = (user)-[interaction:INTERACTED]->(item:Item)
  RETURN seen, item ORDER BY coalesce(interaction.at, 0) DESC, item.idx LIMIT 5
}
OPTIONAL CALL (item) {
  MATCH known = (item)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
  RETURN known ORDER BY COUNT { (entity)--() } DESC, entity.idx LIMIT 3
}
RETURN seen, known LIMIT 200;
