// The train interactions of the users of a range of idx, as two columns.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;

MATCH (u:User)-[:INTERACTED]->(i:Item)
WHERE u.dataset = $dataset AND u.idx >= $first AND u.idx <= $last
RETURN collect(u.idx) AS users, collect(i.idx) AS items;
