// Whose lists differ most between two runs: how many of the first k places they share.
// An empty run is the active one, an empty other the one before it.
// kind: read
// work: long
:param dataset => 'demo';
:param run => '';
:param other => '';
:param k => 10;
:param most => 25;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.state = 'complete' AND run.recommended > 0
  WITH run ORDER BY coalesce(run.activation, 0) DESC, run.made_at DESC, run.id LIMIT 20
  RETURN collect(run.id) AS runs
}
WITH CASE $run WHEN '' THEN runs[0] ELSE $run END AS here,
     CASE $other WHEN '' THEN [id IN runs WHERE id <> CASE $run WHEN '' THEN runs[0] ELSE $run END][0]
                 ELSE $other END AS there
MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
CALL (user, here, there) {
  MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run IN [here, there] AND listed.rank <= $k
  WITH here, there, item, count(CASE listed.run WHEN here THEN 1 END) AS in_here,
       count(CASE listed.run WHEN there THEN 1 END) AS in_there
  RETURN sum(in_here * in_there) AS shared, sum(in_here) AS length_here, sum(in_there) AS length_there
}
WITH here, there, user, shared, length_here, length_there
WHERE length_here > 0 AND length_there > 0
WITH here, there, user, shared, CASE WHEN length_here > length_there THEN length_here ELSE length_there END AS length
WITH here, there, user, shared, length ORDER BY 1.0 * shared / length, user.idx LIMIT $most
RETURN user.key AS key, user.name AS name, shared, length, round(1.0 * shared / length, 3) AS overlap,
       COUNT { (user)-[:INTERACTED]->() } AS items, here AS run, there AS other
ORDER BY overlap, user.idx;
