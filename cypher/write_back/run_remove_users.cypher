// Remove a run's lists and similarities of users, a few hundred users a transaction. The users of the data set
// are walked: a relationship index on `run` would make writing dearer and tempt the planner (docs/decisions).
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
CALL (user) {
  MATCH (user)-[edge:RECOMMENDED|SIMILAR_TO|MAKES_DENSE]->() WHERE edge.run = $run
  DELETE edge
} IN TRANSACTIONS OF 500 ROWS;
