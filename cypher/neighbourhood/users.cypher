// What a few users took in train: their items, the latest first where times are known, then the most popular,
// ties by key; and the reviews they wrote about train items.
// kind: read
// work: batch
:param keys => ['lastfm/user/2'];
:param items => 100;
:param reviews => 3;
:param review_characters => 300;

UNWIND $keys AS key
MATCH (user:User {key: key})
RETURN key, coalesce(toString(user.name), '') AS name, COUNT { (user)-[:INTERACTED]->() } AS total,
       COLLECT {
         MATCH (user)-[seen:INTERACTED]->(item:Item)
         WITH seen, item, COUNT { (item)<-[:INTERACTED]-() } AS popularity
         ORDER BY seen.at IS NULL, seen.at DESC, popularity DESC, item.key
         LIMIT $items
         RETURN [item.key, coalesce(toString(item.name), '')]
       } AS items,
       COLLECT {
         MATCH (user)-[seen:INTERACTED]->(item:Item)
         WHERE seen.review IS NOT NULL
         WITH seen, item
         ORDER BY seen.at IS NULL, seen.at DESC, item.key
         LIMIT $reviews
         RETURN [coalesce(toString(item.name), ''), left(toString(seen.review), $review_characters)]
       } AS reviews;
