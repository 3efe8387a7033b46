// Which communities the newest run of a community detection found, the largest first (`spikegraph gds` finds them).
// Where there is none, see explore/communities/entities_together, which needs no plugin.
// kind: read
// work: query
:param dataset => 'demo';
:param k => 25;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.state = 'complete' AND EXISTS { (run)-[:HAS_COMMUNITY]->() }
WITH run ORDER BY run.made_at DESC, run.id LIMIT 1
MATCH (run)-[:HAS_COMMUNITY]->(community:Community)
RETURN community.number AS number, community.name AS name, community.users AS users, community.items AS items,
       community.others AS others, run.id AS run, run.model AS found_by
ORDER BY number LIMIT $k;
