// How the lists of two runs differ, over all users, in their first k places: how much is shared, how many lists are the
// same, how many items each recommends to anybody, and how many only one of them does.
// An empty run is the active one, an empty other the one before it.
// kind: read
// work: long
:param dataset => 'demo';
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
CALL (here, there) {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  CALL (user, here, there) {
    MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run IN [here, there] AND listed.rank <= $k
    WITH collect(CASE listed.run WHEN here THEN item END) AS list_here,
         collect(CASE listed.run WHEN there THEN item END) AS list_there
    RETURN size([item IN list_here WHERE item IN list_there]) AS shared,
           size(list_here) AS length_here, size(list_there) AS length_there
  }
  WITH shared, length_here, length_there,
       CASE WHEN length_here > length_there THEN length_here ELSE length_there END AS length
  WHERE length > 0
  RETURN count(*) AS users,
         count(CASE WHEN length_there = 0 THEN 1 END) AS users_only_here,
         count(CASE WHEN length_here = 0 THEN 1 END) AS users_only_there,
         avg(CASE WHEN length_here > 0 AND length_there > 0 THEN 1.0 * shared / length END) AS overlap,
         count(CASE WHEN shared = length THEN 1 END) AS users_with_the_same_items
}
CALL (here, there) {
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  WITH EXISTS { (item)<-[listed:RECOMMENDED]-() WHERE listed.run = here AND listed.rank <= $k } AS in_here,
       EXISTS { (item)<-[listed:RECOMMENDED]-() WHERE listed.run = there AND listed.rank <= $k } AS in_there
  RETURN count(CASE WHEN in_here THEN 1 END) AS items_here,
         count(CASE WHEN in_there THEN 1 END) AS items_there,
         count(CASE WHEN in_here AND NOT in_there THEN 1 END) AS items_only_here,
         count(CASE WHEN in_there AND NOT in_here THEN 1 END) AS items_only_there
}
RETURN here AS run, there AS other, users, users_only_here, users_only_there, overlap, users_with_the_same_items,
       items_here, items_there, items_only_here, items_only_there LIMIT 1;
