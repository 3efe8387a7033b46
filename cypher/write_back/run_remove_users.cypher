// Remove a run's lists, similarities, memberships and ranks of users, a few hundred users a transaction. The users of
// the data set are walked: a relationship index on `run` would make writing dearer and tempt the planner
// (docs/decisions).
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
CALL (user) {
  FOREACH (_ IN CASE WHEN user.pagerank_run = $run THEN [0] ELSE [] END | REMOVE user.pagerank, user.pagerank_run)
  WITH user
  MATCH (user)-[edge:RECOMMENDED|SIMILAR_TO|IN_COMMUNITY|MAKES_DENSE]->() WHERE edge.run = $run
  DELETE edge
} IN TRANSACTIONS OF 500 ROWS;
