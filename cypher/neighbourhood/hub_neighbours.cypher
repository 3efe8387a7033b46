// The neighbours of a few hubs by one relation and direction, chosen among the first of them in the order of the
// store: only these are weighed and sorted. How many there are is counted exactly, `items` by a walk over labels alone.
// kind: read
// work: batch
// types: GENRE
:param keys => ['lastfm/genre/24'];
:param outgoing => false;
:param order => 'popular';
:param common => 700;
:param limit => 8;
:param hub => 10000;

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
RETURN key,
       CASE WHEN $outgoing THEN COUNT { (entity)-[:GENRE]->() } ELSE COUNT { (entity)<-[:GENRE]-() } END AS total,
       CASE WHEN $outgoing THEN COUNT { (entity)-[:GENRE]->(:Item) } ELSE COUNT { (entity)<-[:GENRE]-(:Item) } END AS items,
       COLLECT {
         CALL (entity) {
           WITH entity WHERE $outgoing
           MATCH (entity)-[:GENRE]->(other:Entity)
           RETURN other LIMIT $hub
           UNION ALL
           WITH entity WHERE NOT $outgoing
           MATCH (entity)<-[:GENRE]-(other:Entity)
           RETURN other LIMIT $hub
         }
         WITH other, other:Item AS is_item,
              CASE WHEN other:Item THEN COUNT { (other)<-[:INTERACTED]-() } ELSE COUNT { (other)--() } END AS weight
         ORDER BY CASE WHEN $order = 'name' THEN other.name END,
                  $order = 'telling' AND NOT is_item AND weight >= $common, weight DESC, other.key
         WITH is_item,
              collect([other.key, coalesce(toString(other.name), ''), weight]) AS neighbours
         ORDER BY is_item DESC
         RETURN {is_item: is_item, neighbours: neighbours[..$limit]}
       } AS groups;
