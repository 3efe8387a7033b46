// The largest communities of the newest community detection as a graph that Browser draws: each with a few of its items
// and users (`spikegraph gds` finds them).
// kind: read
// work: query
:param dataset => 'demo';
:param k => 6;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.state = 'complete' AND EXISTS { (run)-[:HAS_COMMUNITY]->() }
WITH run ORDER BY run.made_at DESC, run.id LIMIT 1
MATCH (run)-[:HAS_COMMUNITY]->(community:Community)
WITH community ORDER BY community.number LIMIT $k
CALL (community) {
  MATCH path = (community)<-[:IN_COMMUNITY]-(:Item)
  RETURN path LIMIT 12
  UNION ALL
  MATCH path = (community)<-[:IN_COMMUNITY]-(:User)
  RETURN path LIMIT 5
}
RETURN path LIMIT 300;
