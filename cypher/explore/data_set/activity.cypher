// How much there is of each: users by the items they have (train), items by their users (train), entities by their
// facts; each row is a range that doubles. A long tail shows as many in the first rows and a few in the last.
// kind: read
// work: long
:param dataset => 'demo';

CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  RETURN 'items of a user' AS what, COUNT { (user)-[:INTERACTED]->() } AS size
  UNION ALL
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  RETURN 'users of an item' AS what, COUNT { (item)<-[:INTERACTED]-() } AS size
  UNION ALL
  MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0
  RETURN 'facts of an entity' AS what, COUNT { (entity)--() }
    - COUNT { (entity)-[:INTERACTED|HELD_OUT|RECOMMENDED|SIMILAR_TO|HAS_EMBEDDING|IN_COMMUNITY]-() } AS size
}
WITH what, size, CASE size WHEN 0 THEN 0 ELSE toInteger(2 ^ floor(log(size) / log(2) + 0.000001)) END AS least
RETURN what, least, max(size) AS most, count(*) AS nodes, sum(size) AS relationships
ORDER BY what, least LIMIT 200;
