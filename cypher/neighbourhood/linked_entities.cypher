// The keys of the entities that are no items but are linked with one, a page of entities at a time in the order of idx.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param after => -1;
:param limit => 20000;

CALL () {
  MATCH (e:Entity)
  WHERE e.dataset = $dataset AND e.idx > $after
  RETURN e.idx AS idx, e
  ORDER BY e.idx LIMIT $limit
}
RETURN collect(CASE WHEN NOT e:Item AND EXISTS { (e)--(:Item) } THEN e.key END) AS keys, max(idx) AS last;
