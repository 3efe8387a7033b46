// Entities of the knowledge graph, items among them, whose key or name looks like a text that named none: candidates
// for "did you mean".
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'genre/Drama';

MATCH (entity:Entity) WHERE entity.dataset = $dataset AND entity.idx >= 0
WITH entity, toLower(coalesce(entity.name, '')) AS name, toLower($text) AS text
WHERE name CONTAINS text OR text CONTAINS name AND size(name) > 2 OR left(name, 3) = left(text, 3)
   OR entity.key STARTS WITH left($dataset + '/' + $text, size($dataset + '/' + $text) - 2)
RETURN entity.key AS key, entity.name AS name
ORDER BY abs(size(name) - size(text)), entity.idx LIMIT 500;
