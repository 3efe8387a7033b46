// How many neighbours a few hubs have by one relation, in both directions: counts that the store keeps.
// kind: read
// work: batch
// types: GENRE
:param keys => ['lastfm/genre/24'];

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
RETURN key, COUNT { (entity)-[:GENRE]->() } AS outgoing, COUNT { (entity)<-[:GENRE]-() } AS incoming;
