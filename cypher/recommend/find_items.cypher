// Items by key, by the key's end (`movie/12`) or by their exact name.
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'movie/alien-1979';

CALL () {
  UNWIND [$text, $dataset + '/' + $text] AS key
  MATCH (item:Item {key: key}) WHERE item.dataset = $dataset
  RETURN collect(DISTINCT item) AS by_key
}
CALL (by_key) {
  UNWIND CASE WHEN size(by_key) = 0 THEN [0] ELSE [] END AS nothing
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item.name = $text AND item:Item
  WITH item ORDER BY item.idx LIMIT 10
  RETURN collect(item) AS by_name
}
UNWIND by_key + by_name AS item
RETURN item.key AS key, item.name AS name;
