// Project one data set into the memory of the server under a name: its users, items and other entities that have a
// relationship of the types, without direction, with idx. Nodes come first, in order, so that equal graphs make equal
// projections. Drop it afterwards: CALL gds.graph.drop('demo-projection'). Needs the plugin GDS.
// HELD_OUT is never among the types: what is computed here may be trained on.
// kind: read
// work: long
:param graph => 'demo-projection';
:param dataset => 'demo';
:param types => ['INTERACTED', 'HAS_GENRE'];

CALL () {
  MATCH (source:User|Entity) WHERE source.dataset = $dataset AND source.idx >= 0
    AND EXISTS { (source)-[edge]-() WHERE type(edge) IN $types }
  WITH source ORDER BY source:User, source.idx
  RETURN source, null AS edge, null AS target
  UNION ALL
  MATCH (source:User|Entity) WHERE source.dataset = $dataset AND source.idx >= 0
  MATCH (source)-[edge]->(target:Entity) WHERE type(edge) IN $types
  RETURN source, edge, target
}
WITH gds.graph.project($graph, source, target, {
  sourceNodeLabels: CASE WHEN source:User THEN ['User'] WHEN source:Item THEN ['Item'] ELSE ['Other'] END,
  targetNodeLabels: CASE WHEN target IS NULL THEN null WHEN target:Item THEN ['Item'] ELSE ['Other'] END,
  sourceNodeProperties: {idx: source.idx},
  targetNodeProperties: CASE WHEN target IS NULL THEN null ELSE {idx: target.idx} END,
  relationshipType: CASE WHEN edge IS NULL THEN null ELSE type(edge) END
}, {undirectedRelationshipTypes: ['*'], readConcurrency: 1}) AS made
RETURN made.nodeCount AS nodes, made.relationshipCount AS relationships;
