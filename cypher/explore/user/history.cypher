// What a user has had, the latest first (train), beside how many others had it.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 25;

MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (user)-[seen:INTERACTED]->(item:Item)
WITH seen, item ORDER BY coalesce(seen.at, 0) DESC, item.idx LIMIT $k
RETURN item.key AS key, item.name AS name, seen.at AS at, seen.rating AS rating, seen.count AS count,
       COUNT { (item)<-[:INTERACTED]-() } AS users
ORDER BY coalesce(at, 0) DESC, item.idx;
