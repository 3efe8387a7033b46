// Where to begin: users with some twenty items (train), and of the head of their list the item that is similar to most
// of these; without a list, an item that they have. Only the first 2 000 users are looked at.
// kind: read
// work: query
:param dataset => 'demo';
:param k => 10;

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  RETURN run ORDER BY run.activation DESC LIMIT 1
}
MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
WITH run, user ORDER BY user.idx LIMIT 2000
WITH run, user, COUNT { (user)-[:INTERACTED]->() } AS items
ORDER BY abs(items - 20), user.idx LIMIT 5 * $k
CALL (user) {
  MATCH (user)-[:INTERACTED]->(item:Item)
  WITH item ORDER BY item.idx
  RETURN collect(item) AS own
}
OPTIONAL CALL (run, user, own) {
  MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = run.id AND listed.rank <= 5
  WITH item, listed, COUNT { (item)-[similar:SIMILAR_TO]->(other) WHERE similar.run = run.id AND other IN own } AS alike
  RETURN item AS listed, listed.rank AS rank, alike ORDER BY alike DESC, rank LIMIT 1
}
WITH user, items, coalesce(listed, own[0]) AS item, rank, alike WHERE item IS NOT NULL
RETURN user.key AS user, user.name AS user_name, items, item.key AS item, item.name AS item_name, rank, alike
ORDER BY coalesce(alike, -1) DESC, user LIMIT $k;
