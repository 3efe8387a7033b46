// Items whose key or name looks like a text that named none: candidates for "did you mean".
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'movie/alien-1979';

MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
WITH item, toLower(coalesce(item.name, '')) AS name, toLower($text) AS text
WHERE name CONTAINS text OR text CONTAINS name AND size(name) > 2 OR left(name, 3) = left(text, 3)
   OR item.key STARTS WITH left($dataset + '/' + $text, size($dataset + '/' + $text) - 2)
RETURN item.key AS key, item.name AS name
ORDER BY abs(size(name) - size(text)), item.idx LIMIT 500;
