// How many neighbours a few entities have by each relation and direction; of a hub only that it is one.
// kind: read
// work: batch
// types: GENRE|HOMETOWN
:param keys => ['lastfm/artist/51'];
:param hub => 10000;

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
WITH entity, COUNT { (entity)-[:GENRE|HOMETOWN]-() } > $hub AS is_hub
RETURN entity.key AS key, is_hub,
       COLLECT {
         WITH entity WHERE NOT is_hub
         MATCH (entity)-[r:GENRE|HOMETOWN]-(:Entity)
         WITH type(r) AS type, startNode(r) = entity AS outgoing, count(*) AS degree
         ORDER BY type, outgoing DESC
         RETURN {type: type, outgoing: outgoing, degree: degree}
       } AS degrees;
