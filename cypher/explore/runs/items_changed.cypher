// What one run recommends that the other does not: in how many lists (first k places) each item stands in both, the
// largest differences first.
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
MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run IN [here, there] AND listed.rank <= $k
WITH here, there, item, count(CASE listed.run WHEN here THEN 1 END) AS lists_here,
     count(CASE listed.run WHEN there THEN 1 END) AS lists_there
ORDER BY abs(lists_here - lists_there) DESC, item.idx LIMIT $most
RETURN item.key AS key, item.name AS name, lists_here, lists_there, lists_here - lists_there AS difference,
       COUNT { (item)<-[:INTERACTED]-() } AS users, here AS run, there AS other
ORDER BY abs(difference) DESC, item.idx;
