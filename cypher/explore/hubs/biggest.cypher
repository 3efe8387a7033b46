// Hubs of the knowledge graph: the entities with the most relationships, by what they are. A hub tells little about
// taste, and a query that goes through one touches all it is linked to.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0
WITH entity, COUNT { (entity)--() } AS relationships,
     COUNT { (entity)<-[:INTERACTED]-() } AS users
ORDER BY relationships DESC, entity.idx LIMIT $k
RETURN entity.key AS key, entity.name AS name,
       [label IN labels(entity) WHERE NOT label IN ['Entity', 'Item']] AS labels, relationships, users
ORDER BY relationships DESC, entity.idx;
