// The keys of a data set's nodes with their types, a page at a time in the order of idx, and which of them are items.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param other_labels => ['Entity', 'Item', 'LastFm'];
:param after => -1;
:param limit => 20000;

CALL () {
  MATCH (e:Entity)
  WHERE e.dataset = $dataset AND e.idx > $after
  RETURN e.idx AS idx, e.key AS key, e:Item AS is_item,
         reduce(first = '', label IN labels(e) |
           CASE WHEN label IN $other_labels OR (first <> '' AND first < label) THEN first ELSE label END) AS label
  ORDER BY e.idx LIMIT $limit
}
RETURN collect(key) AS keys, collect(is_item) AS is_item, collect(label) AS labels, max(idx) AS last;
