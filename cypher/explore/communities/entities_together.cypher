// Which entities of one kind go together (genres, tags, actors …): pairs on the same items, counted over up to 20 000
// items. The lift says how many times as often as by chance. Only the 60 entities with the most relationships.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 25;

MATCH (dataset:Dataset {name: $dataset})
CALL () {
  MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0 AND NOT entity:Item
  WITH entity ORDER BY COUNT { (entity)--() } DESC, entity.idx LIMIT 60
  RETURN collect(entity) AS entities
}
CALL (dataset, entities) {
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  WITH dataset, entities, item LIMIT 20000
  MATCH (item)-[:!INTERACTED&!HELD_OUT&!RECOMMENDED&!SIMILAR_TO&!HAS_EMBEDDING]-(entity:Entity)
  WHERE entity IN entities
  WITH DISTINCT item, entity, [label IN labels(entity) WHERE NOT label IN ['Entity', dataset.label]][0] AS label
  WITH item, label, entity ORDER BY entity.idx
  WITH item, label, collect(entity) AS found
  RETURN collect({label: label, found: found}) AS sets
}
CALL (sets) {
  UNWIND sets AS one
  UNWIND one.found AS entity
  WITH entity, count(*) AS items
  RETURN collect({entity: entity, items: items}) AS alone
}
CALL (sets) {
  UNWIND sets AS one
  UNWIND range(0, size(one.found) - 2) AS place
  WITH one.label AS label, one.found[place] AS first, one.found[place + 1 ..] AS others
  UNWIND others AS second
  RETURN label, first, second, count(*) AS together
}
WITH dataset, label, first, second, together,
     [one IN alone WHERE one.entity = first | one.items][0] AS items_of_first,
     [one IN alone WHERE one.entity = second | one.items][0] AS items_of_second
RETURN label, first.name AS first, second.name AS second, together, items_of_first, items_of_second,
       round(1.0 * together * CASE WHEN dataset.items < 20000 THEN dataset.items ELSE 20000 END
             / (items_of_first * items_of_second), 2) AS lift
ORDER BY together * log(1 + lift) DESC, first, second LIMIT $k;
