// The neighbours of a few entities (items or not) by the relations that are asked for, per relation and direction.
// Items among them come by their train popularity, others by their number of relationships (those with `common` or more
// last, where telling ones are asked for), or all by name; ties by key. Held-out interactions count nowhere. Of a hub
// nothing is read but that it is one: see hub_neighbours.
// kind: read
// work: batch
// types: GENRE|HOMETOWN
:param nodes => [{key: 'lastfm/artist/51', asked: 0}, {key: 'lastfm/tag/24', asked: 0}];
:param asked => [{`GENRE out`: {limit: 8, order: 'popular'}}];
:param common => 700;
:param hub => 10000;

UNWIND $nodes AS node
MATCH (entity:Entity {key: node.key})
WITH entity, node.asked AS number, COUNT { (entity)-[:GENRE|HOMETOWN]-() } > $hub AS is_hub
RETURN entity.key AS key, is_hub,
       COLLECT {
         WITH entity, number WHERE NOT is_hub
         MATCH (entity)-[r:GENRE|HOMETOWN]-(other:Entity)
         WITH other, type(r) AS type, startNode(r) = entity AS outgoing, other:Item AS is_item,
              $asked[number][type(r) + CASE WHEN startNode(r) = entity THEN ' out' ELSE ' in' END] AS ask
         WHERE ask IS NOT NULL
         WITH other, type, outgoing, is_item, ask.limit AS most, ask.order AS order,
              CASE WHEN is_item THEN COUNT { (other)<-[:INTERACTED]-() } ELSE COUNT { (other)--() } END AS weight
         ORDER BY CASE WHEN order = 'name' THEN other.name END,
                  order = 'telling' AND NOT is_item AND weight >= $common, weight DESC, other.key
         WITH type, outgoing, is_item, most, count(*) AS total,
              collect([other.key, coalesce(toString(other.name), ''), weight]) AS neighbours
         ORDER BY type, outgoing DESC, is_item DESC
         RETURN {type: type, outgoing: outgoing, is_item: is_item, total: total, neighbours: neighbours[..most]}
       } AS groups;
