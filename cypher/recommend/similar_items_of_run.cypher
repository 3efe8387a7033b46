// The items that one run holds most similar to an item, best first: also a run that never answers by itself, which
// `spikegraph similarity` or `spikegraph gds similarity` made.
// kind: read
// work: query
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';
:param run => 'demo-similarity';
:param k => 10;

MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset AND run.state = 'complete'
MATCH (item:Item {key: $item})-[similar:SIMILAR_TO]->(other:Item) WHERE similar.run = run.id
RETURN similar.rank AS rank, other.key AS item, other.name AS name, similar.score AS score,
       'similarity of run ' + run.id AS source
ORDER BY rank LIMIT $k;
