// Profiles that several nodes share word for word: a model that sees them cannot tell these nodes apart. `first` and
// `last` are the keys of two of them.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

CALL () {
  MATCH (node:User) WHERE node.dataset = $dataset AND node.idx >= 0 AND node.profile IS NOT NULL
  RETURN 'user' AS role, node
  UNION ALL
  MATCH (node:Entity) WHERE node.dataset = $dataset AND node.idx >= 0 AND node.profile IS NOT NULL
  RETURN CASE WHEN node:Item THEN 'item' ELSE 'entity' END AS role, node
}
WITH role, node.profile_hash AS text, count(*) AS nodes, min(node.key) AS first, max(node.key) AS last
WHERE nodes > 1
WITH role, nodes, first, last ORDER BY nodes DESC, first LIMIT $k
OPTIONAL MATCH (user:User {key: first})
OPTIONAL MATCH (entity:Entity {key: first})
RETURN role, nodes, first, last, left(coalesce(user.profile, entity.profile), 200) AS profile
ORDER BY nodes DESC, first;
