// The items most like an item by the knowledge graph alone: an answer for an item that no run knows yet. Each entity that
// both have counts as much as it is rare (see recommend/explain); those with more than $hub facts are passed over, for
// they tell little and cost much.
// The relation types are those of the data set: a program puts them in, a person edits the line `types` and the text.
// kind: read
// work: query
// types: DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';
:param k => 10;
:param hub => 200;

MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
MATCH (dataset:Dataset {name: $dataset})
MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity:Entity)
WITH DISTINCT item, entity, dataset.items AS items,
     COUNT { (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree
WHERE degree <= $hub
WITH item, entity, CASE WHEN degree > items THEN 0.0 ELSE 1 - log(degree) / log(1 + items) END AS specificity
MATCH (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(other:Item) WHERE other <> item
WITH DISTINCT entity, specificity, other
ORDER BY specificity DESC, entity.idx
WITH other, sum(specificity) AS score, collect(coalesce(entity.name, entity.key)) AS shared
ORDER BY score DESC, other.idx LIMIT $k
RETURN other.key AS item, other.name AS name, score, shared[..5] AS shared, 'shared facts' AS source
ORDER BY score DESC, item;
