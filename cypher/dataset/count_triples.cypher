// How many triples of each relation of a data set's knowledge graph stand in the graph.
// kind: read
// work: long
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_RELATION]->(relation:Relation)
WITH collect(relation.type) AS relations
MATCH (head:Entity) WHERE head.dataset = $dataset AND head.idx >= 0
MATCH (head)-[triple]->(:Entity)
WITH relations, type(triple) AS type, count(*) AS triples
WHERE type IN relations
RETURN type, triples
ORDER BY type;
