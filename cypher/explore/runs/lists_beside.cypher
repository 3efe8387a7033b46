// One user's list by two runs beside each other: where each item stands in both, and how popular it is (train).
// An empty run is the active one, an empty other the one before it.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param run => '';
:param other => '';
:param k => 10;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.state = 'complete' AND run.recommended > 0
  WITH run ORDER BY coalesce(run.activation, 0) DESC, run.made_at DESC, run.id LIMIT 20
  RETURN collect(run.id) AS runs
}
WITH CASE $run WHEN '' THEN runs[0] ELSE $run END AS here,
     CASE $other WHEN '' THEN [id IN runs WHERE id <> CASE $run WHEN '' THEN runs[0] ELSE $run END][0]
                 ELSE $other END AS there
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run IN [here, there]
WITH here, there, item, max(CASE listed.run WHEN here THEN listed.rank END) AS rank_here,
     max(CASE listed.run WHEN there THEN listed.rank END) AS rank_there
WHERE rank_here <= $k OR rank_there <= $k
RETURN here AS run, there AS other, item.key AS key, item.name AS name, rank_here, rank_there,
       COUNT { (item)<-[:INTERACTED]-() } AS users
ORDER BY coalesce(rank_here, 1000000), rank_there LIMIT 2 * $k;
