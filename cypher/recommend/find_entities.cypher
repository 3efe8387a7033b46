// Entities of the knowledge graph, items among them, by key, by the key's end (`genre/Drama`) or by their exact name.
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'genre/Drama';

CALL () {
  UNWIND [$text, $dataset + '/' + $text] AS key
  MATCH (entity:Entity {key: key}) WHERE entity.dataset = $dataset
  RETURN collect(DISTINCT entity) AS by_key
}
CALL (by_key) {
  UNWIND CASE WHEN size(by_key) = 0 THEN [0] ELSE [] END AS nothing
  MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0 AND entity.name = $text
  WITH entity ORDER BY entity.idx LIMIT 10
  RETURN collect(entity) AS by_name
}
UNWIND by_key + by_name AS entity
RETURN entity.key AS key, entity.name AS name;
