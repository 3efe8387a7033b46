// The relations of a data set's knowledge graph, in words, in the order of their numbers.
// kind: read
// work: query
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_RELATION]->(r:Relation)
RETURN r.type AS type, r.name AS name, r.sentence AS sentence, r.idx AS idx
ORDER BY idx;
