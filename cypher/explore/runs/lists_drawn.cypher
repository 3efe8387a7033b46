// One user's list by two runs as a graph that Browser draws: an item that both hold has two arrows, each with its rank
// and run. An empty run is the active one, an empty other the one before it.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param run => '';
:param other => '';
:param k => 8;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.state = 'complete' AND run.recommended > 0
  WITH run ORDER BY coalesce(run.activation, 0) DESC, run.made_at DESC, run.id LIMIT 20
  RETURN collect(run.id) AS runs
}
WITH CASE $run WHEN '' THEN runs[0] ELSE $run END AS here,
     CASE $other WHEN '' THEN [id IN runs WHERE id <> CASE $run WHEN '' THEN runs[0] ELSE $run END][0]
                 ELSE $other END AS there
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH path = (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run IN [here, there] AND listed.rank <= $k
RETURN path
ORDER BY listed.rank, item.idx LIMIT 2 * $k;
