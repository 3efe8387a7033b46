// The keys of a data set's users, a page at a time in the order of idx.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param after => -1;
:param limit => 20000;

CALL () {
  MATCH (u:User)
  WHERE u.dataset = $dataset AND u.idx > $after
  RETURN u.idx AS idx, u.key AS key
  ORDER BY u.idx LIMIT $limit
}
RETURN collect(key) AS keys, max(idx) AS last;
