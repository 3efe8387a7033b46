// Which items keep together, as a graph that Browser draws: up to 60 items with the two most similar of the active
// run. What the run holds alike pulls itself into clusters.
// kind: read
// work: query
:param dataset => 'demo';
:param k => 60;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
WITH run, item ORDER BY item.idx LIMIT $k
MATCH path = (item)-[similar:SIMILAR_TO]->(:Item) WHERE similar.run = run.id AND similar.rank <= 2
RETURN path LIMIT 300;
