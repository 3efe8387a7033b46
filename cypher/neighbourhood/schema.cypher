// What a sample of entities of one type has: per relation, direction and kind of neighbour how many of the sample have
// it, with how many neighbours, how many different ones, how many lead to the one that most lead to, and how many
// neighbours have a name in words. Of a hub only the first neighbours are looked at.
// kind: read
// work: batch
// types: GENRE|HOMETOWN
:param keys => ['lastfm/artist/51', 'lastfm/artist/52'];
:param other_labels => ['Entity', 'Item', 'LastFm'];
:param hub => 1000;
:param name => '.*\\p{L}{2,}.*';
:param id => '[mg][.]0\\w*';

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
CALL (entity) {
  MATCH (entity)-[r:GENRE|HOMETOWN]-(other:Entity)
  WITH entity, r, other LIMIT $hub
  WITH type(r) AS type, startNode(r) = entity AS outgoing, other:Item AS is_item, collect(other) AS others
  UNWIND range(0, size(others) - 1) AS place
  RETURN type, outgoing, is_item, others[place] AS other, place = 0 AS is_first
}
WITH type, outgoing, is_item, other, count(*) AS times, sum(CASE WHEN is_first THEN 1 ELSE 0 END) AS firsts
WITH type, outgoing, is_item, sum(firsts) AS nodes, sum(times) AS edges, count(*) AS others, max(times) AS most,
     sum(CASE WHEN toString(other.name) =~ $name AND NOT toString(other.name) =~ $id THEN times ELSE 0 END) AS named,
     collect(DISTINCT [label IN labels(other) WHERE NOT label IN $other_labels]) AS labels
RETURN type, outgoing, is_item, nodes, edges, others, most, named,
       reduce(all = [], some IN labels | all + some)[..20] AS labels
ORDER BY type, outgoing DESC, is_item DESC;
