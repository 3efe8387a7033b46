// The items that the active run holds most similar to an item, best first.
// kind: read
// work: query
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';
:param k => 10;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (item:Item {key: $item})-[similar:SIMILAR_TO]->(other:Item) WHERE similar.run = run.id
RETURN similar.rank AS rank, other.key AS item, other.name AS name, similar.score AS score,
       'similarity of run ' + run.id AS source
ORDER BY rank LIMIT $k;
