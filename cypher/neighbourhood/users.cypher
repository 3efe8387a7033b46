// What a few users took: their items, the latest first where times are known (or not asked for: then the most popular
// first), ties by key; and the reviews they wrote about them. The part that is held out for validation is read where
// it may be; the test part cannot be.
// kind: read
// work: batch
:param keys => ['lastfm/user/2'];
:param validation => false;
:param latest => true;
:param items => 100;
:param reviews => 3;
:param characters => 300;
:param hub => 10000;

UNWIND $keys AS key
MATCH (user:User {key: key})
CALL (user) {
  CALL (user) {
    MATCH (user)-[seen:INTERACTED]->(item:Item)
    RETURN seen, item LIMIT $hub
    UNION ALL
    WITH user WHERE $validation
    MATCH (user)-[seen:HELD_OUT]->(item:Item)
    WHERE seen.split = 'valid'
    RETURN seen, item LIMIT $hub
  }
  RETURN collect({at: seen.at, review: seen.review, item: item}) AS taken
}
RETURN key, coalesce(toString(user.name), '') AS name,
       COUNT { (user)-[:INTERACTED]->() } +
       CASE WHEN $validation THEN COUNT { (user)-[held:HELD_OUT]->() WHERE held.split = 'valid' } ELSE 0 END AS total,
       COLLECT {
         UNWIND taken AS seen
         WITH seen.item AS item, CASE WHEN $latest THEN seen.at END AS at
         WITH item, at, COUNT { (item)<-[:INTERACTED]-() } AS popularity
         ORDER BY at IS NULL, at DESC, popularity DESC, item.key
         LIMIT $items
         RETURN [item.key, coalesce(toString(item.name), '')]
       } AS items,
       COLLECT {
         UNWIND taken AS seen
         WITH seen, seen.item AS item WHERE $reviews > 0 AND seen.review IS NOT NULL
         ORDER BY seen.at IS NULL, seen.at DESC, item.key
         LIMIT $reviews
         RETURN [coalesce(toString(item.name), ''), left(toString(seen.review), $characters)]
       } AS reviews;
