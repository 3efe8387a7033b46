// Remove a run's communities, whose members are no longer linked to them, a few hundred a transaction.
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (run:Run {id: $run})-[:HAS_COMMUNITY]->(community:Community) WHERE run.dataset = $dataset
CALL (community) {
  DETACH DELETE community
} IN TRANSACTIONS OF 500 ROWS;
