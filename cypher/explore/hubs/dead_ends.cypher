// Dead ends of the knowledge graph by kind of node: how many have no fact, or only one, so that no path leads on
// through them. An item without facts can only be explained by similar items.
// kind: read
// work: long
:param dataset => 'demo';

MATCH (dataset:Dataset {name: $dataset})
MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0
WITH CASE WHEN entity:Item THEN 'item' ELSE 'entity' END AS role, entity.key AS key,
     [label IN labels(entity) WHERE NOT label IN ['Entity', 'Item', dataset.label]][0] AS label,
     COUNT { (entity)--() }
       - COUNT { (entity)-[:INTERACTED|HELD_OUT|RECOMMENDED|SIMILAR_TO|HAS_EMBEDDING|IN_COMMUNITY]-() } AS facts
RETURN role, label, count(*) AS nodes, count(CASE facts WHEN 0 THEN 1 END) AS without_facts,
       count(CASE facts WHEN 1 THEN 1 END) AS with_one_fact,
       min(CASE WHEN facts < 2 THEN key END) AS example, max(facts) AS most_facts
ORDER BY with_one_fact + without_facts DESC, role, label LIMIT 100;
