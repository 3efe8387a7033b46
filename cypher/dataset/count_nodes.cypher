// How many users, items and entities (items included) of a data set stand in the graph.
// kind: read
// work: long
:param dataset => 'lastfm';

CALL () {
  MATCH (n:User) WHERE n.dataset = $dataset AND n.idx >= 0
  RETURN count(*) AS users
}
CALL () {
  MATCH (n:Entity) WHERE n.dataset = $dataset AND n.idx >= 0
  RETURN count(*) AS entities, count(CASE WHEN n:Item THEN 1 END) AS items
}
RETURN users, items, entities;
