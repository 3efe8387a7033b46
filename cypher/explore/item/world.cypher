// An item's world as a graph: what the knowledge graph says of it, and what the active run holds similar.
// Browser draws it. Entities of few items come first, for they say most.
// kind: read
// work: query
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';

MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (item) {
  MATCH path = (item)-[fact:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
  WITH path, entity ORDER BY COUNT { (entity)--() }, entity.idx LIMIT 40
  RETURN path
  UNION ALL
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH item, run ORDER BY run.activation DESC LIMIT 1
  MATCH path = (item)-[similar:SIMILAR_TO]->(:Item) WHERE similar.run = run.id
  RETURN path ORDER BY similar.rank LIMIT 10
}
RETURN path;
