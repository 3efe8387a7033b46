// In whose lists of the active run an item stands, the best ranks first, and in how many lists it stands at all.
// kind: read
// work: long
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';
:param k => 25;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (run, item) {
  MATCH (item)<-[listed:RECOMMENDED]-() WHERE listed.run = run.id
  RETURN count(listed) AS lists
}
MATCH (item)<-[listed:RECOMMENDED]-(user:User) WHERE listed.run = run.id
RETURN user.key AS key, user.name AS name, listed.rank AS rank, listed.score AS score, lists
ORDER BY rank, user.idx LIMIT $k;
