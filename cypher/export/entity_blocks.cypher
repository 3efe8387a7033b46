// How many entities and outgoing relationships each block of idx holds, so that they can be read in even parts.
// kind: read
// work: long
:param dataset => 'lastfm';
:param block => 500;

MATCH (e:Entity)
WHERE e.dataset = $dataset AND e.idx >= 0
RETURN e.idx / $block AS block, count(*) AS nodes, sum(COUNT { (e)-->() }) AS outgoing
ORDER BY block;
