// The triples of the chosen types whose head lies in a range of idx: per type one list of heads and one of tails.
// All types are read in one walk, because a type that is a parameter is a filter, not a seek.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;
:param types => ['GENRE', 'HOMETOWN'];

MATCH (head:Entity)-[r]->(tail:Entity)
WHERE head.dataset = $dataset AND head.idx >= $first AND head.idx <= $last AND type(r) IN $types
WITH type(r) AS type, collect(head.idx) AS heads, collect(tail.idx) AS tails
RETURN collect(type) AS type, collect(heads) AS heads, collect(tails) AS tails;
