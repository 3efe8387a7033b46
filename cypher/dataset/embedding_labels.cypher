// The labels that the vectors of a data set's runs carry: one for each run and kind.
// kind: read
// work: long
:param dataset => 'lastfm';

MATCH (n:User|Entity) WHERE n.dataset = $dataset AND n.idx >= 0
MATCH (n)-[:HAS_EMBEDDING]->(embedding:Embedding)
UNWIND labels(embedding) AS label
WITH DISTINCT label WHERE label <> 'Embedding'
RETURN label;
