// How many users and interactions each block of idx holds, so that they can be read in even parts.
// kind: read
// work: long
:param dataset => 'lastfm';
:param block => 500;

MATCH (u:User)
WHERE u.dataset = $dataset AND u.idx >= 0
RETURN u.idx / $block AS block, count(*) AS nodes,
       sum(COUNT { (u)-[:INTERACTED]->() }) AS train, sum(COUNT { (u)-[:HELD_OUT]->() }) AS held_out
ORDER BY block;
