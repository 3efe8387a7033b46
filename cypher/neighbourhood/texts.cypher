// Which properties of a sample of entities hold a text: strings of several words, with their mean length.
// kind: read
// work: batch
:param keys => ['demo/movie/alien-1979'];
:param not_fields => ['key', 'dataset', 'name', 'profile'];

UNWIND $keys AS key
MATCH (entity:Entity {key: key})
UNWIND [field IN keys(entity) WHERE NOT field IN $not_fields] AS field
WITH field, toStringOrNull(entity[field]) AS text
WHERE text IS NOT NULL AND text CONTAINS ' '
RETURN field, count(*) AS nodes, avg(size(text)) AS characters
ORDER BY field;
