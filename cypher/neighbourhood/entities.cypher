// What the knowledge graph says about each of a few entities (items or not): name, labels, texts, and per relation
// and direction its neighbours. Items among the neighbours come by their train popularity, others by their
// number of relationships, ties by key; held-out interactions count nowhere.
// kind: read
// work: batch
:param keys => ['lastfm/artist/51', 'lastfm/tag/24'];
:param types => ['GENRE', 'HOMETOWN'];
:param other_labels => ['Entity', 'Item', 'LastFm'];
:param text_fields => ['description', 'plot'];
:param neighbours => 20;

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
RETURN key, coalesce(toString(entity.name), '') AS name,
       [label IN labels(entity) WHERE NOT label IN $other_labels] AS labels,
       [field IN $text_fields WHERE entity[field] IS NOT NULL | toString(entity[field])] AS texts,
       COLLECT {
         MATCH (entity)-[r]-(other:Entity)
         WHERE type(r) IN $types
         WITH type(r) AS type, startNode(r) = entity AS outgoing, other, other:Item AS is_item,
              CASE WHEN other:Item THEN COUNT { (other)<-[:INTERACTED]-() } ELSE COUNT { (other)--() } END AS weight
         ORDER BY weight DESC, other.key
         WITH type, outgoing, is_item, count(*) AS total,
              collect([other.key, coalesce(toString(other.name), '')])[..$neighbours] AS neighbours
         ORDER BY type, outgoing DESC, is_item DESC
         RETURN {type: type, outgoing: outgoing, is_item: is_item, total: total, neighbours: neighbours}
       } AS facts;
