// Who liked this also liked what (train): among up to 200 of the item's users, the other items of their latest 100,
// and the lift: how many times as often as among all users. Pairs by chance and mere popularity sink.
// kind: read
// work: query
:param dataset => 'demo';
:param item => 'demo/movie/alien-1979';
:param k => 20;

MATCH (dataset:Dataset {name: $dataset})
MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (item) {
  MATCH (item)<-[:INTERACTED]-(user:User)
  WITH user LIMIT 200
  RETURN collect(user) AS users
}
CALL (item, users) {
  UNWIND users AS user
  CALL (user) {
    MATCH (user)-[seen:INTERACTED]->(other:Item)
    RETURN other ORDER BY coalesce(seen.at, 0) DESC, other.idx LIMIT 100
  }
  WITH item, other, count(user) AS together WHERE other <> item
  RETURN other, together
}
WITH dataset, users, other, together, COUNT { (other)<-[:INTERACTED]-() } AS popularity
RETURN other.key AS key, other.name AS name, together, size(users) AS asked, popularity,
       round(1.0 * together / size(users) * dataset.users / popularity, 2) AS lift
ORDER BY together / sqrt(popularity) DESC, other.idx LIMIT $k;
