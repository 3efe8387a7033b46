// Project one data set into the memory of the server under a name: its users, items and other entities that have a
// relationship of the types, without direction, with idx. Drop it afterwards: CALL gds.graph.drop('demo-projection').
// Needs the plugin GDS. HELD_OUT is never among the types: what is computed here may be trained on.
// kind: read
// work: long
:param graph => 'demo-projection';
:param dataset => 'demo';
:param types => ['INTERACTED', 'HAS_GENRE'];

MATCH (source:User|Entity) WHERE source.dataset = $dataset AND source.idx >= 0
MATCH (source)-[edge:$any($types)]->(target:Entity)
WITH gds.graph.project($graph, source, target, {
  sourceNodeLabels: CASE WHEN source:User THEN ['User'] WHEN source:Item THEN ['Item'] ELSE ['Other'] END,
  targetNodeLabels: CASE WHEN target:Item THEN ['Item'] ELSE ['Other'] END,
  sourceNodeProperties: {idx: source.idx},
  targetNodeProperties: {idx: target.idx},
  relationshipType: type(edge)
}, {undirectedRelationshipTypes: ['*'], readConcurrency: 1}) AS made
RETURN made.nodeCount AS nodes, made.relationshipCount AS relationships;
