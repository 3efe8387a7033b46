// A user's list as a graph that Browser draws: the user, the first items of the active run's list, and for each the
// user's own item (train) that the run holds most similar.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 5;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (user:User {key: $user})-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = run.id
WITH run, user, listed, item ORDER BY listed.rank LIMIT $k
OPTIONAL CALL (run, user, item) {
  MATCH because = (item)-[similar:SIMILAR_TO]->(:Item)<-[:INTERACTED]-(user) WHERE similar.run = run.id
  RETURN because ORDER BY similar.rank LIMIT 1
}
RETURN user, listed, item, because;
