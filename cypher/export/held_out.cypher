// The held-out interactions of one split, of the users of a range of idx, as two columns.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;
:param split => 'valid';

MATCH (u:User)-[held_out:HELD_OUT]->(i:Item)
WHERE u.dataset = $dataset AND u.idx >= $first AND u.idx <= $last AND held_out.split = $split
RETURN collect(u.idx) AS users, collect(i.idx) AS items;
