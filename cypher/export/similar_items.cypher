// The similarity edges of one run among the items of a range of idx, with their scores, as columns.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;
:param run => 'lastfm/spike/0a1b2c3d';

MATCH (item:Entity)-[similar:SIMILAR_TO]->(other:Item)
WHERE item.dataset = $dataset AND item.idx >= $first AND item.idx <= $last AND similar.run = $run
RETURN collect(item.idx) AS heads, collect(other.idx) AS tails, collect(similar.score) AS scores;
