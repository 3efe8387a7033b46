// What a few entities (items or not) are: name, type labels, and own texts in the order of the fields.
// kind: read
// work: batch
:param keys => ['lastfm/artist/51', 'lastfm/tag/24'];
:param other_labels => ['Entity', 'Item', 'LastFm'];
:param fields => ['description', 'plot'];
:param characters => 1200;

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
RETURN key, coalesce(toString(entity.name), '') AS name, entity:Item AS is_item,
       [label IN labels(entity) WHERE NOT label IN $other_labels] AS labels,
       [field IN $fields WHERE toStringOrNull(entity[field]) IS NOT NULL |
         [field, left(toString(entity[field]), $characters)]] AS texts;
