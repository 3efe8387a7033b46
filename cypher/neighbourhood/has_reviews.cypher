// Whether any train interaction of a data set carries a review; it reads on until it finds one.
// kind: read
// work: long
:param dataset => 'lastfm';

RETURN EXISTS {
  MATCH (user:User)-[seen:INTERACTED]->(:Item)
  WHERE user.dataset = $dataset AND user.idx >= 0 AND seen.review IS NOT NULL
} AS reviews;
