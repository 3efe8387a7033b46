// Begin a run of communities: a node for each, numbered from the largest.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-gds-leiden';
:param communities => [{number: 0, users: 2, items: 3, others: 0}];

MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset AND run.state = 'writing'
UNWIND $communities AS row
CREATE (run)-[:HAS_COMMUNITY]->(community:Community {run: $run, dataset: $dataset})
SET community += row, community.name = 'community ' + toString(row.number)
RETURN count(community) AS written;
