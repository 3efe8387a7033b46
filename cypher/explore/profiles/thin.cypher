// The thinnest profiles: nodes with none, or with the fewest characters, items first. Little can be learned from them;
// the number of facts and of users says whether there was more to write.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

MATCH (node:Entity) WHERE node.dataset = $dataset AND node.idx >= 0
WITH node, coalesce(size(node.profile), 0) AS characters
ORDER BY node:Item DESC, characters, node.idx LIMIT $k
RETURN node.key AS key, node.name AS name, node:Item AS is_item, characters, left(node.profile, 200) AS profile,
       COUNT { (node)--() }
         - COUNT { (node)-[:INTERACTED|HELD_OUT|RECOMMENDED|SIMILAR_TO|HAS_EMBEDDING|IN_COMMUNITY]-() } AS facts,
       COUNT { (node)<-[:INTERACTED]-() } AS users
ORDER BY is_item DESC, characters, node.idx;
