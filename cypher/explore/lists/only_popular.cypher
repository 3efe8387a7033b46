// Who gets only popular items: the users whose first k places hold the most of the `head` most popular items of train,
// beside how many of these the user has had. A list of hubs for somebody with another taste says nothing.
// kind: read
// work: long
:param dataset => 'demo';
:param k => 10;
:param head => 20;
:param most => 25;

CALL () {
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  WITH item ORDER BY COUNT { (item)<-[:INTERACTED]-() } DESC, item.idx LIMIT $head
  RETURN collect(item) AS popular
}
MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH popular, run ORDER BY run.activation DESC LIMIT 1
MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
CALL (run, user, popular) {
  MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = run.id AND listed.rank <= $k
  RETURN count(item) AS places, count(CASE WHEN item IN popular THEN 1 END) AS popular_places
}
WITH popular, user, places, popular_places WHERE places > 0
WITH popular, user, places, popular_places ORDER BY 1.0 * popular_places / places DESC, user.idx LIMIT $most
RETURN user.key AS key, user.name AS name, popular_places, places, COUNT { (user)-[:INTERACTED]->() } AS items,
       COUNT { (user)-[:INTERACTED]->(item) WHERE item IN popular } AS popular_items
ORDER BY 1.0 * popular_places / places DESC, user.idx;
